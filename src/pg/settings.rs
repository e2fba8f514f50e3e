//! Sets a setting of the server until the current sub-transaction ends.
//!
//! Called by `exec` and `catalog`, inside of [`super::subxact::rolled_back`].

use std::ffi::CStr;

use pgrx::pg_sys;

use super::subxact::Scope;

/// Sets `name` to `value` with the rights of the server itself.
pub fn set(_: &Scope, name: &CStr, value: &CStr) {
    // SAFETY: NUL-terminated strings that outlive the call.
    let done = unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            pgrx::PgLogLevel::ERROR as i32,
            false,
        )
    };
    debug_assert_ne!(done, 0, "an error of level ERROR does not return");
}

/// What every statement runs with that the extension gives to the server: it writes nothing, finds only
/// the server's own objects, keeps to row security, and stays in this process. Then `more`.
pub fn read_only(scope: &Scope, more: &[(&CStr, &CStr)]) {
    set_read_only(scope);
    let always = [
        (c"search_path", c"pg_catalog, pg_temp"),
        (c"row_security", c"on"),
        (c"jit", c"off"),
        // The guards are not copied to parallel workers.
        (c"max_parallel_workers_per_gather", c"0"),
    ];
    for (name, value) in always.iter().chain(more) {
        set(scope, name, value);
    }
}

/// Whether this server has a setting of that name.
pub fn exists(name: &CStr) -> bool {
    // SAFETY: a NUL-terminated string; a missing setting yields NULL.
    !unsafe { pg_sys::GetConfigOption(name.as_ptr(), true, false) }.is_null()
}

/// Makes everything until the end of the sub-transaction read-only.
fn set_read_only(_: &Scope) {
    // SAFETY: the sub-transaction keeps the former value and puts it back.
    unsafe { pg_sys::XactReadOnly = true };
}
