//! The mailbox in main shared memory: the worker's state, and tickets of waiting requests.
//!
//! The lock is held only to copy values in or out: never while waiting, sending or allocating
//! shared memory. The worker owns the state; backends own the tickets they push. Which of them
//! are void after a worker or a backend died is decided in `text2sql_core::desk`.

use pgrx::lwlock::PgLwLock;
use pgrx::prelude::*;
use pgrx::shmem::PGRXSharedMemory;
use pgrx::{PgAtomic, pg_shmem_init};
use std::sync::atomic::{AtomicU64, Ordering};

use text2sql_core::desk::Desk;
pub use text2sql_core::desk::{QueueLimits, Refused, Ticket};
use text2sql_core::models::MAX_MODELS;
use text2sql_core::protocol::{Failure, ModelInfo};
use text2sql_core::quota::Quota;

use crate::pg::latch::RemoteLatch;
use crate::pg::server;

/// Tickets that can wait for the worker to take them; `text2sql.queue_length` is at most this.
const TICKETS: usize = 64;

/// Roles whose questions are counted at a time.
const ROLES: usize = 256;

/// Databases whose keepers of vectors are counted at a time.
const DATABASES: usize = 64;

static MAILBOX: PgLwLock<Mailbox> =
    // SAFETY: the name is used for no other lock of this library.
    unsafe { PgLwLock::new(c"text2sql mailbox") };
static COUNTERS: PgAtomic<Counters> =
    // SAFETY: the name is used for no other structure of this library.
    unsafe { PgAtomic::new(c"text2sql counters") };

/// Asks for the shared memory; called from `_PG_init` while the postmaster preloads.
pub fn request_shared_memory() {
    pg_shmem_init!(MAILBOX = Mailbox::default());
    pg_shmem_init!(COUNTERS = Counters::default());
}

/// What the engine is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub enum EngineState {
    /// No engine runs: the worker has not started one, or is not there itself.
    #[default]
    Down,
    /// An engine loads the model.
    Loading {
        /// 0 to 100.
        percent: u8,
    },
    /// Questions are answered.
    Ready,
    /// A new engine takes over; the old one finishes its work.
    Draining,
    /// There is no engine until an administrator acts; [`View::failure`] says why.
    Failed,
}

/// What one model of the registry is doing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModelReport {
    /// Its name in the registry.
    pub name: String,
    /// Its tier.
    pub tier: u8,
    /// Whether it is on another server.
    pub remote: bool,
    /// What its engine is doing.
    pub state: EngineState,
    /// Why the state is failed, or why the last reload did not succeed.
    pub reason: Option<String>,
    /// The name it has itself, once loaded.
    pub model: Option<String>,
    /// `closed`, `open` or `half open`.
    pub circuit: String,
    /// When it is tried again, seconds since 1970.
    pub retry_at: Option<u64>,
    /// Requests it works on.
    pub running: u32,
    /// Requests it answered.
    pub completed: u64,
    /// Requests it did not answer.
    pub failed: u64,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Mailbox {
    desk: Desk<TICKETS>,
    quota: Quota<ROLES>,
    keepers: Quota<DATABASES>,
    worker_pid: i32,
    engine_pid: i32,
    worker: Option<RemoteLatch>,
    state: EngineState,
    reloads_wanted: u64,
    engine_starts: u64,
    model: Blob<1024>,
    failure: Blob<2048>,
    /// With one for the encoder.
    models: Blob<{ (MAX_MODELS + 1) * 1536 }>,
}

// SAFETY: plain values without pointers into any process' own memory; `RemoteLatch` is an
// address in shared memory.
unsafe impl PGRXSharedMemory for Mailbox {}

/// Bytes of a small JSON document.
#[derive(Clone, Copy)]
#[repr(C)]
struct Blob<const N: usize> {
    len: usize,
    bytes: [u8; N],
}

impl<const N: usize> Default for Blob<N> {
    fn default() -> Self {
        Self { len: 0, bytes: [0; N] }
    }
}

impl<const N: usize> Blob<N> {
    /// Stores `value`, or nothing where it does not fit.
    fn store<T: serde::Serialize>(value: Option<&T>) -> Self {
        let mut blob = Self::default();
        let Some(json) = value.and_then(|v| serde_json::to_vec(v).ok()) else { return blob };
        if let Some(place) = blob.bytes.get_mut(..json.len()) {
            place.copy_from_slice(&json);
            blob.len = json.len();
        }
        blob
    }

    fn load<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.bytes.get(..self.len)?).ok()
    }
}

/// What happened since the server started.
#[derive(Default)]
#[repr(C)]
pub struct Counters {
    /// Requests the queue took.
    pub accepted: AtomicU64,
    /// Requests refused because the queue was full.
    pub rejected: AtomicU64,
    /// Generations that ended with text.
    pub completed: AtomicU64,
    /// Requests whose session went away or was cancelled.
    pub cancelled: AtomicU64,
    /// Requests that failed.
    pub failed: AtomicU64,
    /// Tokens of prompts.
    pub prompt_tokens: AtomicU64,
    /// Of these, tokens taken from the cache.
    pub cached_tokens: AtomicU64,
    /// Tokens generated.
    pub generated_tokens: AtomicU64,
}

// SAFETY: atomics only.
unsafe impl PGRXSharedMemory for Counters {}

/// The counters.
pub fn counters() -> &'static Counters {
    COUNTERS.get()
}

/// Adds one to a counter.
pub fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The mailbox at one moment, for backends.
#[derive(Debug, Clone)]
pub struct View {
    /// What the engine is doing.
    pub state: EngineState,
    /// Process id of the worker, 0 when there is none.
    pub worker_pid: i32,
    /// Process id of the engine, 0 when there is none.
    pub engine_pid: i32,
    /// Requests that wait or run.
    pub active: u32,
    /// Engines started by this worker.
    pub engine_starts: u64,
    /// The model, once it was loaded.
    pub model: Option<ModelInfo>,
    /// Why the state is Failed, or why the last reload did not succeed.
    pub failure: Option<Failure>,
}

/// A copy of the worker's state.
pub fn view() -> View {
    let (model, failure, mut view) = {
        let mailbox = MAILBOX.share();
        (
            mailbox.model,
            mailbox.failure,
            View {
                state: mailbox.state,
                worker_pid: mailbox.worker_pid,
                engine_pid: mailbox.engine_pid,
                active: mailbox.desk.active(),
                engine_starts: mailbox.engine_starts,
                model: None,
                failure: None,
            },
        )
    };
    view.model = model.load();
    view.failure = failure.load();
    view
}

/// What each model of the registry is doing.
pub fn models() -> Vec<ModelReport> {
    let models = MAILBOX.share().models;
    models.load().unwrap_or_default()
}

/// The worker's generation alone, for the wait loop.
pub fn generation() -> u64 {
    MAILBOX.share().desk.generation()
}

/// A request id for a new segment.
pub fn new_request_id() -> u64 {
    MAILBOX.exclusive().desk.new_request_id()
}

/// Hands a ticket to the worker and wakes it; gives the worker's generation.
///
/// # Errors
/// [`Refused`]; nothing was queued then.
pub fn submit(ticket: Ticket, limits: QueueLimits) -> Result<u64, Refused> {
    let (generation, worker) = {
        let mut mailbox = MAILBOX.exclusive();
        let Some(worker) = mailbox.worker else { return Err(Refused::NoWorker) };
        (mailbox.desk.submit(ticket, limits)?, worker)
    };
    worker.set();
    Ok(generation)
}

/// Counts one question of `role`, of which it may ask `per_minute`.
///
/// # Errors
/// Seconds until it may ask again; nothing was counted then.
pub fn count_question(role: u32, per_minute: u32) -> Result<(), f64> {
    let now = server::seconds_since_boot();
    MAILBOX.exclusive().quota.take(role, per_minute, now)
}

/// Whether a keeper of vectors may be started in `database` now: once a minute.
pub fn may_keep(database: u32) -> bool {
    let now = server::seconds_since_boot();
    MAILBOX.exclusive().keepers.take(database, 1, now).is_ok()
}

/// Asks the worker for a new engine; `false` where there is no worker.
pub fn request_reload() -> bool {
    let worker = {
        let mut mailbox = MAILBOX.exclusive();
        mailbox.reloads_wanted += 1;
        mailbox.worker
    };
    if let Some(latch) = worker {
        latch.set();
    }
    worker.is_some()
}

/// The worker's side. Only the background worker calls these.
pub mod worker {
    use super::*;

    /// Takes the mailbox over: what an earlier worker left is void.
    pub fn take_over(pid: i32) {
        let mut mailbox = MAILBOX.exclusive();
        mailbox.desk.open();
        mailbox.worker_pid = pid;
        mailbox.engine_pid = 0;
        mailbox.worker = Some(RemoteLatch::mine());
        mailbox.state = EngineState::Down;
        mailbox.engine_starts = 0;
        mailbox.model = Blob::default();
        mailbox.failure = Blob::default();
        mailbox.models = Blob::default();
    }

    /// Leaves the mailbox: requests from now on are told that there is no worker.
    pub fn leave() {
        let mut mailbox = MAILBOX.exclusive();
        mailbox.desk.close();
        mailbox.worker_pid = 0;
        mailbox.engine_pid = 0;
        mailbox.worker = None;
        mailbox.state = EngineState::Down;
        mailbox.models = Blob::default();
    }

    /// The oldest ticket.
    pub fn next_ticket() -> Option<Ticket> {
        MAILBOX.exclusive().desk.next_ticket()
    }

    /// How often a reload was asked for.
    pub fn reloads_wanted() -> u64 {
        MAILBOX.share().reloads_wanted
    }

    /// A request ended, however it did.
    pub fn request_ended(role: u32) {
        MAILBOX.exclusive().desk.ended(role);
    }

    /// An error of the server may have lost requests: those of the `served` roles are left.
    pub fn recount(served: impl IntoIterator<Item = u32>) {
        MAILBOX.exclusive().desk.recount(served);
    }

    /// An engine was started.
    pub fn engine_started() {
        MAILBOX.exclusive().engine_starts += 1;
    }

    /// Publishes what the engine is doing.
    pub fn publish(
        state: EngineState,
        engine_pid: i32,
        model: Option<&ModelInfo>,
        failure: Option<&Failure>,
        models: &Vec<ModelReport>,
    ) {
        let (model, failure) = (Blob::store(model), Blob::store(failure));
        let models = Blob::store(Some(models));
        let mut mailbox = MAILBOX.exclusive();
        mailbox.state = state;
        mailbox.engine_pid = engine_pid;
        mailbox.model = model;
        mailbox.failure = failure;
        mailbox.models = models;
    }
}
