//! A tiny random model file of the Qwen2 family, and the writing of files of any (`tiny_family` has
//! the others).
//!
//! Two layers, 64 wide (256 in the variant with K-quants, whose blocks have that length), a
//! vocabulary of all bytes, a few merges and the chat's special tokens, in the mix of types that
//! real files have. The same seed gives the same bytes, so tests can
//! hold golden outputs. Also the knobs to damage one detail at a time.

use candle_core::quantized::{GgmlDType, QStorage, QTensor};

const HEADS: usize = 4;
const KV_HEADS: usize = 2;
const LAYERS: usize = 2;
pub(crate) const ALIGNMENT: usize = 32;

/// What to write.
#[derive(Debug, Clone)]
pub struct TinyGguf {
    /// Seed of the weights.
    pub seed: u64,
    /// GGUF version.
    pub version: u32,
    /// Metadata, in order; damage it at will.
    pub metadata: Vec<(String, Meta)>,
    /// Tensors, in order.
    pub tensors: Vec<Tensor>,
}

/// A metadata value.
#[derive(Debug, Clone)]
pub enum Meta {
    /// u32.
    U32(u32),
    /// f32.
    F32(f32),
    /// Text.
    Text(String),
    /// Array of texts.
    Texts(Vec<String>),
    /// Array of i32.
    Integers(Vec<i32>),
    /// Array of f32.
    Floats(Vec<f32>),
    /// A boolean.
    Bool(bool),
    /// Bytes as they are: type and value.
    Raw(Vec<u8>),
}

/// A tensor and its entry in the table.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Name.
    pub name: String,
    /// Dimensions, innermost first, as in the file.
    pub dims: Vec<u64>,
    /// Number of the element type.
    pub kind: u32,
    /// Data.
    pub data: Vec<u8>,
    /// Offset in the table instead of the right one.
    pub wrong_offset: Option<u64>,
}

fn byte_tokens() -> Vec<String> {
    let printable = |byte: u32| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut shifted = 0x100u32..;
    (0..256u32)
        .filter_map(|byte| if printable(byte) { Some(byte) } else { shifted.next() })
        .filter_map(char::from_u32)
        .map(String::from)
        .collect()
}

/// Tokens, their types, and merges: all bytes, a few words, and control tokens at the end.
pub(crate) fn byte_pair_vocabulary(specials: &[&str]) -> (Vec<String>, Vec<i32>, Vec<String>) {
    let mut tokens = byte_tokens();
    let mut types = vec![1; tokens.len()];
    let merges = ["Ġ S", "S E", "L E", "SE LE", "C T", "SELE CT", "ĠS ELECT", "Ġ 1"];
    for merge in merges {
        let token = merge.replace(' ', "");
        if !tokens.contains(&token) {
            tokens.push(token);
            types.push(1);
        }
    }
    // "ĠS ELECT" needs its right half.
    tokens.push("ELECT".into());
    types.push(1);
    for special in specials {
        tokens.push((*special).into());
        types.push(3);
    }
    (tokens, types, merges.map(String::from).to_vec())
}

pub(crate) struct Random(pub u64);

impl Random {
    /// Uniform in -1..1; splitmix64.
    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

fn kind(dtype: GgmlDType) -> u32 {
    match dtype {
        GgmlDType::F16 => 1,
        GgmlDType::Q4_0 => 2,
        GgmlDType::Q4_1 => 3,
        GgmlDType::Q5_0 => 6,
        GgmlDType::Q5_1 => 7,
        GgmlDType::Q8_0 => 8,
        GgmlDType::Q2K => 10,
        GgmlDType::Q3K => 11,
        GgmlDType::Q4K => 12,
        GgmlDType::Q5K => 13,
        GgmlDType::Q6K => 14,
        GgmlDType::BF16 => 30,
        _ => 0,
    }
}

/// Sizes and element types.
struct Shape {
    width: usize,
    ffn_width: usize,
    embedding: GgmlDType,
    query: GgmlDType,
    key: GgmlDType,
    value: GgmlDType,
    output: GgmlDType,
    gate: GgmlDType,
    up: GgmlDType,
    down: GgmlDType,
}

impl TinyGguf {
    /// The model of a seed, of every type that has short blocks or none.
    pub fn new(seed: u64) -> Self {
        Self::of_shape(
            seed,
            &Shape {
                width: 64,
                ffn_width: 128,
                embedding: GgmlDType::Q8_0,
                query: GgmlDType::Q5_0,
                key: GgmlDType::Q8_0,
                value: GgmlDType::F32,
                output: GgmlDType::Q4_0,
                gate: GgmlDType::Q4_0,
                up: GgmlDType::Q5_0,
                down: GgmlDType::F16,
            },
        )
    }

    /// A wider model in the types of a "Q4_K_M" file.
    pub fn k_quants(seed: u64) -> Self {
        Self::of_shape(
            seed,
            &Shape {
                width: 256,
                ffn_width: 512,
                embedding: GgmlDType::Q6K,
                query: GgmlDType::Q4K,
                key: GgmlDType::Q4K,
                value: GgmlDType::Q6K,
                output: GgmlDType::Q4K,
                gate: GgmlDType::Q4K,
                up: GgmlDType::Q4K,
                down: GgmlDType::Q6K,
            },
        )
    }

    /// As wide, every matrix of one type.
    pub fn of_type(dtype: GgmlDType, seed: u64) -> Self {
        Self::of_shape(
            seed,
            &Shape {
                width: 256,
                ffn_width: 512,
                embedding: dtype,
                query: dtype,
                key: dtype,
                value: dtype,
                output: dtype,
                gate: dtype,
                up: dtype,
                down: dtype,
            },
        )
    }

    fn of_shape(seed: u64, shape: &Shape) -> Self {
        let &Shape { width, ffn_width, .. } = shape;
        let (tokens, types, merges) =
            byte_pair_vocabulary(&["<|endoftext|>", "<|im_start|>", "<|im_end|>"]);
        let vocab = tokens.len();
        let text = |text: &str| Meta::Text(text.into());
        let metadata = [
            ("general.architecture", text("qwen2")),
            ("general.name", text("tiny")),
            ("general.alignment", Meta::U32(ALIGNMENT as u32)),
            ("qwen2.block_count", Meta::U32(LAYERS as u32)),
            ("qwen2.context_length", Meta::U32(1024)),
            ("qwen2.embedding_length", Meta::U32(width as u32)),
            ("qwen2.feed_forward_length", Meta::U32(ffn_width as u32)),
            ("qwen2.attention.head_count", Meta::U32(HEADS as u32)),
            ("qwen2.attention.head_count_kv", Meta::U32(KV_HEADS as u32)),
            ("qwen2.attention.layer_norm_rms_epsilon", Meta::F32(1e-6)),
            ("qwen2.rope.freq_base", Meta::F32(1_000_000.0)),
            ("tokenizer.ggml.model", text("gpt2")),
            ("tokenizer.ggml.pre", text("qwen2")),
            ("tokenizer.ggml.tokens", Meta::Texts(tokens)),
            ("tokenizer.ggml.token_type", Meta::Integers(types)),
            ("tokenizer.ggml.merges", Meta::Texts(merges)),
            ("tokenizer.ggml.eos_token_id", Meta::U32(vocab as u32 - 1)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec();
        let mut all = Self { seed, version: 3, metadata, tensors: Vec::new() };
        let mut random = Random(seed);
        let kv = width / HEADS * KV_HEADS;
        all.matrix(&mut random, "token_embd.weight", vocab, width, shape.embedding);
        for layer in 0..LAYERS {
            let name = |rest: &str| format!("blk.{layer}.{rest}");
            all.vector(&mut random, &name("attn_norm.weight"), width, 1.0);
            all.matrix(&mut random, &name("attn_q.weight"), width, width, shape.query);
            all.vector(&mut random, &name("attn_q.bias"), width, 0.0);
            all.matrix(&mut random, &name("attn_k.weight"), kv, width, shape.key);
            all.vector(&mut random, &name("attn_k.bias"), kv, 0.0);
            all.matrix(&mut random, &name("attn_v.weight"), kv, width, shape.value);
            all.vector(&mut random, &name("attn_v.bias"), kv, 0.0);
            all.matrix(&mut random, &name("attn_output.weight"), width, width, shape.output);
            all.vector(&mut random, &name("ffn_norm.weight"), width, 1.0);
            all.matrix(&mut random, &name("ffn_gate.weight"), ffn_width, width, shape.gate);
            all.matrix(&mut random, &name("ffn_up.weight"), ffn_width, width, shape.up);
            all.matrix(&mut random, &name("ffn_down.weight"), width, ffn_width, shape.down);
        }
        all.vector(&mut random, "output_norm.weight", width, 1.0);
        all
    }

    /// Replaces a metadata value, or adds it.
    pub fn set(&mut self, key: &str, value: Meta) -> &mut Self {
        match self.metadata.iter_mut().find(|(have, _)| have == key) {
            Some(entry) => entry.1 = value,
            None => self.metadata.push((key.into(), value)),
        }
        self
    }

    /// Removes a metadata value.
    pub fn unset(&mut self, key: &str) -> &mut Self {
        self.metadata.retain(|(have, _)| have != key);
        self
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.metadata.len() as u64).to_le_bytes());
        for (key, value) in &self.metadata {
            put_text(&mut out, key);
            put_value(&mut out, value);
        }
        let mut offset = 0;
        for tensor in &self.tensors {
            put_text(&mut out, &tensor.name);
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            for dim in &tensor.dims {
                out.extend(dim.to_le_bytes());
            }
            out.extend(tensor.kind.to_le_bytes());
            out.extend(tensor.wrong_offset.unwrap_or(offset as u64).to_le_bytes());
            offset += tensor.data.len().next_multiple_of(ALIGNMENT);
        }
        for tensor in &self.tensors {
            out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
            out.extend(&tensor.data);
        }
        out
    }

    pub(crate) fn matrix(
        &mut self,
        random: &mut Random,
        name: &str,
        rows: usize,
        cols: usize,
        dtype: GgmlDType,
    ) {
        let scale = 2.0 / (cols as f32).sqrt();
        let values: Vec<f32> = (0..rows * cols).map(|_| random.next() * scale).collect();
        let mut blocks = dtype.cpu_zeros(values.len());
        blocks.from_float(&values);
        let data = QTensor::new(QStorage::Cpu(blocks), (rows, cols))
            .and_then(|tensor| tensor.data().map(|data| data.into_owned()))
            .unwrap_or_default();
        self.tensors.push(Tensor {
            name: name.into(),
            dims: vec![cols as u64, rows as u64],
            kind: kind(dtype),
            data,
            wrong_offset: None,
        });
    }

    pub(crate) fn vector(&mut self, random: &mut Random, name: &str, length: usize, around: f32) {
        let data = (0..length).flat_map(|_| (around + random.next() * 0.2).to_le_bytes()).collect();
        self.tensors.push(Tensor {
            name: name.into(),
            dims: vec![length as u64],
            kind: 0,
            data,
            wrong_offset: None,
        });
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Meta) {
    match value {
        Meta::U32(n) => {
            out.extend(4u32.to_le_bytes());
            out.extend(n.to_le_bytes());
        }
        Meta::F32(x) => {
            out.extend(6u32.to_le_bytes());
            out.extend(x.to_le_bytes());
        }
        Meta::Text(text) => {
            out.extend(8u32.to_le_bytes());
            put_text(out, text);
        }
        Meta::Texts(texts) => {
            out.extend(9u32.to_le_bytes());
            out.extend(8u32.to_le_bytes());
            out.extend((texts.len() as u64).to_le_bytes());
            for text in texts {
                put_text(out, text);
            }
        }
        Meta::Integers(items) => {
            out.extend(9u32.to_le_bytes());
            out.extend(5u32.to_le_bytes());
            out.extend((items.len() as u64).to_le_bytes());
            for item in items {
                out.extend(item.to_le_bytes());
            }
        }
        Meta::Floats(items) => {
            out.extend(9u32.to_le_bytes());
            out.extend(6u32.to_le_bytes());
            out.extend((items.len() as u64).to_le_bytes());
            for item in items {
                out.extend(item.to_le_bytes());
            }
        }
        Meta::Bool(value) => {
            out.extend(7u32.to_le_bytes());
            out.push(u8::from(*value));
        }
        Meta::Raw(bytes) => out.extend(bytes),
    }
}
