//! Attention of `GROUP` queries that share keys.
//!
//! Scores are kept key by key, the queries side by side, so that weighing the values needs one
//! load per key; the scores of two keys are one vector of `WIDE` floats. Positions a query may not
//! see get a weight of exactly nothing, and queries that are not there are zeros: the arithmetic of
//! one query is the same in any company. Keys and values of a head are in runs, apart from each other:
//! what is in the next run is asked for while one is computed, since no processor foresees where it is.

use std::ops::Range;

use super::super::attention::Query;
use super::Lanes;
use super::exp::exp;
use crate::kv_cache::BLOCK;

/// Keys scored together.
const KEYS: usize = 2;
// What begins at an even position and ends with a block is whole pairs.
const _: () = assert!(BLOCK.is_multiple_of(KEYS));

/// Writes `dim` results for each of at most `GROUP` queries; `dim` is a multiple of two vectors.
///
/// # Safety
/// The processor is of the kind of `F`. Lengths are checked.
#[inline(always)]
pub unsafe fn attend<F: Lanes<WIDE>, const GROUP: usize, const WIDE: usize>(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    const { assert!(WIDE == KEYS * GROUP, "the scores of a pair of keys are a vector") };
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
    // SAFETY: the kind is as promised; all lengths have just been found or made to fit.
    unsafe {
        let mut rest = scores.as_mut_slice();
        let then = keys.iter().skip(1).chain(values.first());
        for (keys, then) in keys.iter().zip(then) {
            let pairs = (keys.len() / dim).next_multiple_of(KEYS);
            let (own, later) = rest.split_at_mut(pairs * GROUP);
            score::<F, GROUP, WIDE>(&scaled, keys, then, dim, own);
            rest = later;
        }
        hide(&mut scores, &seen);
        let totals = soften::<F, WIDE>(&mut scores);
        weigh::<F, GROUP, WIDE>(&scores, values, dim, out);
        let (even, odd) = totals.split_at(GROUP);
        for ((out, even), odd) in out.chunks_exact_mut(dim).zip(even).zip(odd) {
            let inverse = 1.0 / (even + odd);
            for out in out {
                *out *= inverse;
            }
        }
    }
}

/// Products of every key with every query; asks for what is read `then`.
///
/// # Safety
/// The processor is of the kind of `F`; `queries` are `GROUP` of `dim` elements, `keys` and
/// `scores` of the same number of keys, rounded up in `scores`.
#[inline(always)]
unsafe fn score<F: Lanes<WIDE>, const GROUP: usize, const WIDE: usize>(
    queries: &[f32],
    keys: &[u16],
    then: &[u16],
    dim: usize,
    scores: &mut [f32],
) {
    let count = keys.len() / dim;
    for (pair, scores) in scores.chunks_exact_mut(WIDE).enumerate() {
        // The last one may be alone: it takes both places, and the second is masked later.
        let (first, second) = (KEYS * pair, (KEYS * pair + 1).min(count - 1));
        // SAFETY: keys below `count`; all queries; a vector of scores.
        unsafe {
            let mut sums = [F::splat(0.0); WIDE];
            let (a, b) = (keys.as_ptr().add(first * dim), keys.as_ptr().add(second * dim));
            for k in (0..dim).step_by(WIDE) {
                F::fetch(then.as_ptr().wrapping_add(first * dim + KEYS * k));
                let (a, b) = (F::halves(a.add(k)), F::halves(b.add(k)));
                let (to_a, to_b) = sums.split_at_mut(GROUP);
                for (q, (to_a, to_b)) in to_a.iter_mut().zip(to_b).enumerate() {
                    let query = F::load(queries.as_ptr().add(q * dim + k));
                    *to_a = to_a.plus_product(a, query);
                    *to_b = to_b.plus_product(b, query);
                }
            }
            F::sums(sums).store(scores.as_mut_ptr());
        }
    }
}

/// Makes the scores of positions that a query does not see as small as can be.
fn hide<const GROUP: usize>(scores: &mut [f32], seen: &[Range<usize>; GROUP]) {
    let all_from = seen.iter().map(|seen| seen.start).max().unwrap_or(0);
    let all_until = seen.iter().map(|seen| seen.end).min().unwrap_or(0);
    let mut hide = |keys: Range<usize>| {
        let keys = scores.chunks_exact_mut(GROUP).enumerate().take(keys.end).skip(keys.start);
        for (key, scores) in keys {
            for (score, seen) in scores.iter_mut().zip(seen) {
                if !seen.contains(&key) {
                    *score = f32::NEG_INFINITY;
                }
            }
        }
    };
    hide(0..all_from);
    hide(all_until..usize::MAX);
}

/// Makes weights of scores and tells their sums, of even and of odd keys. Two keys of all queries
/// are a vector.
///
/// # Safety
/// The processor is of the kind of `F`.
#[inline(always)]
unsafe fn soften<F: Lanes<WIDE>, const WIDE: usize>(scores: &mut [f32]) -> [f32; WIDE] {
    let (pairs, _) = scores.as_chunks_mut::<WIDE>();
    let mut sums = [0f32; WIDE];
    // SAFETY: the kind is as promised; all are of `WIDE` floats.
    unsafe {
        let mut largest = F::splat(f32::NEG_INFINITY);
        for pair in pairs.iter() {
            largest = largest.larger(F::load(pair.as_ptr()));
        }
        largest = largest.larger(largest.swapped());
        let mut total = F::splat(0.0);
        for pair in pairs.iter_mut() {
            let weight = exp(F::load(pair.as_ptr()).minus(largest));
            weight.store(pair.as_mut_ptr());
            total = total.plus(weight);
        }
        total.store(sums.as_mut_ptr());
    }
    sums
}

/// `out[query][k]` = sum of weight times value.
///
/// # Safety
/// The processor is of the kind of `F`; `weights` has `GROUP` for every value, `out` is of `GROUP`
/// times `dim`, a multiple of two vectors.
#[inline(always)]
unsafe fn weigh<F: Lanes<WIDE>, const GROUP: usize, const WIDE: usize>(
    weights: &[f32],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    out.fill(0.0);
    let mut rest = weights;
    for (index, run) in values.iter().enumerate() {
        let (weights, later) = rest.split_at(run.len() / dim * GROUP);
        rest = later;
        let then = values.get(index + 1).unwrap_or(run);
        for k in (0..dim).step_by(2 * WIDE) {
            // SAFETY: two vectors from `k` are within `dim`, and there are weights for every value.
            unsafe { weigh_some::<F, GROUP, WIDE>(weights, (run, then), (k, dim), out) };
        }
    }
}

/// Adds a run's weighted values from `k` on, two vectors of each; asks for what is read `then`.
///
/// # Safety
/// As of [`weigh`], and two vectors from `k` are within `dim`.
#[inline(always)]
unsafe fn weigh_some<F: Lanes<WIDE>, const GROUP: usize, const WIDE: usize>(
    weights: &[f32],
    (run, then): (&[u16], &[u16]),
    (k, dim): (usize, usize),
    out: &mut [f32],
) {
    // SAFETY: as promised.
    unsafe {
        let from = out.as_mut_ptr().add(k);
        let out = |query: usize| from.add(query * dim);
        let mut low: [F; GROUP] = std::array::from_fn(|query| F::load(out(query)));
        let mut high: [F; GROUP] = std::array::from_fn(|query| F::load(out(query).add(WIDE)));
        let values = run.chunks_exact(dim).zip(weights.chunks_exact(GROUP));
        for (index, (value, weights)) in values.enumerate() {
            F::fetch(then.as_ptr().wrapping_add(index * dim + k));
            let a = F::halves(value.as_ptr().add(k));
            let b = F::halves(value.as_ptr().add(k + WIDE));
            for (weight, (low, high)) in weights.iter().zip(low.iter_mut().zip(&mut high)) {
                let weight = F::splat(*weight);
                *low = low.plus_product(weight, a);
                *high = high.plus_product(weight, b);
            }
        }
        for (query, (low, high)) in low.into_iter().zip(high).enumerate() {
            low.store(out(query));
            high.store(out(query).add(WIDE));
        }
    }
}
