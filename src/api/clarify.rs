//! Asking back: what a question leaves open, with the readings there are.
//!
//! The rules are [`text2sql_core::clarify`]'s; here the years of a date column are looked up, as the
//! caller and by a statement that passes the same gates. Called by [`super::question`].

use std::time::Duration;

use text2sql_core::clarify::{self, Open};
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{CandidateSql, policy};

use super::limits::Guard;
use super::put_right::value_of;
use crate::error::Error;

/// Longest look at a date column.
const LOOKING: Duration = Duration::from_millis(300);

/// The question back, where the question leaves something open.
pub fn asked_back(question: &str, snapshot: &Snapshot, guard: &Guard) -> Option<Error> {
    let (word, reading, choices) = match clarify::open(snapshot, question)? {
        Open::Measure { word, choices } => (word, "measure", choices),
        Open::Relation { word, choices } => (word, "table", choices),
        Open::Year { word, years, column } => {
            let sql = policy::check(CandidateSql::from_user(&years).ok()?).ok()?;
            let found = guard.run_within(&sql, LOOKING).ok()?;
            let years: Vec<String> = found.rows.iter().filter_map(|row| value_of(row)).collect();
            if years.len() < 2 {
                return None;
            }
            let choices = years.iter().map(|year| format!("{year} ({column})")).collect();
            (word, "year", choices)
        }
    };
    Some(Error::Ambiguous { word, reading, choices })
}
