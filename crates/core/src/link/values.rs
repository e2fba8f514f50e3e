//! Stored values that a question names.
//!
//! Owns the comparison of a question's words with the common values in the snapshot, whatever their
//! case, number and punctuation, so that the model is told the stored spelling and the column. The
//! snapshot holds values of columns the caller may read and no others. Called by the extension and
//! the tools, before [`crate::prompt`].

use std::collections::{HashMap, HashSet};

use super::words::{is_stop_word, split};
use crate::schema::Snapshot;

/// Most values told: one question seldom names more.
const MAX_HITS: usize = 6;
/// A value that more columns have tells nothing about the column.
const MAX_COLUMNS: usize = 3;
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

/// Values of the given relations that the question names, longest first.
pub fn value_hits<'s>(
    snapshot: &'s Snapshot,
    relations: &[usize],
    question: &str,
) -> Vec<ValueHit<'s>> {
    let asked = Asked::new(question);
    let names = names(snapshot, relations);
    let mut hits = Vec::new();
    for &position in relations {
        let Some(relation) = snapshot.relations.get(position) else { continue };
        for (column, attribute) in relation.columns.iter().enumerate() {
            let named = attribute.common_values.iter().filter(|value| asked.names(value, &names));
            hits.extend(named.map(|value| ValueHit { relation: position, column, value }));
        }
    }
    let mut columns: HashMap<String, usize> = HashMap::new();
    for hit in &hits {
        *columns.entry(hit.value.to_lowercase()).or_default() += 1;
    }
    hits.retain(|hit| columns.get(&hit.value.to_lowercase()).is_none_or(|n| *n <= MAX_COLUMNS));
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
struct Word {
    stem: String,
    /// Whether it looks like (a part of) a name: in capitals, but for the first one.
    is_name: bool,
}

struct Asked<'q> {
    words: Vec<Word>,
    /// As written.
    tokens: HashSet<&'q str>,
}

impl<'q> Asked<'q> {
    fn new(question: &'q str) -> Self {
        let tokens: Vec<&str> = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|token| !token.is_empty())
            .collect();
        let words = tokens.iter().enumerate().flat_map(|(at, token)| {
            let is_name = at > 0 && token.starts_with(char::is_uppercase);
            split(token).into_iter().map(move |stem| Word { stem, is_name })
        });
        Self { words: words.collect(), tokens: tokens.iter().copied().collect() }
    }

    fn names(&self, value: &str, names: &HashSet<String>) -> bool {
        if !value.chars().any(char::is_alphabetic) {
            return false;
        }
        if value.chars().count() < MIN_WORD {
            return value.chars().count() > 1
                && value.chars().any(char::is_uppercase)
                && self.tokens.contains(value);
        }
        let words = split(value);
        let says_nothing = |word: &String| is_stop_word(word) || names.contains(word);
        !words.is_empty() && !words.iter().all(says_nothing) && self.has(&words)
    }

    /// Whether these words follow each other, and are not a part of a longer name: a question about
    /// Harbor Salem is not about Salem.
    fn has(&self, words: &[String]) -> bool {
        let is_name = |at: Option<usize>| {
            at.and_then(|at| self.words.get(at)).is_some_and(|word| word.is_name)
        };
        self.words.windows(words.len()).enumerate().any(|(at, window)| {
            window.iter().map(|word| &word.stem).eq(words)
                && !(window.first().is_some_and(|word| word.is_name)
                    && (is_name(at.checked_sub(1)) || is_name(at.checked_add(words.len()))))
        })
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
