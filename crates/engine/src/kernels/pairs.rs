//! Two panels side by side in vectors of 512 bits: what `avx512` and `amx` read weights with.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::panel::{Format, ROWS};

/// Outputs computed together: those of two panels.
pub const LANES: usize = 2 * ROWS;

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

impl Pair<'_> {
    /// Where both begin.
    pub fn both(self) -> Both {
        let [first, second] = self.panels;
        Both(first.as_ptr(), second.as_ptr())
    }

    /// Where what is asked for begins.
    pub fn ahead(self) -> Option<*const u8> {
        let [_, second] = self.panels;
        self.fetch.then(|| second.as_ptr().wrapping_add(second.len()))
    }

    /// Blocks of the panels, which are of one length.
    pub fn blocks(self, format: Format) -> usize {
        let [first, second] = self.panels;
        assert!(first.len() == second.len(), "panels of one matrix are of one length");
        first.len() / format.panel_bytes()
    }
}

/// Bytes that memory gives at a time.
const LINE: usize = 64;

/// Asks for a part of the bytes of block `block`, of two panels in order, of what is behind `end`.
/// The parts of a block are asked for one by one while it is computed: the processor waits for few
/// lines at a time, and computes nothing where it is asked for more.
#[inline(always)]
pub fn fetch(end: *const u8, block: usize, bytes: usize, (part, parts): (usize, usize)) {
    let lines = (2 * bytes).div_ceil(LINE);
    for line in lines * part / parts..lines * (part + 1) / parts {
        let at = end.wrapping_add(2 * block * bytes + line * LINE);
        // SAFETY: the instruction reads nothing into the program and does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }
}

/// The same place in two panels.
#[derive(Clone, Copy)]
pub struct Both(pub *const u8, pub *const u8);

impl Both {
    /// # Safety
    /// As of a pointer's `add`, for both.
    pub unsafe fn add(self, bytes: usize) -> Self {
        // SAFETY: as promised.
        unsafe { Self(self.0.add(bytes), self.1.add(bytes)) }
    }
}

/// # Safety
/// 32 bytes are readable at both.
#[target_feature(enable = "avx512f")]
pub unsafe fn load(at: Both) -> __m512i {
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
pub unsafe fn widen<const SIGNED: bool>(at: Both) -> __m512i {
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
pub unsafe fn halves(at: Both) -> __m512 {
    // SAFETY: as promised.
    _mm512_cvtph_ps(unsafe { sixteen(at) })
}

/// Eight floats of both.
///
/// # Safety
/// 32 bytes are readable at both.
#[target_feature(enable = "avx512f,avx512dq")]
pub unsafe fn floats(at: Both) -> __m512 {
    // SAFETY: as promised; the instructions need no alignment.
    unsafe {
        let first = _mm512_castps256_ps512(_mm256_loadu_ps(at.0.cast()));
        _mm512_insertf32x8::<1>(first, _mm256_loadu_ps(at.1.cast()))
    }
}

/// `low` and the 4 upper bits' share of `high`, put above: `mask` chooses bits already in place.
#[target_feature(enable = "avx512f")]
pub fn join(low: __m512i, high: __m512i, mask: __m512i) -> __m512i {
    // low | (high & mask)
    _mm512_ternarylogic_epi32::<0xF8>(low, high, mask)
}

/// Bit `v` of every byte, at bit 4; the others are of no meaning.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn at_fifth(bits: __m512i, v: usize) -> __m512i {
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
pub fn at_fifth_and_sixth(bits: __m512i, v: usize) -> __m512i {
    match v {
        0 => _mm512_slli_epi16::<4>(bits),
        1 => _mm512_slli_epi16::<2>(bits),
        2 => bits,
        _ => _mm512_srli_epi16::<2>(bits),
    }
}
