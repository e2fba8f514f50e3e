//! A circuit breaker: when a model that keeps failing is left alone for a while.
//!
//! Owns the policy as arithmetic over a clock the caller passes in. Called by the worker, once for
//! each model.

use std::time::Duration;

/// Failures in a row that open the circuit.
const FAILURES: u32 = 3;
/// How long it stays open the first time; doubles each time a trial fails.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// Longest time it stays open.
const LONGEST_PAUSE: Duration = Duration::from_secs(240);

/// Counts failures and decides whether requests are sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Breaker {
    /// Failures since the last success.
    failures: u32,
    /// When the next trial is due, while the circuit is open.
    trial_at: Option<Duration>,
    /// How long it was opened for last.
    pause: Duration,
    /// Whether the trial runs.
    on_trial: bool,
}

/// What a breaker does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests go through.
    Closed,
    /// None goes through for this long.
    Open {
        /// Time to the next trial.
        left: Duration,
    },
    /// One may go through, or does; the others wait for how it ends.
    HalfOpen,
}

impl Breaker {
    /// What it does at `now`, a time since any fixed moment.
    #[must_use]
    pub fn state(&self, now: Duration) -> BreakerState {
        match self.trial_at {
            None => BreakerState::Closed,
            Some(at) if now < at => BreakerState::Open { left: at.saturating_sub(now) },
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Whether a request may be sent at `now`.
    #[must_use]
    pub fn allows(&self, now: Duration) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open { .. } => false,
            BreakerState::HalfOpen => !self.on_trial,
        }
    }

    /// A request was sent.
    pub fn sent(&mut self) {
        self.on_trial = self.trial_at.is_some();
    }

    /// A request was answered.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A request ended without telling anything of the model, as one that was cancelled.
    pub fn ended(&mut self) {
        self.on_trial = false;
    }

    /// A request failed at `now` for a reason that concerns the model.
    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        let trial = std::mem::take(&mut self.on_trial);
        if trial || (self.trial_at.is_none() && self.failures >= FAILURES) {
            self.pause = match self.trial_at {
                Some(_) => self.pause.saturating_mul(2).min(LONGEST_PAUSE),
                None => FIRST_PAUSE,
            };
            self.trial_at = Some(now.saturating_add(self.pause));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_a_trial() {
        let mut breaker = Breaker::default();
        breaker.failed(at(0));
        breaker.failed(at(1));
        breaker.succeeded();
        for second in 2..5 {
            assert!(breaker.allows(at(second)), "{second}");
            breaker.sent();
            breaker.failed(at(second));
        }
        assert_eq!(breaker.state(at(5)), BreakerState::Open { left: at(14) });
        assert!(!breaker.allows(at(18)));
        assert!(breaker.allows(at(19)));
        breaker.sent();
        assert!(!breaker.allows(at(19)), "one trial at a time");
        breaker.failed(at(20));
        assert_eq!(breaker.state(at(20)), BreakerState::Open { left: at(30) });
        breaker.sent();
        breaker.succeeded();
        assert_eq!(breaker.state(at(21)), BreakerState::Closed);
    }

    #[test]
    fn a_trial_that_was_cancelled_leaves_room_for_another() {
        let mut breaker = Breaker::default();
        (0..3).for_each(|second| breaker.failed(at(second)));
        assert!(breaker.allows(at(100)));
        breaker.sent();
        breaker.ended();
        assert!(breaker.allows(at(100)));
    }

    #[test]
    fn late_failures_of_requests_sent_before_do_not_prolong_it() {
        let mut breaker = Breaker::default();
        (0..3).for_each(|second| breaker.failed(at(second)));
        let open = breaker.state(at(5));
        breaker.failed(at(5));
        assert_eq!(breaker.state(at(5)), open);
    }

    proptest! {
        #[test]
        fn it_never_stays_open_for_ever(steps in prop::collection::vec((0u8..4, 0u64..600), 0..200)) {
            let (mut breaker, mut now) = (Breaker::default(), Duration::ZERO);
            for (step, seconds) in steps {
                now += at(seconds);
                match step {
                    0 if breaker.allows(now) => breaker.sent(),
                    0 => {}
                    1 => breaker.failed(now),
                    2 => breaker.succeeded(),
                    _ => breaker.ended(),
                }
                if let BreakerState::Open { left } = breaker.state(now) {
                    prop_assert!(left <= LONGEST_PAUSE);
                }
            }
            breaker.ended();
            prop_assert!(breaker.allows(now + LONGEST_PAUSE));
        }
    }
}
