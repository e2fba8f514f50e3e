//! The numbers of a header, within bounds.
//!
//! Owns the limits on every number of a model's shape, and the keys all families share. Takes no
//! tensors (`tensors`) and knows no family: a family says which keys it has. Called by the families.

use crate::gguf::{GgufError, Header, Value};
use crate::kernels::attention::Heads;
use crate::kernels::rope::{Angles, Pairs};

const MAX_BLOCKS: u64 = 512;
const MAX_WIDTH: u64 = 1 << 17;
const MAX_HEADS: u64 = 1 << 10;
const MAX_HEAD_DIM: u64 = 1 << 12;
const MAX_VOCAB: u64 = 1 << 20;
const MAX_CONTEXT: u64 = 1 << 20;
/// Positions are stretched by 8 in Gemma 3, by 32 in Llama 3.2.
const MAX_STRETCH: f64 = 1024.0;
/// Phi-3's is 1.19.
const MAX_MAGNITUDE: f64 = 16.0;
/// Phi-3's are from 1 to 65.
const FACTORS: std::ops::RangeInclusive<f32> = 1e-3..=1e6;
/// The base where a file does not say.
const DEFAULT_ROPE_BASE: f64 = 10_000.0;

/// The metadata of one family: its keys begin with its name.
#[derive(Clone, Copy)]
pub struct Metadata<'a> {
    header: &'a Header,
    family: &'static str,
}

/// Numbers that every family has.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    /// Layers.
    pub blocks: usize,
    /// Width of the stream between layers.
    pub width: usize,
    /// Width inside of the feed-forward part.
    pub ffn_width: usize,
    /// Heads of attention.
    pub heads: Heads,
    /// Entries of the vocabulary.
    pub vocab: usize,
    /// Tokens the model was trained for.
    pub trained_context: usize,
    /// What keeps a norm from dividing by nothing.
    pub epsilon: f32,
}

impl Numbers {
    /// Width of all queries of a row.
    pub fn query_width(&self) -> usize {
        self.heads.query * self.heads.dim
    }

    /// Width of all keys, or values, of a row.
    pub fn kv_width(&self) -> usize {
        self.heads.kv * self.heads.dim
    }
}

impl<'a> Metadata<'a> {
    /// Of a header that says it is of `family`.
    pub fn new(header: &'a Header, family: &'static str) -> Self {
        Self { header, family }
    }

    /// The whole key.
    pub fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.family)
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.header.metadata.get(&self.key(name))
    }

    /// A number from 1 to `limit`.
    ///
    /// # Errors
    /// [`GgufError::Missing`], [`GgufError::Impossible`].
    pub fn number(&self, name: &str, limit: u64) -> Result<usize, GgufError> {
        let key = self.key(name);
        let value = self.header.unsigned(&key)?;
        if value == 0 || value > limit {
            return Err(GgufError::Impossible { key, value });
        }
        Ok(value as usize)
    }

    /// As [`Metadata::number`], where the key is there.
    ///
    /// # Errors
    /// The same, where it is there.
    pub fn number_if_any(&self, name: &str, limit: u64) -> Result<Option<usize>, GgufError> {
        self.get(name).map(|_| self.number(name, limit)).transpose()
    }

    /// A finite float within bounds, where the key is there.
    ///
    /// # Errors
    /// [`GgufError::Missing`] where it is something else.
    pub fn float_if_any(
        &self,
        name: &str,
        bounds: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, GgufError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let value = value.float().filter(|x| bounds.contains(x));
        value.map(Some).ok_or_else(|| GgufError::Missing(self.key(name)))
    }

    /// Refuses a file that has a number other than 0 for something there is no code for.
    ///
    /// # Errors
    /// [`GgufError::Unsupported`].
    pub fn without(&self, name: &str) -> Result<(), GgufError> {
        let nothing = |value: &Value| {
            value.unsigned() == Some(0) || value.float() == Some(0.0) || value.bool() == Some(false)
        };
        match self.get(name) {
            Some(value) if !nothing(value) => Err(self.unsupported(name, &format!("{value:?}"))),
            _ => Ok(()),
        }
    }

    /// The error for a value there is no code for.
    pub fn unsupported(&self, name: &str, value: &str) -> GgufError {
        GgufError::Unsupported { key: self.key(name), value: value.chars().take(64).collect() }
    }

    /// The numbers that every family has. The width of a head is `attention.key_length`, or what
    /// the width leaves for each.
    ///
    /// # Errors
    /// [`GgufError`], where one is missing or impossible.
    pub fn numbers(&self) -> Result<Numbers, GgufError> {
        let width = self.number("embedding_length", MAX_WIDTH)?;
        let vocab = self.header.texts("tokenizer.ggml.tokens")?.len();
        if vocab == 0 || vocab as u64 > MAX_VOCAB {
            let key = "tokenizer.ggml.tokens".to_owned();
            return Err(GgufError::Impossible { key, value: vocab as u64 });
        }
        let epsilon = "attention.layer_norm_rms_epsilon";
        Ok(Numbers {
            heads: self.heads(width)?,
            blocks: self.number("block_count", MAX_BLOCKS)?,
            width,
            ffn_width: self.number("feed_forward_length", 8 * MAX_WIDTH)?,
            vocab,
            trained_context: self.number("context_length", MAX_CONTEXT)?,
            epsilon: self
                .float_if_any(epsilon, f64::MIN_POSITIVE..=1.0)?
                .ok_or_else(|| GgufError::Missing(self.key(epsilon)))? as f32,
        })
    }

    fn heads(&self, width: usize) -> Result<Heads, GgufError> {
        let impossible = |name: &str, value: usize| GgufError::Impossible {
            key: self.key(name),
            value: value as u64,
        };
        let (count, count_kv) = ("attention.head_count", "attention.head_count_kv");
        let query = self.number(count, MAX_HEADS)?;
        let kv = self.number_if_any(count_kv, MAX_HEADS)?.unwrap_or(query);
        if query % kv != 0 {
            return Err(impossible(count_kv, kv));
        }
        let dim = match self.number_if_any("attention.key_length", MAX_HEAD_DIM)? {
            Some(dim) if dim % 2 == 0 => dim,
            Some(dim) => return Err(impossible("attention.key_length", dim)),
            None if width.is_multiple_of(2 * query) => width / query,
            None => return Err(impossible(count, query)),
        };
        match self.number_if_any("attention.value_length", MAX_HEAD_DIM)? {
            Some(other) if other != dim => Err(impossible("attention.value_length", other)),
            _ => Ok(Heads { query, kv, dim }),
        }
    }

    /// The angles of rotary positions: base, turned elements and a linear stretch.
    ///
    /// # Errors
    /// [`GgufError::Unsupported`] for another scaling than none or linear, unless it is `known` to
    /// the family; [`GgufError`] for impossible numbers.
    pub fn angles(&self, heads: Heads, pairs: Pairs, known: &[&str]) -> Result<Angles, GgufError> {
        let kind = self.get("rope.scaling.type").map(|value| value.text().unwrap_or("?"));
        let stretch = |name| self.float_if_any(name, 1e-3..=MAX_STRETCH);
        // The second is what the key was called in the first years.
        let stretch = stretch("rope.scaling.factor")?.or(stretch("rope.scale_linear")?);
        let stretch = match kind {
            None | Some("linear") => stretch.unwrap_or(1.0),
            Some("none") => 1.0,
            Some(kind) if known.contains(&kind) => 1.0,
            Some(kind) => return Err(self.unsupported("rope.scaling.type", kind)),
        };
        let dimensions = "rope.dimension_count";
        let dims = self.number_if_any(dimensions, MAX_HEAD_DIM)?.unwrap_or(heads.dim);
        if dims > heads.dim || dims % 2 != 0 {
            return Err(GgufError::Impossible { key: self.key(dimensions), value: dims as u64 });
        }
        Ok(Angles {
            dims,
            base: self.float_if_any("rope.freq_base", 1.0..=1e12)?.unwrap_or(DEFAULT_ROPE_BASE),
            stretch,
            factors: Vec::new(),
            magnitude: self
                .float_if_any("rope.scaling.attn_factor", 1e-3..=MAX_MAGNITUDE)?
                .unwrap_or(1.0),
            pairs,
        })
    }

    /// Positions a layer with a sliding window sees, where the file has one that matters within
    /// `context`. 0 stands for none.
    ///
    /// # Errors
    /// [`GgufError::Impossible`], [`GgufError::Missing`].
    pub fn window(&self, context: usize) -> Result<Option<usize>, GgufError> {
        let name = "attention.sliding_window";
        if self.get(name).is_some_and(|value| value.unsigned() == Some(0)) {
            return Ok(None);
        }
        // 2^31 and the like stand for none, too.
        let window = self.number_if_any(name, u64::from(u32::MAX))?;
        Ok(window.filter(|window| *window < context))
    }
}

/// Factors of frequencies, where they can be meant.
///
/// # Errors
/// [`GgufError::Numbers`].
pub fn checked_factors(name: &str, factors: Vec<f32>) -> Result<Vec<f32>, GgufError> {
    if factors.iter().all(|factor| FACTORS.contains(factor)) {
        Ok(factors)
    } else {
        Err(GgufError::Numbers(name.to_owned()))
    }
}
