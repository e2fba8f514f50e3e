//! Products of a panel with a tile, for ARM processors with NEON and its products of bytes
//! (`dotprod`, ARMv8.2: those of servers since 2019, and Apple's).
//!
//! The code of `avx2` for registers of half the width: a vector of a panel is two, of the outputs 0
//! to 3 and 4 to 7. One instruction multiplies four pairs of bytes and adds them up in 32 bits,
//! without saturation. Sums within a block are whole numbers and exact; the scales follow in
//! floats, always in the same order: a row's result does not depend on how many others are in its
//! tile.

#![allow(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "several arrays of M elements side by side in loops to M"
)]

use std::arch::aarch64::*;
use std::arch::asm;

use super::input::Tile;
use super::lanes::neon::widen;
use super::panel::{Format, ROWS, VECTOR};

/// Rows of a tile.
pub const TILE: usize = 4;
const _: () = assert!(ROWS == 8, "the lanes of two vectors of 32-bit numbers");

/// Whether this processor can run the code here.
pub fn supported() -> bool {
    std::arch::is_aarch64_feature_detected!("neon")
        && std::arch::is_aarch64_feature_detected!("dotprod")
}

/// `out[m * ROWS + lane]` = row `lane` of the panel · row `m` of the tile, for all of both.
///
/// # Safety
/// [`supported`]; `out` is writable at all those places. Lengths are checked.
#[target_feature(enable = "neon,dotprod")]
pub unsafe fn product(format: Format, panel: &[u8], tile: Tile<'_>, out: *mut f32) {
    let blocks = panel.len() / format.panel_bytes();
    let rows = tile.rows;
    assert!(
        tile.scales.len() == blocks * rows
            && tile.quants.len() == blocks * rows * format.block()
            && tile.sums.len() == blocks * rows * if format.block() == 32 { 1 } else { 12 },
        "a tile that does not fit the panel"
    );
    macro_rules! by_rows {
        ($function:ident $(, $five:literal)?) => {
            match rows {
                1 => $function::<1 $(, $five)?>(panel, tile, out),
                2 => $function::<2 $(, $five)?>(panel, tile, out),
                3 => $function::<3 $(, $five)?>(panel, tile, out),
                4 => $function::<4 $(, $five)?>(panel, tile, out),
                _ => {}
            }
        };
    }
    // SAFETY: the processor's features are the caller's promise, as is `out`; panel and tile
    // have just been found to be of `blocks` blocks and `rows` rows.
    unsafe {
        match format {
            Format::Q4K => by_rows!(k45, false),
            Format::Q5K => by_rows!(k45, true),
            Format::Q6K => by_rows!(q6k),
            Format::Q5_0 => by_rows!(q5_0),
            Format::Q8_0 => by_rows!(q8_0),
        }
    }
}

/// Whole numbers of eight outputs.
#[derive(Clone, Copy)]
struct Whole([int32x4_t; 2]);

/// Floats of eight outputs.
#[derive(Clone, Copy)]
struct Floats([float32x4_t; 2]);

/// Bytes of a vector of a panel.
type Bytes = [uint8x16_t; 2];

/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn none<const M: usize>() -> [Whole; M] {
    // SAFETY: as promised.
    [Whole([unsafe { vdupq_n_s32(0) }; 2]); M]
}

/// # Safety
/// 32 bytes are readable at `at`.
#[inline(always)]
unsafe fn load(at: *const u8) -> Bytes {
    // SAFETY: as promised.
    unsafe { [vld1q_u8(at), vld1q_u8(at.add(VECTOR / 2))] }
}

/// The lower nibbles, and the upper ones.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn nibbles(bytes: Bytes) -> (Bytes, Bytes) {
    // SAFETY: as promised.
    unsafe {
        let low = vdupq_n_u8(15);
        (bytes.map(|part| vandq_u8(part, low)), bytes.map(|part| vshrq_n_u8::<4>(part)))
    }
}

/// `low` with those of `bits` that `mask` chooses after they were moved up by `shift`, or down
/// where it is negative.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn join(low: Bytes, bits: Bytes, shift: i8, mask: u8) -> Bytes {
    // SAFETY: as promised.
    unsafe {
        let (shift, mask) = (vdupq_n_s8(shift), vdupq_n_u8(mask));
        let with = |low, bits| vorrq_u8(low, vandq_u8(vshlq_u8(bits, shift), mask));
        [with(low[0], bits[0]), with(low[1], bits[1])]
    }
}

/// Four bytes of an input, for every lane.
///
/// # Safety
/// 4 bytes are readable at `at`.
#[inline(always)]
unsafe fn four(at: *const i8) -> int8x16_t {
    // SAFETY: as promised.
    unsafe { vreinterpretq_s8_s32(vdupq_n_s32(at.cast::<i32>().read_unaligned())) }
}

impl Whole {
    /// Adds the products of weights with four inputs. The weights are below 128, or signed.
    ///
    /// # Safety
    /// The processor has `dotprod`.
    #[inline(always)]
    unsafe fn add_products(&mut self, weights: Bytes, inputs: int8x16_t) {
        for (sum, weights) in self.0.iter_mut().zip(weights) {
            // SAFETY: the processor has the instruction, which computes only. The intrinsic for it
            // is not stable.
            unsafe {
                asm!(".arch_extension dotprod",
                     "sdot {0:v}.4s, {1:v}.16b, {2:v}.16b",
                     inout(vreg) *sum, in(vreg) weights, in(vreg) inputs,
                     options(pure, nomem, nostack, preserves_flags));
            }
        }
    }

    /// `self + other * factors`
    ///
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn plus_product(self, other: Self, factors: Self) -> Self {
        let ([a, b], [x, y], [f, g]) = (self.0, other.0, factors.0);
        // SAFETY: as promised.
        unsafe { Self([vmlaq_s32(a, x, f), vmlaq_s32(b, y, g)]) }
    }

    /// `self + other * factor`
    ///
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn plus_times(self, other: Self, factor: i32) -> Self {
        let ([a, b], [x, y]) = (self.0, other.0);
        // SAFETY: as promised.
        unsafe { Self([vmlaq_n_s32(a, x, factor), vmlaq_n_s32(b, y, factor)]) }
    }

    /// `self + minima · sums`, where the sums are two 16-bit numbers.
    ///
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn plus_pairs(self, (first, second): (Self, Self), sums: i32) -> Self {
        // SAFETY: as promised.
        unsafe { self.plus_times(first, sums << 16 >> 16).plus_times(second, sums >> 16) }
    }
}

/// The bytes of eight pairs: all first ones, and all second ones.
///
/// # Safety
/// 16 bytes are readable at `at`.
#[inline(always)]
unsafe fn pairs<const SIGNED: bool>(at: *const u8) -> (Whole, Whole) {
    // SAFETY: as promised.
    unsafe {
        let bytes = vld1q_u8(at);
        let wide = if SIGNED {
            let bytes = vreinterpretq_s8_u8(bytes);
            [vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes)]
        } else {
            let low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes)));
            [low, vreinterpretq_s16_u16(vmovl_high_u8(bytes))]
        };
        let wide = wide.map(|pairs| vreinterpretq_s32_s16(pairs));
        let first = wide.map(|pairs| vshrq_n_s32::<16>(vshlq_n_s32::<16>(pairs)));
        (Whole(first), Whole(wide.map(|pairs| vshrq_n_s32::<16>(pairs))))
    }
}

impl Floats {
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn none<const M: usize>() -> [Self; M] {
        // SAFETY: as promised.
        [Self([unsafe { vdupq_n_f32(0.0) }; 2]); M]
    }

    /// Eight 16-bit floats.
    ///
    /// # Safety
    /// 16 bytes are readable at `at`.
    #[inline(always)]
    unsafe fn halves(at: *const u8) -> Self {
        let at = at.cast::<u16>();
        // SAFETY: as promised; memory of a panel is aligned for 16-bit numbers.
        unsafe { Self([widen(vld1_u16(at)), widen(vld1_u16(at.add(4)))]) }
    }

    /// Adds `self * of_input * whole` to the totals.
    ///
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn add_scaled(&mut self, scales: Self, of_input: f32, whole: Whole) {
        for ((total, scale), whole) in self.0.iter_mut().zip(scales.0).zip(whole.0) {
            // SAFETY: as promised.
            *total =
                unsafe { vfmaq_f32(*total, vmulq_n_f32(scale, of_input), vcvtq_f32_s32(whole)) };
        }
    }

    /// `-self`
    ///
    /// # Safety
    /// The processor has NEON.
    #[inline(always)]
    unsafe fn negated(self) -> Self {
        // SAFETY: as promised.
        Self(self.0.map(|part| unsafe { vnegq_f32(part) }))
    }
}

/// # Safety
/// `out` is writable at 8 places from every `m * ROWS`.
#[inline(always)]
unsafe fn store<const M: usize>(totals: [Floats; M], out: *mut f32) {
    for (m, Floats([low, high])) in totals.into_iter().enumerate() {
        // SAFETY: as promised.
        unsafe {
            vst1q_f32(out.add(m * ROWS), low);
            vst1q_f32(out.add(m * ROWS + 4), high);
        }
    }
}

/// Q4_K, and Q5_K where there are fifth bits.
///
/// # Safety
/// The processor has the features; panel and tile are of the same number of blocks, the tile of
/// `M` rows; `out` is writable at 8 places from every `m * ROWS`.
#[target_feature(enable = "neon,dotprod")]
unsafe fn k45<const M: usize, const FIVE: bool>(panel: &[u8], tile: Tile<'_>, out: *mut f32) {
    let format = if FIVE { Format::Q5K } else { Format::Q4K };
    let group = if FIVE { 5 * VECTOR } else { 4 * VECTOR };
    // SAFETY: the features are promised; offsets below are inside this block of panel, quants,
    // sums and scales.
    unsafe {
        let mut totals = Floats::none::<M>();
        for block in 0..panel.len() / format.panel_bytes() {
            let weights = panel.as_ptr().add(block * format.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(8 * group);
            let mut whole = none::<M>();
            let mut less = none::<M>();
            for pair in 0..4 {
                let (first, second) = pairs::<false>(scales.add(pair * 16));
                for (sub, scale) in [(2 * pair, first), (2 * pair + 1, second)] {
                    let vectors = weights.add(sub * group);
                    let bits = if FIVE { load(vectors.add(4 * VECTOR)) } else { load(vectors) };
                    let (mut sum, mut upper) = (none::<M>(), none::<M>());
                    for v in 0..4 {
                        let (mut a, mut b) = nibbles(load(vectors.add(v * VECTOR)));
                        if FIVE {
                            a = join(a, bits, 4 - v as i8, 16);
                            b = join(b, bits, -(v as i8), 16);
                        }
                        for m in 0..M {
                            let x = four(inputs.add(((sub * 8 + v) * M + m) * 4));
                            let y = four(inputs.add(((sub * 8 + v + 4) * M + m) * 4));
                            sum[m].add_products(a, x);
                            upper[m].add_products(b, y);
                        }
                    }
                    for m in 0..M {
                        whole[m] = whole[m].plus_product(sum[m], scale);
                        whole[m] = whole[m].plus_product(upper[m], scale);
                    }
                }
                let minima = pairs::<false>(scales.add(64 + pair * 16));
                for m in 0..M {
                    less[m] = less[m].plus_pairs(minima, *sums.add((8 + pair) * M + m));
                }
            }
            let scale = Floats::halves(scales.add(128));
            let minimum = Floats::halves(scales.add(144)).negated();
            for m in 0..M {
                let of_input = *tile.scales.as_ptr().add(block * M + m);
                totals[m].add_scaled(scale, of_input, whole[m]);
                totals[m].add_scaled(minimum, of_input, less[m]);
            }
        }
        store(totals, out);
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "neon,dotprod")]
unsafe fn q6k<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32) {
    // SAFETY: the features are promised; offsets below are inside this block of panel, quants,
    // sums and scales.
    unsafe {
        let mut totals = Floats::none::<M>();
        for block in 0..panel.len() / Format::Q6K.panel_bytes() {
            let weights = panel.as_ptr().add(block * Format::Q6K.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 256 * M);
            let sums = tile.sums.as_ptr().add(block * 12 * M);
            let scales = weights.add(48 * VECTOR);
            let mut whole = none::<M>();
            let mut less = none::<M>();
            for sub in 0..8 {
                let both = pairs::<true>(scales.add(sub * 16));
                let vectors = weights.add(sub * 6 * VECTOR);
                let bits_a = load(vectors.add(4 * VECTOR));
                let bits_b = load(vectors.add(5 * VECTOR));
                let (mut sum_a, mut sum_b) = (none::<M>(), none::<M>());
                for v in 0..4 {
                    let (a, b) = nibbles(load(vectors.add(v * VECTOR)));
                    let shift = 4 - 2 * v as i8;
                    let (a, b) = (join(a, bits_a, shift, 0x30), join(b, bits_b, shift, 0x30));
                    for m in 0..M {
                        let x = four(inputs.add(((sub * 8 + v) * M + m) * 4));
                        let y = four(inputs.add(((sub * 8 + v + 4) * M + m) * 4));
                        sum_a[m].add_products(a, x);
                        sum_b[m].add_products(b, y);
                    }
                }
                for m in 0..M {
                    whole[m] = whole[m].plus_product(sum_a[m], both.0);
                    whole[m] = whole[m].plus_product(sum_b[m], both.1);
                    less[m] = less[m].plus_pairs(both, *sums.add(sub * M + m));
                }
            }
            let at = scales.add(128).cast::<f32>();
            let scale = Floats([vld1q_f32(at), vld1q_f32(at.add(4))]);
            for m in 0..M {
                // Stored quants are 32 too large.
                let whole = whole[m].plus_times(less[m], -32);
                totals[m].add_scaled(scale, *tile.scales.as_ptr().add(block * M + m), whole);
            }
        }
        store(totals, out);
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "neon,dotprod")]
unsafe fn q5_0<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32) {
    // SAFETY: the features are promised; offsets below are inside this block of panel, quants,
    // sums and scales.
    unsafe {
        let mut totals = Floats::none::<M>();
        for block in 0..panel.len() / Format::Q5_0.panel_bytes() {
            let weights = panel.as_ptr().add(block * Format::Q5_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let bits = load(weights.add(4 * VECTOR));
            let mut whole = none::<M>();
            for v in 0..4 {
                let (a, b) = nibbles(load(weights.add(v * VECTOR)));
                let a = join(a, bits, 4 - v as i8, 16);
                let b = join(b, bits, -(v as i8), 16);
                for m in 0..M {
                    whole[m].add_products(a, four(inputs.add((v * M + m) * 4)));
                    whole[m].add_products(b, four(inputs.add(((v + 4) * M + m) * 4)));
                }
            }
            let scale = Floats::halves(weights.add(5 * VECTOR));
            for m in 0..M {
                // Stored quants are 16 too large.
                let less = vdupq_n_s32(*tile.sums.as_ptr().add(block * M + m) * 16);
                let whole = Whole(whole[m].0.map(|whole| vsubq_s32(whole, less)));
                totals[m].add_scaled(scale, *tile.scales.as_ptr().add(block * M + m), whole);
            }
        }
        store(totals, out);
    }
}

/// # Safety
/// As [`k45`].
#[target_feature(enable = "neon,dotprod")]
unsafe fn q8_0<const M: usize>(panel: &[u8], tile: Tile<'_>, out: *mut f32) {
    // SAFETY: the features are promised; offsets below are inside this block of panel, quants and
    // scales.
    unsafe {
        let mut totals = Floats::none::<M>();
        for block in 0..panel.len() / Format::Q8_0.panel_bytes() {
            let weights = panel.as_ptr().add(block * Format::Q8_0.panel_bytes());
            let inputs = tile.quants.as_ptr().add(block * 32 * M);
            let mut whole = none::<M>();
            for v in 0..8 {
                let quants = load(weights.add(v * VECTOR));
                for m in 0..M {
                    whole[m].add_products(quants, four(inputs.add((v * M + m) * 4)));
                }
            }
            let scale = Floats::halves(weights.add(8 * VECTOR));
            for m in 0..M {
                let of_input = *tile.scales.as_ptr().add(block * M + m);
                totals[m].add_scaled(scale, of_input, whole[m]);
            }
        }
        store(totals, out);
    }
}
