//! Random numbers that are the same everywhere: splitmix64.
//!
//! Owns the stream a statement is made from. Must not change between versions without need:
//! seeds in reports of findings would lose their meaning.

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The stream of statement `number` in the run with `seed`.
    pub fn new(seed: u64, number: u64) -> Self {
        let mut rng = Self(seed);
        let start = rng.number();
        Self(start ^ number.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        let end = (end as u64).max(1);
        usize::try_from(self.number() % end).unwrap_or(0)
    }

    /// True `percent` times of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of `names`; the empty name if there is none.
    pub fn name<'a>(&mut self, names: &'a [String]) -> &'a str {
        names.get(self.below(names.len())).map_or("", String::as_str)
    }

    /// One of `words`; the empty word if there is none.
    pub fn word(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_seed_and_number() {
        let take = |seed, number| {
            let mut rng = Rng::new(seed, number);
            [rng.number(), rng.number(), rng.number()]
        };
        assert_eq!(take(1, 2), take(1, 2));
        assert_ne!(take(1, 2), take(1, 3));
        assert_ne!(take(1, 2), take(2, 2));
    }

    #[test]
    fn numbers_stay_below_their_end() {
        let mut rng = Rng::new(7, 7);
        assert!((0..1000).all(|_| rng.below(3) < 3));
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.name(&[]), "");
    }
}
