//! Taking tensors out of a file, each with the shape it must have.
//!
//! Owns the names and shapes that most families share, the splitting of fused matrices, and that
//! no tensor is left over. Knows no family. Called by the families.

use super::blueprint::{Attention, FeedForward, Layer, Memory};
use super::numbers::{Numbers, checked_factors};
use crate::error::EngineError;
use crate::gguf::{GgufError, LoadedFile, RawTensor};
use crate::kernels::vector::scale;
use crate::low_rank::LowRank;
use crate::matrix::floats;

/// The matrix of all tokens' vectors.
pub const EMBEDDING: &str = "token_embd.weight";

/// What a model is taken out of.
pub struct Source<'a, M> {
    /// The file; its tensors leave it one by one.
    pub file: &'a mut LoadedFile,
    /// Most tokens of a sequence.
    pub context: usize,
    /// Where the model goes.
    pub memory: &'a M,
    /// Hears the share of the tensors' bytes that were taken, per cent, whenever it grows.
    pub progress: &'a mut dyn FnMut(u8),
}

/// The tensors of a file that nobody took yet.
pub struct Tensors<'a, M> {
    file: &'a mut LoadedFile,
    memory: &'a M,
    progress: &'a mut dyn FnMut(u8),
    /// Bytes of all tensors, and of those that were taken.
    all: usize,
    taken: usize,
}

impl<'a, M: Memory> Tensors<'a, M> {
    /// All of a file's.
    pub fn new(source: Source<'a, M>) -> Self {
        let Source { file, memory, progress, .. } = source;
        let all = file.tensors.values().map(|tensor| tensor.bytes.len()).sum();
        Self { file, memory, progress, all, taken: 0 }
    }

    /// Whether a tensor is there.
    pub fn has(&self, name: &str) -> bool {
        self.file.tensors.contains_key(name)
    }

    fn raw(&mut self, name: &str, dims: &[usize]) -> Result<RawTensor, GgufError> {
        let all = &mut self.file.tensors;
        let raw = all.remove(name).ok_or_else(|| GgufError::NoTensor(name.to_owned()))?;
        if raw.dims != dims {
            return Err(GgufError::WrongShape {
                name: name.to_owned(),
                found: raw.dims,
                expected: dims.to_vec(),
            });
        }
        let before = self.percent();
        self.taken += raw.bytes.len();
        let now = self.percent();
        if now > before {
            (self.progress)(now);
        }
        Ok(raw)
    }

    fn percent(&self) -> u8 {
        (self.taken * 100).checked_div(self.all).map_or(100, |percent| percent.min(100) as u8)
    }

    /// What an adapter adds to a matrix. An embedding's rows are looked up and not multiplied, so
    /// it can have none: one that is there is left over.
    fn adapter(
        &mut self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Option<LowRank>, EngineError> {
        if name == EMBEDDING { Ok(None) } else { LowRank::take(self.file, name, rows, cols) }
    }

    /// A matrix of `rows` outputs by `cols` inputs, with what an adapter in the file adds to it.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where it is not there or of another shape, or the adapter is.
    pub fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        cols: usize,
    ) -> Result<M::Matrix, EngineError> {
        let raw = self.raw(name, &[rows, cols])?;
        let adapter = self.adapter(name, rows, cols)?;
        self.memory.matrix(raw, adapter)
    }

    /// Matrices of the given outputs that the file has as one, the first on top.
    ///
    /// # Errors
    /// As [`Tensors::matrix`], for the one of all outputs.
    pub fn fused<const N: usize>(
        &mut self,
        name: &str,
        rows: [usize; N],
        cols: usize,
    ) -> Result<[M::Matrix; N], EngineError> {
        let all = rows.iter().sum();
        let raw = self.raw(name, &[all, cols])?;
        let adapter = self.adapter(name, all, cols)?;
        // The blocks of a row follow each other, and the rows do.
        let row_bytes = cols / raw.dtype.block_size() * raw.dtype.type_size();
        let mut rest = raw.bytes.as_slice();
        let mut parts = Vec::with_capacity(N);
        let mut first = 0;
        for rows in rows {
            let (own, later) = rest
                .split_at_checked(rows * row_bytes)
                .ok_or(EngineError::Internal("a fused matrix is too short"))?;
            let part = RawTensor { dtype: raw.dtype, dims: vec![rows, cols], bytes: own.to_vec() };
            let adapter = adapter.as_ref().map(|adapter| adapter.of_rows(first, rows));
            parts.push(self.memory.matrix(part, adapter)?);
            rest = later;
            first += rows;
        }
        parts.try_into().map_err(|_| EngineError::Internal("a fused matrix has other parts"))
    }

    /// A vector.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn vector(&mut self, name: &str, len: usize) -> Result<M::Vector, EngineError> {
        let values = self.floats(name, len)?;
        self.memory.vector(values)
    }

    fn floats(&mut self, name: &str, len: usize) -> Result<Vec<f32>, EngineError> {
        floats(self.raw(name, &[len])?)
    }

    /// A vector that not every file has.
    ///
    /// # Errors
    /// Where it is there with another shape.
    pub fn vector_if_any(
        &mut self,
        name: &str,
        len: usize,
    ) -> Result<Option<M::Vector>, EngineError> {
        if self.has(name) { self.vector(name, len).map(Some) } else { Ok(None) }
    }

    /// Factors of rotary frequencies, one for each pair; empty where the file has none.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where the shape or a factor is impossible.
    pub fn factors(&mut self, name: &str, pairs: usize) -> Result<Vec<f32>, EngineError> {
        let factors = if self.has(name) { self.floats(name, pairs)? } else { Vec::new() };
        Ok(checked_factors(name, factors)?)
    }

    /// Attention with separate matrices, and with biases where the file has them.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn attention(&mut self, block: usize, of: &Numbers) -> Result<Attention<M>, EngineError> {
        let name = |rest: &str| format!("blk.{block}.{rest}");
        let (query, kv, width) = (of.query_width(), of.kv_width(), of.width);
        Ok(Attention {
            query: self.matrix(&name("attn_q.weight"), query, width)?,
            key: self.matrix(&name("attn_k.weight"), kv, width)?,
            value: self.matrix(&name("attn_v.weight"), kv, width)?,
            query_bias: self.vector_if_any(&name("attn_q.bias"), query)?,
            key_bias: self.vector_if_any(&name("attn_k.bias"), kv)?,
            value_bias: self.vector_if_any(&name("attn_v.bias"), kv)?,
            query_norm: None,
            key_norm: None,
            output: self.matrix(&name("attn_output.weight"), width, query)?,
            rope: 0,
            window: None,
        })
    }

    /// Feed-forward with separate matrices.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn feed_forward(
        &mut self,
        block: usize,
        of: &Numbers,
    ) -> Result<FeedForward<M>, EngineError> {
        let name = |rest: &str| format!("blk.{block}.{rest}.weight");
        Ok(FeedForward {
            gate: self.matrix(&name("ffn_gate"), of.ffn_width, of.width)?,
            up: self.matrix(&name("ffn_up"), of.ffn_width, of.width)?,
            down: self.matrix(&name("ffn_down"), of.width, of.ffn_width)?,
        })
    }

    /// A layer of these parts with a norm in front of each, and none behind.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn layer(
        &mut self,
        block: usize,
        of: &Numbers,
        attention: Attention<M>,
        feed_forward: FeedForward<M>,
    ) -> Result<Layer<M>, EngineError> {
        Ok(Layer {
            attention_norm: self.vector(&format!("blk.{block}.attn_norm.weight"), of.width)?,
            attention,
            attention_end_norm: None,
            ffn_norm: self.vector(&format!("blk.{block}.ffn_norm.weight"), of.width)?,
            feed_forward,
            ffn_end_norm: None,
        })
    }

    /// The norms of each head's query, times `query_scale`, and key.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn head_norms(
        &mut self,
        block: usize,
        of: &Numbers,
        query_scale: f32,
        attention: &mut Attention<M>,
    ) -> Result<(), EngineError> {
        let name = |rest: &str| format!("blk.{block}.{rest}.weight");
        let mut query = self.floats(&name("attn_q_norm"), of.heads.dim)?;
        if query_scale != 1.0 {
            scale(&mut query, query_scale);
        }
        attention.query_norm = Some(self.memory.vector(query)?);
        attention.key_norm = Some(self.vector(&name("attn_k_norm"), of.heads.dim)?);
        Ok(())
    }

    /// Refuses a file with a tensor that nobody took.
    ///
    /// # Errors
    /// [`GgufError::UnknownTensor`], naming the first.
    pub fn all_taken(&self) -> Result<(), GgufError> {
        match self.file.tensors.keys().next() {
            Some(name) => Err(GgufError::UnknownTensor(name.chars().take(64).collect())),
            None => Ok(()),
        }
    }
}
