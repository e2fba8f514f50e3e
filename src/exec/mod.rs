//! Runs one checked SELECT as the caller, and nothing else.
//!
//! Owns the second gate (by the server's own analyser), the sandbox and the conversion of rows;
//! whatever text comes in, only a [`gate::ReadOnlySql`] is executed. Called by `api`.

mod arguments;
mod condition;
mod error;
mod functions;
mod gate;
pub mod hooks;
pub mod identity;
mod limits;
mod listed;
mod operators;
mod relations;
mod rows;
mod run;
mod sandbox;
mod search_path;
mod types;

pub use condition::sqlstate;
pub use error::ExecError;
pub use functions::{ALLOWED_EXTENSIONS, listing_problem};
pub use identity::Identity;
pub use limits::{Limits, Policy};
pub use listed::signatures as listed_signatures;
pub use rows::{ResultSet, Truncation};
pub use run::{Report, rehearse, run, validate};
