//! The catalog as the caller may see it.
//!
//! Owns the snapshot's types and identifier quoting. A snapshot is made by the extension from
//! `sql/catalog_snapshot.sql`, whose JSON has exactly the shape of [`Snapshot`]; it holds nothing
//! the caller may not SELECT. Called by linking, prompt and SQL policy.

mod ident;
mod snapshot;

pub use ident::{quote_ident, quote_qualified};
pub use snapshot::{Attribute, ForeignKey, Relation, RelationKind, RelationName, Snapshot};
