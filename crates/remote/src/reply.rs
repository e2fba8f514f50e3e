//! One answer in the making: objects of the endpoint in, events out.
//!
//! Owns what is told when, and the counts and times. Knows no HTTP. Called by [`crate::http`] with
//! what arrives and by [`crate::exchange`] at the end.

use std::time::Instant;

use text2sql_core::protocol::{Event, Finish, GenerationStats};

use crate::answer::Answer;
use crate::chunk::{Chunk, Usage};
use crate::failure::Trouble;

/// Text after the statement that is worth reading for the counts that follow it, bytes: the end of
/// a fence, and no explanation.
const WORTH_READING: usize = 64;

/// An answer in the making.
pub struct Reply<'a> {
    prefix: &'a str,
    tell: &'a mut dyn FnMut(Event),
    /// Whether the beginning was told.
    started: bool,
    answer: Answer,
    finish: Option<Finish>,
    usage: Option<Usage>,
    begun: Instant,
    first_text: Option<Instant>,
}

impl<'a> Reply<'a> {
    /// To a request whose answer was to begin with `prefix`; events go to `tell`.
    pub fn new(prefix: &'a str, tell: &'a mut dyn FnMut(Event)) -> Self {
        Self {
            prefix,
            tell,
            started: false,
            answer: Answer::new(prefix),
            finish: None,
            usage: None,
            begun: Instant::now(),
            first_text: None,
        }
    }

    /// The request is sent again: what came is forgotten, and nothing of it was told.
    pub fn restart(&mut self) {
        self.answer = Answer::new(self.prefix);
        self.finish = None;
        self.usage = None;
        self.begun = Instant::now();
        self.first_text = None;
    }

    /// The first bytes of an answer arrived.
    pub fn start(&mut self) {
        if !self.started {
            self.started = true;
            (self.tell)(Event::Started { prompt_tokens: 0, cached_tokens: 0 });
        }
    }

    /// Takes an object.
    ///
    /// # Errors
    /// Where the answer is too long.
    pub fn take(&mut self, chunk: Chunk) -> Result<(), Trouble> {
        if !chunk.text.is_empty() {
            self.first_text.get_or_insert_with(Instant::now);
            self.answer.push(&chunk.text).map_err(|error| Trouble::lasting(error.to_string()))?;
        }
        self.finish = chunk.finish.or(self.finish);
        self.usage = chunk.usage.or(self.usage);
        Ok(())
    }

    /// Tells what came.
    pub fn tell(&mut self) {
        while let Some(text) = self.answer.tell() {
            (self.tell)(Event::Delta { text });
        }
    }

    /// Whether any text was told: then the request cannot be sent again.
    pub fn was_told(&self) -> bool {
        self.answer.was_told()
    }

    /// Whether nothing is missing but perhaps counts.
    pub fn is_complete(&self) -> bool {
        self.finish.is_some() || self.answer.has_ended()
    }

    /// Whether the model has ended, and the counts came: nothing is missing.
    pub fn is_counted(&self) -> bool {
        self.finish.is_some() && self.usage.is_some()
    }

    /// Whether nothing that may still come is worth waiting for.
    pub fn is_enough(&self) -> bool {
        (self.is_complete() && self.usage.is_some()) || self.answer.after_end() > WORTH_READING
    }

    /// The answer's last event.
    pub fn done(mut self) -> Event {
        self.answer.end();
        self.tell();
        let now = Instant::now();
        let first = self.first_text.unwrap_or(now);
        let usage = self.usage.unwrap_or_default();
        let stats = GenerationStats {
            prompt_tokens: usage.prompt,
            cached_tokens: usage.cached,
            generated_tokens: usage.generated,
            prefill_us: microseconds(first - self.begun),
            decode_us: microseconds(now - first),
            ..GenerationStats::default()
        };
        let finish = match self.finish {
            // More was on its way after the statement.
            Some(Finish::Length) if !self.answer.has_ended() => Finish::Length,
            _ => Finish::Stop,
        };
        Event::Done { text: self.answer.into_text(), finish, stats }
    }
}

fn microseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
