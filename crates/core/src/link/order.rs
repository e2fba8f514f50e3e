//! In which order relations are taken into a prompt that cannot hold all.
//!
//! Owns what keys add to the ranking by words: relations on the way between its best, and such as are
//! one join away. Called by [`super::select()`], and by the extension where it looks for values.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::graph::Graph;
use super::nearness::Nearness;
use super::question::Question;
use super::rank::rank;
use super::values;
use crate::schema::{RelationName, Snapshot};
use crate::semantics;

/// The question's own relations are nearly always among so many.
const CORE: usize = 6;

/// Verified questions that may say which relations are needed.
pub(super) const VERIFIED: usize = 2;

/// Positions of relations, each once, the best first.
pub(super) struct Order {
    /// Those that share something with the question, or whose schema does, and what connects the best
    /// of them.
    pub ranked: Vec<usize>,
    /// Those that are worth no more than room that is left over: they take neither room nor detail
    /// from what is ranked.
    pub besides: Vec<usize>,
}

impl Order {
    pub fn new(snapshot: &Snapshot, question: Question<'_>, near: &Nearness) -> Self {
        let index = snapshot.index();
        let graph = &index.graph;
        let named = values::named(snapshot, question);
        let ranking = rank(index, question.text, &named, near);
        let verified = verified(snapshot, question);
        if ranking.is_empty() && verified.is_empty() {
            let ranked = by_degree(graph, snapshot.relations.len());
            return Self { ranked, besides: Vec::new() };
        }
        let likely = ranking.partition_point(|(_, score)| *score > 0.0);
        // Where all are unlikely, the best of them are still what there is to show.
        let likely = if likely == 0 { ranking.len() } else { likely };
        let ranking: Vec<usize> = ranking.into_iter().map(|(at, _)| at).collect();
        let (ranking, unlikely) = ranking.split_at(likely);
        let mut seen = BTreeSet::new();
        let ranking = verified.iter().chain(ranking).copied();
        let ranking: Vec<usize> = ranking.filter(|at| seen.insert(*at)).collect();
        let ranked = with_connections(graph, &ranking);
        let core = ranking.iter().copied().take(CORE);
        let joined = core.flat_map(|at| graph.joined(at));
        let mut seen: BTreeSet<usize> = ranked.iter().copied().collect();
        let besides = joined.chain(unlikely.iter().copied());
        let besides = besides.filter(|at| seen.insert(*at)).collect();
        Self { ranked, besides }
    }
}

/// The relations that verified statements for questions like this one read, the likest question's first.
fn verified(snapshot: &Snapshot, question: Question<'_>) -> Vec<usize> {
    let alike = semantics::alike(snapshot, question.text, VERIFIED, |_| true);
    let names = alike.iter().flat_map(|example| &example.relations);
    let at =
        |name: &RelationName| snapshot.relations.iter().position(|relation| relation.name == *name);
    names.filter_map(at).collect()
}

/// Positions of relations in the order in which they are taken into a prompt that cannot hold all.
pub fn order<'s>(
    snapshot: &'s Snapshot,
    question: impl Into<Question<'s>>,
    near: &Nearness,
) -> Vec<usize> {
    let Order { mut ranked, besides } = Order::new(snapshot, question.into(), near);
    ranked.extend(besides);
    ranked
}

/// The best connected relations first, for a question that shares nothing with the schema.
fn by_degree(graph: &Graph, relations: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..relations).collect();
    all.sort_by_key(|at| (Reverse(graph.degree(*at)), *at));
    all
}

/// The ranking with what connects its best relations right behind them: first relations on the
/// way from one to another, then those they reference, then the rest.
fn with_connections(graph: &Graph, ranking: &[usize]) -> Vec<usize> {
    let core: Vec<usize> = ranking.iter().copied().take(CORE).collect();
    let mut between = Vec::new();
    for (at, from) in core.iter().enumerate() {
        for to in core.iter().skip(at + 1) {
            between.extend(graph.between(*from, *to));
        }
    }
    let referenced = core.iter().flat_map(|c| graph.referenced(*c));
    let mut seen = BTreeSet::new();
    core.iter()
        .copied()
        .chain(between)
        .chain(referenced)
        .chain(ranking.iter().copied())
        .filter(|i| seen.insert(*i))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{key, table};
    use crate::semantics::Example;

    /// `hub`, `t000` and so on that reference it, `region` that it references, and what is a key further
    /// away: `far` references the last `t`, `office` references `region`.
    fn star(referencing: usize) -> Snapshot {
        let mut relations = vec![table("s", "hub", &["id", "region_id"])];
        relations.extend((0..referencing).map(|n| table("s", &format!("t{n:03}"), &["id", "x"])));
        relations.extend(["region", "far", "office"].map(|name| table("s", name, &["id", "x"])));
        let name = |at: usize| &relations[at].name;
        let (last, region) = (referencing, referencing + 1);
        let mut foreign_keys: Vec<_> = (1..=last).map(|at| key(name(at), "x", name(0))).collect();
        foreign_keys.push(key(name(0), "region_id", name(region)));
        foreign_keys.push(key(name(region + 1), "x", name(last)));
        foreign_keys.push(key(name(region + 2), "x", name(region)));
        Snapshot { relations, foreign_keys, ..Snapshot::default() }
    }

    #[test]
    fn what_a_verified_statement_reads_comes_first_for_a_question_like_its() {
        let mut snapshot = star(3);
        let plain = order(&snapshot, "overdue hubs", &Nearness::default());
        assert_eq!(plain[..2], [0, 4]);
        snapshot.semantics.examples = vec![Example::new(
            "Which hubs are overdue?".into(),
            "SELECT 1".into(),
            vec![snapshot.relations[6].name.clone()],
        )];
        let found = order(&snapshot, "overdue hubs", &Nearness::default());
        assert_eq!(found[..2], [6, 0]);
        assert_eq!(order(&snapshot, "hubs without region", &Nearness::default())[0], 0, "unlike");
    }

    #[test]
    fn what_references_the_best_comes_last_though_it_shares_no_word() {
        let snapshot = star(3);
        let near = Nearness::default();
        let found = Order::new(&snapshot, "hubs".into(), &near);
        assert_eq!(
            (found.ranked, found.besides),
            (vec![0, 4], vec![1, 2, 3]),
            "not far nor office"
        );
        assert_eq!(order(&snapshot, "hubs", &near), [0, 4, 1, 2, 3]);
    }

    #[test]
    fn what_everything_references_brings_none_of_it_along() {
        assert_eq!(order(&star(60), "hubs", &Nearness::default()), [0, 61]);
    }

    #[test]
    fn keys_in_another_order_lead_to_the_same() {
        let snapshot = star(20);
        let mut other = snapshot.clone();
        other.foreign_keys.reverse();
        let near = Nearness::default();
        assert_eq!(order(&snapshot, "hubs", &near), order(&other, "hubs", &near));
    }

    /// Schemas of one table each with a word of the question, and one of 200 tables of which three have
    /// it in passing.
    fn large(others: usize) -> Snapshot {
        let mut relations: Vec<_> =
            (0..others).map(|n| table(&format!("s{n}"), "depot", &["id"])).collect();
        relations.extend((0..200).map(|n| table("erp", &format!("t{n:03}"), &["x", "y"])));
        for at in [20, 30, 40] {
            relations[others + at].comment = Some("Stock of a depot".into());
        }
        Snapshot { relations, ..Snapshot::default() }
    }

    #[test]
    fn what_its_schema_counts_against_comes_after_all_else_instead_of_never() {
        let mut snapshot = large(1);
        let bin = table("erp", "bin", &["id", "x"]);
        snapshot.foreign_keys.push(key(&bin.name, "x", &snapshot.relations[0].name));
        snapshot.relations.push(bin);
        let order = Order::new(&snapshot, "depots".into(), &Nearness::default());
        assert_eq!((order.ranked, order.besides), (vec![0], vec![201, 41, 21, 31]));
    }

    #[test]
    fn where_all_schemas_are_large_the_words_still_decide() {
        let mut snapshot = large(0);
        snapshot.relations.extend((0..200).map(|n| table("hr", &format!("u{n:03}"), &["x"])));
        let order = Order::new(&snapshot, "depots".into(), &Nearness::default());
        assert_eq!((order.ranked, order.besides), (vec![40, 20, 30], vec![]));
    }
}
