//! The message types of each hop.

use serde::{Deserialize, Serialize};

use crate::chat::{ChatFormat, ChatPrompt};
use crate::schema::sanitize;

/// One generation to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The conversation to continue.
    pub prompt: ChatPrompt,
    /// Most tokens to generate, at least 1.
    pub max_new_tokens: u32,
    /// Time left for the generation, milliseconds, counted from when the engine reads it.
    pub deadline_ms: u64,
    /// Requests of the same scope may share cached prefixes; with an empty one nothing is shared
    /// or kept. How fast an answer comes tells what was asked before, so a scope is one role in
    /// one database.
    #[serde(default)]
    pub cache_scope: String,
}

/// Backend to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The only thing a backend asks for. Cancelling is detaching from the queue.
    Submit {
        /// The request.
        request: GenerateRequest,
    },
}

/// Worker to backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The request waits behind `position` others.
    Queued {
        /// Requests that go first.
        position: u32,
    },
    /// Something happened to the generation.
    Event {
        /// What.
        event: Event,
    },
}

/// Progress of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The prompt is tokenized and prefill begins.
    Started {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Of these, tokens whose keys and values were still cached.
        cached_tokens: u32,
    },
    /// Text was generated.
    Delta {
        /// The new text.
        text: String,
    },
    /// The generation ended.
    Done {
        /// All generated text, without the assistant prefix.
        text: String,
        /// Why it ended.
        finish: Finish,
        /// Counts and times.
        stats: GenerationStats,
    },
    /// The generation failed; nothing more comes.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The statement, or the model's turn, is complete.
    Stop,
    /// `max_new_tokens` was reached, or the context is full.
    Length,
}

/// Counts and times of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GenerationStats {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of these, taken from the cache.
    pub cached_tokens: u32,
    /// Tokens generated.
    pub generated_tokens: u32,
    /// Prefill, microseconds.
    pub prefill_us: u64,
    /// Decode, microseconds.
    pub decode_us: u64,
}

/// An error that crosses a process boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind; decides the SQLSTATE.
    pub code: FailureCode,
    /// Lower-case, no full stop.
    pub message: String,
    /// Facts, if any.
    pub detail: Option<String>,
    /// What to do, if it is known.
    pub hint: Option<String>,
}

/// Most bytes of each text of a [`Failure`] and a [`ModelInfo`] that are shown.
const SHOWN_BYTES: usize = 500;

impl Failure {
    /// With texts that can be shown: what an engine says goes to users and to the server's log.
    #[must_use]
    pub fn tamed(self) -> Self {
        let tame = |text: String| sanitize(&text, SHOWN_BYTES);
        Self {
            code: self.code,
            message: tame(self.message),
            detail: self.detail.map(tame),
            hint: self.hint.map(tame),
        }
    }
}

/// Kinds of [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureCode {
    /// No model is configured, or its file is not there or not readable.
    NoModel,
    /// The model file is damaged, hostile, of an unknown architecture, or not the pinned one.
    BadModel,
    /// The prompt does not fit the context.
    PromptTooLong,
    /// The request's deadline passed.
    Deadline,
    /// The request was cancelled.
    Cancelled,
    /// The engine process ended during the request.
    EngineDied,
    /// The worker is shutting down.
    ShuttingDown,
    /// A frame broke the protocol.
    Protocol,
    /// Not enough memory for the model or the request.
    OutOfMemory,
    /// Anything else: a bug.
    Internal,
}

/// Worker to engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineCommand {
    /// First and once: load a model.
    Load {
        /// Which, and how.
        spec: LoadSpec,
    },
    /// Generate; answered by [`EngineReport::Event`]s with the same id.
    Generate {
        /// Chosen by the worker, never reused within a connection.
        id: u64,
        /// What to generate.
        request: GenerateRequest,
    },
    /// Stop a generation at the next token or chunk; an unknown id is ignored.
    Cancel {
        /// Which.
        id: u64,
    },
    /// Finish nothing, leave.
    Shutdown,
}

/// How to load a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadSpec {
    /// Absolute path of a GGUF file.
    pub path: String,
    /// Lower-case hex sha256 the file must have.
    pub sha256: String,
    /// Threads for matrix products, 1 to 1024.
    pub threads: u32,
    /// Tokens of context to reserve, at most what the model was trained for.
    pub context: u32,
    /// Tokens computed together in prefill: the grain of cancelling, 1 to 4096.
    pub prefill_chunk: u32,
    /// Most memory of keys and values kept for later prompts, bytes.
    pub prefix_cache_bytes: u64,
}

/// Engine to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineReport {
    /// First frame of every engine.
    Hello {
        /// [`super::VERSION`] of the engine.
        protocol: u32,
        /// [`super::BUILD_ID`] of the engine.
        build: String,
    },
    /// Loading goes on.
    Progress {
        /// 0 to 100.
        percent: u8,
    },
    /// The model is loaded; requests are accepted.
    Ready {
        /// What was loaded.
        info: ModelInfo,
    },
    /// The model could not be loaded; the engine leaves.
    LoadFailed {
        /// Why.
        failure: Failure,
    },
    /// A line for the server's log.
    Log {
        /// How grave.
        level: LogLevel,
        /// The line.
        message: String,
    },
    /// Progress of a generation.
    Event {
        /// The id of [`EngineCommand::Generate`].
        id: u64,
        /// What happened.
        event: Event,
    },
}

/// Gravity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For developers.
    Debug,
    /// For operators.
    Info,
    /// Something is not as it should be.
    Warning,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::is_invisible;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_an_engine_says_is_short_and_visible(
            text in any::<String>(), times in 1usize..2000,
        ) {
            let text = text.repeat(times);
            let (code, some) = (FailureCode::Internal, Some(text.clone()));
            let failure =
                Failure { code, message: text, detail: some.clone(), hint: some }.tamed();
            let (detail, hint) = (failure.detail.unwrap(), failure.hint.unwrap());
            for text in [failure.message, detail, hint] {
                prop_assert!(text.len() <= SHOWN_BYTES);
                prop_assert!(!text.chars().any(is_invisible), "{text:?}");
            }
        }
    }
}
