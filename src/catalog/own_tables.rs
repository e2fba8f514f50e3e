//! Reads the extension's own tables that bear on a snapshot.
//!
//! As their owner, so that callers need no right to them. Of what people have defined, a caller gets to
//! know what `core::semantics` lets through by the caller's own snapshot, before anything else sees it;
//! of what is said of values nothing but that some are missing. Called by [`super::load`] in its scope.

use std::ffi::CStr;

use pgrx::prelude::*;
use serde::de::DeserializeOwned;
use text2sql_core::link::ValueSetting;
use text2sql_core::semantics::Definition;

use super::cache::View;
use super::load::CatalogError;
use crate::pg::{facts, role};

// Run under a search path of `pg_catalog`, with the schemas of a view.
/// Of relations in these schemas, and of none.
const DEFINITIONS: &str = "
    SELECT json_agg(json_strip_nulls(json_build_object(
             'kind', s.kind,
             'relation', CASE WHEN s.schema_name <> '' THEN
               json_build_object('schema', s.schema_name, 'name', s.relation_name) END,
             'name', s.name,
             'definition', s.definition,
             'description', s.description,
             'synonyms', s.synonyms,
             'key', s.key,
             'parameters', s.parameters,
             'reads', s.reads)) ORDER BY s.added_at, s.kind, s.schema_name, s.relation_name, s.name)::text
      FROM text2sql.semantic s
     WHERE s.schema_name = '' OR s.schema_name = ANY ($1)";

const VALUE_SETTINGS: &str = "
    SELECT json_agg(json_build_object(
             'relation', json_build_object('schema', s.schema_name, 'name', s.relation_name),
             'column', s.column_name,
             'allowed', s.allowed))::text
      FROM text2sql.value_setting s
     WHERE s.schema_name = ANY ($1)";

/// The definitions, the oldest first.
pub(super) fn definitions(view: &View) -> Result<Vec<Definition>, CatalogError> {
    read(c"semantic", DEFINITIONS, view)
}

/// What administrators say of the values of tables in the view.
pub(super) fn value_settings(view: &View) -> Result<Vec<ValueSetting>, CatalogError> {
    read(c"value_setting", VALUE_SETTINGS, view)
}

/// The rows that the query makes one array of; none where there is no table of ours.
fn read<T: DeserializeOwned>(
    table: &CStr,
    query: &str,
    view: &View,
) -> Result<Vec<T>, CatalogError> {
    let Some(owner) = facts::own_table_owner(c"text2sql", table) else { return Ok(Vec::new()) };
    let text = role::read_as(owner, || {
        Spi::connect(|client| {
            let arguments = [view.schemas.clone().into()];
            client.select(query, Some(1), &arguments)?.first().get_one::<String>()
        })
    })
    .map_err(|error| CatalogError::Query(error.to_string()))?;
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map(Option::unwrap_or_default).map_err(|error| CatalogError::Shape(error.to_string()))
}
