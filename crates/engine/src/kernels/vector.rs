//! Element by element: normalisation and the gate.
//!
//! Plain Rust in shapes the compiler vectorizes: sums run over 16 separate lanes, because floats
//! may not be reordered.

#![allow(unsafe_code)]

use super::code::Code;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::lanes;
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

/// [`rms_norm`] of every row in its own place.
pub fn rms_norm_here(rows: &mut [f32], weight: &[f32], epsilon: f32) {
    let width = weight.len();
    if width == 0 {
        return;
    }
    for row in rows.chunks_exact_mut(width) {
        let mean = dot(row, row) / width as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        for (x, weight) in row.iter_mut().zip(weight) {
            *x = *x * scale * weight;
        }
    }
}

/// `x *= factor`.
pub fn scale(x: &mut [f32], factor: f32) {
    for x in x {
        *x *= factor;
    }
}

/// Sum of `e^(x - most)`; none of `x` is larger than `most`.
pub fn sum_of_exp(x: &[f32], most: f32) -> f32 {
    sum_of_exp_by(Code::best(), x, most)
}

fn sum_of_exp_by(code: Code, x: &[f32], most: f32) -> f32 {
    assert!(code.runs(), "code that this processor cannot run");
    let (sum, done) = match code {
        #[cfg(target_arch = "x86_64")]
        Code::Amx | Code::Avx512 | Code::Avx2 => {
            // SAFETY: just asked; code for AVX-512 runs only with AVX2.
            let sum = unsafe { lanes::avx2::sum_of_exp(x, most) };
            (sum, whole(x.len(), lanes::avx2::WIDE))
        }
        #[cfg(target_arch = "aarch64")]
        Code::Neon => {
            // SAFETY: just asked.
            let sum = unsafe { lanes::neon::sum_of_exp(x, most) };
            (sum, whole(x.len(), lanes::neon::WIDE))
        }
        Code::Scalar => (0.0, 0),
    };
    let rest = x.get(done..).unwrap_or_default();
    sum + rest.iter().filter(|x| !x.is_nan()).map(|x| (x - most).exp()).sum::<f32>()
}

/// What a gate does to its input before the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x * sigmoid(x)`.
    Silu,
    /// The tanh approximation of GELU, `x / 2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`, which is
    /// `x * sigmoid` of twice what the tanh is of.
    GeluTanh,
}

/// `gate = activation(gate) * up`.
pub fn gate(activation: Activation, gate: &mut [f32], up: &[f32]) {
    gate_by(Code::best(), activation, gate, up);
}

fn gate_by(code: Code, activation: Activation, gate: &mut [f32], up: &[f32]) {
    let pieces = gate.len().div_ceil(GATE_PIECE);
    let parts = Parts::new(gate);
    pool().run(pieces, &|piece| {
        let from = piece * GATE_PIECE;
        let until = up.len().min(from + GATE_PIECE);
        let up = up.get(from..until).unwrap_or_default();
        // SAFETY: disjoint pieces.
        gate_here(code, activation, unsafe { parts.get(from, up.len()) }, up);
    });
}

fn gate_here(code: Code, activation: Activation, gate: &mut [f32], up: &[f32]) {
    assert!(code.runs(), "code that this processor cannot run");
    let done = match code {
        #[cfg(target_arch = "x86_64")]
        Code::Amx | Code::Avx512 | Code::Avx2 => {
            // SAFETY: just asked; code for AVX-512 runs only with AVX2.
            unsafe { lanes::avx2::gate(activation, gate, up) };
            whole(gate.len(), lanes::avx2::WIDE)
        }
        #[cfg(target_arch = "aarch64")]
        Code::Neon => {
            // SAFETY: just asked.
            unsafe { lanes::neon::gate(activation, gate, up) };
            whole(gate.len(), lanes::neon::WIDE)
        }
        Code::Scalar => 0,
    };
    for (gate, up) in gate.iter_mut().zip(up).skip(done) {
        *gate = activation.of(*gate) * up;
    }
}

/// How many of `len` elements are in whole vectors.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn whole(len: usize, wide: usize) -> usize {
    len / wide * wide
}

impl Activation {
    /// Factors of `x` and `x³` in what the sigmoid is of.
    pub fn factors(self) -> (f32, f32) {
        // 2 √(2/π)
        const TWICE: f32 = 1.595_769;
        match self {
            Self::Silu => (1.0, 0.0),
            Self::GeluTanh => (TWICE, TWICE * 0.044_715),
        }
    }

    /// The definition.
    fn of(self, x: f32) -> f32 {
        let (linear, cubic) = self.factors();
        x / (1.0 + (-(x * (linear + cubic * x * x))).exp())
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
    fn rows_are_normed_in_place_as_elsewhere() {
        let x = super::super::fixture::noise(3 * 24);
        let weight = super::super::fixture::noise(24);
        let mut expected = vec![0.0; x.len()];
        rms_norm(&x, &weight, 1e-6, &mut expected);
        let mut found = x;
        rms_norm_here(&mut found, &weight, 1e-6);
        assert_eq!(found, expected);
    }

    #[test]
    fn gates_of_any_length_are_those_of_the_definition() {
        let definition = |activation, x: f64| match activation {
            Activation::Silu => x / (1.0 + (-x).exp()),
            Activation::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
                x / 2.0 * (1.0 + inner.tanh())
            }
        };
        for activation in [Activation::Silu, Activation::GeluTanh] {
            for len in [1, 7, 8, 29, GATE_PIECE + 5] {
                let up = super::super::fixture::noise(len);
                let input: Vec<f32> = up.iter().rev().map(|x| x * 20.0).collect();
                for code in Code::all() {
                    let mut found = input.clone();
                    gate_by(code, activation, &mut found, &up);
                    for ((x, up), found) in input.iter().zip(&up).zip(&found) {
                        let expected = definition(activation, f64::from(*x)) * f64::from(*up);
                        let close = (f64::from(*found) - expected).abs() < 1e-5;
                        assert!(close, "{code:?}: {found}, not {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_exponential_function_is_precise_and_has_an_end() {
        for code in Code::all() {
            let of = |x: f32| {
                let mut alone = [f32::NEG_INFINITY; 16];
                alone[5] = x;
                f64::from(sum_of_exp_by(code, &alone, 0.0))
            };
            for step in -8700..8800 {
                let x = step as f32 / 100.0;
                let expected = f64::from(x).exp();
                assert!((of(x) - expected).abs() <= expected * 3e-7, "{code:?} {x}");
            }
            assert_eq!(of(0.0), 1.0, "{code:?}");
            assert_eq!(of(f32::NEG_INFINITY), 0.0, "{code:?}");
            assert_eq!(of(-1000.0), 0.0, "{code:?}");
            assert_eq!(of(f32::NAN), 0.0, "{code:?}");
        }
    }

    #[test]
    fn a_gate_of_huge_numbers_is_finite_or_as_large_as_they_are() {
        for activation in [Activation::Silu, Activation::GeluTanh] {
            let values = [-1e30, -1e20, -100.0, 100.0, 1e20, 1e30, 0.0, -0.0, -1e30, 1e30];
            for code in Code::all() {
                let mut found = values;
                gate_by(code, activation, &mut found, &[1.0; 10]);
                assert_eq!(found[3..7], [100.0, 1e20, 1e30, 0.0], "{code:?} {activation:?}");
                assert!(found[2].abs() < 1e-30, "{code:?} {activation:?}: {found:?}");
                let finite = found.iter().all(|x| x.is_finite());
                assert!(finite, "{code:?} {activation:?}: {found:?}");
            }
        }
    }
}
