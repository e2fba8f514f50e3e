//! Remembers where in a statement an error was raised.
//!
//! The errors pgrx hands over have no position; an error context callback of the server is
//! told it in time. Called by `exec`.

use std::ffi::c_void;

use pgrx::pg_sys;

/// Runs `work`; returns with its result the position (in characters, from 1) of the last error
/// that was raised meanwhile, if it had one.
pub fn watch<R>(work: impl FnOnce() -> R) -> (R, Option<u32>) {
    let mut position: i32 = 0;
    // SAFETY: a plain read.
    let former = unsafe { pg_sys::error_context_stack };
    let mut callback = pg_sys::ErrorContextCallback {
        previous: former,
        callback: Some(on_error),
        arg: (&raw mut position).cast(),
    };
    let restore = Restore(former);
    // SAFETY: `restore` takes it off again before `callback` goes, on an unwind too.
    unsafe { pg_sys::error_context_stack = &raw mut callback };
    let result = work();
    drop(restore);
    (result, u32::try_from(position).ok().filter(|p| *p > 0))
}

struct Restore(*mut pg_sys::ErrorContextCallback);

impl Drop for Restore {
    fn drop(&mut self) {
        // SAFETY: what was there before `watch`.
        unsafe { pg_sys::error_context_stack = self.0 };
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_error(argument: *mut c_void) {
    // SAFETY: the variable of `watch`, which is still running.
    unsafe { *argument.cast::<i32>() = pg_sys::geterrposition() };
}
