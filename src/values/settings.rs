//! Which columns administrators allow and deny.
//!
//! Writes the table of settings, as its owner. With each change the values concerned leave the index and
//! what sessions know of the catalog at once; the next refresh keeps what may be kept. Called by `api`, after it has looked at the caller's
//! rights.

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use pgrx::spi::Error as SpiError;
use text2sql_core::schema::RelationName;

use crate::pg::{invalidation, role, server};

const PUT: &str = "
    INSERT INTO text2sql.value_setting AS s (schema_name, relation_name, column_name, allowed, set_by)
    VALUES ($1, $2, $3, $4, $5::name)
    ON CONFLICT ON CONSTRAINT value_setting_pkey DO UPDATE
      SET allowed = EXCLUDED.allowed, set_by = EXCLUDED.set_by, set_at = EXCLUDED.set_at";

/// Of a column, or of all where $2 is empty.
const FORGET: &str = "
    WITH gone AS (
      DELETE FROM text2sql.value_column c
       WHERE c.relation = $1 AND ($2 = '' OR c.attnum = (
         SELECT a.attnum FROM pg_attribute a WHERE a.attrelid = $1 AND a.attname = $2))
      RETURNING c.relation, c.attnum)
    DELETE FROM text2sql.value_index v USING gone g WHERE v.relation = g.relation AND v.attnum = g.attnum";

const RESET: &str = "
    DELETE FROM text2sql.value_setting s
     WHERE s.schema_name = $1 AND s.relation_name = $2 AND s.column_name = $3
    RETURNING 1";

/// Allows or denies the values of a column, or where `column` is empty of a table's.
///
/// # Errors
/// Where the tables cannot be written.
pub fn allow(
    relation: Oid,
    name: &RelationName,
    column: &str,
    allowed: bool,
) -> Result<(), String> {
    let by = role::name(server::current_role());
    as_owner(|client| {
        let (schema, table) = (name.schema.clone(), name.name.clone());
        let arguments = [schema.into(), table.into(), column.into(), allowed.into(), by.into()];
        client.update(PUT, None, &arguments)?;
        client.update(FORGET, None, &[relation.into(), column.into()]).map(|_| ())
    })
}

/// Takes such a word back; whether there was one.
///
/// # Errors
/// Where the table cannot be written.
pub fn reset(relation: Oid, name: &RelationName, column: &str) -> Result<bool, String> {
    as_owner(|client| {
        client.update(FORGET, None, &[relation.into(), column.into()])?;
        let arguments = [name.schema.clone().into(), name.name.clone().into(), column.into()];
        Ok(!client.update(RESET, None, &arguments)?.is_empty())
    })
}

fn as_owner<R>(
    change: impl FnOnce(&mut pgrx::spi::SpiClient<'_>) -> Result<R, SpiError>,
) -> Result<R, String> {
    let owner = super::owner().ok_or("there is no table text2sql.value_setting")?;
    let result = role::read_as(owner, || Spi::connect_mut(change));
    // Snapshots hold values of statistics, less those denied.
    invalidation::announce(c"text2sql", c"value_setting");
    result.map_err(|error| error.to_string())
}
