//! A thread that ends what does not end.
//!
//! Owns the last resort: a call that ignores its own limit is cancelled, and one that ignores
//! that too ends the run, with its statement told.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use postgres::{CancelToken, NoTls};

/// When a call is cancelled, which the guard's own limit should have done long before.
const CANCEL: Duration = Duration::from_secs(30);
/// When the run ends: built-in functions that nothing can interrupt take less on what they get.
const GIVE_UP: Duration = Duration::from_secs(600);

struct Now {
    token: CancelToken,
    call: Option<(Instant, String)>,
}

/// The thread's handle.
pub struct Watch(Arc<Mutex<Now>>);

impl Watch {
    /// Starts watching the session of `token`.
    pub fn start(token: CancelToken) -> Self {
        let now = Arc::new(Mutex::new(Now { token, call: None }));
        let seen = Arc::clone(&now);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let now = lock(&seen);
                let Some((begun, what)) = now.call.clone() else { continue };
                if begun.elapsed() > GIVE_UP {
                    eprintln!("FINDING it does not end, nor does the run: {what}");
                    std::process::exit(1);
                }
                if begun.elapsed() > CANCEL {
                    // Fails where the server is gone; then the call has ended as well.
                    let _ = now.token.cancel_query(NoTls);
                }
            }
        });
        Self(now)
    }

    /// Another session is to be watched.
    pub fn guard(&self, token: CancelToken) {
        lock(&self.0).token = token;
    }

    /// A call begins.
    pub fn begin(&self, number: u64, sql: &str) {
        lock(&self.0).call = Some((Instant::now(), format!("{number}: {sql}")));
    }

    /// The call has ended.
    pub fn end(&self) {
        lock(&self.0).call = None;
    }
}

fn lock(now: &Mutex<Now>) -> MutexGuard<'_, Now> {
    now.lock().unwrap_or_else(PoisonError::into_inner)
}
