//! `semantics`: what is defined, and what keeps a definition from being used.
//!
//! Administrators see everything, owners of relations what is about these. Also asked by
//! `check_setup`, and by questions for what to warn of. Called by SQL.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use text2sql_core::semantics::Definition;

use super::super::admin::require_preload;
use super::probe;
use crate::error::{self, DefineError, Error, raise};
use crate::exec::ExecError;
use crate::pg::json_text::JsonText;
use crate::pg::{facts, invalidation, role, server, subxact};

/// What the caller may see is decided here, by rights to the relation and to the role of
/// administrators; the text of a definition is in `entry`, too, as JSON of `core::semantics`.
const QUERY: &str = "
    SELECT s.kind,
           CASE WHEN s.schema_name <> '' THEN format('%I.%I', s.schema_name, s.relation_name) END,
           s.name, s.definition, s.description, s.synonyms, s.added_by::text, s.added_at,
           json_strip_nulls(json_build_object('kind', s.kind,
             'relation', CASE WHEN s.schema_name <> '' THEN
               json_build_object('schema', s.schema_name, 'name', s.relation_name) END,
             'name', s.name, 'definition', s.definition, 'description', s.description,
             'synonyms', s.synonyms, 'key', s.key, 'parameters', s.parameters, 'reads', s.reads))::text,
           c.oid IS NULL AND s.schema_name <> '', nullif(s.parameters, '{}')::text
      FROM text2sql.semantic s
      LEFT JOIN pg_namespace n ON n.nspname = s.schema_name
      LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.relation_name
     WHERE pg_has_role($1, 'text2sql_admin', 'USAGE') OR pg_has_role($1, c.relowner, 'USAGE')
     ORDER BY s.kind, 2 NULLS FIRST, s.name";

/// How long a session does not look again for what to warn of: every definition is planned for it, and
/// catalogs may change with every question.
const REST: Duration = Duration::from_secs(60);

/// A definition as it is listed.
struct Listed {
    kind: String,
    relation: Option<String>,
    name: String,
    definition: Option<String>,
    description: Option<String>,
    synonyms: Vec<String>,
    added_by: String,
    added_at: Option<TimestampWithTimeZone>,
    entry: String,
    is_missing: bool,
    parameters: Option<String>,
}

/// Everything that is defined, as far as the caller may define it.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"])]
#[search_path(pg_catalog, pg_temp)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn semantics() -> TableIterator<
    'static,
    (
        name!(kind, String),
        name!(relation, Option<String>),
        name!(name, String),
        name!(definition, Option<String>),
        name!(description, Option<String>),
        name!(synonyms, Vec<String>),
        name!(problem, Option<String>),
        name!(added_by, String),
        name!(added_at, Option<TimestampWithTimeZone>),
        name!(parameters, Option<JsonText>),
    ),
> {
    require_preload();
    let all = listed().unwrap_or_else(|error| raise(Error::Define(error)));
    TableIterator::new(all.into_iter().map(|l| {
        let problem = problem(&l).map(Problem::told);
        (
            l.kind,
            l.relation,
            l.name,
            l.definition,
            l.description,
            l.synonyms,
            problem,
            l.added_by,
            l.added_at,
            l.parameters.map(JsonText),
        )
    }))
}

/// Definitions that are out of use, as kind, relation and name, with what is wrong with each.
pub fn problems() -> Vec<([String; 3], String)> {
    let all = listed().unwrap_or_default();
    all.into_iter()
        .filter_map(|l| {
            let problem = problem(&l)?.told();
            Some(([l.kind, l.relation.unwrap_or_default(), l.name], problem))
        })
        .collect()
}

thread_local! {
    /// When, at which generation of the catalogs and as whom this was looked at last.
    static LOOKED: Cell<Option<(Instant, u64, Oid)>> = const { Cell::new(None) };
    /// What this session was warned of, by kind, relation and name.
    static TOLD: RefCell<BTreeSet<[String; 3]>> = const { RefCell::new(BTreeSet::new()) };
}

/// Warns the caller of definitions that the catalog no longer supports, each once in a session. Who
/// may not define them hears nothing: they may be about what is hidden from him.
pub fn warn_of_unused() {
    let (now, generation, role) =
        (Instant::now(), invalidation::generation(), server::current_role());
    let is_known = LOOKED.get().is_some_and(|(when, before, who)| {
        who == role && (before == generation || now.duration_since(when) < REST)
    });
    if is_known {
        return;
    }
    LOOKED.set(Some((now, generation, role)));
    // Rolled back, so that a transaction that asks a question gets no locks by it.
    let all = match subxact::rolled_back(|_| listed(), || ()) {
        Ok(all) => all.unwrap_or_default(),
        Err(caught) => caught.rethrow(),
    };
    for listed in all {
        let Some(Problem::Unused(problem)) = problem(&listed) else { continue };
        let what = [listed.kind, listed.relation.unwrap_or_default(), listed.name];
        if TOLD.with_borrow_mut(|told| told.insert(what.clone())) {
            error::warn_of_unused(&what, problem);
        }
    }
}

/// The definitions that the caller may define.
pub fn definitions() -> Result<Vec<Definition>, DefineError> {
    let read = |l: Listed| {
        serde_json::from_str(&l.entry).map_err(|error| DefineError::Store(error.to_string()))
    };
    listed()?.into_iter().map(read).collect()
}

/// What keeps a definition from being used, or from being looked at.
enum Problem {
    Unused(String),
    Unchecked(String),
}

impl Problem {
    fn told(self) -> String {
        match self {
            Self::Unused(why) | Self::Unchecked(why) => why,
        }
    }
}

fn problem(listed: &Listed) -> Option<Problem> {
    if listed.is_missing {
        return Some(Problem::Unused("There is no such relation.".to_owned()));
    }
    let definition: Definition = match serde_json::from_str(&listed.entry) {
        Ok(definition) => definition,
        Err(error) => return Some(Problem::Unused(format!("It cannot be read: {error}."))),
    };
    Some(match probe::again(&definition) {
        Ok(()) => return None,
        Err(DefineError::Exec(ExecError::Permission { message })) => {
            Problem::Unchecked(format!("It cannot be checked by this role: {message}."))
        }
        Err(DefineError::Reads(what)) => Problem::Unused(format!("It now reads {what}.")),
        Err(DefineError::Exec(error)) => {
            Problem::Unused(format!("It does not hold any more: {error}."))
        }
        Err(error) => Problem::Unused(format!("It is not used: {error}.")),
    })
}

fn listed() -> Result<Vec<Listed>, DefineError> {
    let Some(owner) = facts::own_table_owner(c"text2sql", c"semantic") else {
        return Ok(Vec::new());
    };
    let caller = server::current_role();
    role::read_as(owner, || {
        Spi::connect(|client| {
            let mut all = Vec::new();
            for row in client.select(QUERY, None, &[caller.into()])? {
                all.push(Listed {
                    kind: row.get(1)?.unwrap_or_default(),
                    relation: row.get(2)?,
                    name: row.get(3)?.unwrap_or_default(),
                    definition: row.get(4)?,
                    description: row.get(5)?,
                    synonyms: row.get(6)?.unwrap_or_default(),
                    added_by: row.get(7)?.unwrap_or_default(),
                    added_at: row.get(8)?,
                    entry: row.get(9)?.unwrap_or_default(),
                    is_missing: row.get(10)?.unwrap_or_default(),
                    parameters: row.get(11)?,
                });
            }
            Ok::<_, pgrx::spi::Error>(all)
        })
    })
    .map_err(|error| DefineError::Store(error.to_string()))
}
