//! How likely a statement is right, by what is known of how it came about.
//!
//! Owns the features that signals become, and the curve over them: a logistic regression, each of whose
//! coefficients may push one way only, so that a statement never gains by what speaks against it. The
//! model is never asked for its opinion of itself. Models differ in how sure they are of what is wrong,
//! so each that was measured has coefficients of its own, in [`fitted`], and an administrator can give
//! them for others ([`given`]). Called by the extension, and by `text2sql-cli calibrate`, which fits them.

mod fitted;
pub mod given;

use fitted::FITTED;
use given::Curves;

use crate::signals::Signals;

/// Number of features.
pub const FEATURES: usize = 10;

/// Something that speaks for a statement, or against it.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    /// What reports call it.
    pub name: &'static str,
    /// Whether more of it speaks for the statement.
    pub speaks_for: bool,
    /// Where it is cut off: beyond these nothing was measured.
    range: (f64, f64),
    of: fn(&Signals) -> Option<f64>,
}

/// All features, in the order of a curve's terms.
pub const ALL: [Feature; FEATURES] = [
    // Small differences between sure tokens tell more than those between unsure ones.
    against("surprisal", (0.0, 1.5), |s| s.surprisal.map(f64::sqrt)),
    against("worst_surprisal", (0.0, 3.0), |s| s.worst_surprisal.map(f64::sqrt)),
    against("length", (2.0, 6.0), |s| (s.tokens > 0).then(|| f64::from(s.tokens).ln())),
    speaking_for("covered", (0.0, 1.0), |s| Some(s.covered)),
    speaking_for("known", (0.0, 1.0), |s| Some(s.known)),
    speaking_for("margin", (-1.0, 1.0), |s| Some(s.margin)),
    // One candidate agrees with itself.
    speaking_for("agreement", (0.0, 1.0), |s| {
        (s.candidates > 1).then(|| f64::from(s.votes) / f64::from(s.candidates))
    }),
    against("mended", (0.0, 1.0), |s| Some(f64::from(u8::from(s.mended)))),
    against("repaired", (0.0, 1.0), |s| Some(f64::from(u8::from(s.repaired)))),
    against("empty", (0.0, 1.0), |s| s.empty.map(|empty| f64::from(u8::from(empty)))),
];

const fn against(
    name: &'static str,
    range: (f64, f64),
    of: fn(&Signals) -> Option<f64>,
) -> Feature {
    Feature { name, speaks_for: false, range, of }
}

const fn speaking_for(
    name: &'static str,
    range: (f64, f64),
    of: fn(&Signals) -> Option<f64>,
) -> Feature {
    Feature { name, speaks_for: true, range, of }
}

/// The features of a statement; nothing for those that are not known.
#[must_use]
pub fn features(signals: &Signals) -> [Option<f64>; FEATURES] {
    ALL.map(|feature| {
        let value = (feature.of)(signals).filter(|value| value.is_finite());
        value.map(|value| value.clamp(feature.range.0, feature.range.1))
    })
}

/// What a feature counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Term {
    /// Its mean in what the curve was fitted to; one that is not known counts as that.
    pub mean: f64,
    /// Its standard deviation there.
    pub scale: f64,
    /// Log odds for each standard deviation.
    pub coefficient: f64,
}

/// From features to a probability.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Log odds where every feature is at its mean.
    pub intercept: f64,
    /// By position in [`ALL`].
    pub terms: [Term; FEATURES],
}

impl Curve {
    /// The probability that a statement with these features is right.
    #[must_use]
    pub fn at(&self, features: &[Option<f64>; FEATURES]) -> f64 {
        let counted = self.terms.iter().zip(features).filter_map(|(term, value)| {
            Some(term.coefficient * (value.as_ref()? - term.mean) / term.scale)
        });
        let log_odds = self.intercept + counted.sum::<f64>();
        1.0 / (1.0 + (-log_odds).exp())
    }
}

/// The probability that a statement of the model is right; nothing where the model does not tell how
/// likely its tokens were.
#[must_use]
pub fn confidence(signals: &Signals, model: Option<&str>, curves: &Curves) -> Option<f64> {
    signals.surprisal?;
    let probability = curves.of(model).at(&features(signals));
    // More digits than were measured would only differ between machines.
    Some((probability * 1e4).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A curve in which everything counts, each the way it may.
    fn counting() -> Curve {
        let term = |feature: Feature| Term {
            mean: 0.5,
            scale: 0.25,
            coefficient: if feature.speaks_for { 0.5 } else { -0.5 },
        };
        Curve { intercept: 0.5, terms: ALL.map(term) }
    }

    fn sure() -> Signals {
        Signals {
            surprisal: Some(0.01),
            worst_surprisal: Some(0.2),
            tokens: 20,
            votes: 1,
            candidates: 1,
            covered: 1.0,
            known: 1.0,
            margin: 0.5,
            ..Signals::default()
        }
    }

    #[test]
    fn what_speaks_against_a_statement_lowers_it() {
        let at = |signals: Signals| counting().at(&features(&signals));
        let best = at(sure());
        for worse in [
            Signals { surprisal: Some(0.1), ..sure() },
            Signals { worst_surprisal: Some(2.0), ..sure() },
            Signals { tokens: 90, ..sure() },
            Signals { covered: 0.5, ..sure() },
            Signals { known: 0.5, ..sure() },
            Signals { margin: -0.5, ..sure() },
            Signals { votes: 1, candidates: 5, ..sure() },
            Signals { mended: true, ..sure() },
            Signals { repaired: true, ..sure() },
            Signals { empty: Some(true), ..sure() },
        ] {
            assert!(at(worse) < best, "{worse:?}");
        }
        assert!(at(Signals { votes: 5, candidates: 5, ..sure() }) > best);
        assert!(at(Signals { empty: Some(false), ..sure() }) > best);
    }

    #[test]
    fn what_is_not_known_counts_as_the_mean() {
        let mut known = [Some(0.5); FEATURES];
        let whole = counting().at(&known);
        known[0] = None;
        assert_eq!(counting().at(&known), whole);
        assert_eq!(counting().at(&[None; FEATURES]), 1.0 / (1.0 + (-0.5f64).exp()));
    }

    #[test]
    fn a_model_that_does_not_tell_has_no_confidence() {
        let signals = Signals { surprisal: None, ..sure() };
        assert_eq!(confidence(&signals, None, &Curves::default()), None);
    }

    #[test]
    fn the_fitted_curves_keep_to_what_may_be() {
        for (name, fitted) in &FITTED {
            for (term, feature) in fitted.terms.iter().zip(ALL) {
                let pushes = if feature.speaks_for { term.coefficient } else { -term.coefficient };
                assert!(pushes >= 0.0 && pushes.is_finite(), "{name}: {}", feature.name);
                assert!(term.scale > 0.0 && term.mean.is_finite(), "{name}: {}", feature.name);
            }
            let unsure = Signals { surprisal: Some(1.0), worst_surprisal: Some(5.0), ..sure() };
            let of = |signals| confidence(&signals, Some(name), &Curves::default());
            assert!(of(sure()) > of(unsure), "{name}");
        }
    }

    #[test]
    fn a_model_has_the_curve_that_was_fitted_to_it() {
        for (name, fitted) in &FITTED {
            assert_eq!(Curves::default().of(Some(name)), fitted);
            assert_eq!(FITTED.iter().filter(|(other, _)| other == name).count(), 1, "{name}");
        }
    }

    proptest! {
        #[test]
        fn more_surprise_never_raises_it(
            mean in 0.0f64..1e9, worst in 0.0f64..1e9, more in 0.0f64..1e9, tokens in any::<u32>(),
            covered in any::<f64>(), margin in any::<f64>(), empty in any::<Option<bool>>(),
        ) {
            let before = Signals {
                surprisal: Some(mean), worst_surprisal: Some(worst), tokens, covered, margin, empty,
                ..sure()
            };
            let at = |signals: &Signals| counting().at(&features(signals));
            prop_assert!((0.0..=1.0).contains(&at(&before)));
            for after in [
                Signals { surprisal: Some(mean + more), ..before },
                Signals { worst_surprisal: Some(worst + more), ..before },
            ] {
                prop_assert!(at(&after) <= at(&before));
                let of = |signals| confidence(signals, None, &Curves::default());
                prop_assert!(of(&after) <= of(&before));
            }
        }
    }
}
