//! Keys and values of prompts in files: computed by one engine, read by the next.
//!
//! Owns what is written of a prompt: the beginning that it has in common with any other question
//! to the schema, and nothing of a question. The layout is `format`'s, and so is what a file must
//! be like to be used: of this model and these tokens, whole, with the right sums. What is read
//! has the bits of what was in memory, so it changes no answer.

mod format;
mod reader;
mod writer;

use text2sql_core::protocol::GenerateRequest;

use crate::model::LoadedModel;
use crate::prefix_cache::common;
pub use format::{Header, Identity, Unusable};
pub use reader::{DiskCache, Refused};
pub use writer::Writing;

/// The file for what prompts like this one begin with; `None` where not all of it is in memory, or
/// it is on a device.
pub fn write(model: &mut LoadedModel, request: &GenerateRequest) -> Option<Writing> {
    let prompt = model.encode(request).ok()?;
    let mut other = request.clone();
    // No text begins like both.
    let text = &mut other.prompt.turns.last_mut()?.text;
    *text = if text.starts_with('0') { "?".to_owned() } else { "0".to_owned() };
    let shared = common(&prompt, &model.encode(&other).ok()?);
    let tokens = prompt.get(..shared)?.to_vec();
    let blocks = model.prefixes.blocks_of(&request.cache_scope, &tokens)?;
    let header = Header { scope: request.cache_scope.clone(), tokens };
    Writing::new(model.disk.as_ref()?.identity(), &header, blocks)
}
