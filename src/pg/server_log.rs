//! Lines of our own in the server's log.

use std::ffi::{CStr, CString, c_char, c_int};

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;

// Not among pgrx's bindings. Its own reports cannot leave out the statement that is running.
unsafe extern "C-unwind" {
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
}

const WHERE: &CStr = c"text2sql";

/// Writes a line of level LOG, not sent to the client, and without the statement and the context
/// it came from: these hold texts that the line may have been meant to leave out.
pub fn line(text: &str) {
    let Ok(text) = CString::new(format!("text2sql audit: {text}")) else { return };
    // SAFETY: the calls the macro ereport() makes, with NUL-terminated strings that live until the
    // end; the boundary turns an error of the server, as a cancel that just came, into one that
    // unwinds.
    unsafe {
        guarded(|| {
            if errstart(pg_sys::LOG_SERVER_ONLY as c_int, std::ptr::null()) {
                pg_sys::errmsg_internal(c"%s".as_ptr(), text.as_ptr());
                pg_sys::errhidestmt(true);
                pg_sys::errhidecontext(true);
                errfinish(WHERE.as_ptr(), 0, WHERE.as_ptr());
            }
        });
    }
}
