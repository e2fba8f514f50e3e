//! Which token comes next: the most likely one, or one that is drawn, or the most likely one that
//! is allowed.
//!
//! Owns the choice under a constraint, what a constraint that fails means (the answer goes on
//! without it), and how unlikely the chosen tokens were. How one is drawn is [`crate::sample`]'s.
//! Called by the generator.

use std::time::Instant;

use text2sql_core::protocol::{Constraint, ConstraintUse, GenerationStats, Sampling};

use crate::constraint::{Constrained, ConstraintError, Constraints, Judgement};
use crate::error::EngineError;
use crate::sample::{Sampler, surprisal};
use crate::tokenizer::TextTokenizer;

/// Tokens refused in a row at one place before names are no longer looked at.
const MAX_REFUSED: u32 = 64;

/// Likeliest tokens that are asked for one by one before a mask is made.
const MAX_ASKED: usize = 48;

/// What the generator is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Take this token.
    Token(u32),
    /// Take back that many tokens and compute again.
    Back(usize),
}

/// Chooses the tokens of one answer.
pub struct Chooser {
    answer: Option<Constrained>,
    sampler: Option<Sampler>,
    /// The token chosen last, until it is taken.
    chosen: Option<f32>,
    /// For each token of the answer how unlikely it was; nothing for those that were forced.
    surprisals: Vec<Option<f32>>,
    /// What the constraint took for each choice, microseconds.
    times: Vec<u32>,
}

impl Chooser {
    /// For an answer under `constraint`, if there is one; notes in `stats` what became of it.
    pub fn new(
        constraints: &mut Constraints,
        constraint: Option<&Constraint>,
        sampling: Option<Sampling>,
        assistant_prefix: &str,
        stats: &mut GenerationStats,
    ) -> Self {
        let sampler = sampling.map(Sampler::new);
        let free =
            Self { answer: None, sampler, chosen: None, surprisals: Vec::new(), times: Vec::new() };
        let Some(constraint) = constraint else { return free };
        let begin = Instant::now();
        let answer = constraints.start(constraint, assistant_prefix).ok();
        stats.compile_us = begin.elapsed().as_micros() as u64;
        stats.constraint =
            if answer.is_some() { ConstraintUse::Kept } else { ConstraintUse::Failed };
        Self { answer, ..free }
    }

    /// Whether text may still be taken back.
    pub fn may_go_back(&self) -> bool {
        self.answer.as_ref().is_some_and(Constrained::keeps_names)
    }

    /// The next token, or how far to go back.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] where there is no most likely token.
    pub fn choose(
        &mut self,
        logits: &[f32],
        tokenizer: &TextTokenizer,
        stats: &mut GenerationStats,
    ) -> Result<Choice, EngineError> {
        let likeliest = most_likely(logits, |_| true).ok_or(EngineError::NotFinite)?;
        let free = match &mut self.sampler {
            Some(sampler) => sampler.draw(logits, likeliest),
            None => likeliest,
        };
        let choice = self.choose_from(free, logits, tokenizer, stats);
        self.chosen = match choice {
            Choice::Token(token) => Some(surprisal(logits, token, likeliest)),
            Choice::Back(_) => None,
        };
        Ok(choice)
    }

    /// `free`, or what the constraint makes of it.
    fn choose_from(
        &mut self,
        free: u32,
        logits: &[f32],
        tokenizer: &TextTokenizer,
        stats: &mut GenerationStats,
    ) -> Choice {
        let Some(answer) = &mut self.answer else { return Choice::Token(free) };
        let begin = Instant::now();
        let choice = constrained(answer, logits, free, tokenizer);
        let took = begin.elapsed().as_micros();
        stats.mask_us += took as u64;
        self.times.push(took as u32);
        let choice = match choice {
            Ok(choice) => choice,
            Err(_) => {
                self.give_up(stats);
                return Choice::Token(free);
            }
        };
        if !answer.keeps_names() {
            stats.constraint = ConstraintUse::NamesGivenUp;
        }
        match choice {
            Choice::Token(token) => stats.masked_tokens += u32::from(token != free),
            Choice::Back(count) => stats.backtracked_tokens += count as u32,
        }
        choice
    }

    /// Notes a token as taken; returns those that must follow it, noted as taken too.
    pub fn take(
        &mut self,
        token: u32,
        tokenizer: &TextTokenizer,
        stats: &mut GenerationStats,
    ) -> Vec<u32> {
        let begin = Instant::now();
        let forced = self.answer.as_mut().map(|answer| taken(answer, token, tokenizer));
        let took = begin.elapsed().as_micros();
        stats.mask_us += took as u64;
        // That of the token's choice: taking it is part of what it costs.
        if let Some(time) = self.times.last_mut() {
            *time += took as u32;
        }
        self.surprisals.push(self.chosen.take());
        match forced {
            Some(Ok(forced)) => {
                stats.forced_tokens += forced.len() as u32;
                self.surprisals.resize(self.surprisals.len() + forced.len(), None);
                forced
            }
            Some(Err(_)) => {
                self.give_up(stats);
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Notes tokens as taken back.
    pub fn take_back(&mut self, count: usize, stats: &mut GenerationStats) {
        self.surprisals.truncate(self.surprisals.len().saturating_sub(count));
        if self.answer.as_mut().is_some_and(|answer| answer.rollback(count).is_err()) {
            self.give_up(stats);
        }
    }

    /// How unlikely the tokens of the whole answer were.
    pub fn weigh(&self, stats: &mut GenerationStats) {
        let millionths = |nats: f32| (f64::from(nats) * 1e6) as u64;
        let weighed = || self.surprisals.iter().flatten().copied().map(millionths);
        stats.weighed_tokens = weighed().count() as u32;
        stats.surprisal = weighed().fold(0, u64::saturating_add);
        stats.worst_surprisal = weighed().max().unwrap_or_default();
    }

    /// What the constraint took for each choice, with taking the token, microseconds.
    pub fn into_times(self) -> Vec<u32> {
        self.times
    }

    fn give_up(&mut self, stats: &mut GenerationStats) {
        self.answer = None;
        stats.constraint = ConstraintUse::Failed;
    }
}

fn constrained(
    answer: &mut Constrained,
    logits: &[f32],
    free: u32,
    tokenizer: &TextTokenizer,
) -> Result<Choice, ConstraintError> {
    // Mostly one of the likeliest is allowed, and asking for it is far cheaper than a mask.
    let mut likely = vec![free];
    for asked in 0..MAX_ASKED {
        if asked == 1 {
            // One that was drawn may be any of them: it is not asked for twice, nor in the place of
            // the likeliest.
            let others = likeliest(logits, MAX_ASKED).into_iter().filter(|token| *token != free);
            likely.extend(others);
        }
        let Some(token) = likely.get(asked).copied() else { break };
        if answer.allows(token, tokenizer)? {
            match answer.judge(token, tokenizer)? {
                Judgement::Good => return Ok(Choice::Token(token)),
                Judgement::Back(count) => return Ok(Choice::Back(count)),
                Judgement::Bad => {}
            }
        }
    }
    for refused in 0..2 * MAX_REFUSED {
        if refused == MAX_REFUSED {
            answer.give_up_names();
        }
        // What was refused is not among the next ones.
        let token = likeliest_allowed(answer, logits)?;
        match answer.judge(token, tokenizer)? {
            Judgement::Good => return Ok(Choice::Token(token)),
            Judgement::Back(count) => return Ok(Choice::Back(count)),
            Judgement::Bad => {}
        }
    }
    Err(ConstraintError::DeadEnd)
}

/// The likeliest of all tokens that are allowed.
fn likeliest_allowed(answer: &mut Constrained, logits: &[f32]) -> Result<u32, ConstraintError> {
    let mut mask = answer.candidates()?;
    while let Some(token) = most_likely(logits, |token| mask.is_allowed(token)) {
        if answer.grammar_allows(token)? {
            return Ok(token);
        }
        mask.disallow_token(token);
    }
    // No candidate is: then names are not what they must be, which the whole mask sees.
    let mask = answer.mask()?;
    most_likely(logits, |token| mask.is_allowed(token)).ok_or(ConstraintError::DeadEnd)
}

/// The `count` tokens with the largest logits, the largest first, the lowest number among equals.
///
/// Most of a vocabulary is below the least of those found so far, which is seen of many at once.
fn likeliest(logits: &[f32], count: usize) -> Vec<u32> {
    const MANY: usize = 64;
    let mut found: Vec<(u32, f32)> = Vec::with_capacity(count + 1);
    for (first, logits) in (0u32..).step_by(MANY).zip(logits.chunks(MANY)) {
        let least = found.get(count.saturating_sub(1)).map_or(f32::NEG_INFINITY, |least| least.1);
        if logits.iter().copied().fold(f32::NEG_INFINITY, f32::max) <= least {
            continue;
        }
        for (token, logit) in (first..).zip(logits).filter(|(_, logit)| logit.is_finite()) {
            let at = found.partition_point(|(_, known)| known >= logit);
            if at < count {
                found.insert(at, (token, *logit));
                found.truncate(count);
            }
        }
    }
    found.into_iter().map(|(token, _)| token).collect()
}

fn taken(
    answer: &mut Constrained,
    token: u32,
    tokenizer: &TextTokenizer,
) -> Result<Vec<u32>, ConstraintError> {
    answer.advance(token, tokenizer)?;
    let mut forced = answer.forced(tokenizer);
    for (count, token) in forced.iter().enumerate() {
        // Nobody chose it: that it is allowed is still to be seen.
        if !answer.allows(*token, tokenizer)? {
            forced.truncate(count);
            break;
        }
        answer.advance(*token, tokenizer)?;
    }
    Ok(forced)
}

/// The allowed token with the largest logit, the lowest number among equals.
fn most_likely(logits: &[f32], allowed: impl Fn(u32) -> bool) -> Option<u32> {
    let mut best: Option<(u32, f32)> = None;
    for (token, logit) in (0u32..).zip(logits) {
        if logit.is_finite() && best.is_none_or(|(_, most)| *logit > most) && allowed(token) {
            best = Some((token, *logit));
        }
    }
    best.map(|(token, _)| token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_likeliest_come_in_order() {
        assert_eq!(likeliest(&[0.0, 2.0, f32::NAN, 1.0, 2.0], 3), [1, 4, 3]);
        assert_eq!(likeliest(&[0.0], 3), [0]);
        assert!(likeliest(&[], 3).is_empty());
        assert!(likeliest(&[1.0, 2.0], 0).is_empty());
    }

    proptest! {
        #[test]
        fn the_likeliest_of_many_are_those_of_all_in_order(
            logits in proptest::collection::vec(
                prop_oneof![
                    8 => (-9i8..9).prop_map(|x| f32::from(x) / 2.0),
                    4 => any::<f32>(),
                    1 => Just(f32::NAN),
                    1 => Just(f32::NEG_INFINITY),
                    1 => Just(f32::INFINITY),
                ],
                0..400,
            ),
            count in 0..100usize,
        ) {
            let mut all: Vec<u32> = (0u32..).zip(&logits)
                .filter(|(_, logit)| logit.is_finite()).map(|(token, _)| token).collect();
            // Stable: the lowest number among equals comes first.
            all.sort_by(|a, b| {
                logits[*b as usize].partial_cmp(&logits[*a as usize]).expect("numbers")
            });
            all.truncate(count);
            prop_assert_eq!(likeliest(&logits, count), all);
        }
    }

    /// Candidates may hold what is not allowed; what is chosen of them is the same.
    #[test]
    fn the_likeliest_candidate_that_is_allowed_is_the_likeliest_of_the_mask() {
        let (mut answer, tokens) = crate::constraint::made_up().unwrap();
        let statement = "SELECT c, count(*) FROM s.tab WHERE a1 > -1 AND (c = 'x') ORDER BY 1;";
        let (mut state, mut in_doubt, mut refused) = (7u64, 0, 0);
        for byte in statement.bytes() {
            let mask = answer.mask().unwrap();
            let candidates = answer.candidates().unwrap();
            in_doubt += candidates.num_set() - mask.num_set();
            for _ in 0..20 {
                let logits: Vec<f32> = std::iter::repeat_with(|| {
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
                    (state >> 40) as f32
                })
                .take(tokens.len())
                .collect();
                let expected = most_likely(&logits, |token| mask.is_allowed(token));
                let first = most_likely(&logits, |token| candidates.is_allowed(token));
                refused += usize::from(first != expected);
                assert_eq!(likeliest_allowed(&mut answer, &logits).ok(), expected);
            }
            let token = tokens.iter().position(|bytes| *bytes == [byte]).unwrap();
            answer.advance_by(token as u32, &[byte]).unwrap();
        }
        assert!(in_doubt > 0 && refused > 0, "{in_doubt} in doubt, {refused} chosen and refused");
    }

    #[test]
    fn the_first_of_equal_logits_wins_and_nan_never() {
        assert_eq!(most_likely(&[0.0, 2.0, 2.0, f32::NAN], |_| true), Some(1));
        assert_eq!(most_likely(&[0.0, 2.0, 2.0, f32::NAN], |token| token != 1), Some(2));
        assert_eq!(most_likely(&[f32::NAN], |_| true), None);
        assert_eq!(most_likely(&[], |_| true), None);
    }
}
