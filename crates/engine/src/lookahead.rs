//! Guesses of the next tokens, to be computed together with the one that is known.
//!
//! Owns the guesses only. An answer copies names from its prompt and repeats itself, so what came
//! after the last few tokens before is likely to come again; decoding is bound by reading weights,
//! and several tokens read them once. The generator computes the guesses' logits in the same pass
//! and keeps those it would have chosen anyway: an answer is the same to the bit with and without
//! them. Source of the method: prompt lookup decoding (Saxena 2023), greedy verification as in
//! Leviathan et al. 2023.

/// Lengths of what must have come before, the surest first.
const LOOK_BACK: [usize; 3] = [4, 3, 2];

/// Guesses that fill, with the token that is known, one and two tiles of the products: a pass over
/// a tile takes little longer than one over a single token.
const FEW: usize = 3;
const MANY: usize = 7;

/// How well guessing went lately.
#[derive(Debug)]
pub struct Lookahead {
    most: usize,
}

impl Default for Lookahead {
    fn default() -> Self {
        Self { most: FEW }
    }
}

impl Lookahead {
    /// What may come after `prompt` and `answer`; at most `limit` tokens, often none.
    pub fn guess(&self, prompt: &[u32], answer: &[u32], limit: usize) -> Vec<u32> {
        let all: Vec<u32> = prompt.iter().chain(answer).copied().collect();
        let most = self.most.min(limit);
        for length in LOOK_BACK {
            let Some(from) = all.len().checked_sub(length) else { continue };
            let (before, last) = all.split_at(from);
            // The latest place, but for the end itself.
            let found = (0..before.len()).rev().find(|at| all.get(*at..at + length) == Some(last));
            if let Some(at) = found {
                // Two tokens alone are often chance.
                let most = if length == 2 { most.min(FEW) } else { most };
                let until = all.len().min(at + length + most);
                return all.get(at + length..until).unwrap_or_default().to_vec();
            }
        }
        Vec::new()
    }

    /// Notes how many guesses of the last pass were right.
    pub fn learn(&mut self, guessed: usize, right: usize) {
        if guessed > 0 {
            self.most = if right == guessed { MANY } else { FEW };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_the_same_tokens_is_guessed() {
        let lookahead = Lookahead::default();
        let prompt = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(lookahead.guess(&prompt, &[9, 2, 3], 9), [4, 5, 6]);
        assert_eq!(lookahead.guess(&prompt, &[9, 2, 3], 2), [4, 5]);
        assert_eq!(lookahead.guess(&prompt, &[9, 9], 9), [0; 0]);
        assert_eq!(lookahead.guess(&[], &[], 9), [0; 0]);
    }

    #[test]
    fn the_longest_and_then_the_latest_match_counts() {
        let lookahead = Lookahead::default();
        let prompt = [1, 2, 3, 40, 2, 3, 50, 2, 3, 60];
        assert_eq!(lookahead.guess(&prompt, &[2, 3], 1), [60]);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], 1), [40]);
    }

    #[test]
    fn more_is_guessed_while_it_goes_well() {
        let mut lookahead = Lookahead::default();
        let prompt: Vec<u32> = (0..20).collect();
        lookahead.learn(3, 3);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], 9).len(), MANY);
        lookahead.learn(7, 6);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], 9).len(), FEW);
        lookahead.learn(0, 0);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], 9).len(), FEW);
    }
}
