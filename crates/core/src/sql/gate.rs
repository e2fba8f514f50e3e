//! The token-level half of the policy: rules that hold whether or not our parser understands
//! the statement.
//!
//! Works on the server's own lexical rules, so it cannot be misled about where a string or a
//! comment ends. Must stay conservative where words are ambiguous (`update` may be a column);
//! the syntax tree, and after it the server, look again. Called by [`super::policy`] only.

use super::lexer::tokens;
use super::policy::{Refusal, rule};
use super::token::{Token, TokenKind};
use super::{complexity, functions};

const RESERVED_SCHEMAS: &[&str] = &["information_schema", "pg_toast", "text2sql"];

/// The statement without what surrounds it, and its significant tokens.
#[derive(Debug)]
pub(super) struct Gated<'a> {
    /// From the first significant token to the last.
    pub text: &'a str,
    /// Tokens without comments and final semicolons.
    pub tokens: Vec<Token<'a>>,
}

/// Applies every token rule.
pub(super) fn check(sql: &str) -> Result<Gated<'_>, Refusal> {
    let all = tokens(sql).map_err(|e| {
        Refusal::new(rule::MALFORMED, e.to_string())
            .hint("write plain PostgreSQL, with every quote and comment closed")
    })?;
    let mut significant: Vec<_> =
        all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    while significant.last().is_some_and(|t| t.is_punct(";")) {
        significant.pop();
    }
    let (Some(first), Some(last)) = (significant.first(), significant.last()) else {
        return Err(Refusal::new(rule::EMPTY, "there is no statement"));
    };
    let text = sql.get(first.start..last.end()).unwrap_or_default();
    let cursor = Cursor { tokens: &significant, sets: sets(&significant) };
    cursor.invisible()?;
    cursor.one_statement()?;
    cursor.begins_as_a_query()?;
    complexity::check(&significant)?;
    for at in 0..significant.len() {
        cursor.words(at)?;
        cursor.names(at)?;
    }
    Ok(Gated { text, tokens: significant })
}

struct Cursor<'t, 'a> {
    tokens: &'t [Token<'a>],
    sets: Vec<bool>,
}

/// For each token, whether SET stands at or behind it and before the parenthesis around it ends.
fn sets(tokens: &[Token<'_>]) -> Vec<bool> {
    let mut outer = Vec::new();
    let mut set = false;
    let mut sets: Vec<bool> = tokens
        .iter()
        .rev()
        .map(|token| {
            if token.is_punct(")") {
                outer.push(std::mem::take(&mut set));
            } else if token.is_punct("(") {
                set |= outer.pop().unwrap_or_default();
            } else {
                set |= token.is_word("set");
            }
            set
        })
        .collect();
    sets.reverse();
    sets
}

impl<'a> Cursor<'_, 'a> {
    fn get(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    fn before(&self, at: usize) -> Option<&Token<'a>> {
        at.checked_sub(1).and_then(|i| self.tokens.get(i))
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        self.get(at).is_some_and(|t| t.is_word(word))
    }

    fn is_punct(&self, at: usize, mark: &str) -> bool {
        self.get(at).is_some_and(|t| t.is_punct(mark))
    }

    /// Characters that make code look like other code, anywhere but in string constants.
    fn invisible(&self) -> Result<(), Refusal> {
        let hidden = |t: &&Token<'_>| {
            t.kind != TokenKind::String && t.text.chars().any(crate::schema::is_invisible)
        };
        match self.tokens.iter().find(hidden) {
            None => Ok(()),
            Some(t) => Err(Refusal::new(
                rule::INVISIBLE,
                format!("invisible characters in a name at byte {}", t.start),
            )
            .hint("use ordinary spaces and letters")),
        }
    }

    fn one_statement(&self) -> Result<(), Refusal> {
        if self.tokens.iter().any(|t| t.is_punct(";")) {
            return Err(Refusal::new(rule::SEVERAL, "there is more than one statement")
                .hint("write exactly one SELECT statement"));
        }
        Ok(())
    }

    fn begins_as_a_query(&self) -> Result<(), Refusal> {
        let first = self.tokens.iter().find(|t| !t.is_punct("("));
        if first.is_some_and(|t| t.is_any_word(&["select", "with", "values", "table"])) {
            return Ok(());
        }
        Err(Refusal::new(rule::NOT_A_SELECT, "the statement is not a SELECT")
            .hint("write exactly one SELECT statement"))
    }

    /// Rules about keywords and constants.
    fn words(&self, at: usize) -> Result<(), Refusal> {
        let Some(t) = self.get(at) else { return Ok(()) };
        match t.kind {
            TokenKind::Parameter => {
                return Err(Refusal::new(
                    rule::PARAMETER,
                    format!("the statement has the parameter {}", t.text),
                )
                .hint("write the value itself"));
            }
            TokenKind::QuotedName if self.is_word(at + 1, "uescape") => {
                return Err(Refusal::new(rule::MALFORMED, "a name is written with UESCAPE"));
            }
            TokenKind::Word => {}
            _ => return Ok(()),
        }
        // After AS or a dot any keyword is a plain name.
        if self.before(at).is_some_and(|b| b.is_word("as") || b.is_punct(".")) {
            return Ok(());
        }
        if t.is_word("into") {
            // INSERT INTO and MERGE INTO get the clearer message.
            return match self.before(at) {
                Some(b) if b.is_any_word(&["insert", "merge"]) => Err(writes(b.text)),
                _ => Err(Refusal::new(rule::SELECT_INTO, "SELECT INTO creates a table")
                    .hint("leave INTO out")),
            };
        }
        if t.is_word("for") && self.is_row_lock(at + 1) {
            return Err(Refusal::new(rule::ROW_LOCK, "FOR UPDATE and FOR SHARE lock rows")
                .hint("leave the FOR clause out"));
        }
        let opens = self.before(at).is_none_or(|b| b.is_punct("(") || b.is_punct(")"));
        if opens && t.is_word("delete") && self.is_word(at + 1, "from") {
            return Err(writes(t.text));
        }
        if opens && t.is_word("update") && self.is_update(at + 1) {
            return Err(writes(t.text));
        }
        Ok(())
    }

    fn is_row_lock(&self, at: usize) -> bool {
        self.get(at).is_some_and(|t| t.is_any_word(&["update", "share"]))
            || (self.is_word(at, "no") && self.is_word(at + 1, "key"))
            || (self.is_word(at, "key") && self.is_word(at + 1, "share"))
    }

    /// Whether a table and SET follow, rather than what follows a column named `update`.
    fn is_update(&self, at: usize) -> bool {
        let named =
            self.get(at).is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::QuotedName));
        named && self.sets.get(at).is_some_and(|set| *set)
    }

    /// Whether the name is given to a common table expression somewhere in the statement.
    fn defines(&self, name: &str) -> bool {
        (0..self.tokens.len()).any(|at| {
            let begins = self
                .before(at)
                .is_some_and(|b| b.is_any_word(&["with", "recursive"]) || b.is_punct(","));
            begins
                && self.is_word(at + 1, "as")
                && self.get(at).and_then(Token::name).is_some_and(|n| n == name)
        })
    }

    /// Rules about functions, types and schemas.
    fn names(&self, at: usize) -> Result<(), Refusal> {
        let Some(name) = self.get(at).and_then(Token::name) else { return Ok(()) };
        let name = name.as_ref();
        let qualified = self.before(at).is_some_and(|b| b.is_punct("."));
        if self.is_punct(at + 1, "(") && functions::is_denied(name) {
            return Err(Refusal::new(
                rule::DENIED_FUNCTION,
                format!("the function {name} must not be used here"),
            )
            .hint("use only functions that compute on the rows read"));
        }
        if functions::is_lookup_type(name) && !self.is_punct(at + 1, ".") {
            return Err(Refusal::new(
                rule::DENIED_TYPE,
                format!("the type {name} must not be used here"),
            ));
        }
        if !qualified && self.is_punct(at + 1, ".") && is_reserved_schema(name) {
            return Err(system_catalog(name));
        }
        // What the tree shows exactly; here for statements our parser does not understand.
        let read =
            self.before(at).is_some_and(|b| b.is_any_word(&["from", "join", "only", "table"]));
        let is_catalog =
            (name == "pg_catalog" && self.is_punct(at + 1, ".") && !self.is_punct(at + 3, "("))
                || (name.starts_with("pg_")
                    && !self.is_punct(at + 1, ".")
                    && !self.is_punct(at + 1, "("));
        if read && !qualified && is_catalog && !self.defines(name) {
            return Err(system_catalog(name));
        }
        Ok(())
    }
}

/// Whether nothing of this schema may be read or called. `pg_catalog` is not among them: its
/// functions and types may be named with it.
pub(super) fn is_reserved_schema(name: &str) -> bool {
    RESERVED_SCHEMAS.contains(&name) || name.starts_with("pg_temp") || name.starts_with("pg_toast")
}

/// The refusal of a system relation.
pub(super) fn system_catalog(name: &str) -> Refusal {
    Refusal::new(rule::SYSTEM_CATALOG, format!("{name} is not about the data"))
        .hint("use only the tables of the schema given")
}

/// The refusal of a writing statement.
pub(super) fn writes(verb: &str) -> Refusal {
    Refusal::new(
        rule::WRITES_DATA,
        format!("the statement changes data ({})", verb.to_ascii_uppercase()),
    )
    .hint("only reading is possible: write a SELECT")
}
