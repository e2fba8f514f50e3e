//! Values in the text format of COPY.
//!
//! Owns the format, and what is done with text that PostgreSQL does not take. Pure. Called by
//! [`super::target`], and by `eval` for what is loaded of a text.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::types::{PgType, Stored, is_blank};

/// What had to be changed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Texts that stand for no value, in columns of numbers and dates: NULL now.
    pub blank: u64,
    /// Texts that were no UTF-8: read as Latin-1.
    pub latin: u64,
    /// Texts with bytes 0, which are left out.
    pub zeros: u64,
}

/// Adds a value to a line.
pub fn write(line: &mut String, value: Stored<'_>, of: PgType, changed: &mut Changed) {
    match value {
        Stored::Null => line.push_str("\\N"),
        // Bytes in a column of bytes, whatever SQLite took them for.
        Stored::Blob(bytes) | Stored::Text(bytes) if of == PgType::Bytea => {
            line.push_str("\\\\x");
            for byte in bytes {
                let _ = write!(line, "{byte:02x}");
            }
        }
        Stored::Integer(number) if of == PgType::Bytea => {
            write(line, Stored::Text(number.to_string().as_bytes()), of, changed);
        }
        Stored::Real(number) if of == PgType::Bytea => {
            write(line, Stored::Text(number.to_string().as_bytes()), of, changed);
        }
        Stored::Integer(number) => {
            let _ = write!(line, "{number}");
        }
        Stored::Real(number) if number.is_infinite() => {
            line.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Stored::Real(number) => {
            let _ = write!(line, "{number}");
        }
        Stored::Text(bytes) | Stored::Blob(bytes) => {
            let text = decoded(bytes);
            changed.latin += u64::from(matches!(text, Cow::Owned(_)));
            if of.takes_blank_for_null() && is_blank(&text) {
                changed.blank += 1;
                line.push_str("\\N");
            } else {
                escaped(line, &text, changed);
            }
        }
    }
}

/// Bytes as text. What is no UTF-8 was most often written as Latin-1.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}

fn escaped(line: &mut String, text: &str, changed: &mut Changed) {
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\0' => {}
            c => line.push(c),
        }
    }
    changed.zeros += u64::from(text.contains('\0'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: Stored<'_>, of: PgType) -> (String, Changed) {
        let (mut line, mut changed) = (String::new(), Changed::default());
        write(&mut line, value, of, &mut changed);
        (line, changed)
    }

    #[test]
    fn values_are_written_as_copy_reads_them() {
        for (value, of, expected) in [
            (Stored::Null, PgType::Text, "\\N"),
            (Stored::Integer(i64::MIN), PgType::Bigint, "-9223372036854775808"),
            (Stored::Real(1.0), PgType::Double, "1"),
            (Stored::Real(0.1), PgType::Numeric, "0.1"),
            (Stored::Real(f64::NEG_INFINITY), PgType::Double, "-Infinity"),
            (Stored::Text(b"a\tb\\N\n\\.\r"), PgType::Text, "a\\tb\\\\N\\n\\\\.\\r"),
            (Stored::Text(b"null"), PgType::Text, "null"),
            (Stored::Blob(&[0, 255]), PgType::Bytea, "\\\\x00ff"),
            (Stored::Integer(7), PgType::Bytea, "\\\\x37"),
            (Stored::Integer(7), PgType::Text, "7"),
        ] {
            assert_eq!(written(value, of), (expected.to_owned(), Changed::default()), "{value:?}");
        }
    }

    #[test]
    fn changes_are_counted() {
        let changed = |blank, latin, zeros| Changed { blank, latin, zeros };
        assert_eq!(written(Stored::Text(b""), PgType::Integer), ("\\N".into(), changed(1, 0, 0)));
        assert_eq!(written(Stored::Text(&[0xe9]), PgType::Text), ("é".into(), changed(0, 1, 0)));
        assert_eq!(written(Stored::Text(b"a\0b"), PgType::Text), ("ab".into(), changed(0, 0, 1)));
    }
}
