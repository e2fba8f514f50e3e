//! Reads what administrators say of stored values, `text2sql.value_setting`.
//!
//! As the table's owner, since callers have no right to it and are told nothing of it: what it does is
//! that values are missing from their snapshots. Called by [`super::load`] in its scope.

use pgrx::prelude::*;
use text2sql_core::link::ValueSetting;

use super::cache::View;
use super::load::CatalogError;
use crate::pg::{facts, role};

/// Run under a search path of `pg_catalog`.
const QUERY: &str = "
    SELECT json_agg(json_build_object(
             'relation', json_build_object('schema', s.schema_name, 'name', s.relation_name),
             'column', s.column_name,
             'allowed', s.allowed))::text
      FROM text2sql.value_setting s
     WHERE s.schema_name = ANY ($1)";

/// The settings for tables of the view; none where there is no table of ours.
pub(super) fn load(view: &View) -> Result<Vec<ValueSetting>, CatalogError> {
    let Some(owner) = facts::own_table_owner(c"text2sql", c"value_setting") else {
        return Ok(Vec::new());
    };
    let text = role::read_as(owner, || {
        Spi::connect(|client| {
            let arguments = [view.schemas.clone().into()];
            client.select(QUERY, Some(1), &arguments)?.first().get_one::<String>()
        })
    })
    .map_err(|error| CatalogError::Query(error.to_string()))?;
    let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
    parsed.map(Option::unwrap_or_default).map_err(|error| CatalogError::Shape(error.to_string()))
}
