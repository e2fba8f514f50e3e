//! What time a request has: for a model to be there, and for its answer once there is one.
//!
//! Plain arithmetic over a clock the caller passes in, so it is tested without waiting. Each of the
//! two is spent once, however often an engine is replaced meanwhile: a request ends within their
//! sum, and by that its backend knows when the worker has lost it. Called by `session` and the broker.

use std::time::{Duration, Instant};

/// What is left of both.
#[derive(Debug, Default)]
pub struct Allowance {
    /// For models to load.
    startup: Duration,
    /// When the time for the answer is up.
    deadline: Option<Instant>,
    /// When the model was last seen loading, if it was at the last look.
    loading: Option<Instant>,
}

impl Allowance {
    /// Of a request that comes `now`.
    pub fn new(startup: Duration, answer: Duration, now: Instant) -> Self {
        Self { startup, deadline: now.checked_add(answer), loading: None }
    }

    /// There is no model for the request yet: the time for its answer stands still. Whether it may
    /// wait on.
    pub fn model_loads(&mut self, now: Instant) -> bool {
        let since = self.loading.replace(now).unwrap_or(now);
        let passed = now.saturating_duration_since(since);
        self.startup = self.startup.saturating_sub(passed);
        self.deadline = self.deadline.and_then(|deadline| deadline.checked_add(passed));
        !self.startup.is_zero()
    }

    /// There is a model for the request, and its time runs.
    pub fn model_is_there(&mut self) {
        self.loading = None;
    }

    /// Whether the time for the answer is up.
    pub fn is_spent(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// Time left for the answer.
    pub fn left(&self, now: Instant) -> Duration {
        self.deadline.map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn who_may_not_wait_for_a_model_is_told_at_the_first_look() {
        let now = Instant::now();
        assert!(!Allowance::new(Duration::ZERO, seconds(10), now).model_loads(now));
    }

    #[test]
    fn the_time_for_the_answer_stands_still_while_a_model_loads() {
        let now = Instant::now();
        let mut allowance = Allowance::new(seconds(30), seconds(10), now);
        for second in 0..29 {
            assert!(allowance.model_loads(now + seconds(second)), "{second}");
        }
        allowance.model_is_there();
        assert_eq!(allowance.left(now + seconds(28)), seconds(10));
        assert!(!allowance.is_spent(now + seconds(37)));
        assert!(allowance.is_spent(now + seconds(38)));
    }

    #[test]
    fn time_in_the_queue_is_not_time_for_a_model_to_load() {
        let now = Instant::now();
        let mut allowance = Allowance::new(seconds(2), seconds(60), now);
        allowance.model_is_there();
        assert!(allowance.model_loads(now + seconds(50)), "an engine restarts after a long wait");
        assert!(allowance.model_loads(now + seconds(51)));
        assert!(!allowance.model_loads(now + seconds(52)));
    }

    #[test]
    fn engines_that_come_and_go_do_not_prolong_a_request() {
        let now = Instant::now();
        let mut allowance = Allowance::new(seconds(4), seconds(10), now);
        let mut second = 0;
        // Each loads for a second, and is there for two.
        let ended = loop {
            let loads = allowance.model_loads(now + seconds(second))
                && allowance.model_loads(now + seconds(second + 1));
            allowance.model_is_there();
            second += 3;
            if !loads || allowance.is_spent(now + seconds(second)) {
                break second;
            }
        };
        assert!(ended <= 14, "{ended}");
    }
}
