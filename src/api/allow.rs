//! What administrators need to list functions that generated statements may call besides the
//! built-in ones; the list itself is a table, `sql/allowed_functions.sql`.

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

use super::limits;
use crate::error::raise;
use crate::exec;

/// Why a function of the list cannot be used; NULL if it can.
#[pg_extern(stable, parallel_unsafe, strict)]
fn function_problem(function: Oid) -> Option<String> {
    let policy = limits::policy().unwrap_or_else(|error| raise(error));
    exec::listing_problem(function, &policy)
}

pgrx::extension_sql_file!(
    "../../sql/allowed_functions.sql",
    name = "allowed_functions",
    requires = [function_problem]
);
