//! The parts of a forward pass that are not matrix products, on slices of floats.
//!
//! Owns normalisation, rotary positions, attention and the gate; plain safe Rust in shapes the
//! compiler vectorizes: sums run over 16 separate lanes, because floats may not be reordered.
//! Parallel work goes to candle's pool, so that there is one pool. Called by `arch`.

use std::sync::Mutex;

use candle_core::utils::barrier_pool;

use crate::kv_cache::LayerKv;

const LANES: usize = 16;

/// Query rows one piece of parallel work covers.
const QUERY_BLOCK: usize = 8;

/// Multiplications below which one thread is faster than waking others.
/// Measured on 2 cores of an AVX2 machine: a hand-over costs about 5 µs.
const PARALLEL_FROM: usize = 1 << 16;

/// Sum of products.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (a_chunks, a_tail) = a.as_chunks::<LANES>();
    let (b_chunks, b_tail) = b.as_chunks::<LANES>();
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + tail
}

/// `out += factor * x`.
#[inline(always)]
pub fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x * factor;
    }
}

/// `out += x`.
pub fn add(out: &mut [f32], x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out += x;
    }
}

/// Adds a bias to every row.
pub fn add_bias(rows: &mut [f32], bias: &[f32]) {
    if bias.is_empty() {
        return;
    }
    for row in rows.chunks_exact_mut(bias.len()) {
        add(row, bias);
    }
}

/// Root-mean-square normalisation of every row.
pub fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let width = weight.len();
    if width == 0 {
        return;
    }
    for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = dot(x, x) / width as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }
}

/// `gate = silu(gate) * up`.
pub fn gate(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + (-*gate).exp()) * up;
    }
}

/// Sines and cosines of rotary positions, `[position][head_dim / 2]`.
#[derive(Debug)]
pub struct Rope {
    cos: Vec<f32>,
    sin: Vec<f32>,
    half: usize,
}

impl Rope {
    /// Tables for positions below `context`.
    pub fn new(head_dim: usize, base: f64, context: usize) -> Self {
        let half = head_dim / 2;
        let frequencies: Vec<f64> =
            (0..half).map(|i| base.powf(-2.0 * i as f64 / head_dim as f64)).collect();
        let angles = || {
            (0..context).flat_map(|position| frequencies.iter().map(move |f| position as f64 * f))
        };
        Self {
            cos: angles().map(|a| a.cos() as f32).collect(),
            sin: angles().map(|a| a.sin() as f32).collect(),
            half,
        }
    }

    /// Turns one head's vector to its position; first half against second half, as Qwen does.
    pub fn apply(&self, head: &mut [f32], position: usize) {
        let span = position * self.half..(position + 1) * self.half;
        let (Some(cos), Some(sin)) = (self.cos.get(span.clone()), self.sin.get(span)) else {
            return;
        };
        let (first, second) = head.split_at_mut(self.half.min(head.len()));
        for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            let (x, y) = (*a, *b);
            *a = x * cos - y * sin;
            *b = x * sin + y * cos;
        }
    }
}

/// Shape of an attention.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Query heads.
    pub query: usize,
    /// Key and value heads.
    pub kv: usize,
    /// Width of a head.
    pub dim: usize,
}

/// Causal attention of `query` (`[row][head][dim]`) at positions `start..`; the cache already
/// holds their keys and values.
pub fn attention(query: &[f32], cache: &LayerKv, start: usize, heads: Heads, out: &mut [f32]) {
    let width = heads.query * heads.dim;
    if width == 0 || heads.kv == 0 {
        return;
    }
    let group = heads.query / heads.kv;
    let rows = query.len() / width;
    let scale = 1.0 / (heads.dim as f32).sqrt();

    // One piece of work: a head of a block of rows. Its output parts are handed out under locks
    // that are never contended; that is what safe code costs.
    let mut parts: Vec<Mutex<Vec<&mut [f32]>>> = Vec::new();
    let blocks = rows.div_ceil(QUERY_BLOCK);
    parts.resize_with(blocks * heads.query, || Mutex::new(Vec::with_capacity(QUERY_BLOCK)));
    for (index, part) in out.chunks_exact_mut(heads.dim).enumerate() {
        let (row, head) = (index / heads.query, index % heads.query);
        if let Some(slot) = parts.get_mut(row / QUERY_BLOCK * heads.query + head)
            && let Ok(slot) = slot.get_mut()
        {
            slot.push(part);
        }
    }
    let head_attention = attend_here();
    let work = |range: std::ops::Range<usize>| {
        let mut scores = Vec::new();
        for index in range {
            let (block, head) = (index / heads.query, index % heads.query);
            let Some(Ok(mut part)) = parts.get(index).map(Mutex::lock) else { continue };
            for (offset, out) in part.iter_mut().enumerate() {
                let row = block * QUERY_BLOCK + offset;
                let count = start + row + 1;
                let from = row * width + head * heads.dim;
                let Some(query) = query.get(from..from + heads.dim) else { continue };
                let kv_head = head / group;
                head_attention(
                    query,
                    cache.keys(kv_head, count),
                    cache.values(kv_head, count),
                    scale,
                    &mut scores,
                    out,
                );
            }
        }
    };
    let cost = rows * width * (start + rows);
    if cost < PARALLEL_FROM {
        work(0..parts.len());
    } else {
        barrier_pool().execute_chunked(parts.len(), work);
    }
}

type Attend = fn(&[f32], &[f32], &[f32], f32, &mut Vec<f32>, &mut [f32]);

/// A plain x86-64 build has vectors of 4 floats; nearly every processor has 8.
fn attend_here() -> Attend {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn wide(q: &[f32], k: &[f32], v: &[f32], scale: f32, s: &mut Vec<f32>, out: &mut [f32]) {
            attend(q, k, v, scale, s, out);
        }
        #[allow(unsafe_code)]
        return |query, keys, values, scale, scores, out| {
            // SAFETY: the processor was found to have AVX2.
            unsafe { wide(query, keys, values, scale, scores, out) }
        };
    }
    attend
}

#[inline(always)]
fn attend(
    query: &[f32],
    keys: &[f32],
    values: &[f32],
    scale: f32,
    scores: &mut Vec<f32>,
    out: &mut [f32],
) {
    scores.clear();
    scores.extend(keys.chunks_exact(query.len()).map(|key| dot(query, key) * scale));
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0f32;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        total += *score;
    }
    out.fill(0.0);
    for (score, value) in scores.iter().zip(values.chunks_exact(out.len())) {
        add_scaled(out, *score, value);
    }
    let scale = 1.0 / total;
    for out in out.iter_mut() {
        *out *= scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_includes_the_tail() {
        let a: Vec<f32> = (0..37).map(|i| i as f32).collect();
        let expected: f32 = a.iter().map(|x| x * x).sum();
        assert_eq!(dot(&a, &a), expected);
    }

    #[test]
    fn a_rotation_keeps_the_length() {
        let rope = Rope::new(8, 10_000.0, 16);
        let mut head = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let before = dot(&head, &head);
        rope.apply(&mut head, 7);
        assert!((dot(&head, &head) - before).abs() < 1e-3);
    }

    #[test]
    fn attention_over_equal_keys_is_the_mean_of_the_values() {
        let mut cache = crate::kv_cache::KvCache::new(1, 1, 4, 8);
        let layer = cache.layer_mut(0).expect("a layer");
        for position in 0..3 {
            layer.put(0, position, &[1.0; 4], &[position as f32; 4]);
        }
        let mut out = [0.0; 8];
        let heads = Heads { query: 2, kv: 1, dim: 4 };
        attention(&[0.5; 8], layer, 2, heads, &mut out);
        for x in out {
            assert!((x - 1.0).abs() < 1e-6, "{x}");
        }
    }
}
