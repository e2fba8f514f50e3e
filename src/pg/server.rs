//! Facts about this server process: where its libraries are, how it was started, who calls.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use pgrx::pg_sys;

/// Directory of the server's loadable libraries.
pub fn library_directory() -> PathBuf {
    // SAFETY: a NUL-terminated array filled at server start.
    let path = unsafe { CStr::from_ptr((&raw const pg_sys::pkglib_path).cast()) };
    PathBuf::from(path.to_string_lossy().into_owned())
}

/// Whether the postmaster is loading `shared_preload_libraries` right now.
pub fn is_preloading() -> bool {
    // SAFETY: a plain flag, set by the main thread before any library is loaded.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// Whether this server runs for `pg_upgrade`.
pub fn is_binary_upgrade() -> bool {
    // SAFETY: a plain flag, set at process start.
    unsafe { pg_sys::IsBinaryUpgrade }
}

/// Reserves the prefix of our settings, so that a misspelt one is an error.
pub fn reserve_setting_prefix() {
    // SAFETY: a NUL-terminated literal.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"text2sql".as_ptr()) }
}

/// Ends a function that writes, where nothing can be written: in a read-only transaction, on a standby.
pub fn require_writable(function: &CStr) {
    // SAFETY: a NUL-terminated string; raises an error of the server or does nothing.
    unsafe { pg_sys::PreventCommandIfReadOnly(function.as_ptr()) }
}

/// Whether this server follows another or a log, so that its data directory is not ours to write.
pub fn in_recovery() -> bool {
    // SAFETY: no precondition in a process with shared memory.
    unsafe { pg_sys::RecoveryInProgress() }
}

/// Whether the transaction may write nothing.
pub fn is_read_only() -> bool {
    // SAFETY: a plain flag of the transaction.
    unsafe { pg_sys::XactReadOnly }
}

/// Lets SIGTERM end this background process where it next looks for interrupts, as a session's does.
/// Before this the server's own handler ends it at once, wherever it is.
pub fn end_by_sigterm() {
    let signal = libc::SIGTERM;
    // SAFETY: the handler stores flags and sets a latch, which is safe in a signal.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(signal, Some(on_sigterm));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(signal, Some(on_sigterm));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// What the server's `die` does in a process that serves no client.
unsafe extern "C-unwind" fn on_sigterm(_signal: i32) {
    // SAFETY: flags that the server has for this, and the latch of this process.
    unsafe {
        (&raw mut pg_sys::InterruptPending).write_volatile(1);
        (&raw mut pg_sys::ProcDiePending).write_volatile(1);
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

/// Rereads the configuration files, as every process does after SIGHUP.
pub fn reload_configuration() {
    // SAFETY: called from the main loop, outside of any transaction.
    unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) }
}

/// Releases every lightweight lock this process holds, after an error was caught.
pub fn release_lightweight_locks() {
    // SAFETY: called after a caught error only, when no lock is wanted any more.
    unsafe { pg_sys::LWLockReleaseAll() }
}

/// Runs `callback` when this process ends, before it leaves shared memory.
pub fn before_exit(callback: unsafe extern "C-unwind" fn(i32, pg_sys::Datum)) {
    // SAFETY: the callback is a guarded function that lives as long as the library.
    unsafe { pg_sys::before_shmem_exit(Some(callback), pg_sys::Datum::from(0)) }
}

/// Ends this process in the server's own way.
pub fn exit(code: i32) -> ! {
    // SAFETY: never returns; runs the exit callbacks.
    unsafe { pg_sys::proc_exit(code) }
}

/// Process id.
pub fn pid() -> i32 {
    // SAFETY: a plain value, set at process start.
    unsafe { pg_sys::MyProcPid }
}

/// The operating system's user this process runs as.
pub fn effective_user() -> u32 {
    // SAFETY: a system call that cannot fail.
    unsafe { libc::geteuid() }
}

/// The data directory.
pub fn data_directory() -> PathBuf {
    // SAFETY: a C string, set before any process of the server begins.
    let path = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    PathBuf::from(OsStr::from_bytes(path.to_bytes()))
}

/// The database of this session.
pub fn database() -> pg_sys::Oid {
    // SAFETY: a plain value, set when the session began.
    unsafe { pg_sys::MyDatabaseId }
}

/// The role whose rights are in force.
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: no precondition in a session.
    unsafe { pg_sys::GetUserId() }
}

/// The role a session asks as: what SET ROLE set, else who logged in, whatever function is running.
pub fn asking_role() -> pg_sys::Oid {
    // SAFETY: no precondition in a session.
    unsafe { pg_sys::GetOuterUserId() }
}

/// The role that logged in.
pub fn session_role() -> pg_sys::Oid {
    // SAFETY: no precondition in a session.
    unsafe { pg_sys::GetSessionUserId() }
}

/// Seconds on a clock that never goes back and is the same in all processes.
pub fn seconds_since_boot() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one value to a place that is there; this clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

static PRELOADED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Remembers that the postmaster preloaded the library; its children inherit it by fork.
pub fn set_preloaded() {
    PRELOADED.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Whether the library was loaded at server start, so that its shared memory exists.
pub fn was_preloaded() -> bool {
    PRELOADED.load(std::sync::atomic::Ordering::Relaxed)
}

/// Keeps the errors of this library free of stack traces, which would go to clients.
///
/// Whoever starts the server may have `RUST_BACKTRACE` set for programs of their own.
pub fn forbid_backtraces() {
    for variable in ["RUST_BACKTRACE", "RUST_LIB_BACKTRACE"] {
        // SAFETY: the postmaster has no second thread while it preloads libraries.
        unsafe { std::env::remove_var(variable) }
    }
}

/// The server's version, as `SHOW server_version` gives its number.
pub fn version() -> String {
    let (major, minor) = (pg_sys::PG_VERSION_NUM / 10_000, pg_sys::PG_VERSION_NUM % 10_000);
    format!("{major}.{minor}")
}

/// The date at the start of the transaction, in the session's time zone.
pub fn today() -> String {
    // SAFETY: in a transaction, as every SQL function is.
    let now = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    pgrx::datum::TimestampWithTimeZone::try_from(now)
        .ok()
        .map(|now| format!("{:04}-{:02}-{:02}", now.year(), now.month(), now.day()))
        .unwrap_or_default()
}

/// Bytes of stack that are left when the server's own limit is reached; `None` if there is no
/// limit of the system's, or none known.
pub fn stack_room() -> Option<u64> {
    // SAFETY: a system call.
    let limit = unsafe { pg_sys::get_stack_depth_rlimit() };
    // SAFETY: a plain read of a setting, in kilobytes.
    let depth = i64::from(unsafe { pg_sys::max_stack_depth }) << 10;
    if limit <= 0 || limit == i64::MAX {
        None
    } else {
        u64::try_from(limit - depth).ok().or(Some(0))
    }
}

/// Whether a parallel plan runs in this process.
pub fn is_parallel() -> bool {
    // SAFETY: reads the state of the transaction.
    unsafe { pg_sys::IsInParallelMode() }
}

/// `max_stack_depth` in kilobytes.
pub fn max_stack_kb() -> i32 {
    // SAFETY: a plain read of a setting.
    unsafe { pg_sys::max_stack_depth }
}
