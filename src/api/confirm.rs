//! Confirmation: with `text2sql.require_confirm`, a statement is shown before it is run.
//!
//! Owns what a shown statement is bound to. `generate` seals it, `run` opens it again; the form
//! is that of `core::confirm`.

use std::time::{SystemTime, UNIX_EPOCH};

use text2sql_core::confirm::{self, Binding};

use super::limits::Guard;
use crate::catalog;
use crate::error::Error;
use crate::guc;
use crate::ipc::secret;
use crate::pg::server;

/// `sql` as text that [`opened`] takes, for as long as `text2sql.confirm_lifetime` says.
pub fn sealed(sql: &str, guard: &Guard) -> Result<String, Error> {
    let until = now().saturating_add(u64::from(guc::confirm_lifetime()));
    bound(guard, |key, binding| confirm::seal(key, binding, sql, until))
}

/// The statement in `text`: what was sealed, or `text` itself where that is allowed.
///
/// # Errors
/// Where a confirmation is missing, does not fit, or is too old.
pub fn opened<'t>(text: &'t str, guard: &Guard) -> Result<&'t str, Error> {
    if !guc::require_confirm() && !confirm::is_sealed(text) {
        return Ok(text);
    }
    Ok(bound(guard, |key, binding| confirm::open(key, binding, text, now()))??)
}

/// Refuses to run what nobody has seen.
///
/// # Errors
/// Where confirmation is required.
pub fn allow_unseen() -> Result<(), Error> {
    if guc::require_confirm() { Err(Error::ConfirmationRequired) } else { Ok(()) }
}

fn bound<R>(guard: &Guard, work: impl FnOnce(&[u8], &Binding<'_>) -> R) -> Result<R, Error> {
    let key = secret::secret().ok_or(Error::NoRandomness)?;
    let snapshot = catalog::snapshot(guard.view())?;
    let binding = Binding {
        database: server::database().to_u32(),
        caller: server::current_role().to_u32(),
        user: guard.user().to_u32(),
        catalog: &snapshot.fingerprint(),
    };
    Ok(work(&key, &binding))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
