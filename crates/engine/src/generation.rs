//! One answer in the making: its prompt, its sequence, and what is to be computed next.
//!
//! Owns the state of a request from its first prefill chunk to the end of its statement. Computes
//! nothing itself (`arch`), decides no token (`choose`), guesses none (`lookahead`), and knows of
//! no other request: the scheduler asks what is due, computes it together with what is due
//! elsewhere, and hands the logits back. Under a constraint tokens may be taken back, so nothing
//! is told of the text until it is certain.

use std::time::Instant;

use text2sql_core::draft::Draft;
use text2sql_core::protocol::{
    Constraint, Event, Finish, GenerateRequest, GenerationStats, Sampling,
};

use crate::arch::{Logits, Span};
use crate::choose::{Choice, Chooser};
use crate::constraint::Constraints;
use crate::control::Control;
use crate::error::EngineError;
use crate::generate::Completion;
use crate::lookahead::{self, Lookahead};
use crate::output::Output;
use crate::prefix_cache::{Sequence, common};
use crate::recent::Recent;
use crate::tokenizer::TextTokenizer;

/// A request whose prompt is known to fit, before anything is computed for it.
#[derive(Debug)]
pub struct Asked {
    /// Chosen by whoever asks.
    pub id: u64,
    /// When to stop before the end.
    pub control: Control,
    /// What may share prefixes with it.
    pub scope: String,
    /// Its prompt; at least one token.
    pub prompt: Vec<u32>,
    /// Most tokens of the answer; with 0 the prompt alone is computed.
    pub most: usize,
    prefix: String,
    /// What the schema in its prompt lets guess.
    draft: Draft,
    constraint: Option<Constraint>,
    sampling: Option<Sampling>,
}

impl Asked {
    /// A request with its prompt as tokens.
    pub fn new(id: u64, request: GenerateRequest, control: Control, prompt: Vec<u32>) -> Self {
        Self {
            id,
            control,
            scope: request.cache_scope,
            prompt,
            most: request.max_new_tokens as usize,
            prefix: request.prompt.assistant_prefix,
            draft: Draft::new(request.prompt.system),
            constraint: request.constraint,
            sampling: request.sampling,
        }
    }
}

/// A request being answered.
pub struct Generation {
    asked: Asked,
    sequence: Sequence,
    chooser: Chooser,
    output: Output,
    lookahead: Lookahead,
    stats: GenerationStats,
    /// Whether the whole prompt was computed.
    prefilled: bool,
    /// Tokens of the answer.
    answer: Vec<u32>,
    /// Tokens known to follow the sequence; those of the prompt that are left count.
    fresh: Vec<u32>,
    /// Tokens of the next pass, and which logits it is to give.
    due: Vec<u32>,
    logits: Logits,
    computed: Computed,
    /// When the phase it is in began: prefill, then decode.
    since: Instant,
}

impl Generation {
    /// Begins to answer over a sequence that may hold a beginning of the prompt.
    pub fn begin(asked: Asked, sequence: Sequence, constraints: &mut Constraints) -> Self {
        let since = Instant::now();
        let cached = sequence.tokens().len();
        let mut stats = GenerationStats {
            prompt_tokens: asked.prompt.len() as u32,
            cached_tokens: cached as u32,
            ..GenerationStats::default()
        };
        let constraint = asked.constraint.as_ref();
        let chooser =
            Chooser::new(constraints, constraint, asked.sampling, &asked.prefix, &mut stats);
        Self {
            output: Output::new(&asked.prefix),
            fresh: asked.prompt.get(cached..).unwrap_or_default().to_vec(),
            asked,
            sequence,
            chooser,
            lookahead: Lookahead::default(),
            stats,
            prefilled: false,
            answer: Vec::new(),
            due: Vec::new(),
            logits: Logits::None,
            computed: Computed::default(),
            since,
        }
    }

    /// The id it was asked with.
    pub fn id(&self) -> u64 {
        self.asked.id
    }

    /// Its cancel flag and deadline.
    pub fn control(&self) -> &Control {
        &self.asked.control
    }

    /// What is told when it begins.
    pub fn started(&self) -> Event {
        Event::Started {
            prompt_tokens: self.stats.prompt_tokens,
            cached_tokens: self.stats.cached_tokens,
        }
    }

    /// Whether tokens of the prompt are still to be computed.
    pub fn in_prefill(&self) -> bool {
        !self.prefilled
    }

    /// Tokens that are still to be computed before the next choice: of the prompt, where it is in prefill.
    pub fn unread(&self) -> usize {
        self.fresh.len()
    }

    /// Tokens with which its prompt and another of `scope` begin alike.
    pub fn shares(&self, scope: &str, prompt: &[u32]) -> usize {
        if scope.is_empty() || scope != self.asked.scope {
            0
        } else {
            common(&self.asked.prompt, prompt)
        }
    }

    /// Decides what the next pass computes of the prompt: at most `most` tokens. Returns how many.
    pub fn plan_prefill(&mut self, most: usize) -> usize {
        let count = self.fresh.len().min(most);
        self.due = self.fresh.get(..count).unwrap_or_default().to_vec();
        self.logits = if count == self.fresh.len() { Logits::Last } else { Logits::None };
        count
    }

    /// Decides what the next pass computes of the answer: what is known of it and, as far as there
    /// are `rows`, tokens that may follow: because SQL over the prompt's schema is likely to go on
    /// so, or because they did in what was answered lately.
    pub fn plan_decode(&mut self, rows: usize, recent: &Recent, tokenizer: &TextTokenizer) {
        let most = rows.saturating_sub(self.fresh.len());
        let most = most.min(self.asked.most - self.answer.len());
        let mut ahead = if most > 0 { self.drafted(most, tokenizer) } else { Vec::new() };
        if ahead.is_empty() && most > 0 {
            let others = recent.of(&self.asked.scope);
            ahead = self.lookahead.guess(&self.asked.prompt, &self.answer, &others, most);
        }
        self.stats.guessed_tokens += ahead.len() as u32;
        self.due = [self.fresh.as_slice(), &ahead].concat();
        self.logits = Logits::Tail(1 + ahead.len());
        self.computed = Computed { guessed: ahead.len(), ahead, ..Computed::default() };
    }

    /// The first tokens, at most `most`, of what the schema lets expect.
    fn drafted(&self, most: usize, tokenizer: &TextTokenizer) -> Vec<u32> {
        let bytes: Vec<u8> =
            self.answer.iter().flat_map(|token| tokenizer.bytes(*token)).copied().collect();
        // The last token may end inside a character.
        let next = std::str::from_utf8(&bytes).ok().and_then(|text| self.asked.draft.next(text));
        let mut tokens =
            next.and_then(|text| tokenizer.encode_rest(&text).ok()).unwrap_or_default();
        tokens.truncate(most.min(lookahead::MANY));
        tokens
    }

    /// What the next pass computes of it, if anything.
    pub fn span(&mut self) -> Option<Span<'_>> {
        (!self.due.is_empty()).then(|| Span {
            tokens: &self.due,
            cache: self.sequence.cache_mut(),
            logits: self.logits,
        })
    }

    /// Rows of logits the planned pass gives.
    pub fn rows(&self) -> usize {
        if self.due.is_empty() { 0 } else { self.logits.rows(self.due.len()) }
    }

    /// The planned pass failed: what it may have left in the cache is forgotten.
    pub fn not_computed(&mut self) {
        let length = self.sequence.tokens().len();
        self.sequence.truncate(length);
    }

    /// The planned pass is done and gave `logits`: goes on as far as they carry. `Some` where the
    /// answer is complete.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] where the logits are no numbers.
    pub fn computed(
        &mut self,
        logits: Vec<f32>,
        tokenizer: &TextTokenizer,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<Finish>, EngineError> {
        self.sequence.push(&self.due);
        if self.in_prefill() {
            self.fresh.drain(..self.due.len().min(self.fresh.len()));
            if !self.fresh.is_empty() {
                return Ok(None);
            }
            self.prefilled = true;
            self.stats.prefill_us = self.since.elapsed().as_micros() as u64;
            self.since = Instant::now();
            if self.asked.most == 0 {
                return Ok(Some(Finish::Length));
            }
        }
        self.computed.take(logits, self.logits.rows(self.due.len()));
        self.choose(tokenizer, tell)
    }

    /// Chooses tokens until one must be computed, or the answer ends.
    fn choose(
        &mut self,
        tokenizer: &TextTokenizer,
        tell: &mut dyn FnMut(Event),
    ) -> Result<Option<Finish>, EngineError> {
        loop {
            let choice = self.chooser.choose(self.computed.row(), tokenizer, &mut self.stats)?;
            let token = match choice {
                Choice::Token(token) => token,
                Choice::Back(count) => {
                    self.take_back(count, tokenizer);
                    return Ok(None);
                }
            };
            if tokenizer.ends_turn(token) {
                return Ok(Some(Finish::Stop));
            }
            let mut run = vec![token];
            run.extend(self.chooser.take(token, tokenizer, &mut self.stats));
            run.truncate(self.asked.most - self.answer.len());
            for token in &run {
                self.answer.push(*token);
                if self.output.push(tokenizer.bytes(*token)) {
                    return Ok(Some(Finish::Stop));
                }
            }
            // What may be taken back is not told yet.
            if !self.chooser.may_go_back() {
                self.output.tell().into_iter().for_each(&mut *tell);
            }
            if self.answer.len() >= self.asked.most {
                return Ok(Some(Finish::Length));
            }
            let known = self.computed.confirm(&run);
            self.stats.right_tokens += known as u32;
            let fresh = run.get(known..).unwrap_or_default();
            if !fresh.is_empty() {
                self.fresh = fresh.to_vec();
                // What was guessed beyond is wrong.
                self.sequence.truncate(self.length() - self.fresh.len());
                self.lookahead.learn(self.computed.guessed, self.computed.right);
                return Ok(None);
            }
        }
    }

    /// Tokens of prompt and answer.
    fn length(&self) -> usize {
        self.asked.prompt.len() + self.answer.len()
    }

    fn take_back(&mut self, count: usize, tokenizer: &TextTokenizer) {
        self.chooser.take_back(count, &mut self.stats);
        self.answer.truncate(self.answer.len().saturating_sub(count));
        self.output = Output::new(&self.asked.prefix);
        for token in &self.answer {
            self.output.push(tokenizer.bytes(*token));
        }
        // The last token is computed once more, for what comes after it.
        let last = self.answer.last().or(self.asked.prompt.last()).copied().unwrap_or_default();
        self.sequence.truncate(self.length() - 1);
        self.fresh = vec![last];
    }

    /// The sequence as far as it is right, for the cache of prefixes.
    pub fn sequence(&mut self) -> &Sequence {
        let length = self.length();
        self.sequence.truncate(length);
        &self.sequence
    }

    /// Has the answer remembered.
    pub fn remember(&self, recent: &mut Recent) {
        recent.put(&self.asked.scope, &self.asked.prompt, &self.answer);
    }

    /// The answer, complete or cut off by `finish`.
    pub fn complete(mut self, finish: Finish, tell: &mut dyn FnMut(Event)) -> Completion {
        self.output.end();
        self.output.tell().into_iter().for_each(tell);
        self.stats.generated_tokens = self.answer.len() as u32;
        self.chooser.weigh(&mut self.stats);
        self.stats.decode_us = self.since.elapsed().as_micros() as u64;
        let choices_us = self.chooser.into_times();
        Completion { text: self.output.into_text(), finish, stats: self.stats, choices_us }
    }
}

/// Logits of the last known token, and of those guessed to come after it.
#[derive(Default)]
struct Computed {
    logits: Vec<f32>,
    /// Tokens of a row.
    width: usize,
    /// The row that is due.
    at: usize,
    /// Guesses that were neither confirmed nor refuted yet; a row of logits follows each.
    ahead: Vec<u32>,
    guessed: usize,
    right: usize,
}

impl Computed {
    /// The logits of a pass, in `rows` rows.
    fn take(&mut self, logits: Vec<f32>, rows: usize) {
        self.width = logits.len() / rows.max(1);
        self.logits = logits;
        self.at = 0;
    }

    /// The row that is due.
    fn row(&self) -> &[f32] {
        self.logits.get(self.at * self.width..(self.at + 1) * self.width).unwrap_or_default()
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
