//! The parts of a pass at the shapes of Qwen2.5 1.5B: products of packed weights, beside candle's,
//! attention, and what is done to each row besides. One row as in decode, 32 as in prefill.
//!
//!     cargo bench -p text2sql-engine --bench kernels
//!
//! `TEXT2SQL_THREADS=1` for one thread, `TEXT2SQL_INSTRUCTIONS=avx2` for a processor without more.

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::borrow::Cow;
use std::hint::black_box;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use text2sql_engine::gguf::RawTensor;
use text2sql_engine::kernels::attention::{Heads, Place, Rows, attention};
use text2sql_engine::kernels::code::Code;
use text2sql_engine::kernels::rope::{Angles, Pairs, Rope};
use text2sql_engine::kernels::{pool, vector};
use text2sql_engine::kv_cache::{KvCache, Shape};
use text2sql_engine::matrix::Matrix;

/// Outputs and inputs: the gate of a layer, its way back, the attention's output.
const SHAPES: [(usize, usize); 3] = [(8960, 1536), (1536, 8960), (1536, 1536)];
const TYPES: [GgmlDType; 5] =
    [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q8_0, GgmlDType::Q5_0];
const ROWS: [usize; 2] = [1, 32];
/// Positions that attention looks back on.
const SEEN: [usize; 2] = [512, 2048];
const WIDTH: usize = 1536;
const FFN: usize = 8960;
const HEADS: Heads = Heads { query: 12, kv: 2, dim: 128 };

/// Numbers between -1 and 1 that look random.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn quantized(dtype: GgmlDType, count: usize) -> Vec<u8> {
    let mut blocks = dtype.cpu_zeros(count);
    blocks.from_float(&noise(count));
    let tensor = QTensor::new(QStorage::Cpu(blocks), count).expect("whole blocks");
    tensor.data().expect("on the processor").into_owned()
}

fn settings() {
    if let Ok(threads) = std::env::var("TEXT2SQL_THREADS") {
        pool::set_threads(threads.parse().expect("TEXT2SQL_THREADS is a number"));
    }
    if let Ok(name) = std::env::var("TEXT2SQL_INSTRUCTIONS") {
        name.parse::<Code>().expect("TEXT2SQL_INSTRUCTIONS is a code").at_most();
    }
}

/// A cache of one layer.
fn filled(positions: usize) -> KvCache {
    let shape = Shape { layers: 1, heads: HEADS.kv, dim: HEADS.dim };
    let mut cache = KvCache::new(shape, positions);
    assert!(matches!(cache.reserve(positions), Ok(true)), "it fits");
    let values = noise(HEADS.dim + positions);
    for (position, vector) in values.windows(HEADS.dim).take(positions).enumerate() {
        for head in 0..HEADS.kv {
            cache.put(0, head, position, vector, vector);
        }
    }
    cache.advance(positions);
    cache
}

fn attending(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention 12/2 heads of 128");
    for seen in SEEN {
        let cache = filled(seen);
        for count in ROWS {
            let query = noise(count * HEADS.query * HEADS.dim);
            let mut out = vec![0.0; query.len()];
            let rows = Rows { cache: &cache, first: 0, count, start: seen - count };
            let place = Place { layer: 0, window: None };
            group.bench_function(BenchmarkId::new(format!("of {seen}"), count), |bench| {
                bench.iter(|| attention(black_box(&query), &[rows], place, HEADS, &mut out));
            });
        }
    }
    group.finish();
}

/// What is done to a row, 32 of them.
fn rows(criterion: &mut Criterion) {
    const COUNT: usize = 32;
    let mut group = criterion.benchmark_group("32 rows");
    let (x, weight) = (noise(COUNT * WIDTH), noise(WIDTH));
    let mut out = vec![0.0; x.len()];
    group.bench_function("norm of 1536", |bench| {
        bench.iter(|| vector::rms_norm(black_box(&x), &weight, 1e-6, &mut out));
    });
    let dims = HEADS.dim;
    let pairs = Pairs::Halves;
    let angles = Angles { dims, base: 1e6, stretch: 1.0, factors: vec![], magnitude: 1.0, pairs };
    let rope = Rope::new(&angles, COUNT);
    let mut turned = noise(COUNT * (HEADS.query + HEADS.kv) * dims);
    let width = turned.len() / COUNT;
    group.bench_function("rope of 14 heads", |bench| {
        bench.iter(|| {
            for (position, row) in black_box(&mut turned).chunks_exact_mut(width).enumerate() {
                rope.apply(row, dims, position);
            }
        });
    });
    let (mut gate, up) = (noise(COUNT * FFN), noise(COUNT * FFN));
    group.bench_function("gate of 8960", |bench| {
        bench.iter(|| vector::gate(vector::Activation::Silu, black_box(&mut gate), &up));
    });
    group.finish();
}

fn products(criterion: &mut Criterion) {
    settings();
    for dtype in TYPES {
        for (outputs, inputs) in SHAPES {
            let bytes = quantized(dtype, outputs * inputs);
            let candle = dtype.from_data(Cow::Owned(bytes.clone()));
            let read = bytes.len() as u64;
            let ours = Matrix::new(RawTensor { dtype, dims: vec![outputs, inputs], bytes })
                .expect("a matrix");
            let mut group = criterion.benchmark_group(format!("{dtype:?} {outputs}x{inputs}"));
            group.throughput(Throughput::Bytes(read));
            for rows in ROWS {
                let input = noise(rows * inputs);
                let mut out = vec![0.0; rows * outputs];
                group.bench_function(BenchmarkId::new("packed", rows), |bench| {
                    bench.iter(|| ours.multiply(black_box(&input), &mut out).expect("fits"));
                });
                group.bench_function(BenchmarkId::new("candle", rows), |bench| {
                    bench.iter(|| {
                        candle
                            .matmul_t((rows, inputs, outputs), black_box(&input), &mut out)
                            .expect("fits");
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(800));
    targets = products, attending, rows
}
criterion_main!(kernels);
