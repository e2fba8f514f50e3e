//! Products with Q8_0 weights on x86-64 processors that have AVX2, FMA and F16C.
//!
//! Owns the only unsafe code of the computation. candle looks for AVX2 at run time too, but its
//! Q8_0 kernel calls a function for each block's scale, because a plain x86-64 build may not
//! inline the F16C instruction, and keeps its sum in memory across the call. Which processor
//! this is, is looked up once per matrix; elsewhere `matrix` uses candle's products.

#![allow(unsafe_code)]

use std::sync::Mutex;

use candle_core::utils::barrier_pool;
use half::f16;

/// Elements of a block.
const BLOCK: usize = 32;
/// Bytes of a block in a file.
const BLOCK_BYTES: usize = 34;
/// Outputs that one piece of parallel work computes.
const COLUMNS: usize = 32;
/// Inputs that are multiplied with a row of weights while it is in the registers.
const ROWS: usize = 4;

/// A block of weights, as in the file: a 16-bit float and 32 signed bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Block {
    scale: u16,
    quants: [i8; BLOCK],
}

/// A block of inputs.
#[derive(Debug, Clone, Copy)]
struct Input {
    scale: f32,
    quants: [i8; BLOCK],
}

const NO_INPUT: Input = Input { scale: 0.0, quants: [0; BLOCK] };

/// A matrix of Q8_0 blocks.
#[derive(Debug)]
pub struct Q8Matrix {
    blocks: Vec<Block>,
    per_row: usize,
}

/// Whether this processor can run the code here.
#[cfg(target_arch = "x86_64")]
fn supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

#[cfg(not(target_arch = "x86_64"))]
fn supported() -> bool {
    false
}

impl Q8Matrix {
    /// From the bytes of Q8_0 blocks with `cols` elements per row; `None` where this processor
    /// cannot run the code or the bytes are no whole number of rows.
    pub fn new(bytes: &[u8], cols: usize) -> Option<Self> {
        let per_row = cols / BLOCK;
        let whole = cols.is_multiple_of(BLOCK) && per_row > 0;
        if !supported() || !whole || !bytes.len().is_multiple_of(per_row * BLOCK_BYTES) {
            return None;
        }
        let (parts, _) = bytes.as_chunks::<BLOCK_BYTES>();
        let blocks = parts
            .iter()
            .map(|[low, high, quants @ ..]| Block {
                scale: u16::from_le_bytes([*low, *high]),
                quants: quants.map(|byte| byte as i8),
            })
            .collect();
        Some(Self { blocks, per_row })
    }

    /// Memory of the blocks, bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(self.blocks.as_slice())
    }

    /// The rows of the given numbers as floats, `None` where one is out of range.
    pub fn take_rows(&self, numbers: &[u32]) -> Option<Vec<f32>> {
        let mut out = Vec::with_capacity(numbers.len() * self.per_row * BLOCK);
        for number in numbers {
            let from = (*number as usize).checked_mul(self.per_row)?;
            for block in self.blocks.get(from..from + self.per_row)? {
                let scale = f16::from_bits(block.scale).to_f32();
                out.extend(block.quants.iter().map(|quant| f32::from(*quant) * scale));
            }
        }
        Some(out)
    }

    /// `out[i] = self · input[i]` for every row `i`; both must be whole rows.
    pub fn multiply(&self, input: &[f32], out: &mut [f32]) {
        let (columns, rows) =
            (self.blocks.len() / self.per_row, input.len() / (self.per_row * BLOCK));
        debug_assert_eq!(out.len(), columns * rows);
        let inputs = rounded(input);
        if rows == 1 {
            return self.columns(&inputs, 1, out);
        }
        // Output by output, so that pieces of parallel work are contiguous, and turned after.
        let mut turned = vec![0.0; out.len()];
        self.columns(&inputs, rows, &mut turned);
        for (row, out) in out.chunks_exact_mut(columns).enumerate() {
            for (out, column) in out.iter_mut().zip(turned.chunks_exact(rows)) {
                *out = column.get(row).copied().unwrap_or_default();
            }
        }
    }

    /// `out[column][row]`.
    fn columns(&self, inputs: &[Input], rows: usize, out: &mut [f32]) {
        let parts: Vec<Mutex<&mut [f32]>> =
            out.chunks_mut(COLUMNS * rows).map(Mutex::new).collect();
        barrier_pool().execute_chunked(parts.len(), |range| {
            for index in range {
                let Some(Ok(mut part)) = parts.get(index).map(Mutex::lock) else { continue };
                let from = index * COLUMNS * self.per_row;
                let weights = self.blocks.get(from..).unwrap_or_default();
                for (weights, out) in
                    weights.chunks_exact(self.per_row).zip(part.chunks_exact_mut(rows))
                {
                    products(weights, inputs, out);
                }
            }
        });
    }
}

/// Inputs as blocks of signed bytes.
fn rounded(input: &[f32]) -> Vec<Input> {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: there is no `Q8Matrix` on a processor without these features.
        unsafe { avx2::rounded(input) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    vec![NO_INPUT; input.len() / BLOCK]
}

/// A row of weights with every row of inputs.
fn products(weights: &[Block], inputs: &[Input], out: &mut [f32]) {
    let rows = inputs.chunks_exact(weights.len());
    let mut quads = out.chunks_exact_mut(ROWS);
    let mut rest = rows.clone().skip(rows.len() / ROWS * ROWS);
    for (quad, inputs) in (&mut quads).zip(inputs.chunks_exact(ROWS * weights.len())) {
        let mut rows = inputs.chunks_exact(weights.len());
        let four: [&[Input]; ROWS] = std::array::from_fn(|_| rows.next().unwrap_or_default());
        quad.copy_from_slice(&dot(weights, four));
    }
    for (out, inputs) in quads.into_remainder().iter_mut().zip(&mut rest) {
        let [sum] = dot(weights, [inputs]);
        *out = sum;
    }
}

fn dot<const N: usize>(weights: &[Block], inputs: [&[Input]; N]) -> [f32; N] {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: there is no `Q8Matrix` on a processor without these features.
        unsafe { avx2::dot(weights, inputs) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (weights, inputs);
        [0.0; N]
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLOCK, Block, Input, NO_INPUT};

    /// Rounds to the nearest of 255 steps per block, as the type's definition says.
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) fn rounded(input: &[f32]) -> Vec<Input> {
        let (blocks, _) = input.as_chunks::<BLOCK>();
        let mut out = vec![NO_INPUT; blocks.len()];
        for (block, out) in blocks.iter().zip(&mut out) {
            let largest = block.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            out.scale = largest / 127.0;
            let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            for (quant, x) in out.quants.iter_mut().zip(block) {
                *quant = (x * inverse).round_ties_even() as i8;
            }
        }
        out
    }

    #[target_feature(enable = "avx2")]
    fn load(quants: &[i8; BLOCK]) -> __m256i {
        // SAFETY: the array is 32 bytes long, and the instruction needs no alignment.
        unsafe { _mm256_loadu_si256(quants.as_ptr().cast()) }
    }

    /// Products of a row of weights with `N` rows of inputs.
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) fn dot<const N: usize>(weights: &[Block], inputs: [&[Input]; N]) -> [f32; N] {
        let ones = _mm256_set1_epi16(1);
        let mut sums = [_mm256_setzero_ps(); N];
        let inputs = inputs.map(|row| row.get(..weights.len()).unwrap_or_default());
        for (index, weight) in weights.iter().enumerate() {
            let quants = load(&weight.quants);
            let sizes = _mm256_abs_epi8(quants);
            let scale = _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(weight.scale))));
            for (sum, row) in sums.iter_mut().zip(&inputs) {
                let Some(input) = row.get(index) else { continue };
                // Unsigned times signed is what there is. Two products are at most 2·128·127.
                let signed = _mm256_sign_epi8(load(&input.quants), quants);
                let pairs = _mm256_maddubs_epi16(sizes, signed);
                let fours = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
                *sum = _mm256_fmadd_ps(_mm256_set1_ps(scale * input.scale), fours, *sum);
            }
        }
        sums.map(|sum| {
            let four = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random, the extremes among them.
    fn quants(seed: usize) -> [i8; BLOCK] {
        std::array::from_fn(|i| match (seed * 7 + i * 31) % 17 {
            0 => i8::MIN,
            1 => i8::MAX,
            n => (n as i8 - 8) * 15,
        })
    }

    #[test]
    fn products_are_those_of_the_definition_for_any_number_of_rows() {
        if !supported() {
            eprintln!("SKIPPED: this processor has no AVX2");
            return;
        }
        let (cols, columns) = (96, 37);
        let scale = |n: usize| f16::from_f32(0.01 * (n % 5 + 1) as f32);
        let bytes: Vec<u8> = (0..columns * 3)
            .flat_map(|n| {
                let quants = quants(n).map(|q| q as u8);
                [&scale(n).to_le_bytes()[..], &quants].concat()
            })
            .collect();
        let matrix = Q8Matrix::new(&bytes, cols).expect("fits");
        for rows in [1, 2, 3, 4, 5, 8, 11] {
            // Whole numbers up to 127 in every block: rounding loses nothing.
            let input: Vec<f32> = (0..rows * cols)
                .map(|i| if i % BLOCK == 0 { 127.0 } else { ((i * 13) % 250) as f32 - 124.0 })
                .collect();
            let mut out = vec![f32::NAN; rows * columns];
            matrix.multiply(&input, &mut out);
            for row in 0..rows {
                for column in 0..columns {
                    let expected: f64 = (0..cols)
                        .map(|i| {
                            let block = column * 3 + i / BLOCK;
                            let weight = f64::from(quants(block)[i % BLOCK]);
                            weight * scale(block).to_f64() * f64::from(input[row * cols + i])
                        })
                        .sum();
                    let found = f64::from(out[row * columns + column]);
                    assert!((found - expected).abs() < 0.05, "{row} {column}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn inputs_are_rounded_to_within_half_a_step() {
        if !supported() {
            eprintln!("SKIPPED: this processor has no AVX2");
            return;
        }
        let input: Vec<f32> = (0..64).map(|i| ((i * 37) % 61) as f32 * 0.013 - 0.4).collect();
        for (block, values) in rounded(&input).iter().zip(input.chunks(BLOCK)) {
            for (quant, x) in block.quants.iter().zip(values) {
                let back = f32::from(*quant) * block.scale;
                assert!((back - x).abs() <= block.scale * 0.501, "{x} became {back}");
            }
        }
        assert_eq!(rounded(&[0.0; 32]).first().map(|block| block.quants), Some([0; BLOCK]));
    }

    #[test]
    fn bytes_that_are_no_whole_rows_are_refused() {
        assert!(Q8Matrix::new(&[0; 34], 48).is_none());
        assert!(Q8Matrix::new(&[0; 34], 0).is_none());
        assert!(Q8Matrix::new(&[0; 34 * 3], 64).is_none());
    }
}
