//! PostgreSQL's lexical rules, as `scan.l` of PostgreSQL 15 to 18 has them.
//!
//! Owns the cutting of text into tokens: what is a string, a comment or a name decides where a
//! statement ends, so the policy counts statements here and nowhere else. It judges nothing.
//! Assumes `standard_conforming_strings = on`, which the sandbox pins; the server's own parser
//! has the last word. Called by [`super::candidate`], [`super::gate`] and [`super::format`].

use std::borrow::Cow;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Keyword or unquoted name.
    Word,
    /// `"name"` or `U&"name"`.
    QuotedName,
    /// Any string constant, with its continuations on later lines.
    String,
    /// Numeric constant.
    Number,
    /// `$1`.
    Parameter,
    /// A run of operator characters, or `::`, `:=`.
    Operator,
    /// One of `, ( ) [ ] . ; :`.
    Punct,
    /// `--` to the end of the line, or `/* */` with nesting.
    Comment,
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub kind: TokenKind,
    pub text: &'a str,
    /// Byte offset of its first byte.
    pub start: usize,
}

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
    /// A character that begins no token, such as psql's backslash.
    #[error("unexpected character {0:?} at byte {1}")]
    UnexpectedCharacter(char, usize),
}

impl<'a> Token<'a> {
    /// Byte offset just behind the token.
    pub fn end(&self) -> usize {
        self.start.saturating_add(self.text.len())
    }

    /// Whether this is the unquoted word `word`, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether this is one of these unquoted words.
    pub fn is_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether this is that punctuation mark.
    pub fn is_punct(&self, mark: &str) -> bool {
        self.kind == TokenKind::Punct && self.text == mark
    }

    /// The name the server reads: folded if unquoted, unescaped if quoted; none for other tokens.
    /// `UESCAPE` is not considered: the gate refuses it.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        match self.kind {
            TokenKind::Word if self.text.bytes().any(|b| b.is_ascii_uppercase()) => {
                Some(self.text.to_ascii_lowercase().into())
            }
            TokenKind::Word => Some(self.text.into()),
            TokenKind::QuotedName => Some(quoted_name(self.text)),
            _ => None,
        }
    }
}

fn quoted_name(text: &str) -> Cow<'_, str> {
    let unicode = text.starts_with(['U', 'u']);
    let body = text.trim_start_matches(['U', 'u', '&']);
    let body = body.strip_prefix('"').and_then(|b| b.strip_suffix('"')).unwrap_or(body);
    let body: Cow<'_, str> =
        if body.contains("\"\"") { body.replace("\"\"", "\"").into() } else { body.into() };
    if unicode { unescape(&body).into() } else { body }
}

/// `\XXXX` and `\+XXXXXX` of `U&""`. What is not a valid escape stays as it is: the server
/// refuses the statement then.
fn unescape(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let after = escape.get(1..).unwrap_or_default();
        let (digits, len) = match after.strip_prefix('+') {
            Some(long) => (long.get(..6), 7),
            None => (after.get(..4), 4),
        };
        let decoded = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32);
        if let Some(c) = decoded {
            out.push(c);
            rest = after.get(len..).unwrap_or_default();
        } else {
            out.push('\\');
            rest = after.strip_prefix('\\').unwrap_or(after);
        }
    }
    out.push_str(rest);
    out
}

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
            _ if is_operator(first) => {
                self.operator();
                Ok(TokenKind::Operator)
            }
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

    fn operator(&mut self) {
        let run = self.rest().bytes().take_while(|b| is_operator(*b)).count();
        let text = self.rest().get(..run).unwrap_or_default();
        let comment = ["--", "/*"].iter().filter_map(|mark| text.find(mark)).min();
        let mut len = comment.unwrap_or(run);
        // A longer operator ends in + or - only if it holds one of these: `=-1` is `=` and `-1`.
        let head = text.get(..len).unwrap_or_default();
        if len > 1 && !head.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?']) {
            len = head.trim_end_matches(['+', '-']).len().max(1);
        }
        self.at += len.max(1);
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
        ] {
            assert_eq!(texts(sql), expected, "{sql}");
        }
    }

    #[test]
    fn names_are_what_the_server_makes_of_them() {
        for (sql, name) in [
            ("Foo", "foo"),
            ("\"Foo\"", "Foo"),
            ("\"a\"\"b\"", "a\"b"),
            ("U&\"pg\\005Fsleep\"", "pg_sleep"),
            ("u&\"\\+000070g\"", "pg"),
            ("\"U&x\"", "U&x"),
        ] {
            let token = tokens(sql).unwrap().remove(0);
            assert_eq!(token.name().unwrap(), name, "{sql}");
        }
    }

    #[test]
    fn text_that_ends_too_early_is_an_error() {
        for sql in ["'a", "E'\\'", "\"a", "/* /* */", "$a$ $b$", "$a", "\\d", "{x}"] {
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
