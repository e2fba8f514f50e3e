//! What the caller may read, as the model gets to see it.
//!
//! Owns the snapshot query's run and its cache. Everything in a snapshot is what the role could
//! SELECT itself, or could when another session of the role looked ([`recalled`]); nothing of one
//! role's snapshot is ever given to another. Called by `api`.

mod cache;
mod everything;
mod functions;
mod kept;
mod load;
mod own_tables;

pub use cache::{View, recalled, snapshot};
pub use everything::everything;
pub use load::CatalogError;
