//! The words of a question that a rule listens to.

/// Words of superlatives that are none of age.
const OTHER_EXTREMES: &[&str] =
    &["most", "least", "top", "maximum", "minimum", "max", "min", "average", "earliest", "latest"];

/// Words that are no superlative though they end like one.
const NO_SUPERLATIVES: &[&str] = &[
    "west",
    "east",
    "southwest",
    "southeast",
    "northwest",
    "northeast",
    "best",
    "guest",
    "forest",
    "request",
    "interest",
    "contest",
    "test",
    "rest",
    "harvest",
    "invest",
    "suggest",
    "protest",
];

/// Verbs in front of "not" that deny what something does or has, not what it is.
const DENIED: &[&str] = &["do", "does", "did", "have", "has", "had", "could", "can", "were", "are"];

/// Which end of ages is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Oldest,
    Youngest,
}

/// A question in lower case.
pub(super) struct Asked {
    text: String,
    words: Vec<String>,
}

impl Asked {
    pub fn new(question: &str) -> Self {
        let text = question.to_lowercase().replace('\u{2019}', "'");
        let is_between = |c: char| !c.is_alphanumeric() && c != '\'';
        let words = text.split(is_between).map(|word| word.trim_matches('\''));
        let words = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Self { text, words }
    }

    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// The one end of ages that is asked for.
    pub fn age(&self) -> Option<Age> {
        let (old, young) = (self.has("oldest") || self.has("eldest"), self.has("youngest"));
        match (old, young) {
            (true, false) => Some(Age::Oldest),
            (false, true) => Some(Age::Youngest),
            _ => None,
        }
    }

    /// Whether an end of something else is asked for too.
    pub fn has_other_extreme(&self) -> bool {
        self.words.iter().any(|word| {
            OTHER_EXTREMES.contains(&word.as_str())
                || (word.len() > 4
                    && word.ends_with("est")
                    && !["oldest", "eldest", "youngest"].contains(&word.as_str())
                    && !NO_SUPERLATIVES.contains(&word.as_str()))
        })
    }

    /// Whether all of `values` are named, one behind the other, with "and" between and nowhere "or".
    pub fn wants_all_of(&self, values: &[&str]) -> bool {
        let mut places = Vec::new();
        for value in values {
            let value = value.trim_matches(['%', ' ']).to_lowercase();
            match self.text.find(&value).filter(|_| !value.is_empty()) {
                Some(at) => places.push((at, at + value.len())),
                None => return false,
            }
        }
        places.sort_unstable();
        let is_joined = |(_, end): (usize, usize), (begin, _): (usize, usize)| {
            let between = self.text.get(end..begin).unwrap_or_default();
            let words = || between.split(|c: char| !c.is_alphanumeric());
            words().any(|word| word == "and") && !words().any(|word| word == "or")
        };
        let pairs = places.iter().zip(places.iter().skip(1));
        !self.has("either") && pairs.into_iter().all(|(one, other)| is_joined(*one, *other))
    }

    /// Whether it asks for what something does not do or have.
    pub fn denies(&self) -> bool {
        let pairs = self.words.iter().zip(self.words.iter().skip(1));
        self.has("never")
            || self.has("without")
            || self.words.iter().any(|word| word.ends_with("n't"))
            || pairs
                .into_iter()
                .any(|(one, other)| other == "not" && DENIED.contains(&one.as_str()))
    }
}
