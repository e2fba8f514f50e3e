//! Tiny random model files of the other families.
//!
//! As [`TinyGguf::new`]: a few layers, 64 wide, in a mix of types, or wider in one, with a vocabulary of
//! all bytes, some words and the family's special tokens. Everything a family has and another has not is in
//! its file; what only some of its models have is for a test to add.

use candle_core::quantized::GgmlDType;

use crate::tiny_gguf::{ALIGNMENT, Meta, Random, TinyGguf, byte_pair_vocabulary};

const HEADS: usize = 4;
const KV_HEADS: usize = 2;

/// A family of models, and which vocabulary it comes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Byte pairs, as Qwen2's.
    Qwen3,
    /// Llama 3: byte pairs.
    Llama3,
    /// TinyLlama: pieces with scores.
    TinyLlama,
    /// SmolLM2: byte pairs, ChatML.
    SmolLm2,
    /// Pieces with scores.
    Phi3,
    /// Pieces with scores, and lines' ends that are tokens of the vendor's own.
    Gemma3,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Qwen3, Self::Llama3, Self::TinyLlama, Self::SmolLm2, Self::Phi3, Self::Gemma3];

    /// `general.architecture`, which the keys begin with.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Qwen3 => "qwen3",
            Self::Llama3 | Self::TinyLlama | Self::SmolLm2 => "llama",
            Self::Phi3 => "phi3",
            Self::Gemma3 => "gemma3",
        }
    }

    /// Layers: of Gemma, one more than up to the first that is global.
    fn layers(self) -> usize {
        if self == Self::Gemma3 { 7 } else { 2 }
    }

    /// Width of a head; not the model's for each head where the family may have another.
    fn head_dim(self, width: usize) -> usize {
        match self {
            Self::Qwen3 | Self::Gemma3 => 2 * width / HEADS,
            _ => width / HEADS,
        }
    }

    fn vocabulary(self) -> Vec<(&'static str, Meta)> {
        match self {
            Self::Qwen3 => byte_pairs(
                "qwen2",
                &["<think>", "</think>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                None,
            ),
            Self::SmolLm2 => {
                byte_pairs("smollm", &["<|endoftext|>", "<|im_start|>", "<|im_end|>"], None)
            }
            Self::Llama3 => byte_pairs(
                "llama-bpe",
                &[
                    "<|begin_of_text|>",
                    "<|end_of_text|>",
                    "<|start_header_id|>",
                    "<|end_header_id|>",
                    "<|eot_id|>",
                ],
                Some(0),
            ),
            Self::TinyLlama => pieces(&[], true),
            Self::Phi3 => pieces(
                &[
                    ("<|endoftext|>", 3),
                    ("<|system|>", 4),
                    ("<|user|>", 4),
                    ("<|assistant|>", 4),
                    ("<|end|>", 4),
                ],
                true,
            ),
            Self::Gemma3 => pieces(
                &[
                    ("\n\n", 4),
                    ("\n\n\n", 4),
                    ("<table>", 4),
                    ("<start_of_turn>", 3),
                    ("<end_of_turn>", 4),
                ],
                false,
            ),
        }
    }
}

/// Sizes of a model, and the type of its matrices.
#[derive(Debug, Clone, Copy)]
struct Form {
    layers: usize,
    width: usize,
    /// Of every matrix; else each has another one.
    dtype: Option<GgmlDType>,
}

impl Form {
    fn ffn_width(self) -> usize {
        2 * self.width
    }

    fn dtype(self, of_mix: GgmlDType) -> GgmlDType {
        self.dtype.unwrap_or(of_mix)
    }
}

/// A vocabulary of byte pairs; `begin` is the number of its beginning token among the specials.
fn byte_pairs(pre: &str, specials: &[&str], begin: Option<usize>) -> Vec<(&'static str, Meta)> {
    let (tokens, types, merges) = byte_pair_vocabulary(specials);
    let vocab = tokens.len();
    let mut all = vec![
        ("tokenizer.ggml.model", Meta::Text("gpt2".into())),
        ("tokenizer.ggml.pre", Meta::Text(pre.into())),
        ("tokenizer.ggml.tokens", Meta::Texts(tokens)),
        ("tokenizer.ggml.token_type", Meta::Integers(types)),
        ("tokenizer.ggml.merges", Meta::Texts(merges)),
        ("tokenizer.ggml.eos_token_id", Meta::U32(vocab as u32 - 1)),
    ];
    if let Some(begin) = begin {
        let id = vocab - specials.len() + begin;
        all.push(("tokenizer.ggml.bos_token_id", Meta::U32(id as u32)));
    }
    all
}

/// Pieces of the tiny vocabularies with scores, the likeliest first.
pub const PIECES: [&str; 19] = [
    "▁S",
    "EL",
    "SE",
    "LE",
    "CT",
    "ECT",
    "ELECT",
    "▁SELECT",
    "▁▁",
    "▁a",
    "ab",
    "▁ab",
    "abc",
    "bc",
    "er",
    "he",
    "▁t",
    "▁the",
    "é",
];

/// A vocabulary of pieces with scores: `<unk>`, `<s>`, `</s>`, all bytes, [`PIECES`], the letters
/// and signs of ASCII, and the family's own tokens with their types.
fn pieces(own: &[(&str, i32)], space_first: bool) -> Vec<(&'static str, Meta)> {
    let mut tokens: Vec<String> = ["<unk>", "<s>", "</s>"].map(String::from).to_vec();
    let mut types = vec![2, 3, 3];
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    types.resize(tokens.len(), 6);
    let mut scores = vec![0.0; tokens.len()];
    let letters = ('!'..='~').chain(['▁']).map(String::from);
    for (rank, piece) in PIECES.map(String::from).into_iter().chain(letters).enumerate() {
        tokens.push(piece);
        scores.push(-(rank as f32));
    }
    types.resize(tokens.len(), 1);
    for (token, kind) in own {
        tokens.push((*token).into());
        types.push(*kind);
        scores.push(0.0);
    }
    vec![
        ("tokenizer.ggml.model", Meta::Text("llama".into())),
        ("tokenizer.ggml.pre", Meta::Text("default".into())),
        ("tokenizer.ggml.tokens", Meta::Texts(tokens)),
        ("tokenizer.ggml.scores", Meta::Floats(scores)),
        ("tokenizer.ggml.token_type", Meta::Integers(types)),
        ("tokenizer.ggml.bos_token_id", Meta::U32(1)),
        ("tokenizer.ggml.eos_token_id", Meta::U32(2)),
        ("tokenizer.ggml.add_bos_token", Meta::Bool(true)),
        ("tokenizer.ggml.add_space_prefix", Meta::Bool(space_first)),
    ]
}

impl TinyGguf {
    /// The model of a family and a seed.
    pub fn of_family(family: Family, seed: u64) -> Self {
        Self::of_family_with(family, seed, family.layers())
    }

    /// The same with another number of layers.
    pub fn of_family_with(family: Family, seed: u64, layers: usize) -> Self {
        Self::of_form(family, seed, Form { layers, width: 64, dtype: None })
    }

    /// A wider one, every matrix of one type.
    pub fn of_family_in(family: Family, dtype: GgmlDType, seed: u64) -> Self {
        let form = Form { layers: family.layers(), width: 256, dtype: Some(dtype) };
        Self::of_form(family, seed, form)
    }

    fn of_form(family: Family, seed: u64, form: Form) -> Self {
        let Form { layers, width, .. } = form;
        let head_dim = family.head_dim(width);
        let architecture = family.architecture();
        let number = |value: usize| Meta::U32(value as u32);
        let mut numbers = vec![
            ("block_count", number(layers)),
            ("context_length", Meta::U32(1024)),
            ("embedding_length", number(width)),
            ("feed_forward_length", number(form.ffn_width())),
            ("attention.head_count", number(HEADS)),
            ("attention.head_count_kv", number(KV_HEADS)),
            ("attention.layer_norm_rms_epsilon", Meta::F32(1e-6)),
            ("rope.freq_base", Meta::F32(10_000.0)),
            ("rope.dimension_count", number(head_dim)),
        ];
        if head_dim != width / HEADS {
            numbers.push(("attention.key_length", number(head_dim)));
            numbers.push(("attention.value_length", number(head_dim)));
        }
        if family == Family::Gemma3 {
            numbers.push(("attention.sliding_window", Meta::U32(8)));
            numbers.push(("rope.freq_base", Meta::F32(1_000_000.0)));
        }
        let mut all = Self { seed, version: 3, metadata: Vec::new(), tensors: Vec::new() };
        all.set("general.architecture", Meta::Text(architecture.into()));
        all.set("general.name", Meta::Text("tiny".into()));
        all.set("general.alignment", Meta::U32(ALIGNMENT as u32));
        for (key, value) in numbers {
            all.set(&format!("{architecture}.{key}"), value);
        }
        let mut vocab = 0;
        for (key, value) in family.vocabulary() {
            if let ("tokenizer.ggml.tokens", Meta::Texts(tokens)) = (key, &value) {
                vocab = tokens.len();
            }
            all.set(key, value);
        }
        let mut random = Random(seed);
        all.matrix(&mut random, "token_embd.weight", vocab, width, form.dtype(GgmlDType::Q8_0));
        // Gemma's file has no other, and of each of the rest some have.
        if matches!(family, Family::Phi3 | Family::TinyLlama) {
            all.matrix(&mut random, "output.weight", vocab, width, form.dtype(GgmlDType::Q8_0));
        }
        for layer in 0..layers {
            all.layer(&mut random, family, form, layer);
        }
        all.vector(&mut random, "output_norm.weight", width, 1.0);
        all
    }

    fn layer(&mut self, random: &mut Random, family: Family, form: Form, layer: usize) {
        let name = |rest: &str| format!("blk.{layer}.{rest}.weight");
        let (width, ffn) = (form.width, form.ffn_width());
        let dim = family.head_dim(width);
        let (query, kv) = (HEADS * dim, KV_HEADS * dim);
        self.vector(random, &name("attn_norm"), width, 1.0);
        if family == Family::Phi3 {
            self.matrix(
                random,
                &name("attn_qkv"),
                query + 2 * kv,
                width,
                form.dtype(GgmlDType::Q5_0),
            );
            self.matrix(random, &name("ffn_up"), 2 * ffn, width, form.dtype(GgmlDType::Q4_0));
        } else {
            self.matrix(random, &name("attn_q"), query, width, form.dtype(GgmlDType::Q5_0));
            self.matrix(random, &name("attn_k"), kv, width, form.dtype(GgmlDType::Q8_0));
            self.matrix(random, &name("attn_v"), kv, width, form.dtype(GgmlDType::F32));
            self.matrix(random, &name("ffn_gate"), ffn, width, form.dtype(GgmlDType::Q4_0));
            self.matrix(random, &name("ffn_up"), ffn, width, form.dtype(GgmlDType::Q5_0));
        }
        if matches!(family, Family::Qwen3 | Family::Gemma3) {
            self.vector(random, &name("attn_q_norm"), dim, 1.0);
            self.vector(random, &name("attn_k_norm"), dim, 1.0);
        }
        self.matrix(random, &name("attn_output"), width, query, form.dtype(GgmlDType::Q4_0));
        self.vector(random, &name("ffn_norm"), width, 1.0);
        self.matrix(random, &name("ffn_down"), width, ffn, form.dtype(GgmlDType::F16));
        if family == Family::Gemma3 {
            self.vector(random, &name("post_attention_norm"), width, 1.0);
            self.vector(random, &name("post_ffw_norm"), width, 1.0);
        }
    }

    /// Adds a tensor of floats, its dimensions innermost first.
    pub fn add_floats(&mut self, name: &str, dims: &[u64], values: &[f32]) -> &mut Self {
        self.tensors.push(crate::tiny_gguf::Tensor {
            name: name.into(),
            dims: dims.to_vec(),
            kind: 0,
            data: values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            wrong_offset: None,
        });
        self
    }
}
