//! Element by element: normalisation, rotary positions, the gate.
//!
//! Plain Rust in shapes the compiler vectorizes: sums run over 16 separate lanes, because floats
//! may not be reordered.

#![allow(unsafe_code)]

use super::pool::{Parts, pool};

const LANES: usize = 16;

/// Elements of a piece of parallel work, a multiple of 8: some microseconds.
const GATE_PIECE: usize = 8192;

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
    let pieces = gate.len().div_ceil(GATE_PIECE);
    let parts = Parts::new(gate);
    pool().run(pieces, &|piece| {
        let from = piece * GATE_PIECE;
        let until = up.len().min(from + GATE_PIECE);
        let up = up.get(from..until).unwrap_or_default();
        // SAFETY: disjoint pieces.
        gate_here(unsafe { parts.get(from, up.len()) }, up);
    });
}

fn gate_here(gate: &mut [f32], up: &[f32]) {
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if super::avx2::supported() {
        // SAFETY: just asked.
        unsafe { super::exp_avx2::gate(gate, up) };
        done = gate.len() / 8 * 8;
    }
    for (gate, up) in gate.iter_mut().zip(up).skip(done) {
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
    fn gates_of_any_length_are_those_of_the_definition() {
        for len in [1, 7, 8, 29, GATE_PIECE + 5] {
            let up = super::super::fixture::noise(len);
            let input: Vec<f32> = up.iter().rev().map(|x| x * 20.0).collect();
            let mut found = input.clone();
            gate(&mut found, &up);
            for ((x, up), found) in input.iter().zip(&up).zip(&found) {
                let expected = x / (1.0 + (-x).exp()) * up;
                assert!((found - expected).abs() < 1e-5, "{found} and not {expected}");
            }
        }
    }
}
