//! Reading the folder of an encoder.
//!
//! Owns how large each file may be; who may have written it is judged as for any model file. Called
//! by [`super`].

use std::io::Read;
use std::path::Path;

use super::config::EncoderError;
use crate::error::EngineError;
use crate::gguf::open_checked;

/// Name of the file with the weights.
pub const WEIGHTS: &str = "model.safetensors";
/// A kibibyte is what they have.
const MOST_CONFIG: u64 = 1 << 20;
/// Vocabularies of a million tokens fit.
const MOST_TOKENIZER: u64 = 64 << 20;
/// The largest of the family have 1.3 GB.
const MOST_WEIGHTS: u64 = 4 << 30;

pub(super) fn config(folder: &Path) -> Result<Vec<u8>, EngineError> {
    read(folder, "config.json", MOST_CONFIG)
}

pub(super) fn tokenizer(folder: &Path) -> Result<Vec<u8>, EngineError> {
    read(folder, "tokenizer.json", MOST_TOKENIZER)
}

pub(super) fn weights(folder: &Path) -> Result<Vec<u8>, EngineError> {
    read(folder, WEIGHTS, MOST_WEIGHTS)
}

/// `None` where there is no such file.
pub(super) fn pooling(folder: &Path) -> Result<Option<Vec<u8>>, EngineError> {
    const NAME: &str = "1_Pooling/config.json";
    match folder.join(NAME).symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        _ => read(folder, NAME, MOST_CONFIG).map(Some),
    }
}

fn read(folder: &Path, name: &'static str, limit: u64) -> Result<Vec<u8>, EngineError> {
    let file = open_checked(&folder.join(name))?;
    let failed = |error: std::io::Error| EngineError::File(format!("{name}: {error}"));
    let size = file.metadata().map_err(failed)?.len();
    if size > limit {
        return Err(EncoderError::TooLarge { file: name, bytes: size, limit }.into());
    }
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(size as usize)
        .map_err(|_| EngineError::File(format!("{name}: no memory for {size} bytes")))?;
    // No more than was announced, should it grow meanwhile.
    file.take(size).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
