//! Sixteen floats of a processor with AVX-512.

use std::arch::x86_64::*;

use super::super::attention::Query;
use super::{Lanes, attention};

/// Queries computed together.
pub const GROUP: usize = 8;
/// Floats of a vector.
pub const WIDE: usize = 16;

/// As [`attention::attend`].
///
/// # Safety
/// The processor has AVX-512 F, BW, DQ and VL.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c,fma")]
pub unsafe fn attend(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { attention::attend::<__m512, GROUP, WIDE>(queries, keys, values, dim, out) }
}

// SAFETY of all of these: what `Lanes` asks of its callers, no more.
impl Lanes<WIDE> for __m512 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn halves(at: *const u16) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(at.cast())) }
    }

    #[inline(always)]
    unsafe fn fetch(at: *const u16) {
        // SAFETY: the instruction does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as promised.
        unsafe { _mm512_storeu_ps(at, self) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn minus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_fnmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_max_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_min_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn nearest(self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), self) }
    }

    #[inline(always)]
    unsafe fn unless_less(self, x: Self, least: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, least), self) }
    }

    #[inline(always)]
    unsafe fn if_number(self, x: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_ORD_Q>(x, x), self) }
    }

    #[inline(always)]
    unsafe fn swapped(self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm512_shuffle_f32x4::<0b01_00_11_10>(self, self) }
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [Self; WIDE]) -> Self {
        // SAFETY: as promised.
        unsafe {
            // 128-bit lanes of each: one of the four vectors, four sums still to be added.
            let (x, y) = (quarters(a, e, i, m), quarters(b, f, j, n));
            let (z, w) = (quarters(c, g, k, o), quarters(d, h, l, p));
            // As a transposition of four by four in each lane.
            let xy = _mm512_add_ps(_mm512_unpacklo_ps(x, y), _mm512_unpackhi_ps(x, y));
            let zw = _mm512_add_ps(_mm512_unpacklo_ps(z, w), _mm512_unpackhi_ps(z, w));
            _mm512_add_ps(
                _mm512_shuffle_ps::<0b01_00_01_00>(xy, zw),
                _mm512_shuffle_ps::<0b11_10_11_10>(xy, zw),
            )
        }
    }
}

/// The sum of the four lanes of 128 bits of each, one beside the other.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn quarters(a: __m512, b: __m512, c: __m512, d: __m512) -> __m512 {
    // SAFETY: as promised.
    unsafe { halves(halves(a, b), halves(c, d)) }
}

/// Lanes of 128 bits of both added two by two, side by side.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn halves(a: __m512, b: __m512) -> __m512 {
    // SAFETY: as promised.
    unsafe {
        _mm512_add_ps(
            _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
            _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
        )
    }
}
