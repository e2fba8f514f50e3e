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
//! | `unsupported-syntax` | clauses of other database systems that PostgreSQL can read in no way |
//! | `too-complex` | too many tokens or joins, or nested too deeply |
//!
//! A statement our parser does not understand passes if its tokens do: the server knows more
//! SQL than we do, and its parser decides.

use serde::Serialize;
use sqlparser::ast::Query;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token as ParserToken;

use super::candidate::CandidateSql;
use super::dialect::Bounded;
use super::parsed::ParsedSql;
use super::token::Token;
use super::{complexity, gate, walk};

/// Stack that [`check`] may need, bytes, on top of its caller's: twice what the deepest
/// statements were measured to take. Where a stack overflow does harm, such as in a server whose
/// `max_stack_depth` was raised, the caller makes sure of it first.
pub const STACK_BYTES: usize = 2 << 20;

/// Deepest recursion of the parser, as it counts: a level for every query and every operand
/// within another. A level of nesting takes two or three of them.
const PARSER_RECURSION: usize = 100;

/// Most operands the parser may begin to read. It needs one for each, and more where it tries
/// several readings; a step takes about a microsecond.
const PARSER_STEPS: u32 = 5 * complexity::MAX_TOKENS as u32;

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
    let query = match parse(&for_parser(&gated.tokens).0) {
        Ok(query) => {
            walk::check(&query)?;
            Some(query)
        }
        Err(ParserError::RecursionLimitExceeded) => return Err(complexity::too_deep()),
        Err(_) => None,
    };
    Ok(ParsedSql::new(gated.text.to_owned(), query.as_deref()))
}

/// Only a query: the parser's other statements are out of reach.
pub(super) fn parse(sql: &str) -> Result<Box<Query>, ParserError> {
    let dialect = Bounded::new(PARSER_STEPS);
    let result = Parser::new(&dialect)
        .with_recursion_limit(PARSER_RECURSION)
        .try_with_sql(sql)
        .and_then(|mut parser| {
            let query = parser.parse_query()?;
            parser.expect_token(&ParserToken::EOF)?;
            Ok(query)
        });
    if dialect.is_spent() { Err(ParserError::RecursionLimitExceeded) } else { result }
}

/// The statement as the parser is to see it: the same tokens with a space between any two, so
/// that it finds the same tokens whatever stood between them. (For it `\r` ends no comment, and
/// `:a` is one token.) `TABLE x` is written out: the parser reads it badly.
///
/// With it, for each token, the byte at which its text ends.
pub(super) fn for_parser(tokens: &[Token<'_>]) -> (String, Vec<usize>) {
    let mut out = String::new();
    let mut ends = Vec::with_capacity(tokens.len());
    let mut before: Option<&Token<'_>> = None;
    for token in tokens {
        let label = before.is_some_and(|b| b.is_word("as") || b.is_punct("."));
        let text = if token.is_word("table") && !label { "SELECT * FROM" } else { token.text };
        out.push_str(text);
        ends.push(out.len());
        out.push(' ');
        before = Some(token);
    }
    (out, ends)
}
