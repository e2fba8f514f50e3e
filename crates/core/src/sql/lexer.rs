//! PostgreSQL's lexical rules, as `scan.l` of PostgreSQL 15 to 18 has them.
//!
//! Owns the cutting of text into tokens: what is a string, a comment or a name decides where a
//! statement ends, so the policy counts statements here and nowhere else. It judges nothing.
//! Assumes `standard_conforming_strings = on`, which the sandbox pins; the server's own parser
//! has the last word. Reads every byte a bounded number of times, whatever the text.
//! Called by [`super::candidate`], [`super::gate`] and [`super::format`].

use super::token::{Token, TokenKind};

/// Text no PostgreSQL lexer accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LexError {
    /// A quote is never closed.
    #[error("unterminated string at byte {0}")]
    UnterminatedString(usize),
    /// `"` is never closed.
    #[error("unterminated quoted name at byte {0}")]
    UnterminatedName(usize),
    /// `/*` is never closed.
    #[error("unterminated comment at byte {0}")]
    UnterminatedComment(usize),
    /// More than 63 operator characters in a row: the server takes no operator this long, and
    /// cuts the rest of the run again for every token.
    #[error("operator too long at byte {0}")]
    OperatorTooLong(usize),
    /// A character that begins no token, such as psql's backslash.
    #[error("unexpected character {0:?} at byte {1}")]
    UnexpectedCharacter(char, usize),
}

/// Longest operator, bytes: `NAMEDATALEN - 1`, as `scan.l` has it.
const MAX_OPERATOR: usize = 63;

/// All tokens of `sql`, comments included.
pub(crate) fn tokens(sql: &str) -> Result<Vec<Token<'_>>, LexError> {
    Lexer::new(sql).collect()
}

/// Yields the tokens of a text; fused after the first error.
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Token<'a>, LexError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
        let start = self.at;
        let first = self.peek(0)?;
        match self.token(first) {
            Ok(kind) => {
                let text = self.sql.get(start..self.at).unwrap_or_default();
                Some(Ok(Token { kind, text, start }))
            }
            Err(error) => {
                self.at = self.sql.len();
                Some(Err(error))
            }
        }
    }
}

impl<'a> Lexer<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self { sql, at: 0 }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.sql.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&accept) {
            self.at += 1;
        }
    }

    fn token(&mut self, first: u8) -> Result<TokenKind, LexError> {
        match (first, self.peek(1)) {
            (b'-', Some(b'-')) => {
                self.skip_while(|b| !is_newline(b));
                Ok(TokenKind::Comment)
            }
            (b'/', Some(b'*')) => self.block_comment(),
            (b'\'', _) => self.string(false),
            (b'E' | b'e', Some(b'\'')) => {
                self.at += 1;
                self.string(true)
            }
            (b'B' | b'b' | b'X' | b'x' | b'N' | b'n', Some(b'\'')) => {
                self.at += 1;
                self.string(false)
            }
            (b'U' | b'u', Some(b'&')) if self.peek(2) == Some(b'\'') => {
                self.at += 2;
                self.string(false)
            }
            (b'U' | b'u', Some(b'&')) if self.peek(2) == Some(b'"') => {
                self.at += 2;
                self.quoted()
            }
            (b'"', _) => self.quoted(),
            (b'$', Some(b'0'..=b'9')) => {
                self.at += 1;
                self.skip_while(|b| b.is_ascii_digit());
                Ok(TokenKind::Parameter)
            }
            (b'$', _) => self.dollar_string(),
            (b'0'..=b'9', _) | (b'.', Some(b'0'..=b'9')) => Ok(self.number()),
            (b':', Some(b':' | b'=')) | (b'.', Some(b'.')) => {
                self.at += 2;
                Ok(TokenKind::Operator)
            }
            (b',' | b'(' | b')' | b'[' | b']' | b'.' | b';' | b':', _) => {
                self.at += 1;
                Ok(TokenKind::Punct)
            }
            _ if is_word_start(first) => {
                self.skip_while(|b| is_word_start(b) || b.is_ascii_digit() || b == b'$');
                Ok(TokenKind::Word)
            }
            _ if is_operator(first) => self.operator(),
            _ => {
                let c = self.rest().chars().next().unwrap_or('\u{fffd}');
                Err(LexError::UnexpectedCharacter(c, self.at))
            }
        }
    }

    fn block_comment(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(TokenKind::Comment);
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(LexError::UnterminatedComment(start)),
            }
        }
    }

    /// From the opening quote to the end of the last continuation.
    fn string(&mut self, backslash_escapes: bool) -> Result<TokenKind, LexError> {
        let start = self.at;
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'\\'), Some(_)) if backslash_escapes => self.at += 2,
                (Some(b'\''), Some(b'\'')) => self.at += 2,
                (Some(b'\''), _) => {
                    self.at += 1;
                    match self.continuation() {
                        Some(quote) => self.at = quote + 1,
                        None => return Ok(TokenKind::String),
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(LexError::UnterminatedString(start)),
            }
        }
    }

    /// Where the next quote stands, if nothing but white space with a newline, and comments to
    /// the end of a line, is in between: it continues the string, under the string's own rules.
    fn continuation(&self) -> Option<usize> {
        let bytes = self.sql.as_bytes();
        let mut at = self.at;
        let mut newline = false;
        loop {
            match (bytes.get(at).copied(), bytes.get(at + 1).copied()) {
                (Some(b), _) if is_space(b) => {
                    newline |= is_newline(b);
                    at += 1;
                }
                (Some(b'-'), Some(b'-')) => {
                    while bytes.get(at).is_some_and(|b| !is_newline(*b)) {
                        at += 1;
                    }
                }
                (Some(b'\''), _) if newline => return Some(at),
                _ => return None,
            }
        }
    }

    fn quoted(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        self.at += 1;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'"'), Some(b'"')) => self.at += 2,
                (Some(b'"'), _) => {
                    self.at += 1;
                    return Ok(TokenKind::QuotedName);
                }
                (Some(_), _) => self.at += 1,
                (None, _) => return Err(LexError::UnterminatedName(start)),
            }
        }
    }

    fn dollar_string(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        let text = self.rest();
        let tag_end = text
            .bytes()
            .skip(1)
            .position(|b| !(is_word_start(b) || b.is_ascii_digit()))
            .map(|n| n + 1);
        let delimiter =
            tag_end.filter(|&end| text.as_bytes().get(end) == Some(&b'$')).map(|end| end + 1);
        let Some((delimiter, body)) = delimiter.and_then(|end| text.split_at_checked(end)) else {
            return Err(LexError::UnexpectedCharacter('$', start));
        };
        match body.find(delimiter) {
            Some(close) => {
                self.at += 2 * delimiter.len() + close;
                Ok(TokenKind::String)
            }
            None => Err(LexError::UnterminatedString(start)),
        }
    }

    fn number(&mut self) -> TokenKind {
        let digits = |b: u8| b.is_ascii_digit() || b == b'_';
        if self.peek(0) == Some(b'0')
            && matches!(self.peek(1), Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B'))
            && self.peek(2).is_some_and(|b| b.is_ascii_hexdigit() || b == b'_')
        {
            self.at += 2;
            self.skip_while(|b| b.is_ascii_hexdigit() || b == b'_');
            return TokenKind::Number;
        }
        self.skip_while(digits);
        if self.peek(0) == Some(b'.') && self.peek(1) != Some(b'.') {
            self.at += 1;
            self.skip_while(digits);
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.peek(1), Some(b'+' | b'-')));
            if self.peek(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                self.at += 1 + sign;
                self.skip_while(digits);
            }
        }
        TokenKind::Number
    }

    fn operator(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let mut run = 0;
        while let Some(byte) = bytes.get(run).copied().filter(|b| is_operator(*b)) {
            if matches!((byte, bytes.get(run + 1)), (b'-', Some(b'-')) | (b'/', Some(b'*'))) {
                break;
            }
            if run == MAX_OPERATOR {
                return Err(LexError::OperatorTooLong(start));
            }
            run += 1;
        }
        let text = self.rest().get(..run).unwrap_or_default();
        // A longer operator ends in + or - only if it holds one of these: `=-1` is `=` and `-1`.
        let len = if text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
            run
        } else {
            text.trim_end_matches(['+', '-']).len()
        };
        self.at += len.max(1);
        Ok(TokenKind::Operator)
    }
}

/// Vertical tab is white space since PostgreSQL 16 and an error before.
fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x0b)
}

fn is_newline(b: u8) -> bool {
    matches!(b, b'\n' | b'\r')
}

/// Every byte beyond ASCII is a letter to the server, the no-break space too.
fn is_word_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

fn is_operator(b: u8) -> bool {
    matches!(
        b,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).unwrap().into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn tokens_are_cut_where_the_server_cuts_them() {
        for (sql, expected) in [
            ("SELECT 1", &["SELECT", "1"][..]),
            ("a.b::int[1:2]", &["a", ".", "b", "::", "int", "[", "1", ":", "2", "]"]),
            ("'it''s' E'\\'' $$;$$ $a$ $b$ $a$", &["'it''s'", "E'\\''", "$$;$$", "$a$ $b$ $a$"]),
            ("a$b$c", &["a$b$c"]),
            ("$1 1.5e-3 .5 1..2 0x1F", &["$1", "1.5e-3", ".5", "1", "..", "2", "0x1F"]),
            ("a=-1", &["a", "=", "-", "1"]),
            ("a@-1 x->>'k' *--c", &["a", "@-", "1", "x", "->>", "'k'", "*", "--c"]),
            ("1+/*c*/2", &["1", "+", "/*c*/", "2"]),
            ("/* a /* b */ c */ x", &["/* a /* b */ c */", "x"]),
            ("-- a\rb", &["-- a", "b"]),
            ("'a'\n  'b', 'c' 'd'", &["'a'\n  'b'", ",", "'c'", "'d'"]),
            ("'a' -- x\n'b'", &["'a' -- x\n'b'"]),
            ("E'a'\n'\\'; DROP' x", &["E'a'\n'\\'; DROP'", "x"]),
            ("'\\'; x", &["'\\'", ";", "x"]),
            ("U&\"d\\0061ta\" U&'x' B'1'", &["U&\"d\\0061ta\"", "U&'x'", "B'1'"]),
            ("\u{a0}x", &["\u{a0}x"]),
            ("1+/*c*/-+-2<@-3", &["1", "+", "/*c*/", "-", "+", "-", "2", "<@-", "3"]),
            ("1 =-- ===\n2", &["1", "=", "-- ===", "2"]),
        ] {
            assert_eq!(texts(sql), expected, "{sql}");
        }
    }

    #[test]
    fn text_that_ends_too_early_is_an_error() {
        for sql in
            ["'a", "E'\\'", "\"a", "/* /* */", "$a$ $b$", "$a", "\\d", "{x}", &"+".repeat(64)]
        {
            assert!(tokens(sql).is_err(), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_loss(sql in "[ -~\n'\"$\\\\é/*-]{0,80}") {
            if let Ok(tokens) = tokens(&sql) {
                let mut at = 0;
                for token in &tokens {
                    prop_assert!(sql[at..token.start].bytes().all(is_space));
                    prop_assert_eq!(&sql[token.start..token.end()], token.text);
                    at = token.end();
                }
                prop_assert!(sql[at..].bytes().all(is_space));
            }
        }
    }
}
