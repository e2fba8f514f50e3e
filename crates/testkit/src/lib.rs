//! Fixtures for the tests of `text2sql`.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`cluster`] | a private PostgreSQL cluster for one test |
//! | [`tiny_gguf`] | a tiny random model file, and damaged variants of it |
//! | [`tiny_bert`] | a tiny random sentence encoder |
//! | [`tiny_adapter`] | an adapter put into one |
//! | [`tiny_family`] | the same of the other families |
//! | [`scripted`] | an engine that answers from a script, speaking the real frame loop |
//! | [`misbehaviour`] | what that engine can do wrong, on demand |
//! | [`child`] | starting an engine binary on a socketpair and speaking frames with it |
//!
//! Not part of the product: nothing installed depends on it.

pub mod child;
pub mod cluster;
pub mod misbehaviour;
pub mod scripted;
pub mod tiny_adapter;
pub mod tiny_bert;
pub mod tiny_family;
pub mod tiny_gguf;
