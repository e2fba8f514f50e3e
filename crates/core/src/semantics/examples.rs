//! Verified questions with their statements: which of them are like the one that is asked.
//!
//! Likeness is that of words, stemmed as in [`crate::link`], rarer ones counting for more; numbers
//! are all alike. But only questions that ask for the same kind of thing are like each other: "parties
//! without members" shares its words with "the party with most members", whose statement a small
//! model takes over. What a caller gets of examples is decided when a snapshot is made
//! ([`crate::semantics::apply`]). Called by the extension and the tools, before [`crate::prompt`].

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Example;
use crate::link::{is_stop_word, split};
use crate::schema::{RelationName, Snapshot};

/// Examples less like the question than this are not told: the share of what both say in what either
/// says, by weight. Fitted with [`KINDS`], see docs/evaluation/levers.md.
const LIKE: f32 = 0.45;

/// Words by which questions ask for different kinds of things, a line for each kind.
#[rustfmt::skip]
const KINDS: &[&[&str]] = &[
    &["many", "number", "count"],
    &["average", "mean", "avg"],
    &["most", "maximum", "max", "top", "highest", "largest", "greatest", "biggest", "longest", "oldest",
      "latest", "newest", "best", "heaviest", "tallest", "richest"],
    &["least", "minimum", "min", "lowest", "smallest", "fewest", "shortest", "youngest", "earliest",
      "cheapest", "worst", "lightest"],
    &["not", "no", "never", "without", "except", "none", "neither", "nor", "excluding", "cannot"],
    &["or", "either"],
    MORE,
    LESS,
    &["between"],
    &["sort", "sorted", "order", "ordered", "alphabetical", "alphabetically", "ascending", "descending",
      "ranked"],
];
/// What is left of "don't" and its like where words are split; each is a "not".
#[rustfmt::skip]
const NOT: &[&str] = &["don", "doesn", "didn", "isn", "aren", "wasn", "weren", "haven", "hasn", "hadn"];
#[rustfmt::skip]
const MORE: &[&str] = &["more", "greater", "above", "over", "after", "older", "larger", "higher",
    "exceed", "exceeding", "longer", "bigger"];
#[rustfmt::skip]
const LESS: &[&str] = &["less", "fewer", "below", "under", "before", "younger", "smaller", "lower",
    "shorter"];

/// Words of a question that are compared.
const MAX_ASKED: usize = 256;

/// The words by which a question is compared.
pub(super) fn words(question: &str) -> Vec<String> {
    let number = |word: String| if word.starts_with(char::is_numeric) { "0".into() } else { word };
    let says_nothing =
        |word: &String| is_stop_word(word) || word == "t" || NOT.contains(&word.as_str());
    let words: BTreeSet<String> =
        split(question).into_iter().filter(|word| !says_nothing(word)).map(number).collect();
    words.into_iter().collect()
}

/// Which of [`KINDS`] a question has.
fn kinds(question: &str) -> Vec<bool> {
    let text = question.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let at = |at: Option<usize>| at.and_then(|at| words.get(at)).copied().unwrap_or_default();
    let bounds = words.iter().enumerate().map(|(place, word)| {
        let (before, behind) = (at(place.checked_sub(1)), at(Some(place + 1)));
        match *word {
            // Bounds, and no superlatives.
            "least" if before == "at" => "more",
            "most" if before == "at" => "less",
            // "3 or more" gives no choice.
            "or" if MORE.contains(&behind) || LESS.contains(&behind) => "",
            "other" if behind == "than" => "not",
            word if behind == "t" && NOT.contains(&word) => "not",
            word => word,
        }
    });
    let words: HashSet<&str> = bounds.collect();
    KINDS.iter().map(|kind| kind.iter().any(|word| words.contains(word))).collect()
}

/// At most `most` examples about the given relations that are like the question, the likest last:
/// nearest to the question.
#[must_use]
pub fn examples<'s>(
    snapshot: &'s Snapshot,
    relations: &[usize],
    question: &str,
    most: usize,
) -> Vec<&'s Example> {
    let shown: HashSet<&RelationName> = relations
        .iter()
        .filter_map(|&at| snapshot.relations.get(at))
        .map(|relation| &relation.name)
        .collect();
    let is_shown = |example: &Example| example.relations.iter().all(|name| shown.contains(name));
    let mut found = alike(snapshot, question, most, is_shown);
    found.reverse();
    found
}

/// At most `most` examples that are like the question and `may` be told, the likest first.
#[must_use]
pub fn alike<'s>(
    snapshot: &'s Snapshot,
    question: &str,
    most: usize,
    may: impl Fn(&Example) -> bool,
) -> Vec<&'s Example> {
    let all = &snapshot.semantics.examples;
    if all.is_empty() || most == 0 {
        return Vec::new();
    }
    let mut asked = words(question);
    asked.truncate(MAX_ASKED);
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for word in all.iter().flat_map(|example| &example.words) {
        *uses.entry(word).or_default() += 1;
    }
    // The same for each word until there are enough examples to tell rare ones by.
    let weight = |word: &String| {
        let uses = uses.get(word.as_str()).copied().unwrap_or_default();
        (1.0 + (all.len() as f32 + 1.0) / (uses as f32 + 1.0)).ln()
    };
    let sum = |words: &mut dyn Iterator<Item = &String>| words.map(weight).sum::<f32>();
    let own = sum(&mut asked.iter());
    let wanted = kinds(question);
    let mut liked: Vec<(f32, &Example)> = all
        .iter()
        .filter(|example| may(example))
        .filter(|example| kinds(&example.question) == wanted)
        .map(|example| {
            let both = sum(&mut example.words.iter().filter(|word| asked.contains(word)));
            let either = own + sum(&mut example.words.iter()) - both;
            (if either > 0.0 { both / either } else { 0.0 }, example)
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        .collect();
    liked.sort_by(|a, b| b.0.total_cmp(&a.0));
    liked.truncate(most);
    liked.into_iter().map(|(_, example)| example).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    fn told(known: &[&str], question: &str, most: usize) -> Vec<String> {
        let mut snapshot = shop();
        let example = |question: &&str| Example {
            question: (*question).to_owned(),
            sql: "SELECT 1".into(),
            relations: vec![snapshot.relations[2].name.clone()],
            words: words(question),
        };
        snapshot.semantics.examples = known.iter().map(example).collect();
        assert!(examples(&snapshot, &[0, 9], question, most).is_empty(), "not shown");
        let found = examples(&snapshot, &[2], question, most);
        found.iter().map(|example| example.question.clone()).collect()
    }

    #[test]
    fn questions_alike_are_told_the_likest_last() {
        let known = [
            "How many orders were placed in 2023?",
            "How many orders were placed by each customer?",
            "Who pays late?",
        ];
        assert_eq!(told(&known, "How many orders has each customer placed?", 2), [known[1]],);
        assert_eq!(told(&known, "number of orders placed in 2024", 2), [known[0]]);
        assert_eq!(
            told(&known, "How many orders were placed in 2020 by customer", 2),
            [known[1], known[0]]
        );
        assert_eq!(told(&known, "How many orders were placed in 2020 by customer", 1), [known[0]]);
    }

    #[test]
    fn what_asks_for_something_else_is_not_told() {
        for (known, like, unlike) in [
            (
                "Which customer placed the most orders?",
                "Which customer placed most orders?",
                "Which customer placed no orders?",
            ),
            (
                "Orders with a total of 30 or more",
                "Orders with a total of at least 50",
                "Orders with a total of 30 or tax",
            ),
            (
                "Which orders were not paid?",
                "Which orders weren't paid?",
                "How many orders were not paid?",
            ),
            (
                "Orders of customers other than Ann",
                "Orders of customers except Ann",
                "Orders of customers like Ann",
            ),
            (
                "Customers with at most 3 orders",
                "Customers with 3 or fewer orders",
                "The most orders of customers",
            ),
        ] {
            assert_eq!(told(&[known], like, 1), [known]);
            assert!(told(&[known], unlike, 1).is_empty(), "{unlike}");
        }
    }

    #[test]
    fn every_kind_has_words_that_can_be_met() {
        for (at, kind) in KINDS.iter().enumerate() {
            for word in *kind {
                assert!(kinds(word)[at], "{word}");
            }
        }
    }

    #[test]
    fn what_is_not_like_the_question_is_not_told() {
        let known = ["How many orders were placed in 2023?"];
        for question in ["How many people live in Berlin?", "how many", "", "orders"] {
            assert!(told(&known, question, 5).is_empty(), "{question}");
        }
        assert!(told(&known, known[0], 0).is_empty());
        assert!(told(&[], known[0], 5).is_empty());
    }
}
