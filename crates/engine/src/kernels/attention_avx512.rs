//! Attention of eight queries that share keys, for processors with AVX-512.
//!
//! The code of `attention_avx2` at twice the width and with twice the queries, so that a key is
//! read and widened once for eight. Scores are kept key by key, eight queries side by side.
//! Positions a query may not see get a weight of exactly nothing, and queries that are not there
//! are zeros: the arithmetic of one query is the same in any company.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::attention::Query;
use crate::kv_cache::BLOCK;

/// Queries computed together.
pub const GROUP: usize = 8;
/// What a head's width must be a multiple of.
pub const WIDTH: usize = 2 * WIDE;
/// Keys scored together.
const KEYS: usize = 2;
// What begins at an even position and ends with a block is whole pairs.
const _: () = assert!(BLOCK.is_multiple_of(KEYS));
/// Elements of a vector of floats: the scores of a pair of keys.
const WIDE: usize = 16;
const _: () = assert!(WIDE == KEYS * GROUP);

/// Writes `dim` results for each of at most eight queries; `dim` is a multiple of [`WIDTH`].
///
/// # Safety
/// The processor has AVX-512 F, BW, DQ and VL. Lengths are checked.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,f16c,fma")]
pub unsafe fn attend(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    let count = keys.iter().map(|run| run.len() / dim).sum();
    assert!(
        dim.is_multiple_of(WIDTH)
            && queries.len() <= GROUP
            && queries.iter().all(|query| query.values.len() == dim && query.seen.end <= count)
            && values.iter().zip(keys).all(|(values, keys)| values.len() == keys.len())
            && values.len() == keys.len()
            // The keys of all but the last are even in number.
            && keys.iter().rev().skip(1).all(|run| run.len().is_multiple_of(KEYS * dim))
            && out.len() >= GROUP * dim,
        "operands of an attention that do not fit"
    );
    // `[query][dim]`, scaled here once instead of every score.
    let scale = 1.0 / (dim as f32).sqrt();
    let mut scaled = vec![0f32; GROUP * dim];
    let mut seen: [Range<usize>; GROUP] = std::array::from_fn(|_| 0..count);
    for ((query, scaled), slot) in queries.iter().zip(scaled.chunks_exact_mut(dim)).zip(&mut seen) {
        for (scaled, value) in scaled.iter_mut().zip(query.values) {
            *scaled = value * scale;
        }
        *slot = query.seen.clone();
    }
    // `[key][query]`, an even number of keys.
    let mut scores = vec![0f32; count.next_multiple_of(KEYS) * GROUP];
    // SAFETY: all lengths have just been found or made to fit.
    unsafe {
        let mut rest = scores.as_mut_slice();
        for keys in keys {
            let pairs = (keys.len() / dim).next_multiple_of(KEYS);
            let (own, later) = rest.split_at_mut(pairs * GROUP);
            score(&scaled, keys, dim, own);
            rest = later;
        }
        let totals = soften(&mut scores, &seen);
        weigh(&scores, values, dim, out);
        for (out, total) in out.chunks_exact_mut(dim).zip(totals) {
            let inverse = 1.0 / total;
            for out in out {
                *out *= inverse;
            }
        }
    }
}

/// # Safety
/// 16 halves are readable at `at`.
#[target_feature(enable = "avx512f")]
unsafe fn halves(at: *const u16) -> __m512 {
    // SAFETY: as promised.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(at.cast()) })
}

/// Products of every key with every query.
///
/// # Safety
/// `keys` and `scores` are of the same number of keys, rounded up in `scores`.
#[target_feature(enable = "avx512f,avx512dq,fma")]
unsafe fn score(queries: &[f32], keys: &[u16], dim: usize, scores: &mut [f32]) {
    let count = keys.len() / dim;
    for (pair, scores) in scores.chunks_exact_mut(KEYS * GROUP).enumerate() {
        // The last one may be alone: it takes both places, and the second is masked later.
        let (first, second) = (KEYS * pair, (KEYS * pair + 1).min(count - 1));
        let mut sums = [_mm512_setzero_ps(); KEYS * GROUP];
        // SAFETY: keys below `count`; eight queries of `dim`; sixteen scores.
        unsafe {
            let (a, b) = (keys.as_ptr().add(first * dim), keys.as_ptr().add(second * dim));
            for k in (0..dim).step_by(WIDE) {
                let (a, b) = (halves(a.add(k)), halves(b.add(k)));
                let (to_a, to_b) = sums.split_at_mut(GROUP);
                for (q, (to_a, to_b)) in to_a.iter_mut().zip(to_b).enumerate() {
                    let query = _mm512_loadu_ps(queries.as_ptr().add(q * dim + k));
                    *to_a = _mm512_fmadd_ps(a, query, *to_a);
                    *to_b = _mm512_fmadd_ps(b, query, *to_b);
                }
            }
            _mm512_storeu_ps(scores.as_mut_ptr(), add_up(sums));
        }
    }
}

/// The sum of each of sixteen vectors.
#[target_feature(enable = "avx512f,avx512dq")]
fn add_up(all: [__m512; 16]) -> __m512 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = all;
    // Each step adds halves, quarters, … of two vectors side by side.
    let two = |a, b| {
        _mm512_add_ps(
            _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
            _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
        )
    };
    let quads = |a, b, c, d| two(two(a, b), two(c, d));
    // 128-bit lanes of each: one of the four vectors, four sums still to be added.
    let (x, y, z, w) = (quads(a, e, i, m), quads(b, f, j, n), quads(c, g, k, o), quads(d, h, l, p));
    // As a transposition of four by four in each lane.
    let (low_xy, high_xy) = (_mm512_unpacklo_ps(x, y), _mm512_unpackhi_ps(x, y));
    let (low_zw, high_zw) = (_mm512_unpacklo_ps(z, w), _mm512_unpackhi_ps(z, w));
    let (xy, zw) = (_mm512_add_ps(low_xy, high_xy), _mm512_add_ps(low_zw, high_zw));
    _mm512_add_ps(
        _mm512_shuffle_ps::<0b01_00_01_00>(xy, zw),
        _mm512_shuffle_ps::<0b11_10_11_10>(xy, zw),
    )
}

/// Makes weights of scores and tells their sums. Two keys of eight queries are a vector.
///
/// # Safety
/// `scores` is of whole pairs of keys.
#[target_feature(enable = "avx512f,avx512dq,fma")]
unsafe fn soften(scores: &mut [f32], seen: &[Range<usize>; GROUP]) -> [f32; GROUP] {
    let all_from = seen.iter().map(|seen| seen.start).max().unwrap_or(0);
    let all_until = seen.iter().map(|seen| seen.end).min().unwrap_or(0);
    let nothing = f32::NEG_INFINITY;
    let mut hide = |keys: Range<usize>| {
        let keys = scores.chunks_exact_mut(GROUP).enumerate().take(keys.end).skip(keys.start);
        for (key, scores) in keys {
            for (score, seen) in scores.iter_mut().zip(seen) {
                if !seen.contains(&key) {
                    *score = nothing;
                }
            }
        }
    };
    hide(0..all_from);
    hide(all_until..usize::MAX);
    let mut largest = _mm512_set1_ps(nothing);
    let mut total = _mm512_setzero_ps();
    // SAFETY: chunks of sixteen.
    unsafe {
        for pair in scores.chunks_exact(WIDE) {
            largest = _mm512_max_ps(largest, _mm512_loadu_ps(pair.as_ptr()));
        }
        let swapped = _mm512_shuffle_f32x4::<0b01_00_11_10>(largest, largest);
        largest = _mm512_max_ps(largest, swapped);
        for pair in scores.chunks_exact_mut(WIDE) {
            let weight = exp(_mm512_sub_ps(_mm512_loadu_ps(pair.as_ptr()), largest));
            _mm512_storeu_ps(pair.as_mut_ptr(), weight);
            total = _mm512_add_ps(total, weight);
        }
        let mut sums = [0f32; GROUP];
        let both = _mm256_add_ps(_mm512_castps512_ps256(total), _mm512_extractf32x8_ps::<1>(total));
        _mm256_storeu_ps(sums.as_mut_ptr(), both);
        sums
    }
}

/// `e^x` of numbers up to 0; of minus infinity exactly 0. As in `exp_avx2`.
#[target_feature(enable = "avx512f")]
fn exp(x: __m512) -> __m512 {
    let least = _mm512_set1_ps(-87.3);
    let normal = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(x, least);
    let x = _mm512_max_ps(x, least);
    let n = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(
        _mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E)),
    );
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_4), x);
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.121_944_4e-4), r);
    let mut y = _mm512_set1_ps(1.987_569_1e-4);
    for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        y = _mm512_fmadd_ps(y, r, _mm512_set1_ps(coefficient));
    }
    let y = _mm512_fmadd_ps(y, _mm512_mul_ps(r, r), r);
    let y = _mm512_add_ps(y, _mm512_set1_ps(1.0));
    _mm512_maskz_scalef_ps(normal, y, n)
}

/// `out[query][k]` = sum of weight times value.
///
/// # Safety
/// `weights` has eight for every value; `out` is of eight times `dim`.
#[target_feature(enable = "avx512f,fma")]
unsafe fn weigh(weights: &[f32], values: &[&[u16]], dim: usize, out: &mut [f32]) {
    for k in (0..dim).step_by(WIDTH) {
        let mut low = [_mm512_setzero_ps(); GROUP];
        let mut high = [_mm512_setzero_ps(); GROUP];
        // SAFETY: `k + 32 <= dim`, and there are eight weights for every value.
        unsafe {
            let values = values.iter().flat_map(|run| run.chunks_exact(dim));
            for (value, weights) in values.zip(weights.chunks_exact(GROUP)) {
                let a = halves(value.as_ptr().add(k));
                let b = halves(value.as_ptr().add(k + WIDE));
                for (weight, (low, high)) in weights.iter().zip(low.iter_mut().zip(&mut high)) {
                    let weight = _mm512_set1_ps(*weight);
                    *low = _mm512_fmadd_ps(weight, a, *low);
                    *high = _mm512_fmadd_ps(weight, b, *high);
                }
            }
            for (query, (low, high)) in low.into_iter().zip(high).enumerate() {
                let out = out.as_mut_ptr().add(query * dim + k);
                _mm512_storeu_ps(out, low);
                _mm512_storeu_ps(out.add(WIDE), high);
            }
        }
    }
}
