//! `explain`: how a question is answered, without its rows.

use std::time::Duration;

use crate::pg::json_text::JsonText;
use pgrx::prelude::*;
use text2sql_core::confidence::confidence;
use text2sql_core::confidence::given::Curves;

use super::admin::require_preload;
use super::answer::{Answer, Timings};
use super::check::Planning;
use super::doubt;
use super::limits::Guard;
use super::question::Question;
use crate::audit::{Given, audited};

/// The statement for the question, what it reads, what it would cost and what it took to write.
#[pg_extern(volatile, parallel_unsafe, strict)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn explain(
    question: &str,
) -> TableIterator<
    'static,
    (
        name!(sql, String),
        name!(relations, Vec<String>),
        name!(columns, Vec<String>),
        name!(plan_cost, f64),
        name!(plan_rows, f64),
        name!(attempts, i32),
        name!(model, Option<String>),
        name!(prompt_tokens, i32),
        name!(cached_tokens, i32),
        name!(generated_tokens, i32),
        name!(timings_ms, JsonText),
        name!(signals, JsonText),
        name!(confidence, Option<f64>),
        name!(source, &'static str),
        name!(verified, bool),
        name!(template, Option<String>),
    ),
> {
    require_preload();
    let mut curves = Curves::default();
    let work = || {
        // Before the model works, so that its time is not lost.
        curves = doubt::curves()?;
        let guard = Guard::of_caller()?;
        Question::at_once(question, None, &guard)?.answer(&Planning(&guard))
    };
    let answer = audited("explain", Given::Question(question), work, Answer::gave);
    let confidence = confidence(&answer.signals, answer.model.as_deref(), &curves);
    let int = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    TableIterator::once((
        answer.sql.pretty(),
        answer.checked.relations,
        answer.checked.columns_used,
        answer.checked.cost,
        answer.checked.plan_rows,
        int(answer.attempts),
        answer.model,
        int(answer.stats.prompt_tokens),
        int(answer.stats.cached_tokens),
        int(answer.stats.generated_tokens),
        JsonText(timings(&answer.timings)),
        JsonText(serde_json::to_string(&answer.signals).unwrap_or_default()),
        confidence,
        if answer.template.is_some() { "template" } else { "model" },
        answer.template.is_some(),
        answer.template,
    ))
}

/// Milliseconds of each stage; `overhead` is everything but the model.
fn timings(t: &Timings) -> String {
    let ms = |d: Duration| (d.as_secs_f64() * 1e6).round() / 1e3;
    serde_json::json!({
        "catalog": ms(t.catalog),
        "prompt": ms(t.prompt),
        "queue": ms(t.queue),
        "prefill": ms(t.prefill),
        "decode": ms(t.decode),
        "transport": ms(t.transport),
        "check": ms(t.check),
        "overhead": ms(t.catalog + t.prompt + t.queue + t.transport + t.check),
    })
    .to_string()
}
