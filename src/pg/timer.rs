//! A time limit of our own, for `statement_timeout` is not armed inside a function.
//!
//! Owns one user timeout of the server and the flag that tells our cancel from everybody else's.
//! Called by `exec`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;

/// `USER_TIMEOUT` of `utils/timeout.h`: the first id an extension may register.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const USER_TIMEOUT: i32 = 12;
/// 17 added `TRANSACTION_TIMEOUT` before it.
#[cfg(any(feature = "pg17", feature = "pg18"))]
const USER_TIMEOUT: i32 = 13;

unsafe extern "C-unwind" {
    fn RegisterTimeout(id: i32, handler: Option<unsafe extern "C-unwind" fn()>) -> i32;
    fn enable_timeout_after(id: i32, delay_ms: i32);
    fn disable_timeout(id: i32, keep_indicator: bool);
}

static ID: OnceLock<i32> = OnceLock::new();
static FIRED: AtomicBool = AtomicBool::new(false);
/// Whether the pending cancel is ours: nobody else had asked for one when the timer fired.
static CANCELLED_BY_US: AtomicBool = AtomicBool::new(false);

/// Runs in a signal handler: stores flags and sets the latch, nothing else.
unsafe extern "C-unwind" fn on_timeout() {
    FIRED.store(true, Ordering::Relaxed);
    // SAFETY: what the server's own handlers do; the flags are made for it.
    unsafe {
        if pg_sys::QueryCancelPending == 0 {
            CANCELLED_BY_US.store(true, Ordering::Relaxed);
            pg_sys::QueryCancelPending = 1;
        }
        pg_sys::InterruptPending = 1;
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

/// Cancels this session's work in `milliseconds`.
pub fn arm(milliseconds: u64) {
    FIRED.store(false, Ordering::Relaxed);
    CANCELLED_BY_US.store(false, Ordering::Relaxed);
    let delay = i32::try_from(milliseconds.max(1)).unwrap_or(i32::MAX);
    // SAFETY: the handler lives as long as the library; one id per process.
    let id =
        *ID.get_or_init(|| unsafe { guarded(|| RegisterTimeout(USER_TIMEOUT, Some(on_timeout))) });
    // SAFETY: a registered id.
    unsafe { guarded(|| enable_timeout_after(id, delay)) };
}

/// Takes the limit away, with a cancel of ours that nobody has seen yet.
pub fn disarm() {
    if let Some(&id) = ID.get() {
        // SAFETY: a registered id; disarming an inactive timeout does nothing.
        unsafe { guarded(|| disable_timeout(id, false)) };
    }
    if CANCELLED_BY_US.swap(false, Ordering::Relaxed) {
        // SAFETY: a plain flag; it was clear when our handler set it.
        unsafe { pg_sys::QueryCancelPending = 0 };
    }
}

/// Whether the limit was reached since it was armed.
pub fn fired() -> bool {
    FIRED.load(Ordering::Relaxed)
}
