//! What of a schema is given to an encoder, and the vectors that come back.
//!
//! Owns the texts by which relations and columns are known to an encoder, the keys under which
//! their vectors are kept, and the form of a vector. Knows no encoder and keeps nothing. Called by
//! [`crate::link`] and the tools.

mod texts;
mod vector;

pub use texts::{Key, texts};
pub(crate) use texts::{column_text, relation_text};
pub use vector::Vector;
