//! What a model is made of: layers of attention and feed-forward, with the parts a family has.
//!
//! Owns the description that a family fills in and a forward pass reads, whatever weights are kept
//! in: the processor's pass and the one for devices are made of the same families. Everything a
//! family decides is a field here, decided once at load; nothing is computed. Called by the
//! families and by both forward passes.

use super::numbers::Numbers;
use super::tensors::{EMBEDDING, Tensors};
use crate::error::EngineError;
use crate::gguf::RawTensor;
use crate::kernels::rope::Angles;
use crate::kernels::vector::Activation;
use crate::low_rank::LowRank;

/// Where weights are kept, and in what form.
pub trait Memory {
    /// Form of a matrix.
    type Matrix;
    /// Form of a vector of floats.
    type Vector;

    /// Takes over a matrix of a file, `[outputs][inputs]`, and what an adapter adds to it.
    ///
    /// # Errors
    /// Where the shape is not that of a matrix, or there is no room.
    fn matrix(&self, raw: RawTensor, adapter: Option<LowRank>)
    -> Result<Self::Matrix, EngineError>;

    /// Takes over a vector.
    ///
    /// # Errors
    /// Where there is no room.
    fn vector(&self, values: Vec<f32>) -> Result<Self::Vector, EngineError>;
}

/// Attention of a layer.
pub struct Attention<M: Memory> {
    /// `[query heads * dim][width]`.
    pub query: M::Matrix,
    /// `[kv heads * dim][width]`.
    pub key: M::Matrix,
    /// `[kv heads * dim][width]`.
    pub value: M::Matrix,
    /// Added to the queries.
    pub query_bias: Option<M::Vector>,
    /// Added to the keys.
    pub key_bias: Option<M::Vector>,
    /// Added to the values.
    pub value_bias: Option<M::Vector>,
    /// Norm of each head's query, `[dim]`.
    pub query_norm: Option<M::Vector>,
    /// Norm of each head's key, `[dim]`.
    pub key_norm: Option<M::Vector>,
    /// `[width][query heads * dim]`.
    pub output: M::Matrix,
    /// Which of the model's rotary tables.
    pub rope: usize,
    /// Positions a query sees, where it does not see all before it.
    pub window: Option<usize>,
}

/// The gated feed-forward part of a layer.
pub struct FeedForward<M: Memory> {
    /// `[ffn_width][width]`.
    pub gate: M::Matrix,
    /// `[ffn_width][width]`.
    pub up: M::Matrix,
    /// `[width][ffn_width]`.
    pub down: M::Matrix,
}

/// One layer.
pub struct Layer<M: Memory> {
    /// In front of attention, `[width]`.
    pub attention_norm: M::Vector,
    /// Attention.
    pub attention: Attention<M>,
    /// Of what attention adds to the stream.
    pub attention_end_norm: Option<M::Vector>,
    /// In front of the feed-forward part.
    pub ffn_norm: M::Vector,
    /// The feed-forward part.
    pub feed_forward: FeedForward<M>,
    /// Of what the feed-forward part adds to the stream.
    pub ffn_end_norm: Option<M::Vector>,
}

/// What a family decides for the model as a whole.
pub struct Style {
    /// What the embedding is multiplied by; 1 for nothing.
    pub embedding_scale: f32,
    /// Of the gate.
    pub activation: Activation,
    /// Of rotary positions; layers name one of them.
    pub angles: Vec<Angles>,
}

/// A model without what computes it.
pub struct Blueprint<M: Memory> {
    /// Its shape.
    pub numbers: Numbers,
    /// What its family decided.
    pub style: Style,
    /// `[vocab][width]`.
    pub embedding: M::Matrix,
    /// `[vocab][width]`; `None`: the embedding serves as unembedding too.
    own_unembedding: Option<M::Matrix>,
    /// From the first to the last.
    pub layers: Vec<Layer<M>>,
    /// In front of the unembedding, `[width]`.
    pub norm: M::Vector,
}

impl<M: Memory> Blueprint<M> {
    /// Puts layers between embedding and unembedding.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where a tensor is missing, of another shape, or left over.
    pub fn new(
        mut tensors: Tensors<'_, M>,
        numbers: Numbers,
        layers: Vec<Layer<M>>,
        style: Style,
    ) -> Result<Self, EngineError> {
        let Numbers { width, vocab, .. } = numbers;
        let embedding = tensors.matrix(EMBEDDING, vocab, width)?;
        let own_unembedding = if tensors.has("output.weight") {
            Some(tensors.matrix("output.weight", vocab, width)?)
        } else {
            None
        };
        let norm = tensors.vector("output_norm.weight", width)?;
        tensors.all_taken()?;
        Ok(Self { numbers, style, embedding, own_unembedding, layers, norm })
    }

    /// `[vocab][width]`.
    pub fn unembedding(&self) -> &M::Matrix {
        self.own_unembedding.as_ref().unwrap_or(&self.embedding)
    }

    /// All matrices, each once.
    pub fn matrices(&self) -> impl Iterator<Item = &M::Matrix> {
        let of_layers = self.layers.iter().flat_map(|layer| {
            let Attention { query, key, value, output, .. } = &layer.attention;
            let FeedForward { gate, up, down } = &layer.feed_forward;
            [query, key, value, output, gate, up, down]
        });
        of_layers.chain([&self.embedding]).chain(&self.own_unembedding)
    }
}
