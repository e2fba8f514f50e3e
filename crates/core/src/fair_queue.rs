//! Whose request is next: turns by role.
//!
//! A role that asks much must not starve one that asks little, so those who have least of the
//! engine now go first, among them the one whose last turn was longest ago, and of a role's own
//! requests the oldest. Knows no clock and no request. Called by the worker's broker.

use std::collections::BTreeMap;

/// Roles whose last turn is remembered; of the others the longest ago are forgotten.
const MOST_ROLES: usize = 1024;

/// The turns taken so far.
#[derive(Debug, Default)]
pub struct FairQueue {
    last_turn: BTreeMap<u32, u64>,
    turns: u64,
}

impl FairQueue {
    /// Chooses among waiting requests, given by their roles, the oldest first, while requests of
    /// the `running` roles are answered. Returns the index of the chosen one, whose turn it was
    /// then; `None` where none waits.
    pub fn next(&mut self, waiting: &[u32], running: &[u32]) -> Option<usize> {
        let key = |role: u32| {
            let busy = running.iter().filter(|other| **other == role).count();
            (busy, self.last_turn.get(&role).copied().unwrap_or_default())
        };
        let (index, role) =
            waiting.iter().copied().enumerate().min_by_key(|(index, role)| (key(*role), *index))?;
        self.turns += 1;
        self.last_turn.insert(role, self.turns);
        if self.last_turn.len() > MOST_ROLES {
            let oldest = self.last_turn.iter().min_by_key(|(_, turn)| **turn);
            let oldest = oldest.map(|(role, _)| *role);
            oldest.and_then(|role| self.last_turn.remove(&role));
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_one_who_has_least_goes_first_then_who_waited_longest() {
        let mut queue = FairQueue::default();
        assert_eq!(queue.next(&[], &[]), None);
        assert_eq!(queue.next(&[1, 1, 2], &[]), Some(0));
        assert_eq!(queue.next(&[1, 1, 2], &[]), Some(2), "1 had the last turn");
        assert_eq!(queue.next(&[1, 2], &[2]), Some(0), "2 is being answered");
        assert_eq!(queue.next(&[2, 2], &[2, 2]), Some(0), "nobody else wants it");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut queue = FairQueue::default();
        for role in 0..5000 {
            queue.next(&[role], &[]);
        }
        assert_eq!(queue.last_turn.len(), MOST_ROLES);
        assert!(queue.last_turn.contains_key(&4999));
    }

    proptest! {
        /// However much others ask, a role's request is begun within a round of turns.
        #[test]
        fn nobody_is_starved(
            crowd in prop::collection::vec(1u32..6, 1..60), places in 1usize..4, shift in 0usize..60,
        ) {
            let mut queue = FairQueue::default();
            let mut waiting = crowd.clone();
            waiting.insert(shift % (crowd.len() + 1), 99);
            let mut running: Vec<u32> = Vec::new();
            for turn in 0.. {
                prop_assert!(turn <= 5 * places, "99 still waits after {turn} turns");
                let index = queue.next(&waiting, &running).expect("somebody waits");
                let role = waiting.remove(index);
                if role == 99 {
                    break;
                }
                // The crowd asks again at once.
                waiting.push(role);
                if running.len() == places {
                    running.remove(0);
                }
                running.push(role);
            }
        }
    }
}
