//! A `json` result passed on as the server wrote it.
//!
//! pgrx's own JSON type would parse it, and lose digits of numbers on the way.

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::datum::{Datum, IntoDatum};
use pgrx::{impl_sql_translatable, pg_sys};

/// JSON text that the server made itself, hence well-formed.
pub struct JsonText(pub String);

impl IntoDatum for JsonText {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        // The type json is stored as its text.
        self.0.into_datum()
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONOID
    }
}

impl_sql_translatable!(JsonText, "json");

// SAFETY: returns a datum of the type that `impl_sql_translatable` declares.
unsafe impl BoxRet for JsonText {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> Datum<'fcx> {
        match self.into_datum() {
            // SAFETY: a json datum, allocated in the context of the call.
            Some(datum) => unsafe { fcinfo.return_raw_datum(datum) },
            None => fcinfo.return_null(),
        }
    }
}
