//! Adds up what was found, and writes the report. Called by [`super`].

use std::fmt;
use std::time::Duration;

/// The ranks up to which recall is told.
pub const CUTS: [usize; 3] = [5, 10, 15];

/// What was found for one question.
#[derive(Debug, Clone)]
pub struct Found {
    /// Relations that the known statement reads.
    pub relations: usize,
    /// Those of them among the first, by [`CUTS`].
    pub among: [usize; CUTS.len()],
    /// Those of them that the model is shown.
    pub relations_shown: usize,
    /// Columns that it reads.
    pub columns: usize,
    /// Those of them that the model is shown.
    pub columns_shown: usize,
    /// All relations that the model is shown.
    pub all_shown: usize,
    /// Tokens of their text, estimated.
    pub tokens: u32,
    /// How long the choice took.
    pub elapsed: Duration,
}

/// All questions of a suite. Its text is the report, in Markdown.
#[derive(Debug, Default)]
pub struct Tally {
    found: Vec<Found>,
    slowest_first: Duration,
}

impl Tally {
    /// Adds a question.
    pub fn add(&mut self, found: Found) {
        self.found.push(found);
    }

    /// Notes how long the first question of a snapshot took.
    pub fn first(&mut self, elapsed: Duration) {
        self.slowest_first = self.slowest_first.max(elapsed);
    }

    /// Share of things found, and of questions for which all were, in percent.
    fn recall(&self, of: impl Fn(&Found) -> (usize, usize)) -> (f64, f64) {
        let (mut found, mut wanted, mut whole) = (0, 0, 0);
        for (some, all) in self.found.iter().map(of) {
            found += some;
            wanted += all;
            whole += usize::from(some == all);
        }
        (percent(found, wanted), percent(whole, self.found.len()))
    }

    /// The value that a share of questions does not exceed.
    fn quantile<T: Ord>(&self, share: f64, of: impl Fn(&Found) -> T) -> Option<T> {
        let mut values: Vec<T> = self.found.iter().map(of).collect();
        values.sort();
        let last = values.len().checked_sub(1)?;
        values.into_iter().nth((last as f64 * share).round() as usize)
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} questions\n", self.found.len())?;
        writeln!(f, "| | recall | questions with all |\n|---|---|---|")?;
        let mut row = |what: &str, (share, whole): (f64, f64)| {
            writeln!(f, "| {what} | {share:.1} % | {whole:.1} % |")
        };
        for (at, cut) in CUTS.into_iter().enumerate() {
            let among = |q: &Found| (q.among.get(at).copied().unwrap_or_default(), q.relations);
            row(&format!("tables among the first {cut}"), self.recall(among))?;
        }
        row("tables shown", self.recall(|q| (q.relations_shown, q.relations)))?;
        row("columns shown", self.recall(|q| (q.columns_shown, q.columns)))?;
        let ms =
            |share| self.quantile(share, |q| q.elapsed).unwrap_or_default().as_secs_f64() * 1e3;
        writeln!(f, "\nlinking: median {:.1} ms, p95 {:.1} ms", ms(0.5), ms(0.95))?;
        let first = self.slowest_first.as_secs_f64() * 1e3;
        writeln!(f, "first question of a snapshot: slowest {first:.1} ms")?;
        let shown = self.quantile(0.5, |q| q.all_shown).unwrap_or_default();
        let tokens = self.quantile(0.5, |q| q.tokens).unwrap_or_default();
        writeln!(f, "shown: median {shown} tables, {tokens} tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_and_questions_are_counted_apart() {
        let found = |among, relations, ms| Found {
            relations,
            among,
            relations_shown: relations,
            columns: 0,
            columns_shown: 0,
            all_shown: 7,
            tokens: 70,
            elapsed: Duration::from_millis(ms),
        };
        let mut tally = Tally::default();
        tally.add(found([1, 2, 2], 2, 10));
        tally.add(found([1, 1, 1], 2, 30));
        let text = tally.to_string();
        assert!(text.contains("| tables among the first 5 | 50.0 % | 0.0 % |"), "{text}");
        assert!(text.contains("| tables among the first 10 | 75.0 % | 50.0 % |"), "{text}");
        assert!(text.contains("| columns shown | 100.0 % | 100.0 % |"), "{text}");
        assert!(text.contains("p95 30.0 ms"), "{text}");
        assert!(Tally::default().to_string().starts_with("0 questions"));
    }
}
