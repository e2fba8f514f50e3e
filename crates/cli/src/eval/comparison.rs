//! Two runs on the questions that both were asked.
//!
//! Owns which questions count. The tests are [`super::stats`]'s. Pure. Called by [`super::tally`] and
//! [`super::baseline`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::stats::{Pairs, mcnemar};

/// Whether each question was answered rightly, by its id.
pub type Rights<'a> = BTreeMap<&'a str, bool>;

/// Two arms, or two runs of one, on the questions that both were asked.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The first arm.
    pub first: String,
    /// The other.
    pub second: String,
    /// Questions that both were asked.
    pub questions: usize,
    /// Right in the first alone.
    pub only_first: usize,
    /// Right in the other alone.
    pub only_second: usize,
    /// Probability of such a difference if neither were better (McNemar, exact).
    pub p: f64,
    /// The other's share of right ones less the first's, -1 to 1.
    pub difference: f64,
    /// Its 95 % interval (Newcombe).
    pub interval: (f64, f64),
}

impl Comparison {
    /// Of two arms by their names and what they had right.
    pub fn of((first, ours): (&str, &Rights<'_>), (second, theirs): (&str, &Rights<'_>)) -> Self {
        let mut pairs = Pairs::default();
        for (id, is_ours) in ours {
            match (*is_ours, theirs.get(id)) {
                (_, None) => {}
                (true, Some(true)) => pairs.both += 1,
                (true, Some(false)) => pairs.only_first += 1,
                (false, Some(true)) => pairs.only_second += 1,
                (false, Some(false)) => pairs.neither += 1,
            }
        }
        Self {
            first: first.to_owned(),
            second: second.to_owned(),
            questions: pairs.questions(),
            only_first: pairs.only_first,
            only_second: pairs.only_second,
            p: mcnemar(pairs.only_first, pairs.only_second),
            difference: pairs.difference(),
            interval: pairs.interval(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_that_both_were_asked_count() {
        let first = Rights::from([("1", true), ("2", false), ("3", true), ("4", false)]);
        let second = Rights::from([("2", true), ("4", false), ("5", true)]);
        let found = Comparison::of(("a", &first), ("b", &second));
        assert_eq!((found.first.as_str(), found.second.as_str()), ("a", "b"));
        assert_eq!((found.questions, found.only_first, found.only_second), (2, 0, 1));
        assert!((found.p - 1.0).abs() < 1e-9 && (found.difference - 0.5).abs() < 1e-9);
        assert!(found.interval.0 < 0.0 && found.interval.1 > 0.5);
        assert_eq!(Comparison::of(("a", &first), ("a", &Rights::new())).questions, 0);
    }
}
