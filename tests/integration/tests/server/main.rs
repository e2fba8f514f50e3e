//! Tests against a real server, one module a topic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod arms;
mod audit;
mod cancel;
mod contexts;
mod crash;
mod disk_cache;
mod embeddings;
mod engine_process;
mod evaluation;
mod hostile_engine;
mod install;
mod isolation;
mod lifecycle;
mod load;
mod recall;
mod routing;
mod standby;
mod suggestions;
mod tiny_model;
mod tools;
mod traces;
mod values;
mod versions;
mod warm;
mod wikisql;
