//! Tokens of prompts, with those of long texts kept for the next request.
//!
//! The schema part of a prompt is the same from question to question, and splitting it takes
//! longer than all else that is done for a question beside the model. Kept per scope like the
//! keys and values, and for the same reason: see [`crate::prefix_cache`]. Called by the generator.

use std::collections::VecDeque;

use text2sql_core::chat::Segment;

use crate::error::EngineError;
use crate::tokenizer::TextTokenizer;

/// Texts kept, one a scope.
const MAX_TEXTS: usize = 4;

/// Shorter texts are split at once: bytes. 1 KiB takes about 0.6 ms (2 cores, AVX2).
const MIN_BYTES: usize = 1024;

struct Kept {
    scope: String,
    text: String,
    tokens: Vec<u32>,
}

/// The last long text of a few scopes.
#[derive(Default)]
pub struct PromptTokens {
    kept: VecDeque<Kept>,
}

impl PromptTokens {
    /// As [`TextTokenizer::encode`]. Without a scope nothing is kept.
    ///
    /// # Errors
    /// Those of the tokenizer.
    pub fn encode(
        &mut self,
        tokenizer: &TextTokenizer,
        scope: &str,
        segments: &[Segment<'_>],
    ) -> Result<Vec<u32>, EngineError> {
        let mut out = Vec::new();
        for segment in segments {
            match segment {
                Segment::Text(text) if text.len() >= MIN_BYTES && !scope.is_empty() => {
                    out.extend_from_slice(self.long_text(tokenizer, scope, segment, text)?);
                }
                _ => out.extend(tokenizer.encode(std::slice::from_ref(segment))?),
            }
        }
        Ok(out)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    fn long_text(
        &mut self,
        tokenizer: &TextTokenizer,
        scope: &str,
        segment: &Segment<'_>,
        text: &str,
    ) -> Result<&[u32], EngineError> {
        let kept = match self.kept.iter().position(|kept| kept.scope == scope) {
            Some(index) => self.kept.remove(index).filter(|kept| kept.text == text),
            None => None,
        };
        let kept = match kept {
            Some(kept) => kept,
            None => Kept {
                scope: scope.to_owned(),
                text: text.to_owned(),
                tokens: tokenizer.encode(std::slice::from_ref(segment))?,
            },
        };
        self.kept.truncate(MAX_TEXTS - 1);
        self.kept.push_front(kept);
        Ok(self.kept.front().map(|kept| kept.tokens.as_slice()).unwrap_or_default())
    }
}
