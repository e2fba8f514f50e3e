//! Sentence encoders: loading, hostile folders, and the forward pass against candle's own.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use text2sql_core::protocol::FailureCode;
use text2sql_engine::control::Control;
use text2sql_engine::encoder::{Encoder, EncoderError};
use text2sql_engine::error::EngineError;
use text2sql_engine::model::Pin;
use text2sql_testkit::tiny_bert::TinyBert;

const WORDS: &[&str] = &["country", "nation", "##s", "name", "of", "each"];

fn tiny() -> TinyBert {
    TinyBert::new(7, WORDS).unwrap()
}

fn written(bert: &TinyBert) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    bert.write(folder.path()).unwrap();
    folder
}

fn load(folder: &Path) -> Result<Encoder, EngineError> {
    Encoder::load(folder, Pin::Any)
}

fn refusal(bert: &TinyBert) -> EngineError {
    load(written(bert).path()).err().expect("it was loaded")
}

fn encoder_refusal(bert: &TinyBert) -> EncoderError {
    let error = refusal(bert);
    assert_eq!(error.code(), FailureCode::BadModel, "{error:?}");
    match error {
        EngineError::Encoder(why) => why,
        other => panic!("{other:?}"),
    }
}

fn unhurried() -> Control {
    Control::new(Duration::from_secs(60))
}

fn encode(bert: &TinyBert, texts: &[&str]) -> Vec<Vec<f32>> {
    load(written(bert).path()).unwrap().encode(texts, &unhurried()).unwrap()
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// What candle's own model makes of tokens, pooled by hand and of length 1.
fn reference(bert: &TinyBert, tokens: &[u32], mean: bool) -> Vec<f32> {
    let config = Config {
        vocab_size: bert.config["vocab_size"].as_u64().unwrap() as usize,
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 64,
        max_position_embeddings: 64,
        ..Config::default()
    };
    let weights = VarBuilder::from_tensors(bert.weights.clone(), DType::F32, &Device::Cpu);
    let model = BertModel::load(weights, &config).unwrap();
    let tokens = Tensor::new(tokens, &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let hidden = model.forward(&tokens, &tokens.zeros_like().unwrap(), None).unwrap();
    let rows = hidden.squeeze(0).unwrap().to_vec2::<f32>().unwrap();
    let pooled: Vec<f32> = if mean {
        (0..32).map(|at| rows.iter().map(|row| row[at]).sum::<f32>() / rows.len() as f32).collect()
    } else {
        rows[0].clone()
    };
    let length = dot(&pooled, &pooled).sqrt();
    pooled.iter().map(|x| x / length).collect()
}

/// The tokens of a text whose words are all in the vocabulary.
fn tokens(bert: &TinyBert, words: &[&str]) -> Vec<u32> {
    let id = |word: &&str| bert.tokenizer["model"]["vocab"][*word].as_u64().unwrap() as u32;
    ["[CLS]"].iter().chain(words).chain(&["[SEP]"]).map(id).collect()
}

#[test]
fn vectors_are_those_of_another_implementation() {
    let mut bert = tiny();
    for (pooling, mean) in [
        (Some(json!({"pooling_mode_mean_tokens": true})), true),
        (Some(json!({"pooling_mode_cls_token": true})), false),
        (None, false),
    ] {
        bert.pooling = pooling;
        let found = encode(&bert, &["Name of each NATIONS", "xy", ""]);
        for (vector, words) in
            found.iter().zip([&["name", "of", "each", "nation", "##s"][..], &["x", "##y"], &[]])
        {
            let expected = reference(&bert, &tokens(&bert, words), mean);
            let worst = vector.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(worst.fold(0.0, f32::max) < 1e-5, "{words:?}\n{vector:?}\n{expected:?}");
        }
    }
}

#[test]
fn names_with_the_prefix_of_a_larger_model_are_found() {
    let plain = tiny();
    let mut prefixed = plain.clone();
    prefixed.weights =
        plain.weights.iter().map(|(name, t)| (format!("bert.{name}"), t.clone())).collect();
    prefixed.weights.insert("cls.bias".into(), Tensor::new(&[1f32], &Device::Cpu).unwrap());
    assert_eq!(encode(&plain, &["name"]), encode(&prefixed, &["name"]));
}

#[test]
fn half_precision_weights_are_read() {
    let mut half = tiny();
    for tensor in half.weights.values_mut() {
        *tensor = tensor.to_dtype(DType::F16).unwrap();
    }
    let near = dot(&encode(&half, &["name of"])[0], &encode(&tiny(), &["name of"])[0]);
    assert!(near > 0.999, "{near}");
}

#[test]
fn a_vector_does_not_depend_on_what_is_beside_it() {
    let encoder = load(written(&tiny()).path()).unwrap();
    let texts: Vec<String> = (0..100).map(|n| format!("name {}", "x".repeat(n % 7))).collect();
    let together = encoder.encode(&texts, &unhurried()).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        let alone = &encoder.encode(&[text], &unhurried()).unwrap()[0];
        assert!(dot(alone, vector) > 0.99999, "{text}");
        assert!((dot(vector, vector) - 1.0).abs() < 1e-4);
    }
}

#[test]
fn words_that_are_alike_are_near() {
    let bert = tiny().alike("country", "nation").unwrap();
    let found = encode(&bert, &["country", "nations", "zzz"]);
    assert!(dot(&found[0], &found[1]) > dot(&found[0], &found[2]) + 0.2, "{found:?}");
}

#[test]
fn any_text_has_a_vector() {
    let long = "nation ".repeat(5_000);
    let word = "x".repeat(5_000);
    let odd = ["\0\u{200b}", "日本語 テーブル", "é́ñ", "🦀", &long, &word];
    let found = encode(&tiny(), &odd);
    assert!(found.iter().all(|vector| vector.len() == 32 && vector.iter().all(|x| x.is_finite())));
    assert!(
        load(written(&tiny()).path())
            .unwrap()
            .encode::<&str>(&[], &unhurried())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_cancelled_or_late_request_ends() {
    let encoder = load(written(&tiny()).path()).unwrap();
    let cancelled = unhurried();
    cancelled.cancel();
    assert!(matches!(encoder.encode(&["a"], &cancelled), Err(EngineError::Cancelled)));
    let late = Control::new(Duration::ZERO);
    assert!(matches!(encoder.encode(&["a"], &late), Err(EngineError::Deadline)));
}

#[test]
fn the_identity_is_that_of_everything_a_vector_depends_on() {
    let identity = |bert: &TinyBert| load(written(bert).path()).unwrap().identity().to_owned();
    let bert = tiny();
    let mut pooled = bert.clone();
    pooled.pooling = None;
    let mut cased = bert.clone();
    cased.tokenizer["normalizer"]["lowercase"] = false.into();
    let other = TinyBert::new(8, WORDS).unwrap();
    // Maps of the tokenizer are written in any order, so one copy is compared with itself.
    let folder = written(&bert);
    let again = || load(folder.path()).unwrap().identity().to_owned();
    assert_eq!(again(), again());
    let all = [again(), identity(&pooled), identity(&cased), identity(&other)];
    assert!(all.iter().enumerate().all(|(at, one)| !all[..at].contains(one)), "{all:?}");
}

#[test]
fn only_the_pinned_weights_are_loaded() {
    let folder = written(&tiny());
    let sum = Sha256::digest(std::fs::read(folder.path().join("model.safetensors")).unwrap());
    let sum = text2sql_core::hex::encode(sum);
    assert!(Encoder::load(folder.path(), Pin::Sha256(&sum)).is_ok());
    let other = "0".repeat(64);
    let refused = Encoder::load(folder.path(), Pin::Sha256(&other));
    assert!(matches!(refused, Err(EngineError::Checksum { .. })));
}

#[test]
fn files_that_others_could_have_written_are_not_opened() {
    for name in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let folder = written(&tiny());
        let path = folder.path().join(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        assert!(matches!(load(folder.path()), Err(EngineError::File(_))), "{name}");
        std::fs::remove_file(&path).unwrap();
        symlink("/etc/hostname", &path).unwrap();
        assert!(matches!(load(folder.path()), Err(EngineError::File(_))), "{name}");
        std::fs::remove_file(&path).unwrap();
        let optional = name.starts_with("1_");
        assert_eq!(load(folder.path()).is_ok(), optional, "{name}");
    }
}

#[test]
fn numbers_that_cannot_be_are_refused_before_they_are_used() {
    for (key, bad) in [
        ("vocab_size", json!(0)),
        ("vocab_size", json!(u32::MAX)),
        ("hidden_size", json!(0)),
        ("hidden_size", json!(1u64 << 40)),
        ("num_hidden_layers", json!(0)),
        ("num_hidden_layers", json!(1_000_000)),
        ("num_attention_heads", json!(0)),
        ("num_attention_heads", json!(5)),
        ("intermediate_size", json!(0)),
        ("max_position_embeddings", json!(2)),
        ("type_vocab_size", json!(0)),
    ] {
        let mut bert = tiny();
        bert.config[key] = bad.clone();
        let why = encoder_refusal(&bert);
        assert!(matches!(why, EncoderError::Impossible { .. }), "{key} {bad}: {why:?}");
    }
    for (key, bad) in [
        ("model_type", json!("roberta")),
        ("position_embedding_type", json!("relative_key")),
        ("layer_norm_eps", json!(0.0)),
        ("layer_norm_eps", json!(-1.0)),
    ] {
        let mut bert = tiny();
        bert.config[key] = bad;
        let why = encoder_refusal(&bert);
        assert!(matches!(why, EncoderError::Unsupported { .. }), "{key}: {why:?}");
    }
    for (key, bad) in [("hidden_act", json!("swish")), ("hidden_size", json!(-1))] {
        let mut bert = tiny();
        bert.config[key] = bad;
        assert!(matches!(encoder_refusal(&bert), EncoderError::Json { .. }), "{key}");
    }
}

#[test]
fn other_tokenizers_and_vocabularies_are_refused() {
    let with = |pointer: &str, value: Value| {
        let mut bert = tiny();
        *bert.tokenizer.pointer_mut(pointer).unwrap() = value;
        encoder_refusal(&bert)
    };
    assert!(matches!(with("/model/type", json!("BPE")), EncoderError::Unsupported { .. }));
    assert!(matches!(with("/normalizer/type", json!("Replace")), EncoderError::Unsupported { .. }));
    assert!(matches!(with("/model/vocab/name", json!(5000)), EncoderError::Impossible { .. }));
    assert!(matches!(with("/model/vocab/name", json!(-1)), EncoderError::Json { .. }));
    assert!(matches!(with("/model/vocab", json!({"a": 1})), EncoderError::NoToken("[CLS]")));
}

#[test]
fn weights_that_are_missing_or_of_another_shape_are_refused() {
    let names: Vec<String> = tiny().weights.into_keys().collect();
    for name in names {
        let mut bert = tiny();
        let tensor = bert.weights.remove(&name).unwrap();
        assert!(matches!(encoder_refusal(&bert), EncoderError::Weights(_)), "{name}");
        let wider = Tensor::cat(&[&tensor, &tensor], 0).unwrap();
        bert.weights.insert(name.clone(), wider);
        assert!(matches!(encoder_refusal(&bert), EncoderError::Weights(_)), "{name}");
    }
}

#[test]
fn damaged_weights_are_refused() {
    let folder = written(&tiny());
    let path = folder.path().join("model.safetensors");
    let whole = std::fs::read(&path).unwrap();
    let announcing = |length: u64| {
        let mut bytes = whole.clone();
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        bytes
    };
    for bytes in [
        Vec::new(),
        whole[..4].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], b"more"].concat(),
        announcing(u64::MAX),
        announcing(1 << 40),
        announcing(3),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        let refused = load(folder.path());
        assert!(matches!(refused, Err(EngineError::Encoder(EncoderError::Weights(_)))));
    }
}

#[test]
fn files_without_bounds_are_refused_by_their_size() {
    for (name, bytes) in
        [("config.json", 2 << 20), ("tokenizer.json", 65 << 20), ("model.safetensors", 5u64 << 30)]
    {
        let folder = written(&tiny());
        let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(name)).unwrap();
        file.set_len(bytes).unwrap();
        match load(folder.path()) {
            Err(EngineError::Encoder(EncoderError::TooLarge { file, .. })) => {
                assert_eq!(file, name);
            }
            other => panic!("{name}: {:?}", other.err()),
        }
    }
}

#[test]
fn weights_that_are_no_numbers_give_no_vector() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut bert = tiny();
        let name = "encoder.layer.1.output.LayerNorm.bias";
        bert.weights.insert(name.into(), Tensor::full(bad, 32, &Device::Cpu).unwrap());
        let encoder = load(written(&bert).path()).unwrap();
        let refused = encoder.encode(&["name"], &unhurried());
        assert!(matches!(refused, Err(EngineError::NotFinite)), "{bad}");
    }
}
