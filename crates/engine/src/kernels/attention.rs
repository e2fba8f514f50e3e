//! Causal attention over a cache of 16-bit keys and values.
//!
//! Owns the softmax and both products. The heads that share keys are computed together, four
//! queries at a time, so that a key is read and widened once for four; a query's result does not
//! depend on which others are computed with it. `scalar` is the definition, and what runs where
//! there is no AVX2 or a head's width is no multiple of 16.

#![allow(unsafe_code)]

use super::pool::{Parts, pool};
use crate::kv_cache::KvCache;

/// Queries computed together.
pub const GROUP: usize = 4;

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

/// Causal attention of `query` (`[row][head][dim]`), whose rows belong to several sequences.
pub fn attention(query: &[f32], rows: &[Rows<'_>], layer: usize, heads: Heads, out: &mut [f32]) {
    if heads.query == 0 || heads.kv == 0 || heads.dim == 0 || query.len() != out.len() {
        return;
    }
    // Queries of a key head: all rows' heads that share it, row after row.
    let sharing = heads.query / heads.kv;
    let mut pieces = Vec::new();
    let mut cost = 0;
    for rows in rows {
        let groups = (rows.count * sharing).div_ceil(GROUP);
        cost += rows.count * heads.query * heads.dim * (rows.start + rows.count);
        // Late groups see more positions; what takes longest begins first.
        let of_group = |group| (0..heads.kv).map(move |kv_head| (rows, kv_head, group));
        pieces.extend((0..groups).rev().flat_map(of_group));
    }
    let parts = Parts::new(out);
    let work = |piece: usize| {
        if let Some((rows, kv_head, group)) = pieces.get(piece) {
            one_group(query, rows, (layer, *kv_head, *group), heads, &parts);
        }
    };
    if cost < PARALLEL_FROM {
        (0..pieces.len()).for_each(work);
    } else {
        pool().run(pieces.len(), &work);
    }
}

fn one_group(
    query: &[f32],
    rows: &Rows<'_>,
    (layer, kv_head, group): (usize, usize, usize),
    heads: Heads,
    out: &Parts<'_, f32>,
) {
    let sharing = heads.query / heads.kv;
    let mut queries = [Query { values: &[], count: 0, at: 0 }; GROUP];
    let mut used = 0;
    for (slot, index) in queries.iter_mut().zip(group * GROUP..rows.count * sharing) {
        let (row, head) = (index / sharing, kv_head * sharing + index % sharing);
        let at = ((rows.first + row) * heads.query + head) * heads.dim;
        let values = query.get(at..at + heads.dim).unwrap_or_default();
        *slot = Query { values, count: rows.start + row + 1, at };
        used += 1;
    }
    let queries = queries.get(..used).unwrap_or_default();
    let count = queries.iter().map(|query| query.count).max().unwrap_or(0);
    let (keys, values) = rows.cache.runs(layer, kv_head, count);
    let mut results = vec![0.0; GROUP * heads.dim];
    attend(queries, &keys, &values, heads.dim, &mut results);
    for (query, result) in queries.iter().zip(results.chunks_exact(heads.dim)) {
        // SAFETY: one query's result, and each query is in one piece.
        unsafe { out.get(query.at, heads.dim) }.copy_from_slice(result);
    }
}

/// One query: a head of a row.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// Its vector.
    pub values: &'a [f32],
    /// Positions it sees, from the first on.
    pub count: usize,
    /// Where its result goes.
    pub at: usize,
}

fn attend(queries: &[Query<'_>], keys: &[&[u16]], values: &[&[u16]], dim: usize, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if dim.is_multiple_of(16) && super::avx2::supported() {
        // SAFETY: just asked.
        return unsafe { super::attention_avx2::attend(queries, keys, values, dim, out) };
    }
    scalar(queries, keys, values, dim, out);
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
        let keys = keys.iter().flat_map(|run| run.chunks_exact(dim)).take(query.count);
        let mut scores: Vec<f32> = keys
            .map(|key| key.iter().zip(query.values).map(|(k, q)| float(k) * q).sum::<f32>() * scale)
            .collect();
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut total = 0f32;
        for score in &mut scores {
            *score = (*score - largest).exp();
            total += *score;
        }
        out.fill(0.0);
        let values = values.iter().flat_map(|run| run.chunks_exact(dim));
        for (score, value) in scores.iter().zip(values) {
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
    use super::super::fixture::noise;
    use super::*;
    use crate::kv_cache::Shape;

    fn filled(heads: Heads, positions: usize) -> KvCache {
        let shape = Shape { layers: 2, heads: heads.kv, dim: heads.dim };
        let mut cache = KvCache::new(shape, positions);
        assert!(cache.reserve(positions));
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

    fn attend_one(query: &[f32], cache: &KvCache, start: usize, heads: Heads) -> Vec<f32> {
        let count = query.len() / heads.query / heads.dim;
        let mut out = vec![f32::NAN; query.len()];
        attention(query, &[Rows { cache, first: 0, count, start }], 1, heads, &mut out);
        out
    }

    #[test]
    fn attention_is_that_of_the_definition() {
        for (query, kv, dim) in [(6, 2, 64), (14, 2, 16), (4, 4, 128), (3, 1, 24)] {
            for (start, rows) in [(0, 1), (0, 9), (13, 1), (5, 6), (30, 3), (120, 20)] {
                let heads = Heads { query, kv, dim };
                let cache = filled(heads, start + rows);
                let input: Vec<f32> = noise(rows * query * dim).iter().map(|x| x * 9.0).collect();
                let out = attend_one(&input, &cache, start, heads);
                for (index, (values, found)) in input.chunks(dim).zip(out.chunks(dim)).enumerate() {
                    let (row, head) = (index / query, index % query);
                    let (count, kv_head) = (start + row + 1, head / (query / kv));
                    let mut expected = vec![0.0; dim];
                    let (keys, all) = cache.runs(1, kv_head, count);
                    scalar(&[Query { values, count, at: 0 }], &keys, &all, dim, &mut expected);
                    for (a, b) in found.iter().zip(&expected) {
                        assert!((a - b).abs() < 1e-5, "{heads:?} {start} {row}: {a} and not {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_query_has_the_same_result_in_any_company() {
        let heads = Heads { query: 6, kv: 2, dim: 64 };
        let (rows, other) = (70, 5);
        let (cache, second) = (filled(heads, rows), filled(heads, other));
        let width = heads.query * heads.dim;
        let input = noise((rows + other) * width);
        let mut all = vec![0.0; input.len()];
        let both = [
            Rows { cache: &cache, first: 0, count: rows, start: 0 },
            Rows { cache: &second, first: rows, count: other, start: 0 },
        ];
        attention(&input, &both, 1, heads, &mut all);
        for (row, (input, expected)) in input.chunks(width).zip(all.chunks(width)).enumerate() {
            let one = if row < rows {
                attend_one(input, &cache, row, heads)
            } else {
                attend_one(input, &second, row - rows, heads)
            };
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&one), bits(expected), "row {row}");
        }
    }

    #[test]
    fn attention_over_equal_keys_is_the_mean_of_the_values() {
        let heads = Heads { query: 2, kv: 1, dim: 16 };
        let mut cache = KvCache::new(Shape { layers: 2, heads: 1, dim: 16 }, 8);
        assert!(cache.reserve(3));
        for position in 0..3 {
            cache.put(1, 0, position, &[1.0; 16], &[position as f32; 16]);
        }
        cache.advance(3);
        for x in attend_one(&[0.5; 32], &cache, 2, heads) {
            assert!((x - 1.0).abs() < 1e-6, "{x}");
        }
    }
}
