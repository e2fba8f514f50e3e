//! SQLSTATEs of our own.
//!
//! pgrx knows the server's codes and no others: anything else becomes XX000 on its way. But the
//! server lets error context callbacks change the error that is being raised, and one gives it its
//! code at the last moment. Called by `error`, right before an error is raised.

use std::ffi::{c_int, c_void};

use pgrx::pg_sys;
use pgrx::prelude::PgSqlErrorCode;

// Not among pgrx's bindings.
unsafe extern "C-unwind" {
    fn errcode(code: c_int) -> c_int;
}

/// The code that errors with one of our own are raised with. Nothing else here ends with it:
/// statements have no parameters.
pub const STAND_IN: PgSqlErrorCode = PgSqlErrorCode::ERRCODE_AMBIGUOUS_PARAMETER;

/// Gives the error that the current function is about to end with this code, five characters packed
/// as the server does it.
pub fn give(code: i32) {
    // SAFETY: the memory lives until the transaction ends. Whoever catches the error puts
    // `error_context_stack` back to what it was at the time, as for every callback of a function that
    // an error leaves.
    unsafe {
        let size = size_of::<pg_sys::ErrorContextCallback>();
        let callback = pg_sys::MemoryContextAlloc(pg_sys::TopTransactionContext, size)
            .cast::<pg_sys::ErrorContextCallback>();
        callback.write(pg_sys::ErrorContextCallback {
            previous: pg_sys::error_context_stack,
            callback: Some(change),
            arg: std::ptr::without_provenance_mut(code as usize),
        });
        pg_sys::error_context_stack = callback;
    }
}

/// Called for whatever is reported before the error, too, such as a line in the log.
unsafe extern "C-unwind" fn change(code: *mut c_void) {
    // SAFETY: an error is being reported, which is when the server calls this; neither can fail.
    unsafe {
        if pg_sys::geterrcode() == STAND_IN as c_int {
            errcode(code.addr() as c_int);
        }
    }
}
