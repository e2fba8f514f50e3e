//! What the model may write: a grammar of `SELECT` statements, and the names of a catalog.
//!
//! Owns what constrained decoding knows of SQL. [`lark`] gives the grammar of the read-only
//! dialect: one statement, no comments, functions of the positive list. [`scope`] says which names
//! can stand where, by the caller's own catalog ([`Catalog`]). Both accept at least what the server
//! would: they keep the model from what cannot work, and allow nothing; the gates behind
//! ([`crate::sql`], the server's analyser) decide as if nothing had been constrained.
//!
//! Must not compile grammars or know tokens of a model. Called by the engine and the tools.

mod catalog;
mod functions;
mod lark;
mod names;
pub mod scope;
mod words;

pub use catalog::Catalog;
pub use lark::{MAX_FUNCTIONS, lark};
pub use names::{Choice, Cursor, NameSet, is_word_byte};
