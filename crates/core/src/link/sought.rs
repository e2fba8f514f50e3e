//! Which words of a question are somewhere in what the caller may read, and which nowhere.
//!
//! Owns what counts as a word that should be there: not one that only says what to do with rows
//! ("average"), and not one that looks like somebody's name or a number, which can be in a row that
//! the snapshot does not know of. Reads the snapshot only. Called by [`crate::doubt`].

use std::collections::HashSet;

use super::index::{Index, Place};
use super::question::Question;
use super::rank::{Likeness, asked, likenesses};
use super::values;
use super::words::{Spelled, split};
use crate::schema::Snapshot;

/// Words about what to do with rows, stemmed.
#[rustfmt::skip]
pub(super) const ABOUT_ROWS: &[&str] = &[
    "alphabetical", "alphabetically", "answer", "ascend", "average", "calculate", "compute", "contain",
    "count", "data", "database", "descend", "detail", "determine", "different", "display", "distinct",
    "every", "first", "group", "high", "higher", "highest", "information", "kind", "large", "larger",
    "largest", "last", "low", "lower", "lowest", "max", "maximum", "mean", "median", "min", "minimum",
    "name", "number", "order", "ordered", "percentage", "question", "record", "result", "row", "share",
    "small", "smaller", "smallest", "sort", "sum", "table", "top", "total", "unique", "value",
];

/// What of a question is somewhere in the schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sought {
    /// Words that something readable has, or is like.
    pub found: usize,
    /// Words that should be somewhere and are nowhere, as they stand in the question.
    pub missing: Vec<String>,
}

/// Looks for the words of `question` in everything the snapshot holds: names, other names, comments,
/// labels, common values and those found, and what people have defined.
#[must_use]
pub fn sought<'s>(snapshot: &'s Snapshot, question: impl Into<Question<'s>>) -> Sought {
    let question = question.into();
    let index = snapshot.index();
    let asked = asked(question.text);
    let is_about_rows =
        |at: usize| asked.get(at).is_some_and(|word| ABOUT_ROWS.contains(&word.stem.as_str()));
    // A column called "name" says nothing of a question for names; a table called "orders" does.
    let found: HashSet<usize> = likenesses(index, &asked)
        .into_iter()
        .filter(|found| !is_about_rows(found.asked) || names_relation(index, found))
        .map(|found| found.asked)
        .collect();
    let named = values::named(snapshot, question);
    let mut said: HashSet<String> = named.into_iter().flat_map(|hit| split(hit.value)).collect();
    let semantics = &snapshot.semantics;
    let rules = semantics.rules.iter().map(|rule| rule.text.as_str());
    let examples = semantics.examples.iter().map(|example| example.question.as_str());
    said.extend(rules.chain(examples).flat_map(split));
    let mut sought = Sought::default();
    for (at, word) in asked.iter().enumerate() {
        if found.contains(&at) || said.contains(&word.stem) {
            sought.found += 1;
        } else if !is_about_rows(at) && !can_be_stored(question.text, word) {
            sought.missing.push(word.written.to_owned());
        }
    }
    sought
}

/// Whether the word is in the name of a relation, or of a term defined on one, as it is.
fn names_relation(index: &Index, found: &Likeness) -> bool {
    found.factor >= 1.0
        && index.words.get(found.word).is_some_and(|word| {
            word.postings.iter().any(|posting| {
                matches!(posting.place, Place::Name | Place::OtherName(_) | Place::Term)
            })
        })
}

/// Whether a word looks like a part of some row: a number, a name, or something in quotes.
fn can_be_stored(question: &str, word: &Spelled<'_>) -> bool {
    let begins = (word.written.as_ptr() as usize).saturating_sub(question.as_ptr() as usize);
    let before = question.get(..begins).unwrap_or_default();
    let is_in_double = before.matches('"').count() % 2 == 1;
    // An apostrophe within a word opens nothing.
    let opened = before.rfind(" '").and_then(|at| before.get(at + 2..));
    let is_in_single = opened.is_some_and(|since| !since.contains('\''));
    let is_first = before.trim_end().is_empty() || before.trim_end().ends_with(['.', '?', '!']);
    // A letter alone is a code, or what an apostrophe cuts off.
    word.written.chars().count() == 1
        || word.written.contains(char::is_numeric)
        || (word.written.starts_with(char::is_uppercase) && !is_first)
        || is_in_double
        || is_in_single
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;
    use crate::semantics::{Example, Rule};

    fn missing(question: &str) -> (usize, Vec<String>) {
        let Sought { found, missing } = sought(&shop(), question);
        (found, missing)
    }

    #[test]
    fn words_are_looked_for_in_everything_readable() {
        for (question, found) in [
            ("How many customers?", 1),
            ("the parcels", 1),
            ("which are paid", 1),
            ("those in berlin", 1),
            ("unit price per month", 3),
        ] {
            assert_eq!(missing(question), (found, vec![]), "{question}");
        }
    }

    #[test]
    fn what_is_nowhere_is_told_as_it_was_written() {
        assert_eq!(
            missing("Will the weather be better for our customers?"),
            (1, vec!["weather".to_owned(), "better".to_owned()])
        );
        assert_eq!(missing("How is the weather?"), (0, vec!["weather".to_owned()]));
    }

    #[test]
    fn what_can_be_in_a_row_is_not_missing() {
        for question in [
            "Who is Kyle?",
            "the average of 2014",
            "What's with 'flat white'?",
            "all of \"blue moon\"",
            "How many in total?",
            "",
        ] {
            assert_eq!(missing(question).1, Vec::<String>::new(), "{question}");
        }
        assert_eq!(missing("What's the weather of 'flat' places?").1, ["weather", "places"]);
    }

    #[test]
    fn words_about_rows_are_found_in_names_of_tables_only() {
        assert_eq!(missing("the first name"), (0, vec![]));
        assert_eq!(missing("the first order"), (1, vec![]));
    }

    #[test]
    fn what_people_have_defined_is_there() {
        let mut snapshot = shop();
        let text = "A lamp is what has total 1".into();
        snapshot.semantics.rules.push(Rule { relation: None, text });
        snapshot.semantics.examples.push(Example {
            question: "How many gadgets are there?".into(),
            sql: "SELECT 1".into(),
            relations: vec![],
            words: vec![],
        });
        assert_eq!(sought(&snapshot, "lamps and gadgets").missing, Vec::<String>::new());
    }
}
