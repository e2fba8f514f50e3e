//! The Phi-3 family: Phi-3 and Phi-3.5, the dense models of them.
//!
//! Owns what its files have: queries, keys and values in one matrix, gate and up in another, heads
//! of which a part is turned, a sliding window in every layer, and two sets of factors of rotary
//! frequencies (LongRoPE). Of these the short ones serve a context within that of the first
//! training, the long ones a larger one; which one it is, is decided by the configured context, so
//! that one position has one angle. Called by `arch::load`.

use super::blueprint::{Attention, Blueprint, FeedForward, Layer, Memory, Style};
use super::numbers::{Metadata, Numbers};
use super::tensors::{Source, Tensors};
use crate::error::EngineError;
use crate::gguf::GgufError;
use crate::kernels::rope::Pairs;
use crate::kernels::vector::Activation;

const SHORT: &str = "rope_factors_short.weight";
const LONG: &str = "rope_factors_long.weight";

/// Takes a model out of its source.
///
/// # Errors
/// [`EngineError::Gguf`] where a number or tensor is not as it must be.
pub fn load<M: Memory>(source: Source<'_, M>) -> Result<Blueprint<M>, EngineError> {
    let metadata = Metadata::new(&source.file.header, "phi3");
    metadata.without("expert_count")?;
    let numbers = metadata.numbers()?;
    let mut angles = metadata.angles(numbers.heads, Pairs::Halves, &["longrope"])?;
    let window = metadata.window(source.context)?;
    let original = "rope.scaling.original_context_length";
    let first_context = metadata.number_if_any(original, numbers.trained_context as u64)?;
    let no_first_context = GgufError::Missing(metadata.key(original));
    let context = source.context;
    let mut tensors = Tensors::new(source);
    let (short, long) =
        (tensors.factors(SHORT, angles.dims / 2)?, tensors.factors(LONG, angles.dims / 2)?);
    angles.factors = match (short.is_empty(), long.is_empty()) {
        (true, true) => Vec::new(),
        (false, false) if context <= first_context.ok_or(no_first_context)? => short,
        (false, false) => long,
        (true, false) => return Err(GgufError::NoTensor(SHORT.into()).into()),
        (false, true) => return Err(GgufError::NoTensor(LONG.into()).into()),
    };
    let mut layers = Vec::new();
    for block in 0..numbers.blocks {
        layers.push(layer(&mut tensors, block, &numbers, window)?);
    }
    let style = Style { embedding_scale: 1.0, activation: Activation::Silu, angles: vec![angles] };
    Blueprint::new(tensors, numbers, layers, style)
}

fn layer<M: Memory>(
    tensors: &mut Tensors<'_, M>,
    block: usize,
    of: &Numbers,
    window: Option<usize>,
) -> Result<Layer<M>, EngineError> {
    let name = |rest: &str| format!("blk.{block}.{rest}.weight");
    let (query, kv) = (of.query_width(), of.kv_width());
    let output = tensors.matrix(&name("attn_output"), of.width, query)?;
    let [query, key, value] = tensors.fused(&name("attn_qkv"), [query, kv, kv], of.width)?;
    let attention = Attention {
        query,
        key,
        value,
        query_bias: None,
        key_bias: None,
        value_bias: None,
        query_norm: None,
        key_norm: None,
        output,
        rope: 0,
        window,
    };
    let [gate, up] = tensors.fused(&name("ffn_up"), [of.ffn_width; 2], of.width)?;
    let down = tensors.matrix(&name("ffn_down"), of.width, of.ffn_width)?;
    tensors.layer(block, of, attention, FeedForward { gate, up, down })
}
