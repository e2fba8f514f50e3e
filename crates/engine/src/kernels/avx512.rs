//! Products of two panels with a tile, for processors with AVX-512 and its VNNI.
//!
//! The code of `avx2` at twice the width: the lanes of a vector are the 16 outputs of two panels,
//! and a tile has up to 8 rows, so that weights are unpacked once for 128 results. One instruction
//! multiplies four pairs of bytes and adds them up in 32 bits, without saturation. Sums below a
//! scale are whole numbers and exact; the scales follow in floats, always in the same order: a
//! row's result does not depend on how many others are in its tile.

#![allow(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "several arrays of M elements side by side in loops to M"
)]

use std::arch::x86_64::*;

use super::input::Tile;
use super::panel::{Format, ROWS};

/// Outputs computed together: those of two panels.
pub const LANES: usize = 2 * ROWS;
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

/// Two panels, and what will be wanted after them.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The panels, of one length.
    pub panels: [&'a [u8]; 2],
    /// Whether the weights behind the second panel are asked for meanwhile. What is read in two
    /// places at a time, with gaps, the processor does not foresee: on a Xeon that reads 28 GB/s in
    /// order with two threads, weights come with 18 GB/s so, and with 15 otherwise.
    pub fetch: bool,
}

/// Bytes that memory gives at a time.
const LINE: usize = 64;

/// Asks for a part of the bytes of block `block`, of two panels in order, of what is behind `end`.
/// The parts of a block are asked for one by one while it is computed: the processor waits for few
/// lines at a time, and computes nothing where it is asked for more.
#[inline(always)]
fn fetch(end: *const u8, block: usize, bytes: usize, (part, parts): (usize, usize)) {
    let lines = (2 * bytes).div_ceil(LINE);
    for line in lines * part / parts..lines * (part + 1) / parts {
        let at = end.wrapping_add(2 * block * bytes + line * LINE);
        // SAFETY: the instruction reads nothing into the program and does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
}

/// The same place in two panels.
#[derive(Clone, Copy)]
struct Both(*const u8, *const u8);

impl Both {
    /// # Safety
    /// As of a pointer's `add`, for both.
    unsafe fn add(self, bytes: usize) -> Self {
        // SAFETY: as promised.
        unsafe { Self(self.0.add(bytes), self.1.add(bytes)) }
    }
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
    let panels = pair.panels;
    let blocks = panels[0].len() / format.panel_bytes();
    let rows = tile.rows;
    assert!(
        panels[0].len() == panels[1].len()
            && tile.scales.len() == blocks * rows
            && tile.quants.len() == blocks * rows * format.block()
            && tile.sums.len() == blocks * rows * if format.block() == 32 { 1 } else { 12 },
        "a tile that does not fit the panels"
    );
    let both = Both(panels[0].as_ptr(), panels[1].as_ptr());
    let ahead = pair.fetch.then(|| panels[1].as_ptr().wrapping_add(panels[1].len()));
    let work = Work { panels: both, ahead, blocks, tile };
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

/// # Safety
/// 32 bytes are readable at both.
#[target_feature(enable = "avx512f")]
unsafe fn load(at: Both) -> __m512i {
    // SAFETY: as promised; the instructions need no alignment.
    unsafe {
        let first = _mm512_castsi256_si512(_mm256_loadu_si256(at.0.cast()));
        _mm512_inserti64x4::<1>(first, _mm256_loadu_si256(at.1.cast()))
    }
}

/// Sixteen bytes of both as 16-bit numbers.
///
/// # Safety
/// 16 bytes are readable at both.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn widen<const SIGNED: bool>(at: Both) -> __m512i {
    // SAFETY: as promised.
    let bytes = unsafe { sixteen(at) };
    if SIGNED { _mm512_cvtepi8_epi16(bytes) } else { _mm512_cvtepu8_epi16(bytes) }
}

/// # Safety
/// 16 bytes are readable at both.
#[target_feature(enable = "avx512f")]
unsafe fn sixteen(at: Both) -> __m256i {
    // SAFETY: as promised.
    unsafe { _mm256_set_m128i(_mm_loadu_si128(at.1.cast()), _mm_loadu_si128(at.0.cast())) }
}

/// Eight 16-bit floats of both.
///
/// # Safety
/// 16 bytes are readable at both.
#[target_feature(enable = "avx512f")]
unsafe fn halves(at: Both) -> __m512 {
    // SAFETY: as promised.
    _mm512_cvtph_ps(unsafe { sixteen(at) })
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

/// `low` and the 4 upper bits' share of `high`, put above: `mask` chooses bits already in place.
#[target_feature(enable = "avx512f")]
fn join(low: __m512i, high: __m512i, mask: __m512i) -> __m512i {
    // low | (high & mask)
    _mm512_ternarylogic_epi32::<0xF8>(low, high, mask)
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
            let mut whole = [_mm512_setzero_ps(); M];
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
                        whole[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[m]), scale, whole[m]);
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
                totals[m] = _mm512_fmadd_ps(_mm512_mul_ps(scale, of_input), whole[m], totals[m]);
                let sum = _mm512_cvtepi32_ps(less[m]);
                totals[m] = _mm512_fnmadd_ps(_mm512_mul_ps(minimum, of_input), sum, totals[m]);
            }
        }
    }
    // SAFETY: as promised.
    unsafe { store(totals, out) };
}

/// Bit `v` of every byte, at bit 4; the others are of no meaning.
#[target_feature(enable = "avx512f,avx512bw")]
fn at_fifth(bits: __m512i, v: usize) -> __m512i {
    match v {
        0 => _mm512_slli_epi16::<4>(bits),
        1 => _mm512_slli_epi16::<3>(bits),
        2 => _mm512_slli_epi16::<2>(bits),
        3 => _mm512_slli_epi16::<1>(bits),
        4 => bits,
        5 => _mm512_srli_epi16::<1>(bits),
        6 => _mm512_srli_epi16::<2>(bits),
        _ => _mm512_srli_epi16::<3>(bits),
    }
}

/// Bits `2v` and `2v + 1` of every byte, at bits 4 and 5; the others are of no meaning.
#[target_feature(enable = "avx512f,avx512bw")]
fn at_fifth_and_sixth(bits: __m512i, v: usize) -> __m512i {
    match v {
        0 => _mm512_slli_epi16::<4>(bits),
        1 => _mm512_slli_epi16::<2>(bits),
        2 => bits,
        _ => _mm512_srli_epi16::<2>(bits),
    }
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
            let mut whole = [_mm512_setzero_ps(); M];
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
                let scale_a = second(_mm512_slli_epi32::<16>(both));
                let scale_b = second(both);
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
                        whole[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[m]), scale, whole[m]);
                    }
                }
            }
            let scale = _mm512_insertf32x8::<1>(
                _mm512_castps256_ps512(_mm256_loadu_ps(scales.0.add(128).cast())),
                _mm256_loadu_ps(scales.1.add(128).cast()),
            );
            for m in 0..M {
                let of_input = _mm512_set1_ps(*tile.scales.as_ptr().add(block * M + m));
                // Stored quants are 32 too large.
                let offset = _mm512_cvtepi32_ps(_mm512_slli_epi32::<5>(less[m]));
                let sum = _mm512_sub_ps(whole[m], offset);
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
