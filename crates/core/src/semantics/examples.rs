//! Verified questions with their statements: which of them are like the one that is asked.
//!
//! Likeness is that of words, stemmed as in [`crate::link`], rarer ones counting for more; numbers
//! are all alike. What a caller gets of examples is decided when a snapshot is made
//! ([`crate::semantics::apply`]). Called by the extension and the tools, before [`crate::prompt`].

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Example;
use crate::link::{is_stop_word, split};
use crate::schema::{RelationName, Snapshot};

/// Examples less like the question than this are not told: half of what both say, by weight.
const LIKE: f32 = 0.5;

/// Words of a question that are compared.
const MAX_ASKED: usize = 256;

/// The words by which a question is compared.
pub(super) fn words(question: &str) -> Vec<String> {
    let number = |word: String| if word.starts_with(char::is_numeric) { "0".into() } else { word };
    let words: BTreeSet<String> =
        split(question).into_iter().filter(|word| !is_stop_word(word)).map(number).collect();
    words.into_iter().collect()
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
    let shown: HashSet<&RelationName> = relations
        .iter()
        .filter_map(|&at| snapshot.relations.get(at))
        .map(|relation| &relation.name)
        .collect();
    let mut liked: Vec<(f32, &Example)> = all
        .iter()
        .filter(|example| example.relations.iter().all(|name| shown.contains(name)))
        .map(|example| {
            let both = sum(&mut example.words.iter().filter(|word| asked.contains(word)));
            let either = own + sum(&mut example.words.iter()) - both;
            (if either > 0.0 { both / either } else { 0.0 }, example)
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        .collect();
    liked.sort_by(|a, b| b.0.total_cmp(&a.0));
    liked.truncate(most);
    liked.reverse();
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
    fn what_is_not_like_the_question_is_not_told() {
        let known = ["How many orders were placed in 2023?"];
        for question in ["How many people live in Berlin?", "how many", "", "orders"] {
            assert!(told(&known, question, 5).is_empty(), "{question}");
        }
        assert!(told(&known, known[0], 0).is_empty());
        assert!(told(&[], known[0], 5).is_empty());
    }
}
