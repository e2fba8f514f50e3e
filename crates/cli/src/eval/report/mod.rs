//! What a run says, as JSON, Markdown and HTML beside each other.
//!
//! Owns the names of the files, and what is said of the run itself. Figures are [`super::tally`]'s.
//! Called by [`super`].

mod chart;
mod html;
mod markdown;

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use text2sql_core::protocol::Failure;

use super::ask::Answer;
use super::comparison::Comparison;
use super::failed;
use super::tally::Tally;

pub use markdown::{render as markdown, since};

/// Where figures come from.
#[derive(Debug, Serialize)]
pub struct About {
    /// Name of the suite's file.
    pub suite: String,
    /// Version of the tools.
    pub version: String,
    /// The day.
    pub date: String,
    /// Processors of the machine that asks, which may not be the server's.
    pub processors: usize,
    /// Settings of each arm.
    pub settings: Vec<String>,
}

impl About {
    /// Of a run today, on this machine.
    pub fn today(suite: &Path, settings: Vec<String>) -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        Self {
            suite: suite.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            date: date(seconds / 86_400),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            settings,
        }
    }
}

/// A day counted from 1970 as a date, after Richards (2013).
fn date(days: u64) -> String {
    let f = days + 2_440_588 + 1401 + (4 * (days + 2_440_588) + 274_277) / 146_097 * 3 / 4 - 38;
    let e = 4 * f + 3;
    let h = 5 * (e % 1461 / 4) + 2;
    let (day, month) = (h % 153 / 5 + 1, (h / 153 + 2) % 12 + 1);
    let year = e / 1461 - 4716 + (14 - month) / 12;
    format!("{year}-{month:02}-{day:02}")
}

/// Writes the report beside `path`, with one extension for each form.
///
/// # Errors
/// Of the file system.
pub fn write(path: &Path, about: &About, tally: &Tally, answers: &[Answer]) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Whole<'a> {
        about: &'a About,
        #[serde(flatten)]
        tally: &'a Tally,
    }
    let json = serde_json::to_string_pretty(&Whole { about, tally })
        .map_err(|error| failed(&error.to_string()))?;
    let html = html::render(about, tally, answers)
        .map_err(|error| failed(&format!("the report cannot be drawn: {error}")))?;
    for (extension, text) in [("md", markdown(tally)), ("json", json), ("html", html)] {
        let path = path.with_extension(extension);
        fs::write(&path, text)
            .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))?;
    }
    Ok(())
}

fn share(count: usize, all: usize) -> String {
    match all {
        0 => "–".to_owned(),
        all => format!("{count} ({})", percent(count as f64 / all as f64)),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A difference of shares of right ones with its interval, in percentage points.
fn difference(of: &Comparison) -> String {
    let (low, high) = of.interval;
    format!(
        "{} points (95 % interval {} to {}, Newcombe)",
        points(of.difference),
        points(low),
        points(high)
    )
}

/// A difference of two shares in percentage points, with its sign.
fn points(difference: f64) -> String {
    match format!("{:+.1}", 100.0 * difference).as_str() {
        "+0.0" | "-0.0" => "0.0".to_owned(),
        signed => signed.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::class::Class;
    use super::super::fixture::answer;
    use super::*;

    #[test]
    fn days_are_dates() {
        for (days, text) in
            [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_783, "2026-11-26")]
        {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn differences_are_points_with_their_sign() {
        let told = [0.031, -0.0049, 0.000_4, -0.000_4, 1.0].map(points);
        assert_eq!(told, ["+3.1", "−0.5", "0.0", "0.0", "+100.0"]);
    }

    #[test]
    fn three_files_lie_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut answers = vec![answer("a", "1", Class::Right), answer("a", "2", Class::Join)];
        answers.extend([answer("b", "1", Class::Rows), answer("b", "2", Class::Rows)]);
        let tally = Tally::of(&["a".into(), "b".into()], &answers);
        let about = About::today(Path::new("some/dev.jsonl"), vec![String::new()]);
        write(&folder.path().join("report.md"), &about, &tally, &answers).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
        assert_eq!(json["about"]["suite"], "dev.jsonl");
        assert_eq!(json["arms"][0]["right"], 1);
        assert_eq!(json["arms"][0]["classes"][6], serde_json::json!(["join", 1]));
        assert_eq!(json["comparisons"][0]["questions"], 2);
        assert_eq!(json["comparisons"][0]["difference"], -0.5);
        assert_eq!(json["comparisons"][0]["interval"].as_array().unwrap().len(), 2);
        assert!(read("report.md").starts_with("| | a | b |"));
        assert!(read("report.html").starts_with("<!DOCTYPE html>"));
    }
}
