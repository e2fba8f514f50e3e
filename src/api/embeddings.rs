//! `refresh_embeddings`: vectors for what is new in the catalog, none for what is gone.
//!
//! The one place that writes them. It reads the catalogs as any query does, so it waits for no DDL and
//! no DDL waits for it. Called by SQL: by an administrator, or by a job.

use std::collections::HashSet;
use std::time::Duration;

use pgrx::prelude::*;
use text2sql_core::embedding::{Key, texts};
use text2sql_core::protocol::{EmbedRequest, Embedded};

use super::admin::require_preload;
use super::limits;
use crate::catalog;
use crate::embedding::table;
use crate::error::{Error, raise};
use crate::guc;
use crate::ipc::client;

pgrx::extension_sql_file!("../../sql/embedding.sql", name = "embedding_table");

/// What a refresh did.
struct Refreshed {
    added: usize,
    kept: usize,
    removed: usize,
    left: usize,
}

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
    let done = refresh(most).unwrap_or_else(|error| raise(error));
    let wide = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    TableIterator::once((wide(done.added), wide(done.kept), wide(done.removed), wide(done.left)))
}

fn refresh(most: usize) -> Result<Refreshed, Error> {
    // Of no text, to learn which encoder there is.
    let encoder = embed(Vec::new())?.encoder;
    let texts = texts(&catalog::everything()?);
    let keys: Vec<Key> = texts.iter().map(|text| Key::of(text)).collect();
    let removed = table::keep_only(&encoder, &keys)?;
    let known: HashSet<Key> = table::known(&encoder)?.into_iter().collect();
    let new: Vec<&String> =
        texts.iter().zip(&keys).filter(|(_, key)| !known.contains(key)).map(|(t, _)| t).collect();
    let now = new.get(..most.min(new.len())).unwrap_or_default();
    let mut added = 0;
    for some in now.chunks(EmbedRequest::MOST_TEXTS) {
        let embedded = embed(some.iter().map(|text| (*text).clone()).collect())?;
        if embedded.encoder != encoder {
            return Err(Error::EncoderChanged);
        }
        let keys: Vec<Key> = some.iter().map(|text| Key::of(text)).collect();
        added += table::add(&encoder, &keys, &embedded.vectors)?;
    }
    Ok(Refreshed { added, kept: known.len(), removed, left: new.len() - now.len() })
}

/// With as much patience as a question has for its answer.
fn embed(texts: Vec<String>) -> Result<Embedded, Error> {
    let deadline_ms = u64::from(guc::generation_timeout());
    let within = Duration::from_millis(deadline_ms + u64::from(guc::startup_wait()));
    Ok(client::embed(EmbedRequest { texts, deadline_ms }, limits::patience(), within)?)
}
