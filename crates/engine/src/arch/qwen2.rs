//! The Qwen2 family: Qwen2, Qwen2.5, Qwen2.5-Coder and what is fine-tuned from them.
//!
//! Owns the names and shapes of its tensors, the bounds on its numbers, and the forward pass.
//! Works on slices of floats; matrix products are `matrix.rs`, everything else `kernels.rs`.

use super::{Decoder, Logits};
use crate::error::EngineError;
use crate::gguf::{GgufError, Header, LoadedFile, RawTensor};
use crate::kernels::{self, Heads, Rope};
use crate::kv_cache::KvCache;
use crate::matrix::{Matrix, floats};

const MAX_BLOCKS: u64 = 512;
const MAX_WIDTH: u64 = 1 << 17;
const MAX_HEADS: u64 = 1 << 10;
const MAX_VOCAB: u64 = 1 << 20;
const MAX_CONTEXT: u64 = 1 << 20;
/// What `qwen2.rope.freq_base` is where a file does not say.
const DEFAULT_ROPE_BASE: f64 = 10_000.0;

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    query_bias: Vec<f32>,
    key_bias: Vec<f32>,
    value_bias: Vec<f32>,
    output: Matrix,
    ffn_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// A model of the Qwen2 family.
pub struct Qwen2 {
    numbers: Numbers,
    embedding: Matrix,
    /// `None`: the embedding serves as unembedding too.
    unembedding: Option<Matrix>,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    rope: Rope,
}

/// Numbers of the header, within bounds.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    blocks: usize,
    width: usize,
    ffn_width: usize,
    heads: Heads,
    vocab: usize,
    trained_context: usize,
    epsilon: f32,
    rope_base: f64,
}

impl Numbers {
    fn read(header: &Header) -> Result<Self, GgufError> {
        let number = |key: &str, limit: u64| {
            let value = header.unsigned(key)?;
            if value == 0 || value > limit {
                return Err(GgufError::Impossible { key: key.to_owned(), value });
            }
            Ok(value as usize)
        };
        let float = |key: &str| {
            header.metadata.get(key).and_then(crate::gguf::Value::float).filter(|x| x.is_finite())
        };
        let width = number("qwen2.embedding_length", MAX_WIDTH)?;
        let query = number("qwen2.attention.head_count", MAX_HEADS)?;
        let kv = number("qwen2.attention.head_count_kv", MAX_HEADS)?;
        let dim = width / query;
        if width % query != 0 || dim % 2 != 0 {
            let key = "qwen2.attention.head_count".to_owned();
            return Err(GgufError::Impossible { key, value: query as u64 });
        }
        if query % kv != 0 {
            let key = "qwen2.attention.head_count_kv".to_owned();
            return Err(GgufError::Impossible { key, value: kv as u64 });
        }
        let vocab = header.texts("tokenizer.ggml.tokens")?.len();
        if vocab == 0 || vocab as u64 > MAX_VOCAB {
            let key = "tokenizer.ggml.tokens".to_owned();
            return Err(GgufError::Impossible { key, value: vocab as u64 });
        }
        let key = "qwen2.attention.layer_norm_rms_epsilon";
        let epsilon = float(key).filter(|x| *x > 0.0 && *x < 1.0);
        Ok(Self {
            blocks: number("qwen2.block_count", MAX_BLOCKS)?,
            width,
            ffn_width: number("qwen2.feed_forward_length", 8 * MAX_WIDTH)?,
            heads: Heads { query, kv, dim },
            vocab,
            trained_context: number("qwen2.context_length", MAX_CONTEXT)?,
            epsilon: epsilon.ok_or_else(|| GgufError::Missing(key.to_owned()))? as f32,
            rope_base: float("qwen2.rope.freq_base")
                .filter(|x| *x > 1.0)
                .unwrap_or(DEFAULT_ROPE_BASE),
        })
    }
}

fn take(file: &mut LoadedFile, name: &str, dims: &[usize]) -> Result<RawTensor, GgufError> {
    let raw = file.tensors.remove(name).ok_or_else(|| GgufError::NoTensor(name.to_owned()))?;
    if raw.dims != dims {
        return Err(GgufError::WrongShape {
            name: name.to_owned(),
            found: raw.dims,
            expected: dims.to_vec(),
        });
    }
    Ok(raw)
}

impl Qwen2 {
    /// Takes the tensors out of a file, for sequences of at most `context` tokens.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where a number or tensor is not as it must be.
    pub fn load(file: &mut LoadedFile, context: usize) -> Result<Self, EngineError> {
        let numbers = Numbers::read(&file.header)?;
        let Numbers { width, ffn_width, vocab, heads, .. } = numbers;
        let (q_width, kv_width) = (heads.query * heads.dim, heads.kv * heads.dim);
        let embedding = Matrix::new(take(file, "token_embd.weight", &[vocab, width])?, true)?;
        let unembedding = if file.tensors.contains_key("output.weight") {
            Some(Matrix::new(take(file, "output.weight", &[vocab, width])?, true)?)
        } else {
            None
        };
        let mut layers = Vec::new();
        for block in 0..numbers.blocks {
            let mut matrix = |name: &str, rows: usize, cols: usize| {
                let name = format!("blk.{block}.{name}.weight");
                Matrix::new(take(file, &name, &[rows, cols])?, false)
            };
            let query = matrix("attn_q", q_width, width)?;
            let key = matrix("attn_k", kv_width, width)?;
            let value = matrix("attn_v", kv_width, width)?;
            let output = matrix("attn_output", width, q_width)?;
            let gate = matrix("ffn_gate", ffn_width, width)?;
            let up = matrix("ffn_up", ffn_width, width)?;
            let down = matrix("ffn_down", width, ffn_width)?;
            let mut vector = |name: &str, len: usize| {
                floats(take(file, &format!("blk.{block}.{name}"), &[len])?)
            };
            layers.push(Layer {
                attention_norm: vector("attn_norm.weight", width)?,
                query_bias: vector("attn_q.bias", q_width)?,
                key_bias: vector("attn_k.bias", kv_width)?,
                value_bias: vector("attn_v.bias", kv_width)?,
                ffn_norm: vector("ffn_norm.weight", width)?,
                query,
                key,
                value,
                output,
                gate,
                up,
                down,
            });
        }
        Ok(Self {
            embedding,
            unembedding,
            layers,
            norm: floats(take(file, "output_norm.weight", &[width])?)?,
            rope: Rope::new(heads.dim, numbers.rope_base, context),
            numbers,
        })
    }

    fn unembed(&self, hidden: &[f32]) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, vocab, epsilon, .. } = self.numbers;
        let mut normed = vec![0.0; hidden.len()];
        kernels::rms_norm(hidden, &self.norm, epsilon, &mut normed);
        // Rounding to blocks makes zeros of what is no number, and of zeros the first token.
        if !normed.iter().all(|x| x.is_finite()) {
            return Err(EngineError::NotFinite);
        }
        let mut logits = vec![0.0; hidden.len() / width * vocab];
        self.unembedding.as_ref().unwrap_or(&self.embedding).multiply(&normed, &mut logits)?;
        Ok(logits)
    }
}

impl Decoder for Qwen2 {
    fn new_cache(&self, context: usize) -> KvCache {
        KvCache::new(self.layers.len(), self.numbers.heads.kv, self.numbers.heads.dim, context)
    }

    fn forward(
        &mut self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits,
    ) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, ffn_width, heads, epsilon, .. } = self.numbers;
        let (rows, start) = (tokens.len(), cache.len());
        if rows == 0 || start + rows > cache.context() {
            return Err(EngineError::Internal("tokens do not fit the cache"));
        }
        let (q_width, kv_width) = (heads.query * heads.dim, heads.kv * heads.dim);
        let mut x = self.embedding.take_rows(tokens)?;
        let mut normed = vec![0.0; rows * width];
        let mut projected = vec![0.0; rows * width];
        let mut query = vec![0.0; rows * q_width];
        let mut key = vec![0.0; rows * kv_width];
        let mut value = vec![0.0; rows * kv_width];
        let mut mixed = vec![0.0; rows * q_width];
        let mut gate = vec![0.0; rows * ffn_width];
        let mut up = vec![0.0; rows * ffn_width];
        for (index, layer) in self.layers.iter().enumerate() {
            kernels::rms_norm(&x, &layer.attention_norm, epsilon, &mut normed);
            layer.query.multiply(&normed, &mut query)?;
            layer.key.multiply(&normed, &mut key)?;
            layer.value.multiply(&normed, &mut value)?;
            kernels::add_bias(&mut query, &layer.query_bias);
            kernels::add_bias(&mut key, &layer.key_bias);
            kernels::add_bias(&mut value, &layer.value_bias);

            let kv = cache.layer_mut(index).ok_or(EngineError::Internal("a cache too shallow"))?;
            for (row, heads_of_row) in query.chunks_exact_mut(q_width).enumerate() {
                for head in heads_of_row.chunks_exact_mut(heads.dim) {
                    self.rope.apply(head, start + row);
                }
            }
            let rows_of_kv = key.chunks_exact_mut(kv_width).zip(value.chunks_exact(kv_width));
            for (row, (keys, values)) in rows_of_kv.enumerate() {
                let heads_of_row =
                    keys.chunks_exact_mut(heads.dim).zip(values.chunks_exact(heads.dim));
                for (head, (key, value)) in heads_of_row.enumerate() {
                    self.rope.apply(key, start + row);
                    kv.put(head, start + row, key, value);
                }
            }
            kernels::attention(&query, kv, start, heads, &mut mixed);
            layer.output.multiply(&mixed, &mut projected)?;
            kernels::add(&mut x, &projected);

            kernels::rms_norm(&x, &layer.ffn_norm, epsilon, &mut normed);
            layer.gate.multiply(&normed, &mut gate)?;
            layer.up.multiply(&normed, &mut up)?;
            kernels::gate(&mut gate, &up);
            layer.down.multiply(&gate, &mut projected)?;
            kernels::add(&mut x, &projected);
        }
        cache.advance(rows);
        match logits {
            Logits::None => Ok(Vec::new()),
            Logits::Last => self.unembed(x.get((rows - 1) * width..).unwrap_or_default()),
            Logits::All => self.unembed(&x),
        }
    }

    fn vocab(&self) -> usize {
        self.numbers.vocab
    }

    fn trained_context(&self) -> usize {
        self.numbers.trained_context
    }

    fn weight_bytes(&self) -> usize {
        let matrices = self.layers.iter().flat_map(|layer| {
            [
                &layer.query,
                &layer.key,
                &layer.value,
                &layer.output,
                &layer.gate,
                &layer.up,
                &layer.down,
            ]
        });
        matrices.chain([&self.embedding]).chain(&self.unembedding).map(Matrix::bytes).sum::<usize>()
    }
}
