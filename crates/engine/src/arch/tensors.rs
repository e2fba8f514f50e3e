//! Taking tensors out of a file, each with the shape it must have.
//!
//! Owns the names and shapes that most families share, the splitting of fused matrices, and that
//! no tensor is left over. Knows no family. Called by the families.

use super::numbers::{Numbers, checked_factors};
use super::transformer::{Attention, FeedForward, Layer};
use crate::error::EngineError;
use crate::gguf::{GgufError, LoadedFile, RawTensor};
use crate::matrix::{Matrix, floats};

/// The tensors of a file that nobody took yet.
pub struct Tensors<'a> {
    file: &'a mut LoadedFile,
}

impl<'a> Tensors<'a> {
    /// All of a file's.
    pub fn new(file: &'a mut LoadedFile) -> Self {
        Self { file }
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
        Ok(raw)
    }

    /// A matrix of `rows` outputs by `cols` inputs.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where it is not there or of another shape.
    pub fn matrix(&mut self, name: &str, rows: usize, cols: usize) -> Result<Matrix, EngineError> {
        Matrix::new(self.raw(name, &[rows, cols])?)
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
    ) -> Result<[Matrix; N], EngineError> {
        let raw = self.raw(name, &[rows.iter().sum(), cols])?;
        // The blocks of a row follow each other, and the rows do.
        let row_bytes = cols / raw.dtype.block_size() * raw.dtype.type_size();
        let mut rest = raw.bytes.as_slice();
        let mut parts = Vec::with_capacity(N);
        for rows in rows {
            let (own, later) = rest
                .split_at_checked(rows * row_bytes)
                .ok_or(EngineError::Internal("a fused matrix is too short"))?;
            let part = RawTensor { dtype: raw.dtype, dims: vec![rows, cols], bytes: own.to_vec() };
            parts.push(Matrix::new(part)?);
            rest = later;
        }
        parts.try_into().map_err(|_| EngineError::Internal("a fused matrix has other parts"))
    }

    /// A vector.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>, EngineError> {
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
    ) -> Result<Option<Vec<f32>>, EngineError> {
        if self.has(name) { self.vector(name, len).map(Some) } else { Ok(None) }
    }

    /// Factors of rotary frequencies, one for each pair; empty where the file has none.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where the shape or a factor is impossible.
    pub fn factors(&mut self, name: &str, pairs: usize) -> Result<Vec<f32>, EngineError> {
        let factors = self.vector_if_any(name, pairs)?.unwrap_or_default();
        Ok(checked_factors(name, factors)?)
    }

    /// Attention with separate matrices, and with biases where the file has them.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn attention(&mut self, block: usize, of: &Numbers) -> Result<Attention, EngineError> {
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
    pub fn feed_forward(&mut self, block: usize, of: &Numbers) -> Result<FeedForward, EngineError> {
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
        attention: Attention,
        feed_forward: FeedForward,
    ) -> Result<Layer, EngineError> {
        Ok(Layer {
            attention_norm: self.vector(&format!("blk.{block}.attn_norm.weight"), of.width)?,
            attention,
            attention_end_norm: None,
            ffn_norm: self.vector(&format!("blk.{block}.ffn_norm.weight"), of.width)?,
            feed_forward,
            ffn_end_norm: None,
        })
    }

    /// The norms of each head's query and key.
    ///
    /// # Errors
    /// As [`Tensors::matrix`].
    pub fn head_norms(
        &mut self,
        block: usize,
        of: &Numbers,
        attention: &mut Attention,
    ) -> Result<(), EngineError> {
        let mut norm =
            |rest: &str| self.vector(&format!("blk.{block}.{rest}.weight"), of.heads.dim).map(Some);
        attention.query_norm = norm("attn_q_norm")?;
        attention.key_norm = norm("attn_k_norm")?;
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
