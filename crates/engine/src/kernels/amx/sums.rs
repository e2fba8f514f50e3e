//! Sums of a block scaled and added to what the blocks before it gave.
//!
//! The same numbers in the same order as `avx512`'s.

use std::arch::x86_64::*;

use super::super::input::Tile;
use super::super::pairs::{Both, LANES, floats, halves, widen};
use super::super::panel::Format;
use super::tiles::TILE;
use super::weights::{SHIFT_OF_6, SHIFT_OF_45};

/// Where the results of a tile's 16 rows are, `[row][lane]`.
#[derive(Clone, Copy)]
pub struct Totals(pub *mut f32);

/// Scales and minima of a block of 256 elements, output by output.
pub struct Block {
    scale: __m512,
    /// The floats by which minima are multiplied, and minima of parts as pairs.
    minima: Option<(__m512, [__m512i; 4])>,
}

impl Block {
    /// # Safety
    /// The processor has these features; a block of the format is readable at both.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
    pub unsafe fn read(format: Format, panels: Both) -> Self {
        // SAFETY: offsets are inside the block.
        unsafe {
            if format == Format::Q6K {
                return Self { scale: floats(panels.add(48 * 32 + 128)), minima: None };
            }
            let scales = panels.add(8 * if format == Format::Q5K { 160 } else { 128 });
            let parts = scales.add(64);
            let minima = [
                widen::<false>(parts),
                widen::<false>(parts.add(16)),
                widen::<false>(parts.add(32)),
                widen::<false>(parts.add(48)),
            ];
            Self { scale: halves(scales.add(128)), minima: Some((halves(scales.add(144)), minima)) }
        }
    }

    /// Adds what a block gives for the rows of a tile.
    ///
    /// # Safety
    /// The processor has these features; the tile has the block; `totals` is writable for the
    /// tile's rows.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")]
    pub unsafe fn add(
        &self,
        tile: Tile<'_>,
        block: usize,
        [high, low]: [&[i32; TILE * 16]; 2],
        totals: Totals,
    ) {
        // SAFETY: of every row below `tile.rows`, which are at most 16: its 16 sums, its scale and
        // the four pairs of sums of its inputs behind the eight of that block.
        unsafe {
            let scales = tile.scales.as_ptr().add(block * TILE);
            let of_inputs = tile.sums.as_ptr().add((block * 12 + 8) * TILE);
            for m in 0..tile.rows {
                let high = _mm512_loadu_si512(high.as_ptr().add(m * LANES).cast());
                let low = _mm512_loadu_si512(low.as_ptr().add(m * LANES).cast());
                let of_input = _mm512_set1_ps(*scales.add(m));
                let total = totals.0.add(m * LANES);
                let scale = _mm512_mul_ps(self.scale, of_input);
                let Some((minimum, minima)) = self.minima else {
                    let sum = _mm512_add_epi32(_mm512_slli_epi32::<SHIFT_OF_6>(high), low);
                    let sum = _mm512_cvtepi32_ps(sum);
                    _mm512_storeu_ps(total, _mm512_fmadd_ps(scale, sum, _mm512_loadu_ps(total)));
                    continue;
                };
                let sum = _mm512_add_epi32(_mm512_slli_epi32::<SHIFT_OF_45>(high), low);
                let mut less = _mm512_setzero_si512();
                for (pair, minima) in minima.into_iter().enumerate() {
                    let of_input = _mm512_set1_epi32(*of_inputs.add(pair * TILE + m));
                    less = _mm512_dpwssd_epi32(less, minima, of_input);
                }
                let sum = _mm512_cvtepi32_ps(sum);
                let sum = _mm512_fmadd_ps(scale, sum, _mm512_loadu_ps(total));
                let minimum = _mm512_mul_ps(minimum, of_input);
                let less = _mm512_cvtepi32_ps(less);
                _mm512_storeu_ps(total, _mm512_fnmadd_ps(minimum, less, sum));
            }
        }
    }
}

/// The scales of a block of 32 elements, output by output.
///
/// # Safety
/// As [`Block::read`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c")]
pub unsafe fn scale_of_small(format: Format, panels: Both) -> __m512 {
    let at = if format == Format::Q5_0 { 160 } else { 256 };
    // SAFETY: inside the block.
    unsafe { halves(panels.add(at)) }
}

/// Adds what a block of 32 elements gives for the rows of a tile.
///
/// # Safety
/// As [`Block::add`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,fma")]
pub unsafe fn add_small(
    scale: __m512,
    tile: Tile<'_>,
    block: usize,
    sums: &[i32; TILE * 16],
    totals: Totals,
) {
    // SAFETY: of every row below `tile.rows`, which are at most 16: its 16 sums and its scale.
    unsafe {
        let scales = tile.scales.as_ptr().add(block * TILE);
        for m in 0..tile.rows {
            let sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums.as_ptr().add(m * LANES).cast()));
            let scale = _mm512_mul_ps(scale, _mm512_set1_ps(*scales.add(m)));
            let total = totals.0.add(m * LANES);
            _mm512_storeu_ps(total, _mm512_fmadd_ps(scale, sum, _mm512_loadu_ps(total)));
        }
    }
}
