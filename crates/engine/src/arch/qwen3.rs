//! The Qwen3 family, the dense models of it.
//!
//! Owns what its files have: norms of each head's query and key, no biases, and heads whose width
//! is not the model's divided by their number. Called by `arch::load`.

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
    let metadata = Metadata::new(&source.file.header, "qwen3");
    let numbers = metadata.numbers()?;
    let angles = vec![metadata.angles(numbers.heads, Pairs::Halves, &[])?];
    let mut tensors = Tensors::new(source);
    let mut layers = Vec::new();
    for block in 0..numbers.blocks {
        let mut attention = tensors.attention(block, &numbers)?;
        tensors.head_norms(block, &numbers, 1.0, &mut attention)?;
        let feed_forward = tensors.feed_forward(block, &numbers)?;
        layers.push(tensors.layer(block, &numbers, attention, feed_forward)?);
    }
    let style = Style { embedding_scale: 1.0, activation: Activation::Silu, angles };
    Blueprint::new(tensors, numbers, layers, style)
}
