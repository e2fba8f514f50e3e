//! `refresh_embeddings`: vectors for what is new in the catalog, none for what is gone.
//!
//! Called by SQL: by an administrator, or by a job.

use pgrx::prelude::*;

use super::admin::require_preload;
use crate::embedding::refresh::refresh;
use crate::error::raise;

pgrx::extension_sql_file!("../../sql/embedding.sql", name = "embedding_table");

/// Asks the embedding model for the vectors of names and descriptions that have none yet, of all
/// tables and views of this database, and drops those of what is gone. With `at_most`, no more texts
/// than that in this call.
#[pg_extern(volatile, parallel_unsafe)]
#[search_path(pg_catalog, pg_temp)]
fn refresh_embeddings(
    at_most: default!(Option<i32>, "NULL"),
) -> TableIterator<
    'static,
    (name!(added, i64), name!(kept, i64), name!(removed, i64), name!(left_out, i64)),
> {
    require_preload();
    let most = at_most.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(0));
    let done = refresh(most, None).unwrap_or_else(|error| raise(error));
    let wide = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    TableIterator::once((wide(done.added), wide(done.kept), wide(done.removed), wide(done.left)))
}
