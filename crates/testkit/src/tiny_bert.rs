//! A tiny random sentence encoder, as a folder of files that can be damaged one at a time.
//!
//! Two layers, 32 wide, and a vocabulary of letters, digits and the words a test needs. Weights
//! outside of the embeddings are small, so a text's vector is mostly the mean of its words': texts
//! that share words are near each other, and so are those with words that a test declares alike.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::{Value, json};

use crate::tiny_gguf::Random;

const HIDDEN: usize = 32;
const INTERMEDIATE: usize = 64;
const LAYERS: usize = 2;
const POSITIONS: usize = 64;
/// Of the weights outside of the embeddings.
const SMALL: f32 = 0.05;

/// What to write; change it at will before.
#[derive(Debug, Clone)]
pub struct TinyBert {
    /// `config.json`.
    pub config: Value,
    /// `tokenizer.json`.
    pub tokenizer: Value,
    /// `1_Pooling/config.json`, if there is to be one.
    pub pooling: Option<Value>,
    /// `model.safetensors`.
    pub weights: HashMap<String, Tensor>,
}

impl TinyBert {
    /// Of a seed, with whole words in its vocabulary besides all letters. It takes the mean.
    ///
    /// # Errors
    /// Of candle.
    pub fn new(seed: u64, words: &[&str]) -> candle_core::Result<Self> {
        let letters = ('a'..='z').chain('0'..='9');
        let tokens: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
            .into_iter()
            .map(str::to_owned)
            .chain(letters.flat_map(|letter| [letter.to_string(), format!("##{letter}")]))
            .chain(words.iter().map(|word| (*word).to_owned()))
            .collect();
        let config = json!({
            "model_type": "bert",
            "hidden_act": "gelu",
            "vocab_size": tokens.len(),
            "hidden_size": HIDDEN,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": 4,
            "intermediate_size": INTERMEDIATE,
            "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
        });
        let weights = weights(seed, tokens.len())?;
        let vocabulary: HashMap<String, usize> =
            tokens.into_iter().enumerate().map(|(id, token)| (token, id)).collect();
        let tokenizer = json!({
            "normalizer": {"type": "BertNormalizer", "lowercase": true},
            "model": {"type": "WordPiece", "vocab": vocabulary},
        });
        let pooling = Some(json!({"pooling_mode_mean_tokens": true}));
        Ok(Self { config, tokenizer, pooling, weights })
    }

    /// With the same embedding for two words of the vocabulary.
    ///
    /// # Errors
    /// Where a word is not there, or of candle.
    pub fn alike(mut self, one: &str, other: &str) -> candle_core::Result<Self> {
        const NAME: &str = "embeddings.word_embeddings.weight";
        let id = |word: &str| {
            let id = self.tokenizer.pointer("/model/vocab").and_then(|all| all.get(word)?.as_u64());
            id.map(|id| id as usize).ok_or_else(|| candle_core::Error::Msg(format!("no {word}")))
        };
        let (one, other) = (id(one)?, id(other)?);
        let table = self.weights.get(NAME).ok_or(candle_core::Error::Msg("no table".into()))?;
        let row = table.narrow(0, one, 1)?;
        let before = table.narrow(0, 0, other)?;
        let after = table.narrow(0, other + 1, table.dim(0)? - other - 1)?;
        let table = Tensor::cat(&[before, row, after], 0)?;
        self.weights.insert(NAME.into(), table);
        Ok(self)
    }

    /// Writes all files.
    ///
    /// # Errors
    /// Of the file system or candle.
    pub fn write(&self, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
        fs::write(folder.join("config.json"), self.config.to_string())?;
        fs::write(folder.join("tokenizer.json"), self.tokenizer.to_string())?;
        if let Some(pooling) = &self.pooling {
            fs::create_dir_all(folder.join("1_Pooling"))?;
            fs::write(folder.join("1_Pooling/config.json"), pooling.to_string())?;
        }
        let weights = folder.join("model.safetensors");
        candle_core::safetensors::save(&self.weights, &weights)?;
        // It is written for its owner alone; the server is another user.
        Ok(fs::set_permissions(weights, PermissionsExt::from_mode(0o644))?)
    }
}

fn weights(seed: u64, vocabulary: usize) -> candle_core::Result<HashMap<String, Tensor>> {
    let mut random = Random(seed);
    let mut all = HashMap::new();
    let mut add = |name: &str, shape: &[usize], around: f32, by: f32| {
        let numbers: Vec<f32> =
            (0..shape.iter().product()).map(|_| around + by * random.next()).collect();
        Tensor::from_vec(numbers, shape, &Device::Cpu).map(|t| all.insert(name.to_owned(), t))
    };
    add("embeddings.word_embeddings.weight", &[vocabulary, HIDDEN], 0.0, 1.0)?;
    add("embeddings.position_embeddings.weight", &[POSITIONS, HIDDEN], 0.0, SMALL)?;
    add("embeddings.token_type_embeddings.weight", &[2, HIDDEN], 0.0, SMALL)?;
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..LAYERS {
        let at = format!("encoder.layer.{layer}");
        for (name, to, from) in [
            ("attention.self.query", HIDDEN, HIDDEN),
            ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN),
            ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", INTERMEDIATE, HIDDEN),
            ("output.dense", HIDDEN, INTERMEDIATE),
        ] {
            add(&format!("{at}.{name}.weight"), &[to, from], 0.0, SMALL)?;
            add(&format!("{at}.{name}.bias"), &[to], 0.0, SMALL)?;
        }
        norms.push(format!("{at}.attention.output.LayerNorm"));
        norms.push(format!("{at}.output.LayerNorm"));
    }
    for name in norms {
        add(&format!("{name}.weight"), &[HIDDEN], 1.0, SMALL)?;
        add(&format!("{name}.bias"), &[HIDDEN], 0.0, SMALL)?;
    }
    Ok(all)
}
