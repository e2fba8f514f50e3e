//! Chains of names (`a`, `a.b`, `a.*`) and what a place makes of them.

use crate::sql::{Token, TokenKind};

/// Names joined by dots.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Names as the server reads them, with the offsets they begin at; `*` for all columns.
    pub parts: Vec<(String, usize)>,
    /// Whether the first is written in quotes.
    pub quoted: bool,
    /// Whether a dot follows the last.
    pub dot: bool,
    /// Tokens it takes.
    pub tokens: usize,
}

impl Chain {
    /// The chain that begins with the first of `tokens`, which is a name.
    pub fn read(tokens: &[Token<'_>]) -> Self {
        let mut chain = Self { parts: Vec::new(), quoted: false, dot: false, tokens: 0 };
        for token in tokens {
            let wants_name = chain.dot || chain.parts.is_empty();
            if wants_name {
                let star = chain.dot && token.kind == TokenKind::Operator && token.text == "*";
                let name = if star { Some("*".into()) } else { token.name() };
                let Some(name) = name else { break };
                chain.quoted |= chain.parts.is_empty() && token.kind == TokenKind::QuotedName;
                chain.parts.push((name.into_owned(), token.start));
                chain.dot = false;
            } else if token.is_punct(".") && chain.last() != "*" {
                chain.dot = true;
            } else {
                break;
            }
            chain.tokens += 1;
        }
        chain
    }

    /// The last name.
    pub fn last(&self) -> &str {
        self.parts.last().map(|(name, _)| name.as_str()).unwrap_or_default()
    }

    /// The only name, if it is written without quotes.
    pub fn word(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [(name, _)] if !self.quoted && !self.dot => Some(name),
            _ => None,
        }
    }
}
