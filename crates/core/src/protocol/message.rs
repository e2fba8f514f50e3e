//! The frames of each hop.

use serde::{Deserialize, Serialize};

use super::{EmbedRequest, Event, Failure, FilePart, GenerateRequest, ModelInfo, ModelSpec};

/// Backend to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// A generation is wanted. Cancelling is detaching from the queue.
    Submit {
        /// The request.
        request: Box<GenerateRequest>,
        /// Longest time it waits for a model to load, milliseconds.
        startup_ms: u64,
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
    /// The model did not load in the time the request gives it; nothing more comes.
    Loading {
        /// How far it is, 0 to 100.
        percent: u8,
        /// What came of the models that were asked before, if any was; a sentence or more.
        earlier: Option<String>,
    },
    /// Something happened to the generation.
    Event {
        /// What.
        event: Event,
    },
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
    /// A file of [`super::LoadSpec::disk_cache`] that cannot be used.
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
