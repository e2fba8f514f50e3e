//! The engine's error type and its translation to what crosses the process boundary.
//!
//! Owns which kind of failure each error is; decides no SQLSTATE (the extension does).
//! Used by every module of the crate; errors of candle end here and go no further.

use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{Failure, FailureCode};

use crate::encoder::EncoderError;
use crate::gguf::GgufError;

/// Anything that goes wrong between a load command and a generated token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The file is missing, unreadable, or not one that may be opened.
    #[error("the model file cannot be read: {0}")]
    File(String),
    /// The file's header is not acceptable.
    #[error("the model file is not acceptable: {0}")]
    Gguf(#[from] GgufError),
    /// The files of an encoder are not acceptable.
    #[error("the embedding model is not acceptable: {0}")]
    Encoder(#[from] EncoderError),
    /// The file is not the one that was pinned.
    #[error("the model file has another sha256 than configured")]
    Checksum {
        /// Of the file.
        found: String,
        /// Of the configuration.
        expected: String,
    },
    /// The device cannot be used, or this engine has no code for it.
    #[error("the device {name} cannot be used")]
    Device {
        /// Which.
        name: DeviceName,
        /// What the driver says.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// The tokenizer's tables are inconsistent.
    #[error("the model file's tokenizer is not acceptable: {0}")]
    Tokenizer(String),
    /// Prompt and answer do not fit the context.
    #[error("the prompt does not fit the model's context")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens to be generated at most.
        new: usize,
        /// Tokens of context in use.
        context: usize,
    },
    /// The request was cancelled.
    #[error("the request was cancelled")]
    Cancelled,
    /// The request's deadline passed.
    #[error("the request took too long")]
    Deadline,
    /// There is no memory for the keys and values of another token.
    #[error("there is not enough memory for the keys and values of this prompt")]
    OutOfMemory,
    /// Infinite or undefined logits: weights that are damaged or made to be.
    #[error("the model computed no finite number")]
    NotFinite,
    /// A matrix product or tensor conversion failed.
    #[error("computation failed: {0}")]
    Compute(#[from] candle_core::Error),
    /// A bug, described.
    #[error("{0}")]
    Internal(&'static str),
}

impl EngineError {
    /// Whether there was no memory, of the process or of a device.
    pub fn is_lack_of_memory(&self) -> bool {
        self.code() == FailureCode::OutOfMemory
    }

    /// What kind of failure this is to the other processes.
    pub fn code(&self) -> FailureCode {
        match self {
            Self::File(_) => FailureCode::NoModel,
            Self::Gguf(_)
            | Self::Encoder(_)
            | Self::Checksum { .. }
            | Self::Tokenizer(_)
            | Self::NotFinite => FailureCode::BadModel,
            Self::Device { .. } => FailureCode::NoDevice,
            Self::PromptTooLong { .. } => FailureCode::PromptTooLong,
            Self::Cancelled => FailureCode::Cancelled,
            Self::Deadline => FailureCode::Deadline,
            Self::OutOfMemory => FailureCode::OutOfMemory,
            Self::Compute(error) if is_lack_of_memory(error) => FailureCode::OutOfMemory,
            Self::Compute(_) | Self::Internal(_) => FailureCode::Internal,
        }
    }
}

/// Whether a device has no room; candle has no type for it.
fn is_lack_of_memory(error: &candle_core::Error) -> bool {
    error.to_string().contains("CUDA_ERROR_OUT_OF_MEMORY")
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = error.code();
        let (message, detail, hint) = match &error {
            EngineError::File(why) => {
                ("the model file cannot be read".into(), Some(why.clone()), None)
            }
            EngineError::Gguf(why) => {
                ("the model file is not acceptable".into(), Some(why.to_string()), None)
            }
            EngineError::Encoder(why) => {
                ("the embedding model is not acceptable".into(), Some(why.to_string()), None)
            }
            EngineError::Device { why, hint, .. } => {
                (error.to_string(), Some(why.clone()), Some((*hint).into()))
            }
            EngineError::Checksum { found, expected } => (
                error.to_string(),
                Some(format!("the file has sha256 {found}, the configuration expects {expected}")),
                Some("fetch the file again, or correct the configured sha256".into()),
            ),
            EngineError::PromptTooLong { prompt, new, context } => (
                error.to_string(),
                Some(format!(
                    "{prompt} tokens of prompt and {new} of answer exceed a context of {context}"
                )),
                None,
            ),
            EngineError::OutOfMemory => (
                error.to_string(),
                Some("what was kept of earlier prompts was given up before".into()),
                Some("ask again later".into()),
            ),
            _ => (error.to_string(), None, None),
        };
        Self { code, message, detail, hint }
    }
}
