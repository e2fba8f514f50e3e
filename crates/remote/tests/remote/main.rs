//! The real binary over its socket, against a server that follows a script.
//!
//! `server` and `support` are helpers; every other module tests one part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod answers;
mod attempts;
mod confined;
mod connections;
mod dialects;
mod running;
mod server;
mod settings;
mod support;
mod tls;
