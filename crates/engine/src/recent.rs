//! Answers given lately, to guess the next ones from.
//!
//! Owns the tokens of the last few answers of each scope, and of phrases that many statements have.
//! A role's questions lead to statements that are alike: the same joins, the same ends. Kept per
//! scope like keys and values, and for the same reason: how fast an answer comes tells what was
//! guessed right; see [`crate::prefix_cache`]. Called by the scheduler.

use std::collections::VecDeque;

use text2sql_core::chat::Segment;

use crate::tokenizer::TextTokenizer;

/// Scopes whose answers are kept.
const MAX_SCOPES: usize = 32;
/// Answers kept of a scope.
const MAX_ANSWERS: usize = 32;
/// Tokens kept of an answer, from its beginning.
const MAX_TOKENS: usize = 256;
/// Tokens of the prompt's end that are kept with an answer: what its beginning is found by.
const LEAD: usize = 2;

/// What many statements have, whatever they are about. Spelled as models spell it: capitals, one
/// space, and what comes before it.
const PHRASES: [&str; 12] = [
    "```sql\nSELECT COUNT(*) FROM",
    "```sql\nSELECT DISTINCT",
    ", COUNT(*) AS",
    " GROUP BY",
    " ORDER BY COUNT(*) DESC LIMIT 1",
    " HAVING COUNT(*) >",
    " LEFT JOIN",
    " IS NOT NULL",
    " NOT IN (SELECT",
    " NOT EXISTS (SELECT 1 FROM",
    "(EXTRACT(YEAR FROM",
    " WHERE EXTRACT(YEAR FROM",
];

/// Answers of one scope, the latest first.
struct Scope {
    name: String,
    answers: VecDeque<Vec<u32>>,
}

/// Answers of all scopes, and the phrases.
#[derive(Default)]
pub struct Recent {
    scopes: VecDeque<Scope>,
    phrases: Vec<Vec<u32>>,
}

impl Recent {
    /// None yet; phrases in the tokens of a vocabulary.
    pub fn new(tokenizer: &TextTokenizer) -> Self {
        let tokens = |phrase: &&str| tokenizer.encode(&[Segment::Text((*phrase).into())]).ok();
        Self { scopes: VecDeque::new(), phrases: PHRASES.iter().filter_map(tokens).collect() }
    }

    /// What an answer of the scope may repeat, the likeliest first.
    pub fn of<'a>(&'a self, scope: &str) -> Vec<&'a [u32]> {
        let own = self.scopes.iter().find(|own| own.name == scope);
        let answers = own.into_iter().flat_map(|own| &own.answers);
        answers.chain(&self.phrases).map(Vec::as_slice).collect()
    }

    /// Keeps an answer to a prompt. Without a scope nothing is kept.
    pub fn put(&mut self, scope: &str, prompt: &[u32], answer: &[u32]) {
        if scope.is_empty() || answer.is_empty() {
            return;
        }
        let lead = prompt.get(prompt.len().saturating_sub(LEAD)..).unwrap_or_default();
        let answer = answer.get(..answer.len().min(MAX_TOKENS)).unwrap_or_default();
        let answer = [lead, answer].concat();
        let place = self.scopes.iter().position(|own| own.name == scope);
        let mut own = place
            .and_then(|index| self.scopes.remove(index))
            .unwrap_or_else(|| Scope { name: scope.to_owned(), answers: VecDeque::new() });
        own.answers.retain(|earlier| *earlier != answer);
        own.answers.push_front(answer);
        own.answers.truncate(MAX_ANSWERS);
        self.scopes.push_front(own);
        self.scopes.truncate(MAX_SCOPES);
    }

    /// Forgets all answers.
    pub fn clear(&mut self) {
        self.scopes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_by_scope_the_latest_first() {
        let mut recent = Recent::default();
        recent.put("a", &[7, 8, 9], &[1, 2]);
        recent.put("a", &[9], &[3]);
        recent.put("b", &[], &[4]);
        recent.put("", &[], &[5]);
        assert_eq!(recent.of("a"), [&[9, 3][..], &[8, 9, 1, 2]]);
        assert_eq!(recent.of("b"), [&[4][..]]);
        assert!(recent.of("").is_empty());
        recent.put("a", &[8, 9], &[1, 2]);
        assert_eq!(recent.of("a"), [&[8, 9, 1, 2][..], &[9, 3]], "kept once");
        recent.clear();
        assert!(recent.of("a").is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut recent = Recent::default();
        for scope in 0..2 * MAX_SCOPES {
            for answer in 0..2 * MAX_ANSWERS as u32 {
                let answer: Vec<u32> = (answer..).take(3 * MAX_TOKENS).collect();
                recent.put(&scope.to_string(), &[0; 9], &answer);
            }
        }
        assert_eq!(recent.scopes.len(), MAX_SCOPES);
        for own in &recent.scopes {
            assert_eq!(own.answers.len(), MAX_ANSWERS);
            assert!(own.answers.iter().all(|answer| answer.len() == LEAD + MAX_TOKENS));
        }
        assert!(recent.of("0").is_empty(), "the scope unused for longest goes");
    }
}
