//! One generation: prompt to tokens, prefill in chunks, greedy decoding, end of the statement.
//!
//! Owns the loop and its limits; computes nothing itself (`arch`) and sends nothing (the frame
//! loop does). Cancel and deadline are looked at before every forward pass.

use std::time::Instant;

use text2sql_core::protocol::{Event, Finish, GenerateRequest, GenerationStats};

use crate::arch::Logits;
use crate::control::Control;
use crate::error::EngineError;
use crate::model::LoadedModel;
use crate::prefix_cache::Sequence;
use crate::stop::StatementEnd;
use crate::tokenizer::Utf8Stream;

/// A finished generation.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// All text, without prefix and terminator.
    pub text: String,
    /// Why it ended.
    pub finish: Finish,
    /// Counts and times.
    pub stats: GenerationStats,
}

impl LoadedModel {
    /// Generates an answer.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`], [`EngineError::Cancelled`], [`EngineError::Deadline`] or a
    /// failure of the computation. The model stays usable.
    pub fn generate(
        &mut self,
        request: &GenerateRequest,
        control: &Control,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Completion, EngineError> {
        control.check()?;
        let segments = self.chat.segments(&request.prompt);
        let prompt = self.prompt_tokens.encode(&self.tokenizer, &request.cache_scope, &segments)?;
        let new = request.max_new_tokens.max(1) as usize;
        let fits = prompt.len().checked_add(new).is_some_and(|total| total <= self.context);
        if !fits {
            return Err(EngineError::PromptTooLong {
                prompt: prompt.len(),
                new,
                context: self.context,
            });
        }
        let mut sequence = self.prefixes.take(&request.cache_scope, &prompt, self.context);
        let result = self.run(request, &prompt, new, control, &mut sequence, on_event);
        // Also after a cancelled prefill: what was computed is right and may be continued.
        self.prefixes.put(sequence);
        result
    }

    fn run(
        &mut self,
        request: &GenerateRequest,
        prompt: &[u32],
        new: usize,
        control: &Control,
        sequence: &mut Sequence,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Completion, EngineError> {
        let cached = sequence.tokens().len();
        let mut stats = GenerationStats {
            prompt_tokens: prompt.len() as u32,
            cached_tokens: cached as u32,
            ..GenerationStats::default()
        };
        on_event(Event::Started {
            prompt_tokens: stats.prompt_tokens,
            cached_tokens: stats.cached_tokens,
        });

        let begin = Instant::now();
        let mut rest = prompt.get(cached..).unwrap_or_default();
        let mut logits = Vec::new();
        while !rest.is_empty() {
            control.check()?;
            let (chunk, after) = rest.split_at(rest.len().min(self.prefill_chunk));
            let wanted = if after.is_empty() { Logits::Last } else { Logits::None };
            logits = self.decoder.forward(chunk, sequence.cache_mut(), wanted)?;
            sequence.push(chunk);
            rest = after;
        }
        stats.prefill_us = begin.elapsed().as_micros() as u64;

        let begin = Instant::now();
        let mut stream = Utf8Stream::default();
        let mut scanner = StatementEnd::new(&request.prompt.assistant_prefix);
        let mut text = String::new();
        let mut emit = |piece: String, text: &mut String| {
            if !piece.is_empty() {
                text.push_str(&piece);
                on_event(Event::Delta { text: piece });
            }
        };
        let mut finish = Finish::Length;
        loop {
            control.check()?;
            let token = most_likely(&logits)?;
            if self.tokenizer.ends_turn(token) {
                finish = Finish::Stop;
                break;
            }
            stats.generated_tokens += 1;
            let fed = scanner.feed(&stream.push(self.tokenizer.bytes(token)));
            emit(fed.text, &mut text);
            if fed.ended {
                finish = Finish::Stop;
                break;
            }
            if stats.generated_tokens as usize >= new {
                break;
            }
            logits = self.decoder.forward(&[token], sequence.cache_mut(), Logits::Last)?;
            sequence.push(&[token]);
        }
        let tail = scanner.feed(&stream.finish()).text + &scanner.finish();
        emit(tail, &mut text);
        stats.decode_us = begin.elapsed().as_micros() as u64;
        Ok(Completion { text, finish, stats })
    }
}

/// The token with the largest logit, the lowest number among equals.
fn most_likely(logits: &[f32]) -> Result<u32, EngineError> {
    let mut best: Option<(u32, f32)> = None;
    for (token, logit) in (0u32..).zip(logits) {
        if logit.is_finite() && best.is_none_or(|(_, most)| *logit > most) {
            best = Some((token, *logit));
        }
    }
    best.map(|(token, _)| token).ok_or(EngineError::NotFinite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_logits_wins_and_nan_never() {
        assert_eq!(most_likely(&[0.0, 2.0, 2.0, f32::NAN]).expect("finite"), 1);
        assert!(most_likely(&[f32::NAN]).is_err());
        assert!(most_likely(&[]).is_err());
    }
}
