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

/// Two runs on the same questions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Questions that both have right.
    pub both: usize,
    /// That the first alone has right.
    pub only_first: usize,
    /// That the second alone has right.
    pub only_second: usize,
    /// That neither has right.
    pub neither: usize,
}

impl Pairs {
    /// Questions that both were asked.
    pub fn questions(self) -> usize {
        self.both + self.only_first + self.only_second + self.neither
    }

    /// The second's share of right ones less the first's, -1 to 1; 0 without questions.
    pub fn difference(self) -> f64 {
        let all = self.questions().max(1) as f64;
        (self.only_second as f64 - self.only_first as f64) / all
    }

    /// The 95 % interval of that difference, both ends -1 to 1, by method 10 of Newcombe (1998,
    /// Statistics in Medicine 17, 2635-2650): the distances of Wilson's intervals of the two shares
    /// from the shares, squared and added, less what the two have in common by their correlation
    /// phi, which is drawn to 0 by half a question where it is above.
    pub fn interval(self) -> (f64, f64) {
        let Self { both, only_first, only_second, neither } = self;
        let all = self.questions();
        if all == 0 {
            return (-1.0, 1.0);
        }
        let (first, second) = (both + only_first, both + only_second);
        let distances = |right: usize| {
            let (share, (low, high)) = (right as f64 / all as f64, interval(right, all));
            (share - low, high - share)
        };
        let (below_first, above_first) = distances(first);
        let (below_second, above_second) = distances(second);
        let [a, b, c, d] = [both, only_first, only_second, neither].map(|count| count as f64);
        let excess = a * d - b * c;
        let excess = if excess > 0.0 { (excess - all as f64 / 2.0).max(0.0) } else { excess };
        let scale = ((a + b) * (c + d) * (a + c) * (b + d)).sqrt();
        let phi = if scale > 0.0 { excess / scale } else { 0.0 };
        let together = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
        let difference = self.difference();
        (
            (difference - together(below_second, above_first)).max(-1.0),
            (difference + together(above_second, below_first)).min(1.0),
        )
    }
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
    fn intervals_of_differences_are_those_of_the_books() {
        let is_near = |pairs: Pairs, (low, high): (f64, f64), by: f64| {
            let found = pairs.interval();
            assert!((found.0 - low).abs() < by && (found.1 - high).abs() < by, "{found:?}");
        };
        // Altman, Machin, Bryant and Gardner (2000), Statistics with Confidence, table 6.2: 14 of 41
        // and 19 of 41. By hand: the shares are 0.3415 (0.2156 to 0.4945) and 0.4634 (0.3206 to
        // 0.6125), phi is (14 * 22 - 20.5) / sqrt(19 * 22 * 14 * 27) = 0.7233.
        let scans = Pairs { both: 14, only_first: 0, only_second: 5, neither: 22 };
        assert!((scans.difference() - 5.0 / 41.0).abs() < 1e-12);
        is_near(scans, (0.011, 0.226), 1e-3);
        // Fagerland, Lydersen and Laake (2017), Statistical Analysis of Contingency Tables, chapter
        // 8: 75 and 65 of 161 (Cavo et al. 2012), and 8 and 2 of 21 (Bentur et al. 2009).
        let cavo = Pairs { both: 59, only_first: 16, only_second: 6, neither: 80 };
        is_near(cavo, (-0.1186, -0.0046), 1e-4);
        let bentur = Pairs { both: 1, only_first: 7, only_second: 1, neither: 12 };
        is_near(bentur, (-0.507, -0.026), 1e-3);
    }

    #[test]
    fn intervals_of_differences_hold_at_the_ends() {
        assert_eq!(Pairs::default().interval(), (-1.0, 1.0));
        assert_eq!(Pairs::default().difference(), 0.0);
        for pairs in [
            Pairs { both: 5, ..Pairs::default() },
            Pairs { only_first: 5, ..Pairs::default() },
            Pairs { only_second: 1, neither: 300, ..Pairs::default() },
            Pairs { both: 7, only_first: 2, only_second: 9, neither: 4 },
        ] {
            let (low, high) = pairs.interval();
            let difference = pairs.difference();
            assert!(-1.0 <= low && low <= difference && difference <= high && high <= 1.0);
            let Pairs { only_first, only_second, .. } = pairs;
            let turned = Pairs { only_first: only_second, only_second: only_first, ..pairs };
            let (turned_low, turned_high) = turned.interval();
            assert!((low + turned_high).abs() < 1e-12 && (high + turned_low).abs() < 1e-12);
        }
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let values = [1.0, 2.0, 3.0, 4.0];
        assert_eq!([0.5, 0.95, 0.0].map(|share| percentile(&values, share)), [2.0, 4.0, 1.0]);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }
}
