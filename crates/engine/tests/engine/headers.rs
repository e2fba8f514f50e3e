//! Every limit on a header, broken alone, and the rule that is named for it.

use text2sql_core::protocol::FailureCode;
use text2sql_engine::error::EngineError;
use text2sql_engine::gguf::{GgufError, parse_header};
use text2sql_testkit::tiny_gguf::{Meta, TinyGguf};

use crate::support::load_bytes;

/// Positions of the two counts behind magic and version.
const N_TENSORS: usize = 8;
const N_KEYS: usize = 16;

fn tiny() -> TinyGguf {
    TinyGguf::new(1)
}

/// The bytes with one number overwritten.
fn patched(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut all = tiny().bytes();
    all[at..at + bytes.len()].copy_from_slice(bytes);
    all
}

fn with(change: impl FnOnce(&mut TinyGguf)) -> Vec<u8> {
    let mut gguf = tiny();
    change(&mut gguf);
    gguf.bytes()
}

fn with_meta(key: &str, value: Meta) -> Vec<u8> {
    with(|gguf| {
        gguf.set(key, value);
    })
}

/// A value of a type, as raw bytes.
fn raw(kind: u32, rest: &[&[u8]]) -> Meta {
    Meta::Raw([&kind.to_le_bytes()[..], &rest.concat()].concat())
}

fn refusal(bytes: &[u8]) -> GgufError {
    // `LoadedModel` has no Debug form, so the error is taken out first.
    match load_bytes(bytes).err().expect("it was loaded") {
        EngineError::Gguf(error) => error,
        other => panic!("{other:?}"),
    }
}

/// What is refused, and how the refusal begins when printed for a developer.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let huge = u64::MAX.to_le_bytes();
    let text_array = |count: u64| raw(9, &[&8u32.to_le_bytes(), &count.to_le_bytes()]);
    vec![
        ("magic", patched(0, b"GGUG"), "Magic"),
        ("other byte order", patched(0, b"FUGG"), "Magic"),
        ("version 1", patched(4, &1u32.to_le_bytes()), "Version(1)"),
        ("version 4", patched(4, &4u32.to_le_bytes()), "Version(4)"),
        (
            "tensors",
            patched(N_TENSORS, &100_001u64.to_le_bytes()),
            "TooMany { what: \"number of te",
        ),
        ("tensors", patched(N_TENSORS, &huge), "TooMany { what: \"number of tensors\""),
        ("keys", patched(N_KEYS, &10_001u64.to_le_bytes()), "TooMany { what: \"number of metadata"),
        ("keys", patched(N_KEYS, &huge), "TooMany { what: \"number of metadata keys\""),
        ("more keys than there are", patched(N_KEYS, &9_000u64.to_le_bytes()), ""),
        (
            "text over 1 MiB",
            with_meta("a", Meta::Text("x".repeat((1 << 20) + 1))),
            "TooMany { what: \"length of a text\"",
        ),
        (
            "text of 2^64 - 1",
            with_meta("a", raw(8, &[&huge])),
            "TooMany { what: \"length of a text\"",
        ),
        (
            "text beyond the file",
            with_meta("a", raw(8, &[&(1u64 << 19).to_le_bytes()])),
            "Truncated",
        ),
        (
            "key too long",
            with_meta(&"k".repeat(65_536), Meta::U32(0)),
            "TooMany { what: \"length of a text\"",
        ),
        (
            "array over the file",
            with_meta("a", text_array(1 << 40)),
            "TooMany { what: \"length of an arr",
        ),
        (
            "array that overflows",
            with_meta("a", text_array(u64::MAX / 4)),
            "TooMany { what: \"length of an",
        ),
        ("array of arrays", with_meta("a", raw(9, &[&9u32.to_le_bytes(), &huge])), "NestedArray"),
        (
            "array of nothing known",
            with_meta("a", raw(9, &[&13u32.to_le_bytes(), &huge])),
            "ValueType(13)",
        ),
        ("value of no known type", with_meta("a", raw(13, &[])), "ValueType(13)"),
        ("text not UTF-8", with_meta("a", raw(8, &[&2u64.to_le_bytes(), b"\xC3\x28"])), "Utf8"),
        ("boolean 2", with_meta("a", raw(7, &[&[2]])), "Bool(2)"),
        ("key twice", with(|g| g.metadata.push(g.metadata[0].clone())), "Duplicate(\"general.arch"),
        ("tensor twice", with(|g| g.tensors.push(g.tensors[0].clone())), "Duplicate(\"token_embd"),
        ("alignment 0", with_meta("general.alignment", Meta::U32(0)), "Alignment(0)"),
        ("alignment 48", with_meta("general.alignment", Meta::U32(48)), "Alignment(48)"),
        (
            "alignment 128 KiB",
            with_meta("general.alignment", Meta::U32(1 << 17)),
            "Alignment(131072)",
        ),
        ("alignment is text", with_meta("general.alignment", Meta::Text("32".into())), "Missing("),
        ("no dimension", with(|g| g.tensors[0].dims.clear()), "Shape("),
        ("five dimensions", with(|g| g.tensors[0].dims = vec![64, 1, 1, 1, 1]), "Shape("),
        ("dimension 0", with(|g| g.tensors[0].dims = vec![64, 0]), "Shape("),
        ("sizes that overflow", with(|g| g.tensors[0].dims = vec![1 << 40, 1 << 40]), "Shape("),
        (
            "bytes that overflow",
            with(|g| g.tensors[0].dims = vec![1 << 32, (1 << 32) - 1]),
            "OutOfFile(",
        ),
        ("half a block", with(|g| g.tensors[0].dims[0] = 48), "Block("),
        ("unknown element type", with(|g| g.tensors[0].kind = 99), "ElementType {"),
        ("type of activations", with(|g| g.tensors[0].kind = 9), "ElementType {"),
        (
            "offset out of the file",
            with(|g| g.tensors[0].wrong_offset = Some(1 << 40)),
            "OutOfFile(",
        ),
        (
            "offset that overflows",
            with(|g| g.tensors[0].wrong_offset = Some(u64::MAX - 31)),
            "OutOfFile(",
        ),
        ("offset not aligned", with(|g| g.tensors[1].wrong_offset = Some(8)), "Unaligned("),
        ("tensors that overlap", with(|g| g.tensors[1].wrong_offset = Some(0)), "OutOfFile("),
        ("larger than the file", with(|g| g.tensors[0].dims[1] = 1 << 30), "OutOfFile("),
        (
            "architecture",
            with_meta("general.architecture", Meta::Text("mamba".into())),
            "Architecture(\"mamba\")",
        ),
        (
            "no architecture",
            with(|g| {
                g.unset("general.architecture");
            }),
            "Missing(\"general.arch",
        ),
        ("no blocks", with_meta("qwen2.block_count", Meta::U32(0)), "Impossible {"),
        ("a thousand blocks", with_meta("qwen2.block_count", Meta::U32(1000)), "Impossible {"),
        ("one block too many", with_meta("qwen2.block_count", Meta::U32(3)), "NoTensor("),
        ("no width", with_meta("qwen2.embedding_length", Meta::U32(0)), "Impossible {"),
        ("another width", with_meta("qwen2.embedding_length", Meta::U32(128)), "WrongShape {"),
        ("too wide", with_meta("qwen2.embedding_length", Meta::U32(1 << 20)), "Impossible {"),
        (
            "heads that do not divide",
            with_meta("qwen2.attention.head_count", Meta::U32(5)),
            "Impossible {",
        ),
        (
            "heads of odd width",
            with_meta("qwen2.attention.head_count", Meta::U32(64)),
            "Impossible {",
        ),
        (
            "kv heads that do not divide",
            with_meta("qwen2.attention.head_count_kv", Meta::U32(3)),
            "Impossible {",
        ),
        ("no kv heads", with_meta("qwen2.attention.head_count_kv", Meta::U32(0)), "Impossible {"),
        (
            "context of 2^32 - 1",
            with_meta("qwen2.context_length", Meta::U32(u32::MAX)),
            "Impossible {",
        ),
        (
            "context shorter than configured",
            with_meta("qwen2.context_length", Meta::U32(100)),
            "TooMany { what: \"configured",
        ),
        (
            "epsilon is not a number",
            with_meta("qwen2.attention.layer_norm_rms_epsilon", Meta::F32(f32::NAN)),
            "Missing(",
        ),
        (
            "epsilon is missing",
            with(|g| {
                g.unset("qwen2.attention.layer_norm_rms_epsilon");
            }),
            "Missing(",
        ),
        ("number is text", with_meta("qwen2.block_count", Meta::Text("2".into())), "Missing("),
        (
            "no vocabulary",
            with(|g| {
                g.unset("tokenizer.ggml.tokens");
            }),
            "Missing(\"tokenizer",
        ),
        (
            "tensor is missing",
            with(|g| {
                g.tensors.pop();
            }),
            "NoTensor(\"output_norm.weight\")",
        ),
    ]
}

#[test]
fn every_limit_is_enforced_and_named() {
    for (what, bytes, expected) in cases() {
        let found = refusal(&bytes);
        let text = format!("{found:?}");
        assert!(text.starts_with(expected), "{what}: {text}");
        assert_eq!(EngineError::from(found).code(), FailureCode::BadModel, "{what}");
    }
}

#[test]
fn the_undamaged_file_and_harmless_additions_are_accepted() {
    let additions: [fn(&mut TinyGguf); 6] = [
        |_| {},
        |g| g.version = 2,
        |g| _ = g.set("general.name", Meta::Text("x".repeat(1 << 20))),
        |g| _ = g.set("extra", raw(7, &[&[1]])),
        |g| _ = g.set("extra", raw(9, &[&4u32.to_le_bytes(), &0u64.to_le_bytes()])),
        |g| _ = g.set("extra", raw(10, &[&u64::MAX.to_le_bytes()])),
    ];
    for (number, add) in additions.into_iter().enumerate() {
        let outcome = load_bytes(&with(add)).err();
        assert!(outcome.is_none(), "{number}: {outcome:?}");
    }
}

/// A header that goes on for ever is given up, however large the file says it is.
#[test]
fn a_header_has_a_limit_as_a_whole() {
    use std::io::Read;
    let begin =
        [&b"GGUF"[..], &3u32.to_le_bytes(), &0u64.to_le_bytes(), &10_000u64.to_le_bytes()].concat();
    // Keys "0000" to "9999", each a text of 64 KiB.
    let entries = (0..10_000u32).map(|n| {
        let key = format!("{n:04}");
        let text = vec![b'x'; 1 << 16];
        [
            &4u64.to_le_bytes()[..],
            key.as_bytes(),
            &8u32.to_le_bytes(),
            &(text.len() as u64).to_le_bytes(),
            &text,
        ]
        .concat()
    });
    struct Stream<I>(I, std::io::Cursor<Vec<u8>>, u64);
    impl<I: Iterator<Item = Vec<u8>>> Read for Stream<I> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.read(out)?;
            self.2 += count as u64;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            let Some(next) = self.0.next() else { return Ok(0) };
            self.1 = std::io::Cursor::new(next);
            self.read(out)
        }
    }
    let mut stream = Stream(entries, std::io::Cursor::new(begin), 0);
    let error = parse_header(&mut stream, 1 << 40).unwrap_err();
    assert!(
        matches!(
            error,
            GgufError::TooMany { what: "length of the header" | "length of a text", .. }
                | GgufError::Truncated { .. }
        ),
        "{error:?}"
    );
    assert!(stream.2 <= 64 << 20, "{} bytes were read", stream.2);

    // One array that is inside the file and over the limit is refused before it is read.
    let array = [
        &b"GGUF"[..],
        &3u32.to_le_bytes(),
        &0u64.to_le_bytes(),
        &1u64.to_le_bytes(),
        &1u64.to_le_bytes(),
        b"a",
        &9u32.to_le_bytes(),
        &0u32.to_le_bytes(),
        &(1u64 << 32).to_le_bytes(),
    ]
    .concat();
    let error = parse_header(&mut array.chain(std::io::repeat(0)), 1 << 40).unwrap_err();
    assert!(matches!(error, GgufError::TooMany { what: "length of an array", .. }), "{error:?}");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = tiny().bytes();
    let header = parse_header(&mut bytes.as_slice(), bytes.len() as u64).unwrap();
    let start = header.data_start as usize;
    // Every byte of the beginning, then every hundredth of the header, then every tensor's edge.
    let mut cuts: Vec<usize> = (0..64).chain((64..start).step_by(97)).collect();
    for tensor in header.tensors.values() {
        let (from, to) = (tensor.offset as usize, (tensor.offset + tensor.size) as usize);
        cuts.extend([from - 1, from, from + 1, to - 1]);
    }
    for cut in cuts {
        let error = load_bytes(&bytes[..cut]).err().unwrap_or_else(|| panic!("cut at {cut}"));
        assert_eq!(error.code(), FailureCode::BadModel, "cut at {cut}: {error:?}");
    }
}

#[test]
fn what_a_message_shows_of_a_file_is_short_and_escaped() {
    let name = format!("\u{1b}[31m\n{}", "a".repeat(500));
    let error = refusal(&with_meta("general.architecture", Meta::Text(name)));
    let text = error.to_string();
    assert!(text.len() < 200, "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\n'), "{text:?}");
}
