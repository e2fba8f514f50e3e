//! The forward pass on a device of candle, of all families.
//!
//! Owns the order of a pass: the whole model, its keys and values and every step between are in the
//! device's memory; tokens go there and logits come back. The order is one for all devices, so that
//! what runs on a GPU is what the tests run on the processor; how a step is computed is the business
//! of [`Steps`]. Rows of several sequences share every product. Called by the generator, through
//! [`Decoder`].
//!
//! | module | owns |
//! |---|---|
//! | `memory` | weights and products |
//! | `steps` | what is computed between products, as a trait |
//! | `tensors` | the steps over candle's tensors: the definition |
//! | `attention`, `rope` | attention and rotary positions over tensors |
//! | `fused` | the steps as kernels for NVIDIA GPUs |

mod attention;
#[cfg(feature = "cuda")]
mod fused;
mod memory;
mod rope;
mod steps;
mod tensors;

use candle_core::{Device, Tensor};

pub use self::memory::DeviceMemory;
use self::memory::Product;
use self::rope::Tables;
use self::steps::{Computed, Input, Part, Pass, Projected, Setup, Steps};
use super::blueprint::{Blueprint, Layer};
use super::{Decoder, Span};
use crate::error::EngineError;
use crate::kernels::attention::Heads;
use crate::kernels::rope::Rope;
use crate::kv_cache::Shape;

/// Rows up to which logits of all are computed, whichever are wanted: one kind of pass is repeated
/// faster than several kinds are begun.
const FEW_ROWS: usize = 8;

/// A decoder-only transformer on a device.
pub struct DeviceTransformer {
    model: Blueprint<DeviceMemory>,
    steps: Box<dyn Steps>,
    device: Device,
}

impl DeviceTransformer {
    /// A model for sequences of at most `context` tokens, with this crate's kernels where they are
    /// asked for and there are any.
    ///
    /// # Errors
    /// Where the device has no memory for the tables of positions, or refuses the kernels.
    pub fn new(
        model: Blueprint<DeviceMemory>,
        context: usize,
        device: &Device,
        own_kernels: bool,
    ) -> Result<Self, EngineError> {
        let angles = model.style.angles.iter();
        let tables = angles.map(|angles| Tables::new(&Rope::new(angles, context), device));
        let ropes = tables.collect::<Result<_, _>>()?;
        let (heads, epsilon) = (model.numbers.heads, model.numbers.epsilon);
        let setup = Setup { ropes, heads, epsilon };
        let steps = steps::choose(&model, setup, device, own_kernels)?;
        Ok(Self { model, steps, device: device.clone() })
    }

    /// Makes room in every sequence.
    fn reserve(&self, spans: &mut [Span<'_>]) -> Result<(), EngineError> {
        for span in spans {
            let count = span.tokens.len();
            if count == 0 || !span.cache.reserve_on(&self.device, count)? {
                return Err(EngineError::Internal("tokens do not fit the cache"));
            }
            if span.tokens.iter().any(|token| *token as usize >= self.model.numbers.vocab) {
                return Err(EngineError::Internal("a row outside the matrix"));
            }
        }
        Ok(())
    }

    /// A layer: what comes in is the stream and what the layer before adds to it, and so is what
    /// goes out.
    fn layer<'a>(
        &'a self,
        (index, layer): (usize, &'a Layer<DeviceMemory>),
        (x, part): (Tensor, Option<Part<'a>>),
        spans: &[Span<'_>],
        pass: &mut (dyn Pass + '_),
    ) -> Result<(Tensor, Option<Part<'a>>), EngineError> {
        let (x, normed) = pass.add_norm(&x, part, &layer.attention_norm)?;
        let attention = &layer.attention;
        let of_attention = [&attention.query, &attention.key, &attention.value];
        let [query, key, value] = products(pass, of_attention, &normed)?;
        let mixed = pass.attend(index, attention, Projected { query, key, value }, spans)?;
        let [rows] = products(pass, [&attention.output], &mixed)?;
        let part = Part { rows, norm: layer.attention_end_norm.as_ref() };
        let (x, normed) = pass.add_norm(&x, Some(part), &layer.ffn_norm)?;
        let feed = &layer.feed_forward;
        let [gate, up] = products(pass, [&feed.gate, &feed.up], &normed)?;
        let gated = pass.gate(&gate, &up, self.model.style.activation)?;
        let [rows] = products(pass, [&feed.down], &gated)?;
        Ok((x, Some(Part { rows, norm: layer.ffn_end_norm.as_ref() })))
    }

    /// Logits of the wanted rows; of all where it is not said which.
    fn unembed(
        &self,
        (x, part): (Tensor, Option<Part<'_>>),
        wanted: Option<&Tensor>,
        pass: &(dyn Pass + '_),
    ) -> Result<Computed, EngineError> {
        let taken = |rows: Tensor| match wanted {
            Some(wanted) => rows.index_select(wanted, 0),
            None => Ok(rows),
        };
        let part = match part {
            Some(Part { rows, norm }) => Some(Part { rows: taken(rows)?, norm }),
            None => None,
        };
        let (_, normed) = pass.add_norm(&taken(x)?, part, &self.model.norm)?;
        let [logits] = products(pass, [self.model.unembedding()], &normed)?;
        let normed = match normed {
            Input::Floats(normed) => Some(normed),
            #[cfg(feature = "cuda")]
            Input::Blocks(_) => None,
        };
        Ok(Computed { logits, normed })
    }

    /// Some of the rows of logits.
    fn rows_of(&self, logits: &[f32], wanted: &[u32]) -> Result<Vec<f32>, EngineError> {
        let rows: Vec<&[f32]> = logits.chunks_exact(self.model.numbers.vocab).collect();
        let row = |row: &u32| rows.get(*row as usize).copied();
        let taken: Option<Vec<_>> = wanted.iter().map(row).collect();
        Ok(taken.ok_or(EngineError::Internal("logits are missing"))?.concat())
    }

    /// Logits as numbers.
    fn read(&self, computed: &Computed) -> Result<Vec<f32>, EngineError> {
        // Rounding to candle's blocks makes zeros of what is no number, and of zeros the first token;
        // in blocks of this crate it stays what it is, and then no logit of its row is a number.
        if let Some(normed) = &computed.normed
            && !self.steps.read(normed)?.iter().all(|x| x.is_finite())
        {
            return Err(EngineError::NotFinite);
        }
        let logits = self.steps.read(&computed.logits)?;
        if !logits.iter().step_by(self.model.numbers.vocab).all(|logit| logit.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        Ok(logits)
    }
}

/// The products of a step, as many as there are matrices.
fn products<const N: usize>(
    pass: &(dyn Pass + '_),
    matrices: [&Product; N],
    rows: &Input,
) -> Result<[Tensor; N], EngineError> {
    let products = pass.products(&matrices, rows)?;
    products.try_into().map_err(|_| EngineError::Internal("as many products as matrices"))
}

impl Decoder for DeviceTransformer {
    fn shape(&self) -> Shape {
        let Heads { kv, dim, .. } = self.model.numbers.heads;
        Shape { layers: self.model.layers.len(), heads: kv, dim }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        self.reserve(spans)?;
        let (mut wanted, mut rows) = (Vec::new(), 0);
        for span in spans.iter() {
            let end = rows + span.tokens.len();
            let count = span.logits.rows(span.tokens.len());
            wanted.extend((end - count..end).map(|row| row as u32));
            rows = end;
        }
        let some = !wanted.is_empty();
        let whole = wanted.len() == rows || some && rows <= FEW_ROWS;
        let taken = (some && !whole).then(|| Tensor::new(wanted.as_slice(), &self.device));
        let taken = taken.transpose()?;
        let given = &*spans;
        let computed = self.steps.run(given, whole, &|pass| {
            let mut x = self.model.embedding.take_rows(&pass.tokens()?)?;
            if self.model.style.embedding_scale != 1.0 {
                x = (x * f64::from(self.model.style.embedding_scale))?;
            }
            let mut stream = (x, None);
            for layer in self.model.layers.iter().enumerate() {
                stream = self.layer(layer, stream, given, pass)?;
            }
            some.then(|| self.unembed(stream, taken.as_ref(), pass)).transpose()
        })?;
        let mut logits = computed.map_or(Ok(Vec::new()), |computed| self.read(&computed))?;
        if whole && wanted.len() < rows {
            logits = self.rows_of(&logits, &wanted)?;
        }
        for span in spans.iter_mut() {
            span.cache.advance(span.tokens.len());
        }
        Ok(logits)
    }

    fn exact_rows(&self) -> usize {
        self.steps.exact_rows()
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
