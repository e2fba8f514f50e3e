//! Fixtures for the tests of `text2sql`.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | [`tiny_gguf`] | a tiny random model file, and damaged variants of it |
//! | [`scripted`] | an engine that answers from a script, speaking the real frame loop |
//! | [`child`] | starting an engine binary on a socketpair and speaking frames with it |
//!
//! Nothing here is part of the product.

pub mod child;
pub mod scripted;
pub mod tiny_gguf;
