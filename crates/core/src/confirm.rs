//! Statements that are shown before they are run: sealed when written, opened when confirmed.
//!
//! Owns the form of a sealed statement. Holds no key and no clock: both are given. Called by the
//! functions of the extension when confirmation is required.
//!
//! A sealed statement is text that can be read: a comment line with the time it ends and a
//! code, then the statement. The code is an HMAC-SHA-256 (RFC 2104, FIPS 180-4) over statement,
//! time and [`Binding`]; whoever changes one of them cannot make it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hex;

/// First words of a sealed statement; the number is that of this form.
const HEADER: &str = "-- text2sql confirmation 1 ";

/// What a sealed statement is good for, besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding<'a> {
    /// Oid of the database.
    pub database: u32,
    /// Oid of the role that asked.
    pub caller: u32,
    /// Oid of the role it was checked as.
    pub user: u32,
    /// Fingerprint of the catalog as that role saw it.
    pub catalog: &'a str,
}

/// Why a text cannot be run as a confirmed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmError {
    /// It has no confirmation line.
    #[error("the statement carries no confirmation")]
    Missing,
    /// Its code is not the one for this statement, role, database and catalog.
    #[error("the confirmation does not fit the statement")]
    Mismatch,
    /// Its time is over.
    #[error("the confirmation has expired")]
    Expired,
}

/// Whether `text` begins as a sealed statement does.
pub fn is_sealed(text: &str) -> bool {
    text.trim_start().starts_with(HEADER)
}

/// `sql` with the line that lets it run until `until` (seconds since 1970).
pub fn seal(key: &[u8], binding: &Binding<'_>, sql: &str, until: u64) -> String {
    let code = hex::encode(mac(key, binding, sql.trim(), until).finalize().into_bytes());
    format!("{HEADER}{until} {code}\n{}", sql.trim())
}

/// The statement in `text`, if it was sealed with this key for this binding and is in time.
///
/// # Errors
/// Each reason why it is not.
pub fn open<'t>(
    key: &[u8],
    binding: &Binding<'_>,
    text: &'t str,
    now: u64,
) -> Result<&'t str, ConfirmError> {
    let rest = text.trim().strip_prefix(HEADER).ok_or(ConfirmError::Missing)?;
    let (line, sql) = rest.split_once('\n').ok_or(ConfirmError::Missing)?;
    let (until, code) = line.trim_end().split_once(' ').ok_or(ConfirmError::Missing)?;
    let until: u64 = until.parse().map_err(|_| ConfirmError::Missing)?;
    let code = hex::decode(code).ok_or(ConfirmError::Missing)?;
    let sql = sql.trim();
    // Compares in constant time.
    mac(key, binding, sql, until).verify_slice(&code).map_err(|_| ConfirmError::Mismatch)?;
    if now > until { Err(ConfirmError::Expired) } else { Ok(sql) }
}

fn mac(key: &[u8], binding: &Binding<'_>, sql: &str, until: u64) -> Hmac<Sha256> {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("a key of any length");
    for number in [binding.database, binding.caller, binding.user] {
        mac.update(&number.to_be_bytes());
    }
    mac.update(&until.to_be_bytes());
    // With its length, so that no byte can move from one field to the next.
    mac.update(&(binding.catalog.len() as u64).to_be_bytes());
    mac.update(binding.catalog.as_bytes());
    mac.update(sql.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"a key";
    const BINDING: Binding<'_> = Binding { database: 1, caller: 2, user: 2, catalog: "f00" };
    const SQL: &str = "SELECT a\nFROM t";

    #[test]
    fn what_was_sealed_can_be_opened_as_it_was() {
        let sealed = seal(KEY, &BINDING, SQL, 100);
        assert!(is_sealed(&sealed));
        assert!(sealed.ends_with(SQL));
        assert_eq!(open(KEY, &BINDING, &sealed, 100), Ok(SQL));
        // As a terminal or an editor may hand it back.
        assert_eq!(open(KEY, &BINDING, &format!("\n{sealed}\n"), 99), Ok(SQL));
        assert_eq!(open(KEY, &BINDING, &sealed.replacen('\n', "\r\n", 1), 99), Ok(SQL));
    }

    #[test]
    fn nothing_else_can_be_opened() {
        let sealed = seal(KEY, &BINDING, SQL, 100);
        let open_as = |binding| open(KEY, &binding, &sealed, 50);
        for other in [
            Binding { database: 9, ..BINDING },
            Binding { caller: 9, ..BINDING },
            Binding { user: 9, ..BINDING },
            Binding { catalog: "f01", ..BINDING },
        ] {
            assert_eq!(open_as(other), Err(ConfirmError::Mismatch));
        }
        assert_eq!(open(b"another key", &BINDING, &sealed, 50), Err(ConfirmError::Mismatch));
        assert_eq!(open(KEY, &BINDING, &sealed, 101), Err(ConfirmError::Expired));
        for changed in [sealed.replace("FROM t", "FROM u"), sealed.replacen("100", "900", 1)] {
            assert_eq!(open(KEY, &BINDING, &changed, 50), Err(ConfirmError::Mismatch));
        }
        for text in ["", SQL, HEADER, "-- text2sql confirmation 1 100\nSELECT 1"] {
            assert_eq!(open(KEY, &BINDING, text, 50), Err(ConfirmError::Missing), "{text}");
        }
        let cut = sealed.replacen('\n', "x\n", 1);
        assert!(open(KEY, &BINDING, &cut, 50).is_err());
    }
}
