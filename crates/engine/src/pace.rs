//! How many tokens of prompts a pass may compute, by how fast the model is.
//!
//! Owns the bound on a pass in time. Cancel and deadline are looked at between passes, and the
//! worker kills an engine that does not answer a cancel for long: with a chunk that suits a small
//! model, a pass of a large one on a slow machine takes that long. Knows no request, and no clock.
//! Called by the scheduler.

use std::time::Duration;

/// What a pass is to take at most, seconds: a cancelled request ends within it.
const MOST_SECONDS: f64 = 2.0;

/// Tokens that are always computed together: of fewer, reading the weights costs the most, so they
/// tell nothing of how long more would take.
const LEAST: usize = 16;

/// Tokens of a pass while nothing is known: 3.6 s for a model that computes 9 a second.
const FIRST: usize = 32;

/// How fast a model was lately.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// Tokens a second.
    speed: Option<f64>,
}

impl Pace {
    /// Notes what a pass took. The last one alone counts: it was at about the place in a prompt
    /// where the next will be, and the machine was as busy.
    pub fn learn(&mut self, tokens: usize, took: Duration) {
        if tokens >= LEAST {
            self.speed = Some(tokens as f64 / took.as_secs_f64());
        }
    }

    /// Most tokens of the next pass, of at most `chunk`.
    pub fn room(self, chunk: usize) -> usize {
        let in_time = self.speed.map_or(FIRST, |speed| (speed * MOST_SECONDS) as usize);
        in_time.max(LEAST).min(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The room after a pass.
    fn after(tokens: usize, milliseconds: u64, chunk: usize) -> usize {
        let mut pace = Pace::default();
        pace.learn(tokens, Duration::from_millis(milliseconds));
        pace.room(chunk)
    }

    #[test]
    fn a_pass_takes_two_seconds_at_most() {
        assert_eq!(after(100, 1000, 4096), 200);
        assert_eq!(after(4096, 54_000, 4096), 151);
        assert_eq!(after(32, 1000, 4096), 64);
    }

    #[test]
    fn a_pass_is_never_larger_than_the_chunk_and_never_tiny() {
        assert_eq!(after(128, 100, 128), 128);
        assert_eq!(after(128, 0, 4096), 4096);
        assert_eq!(after(16, 60_000, 4096), LEAST);
        assert_eq!(after(16, 60_000, 4), 4);
        assert_eq!(Pace::default().room(4096), FIRST);
        assert_eq!(Pace::default().room(16), 16);
    }

    #[test]
    fn a_pass_of_a_few_tokens_tells_nothing() {
        assert_eq!(after(1, 1000, 4096), FIRST);
        let mut pace = Pace::default();
        pace.learn(64, Duration::from_secs(1));
        pace.learn(LEAST - 1, Duration::from_secs(60));
        assert_eq!(pace.room(4096), 128);
    }

    #[test]
    fn a_stall_is_forgotten_with_the_next_pass() {
        let mut pace = Pace::default();
        pace.learn(64, Duration::from_secs(60));
        assert_eq!(pace.room(4096), LEAST);
        pace.learn(LEAST, Duration::from_millis(200));
        assert_eq!(pace.room(4096), 160);
    }
}
