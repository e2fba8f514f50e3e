//! Runs `sql/catalog_snapshot.sql` as a role.

use pgrx::prelude::*;
use text2sql_core::link::{self, ValueSetting};
use text2sql_core::schema::Snapshot;
use text2sql_core::semantics::{self, Definition};

use super::cache::View;
use super::{functions, own_tables};
use crate::pg::subxact::{self, Scope};
use crate::pg::{role, settings};

const QUERY: &str = include_str!("../../sql/catalog_snapshot.sql");

/// Longest comment, bytes.
const MAX_COMMENT: usize = 200;

/// Why there is no snapshot.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The query failed in SPI.
    #[error("the catalog could not be read: {0}")]
    Query(String),
    /// Its result is not what this version understands.
    #[error("the catalog snapshot has an unexpected shape: {0}")]
    Shape(String),
}

/// What can be read in `view`.
pub(super) fn load(view: &View) -> Result<Snapshot, CatalogError> {
    let read = match subxact::rolled_back(|scope| query(scope, view), || ()) {
        Ok(read) => read?,
        // A cancel, or an error that is no part of this query's contract.
        Err(caught) => caught.rethrow(),
    };
    let mut snapshot =
        Snapshot::parse(&read.text).map_err(|error| CatalogError::Shape(error.to_string()))?;
    snapshot.functions = read.functions;
    for relation in &mut snapshot.relations {
        shorten(&mut relation.comment);
        for column in &mut relation.columns {
            shorten(&mut column.comment);
        }
    }
    link::withhold_values(&mut snapshot, &read.value_settings);
    // Only here: whatever uses the snapshot sees what its role may know, and nothing else.
    semantics::apply(&mut snapshot, read.definitions);
    Ok(snapshot)
}

/// What is read for a snapshot.
struct Read {
    text: String,
    functions: Vec<String>,
    /// Of all roles.
    definitions: Vec<Definition>,
    /// Of all tables.
    value_settings: Vec<ValueSetting>,
}

fn query(scope: &Scope, view: &View) -> Result<Read, CatalogError> {
    // The query leans on these; without them 1,500 tables take 20 s instead of 0.4 s.
    let joins =
        [(c"enable_nestloop", c"on"), (c"enable_hashjoin", c"on"), (c"enable_indexscan", c"on")];
    settings::read_only(scope, &joins);
    subxact::see_present(scope);
    role::assume(scope, view.role);
    let arguments = [
        view.schemas.clone().into(),
        view.readable_role.unwrap_or(view.role).into(),
        view.foreign_servers.clone().into(),
    ];
    let text = Spi::connect(|client| {
        client.select(QUERY, Some(1), &arguments)?.first().get_one::<String>()
    })
    .map_err(|error| CatalogError::Query(error.to_string()))?
    .ok_or_else(|| CatalogError::Query("no row".to_owned()))?;
    let definitions = if view.semantics { own_tables::definitions(view)? } else { Vec::new() };
    let value_settings = own_tables::value_settings(view)?;
    Ok(Read { text, functions: functions::names(), definitions, value_settings })
}

fn shorten(comment: &mut Option<String>) {
    if let Some(text) = comment {
        text.truncate(text.floor_char_boundary(MAX_COMMENT));
    }
}
