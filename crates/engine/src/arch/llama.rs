//! The Llama family: Llama 2 and 3, TinyLlama, SmolLM2, and others that are built like them.
//!
//! Owns what its files have: queries and keys reordered for pairs of neighbours, factors of rotary
//! frequencies since Llama 3.1 (`rope_freqs.weight`), a sliding window in some of Mistral's.
//! Mixtures of experts are refused. Called by `arch::load`.

use super::blueprint::{Blueprint, Memory, Style};
use super::numbers::Metadata;
use super::tensors::{Source, Tensors};
use crate::error::EngineError;
use crate::kernels::rope::Pairs;
use crate::kernels::vector::Activation;

/// Takes a model out of its source.
///
/// # Errors
/// [`EngineError::Gguf`] where a number or tensor is not as it must be.
pub fn load<M: Memory>(source: Source<'_, M>) -> Result<Blueprint<M>, EngineError> {
    let metadata = Metadata::new(&source.file.header, "llama");
    metadata.without("expert_count")?;
    let numbers = metadata.numbers()?;
    let mut angles = metadata.angles(numbers.heads, Pairs::Neighbours, &[])?;
    let window = metadata.window(source.context)?;
    let mut tensors = Tensors::new(source);
    angles.factors = tensors.factors("rope_freqs.weight", angles.dims / 2)?;
    let mut layers = Vec::new();
    for block in 0..numbers.blocks {
        let mut attention = tensors.attention(block, &numbers)?;
        attention.window = window;
        let feed_forward = tensors.feed_forward(block, &numbers)?;
        layers.push(tensors.layer(block, &numbers, attention, feed_forward)?);
    }
    let style = Style { embedding_scale: 1.0, activation: Activation::Silu, angles: vec![angles] };
    Blueprint::new(tensors, numbers, layers, style)
}
