//! How much each relation has to do with a question, by the words they share.
//!
//! Purely lexical: names, other names, terms defined on them, comments, labels and common values, each with its weight, and rarer
//! words counting for more. Must stay fast: it reads every word of the schema for each question.
//! Called by [`super::select`].

use std::collections::{HashMap, HashSet};

use super::words::{is_stop_word, split};
use crate::schema::{Relation, RelationName, Snapshot};
use crate::semantics::Term;

// Weights by where a word is found. A name says more than a description, and the relation's own
// name more than a column's. Their order matters, not their exact size.
const IN_TABLE_NAME: f32 = 3.0;
const IN_VALUE: f32 = 1.8;
const IN_COLUMN_NAME: f32 = 1.5;
const IN_TERM: f32 = 1.5;
const IN_SCHEMA_NAME: f32 = 1.0;
const IN_COMMENT: f32 = 0.8;
/// For a word that is only a part of the other: `name` in `firstname`.
const PARTIAL: f32 = 0.4;
/// Shorter words are part of too many others.
const MIN_PARTIAL: usize = 4;
/// Most words of a question that are looked for: work is their number times the schema's words.
const MAX_ASKED: usize = 256;
/// Common values of a column that are read: of all of them the work would be a multiple.
const MAX_VALUES: usize = 5;
/// For a relation all of whose name is in the question.
const WHOLE_NAME: f32 = 2.0;

/// Positions of relations that share a word with the question, with what their words count, best
/// first; equal ones in snapshot order.
pub(super) fn rank(snapshot: &Snapshot, question: &str) -> Vec<(usize, f32)> {
    let asked: Vec<String> = {
        let mut seen = HashSet::new();
        split(question)
            .into_iter()
            .filter(|w| !is_stop_word(w) && seen.insert(w.clone()))
            .take(MAX_ASKED)
            .collect()
    };
    let mut scorer = Scorer::new(&asked);
    let mut terms: HashMap<&RelationName, Vec<&Term>> = HashMap::new();
    for term in &snapshot.semantics.terms {
        terms.entry(&term.relation).or_default().push(term);
    }
    let hits: Vec<Hits> = snapshot
        .relations
        .iter()
        .map(|relation| {
            let mut hits = scorer.hits(relation);
            for name in terms.get(&relation.name).into_iter().flatten().flat_map(|t| t.names()) {
                scorer.add(name, IN_TERM, &mut hits.weights);
            }
            hits
        })
        .collect();
    let relations = snapshot.relations.len() as f32;
    let rarity: Vec<f32> = (0..asked.len())
        .map(|word| {
            let found = hits.iter().filter(|h| h.weights.get(word).is_some_and(|w| *w > 0.0));
            (1.0 + relations / (1.0 + found.count() as f32)).ln()
        })
        .collect();
    let mut scored: Vec<(usize, f32)> = hits
        .iter()
        .enumerate()
        .map(|(position, hits)| {
            let words: f32 = hits.weights.iter().zip(&rarity).map(|(w, r)| w * r).sum();
            let bonus = if hits.whole_name {
                let name: f32 = hits
                    .weights
                    .iter()
                    .zip(&rarity)
                    .filter(|(w, _)| **w >= IN_TABLE_NAME)
                    .map(|(_, r)| r)
                    .sum();
                WHOLE_NAME * name
            } else {
                0.0
            };
            (position, words + bonus)
        })
        .filter(|(_, score)| *score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored
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

/// What a relation shares with a question.
struct Hits {
    /// For each word asked, the best weight it was found with.
    weights: Vec<f32>,
    /// Whether every word of the relation's name was asked.
    whole_name: bool,
}

struct Scorer<'q> {
    asked: &'q [String],
    /// Words of names and texts seen before, with the factor (1 or [`PARTIAL`]) by which each
    /// word asked matches; identifiers repeat a lot across a schema.
    seen: HashMap<String, Vec<(usize, f32)>>,
}

impl<'q> Scorer<'q> {
    fn new(asked: &'q [String]) -> Self {
        Self { asked, seen: HashMap::new() }
    }

    fn hits(&mut self, relation: &Relation) -> Hits {
        let mut weights = vec![0.0; self.asked.len()];
        self.add(&relation.name.schema, IN_SCHEMA_NAME, &mut weights);
        if let Some(comment) = &relation.comment {
            self.add(comment, IN_COMMENT, &mut weights);
        }
        for column in &relation.columns {
            self.add(&column.name, IN_COLUMN_NAME, &mut weights);
            for name in &column.synonyms {
                self.add(name, IN_COLUMN_NAME, &mut weights);
            }
            if let Some(comment) = &column.comment {
                self.add(comment, IN_COMMENT, &mut weights);
            }
            let values = column.common_values.iter().take(MAX_VALUES);
            for value in column.enum_labels.iter().chain(values) {
                self.add(value, IN_VALUE, &mut weights);
            }
        }
        let mut whole_name = self.add(&relation.name.name, IN_TABLE_NAME, &mut weights);
        for name in &relation.synonyms {
            whole_name |= self.add(name, IN_TABLE_NAME, &mut weights);
        }
        Hits { weights, whole_name }
    }

    /// Counts the words of a text; whether all of them were asked.
    fn add(&mut self, text: &str, weight: f32, weights: &mut [f32]) -> bool {
        if !self.seen.contains_key(text) {
            let matches = self.matches(text);
            self.seen.insert(text.to_owned(), matches);
        }
        let matches = self.seen.get(text).map(Vec::as_slice).unwrap_or_default();
        let mut all = !matches.is_empty();
        for (word, factor) in matches {
            match weights.get_mut(*word) {
                Some(best) => *best = best.max(weight * factor),
                // The mark of a word that was not asked.
                None => all = false,
            }
            all &= *factor >= 1.0;
        }
        all
    }

    /// Words asked that the text has, with a factor; `usize::MAX` stands for all it has besides.
    fn matches(&self, text: &str) -> Vec<(usize, f32)> {
        let mut found = Vec::new();
        for word in split(text) {
            let before = found.len();
            for (position, asked) in self.asked.iter().enumerate() {
                if *asked == word {
                    found.push((position, 1.0));
                } else if is_part(asked, &word) || is_part(&word, asked) {
                    found.push((position, PARTIAL));
                }
            }
            if found.len() == before {
                found.push((usize::MAX, 0.0));
            }
        }
        found
    }
}

fn is_part(part: &str, whole: &str) -> bool {
    part.len() >= MIN_PARTIAL && whole.len() > part.len() && whole.contains(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture;

    fn names(question: &str) -> Vec<String> {
        let snapshot = fixture::shop();
        rank(&snapshot, question)
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
        ] {
            assert_eq!(names(question).first().map(String::as_str), Some(first), "{question}");
        }
    }

    #[test]
    fn other_names_and_terms_are_found() {
        let mut snapshot = fixture::shop();
        snapshot.relations[0].synonyms = vec!["patrons".into()];
        snapshot.relations[1].columns[2].synonyms = vec!["tariff".into()];
        snapshot.semantics.terms.push(Term {
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
            let ranked = rank(&snapshot, question);
            let best = ranked.first().map(|(at, _)| snapshot.relations[*at].name.name.as_str());
            assert_eq!(best, Some(first), "{question}");
        }
    }

    #[test]
    fn a_question_about_nothing_here_finds_nothing() {
        assert!(names("how is the weather").is_empty());
        assert!(names("").is_empty());
    }
}
