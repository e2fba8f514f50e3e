//! Weights unpacked into tiles, 16 outputs side by side.
//!
//! Panels hold four elements of each output in a row, which is how a tile of weights wants them: a
//! vector of two panels is a row of it. With scales multiplied in, Q4_K's and Q5_K's are split by
//! bits of the scale, `scale = 8 * high + low`: products with 3 bits fit a byte, so that one
//! instruction multiplies two of them. Q6_K's, which have signs, are split into bytes.

use std::arch::x86_64::*;

use super::super::pairs::{Both, at_fifth, at_fifth_and_sixth, join, load, widen};
use super::super::panel::Format;
use super::tiles::Small;

/// Bits by which the upper half counts more.
pub const SHIFT_OF_45: u32 = 3;
/// Of Q6_K.
pub const SHIFT_OF_6: u32 = 8;

/// Four elements of each of 16 outputs.
type Row = [u8; 64];

/// A block of 256 elements, times the scales of its parts: `[element / 4][output][4]`, the upper
/// and the lower half. Bytes without a sign, but for Q6_K's upper ones.
#[repr(C, align(64))]
pub struct Unpacked {
    /// The upper half.
    pub high: [Row; 64],
    /// The lower half.
    pub low: [Row; 64],
}

impl Default for Unpacked {
    fn default() -> Self {
        Self { high: [[0; 64]; 64], low: [[0; 64]; 64] }
    }
}

impl Unpacked {
    /// Unpacks a block of two panels.
    ///
    /// # Safety
    /// The processor has these features; a block of the format is readable at both.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub unsafe fn unpack(&mut self, format: Format, panels: Both) {
        // SAFETY: as promised.
        unsafe {
            match format {
                Format::Q5K => self.unpack_45::<true>(panels),
                Format::Q6K => self.unpack_6(panels),
                _ => self.unpack_45::<false>(panels),
            }
        }
    }

    /// The parts of 16 elements, with their numbers: four rows of each half.
    fn parts(&mut self) -> impl Iterator<Item = (usize, (&mut [Row; 4], &mut [Row; 4]))> {
        let (high, _) = self.high.as_chunks_mut::<4>();
        let (low, _) = self.low.as_chunks_mut::<4>();
        high.iter_mut().zip(low).enumerate()
    }

    /// # Safety
    /// As [`Self::unpack`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn unpack_45<const FIVE: bool>(&mut self, panels: Both) {
        let group = if FIVE { 160 } else { 128 };
        let (nibble, fifth) = (_mm512_set1_epi8(15), _mm512_set1_epi8(16));
        let low_bits = _mm512_set1_epi16(7);
        for (part, (upper, lower)) in self.parts() {
            let (sub, half) = (part / 2, part % 2);
            // SAFETY: offsets below are inside this block.
            unsafe {
                let scales = widen::<false>(panels.add(8 * group + sub / 2 * 16));
                let scale = one_of_two(scales, sub % 2);
                let high = _mm512_srli_epi16::<SHIFT_OF_45>(scale);
                let low = _mm512_and_si512(scale, low_bits);
                let vectors = panels.add(sub * group);
                for (v, (upper, lower)) in upper.iter_mut().zip(lower).enumerate() {
                    let mut quants = _mm512_and_si512(nibbles(vectors, v, half), nibble);
                    if FIVE {
                        let bits = load(vectors.add(128));
                        quants = join(quants, at_fifth(bits, 4 * half + v), fifth);
                    }
                    store(upper, _mm512_mullo_epi16(quants, high));
                    store(lower, _mm512_mullo_epi16(quants, low));
                }
            }
        }
    }

    /// # Safety
    /// As [`Self::unpack`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn unpack_6(&mut self, panels: Both) {
        let (nibble, upper_bits) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
        let (low_byte, offset) = (_mm512_set1_epi16(0xff), _mm512_set1_epi16(32));
        for (part, (upper, lower)) in self.parts() {
            let (sub, half) = (part / 2, part % 2);
            // SAFETY: offsets below are inside this block.
            unsafe {
                let scale = one_of_two(widen::<true>(panels.add(48 * 32 + sub * 16)), half);
                let vectors = panels.add(sub * 192);
                let bits = load(vectors.add(128 + half * 32));
                for (v, (upper, lower)) in upper.iter_mut().zip(lower).enumerate() {
                    let quants = _mm512_and_si512(nibbles(vectors, v, half), nibble);
                    let quants = join(quants, at_fifth_and_sixth(bits, v), upper_bits);
                    let even = _mm512_sub_epi16(_mm512_and_si512(quants, low_byte), offset);
                    let odd = _mm512_sub_epi16(_mm512_srli_epi16::<8>(quants), offset);
                    let even = _mm512_mullo_epi16(even, scale);
                    let odd = _mm512_mullo_epi16(odd, scale);
                    // Bytes of `even`, and in its upper places those of `odd`.
                    let of_odd = _mm512_andnot_si512(low_byte, odd);
                    store(upper, _mm512_or_si512(_mm512_srli_epi16::<8>(even), of_odd));
                    let of_even = _mm512_and_si512(even, low_byte);
                    store(lower, _mm512_or_si512(of_even, _mm512_slli_epi16::<8>(odd)));
                }
            }
        }
    }
}

/// The first or the second of each lane's two 16-bit numbers, twice.
#[target_feature(enable = "avx512f")]
fn one_of_two(pairs: __m512i, which: usize) -> __m512i {
    let own = if which == 0 { _mm512_slli_epi32::<16>(pairs) } else { pairs };
    let own = _mm512_srli_epi32::<16>(own);
    _mm512_or_si512(own, _mm512_slli_epi32::<16>(own))
}

/// Nibbles of a vector, the lower or the upper ones, with what is above them in their bytes.
///
/// # Safety
/// The vector is readable at both.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn nibbles(vectors: Both, v: usize, half: usize) -> __m512i {
    // SAFETY: as promised.
    let both = unsafe { load(vectors.add(v * 32)) };
    if half == 0 { both } else { _mm512_srli_epi16::<4>(both) }
}

#[target_feature(enable = "avx512f")]
fn store(row: &mut Row, values: __m512i) {
    // SAFETY: 64 bytes; the instruction needs no alignment.
    unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), values) };
}

impl Small {
    /// Unpacks a block of 32 elements of two panels.
    ///
    /// # Safety
    /// As [`Unpacked::unpack`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub unsafe fn unpack(&mut self, format: Format, panels: Both) {
        let rows = &mut self.0;
        // SAFETY: offsets are inside this block.
        unsafe {
            if format == Format::Q8_0 {
                for (v, row) in rows.iter_mut().enumerate() {
                    store(row, load(panels.add(v * 32)));
                }
                return;
            }
            let (nibble, fifth) = (_mm512_set1_epi8(15), _mm512_set1_epi8(16));
            let offset = fifth;
            let bits = load(panels.add(128));
            for (v, row) in rows.iter_mut().enumerate() {
                let quants = _mm512_and_si512(nibbles(panels, v % 4, v / 4), nibble);
                let quants = join(quants, at_fifth(bits, v), fifth);
                store(row, _mm512_sub_epi8(quants, offset));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;

    use super::super::super::{avx512, fixture, panel::Panels};
    use super::*;

    /// Two panels of one block whose floats are 1, and what the definition says of an output.
    fn both_panels(dtype: GgmlDType, check: impl Fn(Format, Both, &dyn Fn(usize, usize) -> i32)) {
        let format = Format::of(dtype).expect("packed");
        let cols = format.block();
        let noise = fixture::noise(16 * 256);
        let noise: Vec<u8> = noise.iter().map(|x| x.to_bits() as u8 ^ (x * 97.0) as u8).collect();
        for bytes in [noise, vec![0xff; 4096], vec![0x80; 4096], vec![0x7f; 4096]] {
            let bytes = fixture::finite(dtype, &bytes, 16 * cols);
            let panels = Panels::pack(format, &bytes, 16, cols).expect("fits");
            let (first, second) = (panels.panel(0), panels.panel(1));
            check(format, Both(first.as_ptr(), second.as_ptr()), &|output, k| {
                let block =
                    panels.unpack_block(if output < 8 { first } else { second }, output % 8);
                block.scales[k / 16] as i32 * i32::from(block.quants[k])
            });
        }
    }

    #[test]
    fn both_halves_together_are_the_weights_times_their_scales() {
        if !avx512::supported() {
            eprintln!("this processor has no AVX-512");
            return;
        }
        for dtype in [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K] {
            both_panels(dtype, |format, panels, expected| {
                let mut weights = Unpacked::default();
                // SAFETY: just asked; both panels have a block.
                unsafe { weights.unpack(format, panels) };
                for (output, k) in (0..16).flat_map(|output| (0..256).map(move |k| (output, k))) {
                    let at = |half: &[Row; 64]| half[k / 4][output * 4 + k % 4];
                    let (high, low) = (at(&weights.high), i32::from(at(&weights.low)));
                    let found = match format {
                        Format::Q6K => (i32::from(high as i8) << SHIFT_OF_6) + low,
                        _ => (i32::from(high) << SHIFT_OF_45) + low,
                    };
                    assert_eq!(found, expected(output, k), "{format:?} {output} {k}");
                }
            });
        }
    }

    #[test]
    fn small_blocks_are_the_weights() {
        if !avx512::supported() {
            eprintln!("this processor has no AVX-512");
            return;
        }
        for dtype in [GgmlDType::Q5_0, GgmlDType::Q8_0] {
            both_panels(dtype, |format, panels, expected| {
                let mut weights = Small::default();
                // SAFETY: just asked; both panels have a block.
                unsafe { weights.unpack(format, panels) };
                for (output, k) in (0..16).flat_map(|output| (0..32).map(move |k| (output, k))) {
                    let found = i32::from(weights.0[k / 4][output * 4 + k % 4] as i8);
                    assert_eq!(found, expected(output, k), "{format:?} {output} {k}");
                }
            });
        }
    }
}
