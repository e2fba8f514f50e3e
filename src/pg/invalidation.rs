//! Counts changes of the system catalogs that this session learns of.
//!
//! Owns the callbacks of the relation cache and the system caches; they store a number, nothing
//! else. Called by `catalog`, and by who changes what it reads.

use std::ffi::CStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pgrx::pg_sys::{self, Oid, SysCacheIdentifier as Cache};

static GENERATION: AtomicU64 = AtomicU64::new(0);
static REGISTERED: OnceLock<()> = OnceLock::new();

/// A number that grows with every change to relations, schemas, roles or types. The callbacks
/// are registered at the first call: a session that never asks pays nothing.
pub fn generation() -> u64 {
    REGISTERED.get_or_init(register);
    GENERATION.load(Ordering::Relaxed)
}

/// Tells all sessions, when this transaction commits, that a table has changed in a way they learn
/// of as if it were altered: rows alone send no word.
pub fn announce(schema: &CStr, table: &CStr) {
    // SAFETY: NUL-terminated strings; look-ups that give InvalidOid for what is missing, and a
    // message about a relation that exists.
    unsafe {
        let namespace = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        let oid = pg_sys::get_relname_relid(table.as_ptr(), namespace);
        if oid != pg_sys::InvalidOid {
            pg_sys::CacheInvalidateRelcacheByRelid(oid);
        }
    }
}

fn register() {
    // SAFETY: guarded functions that live as long as the library, in a backend.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), pg_sys::Datum::from(0));
        for cache in [
            Cache::NAMESPACEOID,
            Cache::AUTHOID,
            Cache::AUTHMEMROLEMEM,
            Cache::TYPEOID,
            Cache::ENUMOID,
            Cache::ATTNUM,
            Cache::CONSTROID,
        ] {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(on_catalog),
                pg_sys::Datum::from(0),
            );
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_relation(_argument: pg_sys::Datum, _relation: Oid) {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_catalog(_argument: pg_sys::Datum, _cache: i32, _hash: u32) {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
