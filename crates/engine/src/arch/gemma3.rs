//! The Gemma 3 family, the part of it that reads text.
//!
//! Owns what its files have: a scaled embedding, norms of each head's query and key, norms behind
//! attention and feed-forward too, GELU in the gate, and layers of two kinds. Most are local: a
//! sliding window, and rotary positions of a small base. Every sixth is global: it sees everything,
//! by a large base and, in the larger models, stretched positions. The 1 that Gemma adds to the
//! weights of its norms is in the file's weights already. Called by `arch::load`.

use super::blueprint::{Blueprint, Memory, Style};
use super::numbers::{Metadata, Numbers};
use super::tensors::{Source, Tensors};
use crate::error::EngineError;
use crate::kernels::rope::{Angles, Pairs};
use crate::kernels::vector::Activation;

/// Layers of a period, the last of which is global, where a file does not say.
const PERIOD: usize = 6;
/// No model has a longer period.
const MAX_PERIOD: u64 = 512;
/// Base of the local layers where a file does not say.
const LOCAL_BASE: f64 = 10_000.0;
/// Base of the global layers where a file does not say.
const GLOBAL_BASE: f64 = 1_000_000.0;
/// Layers of the 27B model, whose scores are scaled by its width for each head instead of the
/// width of a head (`query_pre_attn_scalar` of its `config.json`; no key of a file has it).
const BLOCKS_OF_27B: usize = 62;

/// Which of [`Style::angles`].
const LOCAL: usize = 0;
const GLOBAL: usize = 1;

/// Takes a model out of its source.
///
/// # Errors
/// [`EngineError::Gguf`] where a number or tensor is not as it must be.
pub fn load<M: Memory>(source: Source<'_, M>) -> Result<Blueprint<M>, EngineError> {
    let metadata = Metadata::new(&source.file.header, "gemma3");
    metadata.without("final_logit_softcapping")?;
    metadata.without("attn_logit_softcapping")?;
    let numbers = metadata.numbers()?;
    let angles = angles(&metadata, &numbers)?;
    let window = metadata.window(source.context)?;
    let period = metadata.number_if_any("attention.sliding_window_pattern", MAX_PERIOD)?;
    let period = period.unwrap_or(PERIOD);
    let mut tensors = Tensors::new(source);
    let mut layers = Vec::new();
    for block in 0..numbers.blocks {
        let mut attention = tensors.attention(block, &numbers)?;
        tensors.head_norms(block, &numbers, query_scale(&numbers), &mut attention)?;
        if (block + 1) % period == 0 {
            attention.rope = GLOBAL;
        } else {
            (attention.rope, attention.window) = (LOCAL, window);
        }
        let feed_forward = tensors.feed_forward(block, &numbers)?;
        let mut layer = tensors.layer(block, &numbers, attention, feed_forward)?;
        let mut end_norm = |rest: &str| {
            tensors.vector(&format!("blk.{block}.{rest}.weight"), numbers.width).map(Some)
        };
        layer.attention_end_norm = end_norm("post_attention_norm")?;
        layer.ffn_end_norm = end_norm("post_ffw_norm")?;
        layers.push(layer);
    }
    let style = Style {
        embedding_scale: (numbers.width as f32).sqrt(),
        activation: Activation::GeluTanh,
        angles,
    };
    Blueprint::new(tensors, numbers, layers, style)
}

/// Of local and of global layers. Only the global ones are stretched.
fn angles(metadata: &Metadata<'_>, of: &Numbers) -> Result<Vec<Angles>, EngineError> {
    let bounds = 1.0..=1e12;
    let mut global = metadata.angles(of.heads, Pairs::Halves, &[])?;
    global.base = metadata.float_if_any("rope.freq_base", bounds.clone())?.unwrap_or(GLOBAL_BASE);
    let base = metadata.float_if_any("rope.freq_base_swa", bounds)?.unwrap_or(LOCAL_BASE);
    Ok(vec![Angles { base, stretch: 1.0, ..global.clone() }, global])
}

/// What makes the kernel's scale of scores, one by the root of a head's width, the model's. Turning
/// a query and scaling it may change places, so the norm before that can do it.
fn query_scale(of: &Numbers) -> f32 {
    if of.blocks == BLOCKS_OF_27B {
        (of.heads.dim as f32 * of.heads.query as f32 / of.width as f32).sqrt()
    } else {
        1.0
    }
}
