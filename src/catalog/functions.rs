//! Names of the functions statements may call besides the built-in ones.
//!
//! For the model's constraint only, so names are enough: which function is meant, and whether it
//! may be called, is judged by `exec` at every use. Called by [`super::load`], in its scope.

use std::collections::BTreeSet;

use pgrx::prelude::*;
use text2sql_core::grammar::MAX_FUNCTIONS;

use crate::exec;

/// Run under a search path of `pg_catalog` first.
const QUERY: &str = "SELECT DISTINCT p.proname::text FROM pg_proc p \
     JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' \
     JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid \
     WHERE e.extname = ANY ($1) AND p.provolatile <> 'v' AND p.prokind <> 'p'";

/// The names, sorted; none where they cannot be read.
pub(super) fn names() -> Vec<String> {
    let extensions: Vec<String> =
        exec::ALLOWED_EXTENSIONS.iter().map(|name| (*name).to_owned()).collect();
    let mut names: BTreeSet<String> =
        exec::listed_signatures().iter().filter_map(|signature| name_of(signature)).collect();
    let of_extensions = Spi::connect(|client| {
        let mut found = Vec::new();
        for row in client.select(QUERY, Some(MAX_FUNCTIONS as _), &[extensions.into()])? {
            found.extend(row.get::<String>(1)?);
        }
        Ok::<_, pgrx::spi::Error>(found)
    });
    names.extend(of_extensions.unwrap_or_default());
    names.into_iter().take(MAX_FUNCTIONS).collect()
}

/// `f` of `schema.f(integer)`. A name in quotes cannot stand in the grammar, and is left out.
fn name_of(signature: &str) -> Option<String> {
    let (name, _) = signature.split_once('(')?;
    let name = name.rsplit('.').next()?.trim();
    (!name.contains('"')).then(|| name.to_owned())
}
