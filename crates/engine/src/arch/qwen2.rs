//! The Qwen2 family: Qwen2, Qwen2.5, Qwen2.5-Coder and what is fine-tuned from them.
//!
//! Owns what its files have: biases of queries, keys and values. Called by `arch::load`.

use super::blueprint::{Blueprint, Memory, Style};
use super::numbers::Metadata;
use super::tensors::{Source, Tensors};
use crate::error::EngineError;
use crate::gguf::GgufError;
use crate::kernels::rope::Pairs;
use crate::kernels::vector::Activation;

/// Takes a model out of its source.
///
/// # Errors
/// [`EngineError::Gguf`] where a number or tensor is not as it must be.
pub fn load<M: Memory>(source: Source<'_, M>) -> Result<Blueprint<M>, EngineError> {
    let metadata = Metadata::new(&source.file.header, "qwen2");
    let numbers = metadata.numbers()?;
    let angles = vec![metadata.angles(numbers.heads, Pairs::Halves, &[])?];
    let mut tensors = Tensors::new(source);
    let mut layers = Vec::new();
    for block in 0..numbers.blocks {
        let attention = tensors.attention(block, &numbers)?;
        for (name, bias) in [
            ("attn_q", &attention.query_bias),
            ("attn_k", &attention.key_bias),
            ("attn_v", &attention.value_bias),
        ] {
            if bias.is_none() {
                return Err(GgufError::NoTensor(format!("blk.{block}.{name}.bias")).into());
            }
        }
        let feed_forward = tensors.feed_forward(block, &numbers)?;
        layers.push(tensors.layer(block, &numbers, attention, feed_forward)?);
    }
    let style = Style { embedding_scale: 1.0, activation: Activation::Silu, angles };
    Blueprint::new(tensors, numbers, layers, style)
}
