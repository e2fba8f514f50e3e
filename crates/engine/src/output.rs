//! The text of an answer as its tokens come.
//!
//! Owns where the statement ends (with [`crate::stop`]) and what of the text was told already.
//! Called by the generation.

use text2sql_core::protocol::Event;

use crate::stop::StatementEnd;
use crate::tokenizer::Utf8Stream;

/// The answer's text as it grows.
pub struct Output {
    stream: Utf8Stream,
    scanner: StatementEnd,
    text: String,
    /// Bytes of the text that were told.
    told: usize,
}

impl Output {
    /// Of an answer that was made to begin with `assistant_prefix`, which is not part of it.
    pub fn new(assistant_prefix: &str) -> Self {
        let scanner = StatementEnd::new(assistant_prefix);
        Self { stream: Utf8Stream::default(), scanner, text: String::new(), told: 0 }
    }

    /// Adds a token's bytes; whether the statement ends with them.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        let fed = self.scanner.feed(&self.stream.push(bytes));
        self.text.push_str(&fed.text);
        fed.ended
    }

    /// What was not told yet, if there is any.
    pub fn tell(&mut self) -> Option<Event> {
        let new = self.text.get(self.told..).unwrap_or_default();
        let event = (!new.is_empty()).then(|| Event::Delta { text: new.to_owned() });
        self.told = self.text.len();
        event
    }

    /// No token comes any more: completes the text.
    pub fn end(&mut self) {
        let tail = self.scanner.feed(&self.stream.finish()).text + &self.scanner.finish();
        self.text.push_str(&tail);
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }
}
