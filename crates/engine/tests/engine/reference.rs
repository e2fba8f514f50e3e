//! The forward pass of every family as a textbook has it: `f64` sums over `f32` weights, no cache, no
//! blocks, no threads. Shares no code with the engine, the decoding of quantized blocks included.

use std::collections::HashMap;

use text2sql_testkit::tiny_gguf::{Meta, Tensor, TinyGguf};

/// Weights as floats, and the numbers of the header.
pub struct Reference {
    tensors: HashMap<String, Vec<f32>>,
    family: String,
    metadata: HashMap<String, Meta>,
    /// Of the sequences: decides between Phi's factors.
    context: usize,
    width: usize,
    heads: usize,
    kv_heads: usize,
    dim: usize,
    blocks: usize,
    epsilon: f64,
}

fn half(bytes: &[u8]) -> f32 {
    half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Values of a tensor, by the published layout of its type.
pub fn values(tensor: &Tensor) -> Vec<f32> {
    let blocks = |size: usize| tensor.data.chunks_exact(size);
    match tensor.kind {
        0 => blocks(4).map(|x| f32::from_le_bytes([x[0], x[1], x[2], x[3]])).collect(),
        1 => blocks(2).map(half).collect(),
        // Q4_0: scale, then 16 bytes with element i in the low and i + 16 in the high half.
        2 => blocks(18)
            .flat_map(|block| {
                let scale = half(block);
                let low = block[2..].iter().map(move |q| (f32::from(q & 15) - 8.0) * scale);
                let high = block[2..].iter().map(move |q| (f32::from(q >> 4) - 8.0) * scale);
                low.chain(high).collect::<Vec<_>>()
            })
            .collect(),
        // Q5_0: scale, 32 fifth bits, then as Q4_0.
        6 => blocks(22)
            .flat_map(|block| {
                let scale = half(block);
                let fifth = u32::from_le_bytes([block[2], block[3], block[4], block[5]]);
                (0..32)
                    .map(move |i| {
                        let byte = block[6 + i % 16];
                        let four = if i < 16 { byte & 15 } else { byte >> 4 };
                        let five = u32::from(four) | (fifth >> i & 1) << 4;
                        (five as f32 - 16.0) * scale
                    })
                    .collect::<Vec<_>>()
            })
            .collect(),
        // Q8_0: scale, then 32 signed bytes.
        8 => blocks(34)
            .flat_map(|block| {
                let scale = half(block);
                block[2..].iter().map(move |q| f32::from(*q as i8) * scale).collect::<Vec<_>>()
            })
            .collect(),
        other => panic!("no reference for element type {other}"),
    }
}

/// The same model with every tensor as floats.
pub fn as_floats(gguf: &TinyGguf) -> TinyGguf {
    let mut out = gguf.clone();
    for tensor in &mut out.tensors {
        tensor.data = values(tensor).iter().flat_map(|x| x.to_le_bytes()).collect();
        tensor.kind = 0;
    }
    out
}

impl Reference {
    /// For sequences of at most `context` tokens.
    pub fn new(gguf: &TinyGguf, context: usize) -> Self {
        let mut all = Self {
            tensors: gguf.tensors.iter().map(|t| (t.name.clone(), values(t))).collect(),
            family: String::new(),
            metadata: gguf.metadata.iter().cloned().collect(),
            context,
            width: 0,
            heads: 0,
            kv_heads: 0,
            dim: 0,
            blocks: 0,
            epsilon: 0.0,
        };
        all.family = match &all.metadata["general.architecture"] {
            Meta::Text(name) => name.clone(),
            other => panic!("{other:?}"),
        };
        all.split_fused();
        let needed = ["embedding_length", "block_count", "attention.head_count"];
        [all.width, all.blocks, all.heads] =
            needed.map(|name| all.number(name).unwrap_or_else(|| panic!("no {name}")));
        all.kv_heads = all.number("attention.head_count_kv").unwrap_or(all.heads);
        all.dim = all.number("attention.key_length").unwrap_or(all.width / all.heads);
        all.epsilon = all.float("attention.layer_norm_rms_epsilon").expect("a norm has one");
        all
    }

    fn number(&self, name: &str) -> Option<usize> {
        match self.metadata.get(&format!("{}.{name}", self.family)) {
            Some(Meta::U32(n)) => Some(*n as usize),
            None => None,
            other => panic!("{name}: {other:?}"),
        }
    }

    fn float(&self, name: &str) -> Option<f64> {
        match self.metadata.get(&format!("{}.{name}", self.family)) {
            Some(Meta::F32(x)) => Some(f64::from(*x)),
            None => None,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// Queries, keys and values of one matrix, gate and up of another.
    fn split_fused(&mut self) {
        for name in self.tensors.keys().cloned().collect::<Vec<_>>() {
            if let Some(block) = name.strip_suffix("attn_qkv.weight") {
                let all = self.tensors.remove(&name).unwrap();
                let kv = self.tensors[&format!("{block}attn_output.weight")].len() / 2;
                for (part, name) in [&all[..2 * kv], &all[2 * kv..3 * kv], &all[3 * kv..]]
                    .into_iter()
                    .zip(["q", "k", "v"])
                {
                    self.tensors.insert(format!("{block}attn_{name}.weight"), part.to_vec());
                }
            }
            if let Some(block) = name.strip_suffix("ffn_up.weight")
                && self.family == "phi3"
            {
                let all = self.tensors.remove(&name).unwrap();
                let (gate, up) = all.split_at(all.len() / 2);
                self.tensors.insert(format!("{block}ffn_gate.weight"), gate.to_vec());
                self.tensors.insert(format!("{block}ffn_up.weight"), up.to_vec());
            }
        }
    }

    /// `weight · x + bias`, with a bias where there is one.
    fn linear(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let weight = &self.tensors[&format!("{name}.weight")];
        let bias = self.tensors.get(&format!("{name}.bias"));
        weight
            .chunks_exact(x.len())
            .enumerate()
            .map(|(row, w)| {
                let sum: f64 = w.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                sum as f32 + bias.map_or(0.0, |bias| bias[row])
            })
            .collect()
    }

    fn norm(&self, name: &str, x: &[f32]) -> Vec<f32> {
        let weight = &self.tensors[&format!("{name}.weight")];
        let mean = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / x.len() as f64;
        let scale = 1.0 / (mean + self.epsilon).sqrt();
        x.iter().zip(weight).map(|(x, w)| (f64::from(*x) * scale) as f32 * w).collect()
    }

    /// The norm, where the file has its weight.
    fn norm_if_any(&self, name: &str, x: Vec<f32>) -> Vec<f32> {
        if self.tensors.contains_key(&format!("{name}.weight")) { self.norm(name, &x) } else { x }
    }

    /// Whether a layer of Gemma sees everything.
    fn is_global(&self, block: usize) -> bool {
        (block + 1).is_multiple_of(self.number("attention.sliding_window_pattern").unwrap_or(6))
    }

    /// First position that a query at `position` sees.
    fn first_seen(&self, block: usize, position: usize) -> usize {
        match self.number("attention.sliding_window") {
            Some(0) | None => 0,
            Some(_) if self.family == "gemma3" && self.is_global(block) => 0,
            Some(window) => (position + 1).saturating_sub(window),
        }
    }

    /// Angle of a pair at a position.
    fn angle(&self, block: usize, pair: usize, dims: usize, position: usize) -> f64 {
        let local = self.family == "gemma3" && !self.is_global(block);
        let base = if local { 10_000.0 } else { self.float("rope.freq_base").unwrap_or(10_000.0) };
        let stretch = if local { 1.0 } else { self.float("rope.scaling.factor").unwrap_or(1.0) };
        let first = self.number("rope.scaling.original_context_length").unwrap_or(0);
        let factors = match self.family.as_str() {
            "phi3" if self.context <= first => "rope_factors_short.weight",
            "phi3" => "rope_factors_long.weight",
            _ => "rope_freqs.weight",
        };
        let factor = self.tensors.get(factors).map_or(1.0, |all| f64::from(all[pair]));
        position as f64 / base.powf(2.0 * pair as f64 / dims as f64) / factor / stretch
    }

    /// Turns every head: two elements are one complex number, neighbours in files of Llama's, else
    /// one of each half.
    fn rotate(&self, block: usize, x: &mut [f32], position: usize) {
        let dims = self.number("rope.dimension_count").unwrap_or(self.dim);
        let magnitude = self.float("rope.scaling.attn_factor").unwrap_or(1.0);
        for head in x.chunks_exact_mut(self.dim) {
            for i in 0..dims / 2 {
                let angle = self.angle(block, i, dims, position);
                let (at, other) =
                    if self.family == "llama" { (2 * i, 2 * i + 1) } else { (i, i + dims / 2) };
                let (a, b) = (f64::from(head[at]), f64::from(head[other]));
                head[at] = ((a * angle.cos() - b * angle.sin()) * magnitude) as f32;
                head[other] = ((a * angle.sin() + b * angle.cos()) * magnitude) as f32;
            }
        }
    }

    /// What scores are divided by: of Gemma's largest, the root of its width for each head.
    fn score_scale(&self) -> f64 {
        if self.family == "gemma3" && self.blocks == 62 {
            (self.width as f64 / self.heads as f64).sqrt()
        } else {
            (self.dim as f64).sqrt()
        }
    }

    fn activation(&self, x: f32) -> f32 {
        let x = f64::from(x);
        if self.family == "gemma3" {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            (x / 2.0 * (1.0 + inner.tanh())) as f32
        } else {
            (x / (1.0 + (-x).exp())) as f32
        }
    }

    /// Every head's norm of queries or keys, where the file has one, and its turn.
    fn placed(&self, block: usize, norm: &str, x: Vec<f32>, position: usize) -> Vec<f32> {
        let norm = format!("blk.{block}.{norm}");
        let mut x: Vec<f32> = x
            .chunks_exact(self.dim)
            .flat_map(|head| self.norm_if_any(&norm, head.to_vec()))
            .collect();
        self.rotate(block, &mut x, position);
        x
    }

    /// Logits of every position.
    pub fn logits(&self, tokens: &[u32]) -> Vec<Vec<f32>> {
        let embedding = &self.tensors["token_embd.weight"];
        let scale = if self.family == "gemma3" { (self.width as f32).sqrt() } else { 1.0 };
        let mut rows: Vec<Vec<f32>> = tokens
            .iter()
            .map(|t| &embedding[*t as usize * self.width..][..self.width])
            .map(|row| row.iter().map(|x| x * scale).collect())
            .collect();
        for block in 0..self.blocks {
            self.block(block, &mut rows);
        }
        let last = if self.tensors.contains_key("output.weight") { "output" } else { "token_embd" };
        rows.iter().map(|x| self.linear(last, &self.norm("output_norm", x))).collect()
    }

    fn block(&self, block: usize, rows: &mut [Vec<f32>]) {
        let (dim, name) = (self.dim, |rest: &str| format!("blk.{block}.{rest}"));
        let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (position, x) in rows.iter().enumerate() {
            let x = self.norm(&name("attn_norm"), x);
            let query = self.linear(&name("attn_q"), &x);
            queries.push(self.placed(block, "attn_q_norm", query, position));
            let key = self.linear(&name("attn_k"), &x);
            keys.push(self.placed(block, "attn_k_norm", key, position));
            values.push(self.linear(&name("attn_v"), &x));
        }
        for (position, x) in rows.iter_mut().enumerate() {
            let mut mixed = vec![0f32; self.heads * dim];
            for head in 0..self.heads {
                let kv = head / (self.heads / self.kv_heads);
                let query = &queries[position][head * dim..][..dim];
                let seen = self.first_seen(block, position)..=position;
                let scores: Vec<f64> = seen
                    .clone()
                    .map(|at| {
                        let product = query.iter().zip(&keys[at][kv * dim..][..dim]);
                        let sum: f64 = product.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                        (sum / self.score_scale()).exp()
                    })
                    .collect();
                let total: f64 = scores.iter().sum();
                for i in 0..dim {
                    let sum: f64 = seen
                        .clone()
                        .zip(&scores)
                        .map(|(at, score)| score / total * f64::from(values[at][kv * dim + i]))
                        .sum();
                    mixed[head * dim + i] = sum as f32;
                }
            }
            let attended = self.linear(&name("attn_output"), &mixed);
            add(x, &self.norm_if_any(&name("post_attention_norm"), attended));
            let normed = self.norm(&name("ffn_norm"), x);
            let gate = self.linear(&name("ffn_gate"), &normed);
            let up = self.linear(&name("ffn_up"), &normed);
            let product: Vec<f32> =
                gate.iter().zip(&up).map(|(g, u)| self.activation(*g) * u).collect();
            let fed = self.linear(&name("ffn_down"), &product);
            add(x, &self.norm_if_any(&name("post_ffw_norm"), fed));
        }
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}
