//! All there is in the catalog, for work on behalf of no role.
//!
//! Nothing of it may be shown to a caller. Called by `api::embeddings`.

use pgrx::prelude::*;
use text2sql_core::schema::Snapshot;

use super::cache::View;
use super::load::{self, CatalogError};
use crate::pg::facts;

const PLACES: &str = "
    SELECT ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_namespace n
                  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'text2sql')),
           ARRAY(SELECT s.srvname::text FROM pg_catalog.pg_foreign_server s)";

/// What the owner of the extension's tables sees in all schemas, with all that is defined.
///
/// # Errors
/// [`CatalogError`].
pub fn everything() -> Result<Snapshot, CatalogError> {
    let query = |why: &str| CatalogError::Query(why.to_owned());
    let role = facts::own_table_owner(c"text2sql", c"embedding")
        .ok_or_else(|| query("there is no table text2sql.embedding"))?;
    let places = Spi::connect(|client| {
        client.select(PLACES, Some(1), &[])?.first().get_two::<Vec<String>, Vec<String>>()
    });
    let (schemas, foreign_servers) = places.map_err(|error| query(&error.to_string()))?;
    load::load(&View {
        role,
        readable_role: None,
        schemas: schemas.unwrap_or_default(),
        foreign_servers: foreign_servers.unwrap_or_default(),
        semantics: true,
    })
}
