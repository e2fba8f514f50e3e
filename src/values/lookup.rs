//! Finds the values that a question names, in columns the caller may read.
//!
//! Two questions to the index, each a search per column of the snapshot: no search meets a value of a
//! column that is not in it, so that neither what is found nor how long it takes depends on one. The
//! snapshot may be another session's, of a while ago; hence the last question, to the server, for the
//! rights of now. Writes nothing; called by [`super`]'s callers.

use std::collections::HashMap;
use std::time::Duration;

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::Oid;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;
use pgrx::spi::Error as SpiError;
use text2sql_core::link::{self, FoundValue, Hit, Lookup, Nearness, Prefix};
use text2sql_core::schema::Snapshot;

use crate::catalog::{CatalogError, View};
use crate::guc::{self, IndexValues};
use crate::pg::subxact::{self, Scope};
use crate::pg::{role, settings, timer};

/// Longest time for all of it; then nothing is found.
const LOOKING: Duration = Duration::from_millis(50);

/// Columns in the index that may be used.
const COLUMNS: &str = "
    SELECT c.relation, c.attnum, n.nspname::text, r.relname::text, a.attname::text
      FROM text2sql.value_column c
      JOIN pg_class r ON r.oid = c.relation
      JOIN pg_namespace n ON n.oid = r.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.relation AND a.attnum = c.attnum AND NOT a.attisdropped
     WHERE coalesce((SELECT s.allowed FROM text2sql.value_setting s
                      WHERE s.schema_name = n.nspname AND s.relation_name = r.relname
                        AND s.column_name IN ('', a.attname)
                      ORDER BY s.column_name DESC LIMIT 1), $1)
     ORDER BY c.relation, c.attnum";

/// Values under any of the keys $3.
const EXACT: &str = "
    SELECT c.n, v.key, v.value
      FROM unnest($1::oid[], $2::int2[]) WITH ORDINALITY AS c(relation, attnum, n)
     CROSS JOIN LATERAL (
       SELECT v.key, v.value FROM text2sql.value_index v
        WHERE v.relation = c.relation AND v.attnum = c.attnum AND v.key = ANY ($3)
        ORDER BY v.key, v.value LIMIT 20) v";

/// Values under keys from $3 on, up to before $4. Where there are more than are read, none: the one
/// that is meant may be among the others, and the nearest of the first is somebody else.
const NEAR: &str = "
    SELECT c.n, v.key, v.value
      FROM unnest($1::oid[], $2::int2[]) WITH ORDINALITY AS c(relation, attnum, n)
     CROSS JOIN unnest($3::text[], $4::text[]) AS p(first, past)
     CROSS JOIN LATERAL (
       SELECT v.key, v.value, count(*) OVER () AS met
         FROM (SELECT v.key, v.value FROM text2sql.value_index v
                WHERE v.relation = c.relation AND v.attnum = c.attnum AND v.key >= p.first AND v.key < p.past
                ORDER BY v.key, v.value LIMIT 301) v) v
     WHERE v.met <= 300";

/// Which of these columns the role may read now, every row of them.
const READABLE: &str = "
    SELECT c.n
      FROM unnest($1::oid[], $2::int2[]) WITH ORDINALITY AS c(relation, attnum, n)
      JOIN pg_class r ON r.oid = c.relation
     WHERE has_schema_privilege(r.relnamespace, 'USAGE')
       AND has_schema_privilege($3, r.relnamespace, 'USAGE')
       AND has_column_privilege(r.oid, c.attnum, 'SELECT')
       AND has_column_privilege($3, r.oid, c.attnum, 'SELECT')
       AND NOT row_security_active(r.oid)";

/// A column of the snapshot that is in the index.
#[derive(Debug, Clone, Copy)]
struct Column {
    table: Oid,
    number: i16,
    /// Positions in the snapshot.
    relation: usize,
    column: usize,
}

/// Values that `question` names, in columns of `snapshot`, which is of `view`; best first.
///
/// # Errors
/// Where the index cannot be read.
pub fn lookup(
    snapshot: &Snapshot,
    view: &View,
    question: &str,
) -> Result<Vec<FoundValue>, CatalogError> {
    if guc::index_values() == IndexValues::Off || !guc::value_hints() {
        return Ok(Vec::new());
    }
    let Some(owner) = super::owner() else { return Ok(Vec::new()) };
    let found = subxact::rolled_back(
        |scope| {
            timer::arm(LOOKING.as_millis() as u64);
            settle(scope);
            role::assume(scope, view.role);
            search(snapshot, view, question, owner)
        },
        timer::disarm,
    );
    match found {
        Ok(found) => found.map_err(|error| CatalogError::Query(error.to_string())),
        Err(caught) if timer::cancelled() && is_cancel(&caught) => Ok(Vec::new()),
        Err(caught) => caught.rethrow(),
    }
}

fn settle(scope: &Scope) {
    // Each search by the index, whatever the statistics say.
    let by_index = [
        (c"enable_nestloop", c"on"),
        (c"enable_indexscan", c"on"),
        (c"enable_indexonlyscan", c"on"),
        (c"enable_seqscan", c"off"),
        (c"enable_bitmapscan", c"off"),
    ];
    settings::read_only(scope, &by_index);
    subxact::see_present(scope);
}

fn is_cancel(caught: &CaughtError) -> bool {
    match caught {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => {
            report.sql_error_code() == Code::ERRCODE_QUERY_CANCELED
        }
        CaughtError::RustPanic { .. } => false,
    }
}

fn search(
    snapshot: &Snapshot,
    view: &View,
    question: &str,
    owner: Oid,
) -> Result<Vec<FoundValue>, SpiError> {
    let columns = role::read_as(owner, || columns(snapshot, question))?;
    let wanted = Lookup::new(snapshot, question);
    if columns.is_empty() || wanted.keys().is_empty() {
        return Ok(Vec::new());
    }
    let (exact, near) = role::read_as(owner, || {
        let exact = exact(&columns, &wanted)?;
        let near = near(&columns, &wanted.prefixes(&exact))?;
        Ok::<_, SpiError>((exact, near))
    })?;
    let chosen: Vec<(Column, String)> = wanted
        .choose(&exact, &near)
        .into_iter()
        .filter_map(|(at, value)| Some((*columns.get(at)?, value)))
        .collect();
    let allowed = readable(&chosen, view)?;
    let found = chosen.into_iter().enumerate().filter(|(at, _)| allowed.contains(at));
    let found = found.map(|(_, (column, value))| {
        let Column { relation, column, .. } = column;
        FoundValue { relation, column, value }
    });
    Ok(found.collect())
}

/// Columns of the snapshot that are in the index, those of relations that have most to do with the
/// question first.
fn columns(snapshot: &Snapshot, question: &str) -> Result<Vec<Column>, SpiError> {
    let all = Spi::connect(|client| {
        let mut all = Vec::new();
        let arguments = [(guc::index_values() == IndexValues::Auto).into()];
        for row in client.select(COLUMNS, None, &arguments)? {
            if let (Some(table), Some(number), Some(schema), Some(name), Some(column)) =
                (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)
            {
                all.push((table, number, (schema, name), column));
            }
        }
        Ok::<Vec<(Oid, i16, (String, String), String)>, SpiError>(all)
    })?;
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let by_name: HashMap<(&str, &str), usize> = snapshot
        .relations
        .iter()
        .enumerate()
        .filter(|(_, relation)| !relation.filtered)
        .map(|(at, relation)| ((relation.name.schema.as_str(), relation.name.name.as_str()), at))
        .collect();
    let place: HashMap<usize, usize> = link::order(snapshot, question, &Nearness::default())
        .into_iter()
        .enumerate()
        .map(|(n, at)| (at, n))
        .collect();
    let mut columns: Vec<Column> = all
        .iter()
        .filter_map(|(table, number, (schema, name), attribute)| {
            let relation = *by_name.get(&(schema.as_str(), name.as_str()))?;
            let attributes = &snapshot.relations.get(relation)?.columns;
            let column = attributes.iter().position(|known| known.name == *attribute)?;
            Some(Column { table: *table, number: *number, relation, column })
        })
        .collect();
    columns.sort_by_key(|column| {
        (place.get(&column.relation).copied().unwrap_or(usize::MAX), column.relation, column.column)
    });
    Ok(columns)
}

fn exact(columns: &[Column], wanted: &Lookup) -> Result<Vec<Hit>, SpiError> {
    let (tables, numbers) = numbers(columns.iter().take(wanted.room()));
    let keys: Vec<String> = wanted.keys().into_iter().map(str::to_owned).collect();
    hits(EXACT, &[tables.into(), numbers.into(), keys.into()])
}

fn near(columns: &[Column], prefixes: &[Prefix]) -> Result<Vec<Hit>, SpiError> {
    if prefixes.is_empty() {
        return Ok(Vec::new());
    }
    let (tables, numbers) = numbers(columns.iter().take(Lookup::room_for(prefixes)));
    let first: Vec<String> = prefixes.iter().map(|prefix| prefix.from.clone()).collect();
    let past: Vec<String> = prefixes.iter().map(|prefix| prefix.to.clone()).collect();
    hits(NEAR, &[tables.into(), numbers.into(), first.into(), past.into()])
}

fn numbers<'c>(columns: impl Iterator<Item = &'c Column>) -> (Vec<Oid>, Vec<i16>) {
    columns.map(|column| (column.table, column.number)).unzip()
}

fn hits(query: &str, arguments: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Vec<Hit>, SpiError> {
    Spi::connect(|client| {
        let mut hits = Vec::new();
        for row in client.select(query, None, arguments)? {
            if let (Some(n), Some(key), Some(value)) =
                (row.get::<i64>(1)?, row.get(2)?, row.get(3)?)
            {
                hits.push(Hit { column: position(n), key, value });
            }
        }
        Ok(hits)
    })
}

/// Positions of those whose column the role in force may read.
fn readable(chosen: &[(Column, String)], view: &View) -> Result<Vec<usize>, SpiError> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let (tables, numbers) = numbers(chosen.iter().map(|(column, _)| column));
    let also: Oid = view.readable_role.unwrap_or(view.role);
    Spi::connect(|client| {
        let mut readable = Vec::new();
        for row in client.select(READABLE, None, &[tables.into(), numbers.into(), also.into()])? {
            readable.extend(row.get::<i64>(1)?.map(position));
        }
        Ok(readable)
    })
}

/// Of an ordinality, which counts from one.
fn position(n: i64) -> usize {
    usize::try_from(n).unwrap_or_default().saturating_sub(1)
}
