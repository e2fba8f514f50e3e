//! Vectors for what is new in the catalog, none for what is gone.
//!
//! The one place that writes them. It reads the catalogs as any query does, so it waits for no DDL and
//! no DDL waits for it. Called by `api::embeddings` and by [`super::keeper`].

use std::collections::HashSet;
use std::time::{Duration, Instant};

use text2sql_core::embedding::{Key, texts};
use text2sql_core::protocol::{EmbedRequest, Embedded};

use super::table;
use crate::catalog;
use crate::error::Error;
use crate::guc;
use crate::ipc::client::{self, Patience};

/// What a refresh did.
pub struct Refreshed {
    /// Texts that have a vector now.
    pub added: usize,
    /// Texts that had one.
    pub kept: usize,
    /// Vectors that went, of what is gone and of other encoders.
    pub removed: usize,
    /// Texts that have none still.
    pub left: usize,
}

/// Asks the encoder for the vectors that names and descriptions of all relations of this database
/// lack, and drops those of what is gone. No more than `most` texts, and none after `until`.
///
/// # Errors
/// Of the catalog, the table, or the encoder: nothing is changed where the transaction ends with it.
pub fn refresh(most: usize, until: Option<Instant>) -> Result<Refreshed, Error> {
    // Of no text, to learn which encoder there is.
    let encoder = embed(Vec::new())?.encoder;
    let texts = texts(&catalog::everything()?);
    let keys: Vec<Key> = texts.iter().map(|text| Key::of(text)).collect();
    let removed = table::keep_only(&encoder, &keys)?;
    let known: HashSet<Key> = table::known(&encoder)?.into_iter().collect();
    let new: Vec<&String> =
        texts.iter().zip(&keys).filter(|(_, key)| !known.contains(key)).map(|(t, _)| t).collect();
    let now = new.get(..most.min(new.len())).unwrap_or_default();
    let (mut added, mut done) = (0, 0);
    for some in now.chunks(EmbedRequest::MOST_TEXTS) {
        if until.is_some_and(|until| Instant::now() >= until) {
            break;
        }
        let embedded = embed(some.iter().map(|text| (*text).clone()).collect())?;
        if embedded.encoder != encoder {
            return Err(Error::EncoderChanged);
        }
        let keys: Vec<Key> = some.iter().map(|text| Key::of(text)).collect();
        added += table::add(&encoder, &keys, &embedded.vectors)?;
        done += some.len();
    }
    Ok(Refreshed { added, kept: known.len(), removed, left: new.len() - done })
}

/// With as much patience as a question has for its answer.
fn embed(texts: Vec<String>) -> Result<Embedded, Error> {
    let deadline_ms = u64::from(guc::generation_timeout());
    let within = Duration::from_millis(deadline_ms + u64::from(guc::startup_wait()));
    Ok(client::embed(EmbedRequest { texts, deadline_ms }, Patience::configured(), within)?)
}
