//! When to start a crashed engine again.
//!
//! Owns the policy as plain arithmetic over a clock the caller passes in, so it is tested
//! without waiting. Called by the background worker.

use std::time::Duration;

/// First delay after a crash; doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Longest delay.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// Crashes within [`WINDOW`] that end in giving up.
const CRASH_LIMIT: usize = 5;
/// How long a crash counts. Loading a 1.5B model takes seconds, so five crashes in this time are
/// not accidents of the requests.
const WINDOW: Duration = Duration::from_secs(300);

/// Remembers crashes and decides what follows.
#[derive(Debug, Default)]
pub struct RestartPolicy {
    crashes: Vec<Duration>,
}

/// What follows a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Start again at this time.
    RestartAt(Duration),
    /// Too many crashes: stay down until an administrator acts.
    GiveUp {
        /// Crashes within the window.
        crashes: usize,
    },
}

impl RestartPolicy {
    /// Records a crash at `now`, a time since any fixed moment.
    pub fn crashed(&mut self, now: Duration) -> Verdict {
        self.crashes.retain(|at| now.saturating_sub(*at) < WINDOW);
        self.crashes.push(now);
        let crashes = self.crashes.len();
        if crashes >= CRASH_LIMIT {
            return Verdict::GiveUp { crashes };
        }
        let doublings = u32::try_from(crashes - 1).unwrap_or(u32::MAX);
        let delay = FIRST_DELAY.saturating_mul(2u32.saturating_pow(doublings)).min(LONGEST_DELAY);
        Verdict::RestartAt(now.saturating_add(delay))
    }

    /// Forgets all crashes, because an administrator acted.
    pub fn reset(&mut self) {
        self.crashes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_a_loop_ends_in_giving_up() {
        let mut policy = RestartPolicy::default();
        let at = Duration::from_secs;
        assert_eq!(policy.crashed(at(1)), Verdict::RestartAt(Duration::from_millis(1100)));
        assert_eq!(policy.crashed(at(2)), Verdict::RestartAt(Duration::from_millis(2200)));
        assert_eq!(policy.crashed(at(3)), Verdict::RestartAt(Duration::from_millis(3400)));
        assert_eq!(policy.crashed(at(4)), Verdict::RestartAt(Duration::from_millis(4800)));
        assert_eq!(policy.crashed(at(5)), Verdict::GiveUp { crashes: 5 });
    }

    #[test]
    fn crashes_far_apart_never_give_up() {
        let mut policy = RestartPolicy::default();
        for hour in 1..100 {
            let now = Duration::from_secs(3600 * hour);
            assert_eq!(policy.crashed(now), Verdict::RestartAt(now + FIRST_DELAY));
        }
    }
}
