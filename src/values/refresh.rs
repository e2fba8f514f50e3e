//! Fills the index: for administrators, by hand or by a schedule.
//!
//! Columns are read one by one ([`super::read`]); of each, what is new is added and what is gone
//! removed, so that little is written where little has changed. All is one transaction of the
//! caller's, and one refresh works at a time. Called by `api`.

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use pgrx::spi::{Error as SpiError, SpiClient};
use text2sql_core::schema::{RelationName, SECRET_NAME, quote_qualified};

use super::MAX_VALUES;
use super::read::{Source, Values, read};
use crate::guc;
use crate::pg::role;

const COLUMNS: &str = include_str!("../../sql/value_columns.sql");

/// Others may look meanwhile.
const LOCK: &str = "LOCK TABLE text2sql.value_column IN SHARE ROW EXCLUSIVE MODE";

const ADD: &str = "
    INSERT INTO text2sql.value_index (relation, attnum, key, value)
    SELECT $1, $2, u.key, u.value FROM unnest($3::text[], $4::text[]) AS u(key, value)
    ON CONFLICT DO NOTHING";

/// EXCEPT, because the planner takes an array for a few rows and would compare each with each.
const REMOVE: &str = "
    DELETE FROM text2sql.value_index v
     USING (SELECT o.key, o.value FROM text2sql.value_index o WHERE o.relation = $1 AND o.attnum = $2
            EXCEPT SELECT u.key, u.value FROM unnest($3::text[], $4::text[]) AS u(key, value)) gone
     WHERE v.relation = $1 AND v.attnum = $2 AND v.key = gone.key AND v.value = gone.value";

const NOTE: &str = "
    INSERT INTO text2sql.value_column AS c (relation, attnum, state, value_count)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT ON CONSTRAINT value_column_pkey DO UPDATE
      SET state = EXCLUDED.state, value_count = EXCLUDED.value_count,
          refreshed_at = EXCLUDED.refreshed_at";

const FORGET: &str = "
    WITH gone AS (DELETE FROM text2sql.value_column c WHERE c.relation = $1 AND c.attnum = $2)
    DELETE FROM text2sql.value_index v WHERE v.relation = $1 AND v.attnum = $2";

/// What is left of tables and columns that are no more.
const SWEEP: &str = "
    WITH gone AS (
      DELETE FROM text2sql.value_column c
       WHERE NOT EXISTS (SELECT FROM pg_attribute a
                          WHERE a.attrelid = c.relation AND a.attnum = c.attnum AND NOT a.attisdropped)
      RETURNING c.relation, c.attnum)
    DELETE FROM text2sql.value_index v USING gone g WHERE v.relation = g.relation AND v.attnum = g.attnum";

/// What became of a column.
pub struct Refreshed {
    /// The table, as it is written in SQL.
    pub relation: String,
    /// The column.
    pub column: String,
    /// Values kept.
    pub values: i64,
    /// What was done, or why nothing was.
    pub outcome: String,
}

/// Which columns are meant.
pub enum Within {
    /// All, or those of some schemas.
    Schemas(Option<Vec<String>>),
    /// Those of a table.
    Relation(Oid),
}

/// A column that could be kept.
struct Column {
    table: Oid,
    owner: Oid,
    relation: RelationName,
    number: i16,
    name: String,
    is_allowed: bool,
    state: Option<String>,
    is_unchanged: bool,
    problem: Option<String>,
}

/// Reads the columns within, or those whose tables have changed since, into the index.
///
/// # Errors
/// Where the tables of the index cannot be read or written.
pub fn refresh(within: &Within, changed_only: bool) -> Result<Vec<Refreshed>, String> {
    let owner = super::owner().ok_or("there is no table text2sql.value_index")?;
    let as_owner = |work: &dyn Fn(&mut SpiClient<'_>) -> Result<(), SpiError>| {
        role::read_as(owner, || Spi::connect_mut(|client| work(client))).map_err(|e| e.to_string())
    };
    as_owner(&|client| {
        client.update(LOCK, None, &[])?;
        client.update(SWEEP, None, &[]).map(|_| ())
    })?;
    let columns = role::read_as(owner, || columns(within)).map_err(|error| error.to_string())?;
    let mut done = Vec::with_capacity(columns.len());
    for column in columns {
        let told = |values: usize, outcome: String| Refreshed {
            relation: quote_qualified(&column.relation),
            column: column.name.clone(),
            values: i64::try_from(values).unwrap_or(i64::MAX),
            outcome,
        };
        if let Some(problem) = &column.problem {
            as_owner(&|client| forget(client, &column))?;
            done.push(told(0, format!("skipped: {problem}")));
            continue;
        }
        if changed_only && column.is_unchanged {
            continue;
        }
        let source = Source {
            relation: &column.relation,
            owner: column.owner,
            column: &column.name,
            is_allowed: column.is_allowed,
        };
        match read(&source) {
            Ok(values) => {
                as_owner(&|client| write(client, &column, &values))?;
                let outcome = if values.is_cut {
                    format!("kept the first of more than {MAX_VALUES}")
                } else {
                    "kept".to_owned()
                };
                done.push(told(values.values.len(), outcome));
            }
            // What was kept before stays: it may work the next time.
            Err(why) => done.push(told(0, format!("not read: {why}"))),
        }
    }
    Ok(done)
}

fn columns(within: &Within) -> Result<Vec<Column>, SpiError> {
    let (schemas, relation) = match within {
        Within::Schemas(schemas) => (schemas.clone(), None),
        Within::Relation(relation) => (None, Some(*relation)),
    };
    let most = i64::try_from(MAX_VALUES).unwrap_or(i64::MAX);
    let arguments = [
        guc::index_values().name().into(),
        SECRET_NAME.into(),
        schemas.into(),
        relation.into(),
        most.into(),
    ];
    Spi::connect(|client| {
        let mut columns = Vec::new();
        for row in client.select(COLUMNS, None, &arguments)? {
            columns.push(Column {
                table: row.get(1)?.unwrap_or(Oid::INVALID),
                owner: row.get(2)?.unwrap_or(Oid::INVALID),
                relation: RelationName {
                    schema: row.get(3)?.unwrap_or_default(),
                    name: row.get(4)?.unwrap_or_default(),
                },
                number: row.get(5)?.unwrap_or_default(),
                name: row.get(6)?.unwrap_or_default(),
                is_allowed: row.get(7)?.unwrap_or_default(),
                state: row.get(8)?,
                is_unchanged: row.get(9)?.unwrap_or_default(),
                problem: row.get(10)?,
            });
        }
        Ok(columns)
    })
}

fn write(client: &mut SpiClient<'_>, column: &Column, read: &Values) -> Result<(), SpiError> {
    let (keys, values): (Vec<String>, Vec<String>) = read.values.iter().cloned().unzip();
    let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
    for query in [REMOVE, ADD] {
        let arguments =
            [column.table.into(), column.number.into(), keys.clone().into(), values.clone().into()];
        client.update(query, None, &arguments)?;
    }
    let arguments =
        [column.table.into(), column.number.into(), column.state.clone().into(), count.into()];
    client.update(NOTE, None, &arguments).map(|_| ())
}

fn forget(client: &mut SpiClient<'_>, column: &Column) -> Result<(), SpiError> {
    client.update(FORGET, None, &[column.table.into(), column.number.into()]).map(|_| ())
}
