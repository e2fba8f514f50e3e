//! What roles were seen to be allowed to read, for their next sessions to begin with.
//!
//! Owns the shared memory and its lock, which is held only to copy bytes in or out. Nothing here is
//! trusted: who takes a text off the shelf proves it. Called by `catalog`.

use pgrx::lwlock::PgLwLock;
use pgrx::pg_shmem_init;
use pgrx::prelude::*;
use pgrx::shmem::PGRXSharedMemory;
use text2sql_core::shelf::{Key, Shelf};

use crate::pg::server;

/// Views of roles that are kept at a time.
const TEXTS: usize = 256;
/// Bytes for all of them, compressed: the demonstration's 14 tables take 4 KiB.
const BYTES: usize = 1 << 20;

static SHELF: PgLwLock<Shared> =
    // SAFETY: the name is used for no other lock of this library.
    unsafe { PgLwLock::new(c"text2sql snapshots") };

#[derive(Clone, Copy)]
#[repr(transparent)]
struct Shared(Shelf<TEXTS, BYTES>);

// SAFETY: plain values.
unsafe impl PGRXSharedMemory for Shared {}

/// Asks for the shared memory; called from `_PG_init` while the postmaster preloads.
pub fn request_shared_memory() {
    pg_shmem_init!(SHELF = Shared(Shelf::default()));
}

/// The text put down last under `key`, if it is still there.
pub fn get(key: &Key) -> Option<Vec<u8>> {
    if !server::was_preloaded() {
        return None;
    }
    SHELF.share().0.get(key).map(<[u8]>::to_vec)
}

/// Puts a text down in place of what `key` had.
pub fn put(key: &Key, text: &[u8]) {
    if server::was_preloaded() {
        SHELF.exclusive().0.put(key, text);
    }
}
