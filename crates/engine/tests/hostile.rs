//! Mutated files and frames: never a panic, never memory out of proportion to what was read.
//!
//! A program of its own, because the peak of memory is one for all of a process's threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use text2sql_core::chat::ChatPrompt;
use text2sql_core::device::DeviceName;
use text2sql_core::protocol::{
    Decoder, EngineCommand, EngineReport, GenerateRequest, LoadSpec, MAX_FRAME, encode_framed,
};
use text2sql_core::route::Route;
use text2sql_engine::control::Control;
use text2sql_engine::disk_cache::{DiskCache, Header, Identity, Writing};
use text2sql_engine::gguf::parse_header;
use text2sql_engine::kv_cache::{BLOCK, KvCache, Shape};
use text2sql_engine::model::{LoadedModel, Pin};
use text2sql_engine::prefix_cache::PrefixCache;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::{Meta, TinyGguf};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of memory a byte of a file may cost: an array of bytes becomes 64-bit numbers, and is
/// held twice while it grows; a 4-bit weight becomes a float on its way to another type.
const FACTOR: usize = 24;
/// Memory that does not depend on the file: buffers of 1 MiB, tables of positions, caches.
const FIXED: usize = 16 << 20;

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Result of `work`, and the memory it had at its peak.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

/// Change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Byte(u8),
    Flip(u8),
    Number32(u32),
    Number64(u64),
    Cut,
    Repeat(u16),
}

fn change() -> impl Strategy<Value = Change> {
    let edge = prop_oneof![
        Just(0u64),
        Just(1),
        Just(u64::MAX),
        Just(i64::MAX as u64),
        Just(u64::from(u32::MAX)),
        (0..64u32).prop_map(|shift| 1 << shift),
        any::<u64>(),
    ];
    prop_oneof![
        any::<u8>().prop_map(Change::Byte),
        (0..8u8).prop_map(|bit| Change::Flip(1 << bit)),
        edge.clone().prop_map(|n| Change::Number32(n as u32)),
        edge.prop_map(Change::Number64),
        Just(Change::Cut),
        (1..300u16).prop_map(Change::Repeat),
    ]
}

fn apply(bytes: &mut Vec<u8>, at: usize, change: &Change) {
    let overwrite = |bytes: &mut Vec<u8>, new: &[u8]| {
        for (old, new) in bytes[at..].iter_mut().zip(new) {
            *old = *new;
        }
    };
    match change {
        Change::Byte(byte) => overwrite(bytes, &[*byte]),
        Change::Flip(bits) => bytes[at] ^= bits,
        Change::Number32(n) => overwrite(bytes, &n.to_le_bytes()),
        Change::Number64(n) => overwrite(bytes, &n.to_le_bytes()),
        Change::Cut => bytes.truncate(at.max(1)),
        Change::Repeat(count) => {
            let part: Vec<u8> = bytes[at..].iter().copied().take(usize::from(*count)).collect();
            bytes.splice(at..at, part);
        }
    }
}

/// Mutations at positions of `0..=1`, the square of which prefers the beginning.
fn mutations() -> impl Strategy<Value = Vec<(f64, Change)>> {
    proptest::collection::vec(((0.0..1.0f64).prop_map(|x| x * x), change()), 1..6)
}

fn mutate(mut bytes: Vec<u8>, mutations: &[(f64, Change)], within: usize) -> Vec<u8> {
    for (position, change) in mutations {
        let length = within.min(bytes.len());
        apply(&mut bytes, (position * length as f64) as usize, change);
    }
    bytes
}

/// Loads bytes as the command-line tools do, and asks for two tokens where that succeeds.
fn load_and_ask(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let spec = LoadSpec {
        path: path.to_str().unwrap().into(),
        sha256: String::new(),
        device: DeviceName::Cpu,
        threads: 1,
        context: 64,
        prefill_chunk: 16,
        prefix_cache_bytes: 0,
        parallel: 1,
        disk_cache: None,
    };
    let Ok(mut model) = LoadedModel::load_pinned(&spec, Pin::Any, &mut |_| {}) else {
        return false;
    };
    let request = GenerateRequest {
        prompt: ChatPrompt::default(),
        max_new_tokens: 2,
        deadline_ms: 60_000,
        cache_scope: String::new(),
        constraint: None,
        sampling: None,
        route: Route::default(),
    };
    let control = Control::new(std::time::Duration::from_secs(60));
    // Nonsense weights may give nonsense or an error; both are fine.
    let _ = model.generate(&request, &control, &mut |_| {});
    true
}

#[test]
fn the_undamaged_file_is_within_the_bounds_and_loads() {
    let _alone = alone();
    let bytes = TinyGguf::new(1).bytes();
    let (loaded, peak) = peak(|| load_and_ask(&bytes));
    assert!(loaded);
    assert!(peak > bytes.len(), "{peak}: the measurement does not measure");
    assert!(peak < FACTOR * bytes.len() + FIXED, "{peak}");
}

#[test]
fn an_array_that_costs_the_most_memory_is_within_the_bounds() {
    let _alone = alone();
    let count = 8usize << 20;
    let mut raw = [9u32.to_le_bytes(), 0u32.to_le_bytes()].concat();
    raw.extend((count as u64).to_le_bytes());
    raw.resize(raw.len() + count, 7);
    let mut gguf = TinyGguf::new(1);
    gguf.set("bytes", Meta::Raw(raw));
    let bytes = gguf.bytes();
    let (result, peak) = peak(|| parse_header(&mut bytes.as_slice(), bytes.len() as u64));
    assert!(result.is_ok());
    assert!(peak < FACTOR * bytes.len() + FIXED, "{peak} for {}", bytes.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic_and_never_take_much_memory(
        seed in 0..3u64,
        kind in 0..3 + Family::ALL.len(),
        whole in proptest::bool::weighted(0.3),
        mutations in mutations(),
    ) {
        let _alone = alone();
        let gguf = match kind {
            0 => TinyGguf::new(seed),
            1 => TinyGguf::k_quants(seed),
            2 => TinyGguf::new(seed).with_adapter(1, 2.0),
            family => TinyGguf::of_family(Family::ALL[family - 3], seed),
        };
        let bytes = gguf.bytes();
        // Mostly the header, where the structure is.
        let header = parse_header(&mut bytes.as_slice(), bytes.len() as u64).unwrap();
        let within = if whole { bytes.len() } else { header.data_start as usize };
        let bytes = mutate(bytes, &mutations, within);
        let (outcome, peak) = peak(|| catch_unwind(AssertUnwindSafe(|| load_and_ask(&bytes))));
        prop_assert!(outcome.is_ok(), "panicked");
        prop_assert!(peak < FACTOR * bytes.len() + FIXED, "{peak} bytes for {}", bytes.len());
    }

    #[test]
    fn mutated_frames_never_panic_and_never_take_much_memory(
        id in any::<u64>(),
        text in ".{0,200}",
        mutations in mutations(),
        portion in 1..500usize,
    ) {
        let _alone = alone();
        let prompt = ChatPrompt { system: text, ..ChatPrompt::default() };
        let request = GenerateRequest {
            prompt, max_new_tokens: 9, deadline_ms: 9, cache_scope: "scope".into(), constraint: None, sampling: None, route: Route::default(),
        };
        let mut bytes = encode_framed(&EngineCommand::Generate { id, request }).unwrap();
        bytes.extend(encode_framed(&EngineCommand::Cancel { id }).unwrap());
        let length = bytes.len();
        let bytes = mutate(bytes, &mutations, length);
        let ((), peak) = peak(|| {
            let (mut commands, mut reports) = (Decoder::default(), Decoder::default());
            for part in bytes.chunks(portion) {
                commands.push(part);
                reports.push(part);
                // After an error the stream is closed.
                let command = commands.next_message::<EngineCommand>();
                let report = reports.next_message::<EngineReport>();
                if command.is_err() && report.is_err() {
                    break;
                }
            }
        });
        prop_assert!(peak < FACTOR * bytes.len() + (64 << 10), "{peak} bytes for {}", bytes.len());
    }
}

const IDENTITY: Identity =
    Identity { model: [5; 32], shape: Shape { layers: 2, heads: 1, dim: 4 }, context: 1 << 17 };
const SCOPE: &str = "5/10";

/// Tokens and file of a prefix on disk.
fn prefix_file() -> (Vec<u32>, Vec<u8>) {
    let tokens: Vec<u32> = (0..BLOCK as u32 + 9).collect();
    let mut cache = KvCache::new(IDENTITY.shape, tokens.len());
    assert!(cache.reserve(tokens.len()).unwrap());
    cache.advance(tokens.len());
    let blocks = (0..).map_while(|index| cache.block(index)).collect();
    let header = Header { scope: SCOPE.into(), tokens: tokens.clone() };
    let mut writing = Writing::new(&IDENTITY, &header, blocks).unwrap();
    (tokens, writing.next_part().bytes)
}

/// Puts sums in their places, so that what is behind them is reached.
fn seal(bytes: &mut [u8], header: usize) {
    for at in [header, bytes.len().saturating_sub(32)] {
        if at + 32 <= bytes.len() {
            let sum = Sha256::digest(&bytes[..at]);
            bytes[at..at + 32].copy_from_slice(&sum);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_prefixes_never_panic_and_are_not_used_unless_their_sums_are_right(
        mutations in mutations(),
        whole in proptest::bool::weighted(0.3),
        sealed in any::<bool>(),
    ) {
        let _alone = alone();
        let (tokens, original) = prefix_file();
        let header = original.len() - 32 - tokens.len() * IDENTITY.shape.position_bytes() - 32;
        let within = if whole { original.len() } else { header };
        let mut bytes = mutate(original.clone(), &mutations, within);
        if sealed {
            seal(&mut bytes, header);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(text2sql_core::disk_cache::name(SCOPE, "text"));
        std::fs::write(&path, &bytes).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let prompt: Vec<u32> = tokens.iter().copied().chain([7]).collect();
        let mut prefixes = PrefixCache::new(IDENTITY.shape, 1 << 30);
        let (outcome, peak) = peak(|| catch_unwind(AssertUnwindSafe(|| {
            let mut disk = DiskCache::open(folder.path(), IDENTITY);
            disk.fetch(SCOPE, &prompt, &mut prefixes);
            disk.refused().len()
        })));
        prop_assert!(outcome.is_ok(), "panicked");
        prop_assert!(peak < FACTOR * bytes.len() + (256 << 10), "{peak} for {}", bytes.len());
        let known = prefixes.known(SCOPE, &prompt);
        prop_assert!(known == 0 || sealed || bytes == original, "{known} tokens");
        if bytes == original {
            prop_assert_eq!(known, tokens.len());
        }
    }

    #[test]
    fn no_bytes_make_reading_a_prefix_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let size = bytes.len() as u64;
        prop_assert!(Header::read(&mut bytes.as_slice(), size, &IDENTITY).is_err());
    }
}

#[test]
fn an_announced_length_reserves_nothing() {
    let _alone = alone();
    for length in [MAX_FRAME as u32, u32::MAX] {
        let ((), peak) = peak(|| {
            let mut decoder = Decoder::default();
            decoder.push(&length.to_le_bytes());
            decoder.push(b"{");
            let _ = decoder.next_message::<EngineCommand>();
        });
        assert!(peak < 64 << 10, "{peak} for an announced {length}");
    }
}
