//! Guesses of the next tokens, to be computed together with the one that is known.
//!
//! Owns the guesses from tokens; those from the schema are [`text2sql_core::draft`]'s and come first.
//! An answer copies names from its prompt, repeats itself, and repeats what earlier answers had, so
//! what came after the last few tokens before is likely to come again; decoding is bound by reading
//! weights, and several tokens read them once. The generator computes the guesses' logits in the
//! same pass and keeps those it would have chosen anyway: an answer is the same to the bit with and
//! without them. Source of the method: prompt lookup decoding (Saxena 2023), greedy verification as
//! in Leviathan et al. 2023.

/// Lengths of what must have come before, the surest first.
const LOOK_BACK: [usize; 5] = [8, 4, 3, 2, 1];

/// Guesses that fill, with the token that is known, a tile of the products and, of narrower ones,
/// two: a pass over a tile takes little longer than one over a single token.
const FEW: usize = 3;
pub(crate) const MANY: usize = 7;

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
    /// What may come after `prompt` and `answer`, where `others` are earlier answers, the likeliest
    /// to be repeated first; at most `limit` tokens, often none.
    pub fn guess(
        &self,
        prompt: &[u32],
        answer: &[u32],
        others: &[&[u32]],
        limit: usize,
    ) -> Vec<u32> {
        let all: Vec<u32> = prompt.iter().chain(answer).copied().collect();
        let most = self.most.min(limit);
        for length in LOOK_BACK {
            let Some(from) = all.len().checked_sub(length) else { continue };
            let last = all.get(from..).unwrap_or_default();
            // A single token of a prompt is followed by anything.
            let own = if length == 1 { answer } else { &all };
            let found =
                after(own, last).or_else(|| others.iter().find_map(|other| after(other, last)));
            // Few tokens alone are often chance. After one, a second and third guess were right in
            // 16 of 340 cases (1.5B, 24 questions), and every row of a pass costs.
            let most = match length {
                1 => most.min(1),
                2 => most.min(FEW),
                _ => most,
            };
            if let Some(next) = found {
                return next.iter().take(most).copied().collect();
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

/// What follows the latest place of `pattern` in `text`, if anything does.
fn after<'a>(text: &'a [u32], pattern: &[u32]) -> Option<&'a [u32]> {
    let places = text.len().checked_sub(pattern.len())?;
    let at = (0..places).rev().find(|at| text.get(*at..at + pattern.len()) == Some(pattern))?;
    text.get(at + pattern.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_the_same_tokens_is_guessed() {
        let lookahead = Lookahead::default();
        let prompt = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(lookahead.guess(&prompt, &[9, 2, 3], &[], 9), [4, 5, 6]);
        assert_eq!(lookahead.guess(&prompt, &[9, 2, 3], &[], 2), [4, 5]);
        assert_eq!(lookahead.guess(&prompt, &[9, 10], &[], 9), [0; 0]);
        assert_eq!(lookahead.guess(&[], &[], &[], 9), [0; 0]);
    }

    #[test]
    fn the_longest_and_then_the_latest_match_counts() {
        let lookahead = Lookahead::default();
        let prompt = [1, 2, 3, 40, 2, 3, 50, 2, 3, 60];
        assert_eq!(lookahead.guess(&prompt, &[2, 3], &[], 1), [60]);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], &[], 1), [40]);
    }

    #[test]
    fn an_earlier_answer_is_repeated_where_the_prompt_says_nothing() {
        let lookahead = Lookahead::default();
        let earlier: [&[u32]; 2] = [&[7, 5, 6], &[7, 9, 5, 8]];
        assert_eq!(lookahead.guess(&[1, 2], &[7], &earlier, 9), [5]);
        assert_eq!(lookahead.guess(&[1, 2], &[9, 5], &earlier, 9), [8]);
        assert_eq!(lookahead.guess(&[1, 7, 3], &[7], &[], 9), [0; 0], "one token of a prompt");
        assert_eq!(lookahead.guess(&[1], &[7, 3, 7], &earlier, 9), [3], "the answer itself first");
    }

    #[test]
    fn more_is_guessed_while_it_goes_well() {
        let mut lookahead = Lookahead::default();
        let prompt: Vec<u32> = (0..20).collect();
        lookahead.learn(3, 3);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], &[], 9).len(), MANY);
        lookahead.learn(7, 6);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], &[], 9).len(), FEW);
        lookahead.learn(0, 0);
        assert_eq!(lookahead.guess(&prompt, &[1, 2, 3], &[], 9).len(), FEW);
    }
}
