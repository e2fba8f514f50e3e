//! How long to wait before a request is sent again.
//!
//! Pure, but for [`random`]. Called by [`crate::exchange`].

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Longest first pause.
const FIRST: Duration = Duration::from_millis(250);
/// Longest pause that is not the server's wish.
const LONGEST: Duration = Duration::from_secs(8);
/// Longest pause at the server's wish.
const LONGEST_WISH: Duration = Duration::from_secs(30);

/// The pause after `failed` attempts (at least 1): doubled each time, and between half and all of
/// that by `random`, so that requests that failed together do not come back together. `wish` is
/// what the server asked for.
pub fn pause(failed: u32, wish: Option<Duration>, random: u64) -> Duration {
    let doubled = 1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
    let most = FIRST.saturating_mul(doubled).min(LONGEST);
    // One of 1025 steps of the upper half.
    let share = u32::try_from(random % 1025).unwrap_or_default();
    let own = most / 2 + most / 2 * share / 1024;
    own.max(wish.unwrap_or_default().min(LONGEST_WISH))
}

/// The wish of a server: seconds. A date is not understood, and a number too large to be one is
/// as good as the longest.
pub fn wish(retry_after: &str) -> Option<Duration> {
    let digits = retry_after.trim();
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.parse().unwrap_or(LONGEST_WISH.as_secs());
    number.then(|| Duration::from_secs(seconds).min(LONGEST_WISH))
}

/// A number that differs from call to call; good enough to spread requests, and for nothing else.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pauses_double_and_have_an_end(failed in 1u32..200, random in any::<u64>()) {
            let most = FIRST.as_secs_f64() * 2f64.powi(failed.min(20) as i32 - 1);
            let most = most.min(LONGEST.as_secs_f64());
            let found = pause(failed, None, random).as_secs_f64();
            prop_assert!(found <= most + 1e-6 && found >= most / 2.0 - 1e-6, "{found} of {most}");
        }

        #[test]
        fn the_wish_of_a_server_is_honoured_within_limits(
            seconds in any::<u64>(), random in any::<u64>(),
        ) {
            let found = pause(1, wish(&seconds.to_string()), random);
            prop_assert!(found >= Duration::from_secs(seconds.min(30)));
            prop_assert!(found <= Duration::from_secs(30));
        }
    }

    #[test]
    fn only_seconds_are_a_wish() {
        assert_eq!(wish(" 2 "), Some(Duration::from_secs(2)));
        assert_eq!(wish("99999999999999999999999"), Some(LONGEST_WISH));
        for text in ["", "-1", "1.5", "soon", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(wish(text), None, "{text}");
        }
    }
}
