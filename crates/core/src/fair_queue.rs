//! Whose request is next: turns by role.
//!
//! A role that asks much must not starve one that asks little, so those who have least of the
//! engine now go first, among them the one whose last turn was longest ago. Of a role's own
//! requests one whose schema the engine has read goes first: it is answered in a fraction of the
//! time the others take, so all of them together wait less. Never before another role's, whom that
//! would tell what is kept, and not more than [`MOST_PASSED`] before the oldest.
//! Knows no clock and no request. Called by the worker's broker.

use std::collections::BTreeMap;

/// Roles whose last turn is remembered; of the others the longest ago are forgotten.
const MOST_ROLES: usize = 1024;
/// Requests of its own role that may go before an older one. 1.5B reads 1,500 tokens in 4 s and
/// answers a question behind them in 0.5 s (docs/performance/raw/zen5.txt), so one that is passed
/// this often waits as long as its own schema takes.
const MOST_PASSED: u32 = 8;

/// A request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Who asks.
    pub role: u32,
    /// Whether the engine has read what its prompt begins with.
    pub is_read: bool,
    /// How many of the same role that came later have gone before it.
    pub passed: u32,
}

/// The turns taken so far.
#[derive(Debug, Default)]
pub struct FairQueue {
    last_turn: BTreeMap<u32, u64>,
    turns: u64,
}

impl FairQueue {
    /// Chooses among waiting requests, the oldest first, while requests of the `running` roles are
    /// answered. Returns the index of the chosen one, whose turn it was then; `None` where none
    /// waits. Those it has passed are counted as [passed](Waiting::passed) by the caller:
    /// of its role, with a lower index.
    pub fn next(&mut self, waiting: &[Waiting], running: &[u32]) -> Option<usize> {
        let key = |role: u32| {
            let busy = running.iter().filter(|other| **other == role).count();
            (busy, self.last_turn.get(&role).copied().unwrap_or_default())
        };
        let (first, of_role) = waiting
            .iter()
            .enumerate()
            .min_by_key(|(index, request)| (key(request.role), *index))?;
        let role = of_role.role;
        let mut read = waiting
            .iter()
            .enumerate()
            .filter(|(_, request)| request.role == role && request.is_read);
        let index = match read.next() {
            Some((index, _)) if of_role.passed < MOST_PASSED => index,
            _ => first,
        };
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

    fn unread(role: u32) -> Waiting {
        Waiting { role, is_read: false, passed: 0 }
    }

    fn read(role: u32) -> Waiting {
        Waiting { is_read: true, ..unread(role) }
    }

    #[test]
    fn the_one_who_has_least_goes_first_then_who_waited_longest() {
        let mut queue = FairQueue::default();
        let mut next = |roles: &[u32], running: &[u32]| {
            queue.next(&roles.iter().copied().map(unread).collect::<Vec<_>>(), running)
        };
        assert_eq!(next(&[], &[]), None);
        assert_eq!(next(&[1, 1, 2], &[]), Some(0));
        assert_eq!(next(&[1, 1, 2], &[]), Some(2), "1 had the last turn");
        assert_eq!(next(&[1, 2], &[2]), Some(0), "2 is being answered");
        assert_eq!(next(&[2, 2], &[2, 2]), Some(0), "nobody else wants it");
    }

    #[test]
    fn of_a_role_what_the_engine_has_read_goes_first_but_not_before_another_role() {
        let mut queue = FairQueue::default();
        assert_eq!(
            queue.next(&[unread(1), read(1), read(1)], &[]),
            Some(1),
            "the older of the two"
        );
        assert_eq!(queue.next(&[read(1), unread(2)], &[]), Some(1), "2 has had no turn");
        assert_eq!(queue.next(&[unread(1), read(2)], &[2]), Some(0), "2 is being answered");
        let patient = Waiting { passed: MOST_PASSED, ..unread(1) };
        assert_eq!(queue.next(&[patient, read(1)], &[]), Some(0), "passed often enough");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut queue = FairQueue::default();
        for role in 0..5000 {
            queue.next(&[unread(role)], &[]);
        }
        assert_eq!(queue.last_turn.len(), MOST_ROLES);
        assert!(queue.last_turn.contains_key(&4999));
    }

    proptest! {
        /// However much others ask, a role's request is begun within a round of turns.
        #[test]
        fn nobody_is_starved(
            crowd in prop::collection::vec((1u32..6, any::<bool>()), 1..60), places in 1usize..4,
            shift in 0usize..60,
        ) {
            let mut queue = FairQueue::default();
            let of = |(role, is_read): (u32, bool)| Waiting { is_read, ..unread(role) };
            let mut waiting: Vec<Waiting> = crowd.into_iter().map(of).collect();
            waiting.insert(shift % (waiting.len() + 1), unread(99));
            let mut running: Vec<u32> = Vec::new();
            for turn in 0.. {
                prop_assert!(turn <= 5 * places, "99 still waits after {turn} turns");
                let index = queue.next(&waiting, &running).expect("somebody waits");
                let request = waiting.remove(index);
                if request.role == 99 {
                    break;
                }
                // The crowd asks again at once.
                waiting.push(request);
                if running.len() == places {
                    running.remove(0);
                }
                running.push(request.role);
            }
        }

        /// However many later ones of its role are quicker to answer, a request is begun.
        #[test]
        fn what_has_to_be_read_is_not_put_off_for_ever(quicker in 1usize..6) {
            let mut queue = FairQueue::default();
            let mut oldest = unread(1);
            for turn in 0.. {
                prop_assert!(turn <= MOST_PASSED, "still waits after {turn} turns");
                let mut waiting = vec![oldest];
                waiting.extend(vec![read(1); quicker]);
                if queue.next(&waiting, &[]) == Some(0) {
                    break;
                }
                oldest.passed += 1;
            }
        }
    }
}
