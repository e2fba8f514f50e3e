//! Reads the stored definitions, `text2sql.semantic`.
//!
//! As the table's owner, so that callers need no right to it: which of them a caller gets to know
//! is decided by `core::semantics` from the caller's own snapshot, before anything else sees them.
//! Called by [`super::load`] in its scope.

use pgrx::prelude::*;
use text2sql_core::semantics::Definition;

use super::cache::View;
use super::load::CatalogError;
use crate::pg::{facts, role};

/// Of relations in the schemas of a view, and of none. Run under a search path of `pg_catalog`.
const QUERY: &str = "
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

/// The definitions, the oldest first; none where there is no table of ours.
pub(super) fn load(view: &View) -> Result<Vec<Definition>, CatalogError> {
    let Some(owner) = facts::own_table_owner(c"text2sql", c"semantic") else {
        return Ok(Vec::new());
    };
    let text = role::read_as(owner, || {
        Spi::connect(|client| {
            let arguments = [view.schemas.clone().into()];
            client.select(QUERY, Some(1), &arguments)?.first().get_one::<String>()
        })
    })
    .map_err(|error| CatalogError::Query(error.to_string()))?;
    match text {
        None => Ok(Vec::new()),
        Some(text) => {
            serde_json::from_str(&text).map_err(|error| CatalogError::Shape(error.to_string()))
        }
    }
}
