//! Reads and writes `text2sql.embedding`, as its owner, with statements of our own.
//!
//! Called by [`super::near`] and [`super::refresh`].

use std::collections::HashMap;

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::Oid;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::spi::{self, SpiClient};
use text2sql_core::embedding::{Key, Vector};
use text2sql_core::hex;

use crate::pg::subxact::{self, Scope};
use crate::pg::{facts, invalidation, role, settings};

const FIND: &str = "
    SELECT e.text_hash, e.vector FROM text2sql.embedding e
     WHERE e.encoder = $1 AND e.text_hash = ANY ($2)";

const KNOWN: &str =
    "SELECT e.text_hash, NULL::bytea FROM text2sql.embedding e WHERE e.encoder = $1";

const SOME: &str = "SELECT e.text_hash, NULL::bytea FROM text2sql.embedding e LIMIT 1";

const ADD: &str = "
    INSERT INTO text2sql.embedding (encoder, text_hash, vector)
    SELECT $1, t.text_hash, t.vector FROM unnest($2, $3) AS t(text_hash, vector)
    ON CONFLICT DO NOTHING";

/// Those of other encoders go, too: only one is configured.
const KEEP: &str = "
    DELETE FROM text2sql.embedding e WHERE e.encoder <> $1 OR e.text_hash <> ALL ($2)";

/// Why the table could not be read or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the table text2sql.embedding could not be used: {0}")]
pub struct TableError(String);

impl From<spi::Error> for TableError {
    fn from(error: spi::Error) -> Self {
        Self(error.to_string())
    }
}

/// The vectors that are kept of these texts.
///
/// # Errors
/// [`TableError`].
pub fn find(encoder: &str, keys: &[Key]) -> Result<HashMap<Key, Vector>, TableError> {
    let rows = read(FIND, &[sum(encoder).into(), bytes(keys).into()])?;
    // What somebody else wrote there is no vector.
    let pair =
        |(key, vector): Row| Some((key?.try_into().ok()?, vector?.as_slice().try_into().ok()?));
    Ok(rows.into_iter().filter_map(pair).collect())
}

/// All texts that have a vector of an encoder.
///
/// # Errors
/// [`TableError`].
pub fn known(encoder: &str) -> Result<Vec<Key>, TableError> {
    let rows = read(KNOWN, &[sum(encoder).into()])?;
    Ok(rows.into_iter().filter_map(|(key, _)| key?.try_into().ok()).collect())
}

/// Whether there is no vector at all.
///
/// # Errors
/// [`TableError`].
pub fn is_empty() -> Result<bool, TableError> {
    Ok(read(SOME, &[])?.is_empty())
}

/// Keeps vectors; how many are new.
///
/// # Errors
/// [`TableError`].
pub fn add(encoder: &str, keys: &[Key], vectors: &[Vector]) -> Result<usize, TableError> {
    let vectors: Vec<Vec<u8>> = vectors.iter().map(Vector::bytes).collect();
    change(ADD, &[sum(encoder).into(), bytes(keys).into(), vectors.into()])
}

/// Drops all vectors but those of these texts; how many there were.
///
/// # Errors
/// [`TableError`].
pub fn keep_only(encoder: &str, keys: &[Key]) -> Result<usize, TableError> {
    change(KEEP, &[sum(encoder).into(), bytes(keys).into()])
}

type Row = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Of an encoder, as it is kept.
fn sum(encoder: &str) -> Vec<u8> {
    hex::decode(encoder).unwrap_or_default()
}

fn bytes(keys: &[Key]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.bytes().to_vec()).collect()
}

fn owner() -> Result<Oid, TableError> {
    facts::own_table_owner(c"text2sql", c"embedding")
        .ok_or_else(|| TableError("it is not there".to_owned()))
}

/// Reads in a sub-transaction, whose end puts identity and settings back whatever happens.
fn read(query: &str, arguments: &[DatumWithOid<'_>]) -> Result<Vec<Row>, TableError> {
    let owner = owner()?;
    let select = |client: &SpiClient<'_>| {
        let rows = client.select(query, None, arguments)?;
        rows.map(|row| Ok((row.get(1)?, row.get(2)?))).collect::<Result<Vec<Row>, spi::Error>>()
    };
    let work = |scope: &Scope| {
        // Who holds the table must not hold up questions.
        settings::read_only(scope, &[(c"lock_timeout", c"50ms")]);
        // What a refresh has changed itself counts.
        subxact::see_present(scope);
        role::read_as(owner, || Spi::connect(|client| select(client)))
    };
    match subxact::rolled_back(work, || ()) {
        Ok(rows) => Ok(rows?),
        Err(CaughtError::PostgresError(report))
            if report.sql_error_code() == PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE =>
        {
            Err(TableError("it is locked".to_owned()))
        }
        // A cancel, or an error that is no part of what reading a table can be expected to raise.
        Err(caught) => caught.rethrow(),
    }
}

/// An error of the server ends the caller's statement, and with it the owner's rights.
fn change(statement: &str, arguments: &[DatumWithOid<'_>]) -> Result<usize, TableError> {
    let owner = owner()?;
    let run = |client: &mut SpiClient<'_>| {
        Ok::<_, spi::Error>(client.update(statement, None, arguments)?.len())
    };
    let changed = role::read_as(owner, || Spi::connect_mut(run))?;
    if changed > 0 {
        invalidation::announce(c"text2sql", c"embedding");
    }
    Ok(changed)
}
