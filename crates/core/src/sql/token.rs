//! [`Token`]: a piece of SQL text, and the name it stands for.
//!
//! Must agree with the server about names: the gate compares them with its lists. Cut by
//! [`super::lexer`], which owns where tokens end.

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

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;

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
}
