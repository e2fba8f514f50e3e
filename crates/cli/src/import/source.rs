//! What is in a file of SQLite.
//!
//! Owns reading it. The file may come from anywhere: it is opened read-only, nothing that its schema
//! could call is trusted, and damage is an error with the file's name. Called by
//! [`super::sqlite`], and by `eval` for statements that were published with the file.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::names::quoted;
use super::types::{Held, Stored};

/// Most tables and columns that are taken for meant.
const MAX_TABLES: usize = 10_000;

/// An open file.
pub struct Source(Connection);

/// A table of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name there.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Columns of its primary key, in the key's order.
    pub primary: Vec<String>,
    /// Columns of its other unique keys.
    pub unique: Vec<Vec<String>>,
    /// References to other tables.
    pub foreign: Vec<Foreign>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name there.
    pub name: String,
    /// Its declared type; empty if it has none.
    pub declared: String,
    /// Whether it is declared to have a value always.
    pub is_required: bool,
}

/// A reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The table referred to.
    pub table: String,
    /// Columns that refer.
    pub from: Vec<String>,
    /// Columns referred to; none if they are the other table's primary key.
    pub to: Vec<String>,
}

impl Source {
    /// Opens a file and looks whether it is sound.
    ///
    /// # Errors
    /// Where it is no database, or damaged.
    pub fn open(path: &Path) -> Result<Self, String> {
        if !path.is_file() {
            return Err("there is no such file".to_owned());
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(said)?;
        for (setting, value) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        ] {
            connection.set_db_config(setting, value).map_err(said)?;
        }
        connection.pragma_update(None, "cell_size_check", true).map_err(said)?;
        let found: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(said)?;
        if found == "ok" { Ok(Self(connection)) } else { Err(format!("it is damaged: {found}")) }
    }

    /// Its tables, in the order of their names.
    ///
    /// # Errors
    /// Of the file.
    pub fn tables(&self) -> Result<Vec<Table>, String> {
        let names = self.strings(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
              AND sql NOT LIKE 'CREATE VIRTUAL %' ORDER BY name",
            &[],
        )?;
        if names.len() > MAX_TABLES {
            return Err(format!("it has more than {MAX_TABLES} tables"));
        }
        names.into_iter().map(|name| self.table(name)).collect()
    }

    /// Names of what is not loaded: views, virtual tables.
    ///
    /// # Errors
    /// Of the file.
    pub fn left_out(&self) -> Result<Vec<String>, String> {
        self.strings(
            "SELECT CASE type WHEN 'view' THEN 'view ' ELSE 'virtual table ' END || name
               FROM sqlite_schema WHERE type = 'view' OR sql LIKE 'CREATE VIRTUAL %' ORDER BY name",
            &[],
        )
    }

    fn table(&self, name: String) -> Result<Table, String> {
        let mut statement = self
            .0
            .prepare(
                "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1",
            )
            .map_err(said)?;
        let rows = statement.query_map([&name], |row| {
            let column =
                Column { name: row.get(0)?, declared: row.get(1)?, is_required: row.get(2)? };
            Ok((column, row.get::<_, i64>(3)?))
        });
        let columns: Vec<(Column, i64)> =
            rows.map_err(said)?.collect::<Result<_, _>>().map_err(said)?;
        let mut primary: Vec<(i64, String)> = columns
            .iter()
            .filter(|(_, place)| *place > 0)
            .map(|(column, place)| (*place, column.name.clone()))
            .collect();
        primary.sort_unstable();
        Ok(Table {
            primary: primary.into_iter().map(|(_, name)| name).collect(),
            unique: self.unique(&name)?,
            foreign: self.foreign(&name)?,
            columns: columns.into_iter().map(|(column, _)| column).collect(),
            name,
        })
    }

    /// Unique constraints; unique indexes on parts of rows or on expressions are none.
    fn unique(&self, table: &str) -> Result<Vec<Vec<String>>, String> {
        let indexes = self.strings(
            "SELECT name FROM pragma_index_list(?1)
              WHERE \"unique\" AND origin <> 'pk' AND NOT partial ORDER BY name",
            &[table],
        )?;
        let columns = |index: String| {
            self.strings(
                "SELECT coalesce(name, '') FROM pragma_index_info(?1) ORDER BY seqno",
                &[&index],
            )
        };
        let all: Vec<Vec<String>> = indexes.into_iter().map(columns).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|key| key.iter().all(|name| !name.is_empty())).collect())
    }

    fn foreign(&self, table: &str) -> Result<Vec<Foreign>, String> {
        let mut statement = self
            .0
            .prepare("SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq")
            .map_err(said)?;
        let rows = statement.query_map([table], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
            ))
        });
        let mut all: Vec<(i64, Foreign)> = Vec::new();
        for row in rows.map_err(said)? {
            let (id, table, from, to) = row.map_err(said)?;
            match all.last_mut().filter(|(last, _)| *last == id) {
                Some((_, foreign)) => {
                    foreign.from.push(from);
                    foreign.to.extend(to);
                }
                None => {
                    let to = to.into_iter().collect();
                    all.push((id, Foreign { table, from: vec![from], to }));
                }
            }
        }
        Ok(all.into_iter().map(|(_, foreign)| foreign).collect())
    }

    /// What each column of a table holds, and how many rows there are.
    ///
    /// # Errors
    /// Of the file.
    pub fn held(&self, table: &Table) -> Result<(Vec<Held>, u64), String> {
        let mut held = vec![Held::default(); table.columns.len()];
        let mut count = 0;
        self.rows(table, |row| {
            count += 1;
            held.iter_mut().zip(row).for_each(|(held, value)| held.see(*value));
            Ok(())
        })?;
        Ok((held, count))
    }

    /// Calls `each` with every row of a table.
    ///
    /// # Errors
    /// Of the file, or of `each`.
    pub fn rows(
        &self,
        table: &Table,
        mut each: impl FnMut(&[Stored<'_>]) -> Result<(), String>,
    ) -> Result<(), String> {
        let columns: Vec<String> = table.columns.iter().map(|c| quoted(&c.name)).collect();
        let sql = format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name));
        let mut statement = self.0.prepare(&sql).map_err(said)?;
        let mut rows = statement.query([]).map_err(said)?;
        while let Some(row) = rows.next().map_err(said)? {
            let values = (0..columns.len()).map(|at| row.get_ref(at).map(stored));
            let values: Vec<Stored<'_>> = values.collect::<Result<_, _>>().map_err(said)?;
            each(&values)?;
        }
        Ok(())
    }

    /// Takes text in double quotes that names nothing for a text, as published statements do.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn allow_quoted_texts(&self) -> Result<(), String> {
        self.0.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, true).map(|_| ()).map_err(said)
    }

    /// Calls `each` with every row of a query, which ends with an error after `limit`.
    ///
    /// # Errors
    /// Of the statement, one that is no query among them, or of the file.
    pub fn query(
        &self,
        sql: &str,
        limit: Duration,
        mut each: impl FnMut(&[Stored<'_>]),
    ) -> Result<(), String> {
        let mut statement = self.0.prepare(sql).map_err(said)?;
        let width = statement.column_count();
        // ATTACH counts as one that only reads.
        if !statement.readonly() || width == 0 {
            return Err("it is no query".to_owned());
        }
        let interrupt = self.0.get_interrupt_handle();
        let (done, is_done) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                    interrupt.interrupt();
                }
            });
            let mut read = || -> Result<(), rusqlite::Error> {
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let values = (0..width).map(|at| row.get_ref(at).map(stored));
                    each(&values.collect::<Result<Vec<_>, _>>()?);
                }
                Ok(())
            };
            let read = read();
            drop(done);
            read.map_err(said)
        })
    }

    fn strings(&self, sql: &str, arguments: &[&str]) -> Result<Vec<String>, String> {
        let mut statement = self.0.prepare(sql).map_err(said)?;
        let rows = statement.query_map(rusqlite::params_from_iter(arguments), |row| row.get(0));
        rows.map_err(said)?.collect::<Result<_, _>>().map_err(said)
    }
}

fn stored(value: ValueRef<'_>) -> Stored<'_> {
    match value {
        ValueRef::Null => Stored::Null,
        ValueRef::Integer(number) => Stored::Integer(number),
        ValueRef::Real(number) => Stored::Real(number),
        ValueRef::Text(bytes) => Stored::Text(bytes),
        ValueRef::Blob(bytes) => Stored::Blob(bytes),
    }
}

fn said(error: rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is no database of SQLite".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => format!("it is damaged: {error}"),
        Some(ErrorCode::CannotOpen) => format!("it cannot be opened: {error}"),
        Some(ErrorCode::OperationInterrupted) => "it takes too long".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
