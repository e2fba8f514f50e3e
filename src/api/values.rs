//! Functions by which administrators fill the index of stored values, and say whose it may hold.
//!
//! Reads arguments and shapes results; the index is [`crate::values`]'s. Called by SQL.

use std::ffi::CStr;

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

use super::admin::require_preload;
use super::limits;
use super::semantics::target::Target;
use crate::error::{DefineError, Error, raise};
use crate::pg::{facts, server};
use crate::values::{self, Refreshed, Within};

pgrx::extension_sql_file!("../../sql/values.sql", name = "value_tables");

/// What a name of one part and one of two parts mean.
const NAMED: &str = "
    SELECT cardinality(i.part), n.nspname::text, c.oid
      FROM (SELECT parse_ident($1) AS part) i
      LEFT JOIN pg_namespace n ON n.nspname = i.part[1]
      LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = i.part[2]";

/// Reads stored values into the index: of all schemas or those of `text2sql.schemas`, of one schema, or
/// of one table; with `changed_only`, of tables that have changed since.
#[pg_extern(volatile, parallel_unsafe, requires = ["value_tables"], sql = r#"
CREATE FUNCTION text2sql.refresh_values(within text DEFAULT NULL, changed_only boolean DEFAULT false)
RETURNS TABLE (relation text, column_name text, value_count bigint, outcome text)
VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn refresh_values(
    within: Option<&str>,
    changed_only: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(relation, String),
        name!(column_name, String),
        name!(value_count, i64),
        name!(outcome, String),
    ),
> {
    let refreshed = done(c"refresh_values", || {
        let within = meant(within)?;
        values::refresh(&within, changed_only.unwrap_or_default()).map_err(DefineError::Values)
    });
    TableIterator::new(refreshed.into_iter().map(|refreshed| {
        let Refreshed { relation, column, values, outcome } = refreshed;
        (relation, column, values, outcome)
    }))
}

/// Lets the values of a column, or of all columns of a table, be kept whatever it is called.
#[pg_extern(volatile, parallel_unsafe, requires = ["value_tables"], sql = r#"
CREATE FUNCTION text2sql.allow_values(relation regclass, column_name text DEFAULT NULL)
RETURNS void VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn allow_values(relation: Option<Oid>, column_name: Option<&str>) {
    done(c"allow_values", || set(relation, column_name, true));
}

/// Keeps the values of a column, or of a table, out of the index.
#[pg_extern(volatile, parallel_unsafe, requires = ["value_tables"], sql = r#"
CREATE FUNCTION text2sql.deny_values(relation regclass, column_name text DEFAULT NULL)
RETURNS void VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn deny_values(relation: Option<Oid>, column_name: Option<&str>) {
    done(c"deny_values", || set(relation, column_name, false));
}

/// Takes the last of these back; false if there was none.
#[pg_extern(volatile, parallel_unsafe, requires = ["value_tables"], sql = r#"
CREATE FUNCTION text2sql.reset_values(relation regclass, column_name text DEFAULT NULL)
RETURNS boolean VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn reset_values(relation: Option<Oid>, column_name: Option<&str>) -> bool {
    done(c"reset_values", || {
        let (oid, target) = kept(relation, None)?;
        let column = column_name.unwrap_or_default();
        values::reset(oid, &target.name, column).map_err(DefineError::Values)
    })
}

fn set(relation: Option<Oid>, column: Option<&str>, allowed: bool) -> Result<(), DefineError> {
    let (oid, target) = kept(relation, column)?;
    let column = column.unwrap_or_default();
    values::allow(oid, &target.name, column, allowed).map_err(DefineError::Values)
}

/// A table whose values can be kept, and has that column.
fn kept(relation: Option<Oid>, column: Option<&str>) -> Result<(Oid, Target), DefineError> {
    let target = Target::of(relation)?;
    let oid = relation.ok_or(DefineError::Missing("relation"))?;
    if !facts::relation(oid).is_some_and(|relation| b"rpm".contains(&relation.kind)) {
        return Err(DefineError::NotKept);
    }
    column.map_or(Ok(()), |column| target.column(column))?;
    Ok((oid, target))
}

/// The schema or table of that name, or the schemas questions are about.
fn meant(within: Option<&str>) -> Result<Within, DefineError> {
    let Some(name) = within else { return Ok(Within::Schemas(limits::schemas())) };
    let found = Spi::connect(|client| {
        let row = client.select(NAMED, Some(1), &[name.into()])?.first();
        Ok::<_, pgrx::spi::Error>((row.get::<i32>(1)?, row.get::<String>(2)?, row.get::<Oid>(3)?))
    });
    match found.map_err(|error| DefineError::Values(error.to_string()))? {
        (Some(1), Some(schema), _) => Ok(Within::Schemas(Some(vec![schema]))),
        (Some(1), None, _) => Err(DefineError::NoSchema(name.to_owned())),
        (_, _, Some(relation)) => Ok(Within::Relation(relation)),
        _ => Err(DefineError::NoRelation),
    }
}

fn done<R>(function: &CStr, work: impl FnOnce() -> Result<R, DefineError>) -> R {
    require_preload();
    server::require_writable(function);
    work().unwrap_or_else(|error| raise(Error::Define(error)))
}
