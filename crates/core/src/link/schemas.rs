//! How much each relation has to do with a question where there are several schemas.
//!
//! The relations a statement reads are nearly always of one schema, so what a schema shares with the
//! question as a whole comes first, and what a relation shares places it within its schema. Called by
//! [`super::rank`].

use std::collections::HashSet;

use super::index::Index;
use super::rank::{Shared, count};

// Fitted with the weights of `super::rank`.
/// How much a schema counts less the more relations it has: more share something by chance.
const LARGE_SCHEMA: f32 = 4.0;
/// For a schema of which all can be shown, and how many relations it may have.
const SMALL_SCHEMA: f32 = 2.0;
const SMALL: usize = 12;
/// For the relation of a schema that shares most, and others by their share of that.
const WITHIN: f32 = 10.0;
/// What a relation shares, besides its schema's part.
const ALONE: f32 = 0.5;
/// For what stands for its schema, and what keys connect with it.
const NEAR: f32 = 4.0;
/// For names and values of what joins the first relation of those that stand for a schema.
const ALSO: f32 = 0.5;

/// Relations that stand for a schema: few statements read more.
const TOGETHER: usize = 3;

/// For each relation what its schema shares as a whole, and its own part in that. Where the size of
/// the schema counts for more than both, that is below 0, and nothing for relations that share nothing
/// themselves.
pub(super) fn by_schema(index: &Index, shared: &Shared) -> Vec<Option<f32>> {
    let mut scores = vec![None; shared.own.len()];
    let own = |member: usize| shared.own.get(member).copied().unwrap_or_default();
    for members in &index.schemas {
        let best = members.iter().map(|member| own(*member)).fold(0.0, f32::max);
        if best <= 0.0 {
            continue;
        }
        let (core, together) = shared.together(members);
        let mut schema = together - LARGE_SCHEMA * (members.len() as f32).ln();
        if members.len() < SMALL {
            schema += SMALL_SCHEMA;
        }
        let near: HashSet<usize> = core
            .iter()
            .flat_map(|member| index.graph.neighbours(*member))
            .chain(core.iter().copied())
            .collect();
        for member in members {
            let is_near = near.contains(member);
            let near = if is_near { NEAR } else { 0.0 };
            let own = own(*member);
            let score = schema + WITHIN * own / best + ALONE * own + near;
            if let Some(place) = scores.get_mut(*member) {
                *place = (score > 0.0 || own > 0.0 || is_near).then_some(score);
            }
        }
    }
    scores
}

impl Shared {
    /// The few relations that stand for a schema: each shares most of what those before it do not,
    /// and what they share together.
    fn together(&self, members: &[usize]) -> (Vec<usize>, f32) {
        let mut covered = vec![0.0f32; self.rarity.len()];
        let mut core: Vec<usize> = Vec::new();
        let mut total = 0.0;
        while core.len() < TOGETHER {
            let also = if core.is_empty() { 1.0 } else { ALSO };
            let gains = members.iter().filter(|member| !core.contains(*member));
            let gains = gains.map(|member| (*member, self.gain(*member, &covered, also)));
            let best = gains.max_by(|a, b| a.1.total_cmp(&b.1));
            let Some((best, gain)) = best.filter(|(_, gain)| *gain > 0.0) else { break };
            total += gain;
            core.push(best);
            for (covered, weight) in
                covered.iter_mut().zip(self.weights.get(best).into_iter().flatten())
            {
                *covered = covered.max(*weight);
            }
        }
        (core, total)
    }

    /// What a relation shares beyond what is covered; its names and values count `also`.
    fn gain(&self, member: usize, covered: &[f32], also: f32) -> f32 {
        let Some(weights) = self.weights.get(member) else { return 0.0 };
        let own = self.own.get(member).copied().unwrap_or_default();
        let beyond = weights.iter().zip(covered).zip(&self.rarity);
        let words: f32 = beyond.map(|((w, c), rarity)| (w - c).max(0.0) * rarity).sum();
        words + also * (own - count(weights, &self.rarity)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::nearness::Nearness;
    use super::super::rank::rank;
    use crate::schema::Snapshot;
    use crate::schema::fixture::{key, table};

    #[test]
    fn relations_of_the_schema_that_fits_as_a_whole_come_first() {
        let zoo = [
            table("zoo", "keeper", &["id", "name", "salary"]),
            table("zoo", "animal", &["id", "name", "keeper_id"]),
            table("zoo", "ticket", &["id", "price"]),
        ];
        let farm = [
            table("farm", "animal", &["id", "name", "weight"]),
            table("farm", "field", &["id", "size"]),
            table("farm", "tractor", &["id", "power"]),
        ];
        let foreign_keys = vec![key(&zoo[1].name, "keeper_id", &zoo[0].name)];
        let relations = farm.into_iter().chain(zoo).collect();
        let snapshot = Snapshot { relations, foreign_keys, ..Snapshot::default() };
        let index = snapshot.index();
        let best = rank(index, "Which keepers look after most animals?", &[], &Nearness::default());
        assert_eq!(best.iter().map(|(at, _)| *at).take(2).collect::<Vec<_>>(), [4, 3]);
        assert_eq!(
            rank(index, "How heavy is each animal by weight?", &[], &Nearness::default())[0].0,
            0
        );
    }

    #[test]
    fn what_shares_a_word_is_ranked_last_however_large_its_schema_is() {
        let mut relations: Vec<_> =
            (0..200).map(|n| table("erp", &format!("t{n:03}"), &["id", "x"])).collect();
        relations[20].columns[1].name = "depot".into();
        relations[30].comment = Some("Stock of a depot".into());
        relations.push(table("fleet", "depot", &["id", "city"]));
        let foreign_keys = vec![key(&relations[40].name, "x", &relations[20].name)];
        let snapshot = Snapshot { relations, foreign_keys, ..Snapshot::default() };
        let found = rank(snapshot.index(), "depots", &[], &Nearness::default());
        let positions: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
        assert_eq!(positions, [200, 20, 30, 40], "{found:?}");
        assert!(found[0].1 > 0.0 && found[2].1 < 0.0, "{found:?}");
    }
}
