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

/// Words that ask for an order, and what must stand soon behind them.
const ORDERS: &[(&str, &str)] = &[
    ("sort", "by"),
    ("sorted", "by"),
    ("order", "by"),
    ("ordered", "by"),
    ("rank", "by"),
    ("ranked", "by"),
    ("arranged", "by"),
    ("order of", ""),
    ("sorted in", "of"),
    ("in terms of", ""),
];

/// Words behind an order that ask for something else: "sort them by age and show the age".
const WANTED: &[&str] =
    &["show", "list", "give", "return", "display", "find", "tell", "what", "which", "together"];

/// Most words between both.
const NEAR_BY: usize = 5;

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

    /// The whole of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its words.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Whether what is found for each of two kinds is wanted.
    pub fn wants_both(&self) -> bool {
        self.has("both") && self.has("and") && !self.has("or") && !self.has("either")
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
                || (ends_like_superlative(word)
                    && !["oldest", "eldest", "youngest"].contains(&word.as_str()))
        })
    }

    /// Whether all of `values` are named, one behind the other, with "and" between and nowhere "or".
    pub fn wants_all_of(&self, values: &[&str]) -> bool {
        let mut places = Vec::new();
        for value in values {
            let value = value.trim_matches(['%', ' ']).to_lowercase();
            match find_some(&self.text, &value).filter(|_| !value.is_empty()) {
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

    /// What stands behind the words that ask for an order, up to the end of that sentence or to what
    /// asks for something else, and all the rest; none where no order is asked for.
    pub fn order(&self) -> Option<(&str, String)> {
        let mut found = ORDERS.iter().filter_map(|(begin, end)| {
            let at = find_word(&self.text, begin)?;
            let behind = at + begin.len();
            let near = self.text.get(behind..)?;
            let until = near.find(['.', '?', '!', ';']).unwrap_or(near.len());
            let sentence = near.get(..until)?;
            let by = if end.is_empty() { 0 } else { find_word(sentence, end)? + end.len() };
            let wanted = |word: &&str| find_word(sentence.get(by..)?, word);
            let until = WANTED.iter().filter_map(wanted).min().map_or(until, |at| by + at);
            // What is between names the rows: "sorted alphabetically by".
            let few = sentence.get(..by)?.split_whitespace().count() <= NEAR_BY;
            few.then_some((at, behind + by, behind + until))
        });
        let (at, from, until) = found.next()?;
        // Of "sorted by … in order of" the first.
        let (at, from) = found.fold((at, from), |first, (at, from, _)| first.min((at, from)));
        let rest = [self.text.get(..at)?, self.text.get(until..)?].join(" ");
        Some((self.text.get(from..until)?, rest))
    }

    /// Whether it asks for what something does not do or have.
    pub fn denies(&self) -> bool {
        self.denial().is_some()
    }

    /// Where it first says so, by words.
    fn denial(&self) -> Option<usize> {
        (0..self.words.len()).find(|at| {
            let word = |at: usize| self.words.get(at).map_or("", String::as_str);
            let before = at.checked_sub(1).map_or("", word);
            ["never", "without"].contains(&word(*at))
                || word(*at).ends_with("n't")
                || (word(*at) == "not" && DENIED.contains(&before))
        })
    }

    /// Whether words that are meant stand in front of the denial only: then it is denied of them.
    pub fn denies_of(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        let (before, behind) = self.words.split_at(self.denial().unwrap_or_default());
        before.iter().any(|word| is_meant(word)) && !behind.iter().any(|word| is_meant(word))
    }
}

/// Whether a word ends like "highest", and is one.
pub(super) fn ends_like_superlative(word: &str) -> bool {
    word.len() > 4 && word.ends_with("est") && !NO_SUPERLATIVES.contains(&word)
}

/// Where `word` stands in a text with nothing but itself between spaces or marks.
fn find_word(text: &str, word: &str) -> Option<usize> {
    find_ending(text, word, &[""])
}

/// As [`find_word`], or with the ending of a plural: "cats" for a value `Cat`.
fn find_some(text: &str, word: &str) -> Option<usize> {
    find_ending(text, word, &["", "s", "es"])
}

fn find_ending(text: &str, word: &str, endings: &[&str]) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let (before, behind) = (text.get(..*at), text.get(at + word.len()..).unwrap_or_default());
        let rest = endings.iter().filter_map(|ending| behind.strip_prefix(ending));
        !is_part(before.and_then(|text| text.chars().next_back()))
            && rest.into_iter().any(|rest| !is_part(rest.chars().next()))
    })
}
