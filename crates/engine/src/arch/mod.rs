//! Architectures the engine has code for.
//!
//! Owns the list of accepted `general.architecture` values and what every architecture offers
//! the generator. A new architecture is a file here and a line in [`load`].
//!
//! | module | owns |
//! |---|---|
//! | `blueprint` | what a model is made of, whatever its weights are kept in |
//! | `transformer` | the forward pass on the processor |
//! | `on_device` | the forward pass on a GPU |
//! | `numbers` | the numbers of a header, within bounds |
//! | `tensors` | taking tensors out of a file |
//! | `qwen2`, `qwen3`, `llama`, `phi3`, `gemma3` | what the files of a family have |

mod blueprint;
mod gemma3;
mod llama;
mod numbers;
mod on_device;
mod phi3;
mod qwen2;
mod qwen3;
mod tensors;
mod transformer;

use self::blueprint::{Blueprint, Memory};
use self::on_device::{DeviceMemory, DeviceTransformer};
use self::tensors::Source;
use self::transformer::{HostMemory, Transformer};
use crate::device::Device;
use crate::error::EngineError;
use crate::gguf::{GgufError, LoadedFile};
use crate::kv_cache::{KvCache, Shape};

/// Which logits a forward pass computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logits {
    /// None: a chunk of a prompt that is not the last.
    None,
    /// Of the last position.
    Last,
    /// Of that many last positions: verification of guessed tokens.
    Tail(usize),
    /// Of every position.
    All,
}

impl Logits {
    /// Rows of logits for a span of that many tokens.
    pub fn rows(self, tokens: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Last => 1,
            Self::Tail(count) => count.min(tokens),
            Self::All => tokens,
        }
    }
}

/// Tokens of one sequence in a forward pass.
#[derive(Debug)]
pub struct Span<'a> {
    /// What follows what the cache holds; at least one token.
    pub tokens: &'a [u32],
    /// The sequence.
    pub cache: &'a mut KvCache,
    /// Which logits are wanted.
    pub logits: Logits,
}

/// A decoder-only language model.
pub trait Decoder: Send {
    /// What the keys and values of this model are like.
    fn shape(&self) -> Shape;

    /// Computes the tokens of several sequences together and adds them to their caches. Returns
    /// the rows of logits that are wanted, span after span.
    ///
    /// # Errors
    /// [`EngineError`] where a token or a context is out of range, or a product fails; the caches
    /// then keep their lengths.
    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError>;

    /// [`Decoder::forward_spans`] for one sequence.
    ///
    /// # Errors
    /// The same.
    fn forward(
        &mut self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits,
    ) -> Result<Vec<f32>, EngineError> {
        self.forward_spans(&mut [Span { tokens, cache, logits }])
    }

    /// An empty cache for one sequence.
    fn new_cache(&self, context: usize) -> KvCache {
        KvCache::new(self.shape(), context)
    }

    /// Rows of one sequence, in a pass with nothing else, that are the same to the bit as one at a
    /// time, at least 1; `usize::MAX` where rows are the same whatever is computed beside them.
    fn exact_rows(&self) -> usize;

    /// Width of a row of logits.
    fn vocab(&self) -> usize;

    /// Context the model was trained for.
    fn trained_context(&self) -> usize;

    /// Memory of the weights as loaded, bytes.
    fn weight_bytes(&self) -> usize;
}

/// The decoder in a file, for sequences of at most `context` tokens, on a device. `progress` hears
/// the share of the weights that was taken out of the file, per cent.
///
/// # Errors
/// [`EngineError::Gguf`] where the architecture is unknown or its tensors are not as they must be;
/// [`EngineError::Compute`] where the device has no room for them.
pub fn load(
    file: &mut LoadedFile,
    context: usize,
    device: &Device,
    progress: &mut dyn FnMut(u8),
) -> Result<Box<dyn Decoder>, EngineError> {
    Ok(match device {
        Device::Processor => {
            let model = blueprint(Source { file, context, memory: &HostMemory, progress })?;
            Box::new(Transformer::new(model, context))
        }
        Device::Gpu(gpu) | Device::Candle(gpu) => {
            let memory = &DeviceMemory(gpu.clone());
            let model = blueprint(Source { file, context, memory, progress })?;
            let own_kernels = matches!(device, Device::Gpu(_));
            Box::new(DeviceTransformer::new(model, context, gpu, own_kernels)?)
        }
    })
}

/// What a file's family makes of it.
fn blueprint<M: Memory>(source: Source<'_, M>) -> Result<Blueprint<M>, EngineError> {
    let family = match source.file.header.text("general.architecture")? {
        "qwen2" => qwen2::load,
        "qwen3" => qwen3::load,
        "llama" => llama::load,
        "phi3" => phi3::load,
        "gemma3" => gemma3::load,
        other => return Err(GgufError::Architecture(other.chars().take(64).collect()).into()),
    };
    family(source)
}
