//! How much each relation has to do with a question, by the words they share.
//!
//! Purely lexical: names, comments, labels and common values, each with its weight, and rarer
//! words counting for more. Must stay fast: it reads every word of the schema for each question.
//! Called by [`super::select`].

use std::collections::{HashMap, HashSet};

use super::words::{is_stop_word, split};
use crate::schema::{Relation, Snapshot};

// Weights by where a word is found. A name says more than a description, and the relation's own
// name more than a column's. Their order matters, not their exact size.
const IN_TABLE_NAME: f32 = 3.0;
const IN_VALUE: f32 = 1.8;
const IN_COLUMN_NAME: f32 = 1.5;
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
    let asked = asked(question);
    rank_hits(&asked, &hits(snapshot, &asked))
}

/// The words of a question that may say something about a schema, each once.
fn asked(question: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    split(question)
        .into_iter()
        .filter(|w| !is_stop_word(w) && seen.insert(w.clone()))
        .take(MAX_ASKED)
        .collect()
}

/// What each relation shares with the words.
fn hits(snapshot: &Snapshot, asked: &[String]) -> Vec<Hits> {
    let mut scorer = Scorer::new(asked);
    snapshot.relations.iter().map(|r| scorer.hits(r)).collect()
}

fn rank_hits(asked: &[String], hits: &[Hits]) -> Vec<(usize, f32)> {
    let relations = hits.len() as f32;
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
pub fn fit(snapshot: &Snapshot, question: &str, used: &[usize]) -> Fit {
    let asked = asked(question);
    let hits = hits(snapshot, &asked);
    let share = |relations: &dyn Fn(usize) -> bool| {
        let has = |word: usize| {
            hits.iter().enumerate().any(|(position, hits)| {
                relations(position) && hits.weights.get(word).is_some_and(|weight| *weight > 0.0)
            })
        };
        let found = (0..asked.len()).filter(|word| has(*word)).count();
        if asked.is_empty() { 0.0 } else { found as f32 / asked.len() as f32 }
    };
    let scores: HashMap<usize, f32> = rank_hits(&asked, &hits).into_iter().collect();
    let score = |position: usize| scores.get(&position).copied().unwrap_or_default();
    let others = (0..hits.len()).filter(|position| !used.contains(position));
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
    let ranked = rank(snapshot, question);
    let ranked = ranked.iter().take(most);
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
            if let Some(comment) = &column.comment {
                self.add(comment, IN_COMMENT, &mut weights);
            }
            let values = column.common_values.iter().take(MAX_VALUES);
            for value in column.enum_labels.iter().chain(values) {
                self.add(value, IN_VALUE, &mut weights);
            }
        }
        let whole_name = self.add(&relation.name.name, IN_TABLE_NAME, &mut weights);
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
    fn a_question_about_nothing_here_finds_nothing() {
        assert!(names("how is the weather").is_empty());
        assert!(names("").is_empty());
    }
}
