//! How good probabilities are, by what came of them.
//!
//! Owns the figures: Brier score, expected calibration error, area under the curve, and what a threshold
//! would do. Pure. Called by [`super`].

use serde::Serialize;

/// Bins of the calibration error.
const BINS: usize = 10;
/// Thresholds that are told.
pub const THRESHOLDS: [f64; 14] =
    [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Whether it is refused before a statement is written.
    pub is_unrelated: bool,
    /// The probability its statement was given; nothing where there was none to give one to.
    pub confidence: Option<f64>,
    /// Whether the rows are right.
    pub is_right: bool,
    /// Whether the database has an answer.
    pub is_answerable: bool,
}

/// Figures of some questions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Questions with a probability.
    pub statements: usize,
    /// Of these, right ones.
    pub right: usize,
    /// Questions without one: no statement was accepted, or the model did not tell.
    pub without: usize,
    /// Questions refused before a statement is written, and how many there are: unanswerable ones and
    /// answerable ones.
    pub unrelated: [(usize, usize); 2],
    /// Mean squared distance of probability and truth; 0 is best.
    pub brier: f64,
    /// What always saying the share of right ones would have.
    pub brier_of_share: f64,
    /// Mean distance of probability and share of right ones, over ten bins.
    pub calibration_error: f64,
    /// How often a right statement has the higher probability than a wrong one.
    pub area: Option<f64>,
    /// The bins that are not empty.
    pub bins: Vec<Bin>,
    /// What each threshold would do; none where there is no probability.
    pub thresholds: Vec<Threshold>,
}

/// Statements of like probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bin {
    /// Statements.
    pub statements: usize,
    /// Their mean probability.
    pub confidence: f64,
    /// Their share of right ones.
    pub right: f64,
}

/// What would be refused with a threshold. A question without a statement is refused with any.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// The threshold.
    pub least: f64,
    /// Share of right ones among the statements that are left.
    pub precision: Option<f64>,
    /// Unanswerable questions that it refuses, and how many there are.
    pub unanswerable: (usize, usize),
    /// Answerable questions that it refuses, and how many there are that have a statement.
    pub answerable: (usize, usize),
    /// Of these, questions whose statement is right.
    pub right: (usize, usize),
}

/// Measures.
pub fn measure(outcomes: &[Outcome]) -> Measured {
    let told: Vec<(f64, bool)> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.confidence?, outcome.is_right)))
        .collect();
    let right = told.iter().filter(|(_, is_right)| *is_right).count();
    let share = mean(told.iter().map(|(_, is_right)| truth(*is_right)));
    let bins = bins(&told);
    let off = bins.iter().map(|bin| bin.statements as f64 * (bin.confidence - bin.right).abs());
    Measured {
        statements: told.len(),
        right,
        without: outcomes.len() - told.len(),
        unrelated: [false, true].map(|is_answerable| {
            let of = outcomes.iter().filter(|outcome| outcome.is_answerable == is_answerable);
            (of.clone().filter(|outcome| outcome.is_unrelated).count(), of.count())
        }),
        brier: mean(told.iter().map(|(p, is_right)| (p - truth(*is_right)).powi(2))),
        brier_of_share: share * (1.0 - share),
        calibration_error: off.sum::<f64>() / told.len().max(1) as f64,
        area: area(told.clone()),
        bins,
        thresholds: if told.is_empty() {
            Vec::new()
        } else {
            THRESHOLDS.map(|least| threshold(outcomes, least)).to_vec()
        },
    }
}

fn truth(is_right: bool) -> f64 {
    f64::from(u8::from(is_right))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn bins(told: &[(f64, bool)]) -> Vec<Bin> {
    let bin = |p: f64| ((p * BINS as f64) as usize).min(BINS - 1);
    (0..BINS)
        .map(|at| told.iter().filter(|(p, _)| bin(*p) == at).copied().collect::<Vec<_>>())
        .filter(|within| !within.is_empty())
        .map(|within| Bin {
            statements: within.len(),
            confidence: mean(within.iter().map(|(p, _)| *p)),
            right: mean(within.iter().map(|(_, is_right)| truth(*is_right))),
        })
        .collect()
}

/// The share of pairs of a right and a wrong one in which the right one is ahead, ties counting half.
fn area(mut told: Vec<(f64, bool)>) -> Option<f64> {
    told.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut wrong_below, mut ahead) = (0.0, 0.0);
    for tied in told.chunk_by(|a, b| a.0 == b.0) {
        let right = tied.iter().filter(|(_, is_right)| *is_right).count() as f64;
        let wrong = tied.len() as f64 - right;
        ahead += right * (wrong_below + wrong / 2.0);
        wrong_below += wrong;
    }
    let pairs = wrong_below * (told.len() as f64 - wrong_below);
    (pairs > 0.0).then(|| ahead / pairs)
}

fn threshold(outcomes: &[Outcome], least: f64) -> Threshold {
    let is_refused =
        |outcome: &&Outcome| outcome.is_unrelated || outcome.confidence.is_none_or(|p| p < least);
    let refused = |some: &dyn Fn(&Outcome) -> bool| {
        let of = outcomes.iter().filter(|outcome| some(outcome));
        (of.clone().filter(is_refused).count(), of.count())
    };
    let kept = || outcomes.iter().filter(|outcome| !is_refused(outcome));
    let (right, all) = (kept().filter(|outcome| outcome.is_right).count(), kept().count());
    Threshold {
        least,
        precision: (all > 0).then(|| right as f64 / all as f64),
        unanswerable: refused(&|outcome| !outcome.is_answerable),
        answerable: refused(&|outcome| outcome.is_answerable && outcome.confidence.is_some()),
        right: refused(&|outcome| outcome.is_right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(confidence: f64, is_right: bool) -> Outcome {
        Outcome { is_unrelated: false, confidence: Some(confidence), is_right, is_answerable: true }
    }

    #[test]
    fn figures_are_those_worked_out_by_hand() {
        let measured = measure(&[
            outcome(0.9, true),
            outcome(0.8, true),
            outcome(0.8, false),
            outcome(0.1, false),
            Outcome { confidence: None, is_answerable: false, ..outcome(0.0, false) },
        ]);
        assert_eq!((measured.statements, measured.right, measured.without), (4, 2, 1));
        assert!((measured.brier - (0.01 + 0.04 + 0.64 + 0.01) / 4.0).abs() < 1e-12);
        assert!((measured.brier_of_share - 0.25).abs() < 1e-12);
        // 0.9 against 1, 0.8 twice against a half, 0.1 against 0.
        assert!((measured.calibration_error - (0.1 + 2.0 * 0.3 + 0.1) / 4.0).abs() < 1e-12);
        // Of four pairs three are in order and one is a tie.
        assert_eq!(measured.area, Some(3.5 / 4.0));
        assert_eq!(measured.bins.len(), 3);
    }

    #[test]
    fn a_threshold_refuses_what_is_below_it() {
        let outcomes = [
            outcome(0.9, true),
            outcome(0.5, true),
            outcome(0.1, false),
            Outcome { is_answerable: false, ..outcome(0.2, false) },
            Outcome { is_answerable: false, ..outcome(0.7, false) },
            Outcome { is_unrelated: true, is_answerable: false, ..outcome(0.8, false) },
            Outcome { confidence: None, is_answerable: false, ..outcome(0.0, false) },
            Outcome { confidence: None, ..outcome(0.0, false) },
        ];
        let half = threshold(&outcomes, 0.5);
        assert_eq!(half.precision, Some(2.0 / 3.0));
        assert_eq!((half.unanswerable, half.answerable, half.right), ((3, 4), (1, 3), (0, 2)));
        assert_eq!(threshold(&outcomes, 1.0).precision, None);
    }

    #[test]
    fn perfect_and_useless_probabilities_are_told_apart() {
        let of = |p: fn(bool) -> f64| {
            measure(&(0..100).map(|n| outcome(p(n % 2 == 0), n % 2 == 0)).collect::<Vec<_>>())
        };
        let perfect = of(|is_right| if is_right { 1.0 } else { 0.0 });
        assert_eq!((perfect.brier, perfect.calibration_error, perfect.area), (0.0, 0.0, Some(1.0)));
        let useless = of(|_| 0.5);
        assert_eq!(
            (useless.brier, useless.calibration_error, useless.area),
            (0.25, 0.0, Some(0.5))
        );
        assert_eq!((measure(&[]).area, measure(&[]).thresholds), (None, Vec::new()));
        assert_eq!(measure(&[outcome(0.3, true)]).area, None);
    }
}
