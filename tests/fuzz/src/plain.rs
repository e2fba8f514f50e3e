//! The caller without the guard: what its own SELECT gives in a READ ONLY transaction.
//!
//! Owns a session with the settings under which the guard reads a statement, and the writing of
//! full names that `run` does before. Only statements that the guard accepted may come here.

use std::collections::HashMap;

use postgres::Client;
use text2sql_core::schema::RelationName;
use text2sql_core::sql::{CandidateSql, policy, qualify};

use crate::Failure;
use crate::caller::first_columns;
use crate::playground::Playground;
use crate::roles::Role;

/// As in `src/exec/sandbox.rs`: what decides the meaning of a text, the form of values and the
/// plan. The playground has no extension in a schema that is closed to others, so the guard adds
/// none to the search path.
const SETTINGS: &str = "
SET standard_conforming_strings = on; SET backslash_quote = safe_encoding;
SET transform_null_equals = off; SET array_nulls = on; SET xmloption = content;
SET DateStyle = 'ISO, YMD'; SET IntervalStyle = postgres; SET bytea_output = hex;
SET extra_float_digits = 1; SET row_security = on; SET max_parallel_workers_per_gather = 0;
SET join_collapse_limit = 8; SET from_collapse_limit = 8; SET geqo = on; SET jit = off;
SET work_mem = '16MB'; SET hash_mem_multiplier = 1; SET client_min_messages = error;
SET lock_timeout = '200ms'; SET statement_timeout = '4s';
SET search_path = pg_catalog, pg_temp";

/// Why there is nothing to compare with.
#[derive(Debug, Clone)]
pub struct PlainError {
    /// SQLSTATE; empty if the connection is gone.
    pub sqlstate: String,
    /// The server's.
    pub message: String,
}

/// The session.
pub struct Plain {
    client: Client,
    homes: HashMap<String, String>,
}

impl Plain {
    /// Opens a session of `role`.
    ///
    /// # Errors
    /// Of the connection.
    pub fn connect(playground: &Playground, role: Role) -> Result<Self, Failure> {
        let mut client = playground.connect(role.name, |_| {})?;
        let visible = "SELECT c.relname::text, n.nspname::text FROM pg_class c
                       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE pg_table_is_visible(c.oid)";
        let rows = client.query(visible, &[])?;
        let homes = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        client.batch_execute(SETTINGS)?;
        Ok(Self { client, homes })
    }

    /// The statement as the guard gives it to the server.
    pub fn full_names(&self, sql: &str) -> Option<String> {
        let parsed = policy::check(CandidateSql::from_user(sql).ok()?).ok()?;
        let qualified = qualify(&parsed, |name| {
            let schema = self.homes.get(&name.name).filter(|_| name.schema.is_none())?;
            Some(RelationName { schema: schema.clone(), name: name.name.clone() })
        });
        Some(qualified.unwrap_or(parsed).text().to_owned())
    }

    /// The rows, as JSON objects.
    ///
    /// # Errors
    /// Of the server.
    pub fn select(&mut self, sql: &str) -> Result<Vec<String>, PlainError> {
        let wrapped = format!(
            "BEGIN TRANSACTION READ ONLY; SELECT row_to_json(\"a row\") FROM (\n{sql}\n) \"a row\""
        );
        let result = self.client.simple_query(&wrapped);
        // Fails only where the connection is gone, which the next call says.
        let _ = self.client.batch_execute("ROLLBACK");
        result.map(|messages| first_columns(&messages)).map_err(|error| match error.as_db_error() {
            Some(e) => {
                PlainError { sqlstate: e.code().code().to_owned(), message: e.message().to_owned() }
            }
            None => PlainError { sqlstate: String::new(), message: error.to_string() },
        })
    }
}
