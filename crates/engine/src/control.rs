//! When a generation must stop before it is done.
//!
//! Owns the cancel flag and the deadline of one request. Polled by the generator at every chunk
//! and token; set by the frame loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::EngineError;

/// Longest deadline that is kept, so that adding it to a clock cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Cancel flag and deadline of one request.
#[derive(Debug, Clone)]
pub struct Control {
    cancelled: Arc<AtomicBool>,
    deadline: Instant,
}

impl Control {
    /// For a request that was read now and has `deadline` left.
    pub fn new(deadline: Duration) -> Self {
        Self {
            cancelled: Arc::new(AtomicBool::new(false)),
            deadline: Instant::now() + deadline.min(LONGEST),
        }
    }

    /// Makes the request stop at its next look.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] or [`EngineError::Deadline`].
    pub fn check(&self) -> Result<(), EngineError> {
        if self.cancelled.load(Ordering::Relaxed) {
            Err(EngineError::Cancelled)
        } else if Instant::now() >= self.deadline {
            Err(EngineError::Deadline)
        } else {
            Ok(())
        }
    }
}
