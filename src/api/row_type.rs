//! The row type a program wants its answer in: `ask(anyelement, text)`.
//!
//! Owns reading the type and comparing a result's columns with it. Columns fit by name, as for
//! `json_populate_recordset`; any other type takes results of exactly one column.

use pgrx::pg_sys;
use pgrx::prelude::*;
use text2sql_core::sql::names::unique_columns;

use crate::error::Error;
use crate::exec::ResultSet;
use crate::pg::subxact;

/// Columns of the wanted type.
pub struct RowType {
    name: String,
    columns: Vec<(String, String)>,
    composite: bool,
}

/// Columns of a composite type or of the type under a domain over one, with the type's name.
const COLUMNS: &str = "
    SELECT pg_catalog.format_type(t.oid, NULL), a.attname::pg_catalog.text,
           pg_catalog.format_type(a.atttypid, a.atttypmod)
      FROM pg_catalog.pg_type t
      LEFT JOIN pg_catalog.pg_attribute a
        ON a.attrelid OPERATOR(pg_catalog.=) t.typrelid
       AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
     WHERE t.oid OPERATOR(pg_catalog.=) $1
     ORDER BY a.attnum";

/// What a one-column result is called in the JSON made for a type that is not composite.
const VALUE: &str = "value";

impl RowType {
    /// The columns of `row_type`.
    ///
    /// # Errors
    /// Of the catalog query, or where there is no such type.
    pub fn load(row_type: pg_sys::Oid) -> Result<Self, Error> {
        // Rolled back, so that no lock on the catalogs outlives the call.
        let read = subxact::rolled_back(
            |scope| {
                subxact::see_present(scope);
                read(row_type)
            },
            || (),
        );
        let read = match read {
            Ok(read) => read,
            Err(caught) => caught.rethrow(),
        };
        let (name, columns) = read.map_err(|error| Error::RowTypeLookup(error.to_string()))?;
        let name = name.ok_or_else(|| Error::RowTypeLookup("there is no such type".to_owned()))?;
        let composite = !columns.is_empty();
        let columns = if composite { columns } else { vec![(VALUE.to_owned(), name.clone())] };
        Ok(Self { name, columns, composite })
    }

    /// Names and types the result must have.
    pub fn columns(&self) -> &[(String, String)] {
        &self.columns
    }

    /// Whether the result's columns are the type's.
    ///
    /// # Errors
    /// [`Error::RowType`] with what is missing and what is too much.
    pub fn fit(&self, result: &ResultSet) -> Result<(), Error> {
        let got: Vec<String> = result.columns.iter().map(|c| c.name.clone()).collect();
        if !self.composite {
            let fits = got.len() == 1;
            return if fits { Ok(()) } else { Err(self.misfit(got)) };
        }
        let (got, _) = unique_columns(&got);
        let has = |name: &String| got.contains(name);
        let fits = got.len() == self.columns.len() && self.columns.iter().all(|(c, _)| has(c));
        if fits { Ok(()) } else { Err(self.misfit(got)) }
    }

    fn misfit(&self, got: Vec<String>) -> Error {
        let wanted = self.columns.iter().map(|(name, _)| name.clone()).collect();
        Error::RowType { type_name: self.name.clone(), wanted, got }
    }

    /// All rows as JSON for the SQL function to unpack: an array for a composite type, for any
    /// other an object with that array, which tells the two apart without a look at the catalogs.
    pub fn shape(&self, result: ResultSet) -> String {
        if self.composite {
            return format!("[{}]", result.rows.join(","));
        }
        let name = result.columns.first().map(|c| c.name.clone()).unwrap_or_default();
        let rows: Vec<String> = result.rows.iter().map(|row| rename_only_key(row, &name)).collect();
        format!("{{\"values\":[{}]}}", rows.join(","))
    }
}

/// The type's name, and names and types of its columns.
#[allow(clippy::type_complexity, reason = "read in one place")]
fn read(
    row_type: pg_sys::Oid,
) -> Result<(Option<String>, Vec<(String, String)>), pgrx::spi::Error> {
    Spi::connect(|client| {
        let mut name = None;
        let mut columns = Vec::new();
        for row in client.select(COLUMNS, None, &[row_type.into()])? {
            name = row.get::<String>(1)?;
            if let (Some(column), Some(of)) = (row.get::<String>(2)?, row.get::<String>(3)?) {
                columns.push((column, of));
            }
        }
        Ok((name, columns))
    })
}

/// The object `row` of one key with that key called [`VALUE`]; its value is not parsed, so that
/// no digit of a number is lost.
fn rename_only_key(row: &str, name: &str) -> String {
    let key = serde_json::Value::from(name).to_string();
    match row.strip_prefix(&format!("{{{key}:")) {
        Some(rest) => format!("{{\"{VALUE}\":{rest}"),
        None => row.to_owned(),
    }
}
