//! What checking a statement means: running it for `ask`, planning it for `generate` and `explain`;
//! and by what two statements' results are compared.
//!
//! Everything goes through the guard. Called by [`super::question`] and [`super::candidates`].

use std::time::Duration;

use serde_json::Value as Json;
use text2sql_core::score::{Kind, Rows, Value, digest};
use text2sql_core::sql::ParsedSql;

use super::limits::Guard;
use crate::exec::{ExecError, Report, ResultSet};
use crate::guc;

/// What a statement returns, as far as candidates are compared by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returned {
    /// Equal for equal rows.
    pub digest: u64,
    /// Whether there are no rows.
    pub is_empty: bool,
}

/// A check that a statement has to pass.
pub trait Check {
    /// What it gives of a statement that passes.
    type Given;

    /// Checks a statement, in at most `time` where there is one.
    ///
    /// # Errors
    /// Of the gate or the execution.
    fn check(&self, sql: &ParsedSql, time: Option<Duration>) -> Result<Self::Given, ExecError>;

    /// What a statement that passed returns; nothing where that cannot be found out in `time`.
    fn returned(&self, sql: &ParsedSql, given: &Self::Given, time: Duration) -> Option<Returned>;

    /// Whether it returns no row, where the check itself tells.
    fn is_empty(&self, given: &Self::Given) -> Option<bool>;
}

/// Runs statements.
pub struct Running<'g>(pub &'g Guard);

impl Check for Running<'_> {
    type Given = ResultSet;

    fn check(&self, sql: &ParsedSql, time: Option<Duration>) -> Result<ResultSet, ExecError> {
        match time {
            Some(time) => self.0.run_within(sql, time),
            None => self.0.run(sql),
        }
    }

    fn returned(&self, _: &ParsedSql, given: &ResultSet, _: Duration) -> Option<Returned> {
        Some(of_rows(given))
    }

    fn is_empty(&self, given: &ResultSet) -> Option<bool> {
        Some(given.rows.is_empty())
    }
}

/// Plans statements. Only to compare candidates they are run too, and not where nothing may be run
/// before somebody has read it: statements are compared by their text then.
pub struct Planning<'g>(pub &'g Guard);

impl Check for Planning<'_> {
    type Given = Report;

    fn check(&self, sql: &ParsedSql, time: Option<Duration>) -> Result<Report, ExecError> {
        match time {
            Some(time) => self.0.validate_within(sql, time),
            None => self.0.validate(sql),
        }
    }

    fn returned(&self, sql: &ParsedSql, _: &Report, time: Duration) -> Option<Returned> {
        if guc::require_confirm() {
            let text = vec![vec![Value::new(Kind::Text, Some(sql.text()))]];
            return Some(Returned { digest: digest(&text), is_empty: false });
        }
        self.0.run_within(sql, time).ok().map(|result| of_rows(&result))
    }

    fn is_empty(&self, _: &Report) -> Option<bool> {
        None
    }
}

fn of_rows(result: &ResultSet) -> Returned {
    Returned { digest: digest(&rows(result)), is_empty: result.rows.is_empty() }
}

/// The rows of a result in the form in which they are compared.
pub fn rows(result: &ResultSet) -> Rows {
    let kinds: Vec<Kind> = result.columns.iter().map(|column| kind(&column.type_name)).collect();
    let row = |text: &String| -> Vec<Value> {
        let row: Json = serde_json::from_str(text).unwrap_or_default();
        let values = row.as_object().into_iter().flat_map(|object| object.values());
        values.zip(&kinds).map(|(value, kind)| of_json(*kind, value)).collect()
    };
    result.rows.iter().map(row).collect()
}

fn of_json(kind: Kind, value: &Json) -> Value {
    match value {
        Json::Null => Value::new(kind, None),
        Json::String(text) if kind == Kind::Moment => {
            Value::new(kind, Some(&text.replacen('T', " ", 1)))
        }
        Json::String(text) => Value::new(kind, Some(text)),
        other => Value::new(kind, Some(&other.to_string())),
    }
}

fn kind(type_name: &str) -> Kind {
    match type_name.split('(').next().unwrap_or_default().trim_end() {
        "smallint" | "integer" | "bigint" | "real" | "double precision" | "numeric" | "oid" => {
            Kind::Number
        }
        "date" | "timestamp without time zone" | "timestamp with time zone" | "timestamp" => {
            Kind::Moment
        }
        _ => Kind::Text,
    }
}
