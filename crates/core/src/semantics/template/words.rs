//! The words by which questions are compared with templates: all of them, but for their case.
//!
//! Unlike in [`crate::link`], endings count: "the top customer" and "the top customers" are different
//! questions. Signs that may mean something are words of their own. Called by [`super::pattern`].

/// Words that are left out wherever they stand.
const IDLE: &[&str] = &["the", "please"];

/// A word, or a sign that may mean something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case.
    pub text: String,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl Word {
    /// Whether it says nothing.
    pub fn is_idle(&self) -> bool {
        IDLE.contains(&self.text.as_str())
    }
}

/// The words of a text. Punctuation that only ends or surrounds words is none.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            let rest = text.get(start..)?;
            let first = rest.chars().next()?;
            let length = match first.is_alphanumeric() {
                true => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            at += length;
            let written = rest.get(..length)?;
            let before = text.get(..start)?.chars().next_back();
            let behind = text.get(at..)?.chars().next();
            if first.is_alphanumeric() || is_sign(first, before, behind) {
                let text = match first {
                    '\u{2019}' => "'".to_owned(),
                    _ => written.to_lowercase(),
                };
                return Some(Word { text, start, end: at });
            }
        }
    })
}

/// Whether a character between words may mean something there.
fn is_sign(c: char, before: Option<char>, behind: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match c {
        // `2.5`, `.5`, `1,000`, `9:30`, but no end of a clause.
        '.' | ',' | ':' => is_word(behind),
        // `O'Brien`, but no quotes.
        '\'' | '\u{2019}' => is_word(before) && is_word(behind),
        '?' | '!' | ';' | '"' | '(' | ')' => false,
        '\u{2018}' | '\u{201c}' | '\u{201d}' | '\u{2026}' => false,
        c => !c.is_whitespace(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_mean_something_is_a_word() {
        for (text, expected) in [
            ("Revenue of \"Oslo\", in 2024?", &["revenue", "of", "oslo", "in", "2024"][..]),
            ("above 2.5 (net).", &["above", "2", ".", "5", "net"]),
            ("-5% of .5 and 1,000", &["-", "5", "%", "of", ".", "5", "and", "1", ",", "000"]),
            ("O\u{2019}Brien's 'Paris'", &["o", "'", "brien", "'", "s", "paris"]),
            ("a&b <> c/d", &["a", "&", "b", "<", ">", "c", "/", "d"]),
            ("x\u{200b}y", &["x", "\u{200b}", "y"]),
            ("", &[]),
        ] {
            let found: Vec<String> = words(text).map(|word| word.text).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn endings_count() {
        let of = |text| words(text).map(|word| word.text).collect::<Vec<_>>();
        assert_ne!(of("top customer"), of("top customers"));
        assert_eq!(of("Top CUSTOMER"), of("top customer"));
    }
}
