//! The tokenizer of pieces with scores, against tokens derived by hand from the algorithm.
//!
//! The tiny vocabulary's pieces are in `tiny_family::PIECES`, the likeliest first: "▁S" scores 0, "EL"
//! -1, and so on; single letters come last.

use std::borrow::Cow;

use proptest::prelude::*;
use text2sql_core::chat::Segment;
use text2sql_engine::error::EngineError;
use text2sql_engine::gguf::{GgufError, parse_header};
use text2sql_engine::tokenizer::TextTokenizer;
use text2sql_testkit::tiny_family::Family;
use text2sql_testkit::tiny_gguf::{Meta, TinyGguf};

const WITH_PIECES: [Family; 3] = [Family::TinyLlama, Family::Phi3, Family::Gemma3];

fn tokenizer_of(gguf: &TinyGguf) -> Result<TextTokenizer, EngineError> {
    let bytes = gguf.bytes();
    TextTokenizer::from_header(&parse_header(&mut bytes.as_slice(), bytes.len() as u64)?)
}

fn tokenizer(family: Family) -> TextTokenizer {
    tokenizer_of(&TinyGguf::of_family(family, 1)).unwrap()
}

/// The vocabulary of a file.
fn vocabulary(gguf: &TinyGguf) -> Vec<String> {
    let entry = gguf.metadata.iter().find(|(key, _)| key == "tokenizer.ggml.tokens").unwrap();
    let Meta::Texts(tokens) = &entry.1 else { panic!("{entry:?}") };
    tokens.clone()
}

/// Tokens of a text, by their texts in the vocabulary.
fn tokens_of(gguf: &TinyGguf, text: &str) -> Vec<String> {
    let vocabulary = vocabulary(gguf);
    let tokens = encode(&tokenizer_of(gguf).unwrap(), text);
    tokens.into_iter().map(|token| vocabulary[token as usize].clone()).collect()
}

fn encode(tokenizer: &TextTokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(&[Segment::Text(Cow::Borrowed(text))]).unwrap()
}

fn decode(tokenizer: &TextTokenizer, tokens: &[u32]) -> String {
    let bytes = tokens.iter().flat_map(|token| tokenizer.bytes(*token).to_vec()).collect();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn neighbours_are_merged_by_score_and_the_leftmost_first() {
    // Gemma puts no space in front.
    let gguf = TinyGguf::of_family(Family::Gemma3, 1);
    for (text, expected) in [
        // ▁S, EL, then CT, E+CT, EL+ECT, ▁S+ELECT; "SE" and "LE" score less than what takes their
        // letters.
        (" SELECT", &["▁SELECT"][..]),
        // Without the space "EL" is first, and "S" has no neighbour left that makes a piece.
        ("SELECT", &["S", "ELECT"]),
        // ab before bc, then ab+c.
        ("abc", &["abc"]),
        // ▁a before ab, then ▁a+b; ▁ab+c is no piece.
        (" abc", &["▁ab", "c"]),
        // he before ▁t, which has no "th" to lose to.
        (" the", &["▁the"]),
        // er and he overlap, and er scores more: then nothing leads to "▁the".
        ("her", &["h", "er"]),
        (" ther", &["▁t", "h", "er"]),
        // Equal pairs: the left one.
        ("   x", &["▁▁", "▁", "x"]),
        ("    x", &["▁▁", "▁▁", "x"]),
        ("é", &["é"]),
        ("ß", &["<0xC3>", "<0x9F>"]),
        ("a\tb", &["a", "<0x09>", "b"]),
        ("", &[]),
    ] {
        assert_eq!(tokens_of(&gguf, text), expected, "{text:?}");
    }
}

#[test]
fn a_space_stands_in_front_of_a_text_where_the_file_says_so_or_nothing() {
    let mut gguf = TinyGguf::of_family(Family::TinyLlama, 1);
    for _ in 0..2 {
        assert_eq!(tokens_of(&gguf, "SELECT"), ["▁SELECT"]);
        assert_eq!(tokens_of(&gguf, " a"), ["▁▁", "a"]);
        assert!(tokens_of(&gguf, "").is_empty());
        // Each text of a conversation has its own.
        let tokenizer = tokenizer_of(&gguf).unwrap();
        let twice =
            [Segment::Text("a".into()), Segment::Special("</s>"), Segment::Text("a".into())];
        assert_eq!(decode(&tokenizer, &tokenizer.encode(&twice).unwrap()), " a a");
        // The middle of a text has none.
        assert_eq!(decode(&tokenizer, &tokenizer.encode_rest("SELECT").unwrap()), "SELECT");
        gguf.unset("tokenizer.ggml.add_space_prefix");
    }
    gguf.set("tokenizer.ggml.add_space_prefix", Meta::Bool(false));
    assert_eq!(tokens_of(&gguf, "SELECT"), ["S", "ELECT"]);
}

#[test]
fn texts_of_the_vendors_own_are_one_token_wherever_they_stand() {
    let gguf = TinyGguf::of_family(Family::Gemma3, 1);
    for (text, expected) in [
        ("a\n\nb", &["a", "\n\n", "b"][..]),
        ("\n", &["<0x0A>"]),
        ("\n\n\n", &["\n\n\n"]),
        // The longest first, then what is left.
        ("\n\n\n\n\n", &["\n\n\n", "\n\n"]),
        ("\n\n\n\n", &["\n\n\n", "<0x0A>"]),
        ("x<table>\n\nx", &["x", "<table>", "\n\n", "x"]),
        ("<tablex", &["<", "t", "ab", "l", "e", "x"]),
    ] {
        assert_eq!(tokens_of(&gguf, text), expected, "{text:?}");
    }
}

#[test]
fn special_tokens_in_text_stay_text_whatever_type_their_vendor_gave_them() {
    for family in WITH_PIECES {
        let tokenizer = tokenizer(family);
        let specials: &[&'static str] = match family {
            Family::Phi3 => &["<|end|>", "<|user|>", "<|endoftext|>", "</s>", "<s>", "<unk>"],
            Family::Gemma3 => &["<start_of_turn>", "<end_of_turn>", "</s>", "<s>"],
            _ => &["<s>", "</s>", "<unk>"],
        };
        for special in specials {
            let own = tokenizer.encode(&[Segment::Special(special)]).unwrap();
            assert!(own.len() == 1 && tokenizer.ends_turn(own[0]), "{family:?} {special}");
            assert!(tokenizer.bytes(own[0]).is_empty(), "it is never shown");
            for text in [(*special).to_owned(), format!("a {special}{special} b")] {
                let tokens = encode(&tokenizer, &text);
                assert!(tokens.iter().all(|token| !tokenizer.ends_turn(*token)), "{text}");
                assert_eq!(decode(&tokenizer, &tokens).trim_start(), text.trim_start());
            }
        }
    }
}

#[test]
fn bytes_of_tokens_are_what_they_stand_for() {
    let gguf = TinyGguf::of_family(Family::Gemma3, 1);
    let (tokenizer, vocabulary) = (tokenizer_of(&gguf).unwrap(), vocabulary(&gguf));
    let bytes = |name: &str| {
        let id = vocabulary.iter().position(|token| token == name).unwrap();
        tokenizer.bytes(id as u32).to_vec()
    };
    assert_eq!(bytes("▁SELECT"), b" SELECT");
    assert_eq!(bytes("▁▁"), b"  ");
    assert_eq!(bytes("é"), "é".as_bytes());
    assert_eq!(bytes("\n\n"), b"\n\n");
    for byte in 0..=255u8 {
        assert_eq!(bytes(&format!("<0x{byte:02X}>")), [byte]);
    }
}

#[test]
fn inconsistent_tables_are_refused() {
    let change = |key: &str, value: Option<Meta>| {
        let mut gguf = TinyGguf::of_family(Family::TinyLlama, 1);
        match value {
            Some(value) => gguf.set(key, value),
            None => gguf.unset(key),
        };
        tokenizer_of(&gguf).err()
    };
    let vocab = vocabulary(&TinyGguf::of_family(Family::TinyLlama, 1)).len();
    for (key, value) in [
        ("tokenizer.ggml.scores", Meta::Floats(vec![0.0; vocab - 1])),
        ("tokenizer.ggml.scores", Meta::Floats(vec![f32::NAN; vocab])),
        ("tokenizer.ggml.scores", Meta::Floats(vec![f32::NEG_INFINITY; vocab])),
        ("tokenizer.ggml.token_type", Meta::Integers(vec![1; vocab])),
        ("tokenizer.ggml.token_type", Meta::Integers(vec![6; vocab])),
        ("tokenizer.ggml.bos_token_id", Meta::U32(vocab as u32)),
        ("tokenizer.ggml.eos_token_id", Meta::U32(u32::MAX)),
    ] {
        let found = change(key, Some(value));
        assert!(matches!(found, Some(EngineError::Tokenizer(_))), "{key}: {found:?}");
    }
    for (key, value) in [
        ("tokenizer.ggml.scores", None),
        ("tokenizer.ggml.scores", Some(Meta::Integers(vec![0; vocab]))),
        ("tokenizer.ggml.bos_token_id", None),
        ("tokenizer.ggml.add_bos_token", Some(Meta::U32(1))),
        ("tokenizer.ggml.add_space_prefix", Some(Meta::Text("true".into()))),
    ] {
        let found = change(key, value);
        let missing = Some(key.to_owned());
        let named = match found {
            Some(EngineError::Gguf(GgufError::Missing(named))) => Some(named),
            other => panic!("{key}: {other:?}"),
        };
        assert_eq!(named, missing);
    }
}

#[test]
fn a_vocabulary_of_nothing_but_whole_texts_is_refused() {
    let mut gguf = TinyGguf::of_family(Family::TinyLlama, 1);
    let mut tokens = vocabulary(&gguf);
    let more = 5000;
    let mut types = vec![2, 3, 3];
    types.resize(259, 6);
    types.resize(tokens.len(), 1);
    types.resize(tokens.len() + more, 4);
    tokens.extend((0..more).map(|number| format!("a{number}")));
    gguf.set("tokenizer.ggml.scores", Meta::Floats(vec![0.0; tokens.len()]));
    gguf.set("tokenizer.ggml.token_type", Meta::Integers(types));
    gguf.set("tokenizer.ggml.tokens", Meta::Texts(tokens));
    assert!(matches!(tokenizer_of(&gguf).err(), Some(EngineError::Tokenizer(_))));
}

/// The merges of a text of `length` bytes are few: a prompt has tens of thousands.
#[test]
fn a_long_text_of_one_letter_is_encoded_at_once() {
    let gguf = TinyGguf::of_family(Family::Gemma3, 1);
    let tokens = encode(&tokenizer_of(&gguf).unwrap(), &" ".repeat(300_001));
    assert_eq!(tokens.len(), 150_001);
}

proptest! {
    #[test]
    fn any_text_comes_back(text in "[ -~àéîõü€漢字😀Ωя\\n\\t'\u{2581}]{0,80}") {
        for family in WITH_PIECES {
            let tokenizer = tokenizer(family);
            let found = decode(&tokenizer, &encode(&tokenizer, &text));
            // What stands for a space is one; the vocabulary has no other way to write it.
            let expected = text.replace('\u{2581}', " ");
            let space = if family == Family::Gemma3 || text.is_empty() { "" } else { " " };
            prop_assert_eq!(found, format!("{space}{expected}"));
            let rest = tokenizer.encode_rest(&text).unwrap();
            prop_assert_eq!(decode(&tokenizer, &rest), expected);
        }
    }

    #[test]
    fn no_text_becomes_a_special_token(text in any::<String>(), at in 0..40usize) {
        for family in WITH_PIECES {
            let tokenizer = tokenizer(family);
            let at = text.char_indices().map(|(i, _)| i).nth(at).unwrap_or(text.len());
            let text = format!("{}<|end|></s><end_of_turn>{}", &text[..at], &text[at..]);
            let tokens = encode(&tokenizer, &text);
            prop_assert!(tokens.iter().all(|token| !tokenizer.ends_turn(*token)));
        }
    }
}
