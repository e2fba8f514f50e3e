//! Registration and main loop of the worker.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use pgrx::bgworkers::{
    BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime, SignalWakeFlags,
};
use pgrx::prelude::*;

use super::broker::Broker;
use crate::ipc::mailbox;
use crate::pg::{latch, server};

/// Delay before the postmaster starts a worker that ended.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Registers the worker; called from `_PG_init` while the postmaster preloads.
pub fn register() {
    BackgroundWorkerBuilder::new("text2sql")
        .set_type("text2sql worker")
        .set_library("text2sql")
        .set_function("text2sql_worker_main")
        .enable_shmem_access(None)
        // Before recovery ends, so that a hot standby has a worker too.
        .set_start_time(BgWorkerStartTime::ConsistentState)
        .set_restart_time(Some(RESTART_DELAY))
        .load();
}

/// The worker's main function. Never returns: returning would be exit code 0, after which the
/// postmaster does not start it again.
#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn text2sql_worker_main(_arg: pg_sys::Datum) {
    server::before_exit(leave_mailbox);
    mailbox::worker::take_over(server::pid());
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    let mut broker = Broker::new();
    while !BackgroundWorker::sigterm_received() {
        if BackgroundWorker::sighup_received() {
            server::reload_configuration();
        }
        guarded_turn(&mut broker);
        let wait = broker.longest_sleep();
        match broker.socket() {
            Some((socket, write)) => latch::wait_or_socket(wait, socket, write),
            None => latch::wait(wait),
        }
    }
    broker.shut_down();
    server::exit(1);
}

/// One turn of the broker. An error raised by the server in it ends at most the requests it is
/// about; unguarded it would end the worker, and the loaded model with it.
fn guarded_turn(broker: &mut Broker) {
    let failed = {
        let broker = AssertUnwindSafe(&mut *broker);
        PgTryBuilder::new(AssertUnwindSafe(|| {
            // The whole wrapper, not its field, is what is unwind-safe.
            let AssertUnwindSafe(broker) = broker;
            broker.turn();
            false
        }))
        .catch_others(|error| {
            server::release_lightweight_locks();
            pgrx::warning!("text2sql worker: {error:?}");
            true
        })
        .execute()
    };
    if failed {
        broker.after_error();
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn leave_mailbox(_code: i32, _arg: pg_sys::Datum) {
    mailbox::worker::leave();
}
