//! The exponential function of eight floats, for processors with AVX2 and FMA.
//!
//! A function call per element took longer than the products around it. Source: the Cephes
//! library's `expf` (range reduction by ln 2 in two parts, polynomial of degree 5); the largest
//! relative error is 2e-7.

use std::arch::x86_64::*;

use super::vector::Activation;

/// Below, the result is nothing; it would be less than 2^-126.
const LEAST: f32 = -87.3;
/// Above, the result is as for this; it would be no finite float.
const MOST: f32 = 88.3;

/// `e^x`; of minus infinity exactly 0.
#[target_feature(enable = "avx2,fma")]
pub fn exp(x: __m256) -> __m256 {
    let tiny = _mm256_cmp_ps::<_CMP_LT_OQ>(x, _mm256_set1_ps(LEAST));
    let x = _mm256_min_ps(x, _mm256_set1_ps(MOST));
    let x = _mm256_max_ps(x, _mm256_set1_ps(LEAST));
    let n = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(_mm256_mul_ps(
        x,
        _mm256_set1_ps(std::f32::consts::LOG2_E),
    ));
    // ln 2 in two parts, the first of few enough bits that its product is exact.
    let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693_359_4), x);
    let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.121_944_4e-4), r);
    let mut y = _mm256_set1_ps(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        y = _mm256_fmadd_ps(y, r, _mm256_set1_ps(coefficient));
    }
    let y = _mm256_fmadd_ps(y, _mm256_mul_ps(r, r), r);
    let y = _mm256_add_ps(y, _mm256_set1_ps(1.0));
    let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    let power = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
    _mm256_andnot_ps(tiny, _mm256_mul_ps(y, power))
}

/// Sum of `e^(x - most)`; what is left over 8 is not counted. No number counts as none.
///
/// # Safety
/// The processor has AVX2 and FMA.
#[allow(unsafe_code)]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn sum(x: &[f32], most: f32) -> f32 {
    let most = _mm256_set1_ps(most);
    // Two sums, because one addition must wait for the one before.
    let mut sums = [_mm256_setzero_ps(); 2];
    let (chunks, _) = x.as_chunks::<8>();
    for pair in chunks.chunks(2) {
        for (sum, chunk) in sums.iter_mut().zip(pair) {
            // SAFETY: eight floats.
            let x = unsafe { _mm256_loadu_ps(chunk.as_ptr()) };
            let power = exp(_mm256_sub_ps(x, most));
            let is_number = _mm256_cmp_ps::<_CMP_ORD_Q>(x, x);
            *sum = _mm256_add_ps(*sum, _mm256_and_ps(is_number, power));
        }
    }
    let mut lanes = [0f32; 8];
    // SAFETY: eight floats.
    unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_add_ps(sums[0], sums[1])) };
    lanes.iter().sum()
}

/// `gate = activation(gate) * up`, element by element; what is left over 8 is not touched.
///
/// # Safety
/// The processor has AVX2 and FMA.
#[allow(unsafe_code)]
#[target_feature(enable = "avx2,fma")]
pub unsafe fn gate(activation: Activation, gate: &mut [f32], up: &[f32]) {
    let one = _mm256_set1_ps(1.0);
    let (linear, cubic) = activation.factors();
    let (linear, cubic) = (_mm256_set1_ps(-linear), _mm256_set1_ps(-cubic));
    for (gate, up) in gate.chunks_exact_mut(8).zip(up.chunks_exact(8)) {
        // SAFETY: both are eight floats.
        unsafe {
            let (x, up) = (_mm256_loadu_ps(gate.as_ptr()), _mm256_loadu_ps(up.as_ptr()));
            // Nothing times infinity would be no number.
            let square = _mm256_min_ps(_mm256_mul_ps(x, x), _mm256_set1_ps(f32::MAX));
            let slope = _mm256_fmadd_ps(cubic, square, linear);
            let below = _mm256_add_ps(one, exp(_mm256_mul_ps(x, slope)));
            _mm256_storeu_ps(gate.as_mut_ptr(), _mm256_mul_ps(_mm256_div_ps(x, below), up));
        }
    }
}

#[cfg(test)]
#[allow(unsafe_code)]
mod tests {
    use super::*;

    #[target_feature(enable = "avx2,fma")]
    unsafe fn of(x: f32) -> f32 {
        _mm256_cvtss_f32(exp(_mm256_set1_ps(x)))
    }

    #[test]
    fn the_exponential_function_is_precise_and_has_an_end() {
        if !super::super::avx2::supported() {
            eprintln!("SKIPPED: this processor has no AVX2");
            return;
        }
        // SAFETY: just asked.
        let of = |x: f32| unsafe { of(x) };
        for step in -8700..8800 {
            let x = step as f32 / 100.0;
            let expected = f64::from(x).exp();
            assert!((f64::from(of(x)) - expected).abs() <= expected * 3e-7, "{x}");
        }
        assert_eq!(of(0.0), 1.0);
        assert_eq!(of(f32::NEG_INFINITY), 0.0);
        assert_eq!(of(-1000.0), 0.0);
        assert!(of(1000.0).is_finite());
    }
}
