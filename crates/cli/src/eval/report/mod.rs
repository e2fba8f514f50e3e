//! What a run says, as JSON, Markdown and HTML beside each other.
//!
//! Owns the names of the files. Figures are [`super::tally`]'s. Called by [`super`].

mod markdown;

use std::fs;
use std::path::Path;

use text2sql_core::protocol::Failure;

use super::failed;
use super::tally::Tally;

pub use markdown::render as markdown;

/// Writes the report beside `path`, with one extension for each form.
///
/// # Errors
/// Of the file system.
pub fn write(path: &Path, tally: &Tally) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(tally).map_err(|error| failed(&error.to_string()))?;
    for (extension, text) in [("md", markdown(tally)), ("json", json)] {
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
