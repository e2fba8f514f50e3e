//! Files of lines of JSON and snapshots of catalogs, and the failures they give rise to.
//!
//! Owns what every tool says of a file it cannot read. Knows no subcommand.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use text2sql_core::protocol::{Failure, FailureCode};
use text2sql_core::schema::Snapshot;

/// A catalog that `scripts/snapshot` wrote.
///
/// # Errors
/// Where there is none, with the file's name.
pub fn snapshot(path: &Path) -> Result<Snapshot, Failure> {
    Snapshot::parse(&text(path)?).map_err(|error| in_file(path, &error))
}

/// What the lines of a file say; empty ones are left out.
///
/// # Errors
/// Where a line is no such thing, with the file's name.
pub fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Failure> {
    let text = text(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).map_err(|error| in_file(path, &error))).collect()
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| in_file(path, &error))
}

/// A failure with a file.
pub fn in_file(path: &Path, error: &dyn Display) -> Failure {
    failure(&format_args!("{}: {error}", path.display()))
}

/// A failure of a tool.
pub fn failure(error: &dyn Display) -> Failure {
    Failure { code: FailureCode::Internal, message: error.to_string(), detail: None, hint: None }
}
