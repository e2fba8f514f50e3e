//! A loaded model: decoder, tokenizer, chat format and cached sequences.
//!
//! Owns the order of loading: open, read and hash, compare, convert, warm up. Called by the
//! engine binary, `bench` and the tools.

use std::path::Path;
use std::time::Instant;

use text2sql_core::chat::ChatFormat;
use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{GenerateRequest, LoadSpec, ModelInfo};

use crate::arch::{self, Decoder, Logits};
use crate::constraint::Constraints;
use crate::device::Device;
use crate::disk_cache::{DiskCache, Identity, Refused};
use crate::error::EngineError;
use crate::gguf::{self, GgufError};
use crate::kernels::pool;
use crate::pace::Pace;
use crate::prefix_cache::PrefixCache;
use crate::prompt_tokens::PromptTokens;
use crate::recent::Recent;
use crate::tokenizer::TextTokenizer;

/// Shares of the progress bar, per cent, that reading the file takes and converting the weights.
const READ_SHARE: u32 = 60;
const CONVERT_SHARE: u32 = 35;

/// Tokens of the first pass.
const WARM_UP_TOKENS: usize = 8;

/// Whether a file must have a given checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin<'a> {
    /// Exactly this one, lower-case hex.
    Sha256(&'a str),
    /// Any: tools a person runs on a file of their own.
    Any,
}

/// A model ready to generate.
pub struct LoadedModel {
    pub(crate) decoder: Box<dyn Decoder>,
    pub(crate) tokenizer: TextTokenizer,
    pub(crate) chat: ChatFormat,
    pub(crate) prefixes: PrefixCache,
    /// What engines before this one kept of prompts; of a model on a device nothing is.
    pub(crate) disk: Option<DiskCache>,
    pub(crate) prompt_tokens: PromptTokens,
    pub(crate) constraints: Constraints,
    pub(crate) recent: Recent,
    pub(crate) context: usize,
    pub(crate) prefill_chunk: usize,
    pub(crate) pace: Pace,
    pub(crate) guess_ahead: bool,
    info: ModelInfo,
}

impl LoadedModel {
    /// Loads a file as `spec` says.
    ///
    /// # Errors
    /// [`EngineError`], whose code is `NoModel` where the file cannot be read, `BadModel` where it
    /// is not acceptable, and `NoDevice` where there is no such device.
    pub fn load(spec: &LoadSpec, progress: &mut dyn FnMut(u8)) -> Result<Self, EngineError> {
        Self::load_pinned(spec, Pin::Sha256(&spec.sha256), progress)
    }

    /// Loads a file with or without a pinned checksum.
    ///
    /// # Errors
    /// As [`LoadedModel::load`].
    pub fn load_pinned(
        spec: &LoadSpec,
        pin: Pin<'_>,
        progress: &mut dyn FnMut(u8),
    ) -> Result<Self, EngineError> {
        Self::load_on(&Device::open(spec.device)?, spec, pin, progress)
    }

    /// Loads a file onto a device that is open, whichever `spec` names.
    ///
    /// # Errors
    /// As [`LoadedModel::load`].
    pub fn load_on(
        device: &Device,
        spec: &LoadSpec,
        pin: Pin<'_>,
        progress: &mut dyn FnMut(u8),
    ) -> Result<Self, EngineError> {
        let begin = Instant::now();
        pool::set_threads(spec.threads as usize);
        let path = Path::new(&spec.path);
        let opened = gguf::open_checked(path)?;
        let mut file = gguf::read_all(opened, &mut |percent| {
            progress((u32::from(percent) * READ_SHARE / 100) as u8);
        })?;
        if let Pin::Sha256(expected) = pin
            && !expected.eq_ignore_ascii_case(&file.sha256)
        {
            return Err(EngineError::Checksum {
                found: file.sha256,
                expected: expected.chars().take(64).collect(),
            });
        }
        let context = spec.context.max(1) as usize;
        let tokenizer = TextTokenizer::from_header(&file.header)?;
        let decoder = arch::load(&mut file, context, device, &mut |percent| {
            progress((READ_SHARE + u32::from(percent) * CONVERT_SHARE / 100) as u8);
        })?;
        if tokenizer.len() != decoder.vocab() {
            return Err(EngineError::Tokenizer("vocabulary and embedding differ in size".into()));
        }
        if context > decoder.trained_context() {
            return Err(GgufError::TooMany {
                what: "configured context",
                value: context as u64,
                limit: decoder.trained_context() as u64,
            }
            .into());
        }
        let name = file
            .header
            .text("general.name")
            .map(|name| name.chars().filter(|c| !c.is_control()).take(100).collect())
            .unwrap_or_else(|_| {
                path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            });
        let info = ModelInfo {
            name,
            architecture: file.header.text("general.architecture")?.to_owned(),
            chat: tokenizer.chat(),
            context: context as u32,
            vocab: decoder.vocab() as u32,
            file_bytes: file.size,
            weight_bytes: decoder.weight_bytes() as u64,
            sha256: file.sha256,
            load_ms: 0,
        };
        let constraints = Constraints::new(&tokenizer);
        let recent = Recent::new(&tokenizer);
        let on_processor = spec.device == DeviceName::Cpu;
        let identity = Identity::new(&info.sha256, decoder.shape(), info.context);
        let disk = identity.filter(|_| on_processor).map(|identity| match &spec.disk_cache {
            Some(folder) => DiskCache::open(Path::new(folder), identity),
            None => DiskCache::empty(identity),
        });
        let mut model = Self {
            disk,
            prefixes: PrefixCache::new(decoder.shape(), spec.prefix_cache_bytes as usize),
            decoder,
            chat: tokenizer.chat(),
            tokenizer,
            prompt_tokens: PromptTokens::default(),
            constraints,
            recent,
            context,
            prefill_chunk: spec.prefill_chunk.clamp(1, 4096) as usize,
            pace: Pace::default(),
            guess_ahead: true,
            info,
        };
        model.warm_up()?;
        progress(100);
        model.info.load_ms = begin.elapsed().as_millis() as u64;
        Ok(model)
    }

    /// What was loaded.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    /// The tokens of a request's prompt.
    pub(crate) fn encode(&mut self, request: &GenerateRequest) -> Result<Vec<u32>, EngineError> {
        let segments = self.chat.segments(&request.prompt);
        self.prompt_tokens.encode(&self.tokenizer, &request.cache_scope, &segments)
    }

    /// Reads from disk what a prompt begins with, where it is there and not in memory.
    pub(crate) fn fetch(&mut self, scope: &str, prompt: &[u32]) {
        if let Some(disk) = &mut self.disk {
            disk.fetch(scope, prompt, &mut self.prefixes);
        }
    }

    /// Files that were found to be of no use since this was asked last.
    pub fn refused_files(&mut self) -> Vec<Refused> {
        self.disk.as_mut().map(DiskCache::refused).unwrap_or_default()
    }

    /// What constrains answers, for measurements and tests.
    pub fn constraints(&mut self) -> (&mut Constraints, &TextTokenizer) {
        (&mut self.constraints, &self.tokenizer)
    }

    /// The decoder, for measurements and tests.
    pub fn decoder(&mut self) -> &mut dyn Decoder {
        self.decoder.as_mut()
    }

    /// Whether tokens are guessed ahead; on after loading. It changes no answer.
    pub fn set_guess_ahead(&mut self, on: bool) {
        self.guess_ahead = on;
    }

    /// Forgets cached sequences: after a panic they may be half written.
    pub fn forget(&mut self) {
        self.prefixes.clear();
        self.prompt_tokens.clear();
        self.constraints.clear();
        self.recent.clear();
    }

    /// Replaces the decoder: tests put a failing one in.
    #[doc(hidden)]
    pub fn replace_decoder(&mut self, decoder: Box<dyn Decoder>) -> Box<dyn Decoder> {
        std::mem::replace(&mut self.decoder, decoder)
    }

    /// A model that computes no numbers is found here rather than in the first question.
    fn warm_up(&mut self) -> Result<(), EngineError> {
        let count = WARM_UP_TOKENS.min(self.context);
        let mut cache = self.decoder.new_cache(count + 1);
        self.decoder.forward(&vec![0; count], &mut cache, Logits::Last)?;
        Ok(())
    }
}
