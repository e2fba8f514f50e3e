//! The message types of each hop.

use serde::{Deserialize, Serialize};

use super::{EmbedRequest, Embedded, EncoderSpec, FilePart};
use crate::chat::{ChatFormat, ChatPrompt};
use crate::device::DeviceName;
use crate::route::Route;
use crate::schema::{Snapshot, sanitize};

/// One generation to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The conversation to continue.
    pub prompt: ChatPrompt,
    /// Most tokens to generate; with 0 only the prompt is computed, so that it is cached.
    pub max_new_tokens: u32,
    /// Time left for the generation, milliseconds, counted from when the engine reads it.
    pub deadline_ms: u64,
    /// Requests of the same scope may share cached prefixes; with an empty one nothing is shared
    /// or kept. How fast an answer comes tells what was asked before, so a scope is one role in
    /// one database.
    #[serde(default)]
    pub cache_scope: String,
    /// What the answer may be; without it, anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Constraint>,
    /// How tokens are chosen; without it, the likeliest at each place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Which model is wanted. For the worker.
    #[serde(default)]
    pub route: Route,
}

/// How tokens are drawn. The same request gives the same answer: the seed is part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sampling {
    /// What logits are divided by, thousandths.
    pub temperature: u32,
    /// Tokens are drawn from the fewest that together are as likely as this, thousandths.
    pub top_p: u32,
    /// Beginning of the random numbers. Endpoints know no longer ones.
    pub seed: u32,
}

impl Sampling {
    /// Most of the probability that is drawn from; what is left has the oddest tokens.
    const TOP_P: u32 = 950;

    /// For the candidate of this number to `prompt`; a temperature in thousandths.
    #[must_use]
    pub fn of_candidate(number: u32, temperature: u32, prompt: &ChatPrompt) -> Self {
        let texts = prompt.turns.iter().map(|turn| turn.text.as_bytes());
        // FNV-1a; the numbers are spread by the engine.
        let hash =
            texts.flatten().chain(&number.to_le_bytes()).fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
            });
        Self { temperature, top_p: Self::TOP_P, seed: hash }
    }
}

/// The names a statement may use: of what the caller may read, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Constraint {
    /// Relations and their columns.
    pub relations: Vec<ConstraintRelation>,
    /// Schemas in which a relation is found without its schema's name, first to last.
    #[serde(default)]
    pub search_path: Vec<String>,
    /// Where a column must be.
    #[serde(default)]
    pub columns: ColumnScope,
    /// Names of functions that may be called besides the built-in ones of the positive list.
    #[serde(default)]
    pub functions: Vec<String>,
    /// What the relations were read from, for the log and for caches; equal ones mean equal names.
    #[serde(default)]
    pub fingerprint: String,
}

/// Where a column that a statement names must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnScope {
    /// In a relation that is in scope where it is named.
    #[default]
    InScope,
    /// In any relation of the constraint. One that is not in scope is left to be found by the
    /// server, and mended with its message: a model that is made to take another column instead
    /// writes a statement that runs and is wrong.
    Anywhere,
}

/// A relation of a [`Constraint`]; names as stored in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConstraintRelation {
    /// Schema.
    pub schema: String,
    /// Name within the schema.
    pub name: String,
    /// Columns the caller may read.
    pub columns: Vec<String>,
}

/// Most names of a [`Constraint`]: relations, columns, schemas and functions together. Their
/// index takes some hundred bytes each.
pub const MAX_CONSTRAINT_NAMES: usize = 100_000;

/// Most bytes of its names as they travel: with the prompt, well below `MAX_FRAME`.
const MAX_CONSTRAINT_BYTES: usize = 1 << 20;

/// Longest name of a [`Constraint`], bytes: `NAMEDATALEN` with room for servers built with more.
const MAX_NAME: usize = 255;

/// Bytes of a relation as it travels, besides its names.
const RELATION_BYTES: usize = 40;

impl Constraint {
    /// Whether it is of a size that can be served.
    pub fn is_reasonable(&self) -> bool {
        let mut count = self.relations.len();
        let mut bytes = count * RELATION_BYTES;
        let mut short = |name: &String| {
            count += 1;
            // As an escape, a byte takes up to six.
            let escaped = name.bytes().filter(|b| matches!(b, 0..=0x1F | b'"' | b'\\')).count();
            bytes += name.len() + 3 + 5 * escaped;
            name.len() <= MAX_NAME && !name.contains('\0')
        };
        let all = self.search_path.iter().chain(&self.functions).all(&mut short)
            && self.relations.iter().all(|relation| {
                short(&relation.schema)
                    && short(&relation.name)
                    && relation.columns.iter().all(&mut short)
            });
        all && count <= MAX_CONSTRAINT_NAMES && bytes <= MAX_CONSTRAINT_BYTES
    }
}

impl From<&Snapshot> for Constraint {
    fn from(snapshot: &Snapshot) -> Self {
        let relations = snapshot.relations.iter().map(|relation| ConstraintRelation {
            schema: relation.name.schema.clone(),
            name: relation.name.name.clone(),
            columns: relation.columns.iter().map(|column| column.name.clone()).collect(),
        });
        Self {
            relations: relations.collect(),
            search_path: Vec::new(),
            columns: ColumnScope::default(),
            functions: snapshot.functions.clone(),
            fingerprint: snapshot.fingerprint(),
        }
    }
}

/// Backend to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// A generation is wanted. Cancelling is detaching from the queue.
    Submit {
        /// The request.
        request: Box<GenerateRequest>,
    },
    /// Vectors are wanted.
    Embed {
        /// The request.
        request: EmbedRequest,
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
    /// A model works on the request.
    Given {
        /// Its name in the registry.
        model: String,
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
    /// The vectors that were wanted; nothing more comes.
    Embedded {
        /// They.
        embedded: Embedded,
    },
    /// The request failed; nothing more comes.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Event {
    /// Whether nothing more comes after it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        match self {
            Self::Started { .. } | Self::Delta { .. } => false,
            Self::Done { .. } | Self::Embedded { .. } | Self::Failed { .. } => true,
        }
    }
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
    /// What became of the request's constraint.
    #[serde(default)]
    pub constraint: ConstraintUse,
    /// Tokens for which the model wanted one that was not allowed.
    #[serde(default)]
    pub masked_tokens: u32,
    /// Tokens that needed no choice, computed together.
    #[serde(default)]
    pub forced_tokens: u32,
    /// Tokens taken back.
    #[serde(default)]
    pub backtracked_tokens: u32,
    /// Tokens that were computed before it was known whether they come.
    #[serde(default)]
    pub guessed_tokens: u32,
    /// Of these, those that came.
    #[serde(default)]
    pub right_tokens: u32,
    /// Preparing the constraint, microseconds.
    #[serde(default)]
    pub compile_us: u64,
    /// Deciding which tokens are allowed, microseconds of `decode_us`.
    #[serde(default)]
    pub mask_us: u64,
    /// Tokens of the answer that were chosen and weighed; those that were forced are not, and an
    /// endpoint weighs none.
    #[serde(default)]
    pub weighed_tokens: u32,
    /// How unlikely they were: the sum of -ln p, p of the whole vocabulary at temperature 1,
    /// millionths.
    #[serde(default)]
    pub surprisal: u64,
    /// That of the unlikeliest of them, millionths.
    #[serde(default)]
    pub worst_surprisal: u64,
}

impl GenerationStats {
    /// The mean of -ln p of the tokens that were weighed, if any was.
    #[must_use]
    pub fn mean_surprisal(&self) -> Option<f64> {
        let tokens = f64::from(self.weighed_tokens);
        (tokens > 0.0).then(|| self.surprisal as f64 / 1e6 / tokens)
    }
}

/// What became of a request's constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintUse {
    /// There was none.
    #[default]
    None,
    /// The whole answer keeps to it.
    Kept,
    /// Too many names were wrong: from some point on only the grammar was kept to.
    NamesGivenUp,
    /// It could not be prepared, or failed on the way: the answer is free.
    Failed,
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
    /// The device a model is to be computed on is not there, or the engine has no code for it.
    NoDevice,
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
    /// The server where a model runs cannot be reached, or does not answer as it should.
    Unreachable,
    /// Anything else: a bug.
    Internal,
}

/// Worker to engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EngineCommand {
    /// First and once: load a model, or get ready to ask one elsewhere.
    Load {
        /// Which, and how.
        spec: ModelSpec,
    },
    /// Generate; answered by [`EngineReport::Event`]s with the same id.
    Generate {
        /// Chosen by the worker, never reused within a connection.
        id: u64,
        /// What to generate.
        request: GenerateRequest,
    },
    /// Encode texts; answered by one [`EngineReport::Event`] with the same id.
    Embed {
        /// As of [`Self::Generate`].
        id: u64,
        /// The texts.
        request: EmbedRequest,
    },
    /// Hand over what is cached of the beginning that prompts like this one have in common, as a
    /// file for the next engine; answered by [`EngineReport::Kept`] with the same id, while nobody
    /// waits for an answer.
    Keep {
        /// As of [`Self::Generate`].
        id: u64,
        /// A request whose question stands for any.
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
    /// A piece of the file that [`EngineCommand::Keep`] asked for.
    Kept {
        /// Its id.
        id: u64,
        /// The piece.
        part: FilePart,
    },
    /// A file of [`LoadSpec::disk_cache`] that cannot be used.
    Unusable {
        /// Its name.
        name: String,
        /// Why, without what is in it.
        why: String,
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
