//! Asks a model on another server, over an HTTP interface like OpenAI's, in a process of its own.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`remote`] | the model behind the engine's frame loop: which requests run, which wait |
//! | [`exchange`] | one request: when it is sent again |
//! | [`http`] | one attempt |
//! | [`reply`] | one answer in the making: events, counts, times |
//! | [`answer`] | which part of a model's text is the answer |
//! | [`sse`] | server-sent events |
//! | [`chunk`] | the JSON of an answer |
//! | [`body`] | the JSON of a request |
//! | [`backoff`] | pauses between attempts |
//! | [`dialect`] | which parameters the endpoint takes |
//! | [`connections`] | connections that are kept for the next request |
//! | [`endpoint`] | what is asked, checked, and the HTTP client's settings |
//! | [`url`] | which addresses are accepted |
//! | [`key`] | the key, which is shown nowhere |
//! | [`trust`] | whose certificates are trusted |
//! | [`failure`] | what goes wrong, in words |
//!
//! Nothing here knows PostgreSQL; the extension starts the binary and never links the library.

#![deny(unsafe_code)]

pub mod answer;
pub mod backoff;
pub mod body;
pub mod chunk;
pub mod connections;
pub mod dialect;
pub mod endpoint;
pub mod exchange;
pub mod failure;
pub mod http;
pub mod key;
pub mod remote;
pub mod reply;
pub mod sse;
pub mod trust;
pub mod url;
