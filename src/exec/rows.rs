//! Rows of a checked statement as JSON, within bounds.
//!
//! Owns column names and the caps on rows and bytes. Can run nothing but a [`ReadOnlySql`].

use std::collections::HashSet;
use std::ffi::CString;

use super::error::ExecError;
use super::gate::ReadOnlySql;
use super::limits::Limits;
use crate::pg::executor::{self, After, Rows};
use crate::pg::facts;
use crate::pg::parse::PlanColumn;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ColumnInfo {
    /// Unique in the result.
    pub name: String,
    /// `format_type`.
    pub type_name: String,
    /// `pg_type.oid`.
    pub type_oid: u32,
}

/// Why a result ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// After this many rows.
    Rows(u64),
    /// Because the next row would have gone above this many bytes.
    Bytes(u64),
}

/// What a statement returned.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ResultSet {
    /// In select-list order.
    pub columns: Vec<ColumnInfo>,
    /// Columns whose name was taken: as the statement named them, as they are named here.
    pub renamed: Vec<(String, String)>,
    /// JSON objects as text, keys in select-list order.
    pub rows: Vec<String>,
    /// If there was more.
    pub truncated: Option<Truncation>,
}

/// Longest name, `NAMEDATALEN - 1`.
const MAX_NAME: usize = 63;

/// Columns under unique names, with what was renamed.
pub(super) fn name_columns(columns: &[PlanColumn]) -> (Vec<ColumnInfo>, Vec<(String, String)>) {
    let mut taken: HashSet<String> = columns.iter().map(|column| column.name.clone()).collect();
    let mut used = HashSet::new();
    let mut renamed = Vec::new();
    let infos = columns
        .iter()
        .map(|column| {
            let mut name = column.name.clone();
            if !used.insert(name.clone()) {
                let mut number = 2_u32;
                while !taken.insert(numbered(&column.name, number)) {
                    number = number.saturating_add(1);
                }
                name = numbered(&column.name, number);
                used.insert(name.clone());
                renamed.push((column.name.clone(), name.clone()));
            }
            ColumnInfo {
                name,
                type_name: facts::type_name(column.type_oid, column.type_modifier),
                type_oid: column.type_oid.to_u32(),
            }
        })
        .collect();
    (infos, renamed)
}

fn numbered(name: &str, number: u32) -> String {
    let suffix = format!("_{number}");
    let end = name.floor_char_boundary(MAX_NAME.saturating_sub(suffix.len()));
    format!("{}{suffix}", name.get(..end).unwrap_or_default())
}

struct Collector {
    rows: Vec<String>,
    bytes: usize,
    max_rows: usize,
    max_bytes: usize,
    truncated: Option<Truncation>,
}

impl Collector {
    fn too_many_bytes(&mut self, more: usize) -> bool {
        if self.bytes.saturating_add(more) > self.max_bytes {
            self.truncated = Some(Truncation::Bytes(self.max_bytes as u64));
        }
        self.truncated.is_some()
    }
}

impl Rows for Collector {
    fn admit(&mut self, bytes: usize) -> bool {
        if self.rows.len() >= self.max_rows {
            self.truncated = Some(Truncation::Rows(self.max_rows as u64));
            return false;
        }
        !self.too_many_bytes(bytes)
    }

    fn row(&mut self, json: String) -> After {
        if self.too_many_bytes(json.len()) {
            return After::Stop;
        }
        self.bytes = self.bytes.saturating_add(json.len());
        self.rows.push(json);
        After::Continue
    }
}

/// Runs `sql` to its end or to a cap.
pub(super) fn fetch(sql: &ReadOnlySql<'_>, limits: &Limits) -> Result<ResultSet, ExecError> {
    let (columns, renamed) = name_columns(&sql.columns);
    let names: Option<Vec<CString>> =
        columns.iter().map(|column| facts::to_server_encoding(&column.name)).collect();
    let names = names.ok_or_else(|| ExecError::Internal("a column name is lost".to_owned()))?;
    let mut collector = Collector {
        rows: Vec::new(),
        bytes: 0,
        max_rows: usize::try_from(limits.max_rows).unwrap_or(usize::MAX),
        max_bytes: usize::try_from(limits.max_bytes).unwrap_or(usize::MAX),
        truncated: None,
    };
    executor::run(sql.plan(), &names, &mut collector);
    Ok(ResultSet { columns, renamed, rows: collector.rows, truncated: collector.truncated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_names_stay_within_the_limit() {
        let long = "ä".repeat(31);
        assert_eq!(numbered("a", 2), "a_2");
        assert!(numbered(&long, 2).len() <= MAX_NAME);
    }
}
