//! Fixtures for the tests of `text2sql`.
//!
//! Not part of the product: nothing installed depends on it.

pub mod cluster;
