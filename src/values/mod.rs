//! The index of stored values, by which a question's words find the column they are in.
//!
//! Owns filling it (`refresh`, for administrators) and looking in it (`lookup`, for a question, which
//! writes nothing). Which words are looked for, and what of the finds is told, is `core::link`'s. The
//! index holds values of all tables: what is found for a question is of columns that the caller's
//! snapshot has, of tables without row security for them, and the rights are asked for again before a
//! value leaves this module. Called by `api`.

mod lookup;
mod read;
mod refresh;
mod settings;

pub use lookup::lookup;
pub use refresh::{Refreshed, Within, refresh};
pub use settings::{allow, reset};

use pgrx::pg_sys::Oid;

use crate::pg::facts;

/// Most values kept of a column.
const MAX_VALUES: usize = 100_000;

/// Owner of the tables, if they are there.
fn owner() -> Option<Oid> {
    facts::own_table_owner(c"text2sql", c"value_index")
}
