//! One generation: prompt to tokens, prefill in chunks, greedy decoding, end of the statement.
//!
//! Owns the loop and its limits; computes nothing itself (`arch`), decides no token (`choose`),
//! guesses none (`lookahead`) and sends nothing (the frame loop does). Under a constraint tokens may be taken back, so nothing is
//! told of the text until it is certain. Cancel and deadline are looked at before every forward pass.

use std::time::Instant;

use text2sql_core::protocol::{Event, Finish, GenerateRequest, GenerationStats};

use crate::arch::Logits;
use crate::choose::{Choice, Chooser};
use crate::control::Control;
use crate::error::EngineError;
use crate::lookahead::Lookahead;
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
        let prefix = &request.prompt.assistant_prefix;
        let constraint = request.constraint.as_ref();
        let mut chooser = Chooser::new(&mut self.constraints, constraint, prefix, &mut stats);
        let mut output = Output::new(prefix);
        let mut lookahead = Lookahead::default();
        let mut answer: Vec<u32> = Vec::new();
        let mut computed = Computed::new(logits);
        let mut finish = Finish::Length;
        'answer: loop {
            control.check()?;
            let logits = computed.row(self.decoder.vocab());
            let token = match chooser.choose(logits, &self.tokenizer, &mut stats)? {
                Choice::Token(token) => token,
                Choice::Back(count) => {
                    chooser.take_back(count, &mut stats);
                    let keep = answer.len().saturating_sub(count);
                    answer.truncate(keep);
                    output = Output::new(prefix);
                    for token in &answer {
                        output.push(self.tokenizer.bytes(*token));
                    }
                    // The last token kept once more, for what comes after it.
                    let length = prompt.len() + keep;
                    let last = answer.last().or(prompt.last()).copied().unwrap_or_default();
                    sequence.truncate(length - 1);
                    let logits =
                        self.decoder.forward(&[last], sequence.cache_mut(), Logits::Last)?;
                    sequence.push(&[last]);
                    computed = Computed::new(logits);
                    continue;
                }
            };
            if self.tokenizer.ends_turn(token) {
                finish = Finish::Stop;
                break;
            }
            let mut run = vec![token];
            run.extend(chooser.take(token, &self.tokenizer, &mut stats));
            run.truncate(new - answer.len());
            for token in &run {
                answer.push(*token);
                if output.push(self.tokenizer.bytes(*token)) {
                    finish = Finish::Stop;
                    break 'answer;
                }
            }
            // What may be taken back is not told yet.
            if !chooser.may_go_back() {
                output.tell(on_event);
            }
            if answer.len() >= new {
                break;
            }
            let known = computed.confirm(&run);
            stats.right_tokens += known as u32;
            let fresh = run.get(known..).unwrap_or_default();
            if !fresh.is_empty() {
                // What was guessed beyond is wrong.
                sequence.truncate(prompt.len() + answer.len() - fresh.len());
                lookahead.learn(computed.guessed, computed.right);
                let guess = if self.decoder.exact() && self.guess_ahead {
                    lookahead.guess(prompt, &answer, new - answer.len())
                } else {
                    Vec::new()
                };
                stats.guessed_tokens += guess.len() as u32;
                let tokens = [fresh, &guess].concat();
                let wanted = Logits::Tail(1 + guess.len());
                let logits = self.decoder.forward(&tokens, sequence.cache_mut(), wanted)?;
                sequence.push(&tokens);
                computed = Computed { logits, at: 0, guessed: guess.len(), right: 0, ahead: guess };
            }
        }
        sequence.truncate(prompt.len() + answer.len());
        stats.generated_tokens = answer.len() as u32;
        let text = output.finish(on_event);
        stats.decode_us = begin.elapsed().as_micros() as u64;
        Ok(Completion { text, finish, stats })
    }
}

/// Logits of the last token, and of those guessed to come after it.
struct Computed {
    logits: Vec<f32>,
    /// The row that is due.
    at: usize,
    /// Guesses that were neither confirmed nor refuted yet; a row of logits follows each.
    ahead: Vec<u32>,
    guessed: usize,
    right: usize,
}

impl Computed {
    /// Of one token.
    fn new(logits: Vec<f32>) -> Self {
        Self { logits, at: 0, ahead: Vec::new(), guessed: 0, right: 0 }
    }

    /// The row that is due, of `width` tokens.
    fn row(&self, width: usize) -> &[f32] {
        self.logits.get(self.at * width..(self.at + 1) * width).unwrap_or_default()
    }

    /// Goes on to the row after as much of `run` as was guessed; tells how much.
    fn confirm(&mut self, run: &[u32]) -> usize {
        let known = run.iter().zip(&self.ahead).take_while(|(a, b)| a == b).count();
        self.ahead.drain(..known);
        self.at += known;
        self.right += known;
        known
    }
}

/// The answer's text as it grows.
struct Output {
    stream: Utf8Stream,
    scanner: StatementEnd,
    text: String,
    /// Bytes of the text that were told.
    told: usize,
}

impl Output {
    fn new(assistant_prefix: &str) -> Self {
        let scanner = StatementEnd::new(assistant_prefix);
        Self { stream: Utf8Stream::default(), scanner, text: String::new(), told: 0 }
    }

    /// Adds a token's bytes; whether the statement ends with them.
    fn push(&mut self, bytes: &[u8]) -> bool {
        let fed = self.scanner.feed(&self.stream.push(bytes));
        self.text.push_str(&fed.text);
        fed.ended
    }

    /// Sends what was not told yet.
    fn tell(&mut self, on_event: &mut dyn FnMut(Event)) {
        let new = self.text.get(self.told..).unwrap_or_default();
        if !new.is_empty() {
            on_event(Event::Delta { text: new.to_owned() });
        }
        self.told = self.text.len();
    }

    fn finish(mut self, on_event: &mut dyn FnMut(Event)) -> String {
        let tail = self.scanner.feed(&self.stream.finish()).text + &self.scanner.finish();
        self.text.push_str(&tail);
        self.tell(on_event);
        self.text
    }
}
