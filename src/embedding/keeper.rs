//! A background process that keeps the vectors of what is new, for all sessions.
//!
//! A question that misses vectors has it started, for its database and at most once a minute, and does
//! not wait for it. It lives for some seconds, gives the server no statement but the extension's own,
//! and waits for no lock for long. Called by [`super::near`].

use std::time::{Duration, Instant};

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder};
use pgrx::prelude::*;

use super::refresh::refresh;
use crate::guc;
use crate::ipc::mailbox;
use crate::pg::server;

/// After this it asks for no more: DROP DATABASE waits 5 s for processes like it.
const AT_WORK: Duration = Duration::from_secs(3);

/// What it runs with, whatever is set for the database: names are those of the server, and a refresh
/// that an open transaction has made is not waited for.
const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET lock_timeout = '1s'";

/// Starts it, where nothing speaks against it: the next question that misses a vector asks again.
pub fn wake() {
    let database = server::database();
    if !guc::embedding::keep() || server::in_recovery() || !mailbox::may_keep(database.to_u32()) {
        return;
    }
    let started = BackgroundWorkerBuilder::new("text2sql embeddings")
        .set_library("text2sql")
        .set_function("text2sql_keeper_main")
        .set_argument(database.into_datum())
        .enable_spi_access()
        .load_dynamic();
    if started.is_err() {
        pgrx::debug1!("text2sql: no background worker is free to keep vectors");
    }
}

/// The process' main function. An error ends it, and stands in the server's log.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn text2sql_keeper_main(database: pg_sys::Datum) {
    let begun = Instant::now();
    server::end_by_sigterm();
    BackgroundWorker::connect_worker_to_spi_by_oid(
        Some(pg_sys::Oid::from(database.value() as u32)),
        None,
    );
    let is_set = BackgroundWorker::transaction(|| Spi::run(SETTINGS));
    BackgroundWorker::transaction(|| {
        if is_set.is_err() || server::is_read_only() {
            return;
        }
        // An error of ours ends no transaction: what was added until then is kept.
        if let Err(error) = refresh(usize::MAX, Some(begun + AT_WORK)) {
            pgrx::log!("text2sql: not all vectors could be kept: {error}");
        }
    });
}
