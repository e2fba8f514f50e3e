//! `link`: what of the schema a question is taken to be about, and why.

use pgrx::prelude::*;
use text2sql_core::link::{self, Budget, Nearness, Question};
use text2sql_core::schema::quote_qualified;

use super::admin::require_preload;
use super::limits::Guard;
use crate::embedding;
use crate::error::{Error, raise};
use crate::guc;
use crate::values;

/// Tables and views that share a word or a value with the question, or mean something near it, best
/// first, and the others that the model is shown. No generation takes place.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn link(
    question: &str,
) -> TableIterator<
    'static,
    (name!(relation, String), name!(score, f32), name!(shown, bool), name!(reasons, Vec<String>)),
> {
    require_preload();
    let rows = rows(question).unwrap_or_else(|error| raise(error));
    TableIterator::new(rows)
}

type Row = (String, f32, bool, Vec<String>);

fn rows(question: &str) -> Result<Vec<Row>, Error> {
    let text =
        text2sql_core::prompt::check_question(question, guc::max_question_length() as usize)?;
    let guard = Guard::of_caller()?;
    let snapshot = guard.snapshot()?;
    let found = values::lookup(&snapshot, &guard.view(), text)?;
    let asked = Question { text, found: &found };
    let mut near = Nearness::default();
    let budget = Budget { tokens: guc::prompt_tokens() };
    let selection = link::select_near(&snapshot, asked, budget, || {
        near = embedding::nearness(&snapshot, text);
        near.clone()
    });
    let linked = link::linked(&snapshot, asked, &selection, &near);
    let rows = linked.iter().map(|linked| {
        let reasons = linked.reasons.iter().map(ToString::to_string).collect();
        (quote_qualified(&linked.relation.name), linked.score, linked.shown, reasons)
    });
    Ok(rows.collect())
}
