//! Which relations may be read.
//!
//! Owns the rules on kinds, schemas and owners. Called by the gate.

use pgrx::pg_sys::Oid;

use super::error::{ExecError, refused, refused_with};
use super::functions::{self, Author, Trust};
use super::{operators, types};
use crate::pg::facts;
use crate::pg::query_walk::{Next, RelationUse, Stored};

/// Our own schema: settings, logs and examples are no subject of questions.
const OWN_SCHEMA: &str = "text2sql";

/// `tsm_bernoulli_handler` and `tsm_system_handler`.
const SAMPLE_METHODS: &[u32] = &[3313, 3314];

/// A relation that may be read.
pub(super) struct Judged {
    /// `schema.name`.
    pub name: String,
    /// Whether it is a foreign table.
    pub is_foreign: bool,
}

/// Decides on a relation.
pub(super) fn judge(
    use_: &RelationUse,
    inside_views: bool,
    author: Author,
    trust: &Trust,
) -> Result<Judged, ExecError> {
    let Some(relation) = facts::relation(use_.oid) else {
        return Err(refused("relation", "a relation does not exist any more"));
    };
    let name = format!("{}.{}", relation.schema, relation.name);
    let denied = |why: &str| {
        Err(refused_with("relation", format!("{name} may not be read"), why.to_owned()))
    };
    if !use_.select_only {
        return denied("More than SELECT is asked of it.");
    }
    match relation.kind {
        // table, partitioned table, materialized view, view
        b'r' | b'p' | b'm' | b'v' => {}
        b'f' if trust.includes_server(&facts::foreign_server(use_.oid)) => {}
        b'f' => {
            return denied("Its foreign server is not in text2sql.foreign_servers.");
        }
        _ => return denied("It is not a table or view."),
    }
    if facts::is_temporary_schema(relation.namespace) {
        return denied("Temporary relations can take the place of real ones.");
    }
    if relation.schema == OWN_SCHEMA {
        return denied("It belongs to text2sql.");
    }
    let of_server = relation.schema == "pg_catalog"
        || relation.schema == "information_schema"
        || relation.schema.starts_with("pg_toast");
    if of_server && !(inside_views && author == Author::Trusted) {
        return denied("It belongs to the server.");
    }
    if relation.has_children {
        for child in facts::descendants(use_.oid) {
            judge_planned(child, trust)?;
        }
    }
    Ok(Judged { name, is_foreign: relation.kind == b'f' })
}

/// Decides on a relation of a plan: a partition or child is named by nobody, and may be foreign.
pub(super) fn judge_planned(oid: Oid, trust: &Trust) -> Result<(), ExecError> {
    match facts::relation(oid) {
        Some(relation) if relation.kind != b'f' => Ok(()),
        Some(_) if trust.includes_server(&facts::foreign_server(oid)) => Ok(()),
        _ => Err(refused_with(
            "relation",
            "a partition or child of a table may not be read",
            "Its foreign server is not in text2sql.foreign_servers.",
        )),
    }
}

/// Decides on what the predicate of an index of a table has. The planner estimates how many rows it
/// lets through, which calls functions of its operators and range types unseen; nobody names it.
pub(super) fn judge_predicate(table: Oid, stored: &Stored, trust: &Trust) -> Result<(), ExecError> {
    if facts::relation(table).is_some_and(|relation| trust.includes(relation.owner)) {
        return Ok(());
    }
    stored.operators.iter().try_for_each(|&oid| operators::judge(oid, Author::Untrusted, trust))?;
    let functions = stored.types.iter().flat_map(|&oid| types::functions_of_ranges(oid));
    functions
        .into_iter()
        .try_for_each(|oid| functions::judge_of_range(oid, Author::Untrusted, trust))
}

/// Who answers for the code a relation brings along: view body or row policies.
pub(super) fn author(oid: Oid, trust: &Trust) -> Author {
    match facts::relation(oid) {
        Some(relation) if relation.kind != b'v' && !relation.row_security => Author::Trusted,
        Some(relation) if trust.includes(relation.owner) => Author::Trusted,
        _ => Author::Untrusted,
    }
}

/// Decides on a TABLESAMPLE method.
pub(super) fn judge_sample_method(handler: Oid) -> Result<Next, ExecError> {
    if SAMPLE_METHODS.contains(&handler.to_u32()) {
        Ok(Next::Continue)
    } else {
        Err(refused("sample-method", "this TABLESAMPLE method may not be used"))
    }
}
