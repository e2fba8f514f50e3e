//! What a share is worth, and a difference of two.
//!
//! Owns the formulas. Pure. Called by [`super::tally`].

/// Normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_964;

/// The 95 % interval of a share, by Wilson (1927): `right` of `all`, both ends 0 to 1.
pub fn interval(right: usize, all: usize) -> (f64, f64) {
    if all == 0 {
        return (0.0, 1.0);
    }
    let (n, p) = (all as f64, right as f64 / all as f64);
    let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let centre = p + Z * Z / (2.0 * n);
    let scale = 1.0 + Z * Z / n;
    (((centre - spread) / scale).max(0.0), ((centre + spread) / scale).min(1.0))
}

/// Probability of a difference as large as this between two runs on the same questions, if neither
/// were better: the exact test of McNemar (1947). `only_first` and `only_second` are the questions
/// that one run alone has right.
pub fn mcnemar(only_first: usize, only_second: usize) -> f64 {
    let (n, k) = (only_first + only_second, only_first.min(only_second));
    if n == 0 {
        return 1.0;
    }
    // Binomial with one half, in logarithms: the coefficients overflow.
    let log_factorial = |m: usize| (1..=m).map(|i| (i as f64).ln()).sum::<f64>();
    let tail: f64 = (0..=k)
        .map(|i| {
            let ways = log_factorial(n) - log_factorial(i) - log_factorial(n - i);
            (ways - n as f64 * std::f64::consts::LN_2).exp()
        })
        .sum();
    (2.0 * tail).min(1.0)
}

/// The value below which a share of all lies; 0 for none. `values` are sorted.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1).min(values.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_books() {
        // Newcombe (1998), table I: 81 of 263.
        let (low, high) = interval(81, 263);
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4, "{low} {high}");
        assert_eq!(interval(0, 0), (0.0, 1.0));
        assert!(interval(0, 10).0 < 1e-12 && interval(10, 10).1 > 1.0 - 1e-12);
    }

    #[test]
    fn differences_are_judged_exactly() {
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(3, 3), 1.0);
        // 2 * (1 + 10) / 2^10.
        assert!((mcnemar(1, 9) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar(9, 1) - mcnemar(1, 9)).abs() < 1e-15);
        assert!(mcnemar(0, 2000) < 1e-300);
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!([0.5, 0.95, 0.0].map(|share| percentile(&values, share)), [2.0, 4.0, 1.0]);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
