//! The database that tables are made in.
//!
//! Owns the connection and its one transaction: either everything is there in the end, or nothing.
//! Called by [`super::sqlite`] and [`super::wikisql`].

use std::io::Write as _;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use super::copy::{Changed, write};
use super::names::quoted;
use super::plan::{Constraint, Made};
use super::types::Stored;

/// What takes a row.
pub type EachRow<'a> = dyn FnMut(&[Stored<'_>]) -> Result<(), String> + 'a;

/// Bytes sent together.
const CHUNK: usize = 1 << 16;

/// Connects to a database; makes it if it is not there. Also tells whether it was made.
///
/// # Errors
/// Of the server.
pub fn connect(server: &Config, db: &str) -> Result<(Client, bool), String> {
    let in_database = |name: &str| {
        let mut config = server.clone();
        config.dbname(name);
        config.connect(NoTls)
    };
    match in_database(db) {
        Ok(client) => Ok((client, false)),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_DATABASE) => {
            let mut client = in_database("postgres").map_err(|error| said(&error))?;
            let sql = format!("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0", quoted(db));
            client.batch_execute(&sql).map_err(|error| said(&error))?;
            in_database(db).map(|client| (client, true)).map_err(|error| said(&error))
        }
        Err(error) => Err(said(&error)),
    }
}

/// Drops a database that was made for nothing.
pub fn drop_database(server: &Config, db: &str) {
    let mut config = server.clone();
    config.dbname("postgres");
    if let Ok(mut client) = config.connect(NoTls) {
        let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {}", quoted(db)));
    }
}

/// A transaction in which tables are made.
pub struct Target<'c> {
    transaction: postgres::Transaction<'c>,
    schema: String,
}

impl<'c> Target<'c> {
    /// Begins it, with a schema that is made if it is not there.
    ///
    /// # Errors
    /// Of the server.
    pub fn begin(client: &'c mut Client, schema: &str) -> Result<Self, String> {
        let transaction = client.transaction().map_err(|error| said(&error))?;
        let mut target = Self { transaction, schema: String::new() };
        target.enter(schema)?;
        Ok(target)
    }

    /// Makes what follows in another schema, which is made if it is not there.
    ///
    /// # Errors
    /// Of the server.
    pub fn enter(&mut self, schema: &str) -> Result<(), String> {
        schema.clone_into(&mut self.schema);
        let sql = format!(
            "SET LOCAL client_min_messages = warning; CREATE SCHEMA IF NOT EXISTS {}",
            quoted(schema)
        );
        self.transaction.batch_execute(&sql).map_err(|error| said(&error))
    }

    /// Makes a table with its rows: `rows` gives each of them to what it is called with.
    ///
    /// # Errors
    /// Of the server and of `rows`.
    pub fn load(
        &mut self,
        made: &Made,
        rows: impl FnOnce(&mut EachRow<'_>) -> Result<(), String>,
    ) -> Result<Changed, String> {
        self.transaction.batch_execute(&made.create(&self.schema)).map_err(|e| said(&e))?;
        let mut changed = Changed::default();
        let sql = format!("COPY {} FROM STDIN", made.qualified(&self.schema));
        let mut writer = self.transaction.copy_in(&sql).map_err(|error| said(&error))?;
        let mut text = String::with_capacity(2 * CHUNK);
        rows(&mut |row| {
            for (at, (value, column)) in row.iter().zip(&made.columns).enumerate() {
                if at > 0 {
                    text.push('\t');
                }
                write(&mut text, *value, column.type_, &mut changed);
            }
            text.push('\n');
            if text.len() >= CHUNK {
                writer.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
                text.clear();
            }
            Ok(())
        })?;
        writer.write_all(text.as_bytes()).map_err(|error| error.to_string())?;
        writer.finish().map_err(|error| said(&error))?;
        Ok(changed)
    }

    /// Adds a key or reference, if the rows keep it; else tells why not.
    ///
    /// # Errors
    /// Of the server, other than that.
    pub fn add(&mut self, constraint: &Constraint) -> Result<Option<String>, String> {
        let table = format!("{}.{}", quoted(&self.schema), quoted(&constraint.table));
        let mut inner = self.transaction.transaction().map_err(|error| said(&error))?;
        match inner.batch_execute(&format!("ALTER TABLE {table} {}", constraint.sql)) {
            Ok(()) => inner.commit().map(|()| None).map_err(|error| said(&error)),
            Err(error) if error.code().is_some() => {
                inner.rollback().map_err(|error| said(&error))?;
                Ok(Some(said(&error)))
            }
            Err(error) => Err(said(&error)),
        }
    }

    /// Lets a role read what is in the schema.
    ///
    /// # Errors
    /// Of the server.
    pub fn grant(&mut self, reader: &str) -> Result<(), String> {
        let (schema, reader) = (quoted(&self.schema), quoted(reader));
        let sql = format!(
            "GRANT USAGE ON SCHEMA {schema} TO {reader};
             GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {reader}"
        );
        self.transaction.batch_execute(&sql).map_err(|error| said(&error))
    }

    /// Keeps what was made.
    ///
    /// # Errors
    /// Of the server.
    pub fn finish(self) -> Result<(), String> {
        self.transaction.commit().map_err(|error| said(&error))
    }
}

/// What the server says, in one line.
pub fn said(error: &postgres::Error) -> String {
    let Some(db) = error.as_db_error() else { return error.to_string() };
    let place = db.where_().map(|place| format!(" ({place})")).unwrap_or_default();
    let detail = db.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{}{detail}{place}", db.message()).replace('\n', " ")
}
