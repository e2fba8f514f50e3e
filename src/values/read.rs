//! Reads the distinct values of a column, as the owner of its table.
//!
//! Nobody's rights but the owner's, as the server's own maintenance does it, read-only, and within
//! bounds of time, rows and bytes. Called by [`super::refresh`].

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::Oid;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::spi::Error as SpiError;
use text2sql_core::link::{key, looks_secret};
use text2sql_core::schema::{RelationName, quote_ident, quote_qualified};

use super::MAX_VALUES;
use crate::pg::subxact::{self, Scope};
use crate::pg::{role, settings, timer};

/// Longest time for one column.
const READING_MS: u64 = 60_000;

/// What was read of a column.
pub struct Values {
    /// Each with its key.
    pub values: Vec<(String, String)>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// A column to read.
pub struct Source<'a> {
    /// The table.
    pub relation: &'a RelationName,
    /// Its owner.
    pub owner: Oid,
    /// The column.
    pub column: &'a str,
    /// Whether somebody allowed it by name: then what looks secret is kept, too.
    pub is_allowed: bool,
}

/// The values of a column that a question could name; why there are none where it cannot be read.
pub fn read(source: &Source<'_>) -> Result<Values, String> {
    let read = subxact::rolled_back(
        |scope| {
            timer::arm(READING_MS);
            settle(scope);
            role::assume(scope, source.owner);
            distinct(source)
        },
        timer::disarm,
    );
    match read {
        Ok(Ok(values)) => Ok(values),
        Ok(Err(error)) => Err(error.to_string()),
        Err(caught) => Err(told(caught)),
    }
}

fn settle(scope: &Scope) {
    // An error rather than a part of the rows.
    let whole = (c"row_security", c"off");
    settings::read_only(scope, &[whole, (c"lock_timeout", c"1s"), (c"work_mem", c"64MB")]);
    subxact::see_present(scope);
}

/// In the order of bytes, so that what is cut off is the same every time.
fn distinct(source: &Source<'_>) -> Result<Values, SpiError> {
    let Source { relation, column, is_allowed, .. } = source;
    let (relation, column) = (quote_qualified(relation), quote_ident(column));
    let most = i64::try_from(MAX_VALUES).unwrap_or(i64::MAX);
    let query = format!(
        "SELECT DISTINCT t.{column}::text COLLATE \"C\" FROM {relation} AS t
          WHERE length(t.{column}::text) BETWEEN 2 AND {} ORDER BY 1",
        text2sql_core::link::MAX_VALUE
    );
    Spi::connect(|client| {
        let rows = client.select(&query, Some(most + 1), &[])?;
        let is_cut = rows.len() > MAX_VALUES;
        let mut values = Vec::new();
        for row in rows.take(MAX_VALUES) {
            if let Some(value) = row.get::<String>(1)?
                && (*is_allowed || !looks_secret(&value))
                && let Some(key) = key(&value)
            {
                values.push((key, value));
            }
        }
        Ok(Values { values, is_cut })
    })
}

/// Why a column was not read. Does not return for a cancel by somebody else.
fn told(caught: CaughtError) -> String {
    let report = match &caught {
        CaughtError::RustPanic { .. } => caught.rethrow(),
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
    };
    match report.sql_error_code() {
        Code::ERRCODE_QUERY_CANCELED if timer::cancelled() => {
            format!("it takes more than {} s", READING_MS / 1000)
        }
        Code::ERRCODE_QUERY_CANCELED => caught.rethrow(),
        _ => report.message().to_owned(),
    }
}
