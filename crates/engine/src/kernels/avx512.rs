//! Products of two panels with a tile, for processors with AVX-512 and its VNNI.
//!
//! The code of `avx2` at twice the width: the lanes of a vector are the 16 outputs of two panels,
//! and a tile has up to 8 rows, so that weights are unpacked once for 128 results. One instruction
//! multiplies four pairs of bytes and adds them up in 32 bits, without saturation. Sums below a
//! block's scale are whole numbers and exact; the scales follow in floats, always in the same order:
//! a row's result does not depend on how many others are in its tile, nor on whether it is `amx`
//! that computes it.

#![allow(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "several arrays of M elements side by side in loops to M"
)]

use std::arch::x86_64::*;

use super::input::Tile;
use super::pairs::{
    Both, LANES, Pair, at_fifth, at_fifth_and_sixth, fetch, floats, halves, join, load, widen,
};
use super::panel::Format;

/// Rows of a tile: their sums and totals, and what is computed of weights, fill the registers.
pub const TILE: usize = 8;

/// Whether this processor, and the system it runs, can run the code here.
pub fn supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("fma")
}

/// What is multiplied.
#[derive(Clone, Copy)]
struct Work<'a> {
    panels: Both,
    /// What is fetched meanwhile.
    ahead: Option<*const u8>,
    blocks: usize,
    tile: Tile<'a>,
}

/// `out[m * LANES + lane]` = row `lane` of the panels · row `m` of the tile, for all of both.
///
/// # Safety
/// [`supported`]; `out` is writable at all those places. Lengths are checked.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
pub unsafe fn product(format: Format, pair: Pair<'_>, tile: Tile<'_>, out: *mut f32) {
    let blocks = pair.blocks(format);
    let rows = tile.rows;
    assert!(
        tile.scales.len() == blocks * rows
            && tile.quants.len() == blocks * rows * format.block()
            && tile.sums.len() == blocks * rows * if format.block() == 32 { 1 } else { 12 },
        "a tile that does not fit the panels"
    );
    let work = Work { panels: pair.both(), ahead: pair.ahead(), blocks, tile };
    macro_rules! by_rows {
        ($function:ident) => {
            match rows {
                1 => $function::<1>(work, out),
                2 => $function::<2>(work, out),
                3 => $function::<3>(work, out),
                4 => $function::<4>(work, out),
                5 => $function::<5>(work, out),
                6 => $function::<6>(work, out),
                7 => $function::<7>(work, out),
                8 => $function::<8>(work, out),
                _ => {}
            }
        };
    }
    // SAFETY: the processor's features are the caller's promise, as is `out`; panels and tile
    // have just been found to be of `blocks` blocks and `rows` rows.
    unsafe {
        match format {
            Format::Q4K => by_rows!(q4k),
            Format::Q5K => by_rows!(q5k),
            Format::Q6K => by_rows!(q6k),
            Format::Q5_0 => by_rows!(q5_0),
            Format::Q8_0 => by_rows!(q8_0),
        }
    }
}

/// Four bytes of an input, for every lane.
///
/// # Safety
/// 4 bytes are readable at `at`.
#[target_feature(enable = "avx512f")]
unsafe fn four(at: *const i8) -> __m512i {
    // SAFETY: as promised.
    _mm512_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() })
}

/// Each lane's first of two 16-bit numbers, without a sign, as a float.
#[target_feature(enable = "avx512f")]
fn first(pairs: __m512i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_and_si512(pairs, _mm512_set1_epi32(0xffff)))
}

/// Each lane's second of two 16-bit numbers as a float; the first, with its sign, after
/// `_mm512_slli_epi32::<16>`.
#[target_feature(enable = "avx512f")]
fn second(pairs: __m512i) -> __m512 {
    _mm512_cvtepi32_ps(_mm512_srai_epi32::<16>(pairs))
}

/// # Safety
/// `out` is writable at 16 places from every `m * LANES`.
#[target_feature(enable = "avx512f")]
unsafe fn store<const M: usize>(totals: [__m512; M], out: *mut f32) {
    for (m, total) in totals.into_iter().enumerate() {
        // SAFETY: as promised.
        unsafe { _mm512_storeu_ps(out.add(m * LANES), total) };
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn q4k<const M: usize>(work: Work<'_>, out: *mut f32) {
    // SAFETY: the same promises.
    unsafe { k45::<M, false>(work, out) }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn q5k<const M: usize>(work: Work<'_>, out: *mut f32) {
    // SAFETY: the same promises.
    unsafe { k45::<M, true>(work, out) }
}

/// Q4_K, and Q5_K where there are fifth bits.
///
/// # Safety
/// The processor has the features; panels and tile are of that many blocks, the tile of `M` rows;
/// `out` is writable at 16 places from every `m * LANES`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn k45<const M: usize, const FIVE: bool>(work: Work<'_>, out: *mut f32) {
    let Work { panels, ahead, blocks, tile } = work;
    let format = if FIVE { Format::Q5K } else { Format::Q4K };
    let group = if FIVE { 160 } else { 128 };
    let low = _mm512_set1_epi8(15);
    let fifth = _mm512_set1_epi8(16);
    let mut totals = [_mm512_setzero_ps(); M];
    for block in 0..blocks {
        // SAFETY: offsets below are inside this block of panels, quants, sums and scales.
        unsafe {
            let weights = panels.add(block * format.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(8 * group);
            let mut whole = [_mm512_setzero_si512(); M];
            let mut part = [_mm512_setzero_ps(); M];
            for pair in 0..4 {
                let both = widen::<false>(scales.add(pair * 16));
                for (sub, scale) in [(2 * pair, first(both)), (2 * pair + 1, second(both))] {
                    if let Some(ahead) = ahead {
                        fetch(ahead, block, format.panel_bytes(), (sub, 8));
                    }
                    let vectors = weights.add(sub * group);
                    let bits = if FIVE { load(vectors.add(128)) } else { low };
                    let mut sum = [_mm512_setzero_si512(); M];
                    for v in 0..4 {
                        let nibbles = load(vectors.add(v * 32));
                        let mut a = _mm512_and_si512(nibbles, low);
                        let mut b = _mm512_and_si512(_mm512_srli_epi16::<4>(nibbles), low);
                        if FIVE {
                            a = join(a, at_fifth(bits, v), fifth);
                            b = join(b, at_fifth(bits, v + 4), fifth);
                        }
                        for m in 0..M {
                            let x = four(inputs.add(((sub * 8 + v) * M + m) * 4));
                            let y = four(inputs.add(((sub * 8 + v + 4) * M + m) * 4));
                            sum[m] = _mm512_dpbusd_epi32(sum[m], a, x);
                            sum[m] = _mm512_dpbusd_epi32(sum[m], b, y);
                        }
                    }
                    for m in 0..M {
                        part[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[m]), scale, part[m]);
                    }
                }
                // Whole numbers below 2^24 so far: 63 * 15 * 127 * 128, or 63 * 31 * 127 * 64.
                if FIVE || pair % 2 == 1 {
                    for m in 0..M {
                        whole[m] = _mm512_add_epi32(whole[m], _mm512_cvtps_epi32(part[m]));
                        part[m] = _mm512_setzero_ps();
                    }
                }
            }
            let mut less = [_mm512_setzero_si512(); M];
            for pair in 0..4 {
                let minima = widen::<false>(scales.add(64 + pair * 16));
                for m in 0..M {
                    let sum = _mm512_set1_epi32(*sums.add((8 + pair) * M + m));
                    less[m] = _mm512_dpwssd_epi32(less[m], minima, sum);
                }
            }
            let (scale, minimum) = (halves(scales.add(128)), halves(scales.add(144)));
            for m in 0..M {
                let of_input = _mm512_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                let sum = _mm512_cvtepi32_ps(whole[m]);
                totals[m] = _mm512_fmadd_ps(_mm512_mul_ps(scale, of_input), sum, totals[m]);
                let sum = _mm512_cvtepi32_ps(less[m]);
                totals[m] = _mm512_fnmadd_ps(_mm512_mul_ps(minimum, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out) };
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn q6k<const M: usize>(work: Work<'_>, out: *mut f32) {
    let Work { panels, ahead, blocks, tile } = work;
    let low = _mm512_set1_epi8(15);
    let upper = _mm512_set1_epi8(0x30);
    let mut totals = [_mm512_setzero_ps(); M];
    for block in 0..blocks {
        // SAFETY: offsets below are inside this block of panels, quants, sums and scales.
        unsafe {
            let weights = panels.add(block * Format::Q6K.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(48 * 32);
            let mut whole = [_mm512_setzero_si512(); M];
            let mut less = [_mm512_setzero_si512(); M];
            for sub in 0..8 {
                if let Some(ahead) = ahead {
                    fetch(ahead, block, Format::Q6K.panel_bytes(), (sub, 8));
                }
                let both = widen::<true>(scales.add(sub * 16));
                for m in 0..M {
                    let sum = _mm512_set1_epi32(*sums.add(sub * M + m));
                    less[m] = _mm512_dpwssd_epi32(less[m], both, sum);
                }
                let scale_a = _mm512_srai_epi32::<16>(_mm512_slli_epi32::<16>(both));
                let scale_b = _mm512_srai_epi32::<16>(both);
                let vectors = weights.add(sub * 192);
                let (bits_a, bits_b) = (load(vectors.add(128)), load(vectors.add(160)));
                // One after the other: sums of both would not leave registers for the rest.
                for (from, bits, scale) in [(0, bits_a, scale_a), (4, bits_b, scale_b)] {
                    let mut sum = [_mm512_setzero_si512(); M];
                    for v in 0..4 {
                        let nibbles = load(vectors.add(v * 32));
                        let nibbles =
                            if from == 0 { nibbles } else { _mm512_srli_epi16::<4>(nibbles) };
                        let nibbles = _mm512_and_si512(nibbles, low);
                        let weights = join(nibbles, at_fifth_and_sixth(bits, v), upper);
                        for m in 0..M {
                            let x = four(inputs.add(((sub * 8 + v + from) * M + m) * 4));
                            sum[m] = _mm512_dpbusd_epi32(sum[m], weights, x);
                        }
                    }
                    for m in 0..M {
                        whole[m] = _mm512_add_epi32(whole[m], _mm512_mullo_epi32(sum[m], scale));
                    }
                }
            }
            let scale = floats(scales.add(128));
            for m in 0..M {
                let of_input = _mm512_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                // Stored quants are 32 too large.
                let offset = _mm512_slli_epi32::<5>(less[m]);
                let sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(whole[m], offset));
                totals[m] = _mm512_fmadd_ps(_mm512_mul_ps(scale, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out) };
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn q5_0<const M: usize>(work: Work<'_>, out: *mut f32) {
    let Work { panels, ahead, blocks, tile } = work;
    let low = _mm512_set1_epi8(15);
    let fifth = _mm512_set1_epi8(16);
    let mut totals = [_mm512_setzero_ps(); M];
    for block in 0..blocks {
        if let Some(ahead) = ahead {
            fetch(ahead, block, Format::Q5_0.panel_bytes(), (0, 1));
        }
        // SAFETY: offsets below are inside this block of panels, quants, sums and scales.
        unsafe {
            let weights = panels.add(block * Format::Q5_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let bits = load(weights.add(128));
            let mut sum = [_mm512_setzero_si512(); M];
            for v in 0..4 {
                let nibbles = load(weights.add(v * 32));
                let a = _mm512_and_si512(nibbles, low);
                let b = _mm512_and_si512(_mm512_srli_epi16::<4>(nibbles), low);
                let a = join(a, at_fifth(bits, v), fifth);
                let b = join(b, at_fifth(bits, v + 4), fifth);
                for m in 0..M {
                    let x = four(inputs.add((v * M + m) * 4));
                    let y = four(inputs.add(((v + 4) * M + m) * 4));
                    sum[m] = _mm512_dpbusd_epi32(sum[m], a, x);
                    sum[m] = _mm512_dpbusd_epi32(sum[m], b, y);
                }
            }
            // Stored quants are 16 too large.
            scale_small(&mut totals, sum, 16, halves(weights.add(160)), tile, block);
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out) };
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")]
unsafe fn q8_0<const M: usize>(work: Work<'_>, out: *mut f32) {
    let Work { panels, ahead, blocks, tile } = work;
    let sign = _mm512_set1_epi8(i8::MIN);
    let mut totals = [_mm512_setzero_ps(); M];
    for block in 0..blocks {
        if let Some(ahead) = ahead {
            fetch(ahead, block, Format::Q8_0.panel_bytes(), (0, 1));
        }
        // SAFETY: offsets below are inside this block of panels, quants, sums and scales.
        unsafe {
            let weights = panels.add(block * Format::Q8_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let mut sum = [_mm512_setzero_si512(); M];
            for v in 0..8 {
                // The instruction takes weights without a sign: 128 is added to each.
                let quants = _mm512_xor_si512(load(weights.add(v * 32)), sign);
                for m in 0..M {
                    let x = four(inputs.add((v * M + m) * 4));
                    sum[m] = _mm512_dpbusd_epi32(sum[m], quants, x);
                }
            }
            scale_small(&mut totals, sum, 128, halves(weights.add(256)), tile, block);
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out) };
}

/// Adds the sums of a block of 32 elements, whose stored quants are `offset` too large.
///
/// # Safety
/// The tile is of `M` rows and has this block.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn scale_small<const M: usize>(
    totals: &mut [__m512; M],
    sums: [__m512i; M],
    offset: i32,
    scale: __m512,
    tile: Tile<'_>,
    block: usize,
) {
    for m in 0..M {
        // SAFETY: as promised.
        let (of_input, sum) = unsafe {
            let at = block * M + m;
            (*tile.scales.as_ptr().add(at), *tile.sums.as_ptr().add(at))
        };
        // What was no number before it was rounded may be any sum.
        let less = _mm512_set1_epi32(sum.wrapping_mul(offset));
        let whole = _mm512_sub_epi32(sums[m], less);
        let scale = _mm512_mul_ps(scale, _mm512_set1_ps(of_input));
        totals[m] = _mm512_fmadd_ps(scale, _mm512_cvtepi32_ps(whole), totals[m]);
    }
}
