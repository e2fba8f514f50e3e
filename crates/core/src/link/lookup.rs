//! Looking the values that a question names up in an index of stored ones.
//!
//! Owns which keys a question asks for, and which of what is found is told. What is looked up depends
//! on the question and the snapshot alone, and only in columns of the snapshot: nothing of a column
//! that the caller may not read changes what is done, or how much. Reads nothing itself; the extension
//! does, in two steps: the keys, then, for words that none of them explains, keys that begin alike.

use std::collections::{BTreeSet, HashSet};

use super::sought::ABOUT_ROWS;
use super::stored::{code, is_article, plain};
use super::trigrams::similarity;
use super::values::{Asked, MAX_COLUMNS};
use super::words::is_stop_word;
use crate::schema::Snapshot;

/// Words of a question that are looked at.
const MAX_WORDS: usize = 64;
/// Most words of a value that is found by its key.
const MAX_PHRASE: usize = 5;
/// Most searches of the index for one question: what bounds its time.
const MAX_PROBES: usize = 20_000;
/// And of ranges, each of which reads more.
const MAX_RANGES: usize = 200;
/// Most words, and phrases of them, that are compared with values that begin alike.
const MAX_NEAR_WORDS: usize = 3;
const MAX_NEAR: usize = 12;
/// A shorter word alone is like too many.
const MIN_NEAR: usize = 5;
/// Characters that begin alike.
const PREFIX: usize = 3;
/// How alike a value must be to words that look like a name, and to others.
const LIKE_NAME: f32 = 0.6;
const LIKE_WORD: f32 = 0.8;
/// Most values told.
const MAX_FOUND: usize = 12;

/// A value found: in which of the columns looked at, under which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Position among the columns looked at.
    pub column: usize,
    /// Its key.
    pub key: String,
    /// As it is stored.
    pub value: String,
}

/// A range of keys: from the first on, up to before the second, in the order of bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// The first.
    pub from: String,
    /// The first that is none of them.
    pub to: String,
}

/// What a question may name.
#[derive(Debug)]
pub struct Lookup {
    phrases: Vec<Phrase>,
    words: Vec<Asking>,
}

/// Words that follow each other.
#[derive(Debug, Clone)]
struct Phrase {
    key: String,
    from: usize,
    to: usize,
}

/// A word of the question.
#[derive(Debug)]
struct Asking {
    is_name: bool,
    /// Whether it is no word of the schema, and none that only says what to do.
    is_unknown: bool,
}

impl Phrase {
    fn is_within(&self, other: &Self) -> bool {
        other.from <= self.from && self.to <= other.to
    }

    fn len(&self) -> usize {
        self.to - self.from
    }
}

impl Lookup {
    /// What `question` may name.
    #[must_use]
    pub fn new(snapshot: &Snapshot, question: &str) -> Self {
        let text = plain(question);
        let mut asked = Asked::new(&text);
        asked.words.truncate(MAX_WORDS);
        let index = snapshot.index();
        let is_unknown = |stem: &str| {
            !is_stop_word(stem) && !ABOUT_ROWS.contains(&stem) && index.position(stem).is_none()
        };
        let words = asked
            .words
            .iter()
            .map(|word| Asking { is_name: word.is_name, is_unknown: is_unknown(&word.stem) });
        Self { words: words.collect(), phrases: phrases(&asked) }
    }

    /// The keys to look for, none twice.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        self.phrases.iter().map(|phrase| phrase.key.as_str()).collect()
    }

    /// In how many columns they may be looked for.
    #[must_use]
    pub fn room(&self) -> usize {
        MAX_PROBES / self.phrases.len().max(1)
    }

    /// Where to look for words that nothing in `exact` explains.
    #[must_use]
    pub fn prefixes(&self, exact: &[Hit]) -> Vec<Prefix> {
        let near = self.unexplained(exact);
        let ranges: BTreeSet<Prefix> = near.iter().filter_map(|near| prefix(&near.key)).collect();
        ranges.into_iter().collect()
    }

    /// In how many columns those may be looked for.
    #[must_use]
    pub fn room_for(prefixes: &[Prefix]) -> usize {
        MAX_RANGES / prefixes.len().max(1)
    }

    /// Columns and values to tell, the longest first; those of earlier columns where many have one.
    #[must_use]
    pub fn choose(&self, exact: &[Hit], near: &[Hit]) -> Vec<(usize, String)> {
        let mut told = Vec::new();
        let mut explained: Vec<&Phrase> = Vec::new();
        for phrase in longest_first(&self.phrases) {
            let hits = few_columns(exact.iter().filter(|hit| hit.key == phrase.key));
            if hits.is_empty() || explained.iter().any(|longer| phrase.is_within(longer)) {
                continue;
            }
            told.extend(hits);
            explained.push(phrase);
        }
        let unexplained = self.unexplained(exact);
        let mut explained: Vec<&Phrase> = Vec::new();
        for phrase in longest_first(&unexplained) {
            let hits = self.alike(phrase, near);
            if hits.is_empty() || explained.iter().any(|longer| phrase.is_within(longer)) {
                continue;
            }
            told.extend(hits);
            explained.push(phrase);
        }
        told.truncate(MAX_FOUND);
        told
    }

    /// Those of `near` that a phrase is like most, if it is like any.
    fn alike(&self, phrase: &Phrase, near: &[Hit]) -> Vec<(usize, String)> {
        let words = self.words.get(phrase.from..phrase.to).unwrap_or_default();
        let least = if words.iter().any(|word| word.is_name) { LIKE_NAME } else { LIKE_WORD };
        let scored: Vec<(f32, &Hit)> =
            near.iter().map(|hit| (similarity(&phrase.key, &hit.key), hit)).collect();
        let best = scored.iter().map(|(score, _)| *score).fold(least, f32::max);
        few_columns(scored.into_iter().filter(|(score, _)| *score >= best).map(|(_, hit)| hit))
    }

    /// Phrases of unknown words that no phrase found has.
    fn unexplained(&self, exact: &[Hit]) -> Vec<Phrase> {
        let found: HashSet<&str> = exact.iter().map(|hit| hit.key.as_str()).collect();
        let found: Vec<&Phrase> =
            self.phrases.iter().filter(|phrase| found.contains(phrase.key.as_str())).collect();
        let is_open = |at: usize| {
            self.words.get(at).is_some_and(|word| word.is_unknown)
                && !found.iter().any(|phrase| (phrase.from..phrase.to).contains(&at))
        };
        let is_long = |phrase: &&Phrase| phrase.len() > 1 || phrase.key.chars().count() >= MIN_NEAR;
        let near = self.phrases.iter().filter(|phrase| {
            phrase.len() <= MAX_NEAR_WORDS && (phrase.from..phrase.to).all(is_open)
        });
        near.filter(is_long).take(MAX_NEAR).cloned().collect()
    }
}

/// Every run of words that says something and is not a part of a longer name, and codes.
fn phrases(asked: &Asked<'_>) -> Vec<Phrase> {
    let mut seen = HashSet::new();
    let mut phrases = Vec::new();
    for (from, word) in asked.words.iter().enumerate() {
        phrases.extend(code(word.token).map(|key| Phrase { key, from, to: from + 1 }));
        if is_article(&word.stem) {
            continue;
        }
        for to in from + 1..=asked.words.len().min(from + MAX_PHRASE) {
            let words = asked.words.get(from..to).unwrap_or_default();
            let has_letter = words.iter().any(|word| word.stem.contains(char::is_alphabetic));
            if !has_letter
                || words.iter().all(|word| is_stop_word(&word.stem))
                || asked.is_within_name(from, to)
            {
                continue;
            }
            let stems: Vec<&str> = words.iter().map(|word| word.stem.as_str()).collect();
            phrases.push(Phrase { key: stems.join(" "), from, to });
        }
    }
    phrases.retain(|phrase| seen.insert(phrase.key.clone()));
    phrases
}

fn longest_first(phrases: &[Phrase]) -> Vec<&Phrase> {
    let mut sorted: Vec<&Phrase> = phrases.iter().collect();
    sorted.sort_by_key(|phrase| (std::cmp::Reverse(phrase.len()), phrase.from));
    sorted
}

/// The values of the first columns that have any.
fn few_columns<'h>(hits: impl Iterator<Item = &'h Hit>) -> Vec<(usize, String)> {
    let mut hits: Vec<(usize, String)> = hits.map(|hit| (hit.column, hit.value.clone())).collect();
    hits.sort();
    let columns: BTreeSet<usize> = hits.iter().map(|(column, _)| *column).collect();
    let last = columns.iter().nth(MAX_COLUMNS - 1).or(columns.last()).copied();
    hits.retain(|(column, _)| Some(*column) <= last);
    hits
}

/// Keys that begin as this one, where the end of their range is known: in plain letters.
fn prefix(key: &str) -> Option<Prefix> {
    let from = key.get(..PREFIX).filter(|start| start.is_ascii())?;
    let (head, last) = from.split_at(PREFIX - 1);
    let next = char::from(last.bytes().next()?.checked_add(1)?);
    Some(Prefix { from: from.to_owned(), to: format!("{head}{next}") })
}

#[cfg(test)]
mod tests;
