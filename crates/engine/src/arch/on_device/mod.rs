//! The forward pass on a device of candle, of all families.
//!
//! Owns the order of a pass: the whole model, its keys and values and every step between are in the
//! device's memory; tokens go there and logits come back. Written over candle's tensors whatever the
//! device is, so that what runs on a GPU is what the tests run on the processor. Rows of several
//! sequences share every product; attention is of each alone. Called by the generator, through
//! [`Decoder`].

mod attention;
mod memory;
mod rope;

use candle_core::{Device, Tensor};
use candle_nn::ops::rms_norm;

use self::attention::Rows;
pub use self::memory::DeviceMemory;
use self::memory::Product;
use self::rope::{Tables, Turn};
use super::blueprint::{Attention, Blueprint, FeedForward, Layer};
use super::numbers::Numbers;
use super::{Decoder, Span};
use crate::error::EngineError;
use crate::kernels::attention::Heads;
use crate::kernels::rope::Rope;
use crate::kernels::vector::Activation;
use crate::kv_cache::Shape;

/// A decoder-only transformer on a device.
pub struct DeviceTransformer {
    model: Blueprint<DeviceMemory>,
    ropes: Vec<Tables>,
    device: Device,
}

/// What all layers of a pass need.
struct Pass {
    /// By the number a layer has for them.
    turns: Vec<Turn>,
    /// Span after span.
    rows: Vec<Rows>,
}

impl DeviceTransformer {
    /// A model for sequences of at most `context` tokens.
    ///
    /// # Errors
    /// Where the device has no memory for the tables of positions.
    pub fn new(
        model: Blueprint<DeviceMemory>,
        context: usize,
        device: &Device,
    ) -> Result<Self, EngineError> {
        let angles = model.style.angles.iter();
        let tables = angles.map(|angles| Tables::new(&Rope::new(angles, context), device));
        let ropes = tables.collect::<Result<_, _>>()?;
        Ok(Self { model, ropes, device: device.clone() })
    }

    /// Room in every sequence, and what the rows of all spans have in common.
    fn begin(&self, spans: &mut [Span<'_>]) -> Result<(Vec<u32>, Pass), EngineError> {
        let (mut tokens, mut positions, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for span in spans {
            let count = span.tokens.len();
            if count == 0 || !span.cache.reserve_on(&self.device, count)? {
                return Err(EngineError::Internal("tokens do not fit the cache"));
            }
            let start = span.cache.len();
            rows.push(Rows::new(tokens.len(), count, start));
            tokens.extend_from_slice(span.tokens);
            positions.extend((start..start + count).map(|position| position as u32));
        }
        if tokens.iter().any(|token| *token as usize >= self.model.numbers.vocab) {
            return Err(EngineError::Internal("a row outside the matrix"));
        }
        let positions = Tensor::new(positions, &self.device)?;
        let turns = self.ropes.iter().map(|tables| tables.at(&positions));
        let turns = turns.collect::<Result<_, _>>()?;
        Ok((tokens, Pass { turns, rows }))
    }

    /// What attention of a layer adds to the stream.
    fn attend(
        &self,
        index: usize,
        layer: &Attention<DeviceMemory>,
        normed: &Tensor,
        spans: &[Span<'_>],
        pass: &mut Pass,
    ) -> Result<Tensor, EngineError> {
        let Numbers { heads, epsilon, .. } = self.model.numbers;
        let count = normed.dim(0)?;
        let of_heads = |product: &Product, bias: &Option<Tensor>, heads: usize, dim: usize| {
            let mut rows = product.multiply(normed)?;
            if let Some(bias) = bias {
                rows = rows.broadcast_add(bias)?;
            }
            rows.reshape((count, heads, dim))
        };
        let normed_heads = |rows: Tensor, norm: &Option<Tensor>| match norm {
            Some(norm) => rms_norm(&rows, norm, epsilon),
            None => Ok(rows),
        };
        let turn = pass.turns.get(layer.rope);
        let turn = turn.ok_or(EngineError::Internal("a layer has no positions"))?;
        let query = of_heads(&layer.query, &layer.query_bias, heads.query, heads.dim)?;
        let query = turn.apply(&normed_heads(query, &layer.query_norm)?)?;
        let key = of_heads(&layer.key, &layer.key_bias, heads.kv, heads.dim)?;
        let key = turn.apply(&normed_heads(key, &layer.key_norm)?)?;
        let value = of_heads(&layer.value, &layer.value_bias, heads.kv, heads.dim)?;
        let mut mixed = Vec::with_capacity(spans.len());
        for (span, rows) in spans.iter().zip(&mut pass.rows) {
            let sequence = span.cache.on_device();
            let sequence = sequence.ok_or(EngineError::Internal("a sequence without room"))?;
            let own = |of: &Tensor| of.narrow(0, rows.first, rows.count)?.transpose(0, 1);
            sequence.put(index, rows.start, &own(&key)?, &own(&value)?)?;
            mixed.push(rows.attend(&query, sequence, index, layer.window, heads)?);
        }
        Ok(layer.output.multiply(&Tensor::cat(&mixed, 0)?)?)
    }

    /// What the feed-forward part of a layer adds to the stream.
    fn feed(
        &self,
        layer: &FeedForward<DeviceMemory>,
        normed: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let gate = layer.gate.multiply(normed)?;
        let gate = match self.model.style.activation {
            Activation::Silu => gate.silu()?,
            Activation::GeluTanh => gate.gelu()?,
        };
        Ok(layer.down.multiply(&(gate * layer.up.multiply(normed)?)?)?)
    }

    fn layer(
        &self,
        index: usize,
        layer: &Layer<DeviceMemory>,
        mut x: Tensor,
        spans: &[Span<'_>],
        pass: &mut Pass,
    ) -> Result<Tensor, EngineError> {
        let epsilon = self.model.numbers.epsilon;
        let add = |x: &Tensor, part: Tensor, norm: &Option<Tensor>| match norm {
            Some(norm) => x + rms_norm(&part, norm, epsilon)?,
            None => x + part,
        };
        let normed = rms_norm(&x, &layer.attention_norm, epsilon)?;
        let attended = self.attend(index, &layer.attention, &normed, spans, pass)?;
        x = add(&x, attended, &layer.attention_end_norm)?;
        let normed = rms_norm(&x, &layer.ffn_norm, epsilon)?;
        let fed = self.feed(&layer.feed_forward, &normed)?;
        Ok(add(&x, fed, &layer.ffn_end_norm)?)
    }

    /// Logits of the rows of these numbers.
    fn unembed(&self, x: &Tensor, wanted: &[u32]) -> Result<Vec<f32>, EngineError> {
        let wanted = Tensor::new(wanted, &self.device)?;
        let hidden = x.index_select(&wanted, 0)?;
        let normed = rms_norm(&hidden, &self.model.norm, self.model.numbers.epsilon)?;
        // Rounding to blocks makes zeros of what is no number, and of zeros the first token.
        let all_finite = normed.flatten_all()?.to_vec1::<f32>()?.iter().all(|x| x.is_finite());
        if !all_finite {
            return Err(EngineError::NotFinite);
        }
        let logits = self.model.unembedding().multiply(&normed)?;
        Ok(logits.flatten_all()?.to_vec1()?)
    }
}

impl Decoder for DeviceTransformer {
    fn shape(&self) -> Shape {
        let Heads { kv, dim, .. } = self.model.numbers.heads;
        Shape { layers: self.model.layers.len(), heads: kv, dim }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let (tokens, mut pass) = self.begin(spans)?;
        let mut x = self.model.embedding.take_rows(&Tensor::new(tokens, &self.device)?)?;
        if self.model.style.embedding_scale != 1.0 {
            x = (x * f64::from(self.model.style.embedding_scale))?;
        }
        for (index, layer) in self.model.layers.iter().enumerate() {
            x = self.layer(index, layer, x, spans, &mut pass)?;
        }
        let mut wanted = Vec::new();
        for (span, rows) in spans.iter().zip(&pass.rows) {
            let end = rows.first + rows.count;
            let count = span.logits.rows(rows.count);
            wanted.extend((end - count..end).map(|row| row as u32));
        }
        let logits = if wanted.is_empty() { Vec::new() } else { self.unembed(&x, &wanted)? };
        for span in spans.iter_mut() {
            span.cache.advance(span.tokens.len());
        }
        Ok(logits)
    }

    /// Kernels for few rows and for many round differently.
    fn exact(&self) -> bool {
        false
    }

    fn vocab(&self) -> usize {
        self.model.numbers.vocab
    }

    fn trained_context(&self) -> usize {
        self.model.numbers.trained_context
    }

    fn weight_bytes(&self) -> usize {
        self.model.matrices().map(Product::bytes).sum()
    }
}
