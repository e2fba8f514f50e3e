//! Causal attention over a cache of 16-bit keys and values.
//!
//! Owns the softmax, both products, and how far back a query sees. The heads that share keys are
//! computed together, some queries at a time, so that a key is read and widened once for all of
//! them; a query's result does not depend on which others are computed with it. `scalar` is the
//! definition, and what runs where the processor has no vectors that are known here or a head's width
//! is no multiple of two of them.

#![allow(unsafe_code)]

use std::ops::Range;

use super::code::Code;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::lanes;
use super::pool::{Parts, pool};
use crate::kv_cache::KvCache;

/// Most queries computed together, of all codes.
const MOST: usize = 8;

/// Multiplications below which one thread is faster than handing over.
/// Measured on 2 cores of an AVX2 machine: a hand-over costs about 1 µs.
const PARALLEL_FROM: usize = 1 << 14;

/// Shape of an attention.
#[derive(Debug, Clone, Copy)]
pub struct Heads {
    /// Query heads.
    pub query: usize,
    /// Key and value heads.
    pub kv: usize,
    /// Width of a head.
    pub dim: usize,
}

/// Rows of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The sequence's keys and values, those of these rows among them.
    pub cache: &'a KvCache,
    /// First of the rows in the matrix of all sequences' queries.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Position of the first of them in the sequence.
    pub start: usize,
}

/// Layer of the cache, and how far back it looks.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The layer.
    pub layer: usize,
    /// Positions a query sees, its own among them, at least 1; `None`: all up to its own.
    pub window: Option<usize>,
}

impl Place {
    /// Positions that a query at a position sees.
    fn seen(self, position: usize) -> Range<usize> {
        let until = position + 1;
        self.window.map_or(0, |window| until.saturating_sub(window))..until
    }
}

/// Causal attention of `query` (`[row][head][dim]`), whose rows belong to several sequences.
pub fn attention(query: &[f32], rows: &[Rows<'_>], place: Place, heads: Heads, out: &mut [f32]) {
    let code = Code::attending(heads.dim).next().unwrap_or(Code::Scalar);
    attention_by(code, query, rows, place, heads, out);
}

fn attention_by(
    code: Code,
    query: &[f32],
    rows: &[Rows<'_>],
    place: Place,
    heads: Heads,
    out: &mut [f32],
) {
    if heads.query == 0 || heads.kv == 0 || heads.dim == 0 || query.len() != out.len() {
        return;
    }
    // Queries of a key head: all rows' heads that share it, row after row.
    let sharing = heads.query / heads.kv;
    let mut pieces = Vec::new();
    let mut cost = 0;
    for rows in rows {
        let groups = (rows.count * sharing).div_ceil(code.queries());
        let seen = place.seen(rows.start + rows.count - 1).len();
        cost += rows.count * heads.query * heads.dim * seen;
        // Late groups see more positions; what takes longest begins first.
        let of_group = |group| (0..heads.kv).map(move |kv_head| (rows, kv_head, group));
        pieces.extend((0..groups).rev().flat_map(of_group));
    }
    let parts = Parts::new(out);
    let work = |piece: usize| {
        if let Some((rows, kv_head, group)) = pieces.get(piece) {
            one_group(code, query, rows, place, (*kv_head, *group), heads, &parts);
        }
    };
    if cost < PARALLEL_FROM {
        (0..pieces.len()).for_each(work);
    } else {
        pool().run(pieces.len(), &work);
    }
}

fn one_group(
    code: Code,
    query: &[f32],
    rows: &Rows<'_>,
    place: Place,
    (kv_head, group): (usize, usize),
    heads: Heads,
    out: &Parts<'_, f32>,
) {
    let sharing = heads.query / heads.kv;
    let mut queries: [Query<'_>; MOST] =
        std::array::from_fn(|_| Query { values: &[], seen: 0..0, at: 0 });
    let mut used = 0;
    let own = group * code.queries()..rows.count * sharing;
    for (slot, index) in queries.iter_mut().zip(own.take(code.queries())) {
        let (row, head) = (index / sharing, kv_head * sharing + index % sharing);
        let at = ((rows.first + row) * heads.query + head) * heads.dim;
        let values = query.get(at..at + heads.dim).unwrap_or_default();
        *slot = Query { values, seen: place.seen(rows.start + row), at };
        used += 1;
    }
    let queries = queries.get_mut(..used).unwrap_or_default();
    let first = queries.iter().map(|query| query.seen.start).min().unwrap_or(0);
    let until = queries.iter().map(|query| query.seen.end).max().unwrap_or(0);
    // Keys are summed two by two: which are a pair must not depend on the other queries.
    let first = first / 2 * 2;
    for query in queries.iter_mut() {
        query.seen = query.seen.start - first..query.seen.end - first;
    }
    let (keys, values) = rows.cache.runs(place.layer, kv_head, first..until);
    let mut results = vec![0.0; code.queries() * heads.dim];
    attend(code, queries, &keys, &values, heads.dim, &mut results);
    for (query, result) in queries.iter().zip(results.chunks_exact(heads.dim)) {
        // SAFETY: one query's result, and each query is in one piece.
        unsafe { out.get(query.at, heads.dim) }.copy_from_slice(result);
    }
}

/// One query: a head of a row.
pub struct Query<'a> {
    /// Its vector.
    pub values: &'a [f32],
    /// Positions it sees, counted from the first of the keys it is given; not empty.
    pub seen: Range<usize>,
    /// Where its result goes.
    pub at: usize,
}

fn attend(
    code: Code,
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    assert!(code.runs(), "code that this processor cannot run");
    match code {
        Code::Scalar => scalar(queries, keys, values, dim, out),
        #[cfg(target_arch = "aarch64")]
        Code::Neon => {
            // SAFETY: just asked.
            unsafe { lanes::neon::attend(queries, keys, values, dim, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Code::Avx2 => {
            // SAFETY: just asked.
            unsafe { lanes::avx2::attend(queries, keys, values, dim, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Code::Amx | Code::Avx512 => {
            // SAFETY: just asked.
            unsafe { lanes::avx512::attend(queries, keys, values, dim, out) }
        }
    }
}

/// The keys or values that a query sees.
fn seen<'a>(
    runs: &'a [&'a [u16]],
    query: &Query<'_>,
    dim: usize,
) -> impl Iterator<Item = &'a [u16]> {
    let all = runs.iter().flat_map(move |run| run.chunks_exact(dim));
    all.take(query.seen.end).skip(query.seen.start)
}

/// The definition, query by query.
pub fn scalar(
    queries: &[Query<'_>],
    keys: &[&[u16]],
    values: &[&[u16]],
    dim: usize,
    out: &mut [f32],
) {
    let float = |bits: &u16| half::f16::from_bits(*bits).to_f32();
    let scale = 1.0 / (dim as f32).sqrt();
    for (query, out) in queries.iter().zip(out.chunks_exact_mut(dim)) {
        let mut scores: Vec<f32> = seen(keys, query, dim)
            .map(|key| key.iter().zip(query.values).map(|(k, q)| float(k) * q).sum::<f32>() * scale)
            .collect();
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0f32;
        for score in &mut scores {
            *score = (*score - largest).exp();
            total += *score;
        }
        out.fill(0.0);
        for (score, value) in scores.iter().zip(seen(values, query, dim)) {
            for (out, value) in out.iter_mut().zip(value) {
                *out += score * float(value);
            }
        }
        for out in out.iter_mut() {
            *out /= total;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::noise;
    use super::*;
    use crate::kv_cache::Shape;

    fn filled(heads: Heads, positions: usize) -> KvCache {
        let shape = Shape { layers: 2, heads: heads.kv, dim: heads.dim };
        let mut cache = KvCache::new(shape, positions);
        assert!(cache.reserve(positions).unwrap());
        let values = noise(2 * heads.kv * positions * heads.dim);
        let mut vectors = values.chunks(heads.dim);
        for position in 0..positions {
            for head in 0..heads.kv {
                let (key, value) = (vectors.next().expect("one"), vectors.next().expect("one"));
                cache.put(1, head, position, key, value);
            }
        }
        cache.advance(positions);
        cache
    }

    /// By every code that this processor has: to the bit alike is asked of each by itself.
    fn attend_all(
        query: &[f32],
        cache: &KvCache,
        start: usize,
        window: Option<usize>,
        heads: Heads,
    ) -> Vec<Vec<f32>> {
        let one = |code| attend_by(code, query, cache, start, window, heads);
        Code::attending(heads.dim).map(one).collect()
    }

    fn attend_one(
        query: &[f32],
        cache: &KvCache,
        start: usize,
        window: Option<usize>,
        heads: Heads,
    ) -> Vec<f32> {
        let code = Code::attending(heads.dim).next().expect("one");
        attend_by(code, query, cache, start, window, heads)
    }

    fn attend_by(
        code: Code,
        query: &[f32],
        cache: &KvCache,
        start: usize,
        window: Option<usize>,
        heads: Heads,
    ) -> Vec<f32> {
        let count = query.len() / heads.query / heads.dim;
        let mut out = vec![f32::NAN; query.len()];
        let rows = [Rows { cache, first: 0, count, start }];
        attention_by(code, query, &rows, Place { layer: 1, window }, heads, &mut out);
        out
    }

    /// By the definition, from all keys and values, query by query.
    fn defined(
        query: &[f32],
        cache: &KvCache,
        start: usize,
        window: Option<usize>,
        heads: Heads,
    ) -> Vec<f32> {
        let mut out = Vec::new();
        for (index, values) in query.chunks(heads.dim).enumerate() {
            let (row, head) = (index / heads.query, index % heads.query);
            let until = start + row + 1;
            let seen = until.saturating_sub(window.unwrap_or(until))..until;
            let mut result = vec![0.0; heads.dim];
            let (keys, all) = cache.runs(1, head / (heads.query / heads.kv), 0..until);
            scalar(&[Query { values, seen, at: 0 }], &keys, &all, heads.dim, &mut result);
            out.extend(result);
        }
        out
    }

    fn bits(x: &[f32]) -> Vec<u32> {
        x.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn attention_is_that_of_the_definition() {
        for (query, kv, dim) in [(6, 2, 64), (14, 2, 16), (4, 4, 128), (3, 1, 24)] {
            for (start, rows) in [(0, 1), (0, 9), (13, 1), (5, 6), (30, 3), (120, 20)] {
                for window in [None, Some(1), Some(2), Some(7), Some(64), Some(500)] {
                    let heads = Heads { query, kv, dim };
                    let cache = filled(heads, start + rows);
                    let input: Vec<f32> =
                        noise(rows * query * dim).iter().map(|x| x * 9.0).collect();
                    let expected = defined(&input, &cache, start, window, heads);
                    for out in attend_all(&input, &cache, start, window, heads) {
                        for (a, b) in out.iter().zip(&expected) {
                            let close = (a - b).abs() < 1e-5;
                            assert!(close, "{heads:?} {start} {window:?}: {a}, not {b}");
                        }
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_window_is_that_of_the_definition_and_its_rows_are_the_same_in_any_company(
            start in 0..200usize,
            rows in 1..12usize,
            window in 1..220usize,
            (sharing, kv) in (1..8usize, 1..3usize),
            dim in prop_oneof![Just(16usize), Just(48), Just(20), Just(64)],
        ) {
            let (heads, window) = (Heads { query: sharing * kv, kv, dim }, Some(window));
            let cache = filled(heads, start + rows);
            let width = heads.query * dim;
            let input: Vec<f32> = noise(rows * width).iter().map(|x| x * 5.0).collect();
            for code in Code::attending(dim) {
                let all = attend_by(code, &input, &cache, start, window, heads);
                for (a, b) in all.iter().zip(defined(&input, &cache, start, window, heads)) {
                    prop_assert!((a - b).abs() < 1e-5, "{code:?}: {a} and not {b}");
                }
                let rows = input.chunks(width).zip(all.chunks(width));
                for (row, (input, together)) in rows.enumerate() {
                    let alone = attend_by(code, input, &cache, start + row, window, heads);
                    prop_assert_eq!(bits(&alone), bits(together), "{:?} row {}", code, row);
                }
            }
        }
    }

    #[test]
    fn a_window_as_long_as_the_sequence_is_none() {
        let heads = Heads { query: 6, kv: 2, dim: 64 };
        let cache = filled(heads, 90);
        let input = noise(5 * heads.query * heads.dim);
        let all = attend_one(&input, &cache, 85, None, heads);
        assert_eq!(bits(&all), bits(&attend_one(&input, &cache, 85, Some(90), heads)));
        assert_ne!(bits(&all), bits(&attend_one(&input, &cache, 85, Some(60), heads)));
    }

    #[test]
    fn a_query_has_the_same_result_in_any_company() {
        let heads = Heads { query: 6, kv: 2, dim: 64 };
        let (rows, other) = (70, 5);
        let (cache, second) = (filled(heads, rows), filled(heads, other));
        let width = heads.query * heads.dim;
        let input = noise((rows + other) * width);
        for window in [None, Some(9)] {
            let mut all = vec![0.0; input.len()];
            let both = [
                Rows { cache: &cache, first: 0, count: rows, start: 0 },
                Rows { cache: &second, first: rows, count: other, start: 0 },
            ];
            attention(&input, &both, Place { layer: 1, window }, heads, &mut all);
            for (row, (input, expected)) in input.chunks(width).zip(all.chunks(width)).enumerate() {
                let one = if row < rows {
                    attend_one(input, &cache, row, window, heads)
                } else {
                    attend_one(input, &second, row - rows, window, heads)
                };
                assert_eq!(bits(&one), bits(expected), "row {row}");
            }
        }
    }

    #[test]
    fn attention_over_equal_keys_is_the_mean_of_the_values_it_sees() {
        let heads = Heads { query: 2, kv: 1, dim: 16 };
        let mut cache = KvCache::new(Shape { layers: 2, heads: 1, dim: 16 }, 8);
        assert!(cache.reserve(3).unwrap());
        for position in 0..3 {
            cache.put(1, 0, position, &[1.0; 16], &[position as f32; 16]);
        }
        cache.advance(3);
        for (window, mean) in [(None, 1.0), (Some(2), 1.5), (Some(1), 2.0)] {
            for x in attend_one(&[0.5; 32], &cache, 2, window, heads) {
                assert!((x - mean).abs() < 1e-6, "{window:?}: {x}");
            }
        }
    }
}
