//! Which of several candidates is taken: the one whose result most of them have.
//!
//! Owns the count and how ties end; runs nothing, and knows a result as a number
//! ([`crate::score::digest`]). Candidates are counted in their order, so the same ones give the same
//! winner. Called by the extension's questions. Source of the method: self-consistency (Wang et al.
//! 2022), by results as in Li et al. 2022 (AlphaCode).

/// A candidate that runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// Its number; 0 is the one of the likeliest tokens.
    pub candidate: u32,
    /// What its rows have in common with equal ones.
    pub result: u64,
    /// Whether there are none.
    pub is_empty: bool,
    /// How unlikely its tokens were on average, if that is known.
    pub surprisal: Option<f64>,
}

/// The candidates so far, by result.
#[derive(Debug)]
pub struct Ballot<T> {
    candidates: u32,
    counted: u32,
    groups: Vec<Group<T>>,
}

/// Candidates with one result, and what is kept of the best of them.
#[derive(Debug)]
struct Group<T> {
    best: Vote,
    votes: u32,
    kept: T,
}

/// Who won.
#[derive(Debug, Clone, PartialEq)]
pub struct Elected<T> {
    /// What was kept of it.
    pub kept: T,
    /// Candidates with its result.
    pub votes: u32,
    /// Candidates that were counted, those that do not run included.
    pub of: u32,
}

impl<T> Ballot<T> {
    /// For so many candidates.
    #[must_use]
    pub fn new(candidates: u32) -> Self {
        Self { candidates, counted: 0, groups: Vec::new() }
    }

    /// Counts a candidate that does not run.
    pub fn fail(&mut self) {
        self.counted += 1;
    }

    /// Counts a candidate. Of those with one result the best is kept: the first, which is made of
    /// the likeliest tokens, else the one whose tokens were likelier.
    pub fn count(&mut self, vote: Vote, kept: T) {
        self.counted += 1;
        match self.groups.iter_mut().find(|group| group.best.result == vote.result) {
            Some(group) => {
                group.votes += 1;
                if group.best.candidate != 0 && likelier(&vote, &group.best) {
                    (group.best, group.kept) = (vote, kept);
                }
            }
            None => self.groups.push(Group { best: vote, votes: 1, kept }),
        }
    }

    /// Counts a candidate that is the same as an earlier one with this result.
    pub fn second(&mut self, result: u64) {
        self.counted += 1;
        if let Some(group) = self.groups.iter_mut().find(|group| group.best.result == result) {
            group.votes += 1;
        }
    }

    /// Whether those still to come cannot change who wins.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        let mut votes: Vec<u32> = self.groups.iter().map(|group| group.votes).collect();
        votes.sort_unstable_by(|a, b| b.cmp(a));
        let left = self.candidates.saturating_sub(self.counted);
        let first = votes.first().copied().unwrap_or_default();
        left == 0 || first > votes.get(1).copied().unwrap_or_default() + left
    }

    /// The winner: most votes; among equals one with rows, then the first candidate's, then the one
    /// with the likelier tokens.
    #[must_use]
    pub fn elect(self) -> Option<Elected<T>> {
        let of = self.counted;
        let wins = |a: &Group<T>, b: &Group<T>| {
            let rank =
                |group: &Group<T>| (group.votes, !group.best.is_empty, group.best.candidate == 0);
            rank(a) > rank(b) || (rank(a) == rank(b) && likelier(&a.best, &b.best))
        };
        let best = self.groups.into_iter().reduce(|a, b| if wins(&b, &a) { b } else { a })?;
        Some(Elected { kept: best.kept, votes: best.votes, of })
    }
}

/// Whether the tokens of `a` were likelier; where that is not known, whether it came first.
fn likelier(a: &Vote, b: &Vote) -> bool {
    match (a.surprisal, b.surprisal) {
        (Some(a), Some(b)) if a != b => a < b,
        _ => a.candidate < b.candidate,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vote(candidate: u32, result: u64, surprisal: f64) -> Vote {
        Vote { candidate, result, is_empty: result == 0, surprisal: Some(surprisal) }
    }

    /// The candidate that wins, with its votes; results by candidate, 0 an empty one.
    fn elected(results: &[Option<u64>]) -> Option<(u32, u32)> {
        let mut ballot = Ballot::new(results.len() as u32);
        for (candidate, result) in (0..).zip(results) {
            match result {
                Some(result) => {
                    ballot.count(vote(candidate, *result, f64::from(10 - candidate)), candidate);
                }
                None => ballot.fail(),
            }
        }
        ballot.elect().map(|elected| (elected.kept, elected.votes))
    }

    #[test]
    fn most_votes_win_and_ties_end_as_documented() {
        let some =
            |results: &[u64]| elected(&results.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(some(&[1, 2, 2]), Some((2, 2)), "the likelier one of two is kept");
        assert_eq!(some(&[1, 2, 1, 2]), Some((0, 2)), "the first candidate wins a tie");
        assert_eq!(some(&[0, 2, 0, 2]), Some((3, 2)), "an empty result loses one");
        assert_eq!(some(&[0, 2, 0]), Some((0, 2)), "but not a vote");
        assert_eq!(some(&[1]), Some((0, 1)));
        assert_eq!(elected(&[None, Some(1), Some(2)]), Some((2, 1)));
        assert_eq!(elected(&[None, None]), None);
        assert_eq!(elected(&[]), None);
    }

    #[test]
    fn the_first_candidate_stands_for_its_result() {
        assert_eq!(elected(&[Some(1), Some(1), Some(1)]), Some((0, 3)));
    }

    #[test]
    fn a_candidate_that_came_before_is_counted_again() {
        let mut ballot = Ballot::new(3);
        ballot.count(vote(0, 1, 1.0), 0);
        ballot.count(vote(1, 2, 1.0), 1);
        ballot.second(2);
        assert_eq!(ballot.elect(), Some(Elected { kept: 1, votes: 2, of: 3 }));
    }

    #[test]
    fn without_surprisals_the_earlier_one_is_kept() {
        let mut ballot = Ballot::new(3);
        ballot.fail();
        for candidate in [1, 2] {
            let vote = Vote { candidate, result: 7, is_empty: false, surprisal: None };
            ballot.count(vote, candidate);
        }
        assert_eq!(ballot.elect(), Some(Elected { kept: 1, votes: 2, of: 3 }));
    }

    proptest! {
        #[test]
        fn what_is_decided_is_what_wins_in_the_end(
            results in prop::collection::vec(prop::option::weighted(0.9, 0u64..3), 1..9),
        ) {
            let candidates = results.len() as u32;
            let mut early = None;
            for until in 1..=results.len() {
                let mut ballot = Ballot::new(candidates);
                for (candidate, result) in (0..).zip(&results[..until]) {
                    match result {
                        Some(result) => ballot.count(vote(candidate, *result, 1.0), *result),
                        None => ballot.fail(),
                    }
                }
                let decided = ballot.is_decided();
                let winner = ballot.elect().map(|elected| elected.kept);
                if decided && early.is_none() {
                    early = Some(winner);
                }
                if until == results.len() {
                    prop_assert_eq!(early, Some(winner));
                }
            }
        }
    }
}
