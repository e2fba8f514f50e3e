//! Eight floats of a processor with AVX2, FMA and F16C.

use std::arch::x86_64::*;

use super::super::attention::Query;
use super::super::vector::Activation;
use super::{Lanes, attention, exp};

/// Queries computed together.
pub const GROUP: usize = 4;
/// Floats of a vector.
pub const WIDE: usize = 8;

/// As [`attention::attend`].
///
/// # Safety
/// The processor has AVX2, FMA and F16C.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn attend(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { attention::attend::<__m256, GROUP, WIDE>(queries, keys, values, dim, out) }
}

/// As [`exp::sum`].
///
/// # Safety
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn sum_of_exp(x: &[f32], most: f32) -> f32 {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { exp::sum::<__m256, WIDE>(x, most) }
}

/// As [`exp::gate`].
///
/// # Safety
/// The processor has AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub unsafe fn gate(activation: Activation, gate: &mut [f32], up: &[f32]) {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { exp::gate::<__m256, WIDE>(activation, gate, up) }
}

// SAFETY of all of these: what `Lanes` asks of its callers, no more.
impl Lanes<WIDE> for __m256 {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_loadu_ps(at) }
    }

    #[inline(always)]
    unsafe fn halves(at: *const u16) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) }
    }

    #[inline(always)]
    unsafe fn fetch(at: *const u16) {
        // SAFETY: the instruction does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as promised.
        unsafe { _mm256_storeu_ps(at, self) }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_add_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_sub_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_mul_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_div_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_fmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn minus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_fnmadd_ps(a, b, self) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_max_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_min_ps(self, other) }
    }

    #[inline(always)]
    unsafe fn nearest(self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        // SAFETY: as promised.
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(self), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        }
    }

    #[inline(always)]
    unsafe fn unless_less(self, x: Self, least: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_LT_OQ>(x, least), self) }
    }

    #[inline(always)]
    unsafe fn if_number(self, x: Self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_and_ps(_mm256_cmp_ps::<_CMP_ORD_Q>(x, x), self) }
    }

    #[inline(always)]
    unsafe fn swapped(self) -> Self {
        // SAFETY: as promised.
        unsafe { _mm256_permute2f128_ps::<0x01>(self, self) }
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d, e, f, g, h]: [Self; WIDE]) -> Self {
        // SAFETY: as promised.
        unsafe {
            let abcd = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let efgh = _mm256_hadd_ps(_mm256_hadd_ps(e, f), _mm256_hadd_ps(g, h));
            _mm256_add_ps(
                _mm256_permute2f128_ps::<0x20>(abcd, efgh),
                _mm256_permute2f128_ps::<0x31>(abcd, efgh),
            )
        }
    }
}
