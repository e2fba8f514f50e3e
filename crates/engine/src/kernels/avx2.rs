//! Products of a panel with a tile, for processors with AVX2, FMA and F16C.
//!
//! One function per family of formats, each for tiles of 1 to 4 rows. The lanes of every vector are
//! the panel's 8 outputs. Sums within a block are whole numbers and exact; per block and row one
//! or two fused multiply-adds follow, always in the same order: a row's result does not depend on
//! how many others are in its tile. The instruction that multiplies bytes takes unsigned weights
//! and signed inputs and saturates at 16 bits; why that is not reached is said at each use.

#![allow(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "several arrays of M elements side by side in loops to M"
)]

use std::arch::x86_64::*;

use super::input::Tile;
use super::panel::{Format, ROWS};

/// Rows of a tile.
pub const TILE: usize = 4;

/// Whether this processor can run the code here.
pub fn supported() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
}

/// `out[m * stride + lane]` = row `lane` of the panel · row `m` of the tile, for all of both.
///
/// # Safety
/// [`supported`]; `out` is writable at all those places. Lengths are checked.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn product(format: Format, panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    let blocks = panel.len() / format.panel_bytes();
    let rows = tile.rows;
    assert!(
        tile.scales.len() == blocks * rows
            && tile.quants.len() == blocks * rows * format.block()
            && tile.sums.len() == blocks * rows * if format.block() == 32 { 1 } else { 12 },
        "a tile that does not fit the panel"
    );
    macro_rules! by_rows {
        ($function:ident) => {
            match rows {
                1 => $function::<1>(panel, tile, out, stride),
                2 => $function::<2>(panel, tile, out, stride),
                3 => $function::<3>(panel, tile, out, stride),
                4 => $function::<4>(panel, tile, out, stride),
                _ => {}
            }
        };
    }
    // SAFETY: the processor's features are the caller's promise, as is `out`; panel and tile
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

/// # Safety
/// 32 bytes are readable at `at`.
#[target_feature(enable = "avx2")]
unsafe fn load(at: *const u8) -> __m256i {
    // SAFETY: as promised; the instruction needs no alignment.
    unsafe { _mm256_loadu_si256(at.cast()) }
}

/// Sixteen bytes as 16-bit numbers.
///
/// # Safety
/// 16 bytes are readable at `at`.
#[target_feature(enable = "avx2")]
unsafe fn widen<const SIGNED: bool>(at: *const u8) -> __m256i {
    // SAFETY: as promised.
    let bytes = unsafe { _mm_loadu_si128(at.cast()) };
    if SIGNED { _mm256_cvtepi8_epi16(bytes) } else { _mm256_cvtepu8_epi16(bytes) }
}

/// Eight 16-bit floats.
///
/// # Safety
/// 16 bytes are readable at `at`.
#[target_feature(enable = "avx2,f16c")]
unsafe fn halves(at: *const u8) -> __m256 {
    // SAFETY: as promised.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) })
}

/// Four bytes of an input, for every lane.
///
/// # Safety
/// 4 bytes are readable at `at`.
#[target_feature(enable = "avx2")]
unsafe fn four(at: *const i8) -> __m256i {
    // SAFETY: as promised.
    _mm256_set1_epi32(unsafe { at.cast::<i32>().read_unaligned() })
}

/// The first of each lane's two 16-bit numbers, twice.
#[target_feature(enable = "avx2")]
fn first(pairs: __m256i) -> __m256i {
    _mm256_blend_epi16::<0xAA>(pairs, _mm256_slli_epi32::<16>(pairs))
}

/// The second of each lane's two 16-bit numbers, twice.
#[target_feature(enable = "avx2")]
fn second(pairs: __m256i) -> __m256i {
    _mm256_blend_epi16::<0xAA>(_mm256_srli_epi32::<16>(pairs), pairs)
}

/// `low` and the 4 upper bits' share of `high`, put above: `mask` chooses bits already in place.
#[target_feature(enable = "avx2")]
fn join(low: __m256i, high: __m256i, mask: __m256i) -> __m256i {
    _mm256_or_si256(low, _mm256_and_si256(high, mask))
}

/// # Safety
/// `out` is writable at 8 places from every `m * stride`.
#[target_feature(enable = "avx2")]
unsafe fn store<const M: usize>(totals: [__m256; M], out: *mut f32, stride: usize) {
    for (m, total) in totals.into_iter().enumerate() {
        // SAFETY: as promised.
        unsafe { _mm256_storeu_ps(out.add(m * stride), total) };
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn q4k<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    // SAFETY: the same promises.
    unsafe { k45::<M, false>(panel, tile, out, stride) }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn q5k<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    // SAFETY: the same promises.
    unsafe { k45::<M, true>(panel, tile, out, stride) }
}

/// Q4_K, and Q5_K where there are fifth bits.
///
/// # Safety
/// The processor has the features; panel and tile are of the same number of blocks, the tile of
/// `M` rows; `out` is writable at 8 places from every `m * stride`.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn k45<const M: usize, const FIVE: bool>(
    panel: &[u8],
    tile: Tile<'_>,
    out: *mut f32,
    stride: usize,
) {
    let format = if FIVE { Format::Q5K } else { Format::Q4K };
    let group = if FIVE { 160 } else { 128 };
    let low = _mm256_set1_epi8(15);
    let fifth = _mm256_set1_epi8(16);
    let mut totals = [_mm256_setzero_ps(); M];
    for block in 0..panel.len() / format.panel_bytes() {
        // SAFETY: offsets below are inside this block of panel, quants, sums and scales.
        unsafe {
            let weights = panel.as_ptr().add(block * format.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(8 * group);
            let mut whole = [_mm256_setzero_si256(); M];
            // Twice in the text: in a loop the scale would go through memory.
            macro_rules! thirty_two {
                ($sub:expr, $scale:expr) => {{
                    let (sub, scale) = ($sub, $scale);
                    let vectors = weights.add(sub * group);
                    let bits = if FIVE { load(vectors.add(128)) } else { low };
                    // Two products of at most 15·127, or 31·127, at a time; with 4 bits 8 of
                    // them are 30,480, with 5 bits 4 are 31,496.
                    let mut sum = [_mm256_setzero_si256(); M];
                    let mut upper = [_mm256_setzero_si256(); M];
                    for v in 0..4 {
                        let nibbles = load(vectors.add(v * 32));
                        let mut a = _mm256_and_si256(nibbles, low);
                        let mut b = _mm256_and_si256(_mm256_srli_epi16::<4>(nibbles), low);
                        if FIVE {
                            a = join(a, at_fifth(bits, v), fifth);
                            b = join(b, at_fifth(bits, v + 4), fifth);
                        }
                        for m in 0..M {
                            let x = four(inputs.add(((sub * 8 + v) * M + m) * 4));
                            let y = four(inputs.add(((sub * 8 + v + 4) * M + m) * 4));
                            sum[m] = _mm256_add_epi16(sum[m], _mm256_maddubs_epi16(a, x));
                            let products = _mm256_maddubs_epi16(b, y);
                            if FIVE {
                                upper[m] = _mm256_add_epi16(upper[m], products);
                            } else {
                                sum[m] = _mm256_add_epi16(sum[m], products);
                            }
                        }
                    }
                    for m in 0..M {
                        whole[m] = _mm256_add_epi32(whole[m], _mm256_madd_epi16(sum[m], scale));
                        if FIVE {
                            let more = _mm256_madd_epi16(upper[m], scale);
                            whole[m] = _mm256_add_epi32(whole[m], more);
                        }
                    }
                }};
            }
            for pair in 0..4 {
                let both = widen::<false>(scales.add(pair * 16));
                thirty_two!(2 * pair, first(both));
                thirty_two!(2 * pair + 1, second(both));
            }
            let mut less = [_mm256_setzero_si256(); M];
            for pair in 0..4 {
                let minima = widen::<false>(scales.add(64 + pair * 16));
                for m in 0..M {
                    let sum = _mm256_set1_epi32(*sums.add((8 + pair) * M + m));
                    less[m] = _mm256_add_epi32(less[m], _mm256_madd_epi16(minima, sum));
                }
            }
            let (scale, minimum) = (halves(scales.add(128)), halves(scales.add(144)));
            for m in 0..M {
                let of_input = _mm256_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                let sum = _mm256_cvtepi32_ps(whole[m]);
                totals[m] = _mm256_fmadd_ps(_mm256_mul_ps(scale, of_input), sum, totals[m]);
                let sum = _mm256_cvtepi32_ps(less[m]);
                totals[m] = _mm256_fnmadd_ps(_mm256_mul_ps(minimum, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out, stride) };
}

/// Bit `v` of every byte, at bit 4; the others are of no meaning.
#[target_feature(enable = "avx2")]
fn at_fifth(bits: __m256i, v: usize) -> __m256i {
    match v {
        0 => _mm256_slli_epi16::<4>(bits),
        1 => _mm256_slli_epi16::<3>(bits),
        2 => _mm256_slli_epi16::<2>(bits),
        3 => _mm256_slli_epi16::<1>(bits),
        4 => bits,
        5 => _mm256_srli_epi16::<1>(bits),
        6 => _mm256_srli_epi16::<2>(bits),
        _ => _mm256_srli_epi16::<3>(bits),
    }
}

/// Bits `2v` and `2v + 1` of every byte, at bits 4 and 5; the others are of no meaning.
#[target_feature(enable = "avx2")]
fn at_fifth_and_sixth(bits: __m256i, v: usize) -> __m256i {
    match v {
        0 => _mm256_slli_epi16::<4>(bits),
        1 => _mm256_slli_epi16::<2>(bits),
        2 => bits,
        _ => _mm256_srli_epi16::<2>(bits),
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn q6k<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    let low = _mm256_set1_epi8(15);
    let upper = _mm256_set1_epi8(0x30);
    let mut totals = [_mm256_setzero_ps(); M];
    for block in 0..panel.len() / Format::Q6K.panel_bytes() {
        // SAFETY: offsets below are inside this block of panel, quants, sums and scales.
        unsafe {
            let weights = panel.as_ptr().add(block * Format::Q6K.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(48 * 32);
            let mut whole = [_mm256_setzero_si256(); M];
            let mut less = [_mm256_setzero_si256(); M];
            for sub in 0..8 {
                let both = widen::<true>(scales.add(sub * 16));
                for m in 0..M {
                    let sum = _mm256_set1_epi32(*sums.add(sub * M + m));
                    less[m] = _mm256_add_epi32(less[m], _mm256_madd_epi16(both, sum));
                }
                let (scale_a, scale_b) = (first(both), second(both));
                let vectors = weights.add(sub * 192);
                let (bits_a, bits_b) = (load(vectors.add(128)), load(vectors.add(160)));
                for twice in 0..2 {
                    // Two products of at most 63·127 at a time; two of these are 32,004.
                    let mut sum_a = [_mm256_setzero_si256(); M];
                    let mut sum_b = [_mm256_setzero_si256(); M];
                    for v in 2 * twice..2 * twice + 2 {
                        let nibbles = load(vectors.add(v * 32));
                        let a = _mm256_and_si256(nibbles, low);
                        let b = _mm256_and_si256(_mm256_srli_epi16::<4>(nibbles), low);
                        let a = join(a, at_fifth_and_sixth(bits_a, v), upper);
                        let b = join(b, at_fifth_and_sixth(bits_b, v), upper);
                        for m in 0..M {
                            let x = four(inputs.add(((sub * 8 + v) * M + m) * 4));
                            let y = four(inputs.add(((sub * 8 + v + 4) * M + m) * 4));
                            sum_a[m] = _mm256_add_epi16(sum_a[m], _mm256_maddubs_epi16(a, x));
                            sum_b[m] = _mm256_add_epi16(sum_b[m], _mm256_maddubs_epi16(b, y));
                        }
                    }
                    for m in 0..M {
                        let a = _mm256_madd_epi16(sum_a[m], scale_a);
                        let b = _mm256_madd_epi16(sum_b[m], scale_b);
                        whole[m] = _mm256_add_epi32(whole[m], _mm256_add_epi32(a, b));
                    }
                }
            }
            let scale = _mm256_loadu_ps(scales.add(128).cast());
            for m in 0..M {
                let of_input = _mm256_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                // Stored quants are 32 too large.
                let sum = _mm256_sub_epi32(whole[m], _mm256_slli_epi32::<5>(less[m]));
                let sum = _mm256_cvtepi32_ps(sum);
                totals[m] = _mm256_fmadd_ps(_mm256_mul_ps(scale, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out, stride) };
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn q5_0<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    let low = _mm256_set1_epi8(15);
    let fifth = _mm256_set1_epi8(16);
    let ones = _mm256_set1_epi16(1);
    let mut totals = [_mm256_setzero_ps(); M];
    for block in 0..panel.len() / Format::Q5_0.panel_bytes() {
        // SAFETY: offsets below are inside this block of panel, quants, sums and scales.
        unsafe {
            let weights = panel.as_ptr().add(block * Format::Q5_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let bits = load(weights.add(128));
            // Two products of at most 31·127 at a time; 4 of these are 31,496.
            let mut sum_a = [_mm256_setzero_si256(); M];
            let mut sum_b = [_mm256_setzero_si256(); M];
            for v in 0..4 {
                let nibbles = load(weights.add(v * 32));
                let a = _mm256_and_si256(nibbles, low);
                let b = _mm256_and_si256(_mm256_srli_epi16::<4>(nibbles), low);
                let a = join(a, at_fifth(bits, v), fifth);
                let b = join(b, at_fifth(bits, v + 4), fifth);
                for m in 0..M {
                    let x = four(inputs.add((v * M + m) * 4));
                    let y = four(inputs.add(((v + 4) * M + m) * 4));
                    sum_a[m] = _mm256_add_epi16(sum_a[m], _mm256_maddubs_epi16(a, x));
                    sum_b[m] = _mm256_add_epi16(sum_b[m], _mm256_maddubs_epi16(b, y));
                }
            }
            let scale = halves(weights.add(160));
            for m in 0..M {
                let a = _mm256_madd_epi16(sum_a[m], ones);
                let b = _mm256_madd_epi16(sum_b[m], ones);
                // Stored quants are 16 too large.
                let sum = _mm256_set1_epi32(*tile.sums.as_ptr().add(block * M + m) * 16);
                let whole = _mm256_sub_epi32(_mm256_add_epi32(a, b), sum);
                let of_input = _mm256_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                let whole = _mm256_cvtepi32_ps(whole);
                totals[m] = _mm256_fmadd_ps(_mm256_mul_ps(scale, of_input), whole, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out, stride) };
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn q8_0<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32, stride: usize) {
    let ones = _mm256_set1_epi16(1);
    let mut totals = [_mm256_setzero_ps(); M];
    for block in 0..panel.len() / Format::Q8_0.panel_bytes() {
        // SAFETY: offsets below are inside this block of panel, quants and scales.
        unsafe {
            let weights = panel.as_ptr().add(block * Format::Q8_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let mut whole = [_mm256_setzero_si256(); M];
            for v in 0..8 {
                let quants = load(weights.add(v * 32));
                let sizes = _mm256_abs_epi8(quants);
                for m in 0..M {
                    // Two products of at most 128·127 are 32,512.
                    let signed = _mm256_sign_epi8(four(inputs.add((v * M + m) * 4)), quants);
                    let products = _mm256_maddubs_epi16(sizes, signed);
                    whole[m] = _mm256_add_epi32(whole[m], _mm256_madd_epi16(products, ones));
                }
            }
            let scale = halves(weights.add(256));
            for m in 0..M {
                let of_input = _mm256_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                let sum = _mm256_cvtepi32_ps(whole[m]);
                totals[m] = _mm256_fmadd_ps(_mm256_mul_ps(scale, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out, stride) };
}

const _: () = assert!(ROWS == 8, "the lanes of a vector of 32-bit numbers");
