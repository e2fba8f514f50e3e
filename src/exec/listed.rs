//! Functions that an administrator has listed.
//!
//! Owns the look-up of the list, `text2sql.allowed_function`: by signature, so that it survives
//! dump and restore, and as the table's owner, so that callers need no right to the table. What
//! a listed function must be besides is judged at every use by [`super::functions`].

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;

use crate::pg::{facts, role};

/// Schema-qualified but for `pg_catalog`, which the sandbox searches first.
const SIGNATURES: &str = "SELECT f.signature FROM text2sql.allowed_function f";

/// Functions on the list that exist. Called in the sandbox, under its search path.
pub(super) fn load() -> Vec<Oid> {
    signatures().iter().filter_map(|signature| facts::function_of_signature(signature)).collect()
}

/// The list as it is written. Called under a search path of `pg_catalog` first.
pub fn signatures() -> Vec<String> {
    let Some(owner) = facts::own_table_owner(c"text2sql", c"allowed_function") else {
        return Vec::new();
    };
    let signatures = role::read_as(owner, || {
        Spi::connect(|client| {
            let mut found = Vec::new();
            for row in client.select(SIGNATURES, None, &[])? {
                found.extend(row.get::<String>(1)?);
            }
            Ok::<_, pgrx::spi::Error>(found)
        })
    });
    // A list that cannot be read allows nothing.
    signatures.unwrap_or_default()
}
