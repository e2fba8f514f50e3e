//! What a pass computes between its products.
//!
//! Owns the seam between the order of a pass and how its steps are computed: over candle's tensors,
//! on whatever device, which is the definition (`tensors`), or one kernel a step on an NVIDIA GPU
//! (`fused`). Chosen once for a model. Called by the forward pass.

use candle_core::{Device, Tensor};

use super::memory::{DeviceMemory, Product};
use super::rope::Tables;
use super::tensors::TensorSteps;
use crate::arch::Span;
use crate::arch::blueprint::{Attention, Blueprint};
use crate::error::EngineError;
use crate::kernels::attention::Heads;
use crate::kernels::vector::Activation;

#[cfg(feature = "cuda")]
use super::fused::FusedSteps;
#[cfg(feature = "cuda")]
use crate::kernels::cuda::{self, Blocks};

/// Rows that products read.
#[derive(Debug)]
pub enum Input {
    /// `[rows, width]`.
    Floats(Tensor),
    /// Rounded to bytes, for products of few rows.
    #[cfg(feature = "cuda")]
    Blocks(Blocks),
}

/// What a part of a layer adds to the stream.
#[derive(Debug)]
pub struct Part<'a> {
    /// `[rows, width]`.
    pub rows: Tensor,
    /// Norm of it, `[width]`, where a family has one.
    pub norm: Option<&'a Tensor>,
}

/// Queries, keys and values of a layer, each `[rows, heads * dim]`, as they come from the products.
#[derive(Debug)]
pub struct Projected {
    /// Of all query heads.
    pub query: Tensor,
    /// Of all kv heads.
    pub key: Tensor,
    /// Of all kv heads.
    pub value: Tensor,
}

/// What a pass comes to.
#[derive(Debug)]
pub struct Computed {
    /// Logits of the rows that are wanted, `[rows, vocab]`.
    pub logits: Tensor,
    /// What they were multiplied from, where that is floats.
    pub normed: Option<Tensor>,
}

/// What computes a pass from its steps; nothing where no logits are wanted.
pub type Compute<'a> = dyn Fn(&mut dyn Pass) -> Result<Option<Computed>, EngineError> + 'a;

/// How steps are computed.
pub trait Steps: Send {
    /// A pass over the tokens of sequences, in which there is room for them. Where `whole`, `compute`
    /// depends on nothing but the number of rows, and results in logits of all of them: then it may
    /// not be called at all, and what it did for other rows is repeated. It must read nothing back
    /// from the device. What a pass results in is good until the next one.
    ///
    /// # Errors
    /// Where the device fails.
    fn run(
        &self,
        spans: &[Span<'_>],
        whole: bool,
        compute: &Compute<'_>,
    ) -> Result<Option<Computed>, EngineError>;

    /// As [`Decoder::exact_rows`](crate::arch::Decoder::exact_rows).
    fn exact_rows(&self) -> usize;

    /// All elements of what a pass resulted in.
    ///
    /// # Errors
    /// Where the device fails.
    fn read(&self, result: &Tensor) -> Result<Vec<f32>, EngineError>;
}

/// The steps of one pass.
pub trait Pass {
    /// The tokens of all sequences, `[rows]`.
    ///
    /// # Errors
    /// Where the device fails.
    fn tokens(&self) -> Result<Tensor, EngineError>;

    /// The stream with a part added to it, and the norm of the sum; `x` and the first result are
    /// `[rows, width]`, `norm` is `[width]`.
    ///
    /// # Errors
    /// Where shapes do not fit or the device fails.
    fn add_norm(
        &self,
        x: &Tensor,
        part: Option<Part<'_>>,
        norm: &Tensor,
    ) -> Result<(Tensor, Input), EngineError>;

    /// The products of several matrices with the same rows, `[rows, outputs]` each.
    ///
    /// # Errors
    /// Where shapes do not fit or the device fails.
    fn products(&self, matrices: &[&Product], rows: &Input) -> Result<Vec<Tensor>, EngineError>;

    /// Keeps keys and values of a layer in their sequences, and mixes what the queries see.
    ///
    /// # Errors
    /// Where shapes do not fit or the device fails.
    fn attend(
        &mut self,
        index: usize,
        layer: &Attention<DeviceMemory>,
        rows: Projected,
        spans: &[Span<'_>],
    ) -> Result<Input, EngineError>;

    /// `activation(gate) * up`, both `[rows, width]`.
    ///
    /// # Errors
    /// Where shapes do not fit or the device fails.
    fn gate(
        &self,
        gate: &Tensor,
        up: &Tensor,
        activation: Activation,
    ) -> Result<Input, EngineError>;
}

/// What steps need to know of a model.
#[derive(Debug)]
pub struct Setup {
    /// Rotary tables, by the number a layer has for them.
    pub ropes: Vec<Tables>,
    /// Of attention.
    pub heads: Heads,
    /// What keeps a norm from dividing by nothing.
    pub epsilon: f32,
}

/// The steps of a model on a device: fused where it is asked for and there are kernels for it.
///
/// # Errors
/// Where the device refuses the kernels.
pub fn choose(
    model: &Blueprint<DeviceMemory>,
    setup: Setup,
    device: &Device,
    own_kernels: bool,
) -> Result<Box<dyn Steps>, EngineError> {
    #[cfg(feature = "cuda")]
    if own_kernels
        && let Device::Cuda(gpu) = device
        && cuda::fit(setup.heads, &[model.numbers.width, model.numbers.ffn_width])
    {
        return Ok(Box::new(FusedSteps::new(model, setup, gpu)?));
    }
    let _ = (model, own_kernels);
    Ok(Box::new(TensorSteps::new(setup, device)))
}
