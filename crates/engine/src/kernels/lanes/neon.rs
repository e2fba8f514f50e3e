//! Eight floats of an ARM processor: two vectors of four.

use std::arch::aarch64::*;
use std::arch::asm;

use super::super::attention::Query;
use super::super::vector::Activation;
use super::{Lanes, attention, exp};

/// Queries computed together.
pub const GROUP: usize = 4;
/// Floats of a vector.
pub const WIDE: usize = 8;

/// Two vectors, which take half of the registers as sums and weights of four queries.
#[derive(Clone, Copy)]
struct Two(float32x4_t, float32x4_t);

/// As [`attention::attend`].
///
/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn attend(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { attention::attend::<Two, GROUP, WIDE>(queries, keys, values, dim, out) }
}

/// As [`exp::sum`].
///
/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn sum_of_exp(x: &[f32], most: f32) -> f32 {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { exp::sum::<Two, WIDE>(x, most) }
}

/// As [`exp::gate`].
///
/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn gate(activation: Activation, gate: &mut [f32], up: &[f32]) {
    // SAFETY: the kind of processor is the caller's promise.
    unsafe { exp::gate::<Two, WIDE>(activation, gate, up) }
}

/// Four 16-bit floats, widened.
///
/// # Safety
/// The processor has NEON.
#[target_feature(enable = "neon")]
pub unsafe fn widen(halves: uint16x4_t) -> float32x4_t {
    let floats: float32x4_t;
    // SAFETY: the instruction belongs to NEON and computes only. The intrinsic for it takes a type
    // that is not stable.
    unsafe {
        asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) floats, in(vreg) halves,
             options(pure, nomem, nostack, preserves_flags));
    }
    floats
}

// SAFETY of all of these: what `Lanes` asks of its callers, no more.
impl Lanes<WIDE> for Two {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vdupq_n_f32(x), vdupq_n_f32(x)) }
    }

    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vld1q_f32(at), vld1q_f32(at.add(4))) }
    }

    #[inline(always)]
    unsafe fn halves(at: *const u16) -> Self {
        // SAFETY: as promised.
        unsafe { Self(widen(vld1_u16(at)), widen(vld1_u16(at.add(4)))) }
    }

    #[inline(always)]
    unsafe fn fetch(at: *const u16) {
        // SAFETY: the instruction does not fault. There is no stable intrinsic for it.
        unsafe {
            asm!("prfm pldl1keep, [{0}]", in(reg) at,
                 options(readonly, nostack, preserves_flags));
        }
    }

    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as promised.
        unsafe {
            vst1q_f32(at, self.0);
            vst1q_f32(at.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vaddq_f32(self.0, other.0), vaddq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vsubq_f32(self.0, other.0), vsubq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vmulq_f32(self.0, other.0), vmulq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn over(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vdivq_f32(self.0, other.0), vdivq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn plus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vfmaq_f32(self.0, a.0, b.0), vfmaq_f32(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    unsafe fn minus_product(self, a: Self, b: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vfmsq_f32(self.0, a.0, b.0), vfmsq_f32(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vmaxq_f32(self.0, other.0), vmaxq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn smaller(self, other: Self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vminq_f32(self.0, other.0), vminq_f32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn nearest(self) -> Self {
        // SAFETY: as promised.
        unsafe { Self(vrndnq_f32(self.0), vrndnq_f32(self.1)) }
    }

    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        // SAFETY: as promised.
        unsafe {
            let power = |n| {
                let exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
            };
            Self(power(self.0), power(self.1))
        }
    }

    #[inline(always)]
    unsafe fn unless_less(self, x: Self, least: Self) -> Self {
        // SAFETY: as promised.
        unsafe {
            Self(without(self.0, vcltq_f32(x.0, least.0)), without(self.1, vcltq_f32(x.1, least.1)))
        }
    }

    #[inline(always)]
    unsafe fn if_number(self, x: Self) -> Self {
        // SAFETY: as promised.
        unsafe {
            let unlike = |x| vmvnq_u32(vceqq_f32(x, x));
            Self(without(self.0, unlike(x.0)), without(self.1, unlike(x.1)))
        }
    }

    #[inline(always)]
    unsafe fn swapped(self) -> Self {
        Self(self.1, self.0)
    }

    #[inline(always)]
    unsafe fn sums([a, b, c, d, e, f, g, h]: [Self; WIDE]) -> Self {
        // SAFETY: as promised.
        unsafe {
            let whole = |x: Self| vaddq_f32(x.0, x.1);
            let four = |a, b, c, d| {
                vpaddq_f32(vpaddq_f32(whole(a), whole(b)), vpaddq_f32(whole(c), whole(d)))
            };
            Self(four(a, b, c, d), four(e, f, g, h))
        }
    }
}

/// `x`, and 0 where all bits of `mask` are set.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn without(x: float32x4_t, mask: uint32x4_t) -> float32x4_t {
    // SAFETY: as promised.
    unsafe { vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(x), mask)) }
}
