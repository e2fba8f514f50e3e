//! Architectures the engine has code for.
//!
//! Owns the list of accepted `general.architecture` values and what every architecture offers
//! the generator. A new architecture is a file here and a line in [`load`].

mod qwen2;

pub use qwen2::Qwen2;

use crate::error::EngineError;
use crate::gguf::{GgufError, LoadedFile};
use crate::kv_cache::KvCache;

/// Which logits a forward pass computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logits {
    /// None: a chunk of a prompt that is not the last.
    None,
    /// Of the last position.
    Last,
    /// Of every position: verification of guessed tokens.
    All,
}

/// A decoder-only language model.
pub trait Decoder: Send {
    /// An empty cache for one sequence.
    fn new_cache(&self, context: usize) -> KvCache;

    /// Computes `tokens` after what `cache` holds and adds them to it.
    ///
    /// # Errors
    /// [`EngineError`] where a token or the context is out of range, or a product fails; the
    /// cache then keeps its length.
    fn forward(
        &mut self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits,
    ) -> Result<Vec<f32>, EngineError>;

    /// Width of a row of logits.
    fn vocab(&self) -> usize;

    /// Context the model was trained for.
    fn trained_context(&self) -> usize;

    /// Memory of the weights as loaded, bytes.
    fn weight_bytes(&self) -> usize;
}

/// The decoder in a file, for sequences of at most `context` tokens.
///
/// # Errors
/// [`EngineError::Gguf`] where the architecture is unknown or its tensors are not as they must be.
pub fn load(file: &mut LoadedFile, context: usize) -> Result<Box<dyn Decoder>, EngineError> {
    match file.header.text("general.architecture")? {
        "qwen2" => Ok(Box::new(Qwen2::load(file, context)?)),
        other => Err(GgufError::Architecture(other.chars().take(64).collect()).into()),
    }
}
