//! What is known of how a statement came about: how likely its tokens were, how many candidates
//! agree, how question and relations fit together, and what had to be put right.
//!
//! Owns the signals, each of which tells right statements from wrong ones to some extent. The model is
//! never asked for its opinion of itself. Called by the extension's questions and the tools' `eval`.

use serde::{Deserialize, Serialize};

use crate::link::Fit;
use crate::protocol::GenerationStats;

/// What is known of how a statement came about.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Signals {
    /// Mean of -ln p of its tokens, if the model tells.
    pub surprisal: Option<f64>,
    /// The largest -ln p of its tokens.
    pub worst_surprisal: Option<f64>,
    /// Its tokens that were weighed.
    pub tokens: u32,
    /// Candidates with its result, itself included.
    pub votes: u32,
    /// Candidates there were.
    pub candidates: u32,
    /// Share of the question's words that the relations it reads have.
    pub covered: f64,
    /// Share of the question's words that any readable relation has.
    pub known: f64,
    /// Lead of its relations over the others, -1 to 1.
    pub margin: f64,
    /// Whether something in it was put right.
    pub mended: bool,
    /// Whether an earlier statement was not accepted.
    pub repaired: bool,
    /// Whether it returns no row, where that is known.
    pub empty: Option<bool>,
}

impl Signals {
    /// Of a statement from one generation, before others were heard.
    #[must_use]
    pub fn new(stats: &GenerationStats, fit: Fit) -> Self {
        let surprisal = stats.mean_surprisal();
        Self {
            surprisal,
            worst_surprisal: surprisal.map(|_| stats.worst_surprisal as f64 / 1e6),
            tokens: stats.weighed_tokens,
            votes: 1,
            candidates: 1,
            covered: f64::from(fit.covered),
            known: f64::from(fit.known),
            // Further digits depend on the machine: scores are sums of logarithms.
            margin: (f64::from(fit.margin) * 1e4).round() / 1e4 + 0.0,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIT: Fit = Fit { covered: 0.5, known: 1.0, margin: -0.25 };

    #[test]
    fn what_an_engine_weighed_is_told_as_a_mean() {
        let stats = GenerationStats {
            weighed_tokens: 4,
            surprisal: 2_000_000,
            worst_surprisal: 1_500_000,
            ..GenerationStats::default()
        };
        let signals = Signals::new(&stats, FIT);
        assert_eq!((signals.surprisal, signals.worst_surprisal), (Some(0.5), Some(1.5)));
        assert_eq!((signals.tokens, signals.votes, signals.candidates), (4, 1, 1));
        assert_eq!((signals.covered, signals.known, signals.margin), (0.5, 1.0, -0.25));
    }

    #[test]
    fn the_margin_has_the_digits_that_every_machine_agrees_on() {
        let of = |margin| {
            Signals::new(&GenerationStats::default(), Fit { margin, ..FIT }).margin.to_string()
        };
        assert_eq!(of(0.123_456), "0.1235");
        assert_eq!(of(-0.000_01), "0");
    }

    #[test]
    fn an_endpoint_that_weighs_nothing_leaves_it_unknown() {
        let signals = Signals::new(&GenerationStats::default(), FIT);
        assert_eq!((signals.surprisal, signals.worst_surprisal, signals.empty), (None, None, None));
        let json = serde_json::to_string(&signals).unwrap();
        assert_eq!(serde_json::from_str::<Signals>(&json).unwrap(), signals);
        assert_eq!(serde_json::from_str::<Signals>("{}").unwrap(), Signals::default());
    }
}
