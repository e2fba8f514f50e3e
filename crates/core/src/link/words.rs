//! Words of names and of questions, in a form in which they can be equal.
//!
//! Owns the splitting of identifiers and a light English stemming. Called by [`super::rank`],
//! [`super::values`], the guessing of keys and [`crate::sql::mend()`].

/// Words that say nothing about a schema, stemmed like the others.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "about", "above", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "been", "below", "between", "both", "but", "by", "can", "could", "do", "doe", "each", "find",
    "for", "from", "get", "give", "had", "ha", "have", "her", "hi", "how", "i", "if", "in", "into",
    "is", "it", "just", "least", "less", "list", "many", "me", "more", "most", "much", "my", "no",
    "not", "of", "on", "one", "only", "or", "our", "out", "over", "per", "please", "return", "same",
    "show", "so", "some", "tell", "than", "that", "the", "their", "them", "then", "there", "these",
    "they", "thi", "those", "to", "under", "up", "us", "wa", "want", "we", "were", "what", "when",
    "where", "which", "who", "whose", "will", "with", "would", "you", "your",
];

/// Whether a stemmed word says nothing about a schema.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

/// A word as it stands in a text, and its stem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelled<'t> {
    pub stem: String,
    pub written: &'t str,
}

/// The stemmed words of a name or a text: split at everything but letters and digits, at the
/// humps of `camelCase`, and between letters and digits.
pub(crate) fn split(text: &str) -> Vec<String> {
    spelled(text).into_iter().map(|word| word.stem).collect()
}

/// The same words with their spelling.
pub(crate) fn spelled(text: &str) -> Vec<Spelled<'_>> {
    let mut words = Vec::new();
    let mut begun: Option<usize> = None;
    let mut last: Option<char> = None;
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() {
            words.extend(begun.take().and_then(|from| word(text, from, at)));
            last = None;
            continue;
        }
        let hump = last.is_some_and(|l| {
            (l.is_lowercase() && c.is_uppercase()) || l.is_numeric() != c.is_numeric()
        });
        if hump {
            words.extend(begun.take().and_then(|from| word(text, from, at)));
        }
        begun = begun.or(Some(at));
        last = Some(c);
    }
    words.extend(begun.and_then(|from| word(text, from, text.len())));
    words
}

fn word(text: &str, from: usize, to: usize) -> Option<Spelled<'_>> {
    let written = text.get(from..to)?;
    Some(Spelled { stem: stem(&written.to_lowercase()), written })
}

/// Takes the commonest endings off: plural, -ed, -ing. Both sides are stemmed alike, so it need
/// not give real words, only equal ones.
fn stem(word: &str) -> String {
    let strip = |suffix: &str, min_left: usize| {
        word.strip_suffix(suffix).filter(|left| left.chars().count() >= min_left)
    };
    if let Some(left) = strip("ies", 2) {
        return format!("{left}y");
    }
    for suffix in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(suffix) {
            return word.strip_suffix("es").unwrap_or(word).to_owned();
        }
    }
    // "Buses" and "statuses", but not "houses", "causes" and "excuses".
    if let Some(left) = word.strip_suffix("es").filter(|left| left.ends_with("us"))
        && !["ous", "aus", "cus"].iter().any(|end| left.ends_with(end))
        && left.len() > 2
    {
        return left.to_owned();
    }
    if word.ends_with("ss") || word.ends_with("us") {
        return word.to_owned();
    }
    if let Some(left) = strip("s", 2) {
        return left.to_owned();
    }
    if let Some(left) = strip("ing", 4).or_else(|| strip("ed", 4)) {
        return left.to_owned();
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_questions_meet() {
        for (text, words) in [
            ("customer_id", &["customer", "id"][..]),
            ("orderItems", &["order", "item"]),
            ("HTTPStatus2", &["httpstatus", "2"]),
            ("Which cities?", &["which", "city"]),
            ("classes addresses boxes", &["class", "address", "box"]),
            ("status statuses", &["status", "status"]),
            ("buses houses uses", &["bus", "house", "use"]),
            ("ordered shipping", &["order", "shipp"]),
            ("naïve 東京", &["naïve", "東京"]),
            ("", &[]),
        ] {
            assert_eq!(split(text), words, "{text}");
        }
    }

    #[test]
    fn stop_words_are_in_stemmed_form() {
        for word in STOP_WORDS {
            assert_eq!(split(word), [*word]);
        }
        assert!(split("does his this was has").iter().all(|w| is_stop_word(w)));
    }
}
