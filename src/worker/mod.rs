//! The background worker: supervisor of the engine process and broker of requests.
//!
//! One thread, no database connection, no SQL, no model: it moves frames between the backends'
//! segments and the engines' sockets, and starts, replaces and ends engines. Started by the
//! postmaster; nothing else calls it.

mod allowance;
mod broker;
mod config;
mod disk_cache;
mod engine;
mod entry;
mod fleet;
mod kept;
mod lifecycle;
mod not_started;
mod reports;
mod session;

pub use config::{encoder, encoder_weights, engine_program, registry, remote_program, sha256_file};
pub use entry::register;
