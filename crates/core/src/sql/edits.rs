//! Changing names in the text of a statement, where the syntax tree says they stand.
//!
//! Owns the way from a place in the tree back to the bytes it came from. A changed text goes
//! through the policy like any other. Called by [`super::qualify`] and [`super::mend`].

use std::ops::Range;

use sqlparser::ast::{Ident, Query};
use sqlparser::tokenizer::Location;

use super::candidate::CandidateSql;
use super::gate::{self, Gated};
use super::parsed::ParsedSql;
use super::policy::{check, for_parser, parse};
use super::token::Token;

/// Words that end a FROM clause.
const BEHIND_FROM: &[&str] = &[
    "where",
    "group",
    "having",
    "window",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "union",
    "intersect",
    "except",
];

/// A statement with its tokens, and where our parser saw each begin.
pub(super) struct Source<'a> {
    gated: Gated<'a>,
    /// What the parser reads instead of the statement.
    text: String,
    /// Line and column of each token in it, counted from 1, columns in characters.
    starts: Vec<(u64, u64)>,
}

/// A change of the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// Changes to be made together.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

impl<'a> Source<'a> {
    /// `None` where the token rules do not let the statement pass.
    pub fn new(sql: &'a ParsedSql) -> Option<Self> {
        let gated = gate::check(sql.text()).ok()?;
        let (text, ends) = for_parser(&gated.tokens);
        let starts = starts(&text, &ends);
        Some(Self { gated, text, starts })
    }

    /// The syntax tree; `None` where our parser does not understand the statement.
    pub fn query(&self) -> Option<Box<Query>> {
        parse(&self.text).ok()
    }

    /// The statement's tokens.
    pub fn tokens(&self) -> &[Token<'a>] {
        &self.gated.tokens
    }

    /// Position of the token that begins at a place of the tree.
    pub fn token(&self, at: Location) -> Option<usize> {
        self.starts.binary_search(&(at.line, at.column)).ok()
    }

    /// Position of the last token of the FROM clause in which the token at `from` stands.
    pub fn end_of_from(&self, from: usize) -> Option<usize> {
        let tokens = self.tokens();
        let mut depth = 0usize;
        for (index, token) in tokens.iter().enumerate().skip(from) {
            if token.is_punct("(") {
                depth += 1;
            } else if token.is_punct(")") {
                if depth == 0 {
                    return index.checked_sub(1);
                }
                depth -= 1;
            } else if depth == 0 && token.is_any_word(BEHIND_FROM) && !is_label(tokens, index) {
                return index.checked_sub(1);
            }
        }
        tokens.len().checked_sub(1)
    }

    /// The statement with all changes; `None` where there are none, or the policy refuses it.
    pub fn with(&self, edits: Edits) -> Option<ParsedSql> {
        check(CandidateSql::from_user(&self.text_with(edits)?).ok()?).ok()
    }

    /// The text with all changes; `None` where there are none.
    pub fn text_with(&self, edits: Edits) -> Option<String> {
        let Edits(mut edits) = edits;
        if edits.is_empty() {
            return None;
        }
        // From the back, so that the offsets before stay true.
        edits.sort();
        edits.dedup();
        let mut text = self.gated.text.to_owned();
        for Edit { start, end, text: new } in edits.into_iter().rev() {
            let range = self.range(start, end)?;
            text.get(range.clone())?;
            text.replace_range(range, &new);
        }
        Some(text)
    }

    /// What stands from one token to another.
    pub fn text_between(&self, first: Location, last: Location) -> Option<&str> {
        let token = |at: Location| self.tokens().get(self.token(at)?);
        self.gated.text.get(self.range(token(first)?.start, token(last)?.end())?)
    }

    /// What stands from the token at one position to that at another.
    pub fn text_of_tokens(&self, first: usize, last: usize) -> Option<&str> {
        let (first, last) = (self.tokens().get(first)?, self.tokens().get(last)?);
        self.gated.text.get(self.range(first.start, last.end())?)
    }

    /// Tokens count from where the text given began.
    fn range(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let origin = self.gated.tokens.first()?.start;
        Some(start.checked_sub(origin)?..end.checked_sub(origin)?)
    }
}

impl Edits {
    /// Puts `text` in the place of the names from `first` to `last`.
    pub fn replace(&mut self, source: &Source<'_>, first: &Ident, last: &Ident, text: String) {
        let token = |ident: &Ident| source.tokens().get(source.token(ident.span.start)?);
        if let (Some(first), Some(last)) = (token(first), token(last)) {
            self.0.push(Edit { start: first.start, end: last.end(), text });
        }
    }

    /// Adds text before the name `first`, and other text behind the name `last`.
    pub fn insert_around(
        &mut self,
        source: &Source<'_>,
        first: &Ident,
        last: &Ident,
        before: &str,
        behind: String,
    ) {
        let token = |ident: &Ident| source.tokens().get(source.token(ident.span.start)?);
        if let (Some(first), Some(last)) = (token(first), token(last)) {
            let before = before.to_owned();
            self.0.push(Edit { start: first.start, end: first.start, text: before });
            self.insert_behind(last, behind);
        }
    }

    /// Puts `text` in the place of the tokens from `first` to `last`.
    pub fn replace_tokens(&mut self, first: &Token<'_>, last: &Token<'_>, text: String) {
        self.0.push(Edit { start: first.start, end: last.end(), text });
    }

    /// Puts `text` in the place of the tokens from the one at `first` to the one at `last`.
    pub fn replace_at(
        &mut self,
        source: &Source<'_>,
        first: Location,
        last: Location,
        text: String,
    ) {
        let token = |at: Location| source.tokens().get(source.token(at)?);
        if let (Some(first), Some(last)) = (token(first), token(last)) {
            self.replace_tokens(first, last, text);
        }
    }

    /// Takes the tokens from `first` to `last` out.
    pub fn remove(&mut self, first: &Token<'_>, last: &Token<'_>) {
        self.replace_tokens(first, last, String::new());
    }

    /// Adds `text` behind a token.
    pub fn insert_behind(&mut self, token: &Token<'_>, text: String) {
        self.0.push(Edit { start: token.end(), end: token.end(), text });
    }
}

/// In one pass: a statement may have thousands of names.
fn starts(text: &str, ends: &[usize]) -> Vec<(u64, u64)> {
    let mut starts = Vec::with_capacity(ends.len());
    let (mut line, mut column) = (1, 1);
    // A token begins behind the blank behind the one before.
    let mut begins = std::iter::once(0).chain(ends.iter().map(|end| end + 1)).peekable();
    for (index, c) in text.char_indices() {
        if begins.next_if_eq(&index).is_some() {
            starts.push((line, column));
        }
        if c == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    starts
}

/// Whether a word stands where it can only be a name.
fn is_label(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_some_and(|before| before.is_word("as") || before.is_punct("."))
}
