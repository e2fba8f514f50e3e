//! A time limit of our own, for `statement_timeout` is not armed inside a function.
//!
//! Owns one user timeout of the server, and what tells our cancel from everybody else's: the server
//! has one flag for all of them, and clears it before it raises the error. So SIGINT, by which all
//! others come, is looked at while a limit is armed. Called by `exec` and `values`.

use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::SeqCst};

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
/// Whether our handler asked for the cancel: nobody else had when the timer fired.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether somebody else asked for one since.
static OTHERS: AtomicBool = AtomicBool::new(false);
/// Whether the server took our cancel, and nobody else's with it, until the limit was disarmed.
static ALONE: AtomicBool = AtomicBool::new(false);

/// The server's flag, which signal handlers may set between any two of our steps.
fn cancel_pending() -> &'static AtomicI32 {
    // SAFETY: an aligned `sig_atomic_t` that lives as long as the process, which has one thread.
    unsafe { AtomicI32::from_ptr(&raw mut pg_sys::QueryCancelPending) }
}

/// Runs in a signal handler: stores flags and sets the latch, nothing else.
unsafe extern "C-unwind" fn on_timeout() {
    FIRED.store(true, SeqCst);
    // Before the server's flag: a cancel that comes in between must find it.
    OURS.store(true, SeqCst);
    if cancel_pending().compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
        OURS.store(false, SeqCst);
    }
    // SAFETY: what the server's own handlers do; the flag is made for it.
    unsafe {
        pg_sys::InterruptPending = 1;
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

/// Cancels this session's work in `milliseconds`.
pub fn arm(milliseconds: u64) {
    for flag in [&FIRED, &OURS, &OTHERS, &ALONE] {
        flag.store(false, SeqCst);
    }
    let delay = i32::try_from(milliseconds.max(1)).unwrap_or(i32::MAX);
    // SAFETY: the handler lives as long as the library; one id per process.
    let id =
        *ID.get_or_init(|| unsafe { guarded(|| RegisterTimeout(USER_TIMEOUT, Some(on_timeout))) });
    watch();
    // SAFETY: a registered id.
    unsafe { guarded(|| enable_timeout_after(id, delay)) };
}

/// Takes the limit away, with a cancel of ours that nobody has seen yet. One that somebody else
/// asked for stays.
pub fn disarm() {
    if let Some(&id) = ID.get() {
        // SAFETY: a registered id; disarming an inactive timeout does nothing.
        unsafe { guarded(|| disable_timeout(id, false)) };
    }
    if OURS.load(SeqCst) {
        let is_pending = cancel_pending().swap(0, SeqCst) != 0;
        let others = OTHERS.load(SeqCst);
        if is_pending && others {
            cancel_pending().store(1, SeqCst);
        }
        // Where the server has not taken it, the error on its way, if one is, is of another cancel.
        ALONE.store(!is_pending && !others, SeqCst);
    }
    OURS.store(false, SeqCst);
    // Last: a cancel that comes before must be noticed.
    unwatch();
}

/// Whether the limit was reached since it was armed.
pub fn fired() -> bool {
    FIRED.load(SeqCst)
}

/// Whether what was done until the limit was disarmed was cancelled by it, and nobody else asked for
/// that at the same time: whoever did must not be told of a limit, and must be obeyed.
pub fn cancelled() -> bool {
    ALONE.load(SeqCst)
}

/// The handler of SIGINT that ours stands before.
static BEFORE: AtomicUsize = AtomicUsize::new(0);
/// Whether ours stands before it.
static WATCHING: AtomicBool = AtomicBool::new(false);

/// Runs in a signal handler, as the server's own does, which it calls.
unsafe extern "C-unwind" fn on_cancel(signal: c_int) {
    // SAFETY: set before ours was, to the address of a handler that takes the signal's number.
    let before = unsafe {
        std::mem::transmute::<usize, unsafe extern "C-unwind" fn(c_int)>(BEFORE.load(SeqCst))
    };
    // SAFETY: it is called as the system would.
    unsafe { before(signal) };
    // Afterwards: a timer that fires in between finds the server's flag set, and is not the cause.
    if OURS.load(SeqCst) {
        OTHERS.store(true, SeqCst);
    }
}

/// Puts our handler of SIGINT before the one there is. One that would not be called is left alone,
/// and a handler that wants more than the signal's number, too; cancels are not told apart then.
fn watch() {
    let Some(mut action) = sigint() else { return };
    let is_none = [libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
    if WATCHING.load(SeqCst) || is_none || action.sa_flags & libc::SA_SIGINFO != 0 {
        return;
    }
    BEFORE.store(action.sa_sigaction, SeqCst);
    action.sa_sigaction = ours();
    WATCHING.store(set_sigint(&action), SeqCst);
}

/// Puts the handler before ours back. Where somebody has put another before ours meanwhile, ours
/// stays and is not put before that one: they would call each other for ever.
fn unwatch() {
    let Some(mut action) = sigint() else { return };
    if WATCHING.load(SeqCst) && action.sa_sigaction == ours() {
        action.sa_sigaction = BEFORE.load(SeqCst);
        WATCHING.store(!set_sigint(&action), SeqCst);
    }
}

fn ours() -> usize {
    on_cancel as unsafe extern "C-unwind" fn(c_int) as usize
}

fn sigint() -> Option<libc::sigaction> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: plain system call; `action` is a place for the answer.
    let read = unsafe { libc::sigaction(libc::SIGINT, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: filled by a call that succeeded.
    (read == 0).then(|| unsafe { action.assume_init() })
}

fn set_sigint(action: &libc::sigaction) -> bool {
    // SAFETY: plain system call; the handler lives as long as the library or was there before.
    unsafe { libc::sigaction(libc::SIGINT, action, std::ptr::null_mut()) == 0 }
}

/// In a server: the timer is its.
#[cfg(feature = "pg_test")]
#[pgrx::pg_schema]
mod tests {
    use super::*;
    use pgrx::prelude::*;
    use std::time::Duration;

    fn cancel_as_a_user_does() {
        // SAFETY: plain system call; the signal has a handler.
        unsafe { libc::raise(libc::SIGINT) };
    }

    /// Without a look at the server's flag, as code that cannot be interrupted.
    fn wait_for_the_limit() {
        for _ in 0..10_000 {
            if fired() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether a cancel was left to be obeyed; it is not, in a test.
    fn is_left() -> bool {
        cancel_pending().swap(0, SeqCst) != 0
    }

    #[pg_test]
    fn a_users_cancel_just_before_the_limit_is_not_taken_for_it() {
        arm(20);
        cancel_as_a_user_does();
        wait_for_the_limit();
        disarm();
        assert!(fired() && !cancelled() && is_left());
    }

    #[pg_test]
    fn a_users_cancel_just_after_the_limit_is_not_swallowed_by_it() {
        arm(1);
        wait_for_the_limit();
        cancel_as_a_user_does();
        disarm();
        assert!(fired() && !cancelled() && is_left());
    }

    #[pg_test]
    fn a_users_cancel_while_that_of_the_limit_unwinds_is_not_swallowed() {
        arm(1);
        wait_for_the_limit();
        assert!(is_left(), "the server takes it and raises the error");
        cancel_as_a_user_does();
        disarm();
        assert!(!cancelled() && is_left());
    }

    #[pg_test]
    fn a_limit_that_is_reached_while_a_users_cancel_unwinds_is_not_taken_for_it() {
        arm(20);
        cancel_as_a_user_does();
        assert!(is_left(), "the server takes it and raises the error");
        wait_for_the_limit();
        disarm();
        assert!(fired() && !cancelled() && !is_left());
    }

    #[pg_test]
    fn the_limits_own_cancel_is_known_as_such_or_taken_back() {
        arm(1);
        wait_for_the_limit();
        assert!(is_left(), "the server takes it and raises the error");
        disarm();
        assert!(fired() && cancelled() && !is_left());
        arm(1);
        wait_for_the_limit();
        disarm();
        assert!(fired() && !cancelled() && !is_left());
        // The next limit knows nothing of it, and the server's handler is back.
        arm(60_000);
        cancel_as_a_user_does();
        disarm();
        assert!(!fired() && !cancelled() && is_left());
        assert!(!WATCHING.load(SeqCst));
        cancel_as_a_user_does();
        assert!(is_left());
    }
}
