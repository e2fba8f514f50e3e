//! Products of packed weights, beside candle's, at the shapes of Qwen2.5 1.5B: one row of input as
//! in decode, 32 as in a chunk of prefill.
//!
//!     cargo bench -p text2sql-engine --bench kernels            # TEXT2SQL_THREADS=1 for one thread

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::borrow::Cow;
use std::hint::black_box;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use text2sql_engine::gguf::RawTensor;
use text2sql_engine::kernels::pool;
use text2sql_engine::matrix::Matrix;

/// Outputs and inputs: the gate of a layer, its way back, the attention's output.
const SHAPES: [(usize, usize); 3] = [(8960, 1536), (1536, 8960), (1536, 1536)];
const TYPES: [GgmlDType; 5] =
    [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q8_0, GgmlDType::Q5_0];
const ROWS: [usize; 2] = [1, 32];

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

fn products(criterion: &mut Criterion) {
    if let Ok(threads) = std::env::var("TEXT2SQL_THREADS") {
        pool::set_threads(threads.parse().expect("TEXT2SQL_THREADS is a number"));
    }
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
    targets = products
}
criterion_main!(kernels);
