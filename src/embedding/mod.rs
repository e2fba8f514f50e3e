//! Vectors of what is in the catalog, kept in `text2sql.embedding`, and of questions.
//!
//! A question reads the table for what its caller's snapshot holds and for nothing else, and never
//! writes it: a refresh does, of an administrator's or of a background process that questions wake.
//! Whatever goes wrong on a question's way leaves it with words alone. Called by `api`.

mod keeper;
mod near;
pub mod refresh;
pub mod table;

pub use near::nearness;
