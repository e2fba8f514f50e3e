//! Frames between backend, worker and engine.
//!
//! Owns the message types, their size limits and the codec; knows nothing of how bytes travel.
//! Every frame is one JSON value, so text is UTF-8 or the frame is refused, on both sides.
//! Called by `src/ipc`, `src/worker`, the engine's frame loop and the scripted test engine.

mod codec;
mod constraint;
mod embed;
mod event;
mod failure;
mod keep;
mod message;
mod model;
mod request;

pub use codec::{Decoder, FrameError, decode, encode, encode_framed};
pub use constraint::{ColumnScope, Constraint, ConstraintRelation, MAX_CONSTRAINT_NAMES};
pub use embed::{EmbedRequest, Embedded, EncoderSpec};
pub use event::{ConstraintUse, Event, Finish, GenerationStats};
pub use failure::{Failure, FailureCode};
pub use keep::{FilePart, FileRest};
pub use message::{ClientFrame, EngineCommand, EngineReport, LogLevel, ServerFrame};
pub use model::{EndpointSpec, LoadSpec, ModelInfo, ModelSpec};
pub use request::{GenerateRequest, Sampling};

/// Version of the frames; both ends of a connection must have the same.
pub const VERSION: u32 = 3;

/// Largest payload of a frame, bytes. A prompt of 32 Ki tokens is about 130 KiB of text.
pub const MAX_FRAME: usize = 4 << 20;

/// What library and engine must have in common to work together: the version, and every byte of
/// this crate, which is what both are made of (`build.rs`).
pub const BUILD_ID: &str =
    concat!("text2sql ", env!("CARGO_PKG_VERSION"), " ", env!("TEXT2SQL_CORE_SOURCES"));
