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

/// How long the texts asked for last may take where a refresh is to end.
const AFTER: Duration = Duration::from_secs(1);

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
/// lack, and drops those of what is gone. No more than `most` texts, and none are asked for after `until`.
///
/// # Errors
/// Of the catalog, the table, or the encoder: nothing is changed where the transaction ends with it.
pub fn refresh(most: usize, until: Option<Instant>) -> Result<Refreshed, Error> {
    // Of no text, to learn which encoder there is.
    let encoder = embed(Vec::new(), until)?.encoder;
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
        let embedded = embed(some.iter().map(|text| (*text).clone()).collect(), until)?;
        if embedded.encoder != encoder {
            return Err(Error::EncoderChanged);
        }
        let keys: Vec<Key> = some.iter().map(|text| Key::of(text)).collect();
        added += table::add(&encoder, &keys, &embedded.vectors)?;
        done += some.len();
    }
    Ok(Refreshed { added, kept: known.len(), removed, left: new.len() - done })
}

/// With as much patience as a question has for its answer, if it is to end at no time.
fn embed(texts: Vec<String>, until: Option<Instant>) -> Result<Embedded, Error> {
    let answer = Duration::from_millis(guc::generation_timeout().into());
    let patient = answer + Duration::from_millis(guc::startup_wait().into());
    let within = until.map_or(patient, |until| {
        (until + AFTER).saturating_duration_since(Instant::now()).min(patient)
    });
    let deadline_ms = u64::try_from(within.min(answer).as_millis()).unwrap_or(u64::MAX);
    Ok(client::embed(EmbedRequest { texts, deadline_ms }, Patience::configured(), within)?)
}
