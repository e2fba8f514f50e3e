//! Threads that compute together.
//!
//! A token of a small model is some hundred jobs of 50 to 500 µs, one after the other, so handing
//! one over must cost about a microsecond: workers look for the next job for a short while before
//! they sleep. What may go wrong on a server that has other work is that a thread is not running
//! when its share is due. So shares are not fixed: a job is many pieces, whoever is free takes the
//! next, and the caller waits for pieces that were begun, never for a worker to show up.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

/// How long a worker looks for a job before it sleeps. The gaps between the jobs of a forward pass
/// are 1 to 20 µs on 2 cores of an AVX2 machine (measured); a question ends with a longer one.
const LOOK: Duration = Duration::from_micros(50);

/// Rounds of looking between two looks at the clock.
const ROUNDS: u32 = 64;

/// A job: what to do with the number of a piece.
type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// Set in `Shared::state` while a job may be joined; the bits below count who is in it.
const OPEN: u64 = 1 << 31;
const MEMBERS: u64 = OPEN - 1;
/// One job later.
const NEXT: u64 = 1 << 32;

struct Shared {
    /// Number of the job (upper half), whether it is open, how many workers are in it.
    state: AtomicU64,
    /// Written by the caller while no job is open and nobody is in one.
    job: UnsafeCell<Option<Work<'static>>>,
    pieces: AtomicUsize,
    next: AtomicUsize,
    failed: AtomicBool,
    sleeping: AtomicUsize,
    bed: Mutex<()>,
    bell: Condvar,
}

// SAFETY: `job` is the only part that is not `Sync` by itself. It is written only by the caller
// that holds `Pool::turn`, only while `state` is closed and counts nobody, and read only by
// workers that counted themselves in while `state` was open.
unsafe impl Sync for Shared {}
// SAFETY: as above; a `Work` is `Sync`, so its reference may be sent.
unsafe impl Send for Shared {}

/// A caller and its workers.
pub struct Pool {
    shared: Arc<Shared>,
    threads: usize,
    turn: Mutex<()>,
}

static THREADS: AtomicUsize = AtomicUsize::new(0);
static POOL: OnceLock<Pool> = OnceLock::new();

/// Sets how many threads [`pool`] has, the caller counted; without effect once it was used.
pub fn set_threads(threads: usize) {
    THREADS.store(threads.max(1), Ordering::Relaxed);
}

/// The pool of this process.
pub fn pool() -> &'static Pool {
    POOL.get_or_init(|| {
        let threads = match THREADS.load(Ordering::Relaxed) {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        Pool::new(threads)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Pool {
    /// A pool of `threads`, the caller counted. Threads that cannot be started are done without.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            pieces: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            sleeping: AtomicUsize::new(0),
            bed: Mutex::new(()),
            bell: Condvar::new(),
        });
        let started = (1..threads.max(1))
            .filter(|index| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name(format!("compute-{index}"))
                    .spawn(move || shared.work())
                    .is_ok()
            })
            .count();
        Self { shared, threads: started + 1, turn: Mutex::new(()) }
    }

    /// Threads, the caller counted.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `work` once for every number below `pieces`, on any of the threads, and returns when
    /// all calls have. Calls of several threads go one after the other; `work` must not call this.
    ///
    /// # Panics
    /// Where `work` did, after the other pieces that were begun are done.
    pub fn run(&self, pieces: usize, work: Work<'_>) {
        if self.threads == 1 || pieces < 2 {
            (0..pieces).for_each(work);
            return;
        }
        let turn = lock(&self.turn);
        let shared = &*self.shared;
        // SAFETY: the reference outlives its use: this function closes the job and waits until
        // nobody is in it before it returns or unwinds, and nobody reads it afterwards.
        let job = unsafe { std::mem::transmute::<Work<'_>, Work<'static>>(work) };
        // SAFETY: `turn` is held, the last job was closed and left, see `Shared`.
        unsafe { *shared.job.get() = Some(job) };
        shared.pieces.store(pieces, Ordering::Relaxed);
        shared.next.store(0, Ordering::Relaxed);
        shared.failed.store(false, Ordering::Relaxed);
        let number = shared.state.load(Ordering::Relaxed) & !(OPEN | MEMBERS);
        shared.state.store(number.wrapping_add(NEXT) | OPEN, Ordering::SeqCst);
        if shared.sleeping.load(Ordering::SeqCst) > 0 {
            drop(lock(&shared.bed));
            shared.bell.notify_all();
        }
        let closed = Closed(shared);
        shared.take(job);
        drop(closed);
        let failed = shared.failed.load(Ordering::Relaxed);
        drop(turn);
        if failed {
            std::panic::resume_unwind(Box::new("a piece of parallel work panicked"));
        }
    }
}

/// Closes the job when dropped, also by a panic, and waits until everybody left.
struct Closed<'a>(&'a Shared);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        let state = &self.0.state;
        state.fetch_and(!OPEN, Ordering::AcqRel);
        let begin = Instant::now();
        while state.load(Ordering::Acquire) & MEMBERS > 0 {
            if begin.elapsed() < LOOK {
                std::hint::spin_loop();
            } else {
                // Its thread lost the processor in the middle of a piece, perhaps to this one.
                std::thread::yield_now();
            }
        }
    }
}

impl Shared {
    fn take(&self, job: Work<'_>) {
        let pieces = self.pieces.load(Ordering::Relaxed);
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return;
            }
            job(piece);
        }
    }

    /// Life of a worker; it ends with the process.
    fn work(&self) {
        let mut done = 0;
        loop {
            let number = self.wait(done);
            done = number & !(OPEN | MEMBERS);
            if !self.join(done) {
                continue;
            }
            // SAFETY: this thread is counted in, so the job stays until it leaves.
            if let Some(job) = unsafe { *self.job.get() } {
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    self.take(job);
                }));
                if outcome.is_err() {
                    self.failed.store(true, Ordering::Relaxed);
                }
            }
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    /// Counts the caller in, if the job of that number is still open.
    fn join(&self, number: u64) -> bool {
        self.state
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |state| {
                let same = state & !(OPEN | MEMBERS) == number && state & OPEN > 0;
                same.then_some(state + 1)
            })
            .is_ok()
    }

    /// The state of the next job that can be joined and is not `done`.
    fn wait(&self, done: u64) -> u64 {
        let fresh = |state: u64| state & OPEN > 0 && state & !(OPEN | MEMBERS) != done;
        let begin = Instant::now();
        loop {
            for _ in 0..ROUNDS {
                let state = self.state.load(Ordering::Acquire);
                if fresh(state) {
                    return state;
                }
                std::hint::spin_loop();
            }
            if begin.elapsed() >= LOOK {
                break;
            }
        }
        let mut bed = lock(&self.bed);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        let state = loop {
            let state = self.state.load(Ordering::SeqCst);
            if fresh(state) {
                break state;
            }
            bed = self.bell.wait(bed).unwrap_or_else(std::sync::PoisonError::into_inner);
        };
        self.sleeping.fetch_sub(1, Ordering::SeqCst);
        state
    }
}

/// A slice whose parts are written by different threads.
pub struct Parts<'a, T> {
    start: *mut T,
    len: usize,
    slice: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: it hands out disjoint parts of a slice of `Send` elements, as `get` demands.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    /// Takes over a slice for as long as parts are handed out.
    pub fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: std::marker::PhantomData }
    }

    /// The part of `len` elements from `start`; empty where it does not fit.
    ///
    /// # Safety
    /// No two parts that overlap may be alive at the same time.
    #[expect(clippy::mut_from_ref, reason = "parts are disjoint, as the caller promises")]
    pub unsafe fn get(&self, start: usize, len: usize) -> &mut [T] {
        if start.checked_add(len).is_none_or(|end| end > self.len) {
            return &mut [];
        }
        // SAFETY: inside the slice, which is borrowed for `'a`; disjoint from the other parts.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_done_once_in_each_of_many_jobs() {
        let pool = Pool::new(4);
        for job in 0..5_000 {
            let pieces = job % 23;
            let counts: Vec<AtomicUsize> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
            pool.run(pieces, &|piece| {
                if let Some(count) = counts.get(piece) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1), "job {job}");
        }
    }

    #[test]
    fn workers_that_fell_asleep_wake_up() {
        let pool = Pool::new(2);
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(2));
            let sum = AtomicUsize::new(0);
            pool.run(8, &|piece| {
                std::thread::sleep(Duration::from_micros(100));
                sum.fetch_add(piece, Ordering::Relaxed);
            });
            assert_eq!(sum.load(Ordering::Relaxed), 28);
        }
    }

    #[test]
    fn a_panic_in_a_piece_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(3);
        for _ in 0..50 {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(64, &|piece| assert_ne!(piece, 33, "as planned"));
            }));
            assert!(outcome.is_err());
            let sum = AtomicUsize::new(0);
            pool.run(64, &|piece| {
                sum.fetch_add(piece, Ordering::Relaxed);
            });
            assert_eq!(sum.load(Ordering::Relaxed), 64 * 63 / 2);
        }
    }

    #[test]
    fn callers_on_several_threads_take_turns() {
        let pool = Pool::new(3);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let sum = AtomicUsize::new(0);
                        pool.run(10, &|piece| {
                            sum.fetch_add(piece, Ordering::Relaxed);
                        });
                        assert_eq!(sum.load(Ordering::Relaxed), 45);
                    }
                });
            }
        });
    }

    #[test]
    fn parts_outside_of_the_slice_are_empty() {
        let mut values = [1, 2, 3];
        let parts = Parts::new(&mut values);
        // SAFETY: one part at a time.
        unsafe {
            assert_eq!(parts.get(1, 2), [2, 3]);
            assert!(parts.get(2, 2).is_empty());
            assert!(parts.get(usize::MAX, 2).is_empty());
        }
    }
}
