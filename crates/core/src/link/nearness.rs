//! How near a question is to what relations and columns mean, by an encoder's vectors.
//!
//! Exact: every vector is compared. Owns how similarities become something that can be added to
//! what words count. Called by [`super::rank`] and [`super::reasons`].

use crate::embedding::{Key, Vector, column_text, relation_text};
use crate::schema::{Relation, Snapshot};

/// The vectors of a snapshot's relations and columns, as far as there are any.
#[derive(Debug, Default)]
pub struct Vectors {
    relations: Vec<OfRelation>,
}

#[derive(Debug)]
struct OfRelation {
    own: Option<Vector>,
    columns: Vec<Option<Vector>>,
}

impl Vectors {
    /// Those that `find` has of what is in the snapshot; nothing else is asked for.
    pub fn new(snapshot: &Snapshot, find: impl FnMut(Key) -> Option<Vector>) -> Self {
        let none = |relation: &Relation| OfRelation {
            own: None,
            columns: vec![None; relation.columns.len()],
        };
        let mut all = Self { relations: snapshot.relations.iter().map(none).collect() };
        all.complete(snapshot, find);
        all
    }

    /// Texts that have no vector, those of relations first; at most so many.
    #[must_use]
    pub fn missing(&self, snapshot: &Snapshot, most: usize) -> Vec<String> {
        let both = || snapshot.relations.iter().zip(&self.relations);
        let own = both().filter(|(_, of)| of.own.is_none()).map(|(it, _)| relation_text(it));
        let columns = both().flat_map(|(it, of)| {
            let none = it.columns.iter().zip(&of.columns).filter(|(_, vector)| vector.is_none());
            none.map(|(column, _)| column_text(it, column))
        });
        own.chain(columns).take(most).collect()
    }

    /// Has `find` look for those that are missing.
    pub fn complete(&mut self, snapshot: &Snapshot, mut find: impl FnMut(Key) -> Option<Vector>) {
        let mut fill = |vector: &mut Option<Vector>, text: &dyn Fn() -> String| {
            if vector.is_none() {
                *vector = find(Key::of(&text()));
            }
        };
        for (relation, of) in snapshot.relations.iter().zip(&mut self.relations) {
            fill(&mut of.own, &|| relation_text(relation));
            for (column, vector) in relation.columns.iter().zip(&mut of.columns) {
                fill(vector, &|| column_text(relation, column));
            }
        }
    }
}

/// How near a question is to each relation of a snapshot; to none where there is no encoder.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Nearness {
    relations: Vec<Near>,
}

/// By how much a relation stands out.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Near {
    /// Itself.
    pub own: f32,
    /// Its nearest column.
    pub columns: f32,
    /// That column's position.
    pub column: Option<usize>,
}

impl Nearness {
    /// Of a question with this vector.
    #[must_use]
    pub fn new(vectors: &Vectors, question: &Vector) -> Self {
        let to = |vector: &Option<Vector>| vector.as_ref().map(|v| v.cosine(question));
        let own: Vec<Option<f32>> = vectors.relations.iter().map(|of| to(&of.own)).collect();
        let nearest: Vec<Option<(usize, f32)>> = vectors
            .relations
            .iter()
            .map(|of| {
                let all = of.columns.iter().enumerate();
                let all = all.filter_map(|(at, vector)| Some((at, to(vector)?)));
                all.max_by(|a, b| a.1.total_cmp(&b.1))
            })
            .collect();
        let columns = standing_out(nearest.iter().map(|nearest| nearest.map(|(_, near)| near)));
        let own = standing_out(own.into_iter());
        let both = own.into_iter().zip(columns).zip(nearest);
        let relations = both.map(|((own, columns), nearest)| Near {
            own,
            columns,
            column: nearest.map(|(at, _)| at),
        });
        Self { relations: relations.collect() }
    }

    /// To the relation at this position.
    pub(super) fn of(&self, relation: usize) -> Near {
        self.relations.get(relation).copied().unwrap_or_default()
    }
}

/// Standard deviations above the mean that say nothing yet. Fitted with the weights of
/// [`super::rank`].
const FROM: f32 = 1.5;

/// By how many standard deviations beyond [`FROM`] each is above the mean, at least 0: how large cosines are is a
/// matter of the encoder and the question, so only what stands out says something.
fn standing_out(values: impl Iterator<Item = Option<f32>> + Clone) -> Vec<f32> {
    let known = values.clone().flatten();
    let (count, sum, squares) = known
        .fold((0.0f32, 0.0f32, 0.0f32), |(n, sum, squares), x| (n + 1.0, sum + x, squares + x * x));
    let mean = sum / count.max(1.0);
    let deviation = (squares / count.max(1.0) - mean * mean).max(0.0).sqrt();
    values
        .map(|value| match value {
            Some(value) if deviation > 1e-6 => ((value - mean) / deviation - FROM).max(0.0),
            _ => 0.0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Budget, Reason, linked, order, select_near};
    use crate::schema::fixture::table;

    /// Tables without a word of the question, one of which is near it.
    fn found() -> (Snapshot, Nearness) {
        let mut relations: Vec<_> =
            (0..30).map(|n| table("s", &format!("t{n:02}"), &["x", "y"])).collect();
        relations.push(table("s", "country", &["capital"]));
        let snapshot = Snapshot { relations, ..Snapshot::default() };
        let near = [Key::of("country: capital"), Key::of("country capital")];
        let mut nth = 0.0;
        let vectors = Vectors::new(&snapshot, |key| {
            nth += 0.001;
            Vector::new(&if near.contains(&key) { [1.0, 0.1] } else { [nth, 1.0] })
        });
        let nearness = Nearness::new(&vectors, &Vector::new(&[1.0, 0.0]).unwrap());
        (snapshot, nearness)
    }

    #[test]
    fn what_shares_no_word_and_means_the_same_comes_first() {
        let (snapshot, near) = found();
        let question = "how many nations";
        assert_eq!(order(&snapshot, question, &near)[0], 30);
        assert_ne!(order(&snapshot, question, &Nearness::default())[0], 30);
        let budget = Budget { tokens: 40 };
        let selection = select_near(&snapshot, question, budget, || near.clone());
        assert!(selection.relations.contains(&30), "{selection:?}");
        let linked = linked(&snapshot, question, &selection, &near);
        assert_eq!(linked[0].reasons, [Reason::Meaning, Reason::ColumnMeaning("capital")]);
    }

    #[test]
    fn nobody_is_asked_while_everything_fits() {
        let (snapshot, _) = found();
        let budget = Budget { tokens: 100_000 };
        let selection = select_near(&snapshot, "nations", budget, || panic!("it was asked"));
        assert_eq!(selection.relations.len(), 31);
    }

    #[test]
    fn only_what_is_in_the_snapshot_is_looked_for() {
        let (snapshot, _) = found();
        let mut asked = 0;
        let vectors = Vectors::new(&snapshot, |_| {
            asked += 1;
            None
        });
        assert_eq!(asked, 30 * 3 + 2);
        let near = Nearness::new(&vectors, &Vector::new(&[1.0]).unwrap());
        assert!((0..31).all(|at| near.of(at) == Near::default()));
    }

    #[test]
    fn what_is_missing_is_known_and_can_be_completed() {
        let snapshot = Snapshot {
            relations: vec![table("s", "realm", &["id", "size"]), table("s", "part", &["id"])],
            ..Snapshot::default()
        };
        let some = Vector::new(&[1.0]);
        let there = [Key::of("part: id"), Key::of("realm id")];
        let mut vectors =
            Vectors::new(&snapshot, |key| some.clone().filter(|_| there.contains(&key)));
        assert_eq!(vectors.missing(&snapshot, 9), ["realm: id, size", "realm size", "part id"]);
        assert_eq!(vectors.missing(&snapshot, 1), ["realm: id, size"]);
        let mut asked = 0;
        vectors.complete(&snapshot, |key| {
            asked += 1;
            some.clone().filter(|_| key == Key::of("part id"))
        });
        assert_eq!(asked, 3, "those that are there are not looked for");
        assert_eq!(vectors.missing(&snapshot, 9), ["realm: id, size", "realm size"]);
    }

    #[test]
    fn values_that_are_all_the_same_stand_out_nowhere() {
        assert_eq!(standing_out([Some(0.5); 3].into_iter()), [0.0; 3]);
        assert_eq!(standing_out([None, Some(0.5)].into_iter()), [0.0; 2]);
        assert_eq!(standing_out(std::iter::empty()), [0.0; 0]);
    }
}
