//! Small safe wrappers around server functions.
//!
//! Owns, with `src/ipc`, all `unsafe` of the extension. Decides nothing. Called by every module
//! of the extension.

pub mod error_position;
pub mod executor;
pub mod facts;
pub mod guard_hooks;
pub mod invalidation;
pub mod json_text;
pub mod latch;
pub mod own_state;
pub mod parse;
pub mod process;
pub mod query_walk;
pub mod role;
pub mod server;
pub mod server_log;
pub mod settings;
pub mod subxact;
pub mod timer;
