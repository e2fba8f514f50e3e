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

/// A block of 256 elements, times the scales of its parts: `[element / 4][output][4]`, the upper
/// and the lower half. Bytes without a sign, but for Q6_K's upper ones.
#[repr(C, align(64))]
pub struct Unpacked {
    /// The upper half.
    pub high: [[u8; 64]; 64],
    /// The lower half.
    pub low: [[u8; 64]; 64],
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

    /// The four rows of a half of 32 elements, in both halves of the weights.
    fn rows(&mut self, number: usize) -> [(&mut [u8; 64], &mut [u8; 64]); 4] {
        let from = number * 4;
        let (_, high) = self.high.split_at_mut(from);
        let (_, low) = self.low.split_at_mut(from);
        match (high, low) {
            ([a, b, c, d, ..], [e, f, g, h, ..]) => [(a, e), (b, f), (c, g), (d, h)],
            _ => unreachable!("a block has 16 times four rows"),
        }
    }

    /// # Safety
    /// As [`Self::unpack`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    unsafe fn unpack_45<const FIVE: bool>(&mut self, panels: Both) {
        let group = if FIVE { 160 } else { 128 };
        let (nibble, fifth) = (_mm512_set1_epi8(15), _mm512_set1_epi8(16));
        let (low_bits, ones) = (_mm512_set1_epi16(7), _mm512_set1_epi32(0xffff));
        for sub in 0..8 {
            // SAFETY: offsets below are inside this block.
            unsafe {
                let both = widen::<false>(panels.add(8 * group + sub / 2 * 16));
                let own = match sub % 2 {
                    0 => _mm512_and_si512(both, ones),
                    _ => _mm512_srli_epi32::<16>(both),
                };
                let scale = _mm512_or_si512(own, _mm512_slli_epi32::<16>(own));
                let high = _mm512_srli_epi16::<SHIFT_OF_45>(scale);
                let low = _mm512_and_si512(scale, low_bits);
                let vectors = panels.add(sub * group);
                let bits = if FIVE { load(vectors.add(128)) } else { nibble };
                for half in 0..2 {
                    for (v, (upper, lower)) in self.rows(2 * sub + half).into_iter().enumerate() {
                        let both = load(vectors.add(v * 32));
                        let shifted = if half == 0 { both } else { _mm512_srli_epi16::<4>(both) };
                        let mut quants = _mm512_and_si512(shifted, nibble);
                        if FIVE {
                            quants = join(quants, at_fifth(bits, 4 * half + v), fifth);
                        }
                        store(upper, _mm512_mullo_epi16(quants, high));
                        store(lower, _mm512_mullo_epi16(quants, low));
                    }
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
        for sub in 0..8 {
            // SAFETY: offsets below are inside this block.
            unsafe {
                let both = widen::<true>(panels.add(48 * 32 + sub * 16));
                let vectors = panels.add(sub * 192);
                for half in 0..2 {
                    let own = match half {
                        0 => _mm512_slli_epi32::<16>(both),
                        _ => both,
                    };
                    let own = _mm512_srli_epi32::<16>(own);
                    let scale = _mm512_or_si512(own, _mm512_slli_epi32::<16>(own));
                    let bits = load(vectors.add(128 + half * 32));
                    for (v, (upper, lower)) in self.rows(2 * sub + half).into_iter().enumerate() {
                        let both = load(vectors.add(v * 32));
                        let shifted = if half == 0 { both } else { _mm512_srli_epi16::<4>(both) };
                        let quants = _mm512_and_si512(shifted, nibble);
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
}

#[target_feature(enable = "avx512f")]
fn store(row: &mut [u8; 64], values: __m512i) {
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
                let both = load(panels.add(v % 4 * 32));
                let shifted = if v < 4 { both } else { _mm512_srli_epi16::<4>(both) };
                let quants = join(_mm512_and_si512(shifted, nibble), at_fifth(bits, v), fifth);
                store(row, _mm512_sub_epi8(quants, offset));
            }
        }
    }
}
