//! What of a column is kept in the index of stored values, and under which key.
//!
//! A question and a value meet in the key: words in lower case without plural, accents and
//! punctuation. Called by the extension when it fills the index, and by [`super::lookup`].

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::words::{is_stop_word, split};

/// Longest value kept, characters: the prompt shows no more.
pub const MAX_VALUE: usize = 40;
/// Shorter values are codes, which have to stand in the question as they are.
const MIN_WORD: usize = 3;
/// A word of letters and digits that is as long is nobody's word.
const MIN_TOKEN: usize = 16;
/// Digits that make a number of an account, a card or a telephone.
const MIN_DIGITS: usize = 8;

/// The key of a value; `None` where no question can name it.
#[must_use]
pub fn key(value: &str) -> Option<String> {
    let length = value.chars().count();
    if length > MAX_VALUE || value.chars().any(char::is_control) {
        return None;
    }
    if length < MIN_WORD {
        return code(value);
    }
    let words = split(&plain(value));
    let words = without_article(&words);
    let has_letter = words.iter().any(|word| word.contains(char::is_alphabetic));
    let says = words.iter().any(|word| !is_stop_word(word));
    (has_letter && says).then(|| words.join(" "))
}

/// The key of a code like `WA`; it is no key of words, which begin otherwise.
pub(super) fn code(text: &str) -> Option<String> {
    let is_code = text.chars().count() == MIN_WORD - 1
        && text.chars().all(char::is_alphanumeric)
        && text.chars().any(char::is_uppercase);
    is_code.then(|| format!("={text}"))
}

/// Whether a value looks like something to be kept from people: an address, a number of an account,
/// a key. Nobody has to look through a column whose name says nothing of it.
#[must_use]
pub fn looks_secret(value: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let is_token = |word: &str| {
        word.chars().count() >= MIN_TOKEN && digits(word) > 0 && word.contains(char::is_alphabetic)
    };
    value.contains('@')
        || (digits(value) >= MIN_DIGITS && digits(value) > letters)
        || value.split_whitespace().any(is_token)
}

/// Letters without accents.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect()
}

/// "The Beatles" are asked for as Beatles.
fn without_article(words: &[String]) -> &[String] {
    match words {
        [first, rest @ ..] if is_article(first) && !rest.is_empty() => rest,
        all => all,
    }
}

/// Whether a value's first word is left out of its key.
pub(super) fn is_article(word: &str) -> bool {
    matches!(word, "the" | "a" | "an")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_a_value_have_one_key() {
        for (values, wanted) in [
            (&["Comp. Sci.", "comp-sci", "COMP SCI"][..], "comp sci"),
            (&["São Paulo", "Sao Paulo", "sao  paulo"], "sao paulo"),
            (&["The Beatles", "Beatles"], "beatle"),
            (&["In-Transit", "in transit"], "in transit"),
            (&["WA"], "=WA"),
            (&["東京タワー"], "東京タワー"),
        ] {
            for value in values {
                assert_eq!(key(value).as_deref(), Some(wanted), "{value}");
            }
        }
    }

    #[test]
    fn what_no_question_can_name_has_no_key() {
        for value in ["", "x", "wa", "the", "2023", "+-", "a\nb", &"long ".repeat(20)] {
            assert_eq!(key(value), None, "{value:?}");
        }
    }

    #[test]
    fn what_looks_secret_is_told_from_names() {
        for value in [
            "ada@example.org",
            "DE89 3704 0044 0532 0130 00",
            "550e8400-e29b-41d4-a716-446655440000",
            "+49 30 1234567",
            "sk_live_4eC39HqLyjWDarjtT1",
        ] {
            assert!(looks_secret(value), "{value}");
        }
        for value in ["Berlin", "Boeing 747-400", "Unterwasserarchäologie", "4x4", "Route 66"] {
            assert!(!looks_secret(value), "{value}");
        }
    }

    /// Words in small letters or with a capital first, and numbers. Capitals within a word begin
    /// another, and an `ß` becomes two letters, so such words have other keys in capitals.
    const WORDS: &str = "([A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]{1,8}|[0-9]{1,4})\
                         ([ .'-]{1,2}([A-ZÀ-ÖØ-Þ]?[a-zà-öø-ÿ]{1,8}|[0-9]{1,4})){0,4}";

    proptest! {
        #[test]
        fn capitals_do_not_change_a_key(value in WORDS) {
            if value.chars().count() >= MIN_WORD {
                prop_assert_eq!(key(&value), key(&value.to_uppercase()));
            }
        }

        #[test]
        fn a_key_has_no_space_around_it(value in "[A-Za-zÀ-ÿ0-9 .'-]{3,40}") {
            if let Some(key) = key(&value) {
                prop_assert!(!key.is_empty() && key.trim() == key, "{key:?}");
            }
        }

        #[test]
        fn no_text_breaks_it(value in "\\PC{0,60}") {
            let _ = (key(&value), looks_secret(&value));
        }
    }
}
