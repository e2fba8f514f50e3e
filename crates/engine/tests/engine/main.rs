//! The engine on tiny random models; one program, because linking is what takes the time.
//!
//! `support` and `reference` are helpers; every other module tests one part of the engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod adapter;
mod candle;
mod chats;
mod constraint;
mod disk_cache;
mod encoder;
mod families;
mod files;
mod forward;
mod frames;
mod generation;
mod hardening;
mod headers;
mod on_device;
mod pieces;
mod raw_calls;
mod reference;
mod reuse;
mod support;
mod together;
mod tokens;
