//! The Qwen2 family: Qwen2, Qwen2.5, Qwen2.5-Coder and what is fine-tuned from them.
//!
//! Owns the names and shapes of its tensors, the bounds on its numbers, and the forward pass.
//! Works on slices of floats; matrix products are `matrix.rs`, everything else `kernels`.

use super::{Decoder, Span};
use crate::error::EngineError;
use crate::gguf::{GgufError, Header, LoadedFile, RawTensor};
use crate::kernels::attention::{Heads, Rows, attention};
use crate::kernels::vector::{self, Rope};
use crate::kv_cache::Shape;
use crate::matrix::{Matrix, floats, multiply_all};

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
        let embedding = Matrix::new(take(file, "token_embd.weight", &[vocab, width])?)?;
        let unembedding = if file.tensors.contains_key("output.weight") {
            Some(Matrix::new(take(file, "output.weight", &[vocab, width])?)?)
        } else {
            None
        };
        let mut layers = Vec::new();
        for block in 0..numbers.blocks {
            let mut matrix = |name: &str, rows: usize, cols: usize| {
                let name = format!("blk.{block}.{name}.weight");
                Matrix::new(take(file, &name, &[rows, cols])?)
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

    fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        let of_layers = self.layers.iter().flat_map(|layer| {
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
        of_layers.chain([&self.embedding]).chain(&self.unembedding)
    }

    fn unembed(&self, hidden: &[f32]) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, vocab, epsilon, .. } = self.numbers;
        let mut normed = vec![0.0; hidden.len()];
        vector::rms_norm(hidden, &self.norm, epsilon, &mut normed);
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
    fn shape(&self) -> Shape {
        let Heads { kv, dim, .. } = self.numbers.heads;
        Shape { layers: self.layers.len(), heads: kv, dim }
    }

    fn forward_spans(&mut self, spans: &mut [Span<'_>]) -> Result<Vec<f32>, EngineError> {
        let Numbers { width, ffn_width, heads, epsilon, .. } = self.numbers;
        for span in spans.iter_mut() {
            if span.tokens.is_empty() || !span.cache.reserve(span.tokens.len()) {
                return Err(EngineError::Internal("tokens do not fit the cache"));
            }
        }
        let tokens: Vec<u32> = spans.iter().flat_map(|span| span.tokens).copied().collect();
        let rows = tokens.len();
        let (q_width, kv_width) = (heads.query * heads.dim, heads.kv * heads.dim);
        let mut x = self.embedding.take_rows(&tokens)?;
        let mut normed = vec![0.0; rows * width];
        let mut projected = vec![0.0; rows * width];
        let mut query = vec![0.0; rows * q_width];
        let mut key = vec![0.0; rows * kv_width];
        let mut value = vec![0.0; rows * kv_width];
        let mut mixed = vec![0.0; rows * q_width];
        let mut gate = vec![0.0; rows * ffn_width];
        let mut up = vec![0.0; rows * ffn_width];
        for (index, layer) in self.layers.iter().enumerate() {
            vector::rms_norm(&x, &layer.attention_norm, epsilon, &mut normed);
            multiply_all(
                [&layer.query, &layer.key, &layer.value],
                &normed,
                [&mut query, &mut key, &mut value],
            )?;
            vector::add_bias(&mut query, &layer.query_bias);
            vector::add_bias(&mut key, &layer.key_bias);
            vector::add_bias(&mut value, &layer.value_bias);

            let mut of_row = query
                .chunks_exact_mut(q_width)
                .zip(key.chunks_exact_mut(kv_width).zip(value.chunks_exact(kv_width)));
            for span in spans.iter_mut() {
                let start = span.cache.len();
                for position in start..start + span.tokens.len() {
                    let Some((query, (keys, values))) = of_row.next() else { break };
                    for head in query.chunks_exact_mut(heads.dim) {
                        self.rope.apply(head, position);
                    }
                    let heads_of_row =
                        keys.chunks_exact_mut(heads.dim).zip(values.chunks_exact(heads.dim));
                    for (head, (key, value)) in heads_of_row.enumerate() {
                        self.rope.apply(key, position);
                        span.cache.put(index, head, position, key, value);
                    }
                }
            }
            let mut first = 0;
            let of_spans: Vec<Rows<'_>> = spans
                .iter()
                .map(|span| {
                    let (count, start) = (span.tokens.len(), span.cache.len());
                    first += count;
                    Rows { cache: span.cache, first: first - count, count, start }
                })
                .collect();
            attention(&query, &of_spans, index, heads, &mut mixed);
            layer.output.multiply(&mixed, &mut projected)?;
            vector::add(&mut x, &projected);

            vector::rms_norm(&x, &layer.ffn_norm, epsilon, &mut normed);
            multiply_all([&layer.gate, &layer.up], &normed, [&mut gate, &mut up])?;
            vector::gate(&mut gate, &up);
            layer.down.multiply(&gate, &mut projected)?;
            vector::add(&mut x, &projected);
        }
        let mut wanted = Vec::new();
        let mut rest = x.as_slice();
        for span in spans.iter_mut() {
            span.cache.advance(span.tokens.len());
            let (own, later) = rest.split_at(span.tokens.len() * width);
            let rows = span.logits.rows(span.tokens.len());
            wanted.extend_from_slice(own.get(own.len() - rows * width..).unwrap_or_default());
            rest = later;
        }
        if wanted.is_empty() { Ok(Vec::new()) } else { self.unembed(&wanted) }
    }

    fn exact(&self) -> bool {
        self.matrices().all(Matrix::exact)
    }

    fn vocab(&self) -> usize {
        self.numbers.vocab
    }

    fn trained_context(&self) -> usize {
        self.numbers.trained_context
    }

    fn weight_bytes(&self) -> usize {
        self.matrices().map(Matrix::bytes).sum()
    }
}
