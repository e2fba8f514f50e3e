//! What the caller may read, as the model gets to see it.
//!
//! Owns the snapshot query's run and its cache. Everything in a snapshot is what the role could
//! SELECT itself; nothing of one role's snapshot is ever given to another. Called by `api`.

mod cache;
mod functions;
mod load;

pub use cache::{View, snapshot};
pub use load::CatalogError;
