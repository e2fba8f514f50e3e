//! Attention of four queries that share keys, for processors with AVX2, FMA and F16C.
//!
//! Scores are kept key by key, four queries side by side, so that weighing the values needs one
//! load per key. Positions a query may not see get a weight of exactly nothing, and queries that
//! are not there are zeros: the arithmetic of one query is the same in any company.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::ops::Range;

use super::attention::Query;
use super::exp_avx2::exp;
use crate::kv_cache::BLOCK;

/// Queries computed together.
pub const GROUP: usize = 4;
/// Keys scored together.
const KEYS: usize = 2;
// What begins at an even position and ends with a block is whole pairs.
const _: () = assert!(BLOCK.is_multiple_of(KEYS));
/// Elements of a vector of floats.
const WIDE: usize = 8;

/// Writes `dim` results for each of at most four queries; `dim` is a multiple of 16.
///
/// # Safety
/// The processor has AVX2, FMA and F16C. Lengths are checked.
#[target_feature(enable = "avx2,fma,f16c")]
pub unsafe fn attend(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    let count = keys.iter().map(|run| run.len() / dim).sum();
    assert!(
        dim.is_multiple_of(2 * WIDE)
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
/// 8 halves are readable at `at`.
#[target_feature(enable = "avx2,f16c")]
unsafe fn halves(at: *const u16) -> __m256 {
    // SAFETY: as promised.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(at.cast()) })
}

/// Products of every key with every query.
///
/// # Safety
/// `keys` and `scores` are of the same number of keys, rounded up in `scores`.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn score(queries: &[f32], keys: &[u16], dim: usize, scores: &mut [f32]) {
    let count = keys.len() / dim;
    for (pair, scores) in scores.chunks_exact_mut(KEYS * GROUP).enumerate() {
        // The last one may be alone: it takes both places, and the second is masked later.
        let (first, second) = (KEYS * pair, (KEYS * pair + 1).min(count - 1));
        let mut sums = [_mm256_setzero_ps(); KEYS * GROUP];
        // SAFETY: keys below `count`; four queries of `dim`; eight scores.
        unsafe {
            let (a, b) = (keys.as_ptr().add(first * dim), keys.as_ptr().add(second * dim));
            for k in (0..dim).step_by(WIDE) {
                let (a, b) = (halves(a.add(k)), halves(b.add(k)));
                let (to_a, to_b) = sums.split_at_mut(GROUP);
                for (q, (to_a, to_b)) in to_a.iter_mut().zip(to_b).enumerate() {
                    let query = _mm256_loadu_ps(queries.as_ptr().add(q * dim + k));
                    *to_a = _mm256_fmadd_ps(a, query, *to_a);
                    *to_b = _mm256_fmadd_ps(b, query, *to_b);
                }
            }
            _mm256_storeu_ps(scores.as_mut_ptr(), add_up(sums));
        }
    }
}

/// The sum of each of eight vectors.
#[target_feature(enable = "avx2")]
fn add_up([a, b, c, d, e, f, g, h]: [__m256; 8]) -> __m256 {
    let abcd = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let efgh = _mm256_hadd_ps(_mm256_hadd_ps(e, f), _mm256_hadd_ps(g, h));
    _mm256_add_ps(
        _mm256_permute2f128_ps::<0x20>(abcd, efgh),
        _mm256_permute2f128_ps::<0x31>(abcd, efgh),
    )
}

/// Makes weights of scores and tells their sums. Two keys of four queries are a vector.
///
/// # Safety
/// `scores` is of whole pairs of keys.
#[target_feature(enable = "avx2,fma,f16c")]
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
    let mut largest = _mm256_set1_ps(nothing);
    let mut total = _mm256_setzero_ps();
    // SAFETY: chunks of eight.
    unsafe {
        for pair in scores.chunks_exact(WIDE) {
            largest = _mm256_max_ps(largest, _mm256_loadu_ps(pair.as_ptr()));
        }
        let swapped = _mm256_permute2f128_ps::<0x01>(largest, largest);
        largest = _mm256_max_ps(largest, swapped);
        for pair in scores.chunks_exact_mut(WIDE) {
            let weight = exp(_mm256_sub_ps(_mm256_loadu_ps(pair.as_ptr()), largest));
            _mm256_storeu_ps(pair.as_mut_ptr(), weight);
            total = _mm256_add_ps(total, weight);
        }
        let mut sums = [0f32; GROUP];
        let both = _mm_add_ps(_mm256_castps256_ps128(total), _mm256_extractf128_ps::<1>(total));
        _mm_storeu_ps(sums.as_mut_ptr(), both);
        sums
    }
}

/// `out[query][k]` = sum of weight times value.
///
/// # Safety
/// `weights` has four for every value; `out` is of four times `dim`.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn weigh(weights: &[f32], values: &[&[u16]], dim: usize, out: &mut [f32]) {
    for k in (0..dim).step_by(2 * WIDE) {
        let mut low = [_mm256_setzero_ps(); GROUP];
        let mut high = [_mm256_setzero_ps(); GROUP];
        // SAFETY: `k + 16 <= dim`, and there are four weights for every value.
        unsafe {
            let values = values.iter().flat_map(|run| run.chunks_exact(dim));
            for (value, weights) in values.zip(weights.chunks_exact(GROUP)) {
                let a = halves(value.as_ptr().add(k));
                let b = halves(value.as_ptr().add(k + WIDE));
                for (weight, (low, high)) in weights.iter().zip(low.iter_mut().zip(&mut high)) {
                    let weight = _mm256_set1_ps(*weight);
                    *low = _mm256_fmadd_ps(weight, a, *low);
                    *high = _mm256_fmadd_ps(weight, b, *high);
                }
            }
            for (query, (low, high)) in low.into_iter().zip(high).enumerate() {
                let out = out.as_mut_ptr().add(query * dim + k);
                _mm256_storeu_ps(out, low);
                _mm256_storeu_ps(out.add(WIDE), high);
            }
        }
    }
}
