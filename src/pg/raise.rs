//! Errors with a SQLSTATE of our own, which pgrx's reports cannot have.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_int};

use pgrx::pg_sys::ffi::pg_guard_ffi_boundary as guarded;
use pgrx::{PgLogLevel, pg_sys};

// Not among pgrx's bindings.
unsafe extern "C-unwind" {
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
    fn errcode(code: c_int) -> c_int;
    fn errdetail(format: *const c_char, ...) -> c_int;
    fn errhint(format: *const c_char, ...) -> c_int;
}

const WHERE: &CStr = c"text2sql";

/// Texts of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Lower-case, no full stop.
    pub message: String,
    /// Facts.
    pub detail: String,
    /// What to do.
    pub hint: String,
}

/// Ends the current function with an error of this SQLSTATE, packed as the server does. Returns only
/// where the server does not raise it, which it always does.
pub fn error(packed: i32, texts: &Texts) -> Option<Infallible> {
    let of = |text: &str| CString::new(text.replace('\0', "")).unwrap_or_default();
    let (message, detail, hint) = (of(&texts.message), of(&texts.detail), of(&texts.hint));
    // SAFETY: the calls the macro ereport() makes, with NUL-terminated strings that live until the
    // end; the boundary turns the error into one that unwinds, so that they are freed.
    unsafe {
        guarded(|| {
            if errstart(PgLogLevel::ERROR as c_int, std::ptr::null()) {
                errcode(packed);
                pg_sys::errmsg_internal(c"%s".as_ptr(), message.as_ptr());
                errdetail(c"%s".as_ptr(), detail.as_ptr());
                errhint(c"%s".as_ptr(), hint.as_ptr());
                errfinish(WHERE.as_ptr(), 0, WHERE.as_ptr());
            }
        });
    }
    None
}
