//! Which model is to be had and how, and what is known of one that is loaded.

use serde::{Deserialize, Serialize};

use super::failure::SHOWN_BYTES;
use super::{EncoderSpec, Failure, FailureCode};
use crate::chat::ChatFormat;
use crate::device::DeviceName;
use crate::schema::sanitize;

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum ModelSpec {
    /// In a file, for `text2sql-engine`.
    File(LoadSpec),
    /// On another server, for `text2sql-remote`.
    Endpoint(EndpointSpec),
    /// In a folder, for `text2sql-engine`: it encodes and generates nothing.
    Encoder(EncoderSpec),
}

impl ModelSpec {
    /// The file.
    ///
    /// # Errors
    /// [`FailureCode::Protocol`] where it is no file: the worker started the wrong program.
    pub fn file(&self) -> Result<&LoadSpec, Failure> {
        match self {
            Self::File(spec) => Ok(spec),
            Self::Endpoint(_) | Self::Encoder(_) => Err(Self::wrong_program("a file")),
        }
    }

    /// The endpoint.
    ///
    /// # Errors
    /// [`FailureCode::Protocol`] where it is none: the worker started the wrong program.
    pub fn endpoint(&self) -> Result<&EndpointSpec, Failure> {
        match self {
            Self::Endpoint(spec) => Ok(spec),
            Self::File(_) | Self::Encoder(_) => Err(Self::wrong_program("an endpoint")),
        }
    }

    fn wrong_program(wanted: &str) -> Failure {
        Failure {
            code: FailureCode::Protocol,
            message: format!("this program was not started for {wanted}"),
            detail: None,
            hint: None,
        }
    }
}

/// How to ask a model over an HTTP interface like OpenAI's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSpec {
    /// What the paths of the interface are appended to, as `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// Name of the model there.
    pub model: String,
    /// Absolute path of the file with the key that is sent along, if one is needed.
    pub key_file: Option<String>,
    /// Absolute path of certificates (PEM) to trust in place of the public ones.
    pub ca_file: Option<String>,
    /// Most requests sent at a time. At least 1.
    pub parallel: u32,
    /// Longest time to connect, milliseconds.
    pub connect_ms: u64,
    /// Most times a request is sent, the first included. At least 1.
    pub attempts: u32,
}

/// How to load a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSpec {
    /// Absolute path of a GGUF file.
    pub path: String,
    /// Lower-case hex sha256 the file must have.
    pub sha256: String,
    /// Where weights, keys and values are, and what computes.
    pub device: DeviceName,
    /// Threads for matrix products, 1 to 1024.
    pub threads: u32,
    /// Tokens of context to reserve, at most what the model was trained for.
    pub context: u32,
    /// Tokens computed together in prefill: the grain of cancelling, 1 to 4096.
    pub prefill_chunk: u32,
    /// Most memory of keys and values kept for later prompts, bytes; the device's.
    pub prefix_cache_bytes: u64,
    /// Most requests answered at a time; others wait. At least 1.
    pub parallel: u32,
    /// Absolute path of the folder with what engines before this one kept of prompts, if it is to
    /// be read.
    #[serde(default)]
    pub disk_cache: Option<String>,
}

/// A loaded model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// `general.name` of the file, else the file's name.
    pub name: String,
    /// `general.architecture`.
    pub architecture: String,
    /// How conversations are written for it.
    pub chat: ChatFormat,
    /// Tokens of context in use.
    pub context: u32,
    /// Entries of the vocabulary.
    pub vocab: u32,
    /// Size of the file, bytes.
    pub file_bytes: u64,
    /// Memory of the weights once loaded, bytes.
    pub weight_bytes: u64,
    /// sha256 of the file, lower-case hex.
    pub sha256: String,
    /// Time to load, milliseconds.
    pub load_ms: u64,
}

impl ModelInfo {
    /// With texts that can be shown, as [`Failure::tamed`].
    #[must_use]
    pub fn tamed(self) -> Self {
        let tame = |text: String| sanitize(&text, SHOWN_BYTES / 4);
        Self {
            name: tame(self.name),
            architecture: tame(self.architecture),
            sha256: tame(self.sha256),
            ..self
        }
    }
}
