//! An internal sub-transaction that is always rolled back.
//!
//! Owns its begin and end, and nothing in between. The rollback of a sub-transaction gives back
//! the user, the security context, every setting and the read-only flag as they were at its
//! begin, with its locks, snapshots, memory, notifications and large objects. Called by `exec`.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::PgTryBuilder;

/// Stands for the open sub-transaction: what borrows it cannot outlive it.
pub struct Scope {
    // Neither Send nor Sync: the server is single-threaded.
    _private: PhantomData<*mut ()>,
}

/// Lets what follows see everything the transaction has done up to now, until the rollback takes
/// the snapshot away: SPI reads with that of the calling statement otherwise.
pub fn see_present(_: &Scope) {
    // SAFETY: in a transaction; the sub-transaction's end drops the snapshots pushed within.
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
}

/// Runs `work` in a sub-transaction, then `leave`, then rolls back. An error of the server or a
/// panic comes back as the inner `Err`; ending the process (FATAL) does not come back at all.
pub fn rolled_back<R>(
    work: impl FnOnce(&Scope) -> R,
    leave: impl FnOnce(),
) -> Result<R, CaughtError> {
    // SAFETY: plain reads of the current context and owner.
    let (context, owner) = unsafe { (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner) };
    // SAFETY: in a transaction, as every SQL function is; a failure here leaves nothing open.
    unsafe { pg_sys::BeginInternalSubTransaction(std::ptr::null()) };
    let scope = Scope { _private: PhantomData };
    // What `work` allocates goes to the sub-transaction's own context, which the rollback frees.
    let result =
        PgTryBuilder::new(AssertUnwindSafe(|| Ok(work(&scope)))).catch_others(Err).execute();
    leave();
    // SAFETY: the sub-transaction begun above is the innermost one again: whatever opened
    // another inside of it closed that one before it returned or raised.
    unsafe { pg_sys::RollbackAndReleaseCurrentSubTransaction() };
    // SAFETY: both were current before, and outlive the sub-transaction.
    unsafe {
        pg_sys::CurrentMemoryContext = context;
        pg_sys::CurrentResourceOwner = owner;
    }
    result
}
