//! The steps of a pass over candle's tensors.
//!
//! Owns what every step means: the kernels for GPUs are compared with this, and it is what computes
//! where they do not fit. Attention is of each sequence alone. Called by the forward pass, through
//! [`Steps`].

use candle_core::{Device, Tensor};
use candle_nn::ops::rms_norm;

use super::attention::Rows;
use super::memory::{DeviceMemory, Product};
use super::rope::Turn;
use super::steps::{Compute, Computed, Input, Part, Pass, Projected, Setup, Steps};
use crate::arch::Span;
use crate::arch::blueprint::Attention;
use crate::error::EngineError;
use crate::kernels::attention::Heads;
use crate::kernels::vector::Activation;

/// Steps over tensors.
pub struct TensorSteps {
    setup: Setup,
    device: Device,
}

impl TensorSteps {
    /// Of a model on a device.
    pub fn new(setup: Setup, device: &Device) -> Self {
        Self { setup, device: device.clone() }
    }
}

impl Steps for TensorSteps {
    fn run(
        &self,
        spans: &[Span<'_>],
        _whole: bool,
        compute: &Compute<'_>,
    ) -> Result<Option<Computed>, EngineError> {
        let (mut tokens, mut positions, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for span in spans {
            let (count, start) = (span.tokens.len(), span.cache.len());
            rows.push(Rows::new(tokens.len(), count, start));
            tokens.extend_from_slice(span.tokens);
            positions.extend((start..start + count).map(|position| position as u32));
        }
        let tokens = Tensor::new(tokens, &self.device)?;
        let positions = Tensor::new(positions, &self.device)?;
        let turns = self.setup.ropes.iter().map(|tables| tables.at(&positions));
        let turns = turns.collect::<Result<_, _>>()?;
        compute(&mut TensorPass { setup: &self.setup, tokens, turns, rows })
    }

    /// Kernels for one row and for many round differently.
    fn exact_rows(&self) -> usize {
        1
    }

    fn read(&self, result: &Tensor) -> Result<Vec<f32>, EngineError> {
        Ok(result.flatten_all()?.to_vec1()?)
    }
}

struct TensorPass<'a> {
    setup: &'a Setup,
    tokens: Tensor,
    /// By the number a layer has for them.
    turns: Vec<Turn>,
    /// Span after span.
    rows: Vec<Rows>,
}

impl Pass for TensorPass<'_> {
    fn tokens(&self) -> Result<Tensor, EngineError> {
        Ok(self.tokens.clone())
    }

    fn add_norm(
        &self,
        x: &Tensor,
        part: Option<Part<'_>>,
        norm: &Tensor,
    ) -> Result<(Tensor, Input), EngineError> {
        let epsilon = self.setup.epsilon;
        let sum = match part {
            None => x.clone(),
            Some(Part { rows, norm: None }) => (x + rows)?,
            Some(Part { rows, norm: Some(norm) }) => (x + rms_norm(&rows, norm, epsilon)?)?,
        };
        let normed = rms_norm(&sum, norm, epsilon)?;
        Ok((sum, Input::Floats(normed)))
    }

    fn products(&self, matrices: &[&Product], rows: &Input) -> Result<Vec<Tensor>, EngineError> {
        match rows {
            Input::Floats(rows) => super::memory::products(matrices, rows),
            #[cfg(feature = "cuda")]
            Input::Blocks(_) => Err(EngineError::Internal("blocks without their kernels")),
        }
    }

    fn attend(
        &mut self,
        index: usize,
        layer: &Attention<DeviceMemory>,
        rows: Projected,
        spans: &[Span<'_>],
    ) -> Result<Input, EngineError> {
        let Setup { heads, epsilon, .. } = *self.setup;
        let Heads { query, kv, dim } = heads;
        let of_heads = |rows: Tensor, bias: &Option<Tensor>, heads: usize| {
            let count = rows.dim(0)?;
            let rows = match bias {
                Some(bias) => rows.broadcast_add(bias)?,
                None => rows,
            };
            rows.reshape((count, heads, dim))
        };
        let normed = |rows: Tensor, norm: &Option<Tensor>| match norm {
            Some(norm) => rms_norm(&rows, norm, epsilon),
            None => Ok(rows),
        };
        let turn = self.turns.get(layer.rope);
        let turn = turn.ok_or(EngineError::Internal("a layer has no positions"))?;
        let queries = of_heads(rows.query, &layer.query_bias, query)?;
        let queries = turn.apply(&normed(queries, &layer.query_norm)?)?;
        let keys = of_heads(rows.key, &layer.key_bias, kv)?;
        let keys = turn.apply(&normed(keys, &layer.key_norm)?)?;
        let values = of_heads(rows.value, &layer.value_bias, kv)?;
        let mut mixed = Vec::with_capacity(spans.len());
        for (span, rows) in spans.iter().zip(&mut self.rows) {
            let sequence = span.cache.on_device();
            let sequence = sequence.ok_or(EngineError::Internal("a sequence without room"))?;
            let own = |of: &Tensor| of.narrow(0, rows.first, rows.count)?.transpose(0, 1);
            sequence.put(index, rows.start, &own(&keys)?, &own(&values)?)?;
            mixed.push(rows.attend(&queries, sequence, index, layer.window, heads)?);
        }
        Ok(Input::Floats(Tensor::cat(&mixed, 0)?))
    }

    fn gate(
        &self,
        gate: &Tensor,
        up: &Tensor,
        activation: Activation,
    ) -> Result<Input, EngineError> {
        let gate = match activation {
            Activation::Silu => gate.silu()?,
            Activation::GeluTanh => gate.gelu()?,
        };
        Ok(Input::Floats((gate * up)?))
    }
}
