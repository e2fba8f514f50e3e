//! What was violated, and the counts of a run.
//!
//! Owns the file of findings (one JSON object a line) and the summary.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::Failure;

/// A promise of the guard that a statement broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The output holds something the caller may not see.
    Leak,
    /// A row that the caller's own SELECT does not give.
    More,
    /// A row of the caller's own SELECT is missing.
    Less,
    /// The caller's own SELECT is an error of rights, or wants to write.
    Forbidden,
    /// The session is not as it was.
    Session,
    /// Something that everybody can see is not as it was.
    Server,
    /// The server, or the connection, went down.
    Crash,
    /// An error of class XX, or a panic.
    Internal,
    /// It took longer than its limit.
    Slow,
    /// The checks without a server panicked or took too long.
    Pure,
}

/// Findings and counts.
#[derive(Debug, Default)]
pub struct Findings {
    file: Option<File>,
    seed: u64,
    /// Statements that were tried.
    pub statements: u64,
    /// Statements that ran to their end.
    pub accepted: u64,
    /// Refusals by rule; without a rule, errors by SQLSTATE.
    pub refused: BTreeMap<String, u64>,
    /// Accepted statements whose rows were compared.
    pub compared: u64,
    /// Statements above their limit because of functions that nothing can interrupt.
    pub slow: u64,
    /// Accepted statements that were not compared, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    found: BTreeMap<Kind, u64>,
}

impl Findings {
    /// For a run with `seed`, written to `path`.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn new(seed: u64, path: Option<&Path>) -> Result<Self, Failure> {
        let file = path.map(File::create).transpose()?;
        Ok(Self { file, seed, ..Self::default() })
    }

    /// Adds a finding.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn add(&mut self, number: u64, sql: &str, kind: Kind, what: &str) -> Result<(), Failure> {
        *self.found.entry(kind).or_default() += 1;
        let line = json!({
            "seed": self.seed, "number": number, "kind": format!("{kind:?}").to_lowercase(),
            "what": what, "sql": sql,
        });
        eprintln!("FINDING {line}");
        if let Some(file) = &mut self.file {
            writeln!(file, "{line}")?;
            file.flush()?;
        }
        Ok(())
    }

    /// Counts a refusal or an error.
    pub fn refuse(&mut self, why: &str) {
        *self.refused.entry(why.to_owned()).or_default() += 1;
    }

    /// Counts an accepted statement that is not compared.
    pub fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }

    /// Number of findings.
    pub fn count(&self) -> u64 {
        self.found.values().sum()
    }

    /// The counts as text.
    pub fn summary(&self, took: Duration) -> String {
        let rate = self.statements as f64 / took.as_secs_f64().max(0.001);
        let mut text = format!(
            "seed {}: {} statements in {:.0} s ({rate:.1} a second)\n",
            self.seed,
            self.statements,
            took.as_secs_f64()
        );
        text += &format!("accepted {}, of these compared {}\n", self.accepted, self.compared);
        text += &format!("late because nothing could interrupt them {}\n", self.slow);
        text += &counts("not compared", &self.skipped);
        text += &counts("refused", &self.refused);
        text += &counts("findings", &self.found);
        text
    }
}

fn counts<K: fmt::Debug + Ord>(title: &str, counts: &BTreeMap<K, u64>) -> String {
    let mut list: Vec<_> = counts.iter().collect();
    list.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let lines = list.iter().map(|(name, count)| {
        let name = format!("{name:?}").to_lowercase();
        format!("  {:30} {count}\n", name.trim_matches('"'))
    });
    format!("{title} {}\n{}", counts.values().sum::<u64>(), lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_counts() {
        let mut findings = Findings::new(7, None).unwrap();
        findings.statements = 10;
        findings.refuse("function");
        findings.refuse("function");
        findings.skip("order");
        findings.add(3, "SELECT 1", Kind::More, "a row").unwrap();
        let text = findings.summary(Duration::from_secs(2));
        assert_eq!(findings.count(), 1);
        for part in
            ["seed 7: 10 statements in 2 s (5.0 a second)", "function  ", "more  ", "order  "]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
