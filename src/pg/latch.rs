//! Waiting on this process' latch, always interruptible, never past the postmaster's death.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use pgrx::pg_sys;

/// A latch of another process, by address.
///
/// `PGPROC`s live in shared memory, at the same address in every process, for the life of the
/// server; setting the latch of a process that is gone wakes at most its successor in the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct RemoteLatch(usize);

impl RemoteLatch {
    /// Nobody's latch; setting it does nothing.
    pub const NONE: Self = Self(0);

    /// The latch of this process.
    pub fn mine() -> Self {
        // SAFETY: MyProc is set before any code of the extension runs in a backend or worker.
        let proc = unsafe { pg_sys::MyProc };
        // SAFETY: MyProc points to this process' PGPROC; only the field's address is taken.
        Self(unsafe { &raw const (*proc).procLatch } as usize)
    }

    /// Wakes its owner.
    pub fn set(self) {
        if self != Self::NONE {
            // SAFETY: made by `mine` in a process of this server, see the type's comment.
            unsafe { pg_sys::SetLatch(self.0 as *mut pg_sys::Latch) }
        }
    }
}

/// Waits until the latch is set or `timeout` passed, and resets it. The caller re-checks all it
/// waits for afterwards: setters write first and set the latch last.
pub fn wait(timeout: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: MyLatch is this process' own latch, initialised at process start.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as i32,
            millis(timeout),
            pg_sys::PG_WAIT_EXTENSION,
        )
    };
    reset();
}

/// As [`wait`], also woken when `socket` is readable, or writable if `write` is set.
pub fn wait_or_socket(timeout: Duration, socket: BorrowedFd<'_>, write: bool) {
    let mut events = pg_sys::WL_LATCH_SET
        | pg_sys::WL_TIMEOUT
        | pg_sys::WL_EXIT_ON_PM_DEATH
        | pg_sys::WL_SOCKET_READABLE;
    if write {
        events |= pg_sys::WL_SOCKET_WRITEABLE;
    }
    // SAFETY: as in `wait`; the descriptor is open for the borrow's life.
    unsafe {
        pg_sys::WaitLatchOrSocket(
            pg_sys::MyLatch,
            events as i32,
            socket.as_raw_fd(),
            millis(timeout),
            pg_sys::PG_WAIT_EXTENSION,
        )
    };
    reset();
}

fn reset() {
    // SAFETY: MyLatch is this process' own latch.
    unsafe { pg_sys::ResetLatch(pg_sys::MyLatch) }
}

fn millis(timeout: Duration) -> std::ffi::c_long {
    std::ffi::c_long::try_from(timeout.as_millis()).unwrap_or(std::ffi::c_long::MAX)
}
