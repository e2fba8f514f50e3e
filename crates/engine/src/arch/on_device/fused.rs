//! The steps of a pass as kernels of this crate, one or two launches each, on an NVIDIA GPU.
//!
//! Owns which form a step's rows take: blocks where the products that read them are of few rows and
//! all weights are quantized, floats else. Rows of all sequences share every launch. Called by the
//! forward pass, through [`Steps`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use candle_core::{CudaDevice, DType, Device, Tensor};

use super::memory::{DeviceMemory, Product};
use super::rope::Tables;
use super::steps::{Compute, Computed, Input, Part, Pass, Projected, Setup, Steps};
use crate::arch::Span;
use crate::arch::blueprint::{Attention, Blueprint};
use crate::error::EngineError;
use crate::kernels::cuda::{
    Additions, BLOCK, EXACT_ROWS, Form, Kernels, MOST_ROWS, Output, Products, Reader, Recording,
    Sequence, Shape, Table, Turns, multiplies, multiply_many,
};
use crate::kernels::vector::Activation;

/// Steps of a model on a GPU.
pub struct FusedSteps {
    setup: Setup,
    kernels: Kernels,
    products: Products,
    reader: Reader,
    /// Whether the products of this model read blocks.
    blocks: bool,
    vocab: usize,
    /// Positions that all rotary tables have.
    positions: usize,
    device: CudaDevice,
    recorded: Mutex<HashMap<Shape, Known>>,
}

/// What is known of passes of a shape.
enum Known {
    /// One was computed, so that everything it needs is loaded.
    Computed,
    /// It can be repeated.
    Recorded(Recording),
    /// It cannot.
    Not,
}

impl FusedSteps {
    /// Loads the kernels.
    ///
    /// # Errors
    /// Where the driver refuses them.
    pub fn new(
        model: &Blueprint<DeviceMemory>,
        setup: Setup,
        device: &CudaDevice,
    ) -> Result<Self, EngineError> {
        let numbers = &model.numbers;
        let widths = [numbers.width, numbers.ffn_width, setup.heads.dim];
        let blocks = widths.iter().all(|width| width.is_multiple_of(BLOCK))
            && model.matrices().all(|matrix| matrix.blocks().is_some_and(multiplies));
        Ok(Self {
            kernels: Kernels::load(device)?,
            products: Products::new(device)?,
            reader: Reader::default(),
            blocks,
            vocab: numbers.vocab,
            positions: setup.ropes.iter().map(Tables::positions).min().unwrap_or_default(),
            device: device.clone(),
            recorded: Mutex::default(),
            setup,
        })
    }
}

impl Steps for FusedSteps {
    fn run(
        &self,
        spans: &[Span<'_>],
        whole: bool,
        compute: &Compute<'_>,
    ) -> Result<Option<Computed>, EngineError> {
        let mut sequences = Vec::with_capacity(spans.len());
        let mut rows = 0;
        for span in spans {
            let kept = span.cache.on_device();
            let kept = kept.ok_or(EngineError::Internal("a sequence without room"))?;
            let (tokens, start) = (span.tokens, span.cache.len());
            if start + tokens.len() > self.positions {
                return Err(EngineError::Internal("a position outside the tables"));
            }
            sequences.push(Sequence { tokens, start, room: kept.room(), layers: kept.layers() });
            rows += tokens.len();
        }
        if self.blocks && rows <= MOST_ROWS {
            if whole {
                return self.repeated(&sequences, compute);
            }
            self.once(&self.table(&sequences)?, Form::Blocks, compute)
        } else {
            self.once(&self.table(&sequences)?, Form::Floats, compute)
        }
    }

    fn exact_rows(&self) -> usize {
        if self.blocks { EXACT_ROWS } else { 1 }
    }

    fn read(&self, result: &Tensor) -> Result<Vec<f32>, EngineError> {
        Ok(self.reader.read(result, &self.device)?)
    }
}

impl FusedSteps {
    fn table(&self, sequences: &[Sequence<'_>]) -> Result<Table, EngineError> {
        Ok(Table::new(sequences, self.setup.heads, &self.device)?)
    }

    /// Computes a pass step by step.
    fn once(
        &self,
        table: &Table,
        form: Form,
        compute: &Compute<'_>,
    ) -> Result<Option<Computed>, EngineError> {
        compute(&mut FusedPass { steps: self, table, form })
    }

    /// Computes a pass of few rows by repeating one of its shape. The first of a shape is computed
    /// step by step, the second is recorded.
    fn repeated(
        &self,
        sequences: &[Sequence<'_>],
        compute: &Compute<'_>,
    ) -> Result<Option<Computed>, EngineError> {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        if recorded.len() > MOST_RECORDED {
            recorded.clear();
        }
        let logits = match recorded.entry(Shape::of(sequences)) {
            Entry::Vacant(entry) => {
                entry.insert(Known::Computed);
                return self.once(&self.table(sequences)?, Form::Blocks, compute);
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Known::Not => return self.once(&self.table(sequences)?, Form::Blocks, compute),
                Known::Recorded(recording) => {
                    recording.repeat(sequences, self.setup.heads)?.clone()
                }
                known @ Known::Computed => {
                    *known = Known::Not;
                    let Ok(mut recording) = self.record(self.table(sequences)?, compute) else {
                        return self.once(&self.table(sequences)?, Form::Blocks, compute);
                    };
                    let logits = recording.repeat(sequences, self.setup.heads)?.clone();
                    *known = Known::Recorded(recording);
                    logits
                }
            },
        };
        Ok(Some(Computed { logits, normed: None }))
    }

    fn record(&self, table: Table, compute: &Compute<'_>) -> Result<Recording, EngineError> {
        let shape = (table.rows(), self.vocab);
        let result = Tensor::zeros(shape, DType::F32, &Device::Cuda(self.device.clone()))?;
        Recording::new(&self.device, table, result, |table| {
            let computed = self.once(table, Form::Blocks, compute)?;
            let computed = computed.ok_or(EngineError::Internal("a pass without logits"))?;
            Ok(computed.logits)
        })
    }
}

/// Shapes of passes that are remembered; memory between steps is a graph's own.
const MOST_RECORDED: usize = 64;

struct FusedPass<'a> {
    steps: &'a FusedSteps,
    table: &'a Table,
    form: Form,
}

/// Of weights that are not quantized, and of embeddings, the product is candle's.
fn many_rows(matrices: &[&Product], rows: &Tensor) -> Result<Vec<Tensor>, EngineError> {
    let product = |matrix: &&Product| {
        let product = match matrix.blocks() {
            Some(blocks) if rows.dim(0)? > MOST_ROWS => multiply_many(blocks, rows)?,
            _ => None,
        };
        product.map_or_else(|| Ok(matrix.multiply(rows)?), Ok)
    };
    matrices.iter().map(product).collect()
}

fn input(output: Output) -> Input {
    match output {
        Output::Floats(rows) => Input::Floats(rows),
        Output::Blocks(rows) => Input::Blocks(rows),
    }
}

impl Pass for FusedPass<'_> {
    fn tokens(&self) -> Result<Tensor, EngineError> {
        Ok(self.table.tokens()?)
    }

    fn add_norm(
        &self,
        x: &Tensor,
        part: Option<Part<'_>>,
        norm: &Tensor,
    ) -> Result<(Tensor, Input), EngineError> {
        let part = part.as_ref().map(|part| (&part.rows, part.norm));
        let epsilon = self.steps.setup.epsilon;
        let (sum, normed) = self.steps.kernels.add_norm(x, part, norm, epsilon, self.form)?;
        Ok((sum, input(normed)))
    }

    fn products(&self, matrices: &[&Product], rows: &Input) -> Result<Vec<Tensor>, EngineError> {
        let rows = match rows {
            Input::Floats(rows) => return many_rows(matrices, rows),
            Input::Blocks(rows) => rows,
        };
        let blocks: Option<Vec<_>> = matrices.iter().map(|matrix| matrix.blocks()).collect();
        let blocks = blocks.ok_or(EngineError::Internal("weights are not of blocks"))?;
        Ok(self.steps.products.multiply(&blocks, rows)?)
    }

    fn attend(
        &mut self,
        index: usize,
        layer: &Attention<DeviceMemory>,
        rows: Projected,
        _spans: &[Span<'_>],
    ) -> Result<Input, EngineError> {
        let Setup { heads, epsilon, ref ropes } = self.steps.setup;
        let tables = ropes.get(layer.rope);
        let tables = tables.ok_or(EngineError::Internal("a layer has no positions"))?;
        let turns = Turns { cos: tables.cos(), sin: tables.sin(), pairs: tables.pairs() };
        let additions = Additions {
            query_bias: layer.query_bias.as_ref(),
            key_bias: layer.key_bias.as_ref(),
            value_bias: layer.value_bias.as_ref(),
            query_norm: layer.query_norm.as_ref(),
            key_norm: layer.key_norm.as_ref(),
        };
        let Projected { query, key, value } = &rows;
        let kernels = &self.steps.kernels;
        let place = (self.table, index);
        let of_heads = (heads, epsilon);
        let turned =
            kernels.turn_and_put([query, key, value], additions, turns, place, of_heads)?;
        Ok(input(kernels.attend(&turned, place, layer.window, heads, self.form)?))
    }

    fn gate(
        &self,
        gate: &Tensor,
        up: &Tensor,
        activation: Activation,
    ) -> Result<Input, EngineError> {
        Ok(input(self.steps.kernels.gate(gate, up, activation, self.form)?))
    }
}
