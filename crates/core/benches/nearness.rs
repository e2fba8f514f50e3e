//! How long it takes to compare a question's vector with those of all relations and columns.
//!
//!     cargo bench -p text2sql-core --bench nearness

#![allow(clippy::expect_used, missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use text2sql_core::embedding::Vector;
use text2sql_core::link::{Nearness, Vectors};
use text2sql_core::schema::Snapshot;

/// Elements of a vector of bge-small and of MiniLM.
const DIMENSIONS: usize = 384;
const COLUMNS: usize = 10;

/// As many tables, of ten columns each.
fn catalog(tables: usize) -> Snapshot {
    let columns: Vec<_> = (0..COLUMNS)
        .map(|n| format!(r#"{{"name":"column_{n}","type_name":"text","not_null":false}}"#))
        .collect();
    let relations: Vec<_> = (0..tables)
        .map(|n| {
            format!(
                r#"{{"schema":"s","name":"table_{n}","kind":"table","primary_key":[],"columns":[{}]}}"#,
                columns.join(",")
            )
        })
        .collect();
    let text = format!(r#"{{"relations":[{}],"foreign_keys":[]}}"#, relations.join(","));
    Snapshot::parse(&text).expect("a snapshot")
}

/// Numbers between -1 and 1 that look random.
fn noise(state: &mut u32) -> Vector {
    let next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let numbers: Vec<f32> = std::iter::repeat_with(next).take(DIMENSIONS).collect();
    Vector::new(&numbers).expect("not all zero")
}

fn nearness(criterion: &mut Criterion) {
    for tables in [1_000, 10_000] {
        let mut state = 1;
        let vectors = Vectors::new(&catalog(tables), |_| Some(noise(&mut state)));
        let question = noise(&mut state);
        criterion.bench_function(&format!("{} columns", tables * COLUMNS), |bench| {
            bench.iter(|| Nearness::new(black_box(&vectors), black_box(&question)));
        });
    }
}

criterion_group!(benches, nearness);
criterion_main!(benches);
