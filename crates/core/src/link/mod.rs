//! Which relations a prompt shows, and in how much detail.
//!
//! Owns the ranking of relations by a question's words, the foreign keys that connect them, the
//! stored values a question names, and the estimate of tokens. It reads the snapshot, and values the
//! extension has found for its columns, so it can show nothing the caller may not read. Called by the extension before [`crate::prompt`], and
//! by the tools.

mod columns;
mod fit;
mod graph;
mod index;
mod likeness;
mod lookup;
mod nearness;
mod order;
mod question;
mod rank;
mod reasons;
mod schemas;
mod select;
mod sought;
mod stored;
mod trigrams;
mod values;
mod withheld;
mod words;

pub use fit::{Fit, best, fit, named};
pub(crate) use index::Index;
pub use lookup::{Hit, Lookup, Prefix};
pub use nearness::{Nearness, Vectors};
pub use order::order;
pub use question::{FoundValue, Question};
pub use reasons::{Linked, Reason, Shared, linked};
pub use select::{Budget, Selection, estimate_tokens, select, select_near};
pub use sought::{Sought, sought};
pub use stored::{MAX_VALUE, key, looks_secret};
pub use values::{ValueHit, value_hits};
pub use withheld::{ValueSetting, withhold_values};
pub(crate) use words::{is_stop_word, spelled, split};
