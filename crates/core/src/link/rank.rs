//! How much each relation has to do with a question, by the words they share.
//!
//! By words: names, other names, terms defined on them, comments and labels, each with its
//! weight, rarer words counting for more, and stored values; by meaning, where there is an encoder.
//! Where there are several schemas, [`super::schemas`] puts their relations in order. Called by
//! [`super::order`], [`super::fit`] and [`super::reasons`].

use std::collections::HashSet;

use super::index::{Index, Names, Place};
use super::likeness::likeness;
use super::nearness::Nearness;
use super::schemas::by_schema;
use super::values::ValueHit;
use super::words::{Spelled, is_stop_word, spelled, split};

// All weights were fitted together, see docs/evaluation/linking.md. A name says more than a description,
// and the relation's own name more than a column's.
const IN_TABLE_NAME: f32 = 3.0;
pub(super) const IN_COLUMN_NAME: f32 = 2.0;
pub(super) const IN_LABEL: f32 = 1.8;
const IN_TERM: f32 = 1.5;
const IN_SCHEMA_NAME: f32 = 1.0;
pub(super) const IN_COMMENT: f32 = 0.8;
/// A stored value that the question names.
pub(super) const VALUE: f32 = 1.0;
/// For each standard deviation by which a relation, and its nearest column, stand out as near the
/// question.
const MEANING: f32 = 3.0;
/// How much a word counts less in a name of many words.
const LONG_NAME: f32 = 0.4;
/// How much a word counts less among many columns, where more are met by chance.
const MANY_COLUMNS: f32 = 0.3;
/// A weight with which a relation counts as having a word when its rarity is reckoned.
const HAVING: f32 = 2.0;
/// For a relation all of whose name is in the question, and for a column.
const WHOLE_NAME: f32 = 2.0;
pub(super) const WHOLE_COLUMN: f32 = 1.0;

/// Most words of a question that are looked for.
const MAX_ASKED: usize = 256;

/// The words of a question that can be in a schema.
pub(super) fn asked(question: &str) -> Vec<Spelled<'_>> {
    let mut seen = HashSet::new();
    spelled(question)
        .into_iter()
        .filter(|word| !is_stop_word(&word.stem) && seen.insert(word.stem.clone()))
        .take(MAX_ASKED)
        .collect()
}

/// A word asked that a word of the schema is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likeness {
    /// Position among the words asked.
    pub asked: usize,
    /// Position in [`Index::words`].
    pub word: usize,
    /// How much, as [`likeness`] has it.
    pub factor: f32,
}

/// All likenesses of words asked with words of the schema.
pub(super) fn likenesses(index: &Index, asked: &[Spelled<'_>]) -> Vec<Likeness> {
    let mut found = Vec::new();
    for (at, word) in asked.iter().enumerate() {
        for (position, other) in index.words.iter().enumerate() {
            let factor = likeness(&word.stem, &other.text);
            if factor > 0.0 {
                found.push(Likeness { asked: at, word: position, factor });
            }
        }
    }
    // What is one word there and two here: "birth date", birthdate.
    for (at, pair) in asked.windows(2).enumerate() {
        if let [first, second] = pair
            && let Some(word) =
                index.position(&format!("{}{}", first.written.to_lowercase(), second.stem))
        {
            found.push(Likeness { asked: at, word, factor: 1.0 });
            found.push(Likeness { asked: at + 1, word, factor: 1.0 });
        }
    }
    found
}

/// Positions of relations that share something with the question, or whose schema does, with what
/// that counts, best first; equal ones in snapshot order. Above 0, but where there are several schemas
/// and a relation's own counts more against it than the relation shares.
pub(super) fn rank(
    index: &Index,
    question: &str,
    values: &[ValueHit<'_>],
    near: &Nearness,
) -> Vec<(usize, f32)> {
    let shared = Shared::new(index, question, values, near);
    let scores = if index.schemas.len() < 2 {
        shared.own.into_iter().map(|own| (own > 0.0).then_some(own)).collect()
    } else {
        by_schema(index, &shared)
    };
    let scored = scores.into_iter().enumerate();
    let mut scored: Vec<(usize, f32)> =
        scored.filter_map(|(at, score)| Some((at, score?))).collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored
}

/// What relations share with a question.
pub(super) struct Shared {
    /// For each relation the weight that each word asked is found with.
    pub weights: Vec<Vec<f32>>,
    /// How much each word asked says: less, the more relations have it.
    pub rarity: Vec<f32>,
    /// What each relation's words, whole names and values count together.
    pub own: Vec<f32>,
}

impl Shared {
    fn new(index: &Index, question: &str, values: &[ValueHit<'_>], near: &Nearness) -> Self {
        let asked = asked(question);
        let likenesses = likenesses(index, &asked);
        let weights = weights(index, asked.len(), &likenesses);
        let rarity = rarity(&weights, asked.len());
        let own = weights.iter().map(|weights| count(weights, &rarity)).collect();
        let mut shared = Self { weights, rarity, own };
        shared.add_whole_names(index, &likenesses);
        shared.add_values(&asked, values);
        shared.add_nearness(near);
        shared
    }

    fn add_nearness(&mut self, near: &Nearness) {
        for (relation, own) in self.own.iter_mut().enumerate() {
            let near = near.of(relation);
            *own += MEANING * (near.own + near.columns);
        }
    }

    /// Adds what a name counts for of which the question has every word.
    fn add_whole_names(&mut self, index: &Index, likenesses: &[Likeness]) {
        let mut rarity_of: Vec<Option<f32>> = vec![None; index.words.len()];
        for found in likenesses.iter().filter(|found| found.factor >= 1.0) {
            if let Some(rarity) = rarity_of.get_mut(found.word) {
                *rarity = self.rarity.get(found.asked).copied();
            }
        }
        let whole = |words: &[usize]| -> Option<f32> {
            words.iter().map(|word| rarity_of.get(*word).copied().flatten()).sum()
        };
        for (names, own) in index.relations.iter().zip(&mut self.own) {
            let all = names.others.iter().chain([&names.name]);
            *own += WHOLE_NAME * all.filter_map(|words| whole(words)).fold(0.0, f32::max);
            let columns = names.columns.iter().filter(|words| words.len() > 1);
            let best = columns.filter_map(|words| whole(words)).fold(0.0, f32::max);
            *own += WHOLE_COLUMN * best;
        }
    }

    fn add_values(&mut self, asked: &[Spelled<'_>], values: &[ValueHit<'_>]) {
        for hit in values {
            let words = split(hit.value);
            let said =
                asked.iter().zip(&self.rarity).filter(|(word, _)| words.contains(&word.stem));
            let rarity = said.map(|(_, rarity)| *rarity).fold(1.0, f32::max);
            if let Some(own) = self.own.get_mut(hit.relation) {
                *own += VALUE * rarity;
            }
        }
    }
}

/// For each relation the best weight that each word asked is found with.
pub(super) fn weights(index: &Index, asked: usize, likenesses: &[Likeness]) -> Vec<Vec<f32>> {
    let mut weights = vec![vec![0.0f32; asked]; index.relations.len()];
    let scales: Vec<(f32, f32)> = index.relations.iter().map(scale).collect();
    for found in likenesses {
        for posting in index.words.get(found.word).into_iter().flat_map(|word| &word.postings) {
            let relation = posting.relation as usize;
            let (name, column) = scales.get(relation).copied().unwrap_or_default();
            let weight = match posting.place {
                Place::Name | Place::OtherName(_) => name,
                Place::Column(_) | Place::OtherColumnName(..) => column,
                Place::Term => IN_TERM,
                Place::Label(_) => IN_LABEL,
                Place::Schema => IN_SCHEMA_NAME,
                Place::Comment | Place::ColumnComment(_) => IN_COMMENT,
            };
            let best = weights.get_mut(relation).and_then(|w| w.get_mut(found.asked));
            if let Some(best) = best {
                *best = best.max(weight * found.factor);
            }
        }
    }
    weights
}

/// What a word in a relation's name and in those of its columns counts.
fn scale(names: &Names) -> (f32, f32) {
    let (words, columns) = (names.name.len().max(1) as f32, names.columns.len() as f32);
    (
        IN_TABLE_NAME / (1.0 + LONG_NAME * words.ln()),
        IN_COLUMN_NAME / (1.0 + MANY_COLUMNS * (1.0 + columns / 10.0).ln()),
    )
}

/// How much each word asked says: less, the more of those that are weighed have it.
pub(super) fn rarity(weights: &[Vec<f32>], asked: usize) -> Vec<f32> {
    let relations = weights.len() as f32;
    (0..asked)
        .map(|word| {
            let found = weights.iter().filter_map(|weights| weights.get(word));
            let having: f32 = found.map(|weight| (weight / HAVING).min(1.0)).sum();
            (1.0 + relations / (1.0 + having)).ln()
        })
        .collect()
}

/// What one that is weighed counts.
pub(super) fn count(weights: &[f32], rarity: &[f32]) -> f32 {
    weights.iter().zip(rarity).map(|(weight, rarity)| weight * rarity).sum()
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;
    use crate::schema::Snapshot;
    use crate::schema::fixture::{self, table};
    use proptest::prelude::*;

    fn names(snapshot: &Snapshot, question: &str) -> Vec<String> {
        let named = values::named(snapshot, question.into());
        rank(snapshot.index(), question, &named, &Nearness::default())
            .into_iter()
            .map(|(i, _)| snapshot.relations[i].name.name.clone())
            .collect()
    }

    #[test]
    fn names_comments_labels_and_values_are_found() {
        for (question, first) in [
            ("How many customers are there?", "customers"),
            ("revenue by month", "v_revenue"),
            ("what has been paid", "orders"),
            ("who lives in Berlin", "customers"),
            ("list order items", "order_items"),
            ("list all orders", "orders"),
            ("where did the parcels go", "customers"),
            ("cust count", "customers"),
        ] {
            let found = names(&fixture::shop(), question);
            assert_eq!(found.first().map(String::as_str), Some(first), "{question}");
        }
    }

    #[test]
    fn other_names_and_terms_are_found() {
        let mut snapshot = fixture::shop();
        snapshot.relations[0].synonyms = vec!["patrons".into()];
        snapshot.relations[1].columns[2].synonyms = vec!["tariff".into()];
        snapshot.semantics.terms.push(crate::semantics::Term {
            kind: crate::semantics::Kind::Metric,
            relation: snapshot.relations[2].name.clone(),
            name: "turnover".into(),
            synonyms: vec!["takings".into()],
            sql: "sum(total)".into(),
            description: None,
        });
        for (question, first) in [
            ("list the patron", "customers"),
            ("highest tariffs", "order_items"),
            ("turnover in May", "orders"),
            ("takings in May", "orders"),
        ] {
            let found = names(&snapshot, question);
            assert_eq!(found.first().map(String::as_str), Some(first), "{question}");
        }
    }

    #[test]
    fn a_question_about_nothing_here_finds_nothing() {
        assert!(names(&fixture::shop(), "how is the weather").is_empty());
        assert!(names(&fixture::shop(), "").is_empty());
    }

    #[test]
    fn two_words_find_one() {
        let relations =
            vec![table("s", "a", &["id", "birthdate"]), table("s", "b", &["id", "weight"])];
        let snapshot = Snapshot { relations, ..Snapshot::default() };
        assert_eq!(names(&snapshot, "what is the birth date"), ["a"]);
    }

    proptest! {
        #[test]
        fn scores_are_numbers_and_in_order(question in "\\PC{0,60}|[a-z ]{0,60}") {
            let snapshot = fixture::shop();
            let found = rank(snapshot.index(), &question, &[], &Nearness::default());
            prop_assert!(found.iter().all(|(_, score)| score.is_finite() && *score > 0.0));
            prop_assert!(found.is_sorted_by(|a, b| a.1 >= b.1));
        }
    }
}
