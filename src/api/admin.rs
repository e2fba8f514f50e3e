//! For administrators: what the worker is doing, and a new engine.

use std::sync::atomic::Ordering;

use pgrx::prelude::*;

use super::version;
use crate::error::{Error, raise};
use crate::ipc::mailbox::{self, EngineState};
use crate::pg::server;

/// Ends the current function unless the library was loaded at server start, and is the one this
/// database's functions were made for.
pub fn require_preload() {
    if !server::was_preloaded() {
        raise(Error::NotPreloaded);
    }
    if let Some(extension) = version::of_other_extension() {
        raise(Error::OtherVersion { extension });
    }
}

/// A state in the columns of a result: its word, and how far loading is.
pub fn described(state: EngineState) -> (&'static str, Option<i32>) {
    match state {
        EngineState::Down => ("down", None),
        EngineState::Loading { percent } => ("loading", Some(i32::from(percent))),
        EngineState::Ready => ("ready", None),
        EngineState::Draining => ("draining", None),
        EngineState::Failed => ("failed", None),
    }
}

/// One row on worker, model, queue and counters.
#[pg_extern(volatile, parallel_restricted)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn status() -> TableIterator<
    'static,
    (
        name!(state, String),
        name!(percent, Option<i32>),
        name!(reason, Option<String>),
        name!(hint, Option<String>),
        name!(model, Option<String>),
        name!(architecture, Option<String>),
        name!(context_length, Option<i64>),
        name!(weight_bytes, Option<i64>),
        name!(model_sha256, Option<String>),
        name!(load_ms, Option<i64>),
        name!(worker_pid, Option<i32>),
        name!(engine_pid, Option<i32>),
        name!(engine_starts, i64),
        name!(active_requests, i64),
        name!(accepted, i64),
        name!(rejected, i64),
        name!(completed, i64),
        name!(cancelled, i64),
        name!(failed, i64),
        name!(prompt_tokens, i64),
        name!(cached_tokens, i64),
        name!(generated_tokens, i64),
        name!(open_circuits, i64),
    ),
> {
    require_preload();
    let view = mailbox::view();
    let counters = mailbox::counters();
    let (state, percent) = described(view.state);
    let (reason, hint) = match view.failure {
        Some(failure) => (
            Some(match failure.detail {
                Some(detail) => format!("{}: {detail}", failure.message),
                None => failure.message,
            }),
            failure.hint,
        ),
        None => (None, None),
    };
    let open_circuits = mailbox::models().iter().filter(|model| model.circuit != "closed").count();
    let model = view.model;
    let pid = |pid: i32| (pid != 0).then_some(pid);
    let load = |counter: &std::sync::atomic::AtomicU64| {
        i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
    };
    let wide = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    TableIterator::once((
        state.to_owned(),
        percent,
        reason,
        hint,
        model.as_ref().map(|m| m.name.clone()),
        model.as_ref().map(|m| m.architecture.clone()),
        model.as_ref().map(|m| i64::from(m.context)),
        model.as_ref().map(|m| wide(m.weight_bytes)),
        model.as_ref().map(|m| m.sha256.clone()),
        model.as_ref().map(|m| wide(m.load_ms)),
        pid(view.worker_pid),
        pid(view.engine_pid),
        wide(view.engine_starts),
        i64::from(view.active),
        load(&counters.accepted),
        load(&counters.rejected),
        load(&counters.completed),
        load(&counters.cancelled),
        load(&counters.failed),
        load(&counters.prompt_tokens),
        load(&counters.cached_tokens),
        load(&counters.generated_tokens),
        wide(open_circuits as u64),
    ))
}

/// Starts a new engine with the settings now in force; the old one answers until it is ready.
#[pg_extern(volatile, parallel_restricted)]
fn reload() {
    require_preload();
    if !mailbox::request_reload() {
        raise(Error::Client(crate::ipc::client::ClientError::NoWorker));
    }
}
