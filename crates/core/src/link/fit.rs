//! How a question and the relations of a statement fit together, and which relations come nearest to a question.
//!
//! Called where a statement is judged, and where somebody is told what there is.

use std::collections::{HashMap, HashSet};

use super::nearness::Nearness;
use super::question::Question;
use super::rank::{asked, likenesses, rank, weights};
use super::values;
use super::words::split;
use crate::schema::{Relation, Snapshot};

/// How a question and some relations, those a statement reads, fit together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Share of the question's words that the relations have.
    pub covered: f32,
    /// Share of the question's words that any relation has.
    pub known: f32,
    /// By how much the relation that has least to do with the question is ahead of the best one that
    /// is not among them, as a share of the larger score: from -1 to 1.
    pub margin: f32,
}

/// How `question` and the relations at these positions fit together.
#[must_use]
pub fn fit<'s>(snapshot: &'s Snapshot, question: impl Into<Question<'s>>, used: &[usize]) -> Fit {
    let question = question.into();
    let index = snapshot.index();
    let asked = asked(question.text);
    let weights = weights(index, asked.len(), &likenesses(index, &asked));
    let share = |relations: &dyn Fn(usize) -> bool| {
        let has = |word: usize| {
            weights.iter().enumerate().any(|(position, weights)| {
                relations(position) && weights.get(word).is_some_and(|weight| *weight > 0.0)
            })
        };
        let found = (0..asked.len()).filter(|word| has(*word)).count();
        if asked.is_empty() { 0.0 } else { found as f32 / asked.len() as f32 }
    };
    let values = values::named(snapshot, question);
    let scores: HashMap<usize, f32> =
        rank(index, question.text, &values, &Nearness::default()).into_iter().collect();
    let score = |position: usize| scores.get(&position).copied().unwrap_or_default().max(0.0);
    let others = (0..weights.len()).filter(|position| !used.contains(position));
    let best_other = others.map(score).fold(0.0, f32::max);
    let least = used.iter().map(|position| score(*position)).reduce(f32::min).unwrap_or_default();
    let larger = least.max(best_other);
    Fit {
        covered: share(&|position| used.contains(&position)),
        known: share(&|_| true),
        margin: if larger > 0.0 { (least - best_other) / larger } else { 0.0 },
    }
}

/// The relations that have most to do with `question`, best first, at most `most`.
#[must_use]
pub fn best<'s>(snapshot: &'s Snapshot, question: &str, most: usize) -> Vec<&'s Relation> {
    let named = values::named(snapshot, question.into());
    let ranked = rank(snapshot.index(), question, &named, &Nearness::default());
    // Below 0 there is more against it than for it.
    let ranked = ranked.iter().filter(|(_, score)| *score > 0.0).take(most);
    ranked.filter_map(|(position, _)| snapshot.relations.get(*position)).collect()
}

/// Relations all of whose name is in the question.
#[must_use]
pub fn named(snapshot: &Snapshot, question: &str) -> usize {
    let asked: HashSet<String> = split(question).into_iter().collect();
    let is_named = |relation: &&Relation| {
        let words = split(&relation.name.name);
        !words.is_empty() && words.iter().all(|word| asked.contains(word))
    };
    snapshot.relations.iter().filter(is_named).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{self, table};

    #[test]
    fn what_a_statement_reads_fits_the_question_or_not() {
        let snapshot = fixture::shop();
        let at = |name: &str| {
            snapshot.relations.iter().position(|relation| relation.name.name == name).unwrap()
        };
        let question = "How many customers are there?";
        let right = fit(&snapshot, question, &[at("customers")]);
        assert_eq!((right.covered, right.known), (1.0, 1.0));
        assert!(right.margin > 0.0, "{right:?}");
        let wrong = fit(&snapshot, question, &[at("order_items")]);
        assert!(wrong.covered < 1.0 && wrong.margin < 0.0, "{wrong:?}");
        let nothing = fit(&snapshot, "how is the weather", &[at("customers")]);
        assert_eq!(nothing, Fit { covered: 0.0, known: 0.0, margin: 0.0 });
        assert_eq!(fit(&snapshot, "", &[]), nothing);
    }

    #[test]
    fn the_margin_is_a_share_even_where_large_schemas_count_against_relations() {
        let mut relations: Vec<_> =
            (0..200).map(|n| table("a", &format!("t{n}"), &["x"])).collect();
        relations[7].comment = Some("Stock of a depot".into());
        relations.push(table("b", "depot", &["id"]));
        let snapshot = Snapshot { relations, ..Snapshot::default() };
        assert_eq!(fit(&snapshot, "depots", &[200]).margin, 1.0);
        assert_eq!(fit(&snapshot, "depots", &[7]).margin, -1.0);
        let best = best(&snapshot, "depots", 5);
        assert_eq!(best.iter().map(|r| r.name.name.as_str()).collect::<Vec<_>>(), ["depot"]);
    }
}
