//! Small safe wrappers around server functions.
//!
//! Owns, with `src/ipc`, all `unsafe` of the extension. Decides nothing. Called by every module
//! of the extension.

pub mod latch;
pub mod process;
pub mod server;
