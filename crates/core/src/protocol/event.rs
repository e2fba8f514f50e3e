//! What becomes of a generation: its progress, its end, its counts and times.

use serde::{Deserialize, Serialize};

use super::{Embedded, Failure};

/// Progress of a generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The prompt is tokenized and prefill begins.
    Started {
        /// Tokens of the prompt.
        prompt_tokens: u32,
        /// Of these, tokens whose keys and values were still cached.
        cached_tokens: u32,
    },
    /// Text was generated.
    Delta {
        /// The new text.
        text: String,
    },
    /// The generation ended.
    Done {
        /// All generated text, without the assistant prefix.
        text: String,
        /// Why it ended.
        finish: Finish,
        /// Counts and times.
        stats: GenerationStats,
    },
    /// The vectors that were wanted; nothing more comes.
    Embedded {
        /// They.
        embedded: Embedded,
    },
    /// The request failed; nothing more comes.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Event {
    /// Whether nothing more comes after it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        match self {
            Self::Started { .. } | Self::Delta { .. } => false,
            Self::Done { .. } | Self::Embedded { .. } | Self::Failed { .. } => true,
        }
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The statement, or the model's turn, is complete.
    Stop,
    /// `max_new_tokens` was reached, or the context is full.
    Length,
}

/// Counts and times of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GenerationStats {
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Of these, taken from the cache.
    pub cached_tokens: u32,
    /// Tokens generated.
    pub generated_tokens: u32,
    /// Prefill, microseconds.
    pub prefill_us: u64,
    /// Decode, microseconds.
    pub decode_us: u64,
    /// What became of the request's constraint.
    #[serde(default)]
    pub constraint: ConstraintUse,
    /// Tokens for which the model wanted one that was not allowed.
    #[serde(default)]
    pub masked_tokens: u32,
    /// Tokens that needed no choice, computed together.
    #[serde(default)]
    pub forced_tokens: u32,
    /// Tokens taken back.
    #[serde(default)]
    pub backtracked_tokens: u32,
    /// Tokens that were computed before it was known whether they come.
    #[serde(default)]
    pub guessed_tokens: u32,
    /// Of these, those that came.
    #[serde(default)]
    pub right_tokens: u32,
    /// Preparing the constraint, microseconds.
    #[serde(default)]
    pub compile_us: u64,
    /// Deciding which tokens are allowed, microseconds of `decode_us`.
    #[serde(default)]
    pub mask_us: u64,
    /// Tokens of the answer that were chosen and weighed; those that were forced are not, and an
    /// endpoint weighs none.
    #[serde(default)]
    pub weighed_tokens: u32,
    /// How unlikely they were: the sum of -ln p, p of the whole vocabulary at temperature 1,
    /// millionths.
    #[serde(default)]
    pub surprisal: u64,
    /// That of the unlikeliest of them, millionths.
    #[serde(default)]
    pub worst_surprisal: u64,
}

impl GenerationStats {
    /// The mean of -ln p of the tokens that were weighed, if any was.
    #[must_use]
    pub fn mean_surprisal(&self) -> Option<f64> {
        let tokens = f64::from(self.weighed_tokens);
        (tokens > 0.0).then(|| self.surprisal as f64 / 1e6 / tokens)
    }
}

/// What became of a request's constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintUse {
    /// There was none.
    #[default]
    None,
    /// The whole answer keeps to it.
    Kept,
    /// Too many names were wrong: from some point on only the grammar was kept to.
    NamesGivenUp,
    /// It could not be prepared, or failed on the way: the answer is free.
    Failed,
}
