//! Fitting the curve of `core::confidence` to answers that were judged.
//!
//! Owns the method: Newton's on the likelihood with a small ridge, in which a feature that would push
//! the way it may not is left out. No chance in it: the same answers give the same coefficients. Called
//! by [`super`].

use text2sql_core::confidence::{ALL, Curve, FEATURES, Term};

/// A statement, as far as the curve knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its features.
    pub features: [Option<f64>; FEATURES],
    /// Whether it is right.
    pub is_right: bool,
}

/// The intercept and the features.
const UNKNOWNS: usize = FEATURES + 1;
/// Steps after which it has converged or never will.
const STEPS: usize = 100;
/// A step this small changes no digit that is printed.
const SMALL: f64 = 1e-10;
/// Features that differ less than this are the same everywhere.
const SPREAD: f64 = 1e-9;

/// The curve that makes `samples` likeliest, coefficients drawn to 0 by `ridge`; nothing where all are
/// right, or none is.
pub fn fit(samples: &[Sample], ridge: f64) -> Option<Curve> {
    let right = samples.iter().filter(|sample| sample.is_right).count();
    if right == 0 || right == samples.len() {
        return None;
    }
    let mut terms: [Term; FEATURES] = std::array::from_fn(|at| spread(samples, at));
    let mut counts: [bool; FEATURES] = terms.map(|term| term.scale > SPREAD);
    for term in terms.iter_mut().filter(|term| term.scale <= SPREAD) {
        term.scale = 1.0;
    }
    let rows: Vec<([f64; UNKNOWNS], f64)> = samples
        .iter()
        .map(|sample| (row(sample, &terms), f64::from(u8::from(sample.is_right))))
        .collect();
    loop {
        let solution = newton(&rows, &counts, ridge);
        // The one that is furthest the wrong way goes, and the others are fitted again.
        let wrong = (0..FEATURES).filter_map(|at| {
            let coefficient = *solution.get(at + 1)?;
            let push = if ALL.get(at)?.speaks_for { coefficient } else { -coefficient };
            (push < 0.0).then_some((at, push))
        });
        match wrong.min_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((at, _)) => counts.iter_mut().skip(at).take(1).for_each(|counts| *counts = false),
            None => {
                let [intercept, coefficients @ ..] = solution;
                for (term, coefficient) in terms.iter_mut().zip(coefficients) {
                    term.coefficient = coefficient;
                }
                return Some(Curve { intercept, terms });
            }
        }
    }
}

/// Mean and standard deviation of a feature where it is known.
fn spread(samples: &[Sample], at: usize) -> Term {
    let known = || samples.iter().filter_map(|sample| sample.features.get(at).copied().flatten());
    let count = known().count().max(1) as f64;
    let mean = known().sum::<f64>() / count;
    let variance = known().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    Term { mean, scale: variance.sqrt(), coefficient: 0.0 }
}

/// 1 for the intercept, and the features in standard deviations.
fn row(sample: &Sample, terms: &[Term; FEATURES]) -> [f64; UNKNOWNS] {
    let mut row = [1.0; UNKNOWNS];
    for ((cell, value), term) in row.iter_mut().skip(1).zip(sample.features).zip(terms) {
        *cell = value.map_or(0.0, |value| (value - term.mean) / term.scale);
    }
    row
}

/// The likeliest coefficients, those of features that do not count 0.
fn newton(
    rows: &[([f64; UNKNOWNS], f64)],
    counts: &[bool; FEATURES],
    ridge: f64,
) -> [f64; UNKNOWNS] {
    let is_free = |at: usize| at == 0 || counts.get(at - 1).copied().unwrap_or_default();
    let mut solution = [0.0; UNKNOWNS];
    for _ in 0..STEPS {
        let mut gradient = [0.0; UNKNOWNS];
        let mut curvature = [[0.0; UNKNOWNS]; UNKNOWNS];
        for (row, label) in rows {
            let log_odds: f64 = row.iter().zip(&solution).map(|(x, b)| x * b).sum();
            let probability = 1.0 / (1.0 + (-log_odds).exp());
            let weight = probability * (1.0 - probability);
            for ((x, slope), line) in row.iter().zip(&mut gradient).zip(&mut curvature) {
                *slope += (label - probability) * x;
                line.iter_mut().zip(row).for_each(|(cell, other)| *cell += weight * x * other);
            }
        }
        for (at, line) in curvature.iter_mut().enumerate() {
            let drawn = if at == 0 { 0.0 } else { ridge };
            for (other, cell) in line.iter_mut().enumerate() {
                if !is_free(at) || !is_free(other) {
                    *cell = f64::from(u8::from(at == other));
                } else if at == other {
                    *cell += drawn;
                }
            }
            if let (Some(slope), Some(b)) = (gradient.get_mut(at), solution.get(at)) {
                *slope = if is_free(at) { *slope - drawn * b } else { 0.0 };
            }
        }
        let step = solve(curvature, gradient);
        solution.iter_mut().zip(step).for_each(|(b, step)| *b += step);
        if step.iter().all(|step| step.abs() < SMALL) {
            break;
        }
    }
    solution
}

/// Solves a system of equations by elimination with the largest pivot; unknowns that nothing
/// determines are 0.
fn solve(mut system: [[f64; UNKNOWNS]; UNKNOWNS], mut values: [f64; UNKNOWNS]) -> [f64; UNKNOWNS] {
    for column in 0..UNKNOWNS {
        let size = |line: usize| {
            system.get(line).and_then(|line| line.get(column)).map_or(0.0, |cell| cell.abs())
        };
        let Some(pivot) = (column..UNKNOWNS).max_by(|a, b| size(*a).total_cmp(&size(*b))) else {
            continue;
        };
        system.swap(column, pivot);
        values.swap(column, pivot);
        let (Some(line), Some(value)) = (system.get(column).copied(), values.get(column).copied())
        else {
            continue;
        };
        let Some(leading) = line.get(column).copied().filter(|cell| cell.abs() > f64::EPSILON)
        else {
            continue;
        };
        for (at, (other, its)) in system.iter_mut().zip(&mut values).enumerate() {
            if at == column {
                continue;
            }
            let factor = other.get(column).copied().unwrap_or_default() / leading;
            other.iter_mut().zip(line).for_each(|(cell, pivot)| *cell -= factor * pivot);
            *its -= factor * value;
        }
    }
    std::array::from_fn(|at| {
        let leading = system.get(at).and_then(|line| line.get(at)).copied().unwrap_or_default();
        let value = values.get(at).copied().unwrap_or_default();
        if leading.abs() > f64::EPSILON { value / leading } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between 0 and 1 that look drawn, the same ones always.
    fn drawn(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// Samples of a curve over the first three features, the others unknown.
    fn samples(count: usize, intercept: f64, slopes: [f64; 3]) -> Vec<Sample> {
        let mut next = drawn(7);
        (0..count)
            .map(|_| {
                let x: [f64; 3] = std::array::from_fn(|_| next());
                let log_odds =
                    intercept + x.iter().zip(slopes).map(|(x, slope)| x * slope).sum::<f64>();
                let mut features = [None; FEATURES];
                features.iter_mut().zip(x).for_each(|(feature, x)| *feature = Some(x));
                Sample { features, is_right: next() < 1.0 / (1.0 + (-log_odds).exp()) }
            })
            .collect()
    }

    /// Log odds for a whole unit of each feature, and where all are 0.
    fn plain(curve: &Curve) -> (f64, Vec<f64>) {
        let slopes: Vec<f64> =
            curve.terms.iter().map(|term| term.coefficient / term.scale).collect();
        let at_mean: f64 = curve.terms.iter().zip(&slopes).map(|(t, slope)| t.mean * slope).sum();
        (curve.intercept - at_mean, slopes)
    }

    #[test]
    fn known_coefficients_are_found_again() {
        let curve = fit(&samples(200_000, 2.0, [-3.0, -1.0, -0.5]), 1.0).unwrap();
        let (intercept, slopes) = plain(&curve);
        assert!((intercept - 2.0).abs() < 0.05, "{intercept}");
        for (found, known) in slopes.iter().zip([-3.0, -1.0, -0.5]) {
            assert!((found - known).abs() < 0.05, "{slopes:?}");
        }
        assert!(slopes[3..].iter().all(|slope| *slope == 0.0));
    }

    #[test]
    fn the_likelihood_has_its_maximum_there() {
        // At the maximum the probabilities add up to the right ones.
        let samples = samples(500, 0.5, [-2.0, 0.0, -1.0]);
        let curve = fit(&samples, 0.0).unwrap();
        let sum: f64 = samples.iter().map(|sample| curve.at(&sample.features)).sum();
        let right = samples.iter().filter(|sample| sample.is_right).count();
        assert!((sum - right as f64).abs() < 1e-6);
    }

    #[test]
    fn a_feature_that_pushes_the_wrong_way_does_not_count() {
        let wrong = samples(20_000, -1.0, [-3.0, 2.0, -1.0]);
        let curve = fit(&wrong, 1.0).unwrap();
        assert_eq!(curve.terms[1].coefficient, 0.0);
        let (_, slopes) = plain(&curve);
        assert!((slopes[0] + 3.0).abs() < 0.4 && (slopes[2] + 1.0).abs() < 0.3, "{slopes:?}");
    }

    #[test]
    fn it_is_the_same_every_time_and_does_not_run_away() {
        // Everything below the half is right: without the ridge there would be no end.
        let apart: Vec<Sample> = (0..40)
            .map(|n| {
                let mut features = [None; FEATURES];
                features[0] = Some(f64::from(n) / 40.0);
                Sample { features, is_right: n < 20 }
            })
            .collect();
        let curve = fit(&apart, 1.0).unwrap();
        assert_eq!(fit(&apart, 1.0).unwrap(), curve);
        assert!(
            curve.terms[0].coefficient < -1.0 && curve.terms[0].coefficient > -10.0,
            "{curve:?}"
        );
    }

    #[test]
    fn there_is_nothing_to_fit_where_all_are_alike() {
        let mut all = samples(10, 50.0, [0.0; 3]);
        assert_eq!(fit(&all, 1.0), None);
        all.iter_mut().for_each(|sample| sample.is_right = false);
        assert_eq!(fit(&all, 1.0), None);
        assert_eq!(fit(&[], 1.0), None);
    }
}
