//! What is asked of a model, and how its tokens are chosen.

use serde::{Deserialize, Serialize};

use super::Constraint;
use crate::chat::ChatPrompt;
use crate::route::Route;

/// One generation to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The conversation to continue.
    pub prompt: ChatPrompt,
    /// Most tokens to generate; with 0 only the prompt is computed, so that it is cached.
    pub max_new_tokens: u32,
    /// Time left for the generation, milliseconds, counted from when the engine reads it.
    pub deadline_ms: u64,
    /// Requests of the same scope may share cached prefixes; with an empty one nothing is shared
    /// or kept. How fast an answer comes tells what was asked before, so a scope is one role in
    /// one database.
    #[serde(default)]
    pub cache_scope: String,
    /// What the answer may be; without it, anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Constraint>,
    /// How tokens are chosen; without it, the likeliest at each place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
    /// Which model is wanted. For the worker.
    #[serde(default)]
    pub route: Route,
}

/// How tokens are drawn. The same request gives the same answer: the seed is part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sampling {
    /// What logits are divided by, thousandths.
    pub temperature: u32,
    /// Tokens are drawn from the fewest that together are as likely as this, thousandths.
    pub top_p: u32,
    /// Beginning of the random numbers. Endpoints know no longer ones.
    pub seed: u32,
}

impl Sampling {
    /// Most of the probability that is drawn from; what is left has the oddest tokens.
    const TOP_P: u32 = 950;

    /// For the candidate of this number to `prompt`; a temperature in thousandths.
    #[must_use]
    pub fn of_candidate(number: u32, temperature: u32, prompt: &ChatPrompt) -> Self {
        let texts = prompt.turns.iter().map(|turn| turn.text.as_bytes());
        // FNV-1a; the numbers are spread by the engine.
        let hash =
            texts.flatten().chain(&number.to_le_bytes()).fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
            });
        Self { temperature, top_p: Self::TOP_P, seed: hash }
    }
}
