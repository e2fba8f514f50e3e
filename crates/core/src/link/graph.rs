//! Keys between relations, declared or guessed, as neighbourhood.
//!
//! Called by [`super::index`], [`super::order`] and [`super::schemas`].

use std::collections::{BTreeSet, HashMap, VecDeque};

/// Longest way between two relations that is looked for, in keys.
const MAX_WAY: usize = 3;
/// A relation that more others reference connects everything with everything.
const MAX_NEIGHBOURS: usize = 40;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Graph {
    referenced: Vec<BTreeSet<usize>>,
    neighbours: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// Of relations, and pairs of a referencing and a referenced one.
    pub fn new(relations: usize, keys: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut graph = Self {
            referenced: vec![BTreeSet::new(); relations],
            neighbours: vec![BTreeSet::new(); relations],
        };
        for (from, to) in keys.filter(|(from, to)| from != to) {
            insert(&mut graph.referenced, from, to);
            insert(&mut graph.neighbours, from, to);
            insert(&mut graph.neighbours, to, from);
        }
        graph
    }

    /// Relations that this one references.
    pub fn referenced(&self, relation: usize) -> impl Iterator<Item = usize> {
        self.referenced.get(relation).into_iter().flatten().copied()
    }

    /// Relations with a key to or from this one.
    pub fn neighbours(&self, relation: usize) -> impl Iterator<Item = usize> {
        self.neighbours.get(relation).into_iter().flatten().copied()
    }

    /// Relations that one join leads to. What everything references says nothing of those that reference
    /// it, so of it only what it references itself.
    pub fn joined(&self, relation: usize) -> impl Iterator<Item = usize> {
        let is_hub = self.degree(relation) > MAX_NEIGHBOURS;
        let sets = if is_hub { &self.referenced } else { &self.neighbours };
        sets.get(relation).into_iter().flatten().copied()
    }

    /// How many relations have a key to or from this one.
    pub fn degree(&self, relation: usize) -> usize {
        self.neighbours.get(relation).map_or(0, BTreeSet::len)
    }

    /// What stands between two relations on a shortest way along keys; nothing where they are
    /// neighbours, or too far from each other.
    pub fn between(&self, from: usize, to: usize) -> Vec<usize> {
        let mut came: HashMap<usize, (usize, usize)> = HashMap::from([(from, (from, 0))]);
        let mut open = VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            let steps = came.get(&at).map_or(0, |(_, steps)| *steps);
            if at == to {
                return self.way_back(&came, from, to);
            }
            if steps == MAX_WAY || (at != from && self.degree(at) > MAX_NEIGHBOURS) {
                continue;
            }
            for next in self.neighbours(at) {
                came.entry(next).or_insert_with(|| {
                    open.push_back(next);
                    (at, steps + 1)
                });
            }
        }
        Vec::new()
    }

    fn way_back(
        &self,
        came: &HashMap<usize, (usize, usize)>,
        from: usize,
        to: usize,
    ) -> Vec<usize> {
        let mut way = Vec::new();
        let mut at = to;
        while let Some((before, _)) = came.get(&at).filter(|(before, _)| *before != from) {
            if *before == at {
                break;
            }
            at = *before;
            way.push(at);
        }
        way
    }
}

fn insert(sets: &mut [BTreeSet<usize>], at: usize, other: usize) {
    if let Some(set) = sets.get_mut(at) {
        set.insert(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_along_keys_in_both_directions() {
        let graph = Graph::new(7, [(1, 0), (1, 2), (3, 2), (3, 4), (5, 4)].into_iter());
        assert_eq!(graph.between(0, 2), [1]);
        assert_eq!(graph.between(0, 3), [2, 1]);
        assert_eq!(graph.between(3, 0), [1, 2]);
        assert!(graph.between(0, 1).is_empty());
        assert!(graph.between(0, 4).is_empty(), "too far");
        assert!(graph.between(0, 6).is_empty());
        assert!(graph.between(0, 0).is_empty());
    }

    #[test]
    fn what_everything_references_is_no_bridge() {
        let keys = (1..=50).map(|from| (from, 0));
        let graph = Graph::new(51, keys);
        assert!(graph.between(1, 2).is_empty());
        assert_eq!(graph.degree(0), 50);
        assert_eq!((graph.joined(0).count(), graph.joined(1).collect::<Vec<_>>()), (0, vec![0]));
    }
}
