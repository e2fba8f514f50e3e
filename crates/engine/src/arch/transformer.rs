//! The forward pass on the processor, of all families.
//!
//! Owns the order of a pass and its buffers. What a family has is said by the [`Blueprint`]; no
//! names of tensors and no metadata here. Works on slices of floats; matrix products are
//! `matrix.rs`, everything else `kernels`. Called by the generator, through [`Decoder`].

use super::blueprint::{Attention, Blueprint, FeedForward, Memory};
use super::numbers::Numbers;
use super::{Decoder, Span};
use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::kernels::attention::{Heads, Place, Rows, attention};
use crate::kernels::rope::Rope;
use crate::kernels::vector;
use crate::kv_cache::Shape;
use crate::low_rank::LowRank;
use crate::matrix::{Matrix, multiply_all};

/// The memory of this process.
#[derive(Debug)]
pub struct HostMemory;

impl Memory for HostMemory {
    type Matrix = Matrix;
    type Vector = Vec<f32>;

    fn matrix(&self, raw: RawTensor, adapter: Option<LowRank>) -> Result<Matrix, EngineError> {
        match adapter {
            Some(adapter) => Matrix::adapted(raw, &adapter),
            None => Matrix::new(raw),
        }
    }

    fn vector(&self, values: Vec<f32>) -> Result<Vec<f32>, EngineError> {
        Ok(values)
    }
}

/// A decoder-only transformer.
pub struct Transformer {
    model: Blueprint<HostMemory>,
    ropes: Vec<Rope>,
}

impl Transformer {
    /// A model for sequences of at most `context` tokens.
    pub fn new(model: Blueprint<HostMemory>, context: usize) -> Self {
        let ropes = model.style.angles.iter().map(|angles| Rope::new(angles, context)).collect();
        Self { model, ropes }
    }

    fn unembed(&self, hidden: &[f32]) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, vocab, epsilon, .. } = self.model.numbers;
        let mut normed = vec![0.0; hidden.len()];
        vector::rms_norm(hidden, &self.model.norm, epsilon, &mut normed);
        // Rounding to blocks makes zeros of what is no number, and of zeros the first token.
        if !normed.iter().all(|x| x.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        let mut logits = vec![0.0; hidden.len() / width * vocab];
        self.model.unembedding().multiply(&normed, &mut logits)?;
        Ok(logits)
    }

    /// Queries, keys and values of a layer's normed input: the queries stay, keys and values go to
    /// the caches.
    fn project(
        &self,
        index: usize,
        layer: &Attention<HostMemory>,
        spans: &mut [Span<'_>],
        rows: &mut Buffers,
    ) -> Result<(), EngineError> {
        let Numbers { heads, epsilon, .. } = self.model.numbers;
        let Buffers { normed, query, key, value, .. } = rows;
        let (query, key, value) = (query.as_mut_slice(), key.as_mut_slice(), value.as_mut_slice());
        multiply_all(
            [&layer.query, &layer.key, &layer.value],
            normed,
            [&mut *query, &mut *key, &mut *value],
        )?;
        for (rows, bias) in [
            (&mut *query, &layer.query_bias),
            (&mut *key, &layer.key_bias),
            (&mut *value, &layer.value_bias),
        ] {
            if let Some(bias) = bias {
                vector::add_bias(rows, bias);
            }
        }
        for (rows, norm) in [(&mut *query, &layer.query_norm), (&mut *key, &layer.key_norm)] {
            if let Some(norm) = norm {
                vector::rms_norm_here(rows, norm, epsilon);
            }
        }
        let rope =
            self.ropes.get(layer.rope).ok_or(EngineError::Internal("a layer has no positions"))?;
        let (q_width, kv_width) = (self.model.numbers.query_width(), self.model.numbers.kv_width());
        let mut of_row = query
            .chunks_exact_mut(q_width)
            .zip(key.chunks_exact_mut(kv_width).zip(value.chunks_exact(kv_width)));
        for span in spans.iter_mut() {
            let start = span.cache.len();
            for position in start..start + span.tokens.len() {
                let Some((query, (keys, values))) = of_row.next() else { break };
                rope.apply(query, heads.dim, position);
                rope.apply(keys, heads.dim, position);
                let heads_of_row = keys.chunks_exact(heads.dim).zip(values.chunks_exact(heads.dim));
                for (head, (key, value)) in heads_of_row.enumerate() {
                    span.cache.put(index, head, position, key, value);
                }
            }
        }
        Ok(())
    }

    /// What attention of a layer adds to the stream, in `rows.projected`.
    fn attend(
        &self,
        index: usize,
        layer: &Attention<HostMemory>,
        spans: &mut [Span<'_>],
        rows: &mut Buffers,
    ) -> Result<(), EngineError> {
        self.project(index, layer, spans, rows)?;
        let mut first = 0;
        let of_spans: Vec<Rows<'_>> = spans
            .iter()
            .map(|span| {
                let (count, start) = (span.tokens.len(), span.cache.len());
                first += count;
                Rows { cache: span.cache, first: first - count, count, start }
            })
            .collect();
        let place = Place { layer: index, window: layer.window };
        attention(&rows.query, &of_spans, place, self.model.numbers.heads, &mut rows.mixed);
        layer.output.multiply(&rows.mixed, &mut rows.projected)
    }

    /// What the feed-forward part of a layer adds to the stream, in `rows.projected`.
    fn feed(&self, layer: &FeedForward<HostMemory>, rows: &mut Buffers) -> Result<(), EngineError> {
        let Buffers { normed, gate, up, projected, .. } = rows;
        multiply_all([&layer.gate, &layer.up], normed, [&mut *gate, &mut *up])?;
        vector::gate(self.model.style.activation, gate, up);
        layer.down.multiply(gate, projected)
    }
}

/// Room for the rows of a forward pass, `[row][…]`; one for all layers.
struct Buffers {
    normed: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    mixed: Vec<f32>,
    projected: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
}

impl Buffers {
    fn new(rows: usize, of: &Numbers) -> Self {
        Self {
            normed: vec![0.0; rows * of.width],
            query: vec![0.0; rows * of.query_width()],
            key: vec![0.0; rows * of.kv_width()],
            value: vec![0.0; rows * of.kv_width()],
            mixed: vec![0.0; rows * of.query_width()],
            projected: vec![0.0; rows * of.width],
            gate: vec![0.0; rows * of.ffn_width],
            up: vec![0.0; rows * of.ffn_width],
        }
    }

    /// Adds `projected`, normed where there is a norm for it, to the stream.
    fn add_to(&mut self, stream: &mut [f32], norm: Option<&Vec<f32>>, epsilon: f32) {
        if let Some(norm) = norm {
            vector::rms_norm_here(&mut self.projected, norm, epsilon);
        }
        vector::add(stream, &self.projected);
    }
}

impl Decoder for Transformer {
    fn shape(&self) -> Shape {
        let Heads { kv, dim, .. } = self.model.numbers.heads;
        Shape { layers: self.model.layers.len(), heads: kv, dim }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, epsilon, .. } = self.model.numbers;
        for span in spans.iter_mut() {
            if span.tokens.is_empty() || !span.cache.reserve(span.tokens.len())? {
                return Err(EngineError::Internal("tokens do not fit the cache"));
            }
        }
        let tokens: Vec<u32> = spans.iter().flat_map(|span| span.tokens).copied().collect();
        let mut x = self.model.embedding.take_rows(&tokens)?;
        if self.model.style.embedding_scale != 1.0 {
            vector::scale(&mut x, self.model.style.embedding_scale);
        }
        let mut rows = Buffers::new(tokens.len(), &self.model.numbers);
        for (index, layer) in self.model.layers.iter().enumerate() {
            vector::rms_norm(&x, &layer.attention_norm, epsilon, &mut rows.normed);
            self.attend(index, &layer.attention, spans, &mut rows)?;
            rows.add_to(&mut x, layer.attention_end_norm.as_ref(), epsilon);

            vector::rms_norm(&x, &layer.ffn_norm, epsilon, &mut rows.normed);
            self.feed(&layer.feed_forward, &mut rows)?;
            rows.add_to(&mut x, layer.ffn_end_norm.as_ref(), epsilon);
        }
        let mut wanted = Vec::new();
        let mut rest = x.as_slice();
        for span in spans.iter() {
            let (own, later) = rest.split_at(span.tokens.len() * width);
            let rows = span.logits.rows(span.tokens.len());
            wanted.extend_from_slice(own.get(own.len() - rows * width..).unwrap_or_default());
            rest = later;
        }
        let logits = if wanted.is_empty() { Vec::new() } else { self.unembed(&wanted)? };
        for span in spans.iter_mut() {
            span.cache.advance(span.tokens.len());
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        if self.model.matrices().all(Matrix::exact) { usize::MAX } else { 1 }
    }

    fn vocab(&self) -> usize {
        self.model.numbers.vocab
    }

    fn trained_context(&self) -> usize {
        self.model.numbers.trained_context
    }

    fn weight_bytes(&self) -> usize {
        self.model.matrices().map(Matrix::bytes).sum()
    }
}
