//! Drawing a token instead of taking the likeliest, and how likely a token was.
//!
//! Owns temperature, nucleus and random numbers of one answer: the same seed over the same logits
//! draws the same tokens, whatever else the engine computes. Knows no constraint. Called by
//! [`crate::choose`]. Source of the method: nucleus sampling (Holtzman et al. 2020).

use text2sql_core::protocol::Sampling;

use crate::kernels::vector::sum_of_exp;

/// Highest temperature: above, a token is little more than noise.
const MOST_TEMPERATURE: f32 = 2.0;
/// Temperatures below draw the likeliest.
const LEAST_TEMPERATURE: f32 = 0.01;
/// Tokens this much less likely than the likeliest, as powers of e, are never drawn.
const NEGLIGIBLE: f32 = 16.0;

/// Draws the tokens of one answer.
#[derive(Debug, Clone)]
pub struct Sampler {
    temperature: f32,
    top_p: f32,
    state: u64,
}

impl Sampler {
    /// As `sampling` says, within bounds.
    pub fn new(sampling: Sampling) -> Self {
        let of = |thousandths: u32| thousandths as f32 / 1000.0;
        Self {
            temperature: of(sampling.temperature).min(MOST_TEMPERATURE),
            top_p: of(sampling.top_p).clamp(0.0, 1.0),
            state: u64::from(sampling.seed),
        }
    }

    /// A token of the nucleus; `likeliest` is the one with the largest logit.
    pub fn draw(&mut self, logits: &[f32], likeliest: u32) -> u32 {
        let random = self.random();
        let most = logits.get(likeliest as usize).copied().unwrap_or_default();
        if self.temperature < LEAST_TEMPERATURE {
            return likeliest;
        }
        let least = most - NEGLIGIBLE * self.temperature;
        let mut weights: Vec<(u32, f32)> = (0u32..)
            .zip(logits)
            .filter(|(_, logit)| **logit >= least)
            .map(|(token, logit)| (token, ((logit - most) / self.temperature).exp()))
            .collect();
        weights.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let all: f32 = weights.iter().map(|(_, weight)| weight).sum();
        let mut nucleus = 0.0;
        let count = weights.iter().position(|(_, weight)| {
            nucleus += weight;
            nucleus >= self.top_p * all
        });
        weights.truncate(count.map_or(weights.len(), |last| last + 1));
        let mut left = random * nucleus;
        let drawn = weights.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        // Rounding may leave a rest.
        drawn.or(weights.last()).map_or(likeliest, |(token, _)| *token)
    }

    /// From 0 to below 1; SplitMix64 (Steele et al. 2014).
    fn random(&mut self) -> f32 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// How unlikely `token` was: -ln p over the whole vocabulary at temperature 1; `likeliest` is the
/// token with the largest logit.
pub fn surprisal(logits: &[f32], token: u32, likeliest: u32) -> f32 {
    let of = |token: u32| logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    let most = of(likeliest);
    (most - of(token) + sum_of_exp(logits, most).ln()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(temperature: u32, top_p: u32, seed: u32) -> Sampler {
        Sampler::new(Sampling { temperature, top_p, seed })
    }

    /// How often each of three tokens is drawn.
    fn drawn(mut sampler: Sampler, logits: &[f32]) -> [u32; 3] {
        let mut counts = [0; 3];
        for _ in 0..10_000 {
            counts[sampler.draw(logits, 0) as usize] += 1;
        }
        counts
    }

    #[test]
    fn tokens_are_drawn_as_often_as_they_are_likely() {
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        let counts = drawn(sampler(1000, 1000, 7), &logits);
        for (count, expected) in counts.iter().zip([5000, 3000, 2000]) {
            assert!(count.abs_diff(expected) < 200, "{counts:?}");
        }
        // A temperature of one half squares the chances: 25 to 9 to 4.
        let counts = drawn(sampler(500, 1000, 7), &logits);
        for (count, expected) in counts.iter().zip([6579, 2368, 1053]) {
            assert!(count.abs_diff(expected) < 200, "{counts:?}");
        }
    }

    #[test]
    fn what_is_outside_of_the_nucleus_is_never_drawn() {
        let logits = [0.5f32.ln(), 0.3f32.ln(), 0.2f32.ln()];
        assert_eq!(drawn(sampler(1000, 700, 7), &logits)[2], 0);
        assert_eq!(drawn(sampler(1000, 400, 7), &logits), [10_000, 0, 0]);
        assert_eq!(drawn(sampler(0, 1000, 7), &logits), [10_000, 0, 0]);
        assert_eq!(drawn(sampler(1000, 1000, 7), &[0.0, f32::NAN, f32::NEG_INFINITY])[0], 10_000);
    }

    #[test]
    fn a_seed_draws_the_same_tokens_and_another_seed_others() {
        let logits: Vec<f32> = (0..50).map(|token| -(token as f32) / 20.0).collect();
        let draw = |seed| {
            let mut sampler = sampler(1000, 950, seed);
            (0..20).map(|_| sampler.draw(&logits, 0)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn surprisal_is_over_the_whole_vocabulary() {
        let logits: Vec<f32> = (0..1001).map(|token| (token % 7) as f32 - 3.0).collect();
        let sum: f64 = logits.iter().map(|logit| f64::from(*logit).exp()).sum();
        for token in [0, 6, 1000] {
            let expected = sum.ln() - f64::from(logits[token as usize]);
            let got = f64::from(surprisal(&logits, token, 6));
            assert!((got - expected).abs() < 1e-4, "{got} {expected}");
        }
        assert_eq!(surprisal(&[0.0, f32::NEG_INFINITY], 0, 0), 0.0);
        assert_eq!(surprisal(&[0.0, f32::NEG_INFINITY], 1, 0), f32::INFINITY);
    }
}
