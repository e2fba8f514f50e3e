//! Measuring a model: prefill and decode, tokens per second.
//!
//! Owns the method, so that figures of different days are comparable: the same tokens every time,
//! medians of rounds, no cached prefix. Called by `text2sql-cli bench`.

use std::time::Instant;

use text2sql_core::protocol::{LoadSpec, ModelInfo};

use crate::arch::{Logits, Span};
use crate::error::EngineError;
use crate::model::{LoadedModel, Pin};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lengths {
    /// Tokens of the prompt, at least 1.
    pub prompt: usize,
    /// Tokens of the answer, at least 1; with the prompt they must fit the context.
    pub answer: usize,
    /// Tokens of the answer that a pass computes, at least 1: as many as are guessed and one more.
    pub at_once: usize,
    /// Sequences whose answers are computed together, at least 1; figures are of all of them.
    pub sequences: usize,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The model.
    pub info: ModelInfo,
    /// Median of prefill, tokens per second.
    pub prefill: f64,
    /// Median of decode, tokens per second.
    pub decode: f64,
    /// Every round's prefill and decode.
    pub rounds: Vec<(f64, f64)>,
    /// Largest memory of the process, bytes, where the system tells.
    pub peak_rss: Option<u64>,
}

/// Loads a model and measures it.
///
/// # Errors
/// As loading and computing; [`EngineError::PromptTooLong`] where the lengths exceed the context.
pub fn bench(
    spec: &LoadSpec,
    lengths: Lengths,
    rounds: usize,
    progress: &mut dyn FnMut(u8),
) -> Result<Figures, EngineError> {
    let mut model = LoadedModel::load_pinned(spec, Pin::Any, progress)?;
    let Lengths { prompt, answer, .. } = lengths;
    if prompt.saturating_add(answer) > model.context {
        return Err(EngineError::PromptTooLong { prompt, new: answer, context: model.context });
    }
    let mut all = Vec::new();
    for _ in 0..rounds.max(1) {
        all.push(round(&mut model, lengths)?);
    }
    Ok(Figures {
        info: model.info().clone(),
        prefill: median(all.iter().map(|round| round.0).collect()),
        decode: median(all.iter().map(|round| round.1).collect()),
        rounds: all,
        peak_rss: peak_rss(),
    })
}

fn round(model: &mut LoadedModel, lengths: Lengths) -> Result<(f64, f64), EngineError> {
    let Lengths { prompt, answer, at_once, sequences } = lengths;
    let chunk = model.prefill_chunk;
    let decoder = model.decoder();
    let mut caches: Vec<_> =
        (0..sequences.max(1)).map(|_| decoder.new_cache(prompt + answer)).collect();
    // Ordinary tokens of the vocabulary, not all the same.
    let vocab = decoder.vocab() as u32;
    let tokens: Vec<u32> = (0..prompt as u32).map(|i| (i * 37 + 11) % vocab.min(5000)).collect();
    let begin = Instant::now();
    for cache in &mut caches {
        for part in tokens.chunks(chunk) {
            decoder.forward(part, cache, Logits::Last)?;
        }
    }
    let prefill = (caches.len() * prompt) as f64 / begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let answered: Vec<u32> = tokens.iter().copied().cycle().take(answer).collect();
    for tokens in answered.chunks(at_once.max(1)) {
        let span = |cache| Span { tokens, cache, logits: Logits::All };
        decoder.forward_spans(&mut caches.iter_mut().map(span).collect::<Vec<_>>())?;
    }
    Ok((prefill, (caches.len() * answer) as f64 / begin.elapsed().as_secs_f64()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
