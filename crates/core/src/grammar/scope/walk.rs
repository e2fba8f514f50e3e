//! The walk over a statement's tokens.
//!
//! Owns the stack of query levels and parentheses, and in which order tokens come to them.
//! What names mean is in [`super::resolve`], what words do in [`super::keywords`], what parentheses hold in
//! [`super::parens`].

use super::Violation;
use super::level::{Clause, Level, Output, Role};
use super::names::Chain;
use super::resolve::BEFORE_OPERANDS;
use crate::grammar::catalog::Catalog;
use crate::grammar::words::is_in;
use crate::sql::{Token, TokenKind};

/// A query level or a parenthesis.
#[derive(Debug)]
pub(super) enum Frame {
    Query(Box<Level>),
    Paren(Paren),
}

/// A parenthesis that holds no query.
#[derive(Debug)]
pub(super) struct Paren {
    pub kind: Kind,
    /// Nothing has come in it yet.
    pub fresh: bool,
    /// Names collected, where that is what it holds.
    pub names: Vec<String>,
}

/// What a parenthesis holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Expression,
    Cast,
    Extract,
    Window,
    DistinctOn,
    /// Joined items.
    Group,
    /// Column names, or definitions of columns.
    Names,
}

/// Reads tokens from left to right.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    pub catalog: &'a Catalog,
    pub frames: Vec<Frame>,
    pub violation: Option<Violation>,
    /// The chain of names at the end of the text, which may go on.
    pub pending: Option<Chain>,
    /// The last token, if it was a bare word, and the one before it.
    pub previous: String,
    pub before: String,
    pub after_comma: bool,
    pub after_string: bool,
    /// An operand has just ended.
    pub operand: bool,
    pub type_next: bool,
    pub label_next: bool,
    pub skip_next: bool,
    pub lateral: bool,
}

impl<'a> Walker<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            frames: vec![Frame::Query(Box::new(Level::new(Role::Top, None)))],
            violation: None,
            pending: None,
            previous: String::new(),
            before: String::new(),
            after_comma: false,
            after_string: false,
            operand: false,
            type_next: false,
            label_next: false,
            skip_next: false,
            lateral: false,
        }
    }

    /// Takes all tokens; stops at the first violation.
    pub fn run(&mut self, tokens: &[Token<'_>], complete: bool) {
        let mut at = 0;
        while let Some((token, rest)) = tokens.get(at..).and_then(<[_]>::split_first) {
            if self.violation.is_some() {
                return;
            }
            let mut word = String::new();
            let (mut comma, mut string) = (false, false);
            at += 1;
            match token.kind {
                TokenKind::Word if !self.label_next && self.keyword(token, rest.first()) => {
                    word = token.text.to_ascii_lowercase();
                }
                TokenKind::Word | TokenKind::QuotedName => {
                    let chain = Chain::read(tokens.get(at - 1..).unwrap_or_default());
                    let next = tokens.get(at - 1 + chain.tokens);
                    let begins = chain.word().is_some_and(|word| is_in(BEFORE_OPERANDS, word));
                    if next.is_none() && !complete && !begins {
                        self.pending = Some(chain);
                        return;
                    }
                    at += chain.tokens.saturating_sub(1);
                    self.name(&chain, next);
                    word = chain.word().unwrap_or_default().to_owned();
                }
                TokenKind::Punct => {
                    comma = token.text == ",";
                    self.punctuation(token, rest.first());
                    if token.text == "(" {
                        self.shift(String::new(), false, false);
                        continue;
                    }
                }
                TokenKind::Operator => self.operator(token.text),
                TokenKind::String | TokenKind::Number | TokenKind::Parameter => {
                    string = token.kind == TokenKind::String;
                    self.unnamed();
                    self.operand = true;
                }
                TokenKind::Comment => {}
            }
            if let Some(Frame::Paren(paren)) = self.frames.last_mut() {
                paren.fresh = false;
            }
            self.shift(word, comma, string);
        }
        if complete && self.violation.is_none() {
            for frame in (0..self.frames.len()).rev() {
                self.end_items(frame);
            }
        }
    }

    fn shift(&mut self, word: String, comma: bool, string: bool) {
        self.before = std::mem::replace(&mut self.previous, word);
        self.after_comma = comma;
        self.after_string = string;
    }

    /// The number of the innermost query level's frame.
    pub fn current(&self) -> usize {
        self.frames.iter().rposition(|frame| matches!(frame, Frame::Query(_))).unwrap_or(0)
    }

    pub fn level(&self, frame: usize) -> Option<&Level> {
        match self.frames.get(frame) {
            Some(Frame::Query(level)) => Some(level),
            _ => None,
        }
    }

    pub fn level_mut(&mut self, frame: usize) -> Option<&mut Level> {
        match self.frames.get_mut(frame) {
            Some(Frame::Query(level)) => Some(level),
            _ => None,
        }
    }

    pub fn clause(&self) -> Clause {
        self.level(self.current()).map_or(Clause::Expression, |level| level.clause)
    }

    pub fn set_clause(&mut self, clause: Clause) {
        let current = self.current();
        if let Some(level) = self.level_mut(current) {
            level.clause = clause;
        }
    }

    /// What the innermost parenthesis holds; none where that is a query.
    pub fn kind(&self) -> Option<Kind> {
        match self.frames.last() {
            Some(Frame::Paren(paren)) => Some(paren.kind),
            _ => None,
        }
    }

    /// Whether the tokens are the level's own, not inside of an expression's parentheses.
    pub fn at_level(&self) -> bool {
        self.kind().is_none()
    }

    /// Whether the tokens are those of a `FROM` clause itself.
    pub fn in_from(&self) -> bool {
        matches!(self.kind(), None | Some(Kind::Group))
    }

    /// Notes a part of an output column that gives it no name.
    pub fn unnamed(&mut self) {
        self.output(Output::Unnamed);
    }

    pub fn output(&mut self, output: Output) {
        if self.at_level() && self.clause() == Clause::Targets {
            let current = self.current();
            if let Some(level) = self.level_mut(current) {
                level.output = Some(match level.output {
                    None | Some(Output::Open) if matches!(output, Output::Open) => output,
                    None => output,
                    Some(_) => Output::Unnamed,
                });
            }
        }
    }

    /// Notes a part that may give the output column any name.
    pub fn open_output(&mut self) {
        self.output(Output::Open);
        let current = self.current();
        if self.at_level()
            && let Some(output) = self.level_mut(current).and_then(|level| level.output.as_mut())
        {
            *output = Output::Open;
        }
    }

    pub fn end_output(&mut self, frame: usize) {
        if let Some(level) = self.level_mut(frame)
            && let Some(output) = level.output.take()
        {
            level.outputs.push(output);
        }
    }

    /// The items of a level are all there: what has waited for them is judged.
    pub fn end_items(&mut self, frame: usize) {
        self.end_output(frame);
        let Some(level) = self.level_mut(frame) else { return };
        if !level.knows_items() {
            level.clause = Clause::Expression;
        }
        for reference in std::mem::take(&mut level.waiting) {
            self.resolve(frame, reference);
        }
    }
}
