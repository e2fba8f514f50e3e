//! One line of the audit log: who called what, what the model wrote, and what became of it.
//!
//! Owns the form of a line and what of it may be kept. It reads no clock and no catalog; where the
//! line goes is the caller's business. Called by the extension's `audit`.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::hex;
use crate::schema::is_invisible;

/// What a line says of the texts of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// Their SHA-256: equal texts can be told, and a text that is known can be found again. A short
    /// question can be guessed from it.
    Hash,
    /// The texts.
    Full,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It gave what was asked for.
    Answered,
    /// It ended with an error.
    Failed,
    /// The statement broke a rule.
    Refused,
    /// A cancel, a timeout of the session or an error of the server ended it.
    Interrupted,
}

/// A call.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The SQL function, without its schema.
    pub function: &'static str,
    /// The role whose rights were in force.
    pub role: &'a str,
    /// The role that logged in.
    pub session_role: &'a str,
    /// What was asked; nothing where a statement was handed in.
    pub question: Option<&'a str>,
    /// The statement, or the last one tried.
    pub sql: Option<&'a str>,
    /// How it ended.
    pub verdict: Verdict,
    /// Of an error, five characters.
    pub sqlstate: Option<&'a str>,
    /// The rule that was broken.
    pub rule: Option<&'a str>,
    /// Generations made.
    pub attempts: Option<u32>,
    /// Rows returned.
    pub rows: Option<usize>,
}

/// Longest text in a line, bytes; questions are at most as long by default.
const TEXT_BYTES: usize = 4096;

#[derive(Serialize)]
struct Line<'a> {
    function: &'static str,
    role: &'a str,
    session_role: &'a str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_sha256: Option<String>,
}

/// A text as far as it is kept: its beginning, its length where that is not all, its hash.
#[derive(Default)]
struct Kept<'a> {
    text: Option<&'a str>,
    bytes: Option<usize>,
    sha256: Option<String>,
}

impl<'a> Kept<'a> {
    fn of(text: Option<&'a str>, texts: Texts) -> Self {
        let Some(text) = text else { return Self::default() };
        match texts {
            Texts::Hash => {
                Self { sha256: Some(hex::encode(Sha256::digest(text))), ..Self::default() }
            }
            Texts::Full => Self {
                text: text.get(..text.floor_char_boundary(TEXT_BYTES)),
                bytes: (text.len() > TEXT_BYTES).then_some(text.len()),
                sha256: None,
            },
        }
    }
}

impl Record<'_> {
    /// One line: a JSON object of visible characters. Texts are cut at 4,096 bytes, and their
    /// length told then.
    #[must_use]
    pub fn line(&self, texts: Texts) -> String {
        let question = Kept::of(self.question, texts);
        let sql = Kept::of(self.sql, texts);
        let line = Line {
            function: self.function,
            role: self.role,
            session_role: self.session_role,
            verdict: self.verdict,
            sqlstate: self.sqlstate,
            rule: self.rule,
            attempts: self.attempts,
            rows: self.rows,
            question: question.text,
            question_bytes: question.bytes,
            question_sha256: question.sha256,
            sql: sql.text,
            sql_bytes: sql.bytes,
            sql_sha256: sql.sha256,
        };
        escaped(&serde_json::to_string(&line).unwrap_or_default())
    }
}

/// JSON with escapes in place of what shows nothing or turns the direction of writing: who reads
/// the log must see what was asked.
fn escaped(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        if is_invisible(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CALL: Record<'static> = Record {
        function: "ask",
        role: "analyst",
        session_role: "portal",
        question: Some("how many customers?"),
        sql: Some("SELECT count(*) FROM shop.customers"),
        verdict: Verdict::Answered,
        sqlstate: None,
        rule: None,
        attempts: Some(1),
        rows: Some(1),
    };

    #[test]
    fn a_line_holds_the_texts_only_where_they_are_wanted() {
        assert_eq!(
            CALL.line(Texts::Full),
            r#"{"function":"ask","role":"analyst","session_role":"portal","verdict":"answered","attempts":1,"rows":1,"question":"how many customers?","sql":"SELECT count(*) FROM shop.customers"}"#
        );
        let line = CALL.line(Texts::Hash);
        assert!(!line.contains("customers"), "{line}");
        // printf %s 'how many customers?' | sha256sum
        let sum = "94bc5851c592f993b75686ac829f2738197b6082830939e8bc001f1ddc8ce8cc";
        assert!(line.contains(&format!(r#""question_sha256":"{sum}""#)), "{line}");
    }

    #[test]
    fn a_refusal_is_told_with_its_rule() {
        let verdict = Verdict::Refused;
        let call = Record {
            question: None,
            verdict,
            sqlstate: Some("42501"),
            rule: Some("function"),
            attempts: None,
            rows: None,
            ..CALL
        };
        assert_eq!(
            call.line(Texts::Full),
            r#"{"function":"ask","role":"analyst","session_role":"portal","verdict":"refused","sqlstate":"42501","rule":"function","sql":"SELECT count(*) FROM shop.customers"}"#
        );
    }

    proptest! {
        #[test]
        fn a_line_is_one_visible_line_that_can_be_read_back(
            question in any::<String>(), sql in any::<String>(), times in 1usize..500,
        ) {
            let (question, sql) = (question.repeat(times), sql.repeat(times));
            let call = Record { question: Some(&question), sql: Some(&sql), ..CALL };
            let line = call.line(Texts::Full);
            prop_assert!(!line.chars().any(is_invisible), "{line:?}");
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["question"].as_str(), Some(&question[..question.floor_char_boundary(TEXT_BYTES)]));
            prop_assert_eq!(read["sql"].as_str(), Some(&sql[..sql.floor_char_boundary(TEXT_BYTES)]));
            let cut = read["sql_bytes"].as_u64().map(|bytes| bytes as usize);
            prop_assert_eq!(cut, (sql.len() > TEXT_BYTES).then_some(sql.len()));
            prop_assert!(line.len() < 14 * TEXT_BYTES);
        }
    }
}
