//! What a statement may be: exactly one query that only reads.
//!
//! Must refuse whatever it does not know. It is the first of two gates and not the security
//! boundary: names are resolved, and everything that hides behind them is judged, by the server
//! side (`src/exec`). Called by [`crate::pipeline`], the extension and the tools.
//!
//! | rule | refuses |
//! |---|---|
//! | `empty-statement` | nothing but white space, comments and semicolons |
//! | `malformed-text` | text the server's lexer would not accept; psql's commands; `UESCAPE` |
//! | `invisible-characters` | control, direction and zero-width characters outside strings |
//! | `several-statements` | a semicolon between two statements |
//! | `not-a-select` | anything but SELECT, WITH … SELECT, VALUES, TABLE and their set operations |
//! | `writes-data` | INSERT, UPDATE, DELETE, MERGE, also within WITH |
//! | `select-into` | SELECT INTO |
//! | `row-lock` | FOR UPDATE, FOR SHARE and their kin |
//! | `parameter` | `$1` |
//! | `denied-function` | functions known to write, wait, lock, read files, run SQL text or tell secrets |
//! | `denied-type` | types that look objects up by name (`regclass` and its kin) |
//! | `system-catalog` | relations of the system schemas and of `text2sql` |
//! | `unsupported-syntax` | clauses of other database systems, or unknown to this version |
//! | `too-complex` | too many tokens or joins, or nested too deeply |
//!
//! A statement our parser does not understand passes if its tokens do: the server knows more
//! SQL than we do, and its parser decides.

use serde::Serialize;
use sqlparser::ast::Statement;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};

use super::candidate::CandidateSql;
use super::lexer::{Token, TokenKind};
use super::parsed::ParsedSql;
use super::{gate, walk};

/// Deepest recursion of the parser. [`gate`] has bounded parentheses before; each costs it a few
/// levels.
const PARSER_RECURSION: usize = 300;

/// Identifiers of the rules; stable, they appear in results and logs.
pub(super) mod rule {
    pub const EMPTY: &str = "empty-statement";
    pub const MALFORMED: &str = "malformed-text";
    pub const INVISIBLE: &str = "invisible-characters";
    pub const SEVERAL: &str = "several-statements";
    pub const NOT_A_SELECT: &str = "not-a-select";
    pub const WRITES_DATA: &str = "writes-data";
    pub const SELECT_INTO: &str = "select-into";
    pub const ROW_LOCK: &str = "row-lock";
    pub const PARAMETER: &str = "parameter";
    pub const DENIED_FUNCTION: &str = "denied-function";
    pub const DENIED_TYPE: &str = "denied-type";
    pub const SYSTEM_CATALOG: &str = "system-catalog";
    pub const UNSUPPORTED: &str = "unsupported-syntax";
    pub const TOO_COMPLEX: &str = "too-complex";
}

/// Why a statement is refused. It holds nothing but what the statement itself says, so it may be
/// shown to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Identifier of the rule, from the table of [`crate::sql::policy`].
    pub rule: &'static str,
    /// What is wrong; lower-case, no full stop.
    pub message: String,
    /// What to do instead, if it is known.
    pub hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(rule: &'static str, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }
}

/// Applies every rule.
pub fn check(candidate: CandidateSql) -> Result<ParsedSql, Refusal> {
    let gated = gate::check(candidate.text())?;
    let query = match parse(&without_comments(gated.text, &gated.tokens)) {
        Ok(statements) => {
            let mut statements = statements.into_iter();
            match (statements.next(), statements.next()) {
                (Some(Statement::Query(query)), None) => {
                    walk::check(&query)?;
                    Some(query)
                }
                (Some(_), None) => {
                    return Err(Refusal::new(rule::NOT_A_SELECT, "the statement is not a SELECT")
                        .hint("write exactly one SELECT statement"));
                }
                _ => return Err(Refusal::new(rule::SEVERAL, "there is more than one statement")),
            }
        }
        Err(ParserError::RecursionLimitExceeded) => {
            return Err(Refusal::new(rule::TOO_COMPLEX, "the statement nests too deeply")
                .hint("write a simpler statement"));
        }
        Err(_) => None,
    };
    Ok(ParsedSql::new(gated.text.to_owned(), query))
}

pub(super) fn parse(sql: &str) -> Result<Vec<Statement>, ParserError> {
    Parser::new(&PostgreSqlDialect {})
        .with_recursion_limit(PARSER_RECURSION)
        .try_with_sql(sql)?
        .parse_statements()
}

/// The statement with each comment replaced by white space, by our lexer: the parser's idea of
/// a comment differs in detail (`\r` ends one for the server), and must not decide what it sees.
pub(super) fn without_comments(text: &str, tokens: &[Token<'_>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut end = tokens.first().map_or(0, |t| t.start);
    for token in tokens.iter().filter(|t| t.kind != TokenKind::Comment) {
        if token.start > end {
            out.push(' ');
        }
        out.push_str(token.text);
        end = token.end();
    }
    out
}
