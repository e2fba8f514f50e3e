//! `models`: what each model of the registry is doing.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::admin::{described, require_preload};
use crate::ipc::mailbox;

/// One row for each model of `text2sql.models`, in the order of their tiers; without the setting,
/// one for the model of `text2sql.model_path`.
#[pg_extern(volatile, parallel_restricted)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn models() -> TableIterator<
    'static,
    (
        name!(name, String),
        name!(tier, i32),
        name!(remote, bool),
        name!(state, String),
        name!(percent, Option<i32>),
        name!(reason, Option<String>),
        name!(model, Option<String>),
        name!(circuit, String),
        name!(retry_at, Option<TimestampWithTimeZone>),
        name!(running, i64),
        name!(completed, i64),
        name!(failed, i64),
    ),
> {
    require_preload();
    let wide = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    TableIterator::new(mailbox::models().into_iter().map(move |report| {
        let (state, percent) = described(report.state);
        (
            report.name,
            i32::from(report.tier),
            report.remote,
            state.to_owned(),
            percent,
            report.reason,
            report.model,
            report.circuit,
            report.retry_at.map(|at| to_timestamp(at as f64)),
            i64::from(report.running),
            wide(report.completed),
            wide(report.failed),
        )
    }))
}
