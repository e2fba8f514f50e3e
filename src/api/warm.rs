//! `warm`: what questions of this caller begin with, computed before one is asked.

use pgrx::prelude::*;

use super::admin::require_preload;
use super::limits::Guard;
use super::question::Question;
use crate::error::raise;

/// A question of no words that decide what of a large schema is shown.
const ANY: &str = "?";

/// Has the engine read the schema as the caller sees it, so that the first question is answered as
/// fast as later ones.
#[pg_extern(volatile, parallel_unsafe)]
fn warm() -> TableIterator<
    'static,
    (name!(prompt_tokens, i32), name!(cached_tokens, i32), name!(milliseconds, f64)),
> {
    require_preload();
    let stats = Guard::of_caller()
        .and_then(|guard| Question::new(ANY, None, &guard)?.warm())
        .unwrap_or_else(|error| raise(error));
    let int = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    TableIterator::once((
        int(stats.prompt_tokens),
        int(stats.cached_tokens),
        stats.prefill_us as f64 / 1e3,
    ))
}
