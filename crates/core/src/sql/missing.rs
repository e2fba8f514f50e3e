//! What a model says it does not find, in the form of a statement.
//!
//! Owns that form: `SELECT 'what is missing' AS missing`, which any grammar of SELECT allows, so a model
//! can be taught it (training/README.md) and needs no other way of answering. Called by
//! [`crate::pipeline`].

use super::lexer::tokens;
use super::parsed::ParsedSql;
use super::token::{Token, TokenKind};
use crate::schema::sanitize;

/// The name of the only column.
const NAME: &str = "missing";
/// Longest text that is told, bytes.
const MAX_LENGTH: usize = 200;

/// What `sql` says is missing, on one line and without control characters, if it is of that form:
/// also without AS, with the name in quotes, a cast to text, LIMIT 1, or comments.
#[must_use]
pub fn missing(sql: &ParsedSql) -> Option<String> {
    let tokens: Vec<Token<'_>> = tokens(sql.text()).ok()?;
    let tokens: Vec<_> = tokens.iter().filter(|token| token.kind != TokenKind::Comment).collect();
    let (select, text, rest) = match tokens.as_slice() {
        [select, text, rest @ ..] => (select, text, rest),
        _ => return None,
    };
    let rest = match rest {
        [cast, name, rest @ ..] if cast.text == "::" && name.is_word("text") => rest,
        rest => rest,
    };
    let rest = match rest {
        [word, rest @ ..] if word.is_word("as") => rest,
        rest => rest,
    };
    let [name, rest @ ..] = rest else { return None };
    let ends = match rest {
        [] => true,
        [limit, one] => limit.is_word("limit") && one.text == "1",
        _ => false,
    };
    let is_named = name.is_word(NAME) || name.text.strip_prefix('"') == Some("missing\"");
    let text = (select.is_word("select") && is_named && ends).then(|| plain_text(text))??;
    let told = sanitize(&text, MAX_LENGTH).trim().to_owned();
    (!told.is_empty()).then_some(told)
}

/// What a string constant without escapes stands for.
fn plain_text(token: &Token<'_>) -> Option<String> {
    let body = token.text.strip_prefix('\'')?.strip_suffix('\'')?;
    (token.kind == TokenKind::String).then(|| body.replace("''", "'"))
}

#[cfg(test)]
mod tests {
    use super::super::{CandidateSql, policy};
    use super::*;

    fn said(sql: &str) -> Option<String> {
        missing(&policy::check(CandidateSql::from_user(sql).unwrap()).unwrap())
    }

    #[test]
    fn what_is_missing_is_told_on_one_line() {
        assert_eq!(said("SELECT 'phone numbers' AS missing").unwrap(), "phone numbers");
        assert_eq!(said("select 'Ann''s age' as MISSING;").unwrap(), "Ann's age");
        assert_eq!(said("SELECT 'a\n\u{202e} b' AS missing").unwrap(), "a b");
        assert!(said(&format!("SELECT '{}' AS missing", "é".repeat(500))).unwrap().len() <= 210);
    }

    #[test]
    fn what_nearly_has_the_form_says_the_same() {
        for sql in [
            "SELECT 'x' missing",
            "SELECT 'x' AS \"missing\"",
            "SELECT 'x'::text AS missing",
            "SELECT 'x' AS missing LIMIT 1",
            "SELECT /* no phones */ 'x' AS missing -- none",
        ] {
            assert_eq!(said(sql).as_deref(), Some("x"), "{sql}");
        }
    }

    #[test]
    fn other_statements_say_nothing_of_the_kind() {
        for sql in [
            "SELECT 1 AS missing",
            "SELECT '' AS missing",
            "SELECT ' ' AS missing",
            "SELECT 'x' AS found",
            "SELECT 'x'",
            "SELECT 'x' AS \"Missing\"",
            "SELECT E'x' AS missing",
            "SELECT 'x' AS missing, 1 AS b",
            "SELECT 'x'::int AS missing",
            "SELECT 'x' AS missing LIMIT 0",
            "SELECT 'x' AS missing FROM s.t",
            "SELECT t.missing FROM s.t AS t",
        ] {
            assert_eq!(said(sql), None, "{sql}");
        }
    }
}
