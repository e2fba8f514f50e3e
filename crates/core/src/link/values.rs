//! Stored values that a question names.
//!
//! Owns the comparison of a question's words with the common values in the snapshot, whatever their
//! case, number and punctuation, so that the model is told the stored spelling and the column. The
//! snapshot holds values of columns the caller may read and no others. Called by the extension and
//! the tools, before [`crate::prompt`].

use std::collections::{HashMap, HashSet};

use super::question::Question;
use super::words::{is_stop_word, split};
use crate::schema::Snapshot;

/// Most values told: one question seldom names more.
const MAX_HITS: usize = 6;
/// A value that more columns have tells nothing about the column.
pub(super) const MAX_COLUMNS: usize = 3;
/// Shorter values are codes, which have to stand in the question as they are.
const MIN_WORD: usize = 3;

/// A value of a column that the question names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueHit<'s> {
    /// Position of the relation in the snapshot.
    pub relation: usize,
    /// Position of the column in the relation.
    pub column: usize,
    /// As it is stored.
    pub value: &'s str,
}

/// Common values of a snapshot by the stem of their first word, and codes as they are.
#[derive(Debug, Default)]
pub(super) struct Values {
    by_first_word: HashMap<String, Vec<Stored>>,
    codes: HashMap<String, Vec<Stored>>,
}

/// Where a value is in the snapshot.
#[derive(Debug)]
struct Stored {
    relation: usize,
    column: usize,
    value: usize,
    /// Stems of its words.
    words: Vec<String>,
}

impl Values {
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut values = Self::default();
        for (relation, entry) in snapshot.relations.iter().enumerate() {
            for (column, attribute) in entry.columns.iter().enumerate() {
                for (value, text) in attribute.common_values.iter().enumerate() {
                    values.add(text, relation, column, value);
                }
            }
        }
        values
    }

    fn add(&mut self, text: &str, relation: usize, column: usize, value: usize) {
        if !text.chars().any(char::is_alphabetic) {
            return;
        }
        let length = text.chars().count();
        if length < MIN_WORD {
            if length > 1 && text.chars().any(char::is_uppercase) {
                let code = Stored { relation, column, value, words: Vec::new() };
                self.codes.entry(text.to_owned()).or_default().push(code);
            }
            return;
        }
        let words = split(text);
        if let Some(first) = words.first().cloned()
            && !words.iter().all(|word| is_stop_word(word))
        {
            let stored = Stored { relation, column, value, words };
            self.by_first_word.entry(first).or_default().push(stored);
        }
    }

    /// All common values that the question names, in the order of the snapshot.
    fn named<'s>(&self, snapshot: &'s Snapshot, question: &str) -> Vec<ValueHit<'s>> {
        let asked = Asked::new(question);
        let mut words: Vec<&Stored> = Vec::new();
        for (at, word) in asked.words.iter().enumerate() {
            let stored = self.by_first_word.get(&word.stem).into_iter().flatten();
            words.extend(stored.filter(|stored| asked.has(at, &stored.words)));
        }
        let codes = asked.tokens.iter().filter_map(|token| self.codes.get(*token)).flatten();
        let mut found: Vec<&Stored> = words.into_iter().chain(codes).collect();
        found.sort_by_key(|stored| (stored.relation, stored.column, stored.value));
        found.dedup_by_key(|stored| (stored.relation, stored.column, stored.value));
        let hit = |stored: &Stored| {
            let column = snapshot.relations.get(stored.relation)?.columns.get(stored.column)?;
            let value = column.common_values.get(stored.value)?;
            Some(ValueHit { relation: stored.relation, column: stored.column, value })
        };
        found.into_iter().filter_map(hit).collect()
    }
}

/// All stored values that the question names: the common ones of the snapshot, then those found.
pub(super) fn named<'s>(snapshot: &'s Snapshot, question: Question<'s>) -> Vec<ValueHit<'s>> {
    let mut hits = snapshot.index().values.named(snapshot, question.text);
    for found in question.found {
        let hit = ValueHit { relation: found.relation, column: found.column, value: &found.value };
        if !hits.contains(&hit) {
            hits.push(hit);
        }
    }
    hits
}

/// Values of the given relations that the question names, longest first.
pub fn value_hits<'s>(
    snapshot: &'s Snapshot,
    relations: &[usize],
    question: impl Into<Question<'s>>,
) -> Vec<ValueHit<'s>> {
    shown_hits(snapshot, relations, named(snapshot, question.into()))
}

/// Those of `hits` that are worth telling with a prompt that shows `relations`, longest first.
fn shown_hits<'s>(
    snapshot: &'s Snapshot,
    relations: &[usize],
    mut hits: Vec<ValueHit<'s>>,
) -> Vec<ValueHit<'s>> {
    let shown: HashSet<usize> = relations.iter().copied().collect();
    hits.retain(|hit| shown.contains(&hit.relation));
    if hits.is_empty() {
        return hits;
    }
    let names = names(snapshot, relations);
    let says_nothing = |word: &String| is_stop_word(word) || names.contains(word);
    hits.retain(|hit| {
        hit.value.chars().count() < MIN_WORD || !split(hit.value).iter().all(says_nothing)
    });
    let mut columns: HashMap<String, HashSet<(usize, usize)>> = HashMap::new();
    for hit in &hits {
        let columns = columns.entry(hit.value.to_lowercase()).or_default();
        columns.insert((hit.relation, hit.column));
    }
    let few = |hit: &ValueHit<'_>| {
        columns.get(&hit.value.to_lowercase()).is_none_or(|columns| columns.len() <= MAX_COLUMNS)
    };
    hits.retain(few);
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.value.chars().count()));
    hits.truncate(MAX_HITS);
    hits
}

/// Words of the names shown: a question that has one means the table or column, not a value.
fn names(snapshot: &Snapshot, relations: &[usize]) -> HashSet<String> {
    let shown = relations.iter().filter_map(|&index| snapshot.relations.get(index));
    shown
        .flat_map(|relation| {
            let columns = relation.columns.iter();
            let others = columns.clone().flat_map(|column| &column.synonyms);
            let names = columns.map(|column| &column.name).chain([&relation.name.name]);
            names.chain(&relation.synonyms).chain(others).flat_map(|name| split(name))
        })
        .collect()
}

/// A word of the question.
pub(super) struct Word<'q> {
    pub stem: String,
    /// The text it is (a part of), as written.
    pub token: &'q str,
    /// Whether it looks like (a part of) a name: in capitals, but for the first one.
    pub is_name: bool,
}

/// The words of a question, in order.
pub(super) struct Asked<'q> {
    pub words: Vec<Word<'q>>,
    /// As written.
    tokens: HashSet<&'q str>,
}

impl<'q> Asked<'q> {
    pub fn new(question: &'q str) -> Self {
        let tokens: Vec<&str> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|token| !token.is_empty())
            .collect();
        let words = tokens.iter().enumerate().flat_map(|(at, &token)| {
            let is_name = at > 0 && token.starts_with(char::is_uppercase);
            split(token).into_iter().map(move |stem| Word { stem, token, is_name })
        });
        Self { words: words.collect(), tokens: tokens.iter().copied().collect() }
    }

    /// Whether these words follow each other from `at` on, and are not a part of a longer name: a
    /// question about Harbor Salem is not about Salem.
    fn has(&self, at: usize, words: &[String]) -> bool {
        let end = at.saturating_add(words.len());
        let Some(window) = self.words.get(at..end) else { return false };
        window.iter().map(|word| &word.stem).eq(words) && !self.is_within_name(at, end)
    }

    /// Whether the words from `from` to before `to` are a part of a longer name.
    pub fn is_within_name(&self, from: usize, to: usize) -> bool {
        let is_name = |at: Option<usize>| {
            at.and_then(|at| self.words.get(at)).is_some_and(|word| word.is_name)
        };
        is_name(Some(from)) && (is_name(from.checked_sub(1)) || is_name(Some(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    fn hits(values: &[&str], question: &str) -> Vec<String> {
        let mut snapshot = shop();
        snapshot.relations[0].columns[1].common_values.clear();
        snapshot.relations[0].columns[2].common_values =
            values.iter().map(|value| (*value).to_owned()).collect();
        let found = value_hits(&snapshot, &[0, 2], question);
        found.iter().map(|hit| hit.value.to_owned()).collect()
    }

    #[test]
    fn case_number_and_punctuation_do_not_matter() {
        for (value, question) in [
            ("Berlin", "customers in berlin"),
            ("New-York", "Who lives in new york?"),
            ("Comp. Sci.", "students of comp sci"),
            ("Dogs", "How many have a dog?"),
            ("WA", "clinics in WA"),
            ("Ann O'Hara", "orders of ann o'hara"),
            ("Salem", "Does Salem have a harbor?"),
            ("Salem", "Salem and Boise"),
        ] {
            assert_eq!(hits(&[value], question), [value], "{question}");
        }
    }

    #[test]
    fn what_the_question_does_not_name_is_not_told() {
        for (value, question) in [
            ("Berlin", "customers in Bern"),
            ("New York", "new customers of York street"),
            ("IN", "customers in Berlin"),
            ("X", "the X factor"),
            ("2023", "orders in 2023"),
            ("customer", "How many customers are there?"),
            ("all", "show all orders"),
            ("Salem", "What is in stock at Harbor Salem?"),
            ("Salem", "What is in stock at Salem Harbor?"),
        ] {
            assert!(hits(&[value], question).is_empty(), "{question}");
        }
    }

    #[test]
    fn the_longest_come_first_and_not_many() {
        let found = hits(&["York", "New York"], "people in new york");
        assert_eq!(found, ["New York", "York"]);
        assert_eq!(hits(&["York", "New York"], "people in New York"), ["New York"]);
        let many: Vec<String> = (0..20).map(|i| format!("word{}", "x".repeat(i))).collect();
        let values: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(hits(&values, &many.join(" ")).len(), MAX_HITS);
    }

    #[test]
    fn a_value_of_many_columns_is_not_told() {
        let mut snapshot = shop();
        for column in &mut snapshot.relations[0].columns {
            column.common_values = vec!["unknown".into()];
        }
        assert!(value_hits(&snapshot, &[0], "who is unknown").is_empty());
        assert!(value_hits(&snapshot, &[7], "who is unknown").is_empty());
    }
}
