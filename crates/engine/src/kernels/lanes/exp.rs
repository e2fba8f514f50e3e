//! The exponential function, and what is made with it.
//!
//! A function call per element took longer than the products around it. Source: the Cephes
//! library's `expf` (range reduction by ln 2 in two parts, polynomial of degree 5); the largest
//! relative error is 2e-7.

use super::super::vector::Activation;
use super::Lanes;

/// Below, the result is nothing; it would be less than 2^-126.
const LEAST: f32 = -87.3;
/// Above, the result is as for this; it would be no finite float.
const MOST: f32 = 88.3;

/// `e^x`; of minus infinity exactly 0.
///
/// # Safety
/// The processor is of the kind of `F`.
#[inline(always)]
pub unsafe fn exp<F: Lanes<WIDE>, const WIDE: usize>(x: F) -> F {
    // SAFETY: as promised.
    unsafe {
        let within = x.smaller(F::splat(MOST)).larger(F::splat(LEAST));
        let n = within.times(F::splat(std::f32::consts::LOG2_E)).nearest();
        // ln 2 in two parts, the first of few enough bits that its product is exact.
        let r = within.minus_product(n, F::splat(0.693_359_4));
        let r = r.minus_product(n, F::splat(-2.121_944_4e-4));
        let mut y = F::splat(1.987_569_1e-4);
        for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
            y = F::splat(coefficient).plus_product(y, r);
        }
        let y = r.plus_product(y, r.times(r)).plus(F::splat(1.0));
        y.times(n.power_of_two()).unless_less(x, F::splat(LEAST))
    }
}

/// Sum of `e^(x - most)`; what is left over `WIDE` is not counted. No number counts as none.
///
/// # Safety
/// The processor is of the kind of `F`.
#[inline(always)]
pub unsafe fn sum<F: Lanes<WIDE>, const WIDE: usize>(x: &[f32], most: f32) -> f32 {
    let (chunks, _) = x.as_chunks::<WIDE>();
    let mut lanes = [0f32; WIDE];
    // SAFETY: the kind is as promised; chunks and lanes are of `WIDE` floats.
    unsafe {
        let most = F::splat(most);
        // Two sums, because one addition must wait for the one before.
        let mut sums = [F::splat(0.0); 2];
        for pair in chunks.chunks(2) {
            for (sum, chunk) in sums.iter_mut().zip(pair) {
                let x = F::load(chunk.as_ptr());
                *sum = sum.plus(exp(x.minus(most)).if_number(x));
            }
        }
        let [first, second] = sums;
        first.plus(second).store(lanes.as_mut_ptr());
    }
    lanes.iter().sum()
}

/// `gate = activation(gate) * up`, element by element; what is left over `WIDE` is not touched.
///
/// # Safety
/// The processor is of the kind of `F`.
#[inline(always)]
pub unsafe fn gate<F: Lanes<WIDE>, const WIDE: usize>(
    activation: Activation,
    gate: &mut [f32],
    up: &[f32],
) {
    let (linear, cubic) = activation.factors();
    let (gates, _) = gate.as_chunks_mut::<WIDE>();
    let (ups, _) = up.as_chunks::<WIDE>();
    // SAFETY: the kind is as promised; chunks are of `WIDE` floats.
    unsafe {
        let one = F::splat(1.0);
        let (linear, cubic) = (F::splat(-linear), F::splat(-cubic));
        for (gate, up) in gates.iter_mut().zip(ups) {
            let (x, up) = (F::load(gate.as_ptr()), F::load(up.as_ptr()));
            // Nothing times infinity would be no number.
            let square = x.times(x).smaller(F::splat(f32::MAX));
            let slope = linear.plus_product(cubic, square);
            let below = one.plus(exp(x.times(slope)));
            x.over(below).times(up).store(gate.as_mut_ptr());
        }
    }
}
