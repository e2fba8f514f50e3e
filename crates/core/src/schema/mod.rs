//! The catalog as the caller may see it.
//!
//! Owns the snapshot's types, identifier quoting and the schema's text for a prompt. A snapshot is made by the extension from
//! `sql/catalog_snapshot.sql`, whose JSON has exactly the shape of [`Snapshot`]; it holds nothing
//! the caller may not SELECT. Called by linking, prompt and SQL policy.

#[cfg(test)]
pub(crate) mod fixture;
mod ident;
mod inferred;
mod packed;
mod render;
mod sanitize;
mod secret;
mod snapshot;

pub use ident::{quote_ident, quote_literal, quote_qualified};
pub use render::{Detail, Part, render, render_part};
pub(crate) use render::{Renderer, quoted_value};
pub use sanitize::{is_invisible, sanitize};
pub use secret::SECRET_NAME;
pub use snapshot::{Attribute, ForeignKey, Relation, RelationKind, RelationName, Snapshot};
