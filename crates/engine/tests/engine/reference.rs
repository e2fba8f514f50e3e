//! The forward pass of Qwen2 as a textbook has it: `f64` sums over `f32` weights, no cache, no
//! blocks, no threads. Shares no code with the engine, the decoding of quantized blocks included.

use std::collections::HashMap;

use text2sql_testkit::tiny_gguf::{Meta, Tensor, TinyGguf};

/// Weights as floats.
pub struct Reference {
    tensors: HashMap<String, Vec<f32>>,
    width: usize,
    heads: usize,
    kv_heads: usize,
    blocks: usize,
    epsilon: f64,
    rope_base: f64,
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
    pub fn new(gguf: &TinyGguf) -> Self {
        let get = |key: &str| gguf.metadata.iter().find(|(have, _)| have == key).map(|(_, v)| v);
        let number = |key: &str| match get(key) {
            Some(Meta::U32(n)) => *n as usize,
            other => panic!("{key}: {other:?}"),
        };
        let float = |key: &str| match get(key) {
            Some(Meta::F32(x)) => f64::from(*x),
            other => panic!("{key}: {other:?}"),
        };
        Self {
            tensors: gguf.tensors.iter().map(|t| (t.name.clone(), values(t))).collect(),
            width: number("qwen2.embedding_length"),
            heads: number("qwen2.attention.head_count"),
            kv_heads: number("qwen2.attention.head_count_kv"),
            blocks: number("qwen2.block_count"),
            epsilon: float("qwen2.attention.layer_norm_rms_epsilon"),
            rope_base: float("qwen2.rope.freq_base"),
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

    /// Turns every head: element i and i + half of it are one complex number.
    fn rotate(&self, x: &mut [f32], position: usize) {
        let dim = self.width / self.heads;
        for head in x.chunks_exact_mut(dim) {
            for i in 0..dim / 2 {
                let angle = position as f64 / self.rope_base.powf(2.0 * i as f64 / dim as f64);
                let (a, b) = (f64::from(head[i]), f64::from(head[i + dim / 2]));
                head[i] = (a * angle.cos() - b * angle.sin()) as f32;
                head[i + dim / 2] = (a * angle.sin() + b * angle.cos()) as f32;
            }
        }
    }

    /// Logits of every position.
    pub fn logits(&self, tokens: &[u32]) -> Vec<Vec<f32>> {
        let dim = self.width / self.heads;
        let embedding = &self.tensors["token_embd.weight"];
        let mut rows: Vec<Vec<f32>> = tokens
            .iter()
            .map(|t| embedding[*t as usize * self.width..][..self.width].to_vec())
            .collect();
        for block in 0..self.blocks {
            let name = |rest: &str| format!("blk.{block}.{rest}");
            let (mut queries, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for (position, x) in rows.iter().enumerate() {
                let x = self.norm(&name("attn_norm"), x);
                let mut query = self.linear(&name("attn_q"), &x);
                let mut key = self.linear(&name("attn_k"), &x);
                self.rotate(&mut query, position);
                self.rotate(&mut key, position);
                queries.push(query);
                keys.push(key);
                values.push(self.linear(&name("attn_v"), &x));
            }
            for (position, x) in rows.iter_mut().enumerate() {
                let mut mixed = vec![0f32; self.width];
                for head in 0..self.heads {
                    let kv = head / (self.heads / self.kv_heads);
                    let query = &queries[position][head * dim..][..dim];
                    let scores: Vec<f64> = (0..=position)
                        .map(|at| {
                            let key = &keys[at][kv * dim..][..dim];
                            let product = query.iter().zip(key);
                            let sum: f64 =
                                product.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                            (sum / (dim as f64).sqrt()).exp()
                        })
                        .collect();
                    let total: f64 = scores.iter().sum();
                    for i in 0..dim {
                        let sum: f64 = (0..=position)
                            .map(|at| scores[at] / total * f64::from(values[at][kv * dim + i]))
                            .sum();
                        mixed[head * dim + i] = sum as f32;
                    }
                }
                add(x, &self.linear(&name("attn_output"), &mixed));
                let normed = self.norm(&name("ffn_norm"), x);
                let gate = self.linear(&name("ffn_gate"), &normed);
                let up = self.linear(&name("ffn_up"), &normed);
                let product: Vec<f32> =
                    gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
                add(x, &self.linear(&name("ffn_down"), &product));
            }
        }
        rows.iter().map(|x| self.linear("token_embd", &self.norm("output_norm", x))).collect()
    }
}

fn add(x: &mut [f32], y: &[f32]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}
