//! How many questions each role may ask in a minute: token buckets, fit to live in shared memory.
//!
//! A role that was quiet may ask a minute's worth at once; then as many as the time allows. Of
//! more roles than there are places the longest quiet one is forgotten, whose bucket is the
//! fullest. Reads no clock. Called by `src/ipc`.

/// Buckets of up to `N` roles.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Quota<const N: usize> {
    buckets: [Bucket; N],
}

/// What a role has left.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct Bucket {
    /// 0: the place is free.
    role: u32,
    /// Questions left at that time.
    left: f64,
    /// Seconds on the caller's clock.
    at: f64,
}

impl<const N: usize> Default for Quota<N> {
    fn default() -> Self {
        Self { buckets: [Bucket::default(); N] }
    }
}

impl<const N: usize> Quota<N> {
    /// Takes one question of `role` at time `now`, seconds on a clock that does not go back, if
    /// it has one left of `per_minute`; 0 is no limit.
    ///
    /// # Errors
    /// Seconds until it has one, more than 0.
    pub fn take(&mut self, role: u32, per_minute: u32, now: f64) -> Result<(), f64> {
        if per_minute == 0 {
            return Ok(());
        }
        let most = f64::from(per_minute);
        let known = self.buckets.iter().position(|bucket| bucket.role == role && role != 0);
        let place = known.or_else(|| self.longest_quiet());
        let Some(bucket) = place.and_then(|index| self.buckets.get_mut(index)) else {
            return Ok(());
        };
        if known.is_none() {
            *bucket = Bucket { role, left: most, at: now };
        }
        let gained = (now - bucket.at).max(0.0) * most / 60.0;
        bucket.left = (bucket.left + gained).min(most);
        bucket.at = now;
        if bucket.left < 1.0 {
            return Err((1.0 - bucket.left) * 60.0 / most);
        }
        bucket.left -= 1.0;
        Ok(())
    }

    fn longest_quiet(&self) -> Option<usize> {
        let all = self.buckets.iter().enumerate();
        all.min_by(|a, b| a.1.at.total_cmp(&b.1.at)).map(|(index, _)| index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_minutes_worth_at_once_and_then_one_at_a_time() {
        let mut quota = Quota::<4>::default();
        for _ in 0..3 {
            assert_eq!(quota.take(1, 3, 100.0), Ok(()));
        }
        assert_eq!(quota.take(1, 3, 100.0), Err(20.0));
        assert_eq!(quota.take(2, 3, 100.0), Ok(()), "another role has its own");
        assert_eq!(quota.take(1, 3, 110.0), Err(10.0));
        assert_eq!(quota.take(1, 3, 120.0), Ok(()));
        assert!(quota.take(1, 3, 120.0).is_err());
        assert_eq!(quota.take(1, 0, 120.0), Ok(()), "no limit");
    }

    #[test]
    fn the_longest_quiet_role_makes_room() {
        let mut quota = Quota::<2>::default();
        assert_eq!(quota.take(1, 1, 10.0), Ok(()));
        assert_eq!(quota.take(2, 1, 20.0), Ok(()));
        assert_eq!(quota.take(3, 1, 30.0), Ok(()));
        assert!(quota.take(2, 1, 30.0).is_err(), "2 is still known");
    }

    proptest! {
        #[test]
        fn nobody_asks_more_than_allowed(
            pauses in prop::collection::vec(0.0f64..20.0, 1..200), per_minute in 1u32..30,
        ) {
            let mut quota = Quota::<2>::default();
            let (mut now, mut taken) = (0.0, 0u32);
            for pause in pauses {
                now += pause;
                taken += u32::from(quota.take(7, per_minute, now).is_ok());
            }
            let most = f64::from(per_minute) * (1.0 + now / 60.0);
            prop_assert!(f64::from(taken) <= most + 1e-6);
        }
    }
}
