//! Which names are in scope, in a statement that is still being written.
//!
//! A context-free grammar cannot say that `t.city` needs a `t` behind `FROM` that has a `city`.
//! This module reads the text written so far, from its beginning each time (a statement has a few
//! hundred tokens, and nothing needs to be undone when text is taken back), and says
//!
//! * whether a name in it cannot be right any more, and where it begins ([`Violation`]);
//! * which names can come next, where that is known ([`Choice`]).
//!
//! A name in the `SELECT` list waits until the `FROM` clause of its level is complete; one behind
//! it is judged at once. Sub-selects see the levels around them, `LATERAL` ones the items before
//! them, common table expressions those before them. Names that are no columns (aliases as they
//! are given, types, fields, named arguments, windows) are told apart by what stands around them.
//!
//! It reads PostgreSQL's tokens but is no parser: text that the grammar would not have let
//! through means nothing here. Where it cannot tell, it accepts: the server's analyser is the
//! judge, and a correct statement must never be refused. Looser than the server on purpose: an
//! item of a function with a record has any column, words of the grammar name nothing, `ON` sees
//! all items before it, ambiguity is no error.
//!
//! Pure. Called by the engine for every token, and by tests and tools for whole statements.

mod keywords;
mod level;
mod names;
mod parens;
mod resolve;
mod walk;

use std::sync::Arc;

use super::catalog::Catalog;
use super::names::{Choice, NameSet};
use crate::sql::{LexError, Lexer, Token, TokenKind};
use walk::Walker;

/// A name that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Byte offset where the name that should be another begins.
    pub at: usize,
    /// Names that are right there if the rest is written again as it was. Without them there is
    /// nothing to be said but that it is not this one.
    pub instead: Option<Arc<NameSet>>,
}

/// What is to be said of a text.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// The first name that cannot be right.
    pub violation: Option<Violation>,
    /// The names that can come at the end of the text, where they are known.
    pub choice: Option<Choice>,
}

/// Judges the beginning of a statement, or all of it if it is `complete`.
pub fn check(catalog: &Catalog, text: &str, complete: bool) -> Verdict {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut unfinished = None;
    let mut open_string = false;
    for token in Lexer::new(text) {
        match token {
            Ok(token) => tokens.push(token),
            Err(LexError::UnterminatedName(at)) => unfinished = Some(at),
            Err(_) => open_string = true,
        }
    }
    if !complete
        && !open_string
        && let Some(last) = tokens.last()
        && last.end() == text.len()
    {
        match last.kind {
            TokenKind::Word | TokenKind::QuotedName => {
                unfinished = Some(last.start);
                tokens.pop();
            }
            // It may go on and become another operator, or number, or a string with a quote.
            TokenKind::Operator | TokenKind::Number | TokenKind::String => open_string = true,
            _ => {}
        }
    }
    let mut walker = Walker::new(catalog);
    walker.run(&tokens, complete);
    let (violation, sets) = walker.finish(complete);
    if violation.is_some() || open_string || complete {
        return Verdict { violation, choice: None };
    }
    let from = unfinished.unwrap_or(text.len());
    let choice = sets.map(|sets| Choice::new(from, sets));
    let written = text.as_bytes().get(from..).unwrap_or_default();
    let violation = choice
        .as_ref()
        .filter(|choice| choice.walk(written).is_none())
        .map(|_| Violation { at: from, instead: None });
    Verdict { violation, choice }
}
