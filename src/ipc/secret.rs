//! A secret of this server run, for codes that only this server can make.
//!
//! It lives in shared memory, is made of strong random bytes when it is first wanted, and is gone
//! when the server stops. It never leaves the server. Called by `api`.

use pgrx::lwlock::PgLwLock;
use pgrx::pg_shmem_init;
use pgrx::prelude::*;
use pgrx::shmem::PGRXSharedMemory;

/// Bytes of the secret: those of a SHA-256 block's output, the least RFC 2104 advises.
const LENGTH: usize = 32;

static SECRET: PgLwLock<Secret> =
    // SAFETY: the name is used for no other lock of this library.
    unsafe { PgLwLock::new(c"text2sql secret") };

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Secret {
    made: bool,
    bytes: [u8; LENGTH],
}

// SAFETY: plain values.
unsafe impl PGRXSharedMemory for Secret {}

/// Asks for the shared memory; called from `_PG_init` while the postmaster preloads.
pub fn request_shared_memory() {
    pg_shmem_init!(SECRET = Secret::default());
}

/// The secret; `None` if the server has no random bytes to give.
pub fn secret() -> Option<[u8; LENGTH]> {
    let known = *SECRET.share();
    if known.made {
        return Some(known.bytes);
    }
    let mut bytes = [0_u8; LENGTH];
    // SAFETY: as many bytes as the buffer has.
    if !unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) } {
        return None;
    }
    let mut secret = SECRET.exclusive();
    // Another session may have been faster.
    if !secret.made {
        *secret = Secret { made: true, bytes };
    }
    Some(secret.bytes)
}
