//! [`CandidateSql`]: text that may be a statement, and how it is cut out of a model's answer.
//!
//! The grammar is exact and nothing is mended: whatever stands around the statement makes the
//! answer a refusal. Must not judge the statement itself; [`super::policy`] does.
//! Called by [`crate::pipeline`] (answers) and the extension (statements typed by a user).

use super::lexer::{LexError, Lexer};
use super::token::TokenKind;

/// Longest statement that is looked at, bytes.
pub const MAX_SQL_BYTES: usize = 64 << 10;

/// Untrusted text that is to become a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateSql(String);

/// Why there is no candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// Nothing but white space.
    #[error("there is no statement")]
    Empty,
    /// Longer than [`MAX_SQL_BYTES`].
    #[error("the statement has {bytes} bytes, more than the {max} allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A NUL byte.
    #[error("the statement holds a NUL character")]
    NotText,
    /// A `<think>` block without end.
    #[error("the answer ends within its reasoning")]
    UnfinishedThinking,
    /// Prose, or a second block, around the statement.
    #[error("the answer holds text besides one SQL statement")]
    TextAround,
    /// The lexer cannot find the statement's end.
    #[error("the statement is not finished: {0}")]
    Lexical(#[from] LexError),
}

impl CandidateSql {
    /// The statement of a model's answer. The answer is, with white space anywhere between:
    ///
    /// ```text
    /// [ <think> … </think> ] [ ```sql | ``` ] statement [ ``` ]
    /// ```
    ///
    /// The opening fence may be missing because the prompt has already written it. A fence is
    /// looked for by the lexer, so that one within a string closes nothing.
    pub fn extract(model_output: &str) -> Result<Self, SqlError> {
        // An answer is a little longer than its statement, not a multiple of it.
        check_size(model_output, 2 * MAX_SQL_BYTES)?;
        let mut rest = model_output.trim();
        if let Some(thought) = rest.strip_prefix("<think>") {
            let (_, after) = thought.split_once("</think>").ok_or(SqlError::UnfinishedThinking)?;
            rest = after.trim_start();
        }
        let fenced = rest.strip_prefix("```");
        if let Some(inside) = fenced {
            let line_end = inside.find('\n').unwrap_or(inside.len());
            let (tag, body) = inside.split_at(line_end);
            if !matches!(tag.trim().to_ascii_lowercase().as_str(), "" | "sql" | "postgresql") {
                return Err(SqlError::TextAround);
            }
            rest = body;
        }
        let (statement, after) = cut_at_fence(rest)?;
        if !after.trim().is_empty() {
            return Err(SqlError::TextAround);
        }
        Self::from_user(statement)
    }

    /// A statement as somebody typed it, without white space around it. Other spaces of Unicode
    /// stay: to the server they are letters.
    pub fn from_user(sql: &str) -> Result<Self, SqlError> {
        let sql = sql.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
        check_size(sql, MAX_SQL_BYTES)?;
        if sql.is_empty() { Err(SqlError::Empty) } else { Ok(Self(sql.to_owned())) }
    }

    /// The text, to be shown but not to be run.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn check_size(text: &str, max: usize) -> Result<(), SqlError> {
    if text.len() > max {
        Err(SqlError::TooLong { bytes: text.len(), max })
    } else if text.contains('\0') {
        Err(SqlError::NotText)
    } else {
        Ok(())
    }
}

/// Text before and after the first closing fence; all of it, if there is none.
fn cut_at_fence(text: &str) -> Result<(&str, &str), SqlError> {
    for token in Lexer::new(text) {
        let token = token?;
        if token.kind == TokenKind::Operator && token.text.starts_with("```") {
            let (statement, fence) = text.split_at_checked(token.start).unwrap_or((text, ""));
            return Ok((statement, fence.strip_prefix("```").unwrap_or(fence)));
        }
    }
    Ok((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_grammar_of_answers() {
        for (answer, sql) in [
            ("SELECT 1", "SELECT 1"),
            (" SELECT 1;\n", "SELECT 1;"),
            ("SELECT 1\n```", "SELECT 1"),
            ("SELECT 1;\n```\n", "SELECT 1;"),
            ("```sql\nSELECT 1\n```", "SELECT 1"),
            ("```SQL\r\nSELECT 1\n```", "SELECT 1"),
            ("```\nSELECT 1```", "SELECT 1"),
            ("```sql\nSELECT 1", "SELECT 1"),
            ("<think>\nwell; DROP TABLE x\n</think>\n\nSELECT 1", "SELECT 1"),
            ("<think></think>```sql\nSELECT 1\n```", "SELECT 1"),
            ("SELECT '```' AS fence\n```", "SELECT '```' AS fence"),
        ] {
            assert_eq!(CandidateSql::extract(answer).unwrap().text(), sql, "{answer}");
        }
    }

    #[test]
    fn anything_else_around_is_refused() {
        for answer in [
            "```sql\nSELECT 1\n```\nThis counts one.",
            "```python\nprint(1)\n```",
            "```sql SELECT 1\n```",
            "SELECT 1\n```\n```sql\nSELECT 2\n```",
            "Sure! ```sql\nSELECT 1\n```",
        ] {
            assert_eq!(CandidateSql::extract(answer), Err(SqlError::TextAround), "{answer}");
        }
        assert_eq!(CandidateSql::extract("<think>hm"), Err(SqlError::UnfinishedThinking));
        assert_eq!(CandidateSql::extract("```sql\n```"), Err(SqlError::Empty));
        assert_eq!(CandidateSql::extract(" \n"), Err(SqlError::Empty));
        assert!(matches!(CandidateSql::extract("SELECT 'a\n```"), Err(SqlError::Lexical(_))));
        assert_eq!(CandidateSql::extract("SELECT 1\0"), Err(SqlError::NotText));
    }

    #[test]
    fn only_white_space_of_the_server_is_taken_off() {
        let typed = CandidateSql::from_user("\r\n SELECT 1 AS \u{a0}\t").unwrap();
        assert_eq!(typed.text(), "SELECT 1 AS \u{a0}");
    }

    #[test]
    fn size_is_limited() {
        let long = format!("SELECT '{}'", "x".repeat(MAX_SQL_BYTES));
        assert!(matches!(CandidateSql::from_user(&long), Err(SqlError::TooLong { .. })));
        let huge = "x".repeat(10 << 20);
        assert!(matches!(CandidateSql::extract(&huge), Err(SqlError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in "(<think>|</think>|```|sql|\n|SELECT|'|;|é|\\PC){0,12}") {
            let _ = CandidateSql::extract(&answer);
        }
    }
}
