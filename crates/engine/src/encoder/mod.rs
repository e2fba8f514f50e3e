//! A sentence encoder of the BERT family: texts to vectors that are near where meanings are.
//!
//! Reads a folder as published for sentence-transformers: `config.json`, `tokenizer.json`,
//! `model.safetensors`, and `1_Pooling/config.json` where there is one. All of it is hostile input.
//! Owns the order of loading, and which texts are computed together; knows nothing of what the
//! texts are about. Called by [`crate::served`] and the tools.
//!
//! | module | owns |
//! |---|---|
//! | [`files`] | reading the folder, with bounds |
//! | [`config`] | the numbers of the model, checked |
//! | [`word_pieces`] | texts to tokens |
//! | [`bert`] | the forward pass |
//! | [`pooling`] | from a vector for each token to one for the text |

mod bert;
mod config;
mod files;
mod pooling;
mod word_pieces;

use std::path::Path;

use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};
use text2sql_core::chat::ChatFormat;
use text2sql_core::protocol::ModelInfo;

pub use config::EncoderError;
pub use files::WEIGHTS;

use crate::control::Control;
use crate::error::EngineError;
use crate::model::Pin;
use bert::Bert;
use config::Config;
use pooling::Pooling;
use word_pieces::WordPieces;

/// Texts computed together: the grain of cancelling.
const TOGETHER: usize = 32;

/// A loaded encoder.
pub struct Encoder {
    bert: Bert,
    words: WordPieces,
    pooling: Pooling,
    identity: String,
    info: ModelInfo,
}

impl Encoder {
    /// Loads the encoder in `folder`, whose weights have the pinned checksum.
    ///
    /// # Errors
    /// [`EngineError`], whose code is `NoModel` where a file cannot be read and `BadModel` where one
    /// is not acceptable.
    pub fn load(folder: &Path, pin: Pin<'_>) -> Result<Self, EngineError> {
        let config_text = files::config(folder)?;
        let config = Config::parse(&config_text)?;
        let vocabulary = files::tokenizer(folder)?;
        let words = WordPieces::parse(&vocabulary, &config)?;
        let pooling_text = files::pooling(folder)?;
        let pooling = Pooling::parse(pooling_text.as_deref())?;
        let weights = files::weights(folder)?;
        let sha256 = text2sql_core::hex::encode(Sha256::digest(&weights));
        if let Pin::Sha256(expected) = pin
            && !expected.eq_ignore_ascii_case(&sha256)
        {
            return Err(EngineError::Checksum {
                found: sha256,
                expected: expected.chars().take(64).collect(),
            });
        }
        let mut identity = Sha256::new();
        identity.update(&sha256);
        for text in [&config_text, &vocabulary, &pooling_text.unwrap_or_default()] {
            identity.update(Sha256::digest(text));
        }
        Ok(Self {
            bert: Bert::load(&weights, &config)?,
            words,
            pooling,
            identity: text2sql_core::hex::encode(identity.finalize()),
            info: info(folder, &config, weights.len() as u64, sha256),
        })
    }

    /// sha256, in hex, of all that decides a vector.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Facts about it.
    pub fn info(&self) -> ModelInfo {
        self.info.clone()
    }

    /// The vectors of texts, in their order, each of length 1. Of a text that is too long the
    /// beginning counts.
    ///
    /// # Errors
    /// [`EngineError`]: cancelled, overdue, or weights that give no finite number.
    pub fn encode<T: AsRef<str>>(
        &self,
        texts: &[T],
        control: &Control,
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut tokens = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            tokens.push((at, self.words.tokens(text.as_ref())?));
        }
        // Texts of one length need no padding, so a vector does not depend on what is beside it.
        tokens.sort_by_key(|(_, tokens)| tokens.len());
        let mut vectors = vec![Vec::new(); texts.len()];
        for equal in tokens.chunk_by(|(_, a), (_, b)| a.len() == b.len()) {
            for some in equal.chunks(TOGETHER) {
                control.check()?;
                let pooled = self.pass(some)?;
                for ((at, _), vector) in some.iter().zip(pooled) {
                    if let Some(place) = vectors.get_mut(*at) {
                        *place = pooling::of_length_one(vector)?;
                    }
                }
            }
        }
        Ok(vectors)
    }

    fn pass(&self, texts: &[(usize, Vec<u32>)]) -> Result<Vec<Vec<f32>>, EngineError> {
        let length = texts.first().map_or(0, |(_, tokens)| tokens.len());
        let tokens: Vec<u32> = texts.iter().flat_map(|(_, tokens)| tokens).copied().collect();
        let tokens = Tensor::from_vec(tokens, (texts.len(), length), &Device::Cpu)?;
        Ok(self.pooling.pool(&self.bert.forward(&tokens)?)?.to_vec2()?)
    }
}

fn info(folder: &Path, config: &Config, bytes: u64, sha256: String) -> ModelInfo {
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    ModelInfo {
        name,
        architecture: "bert".to_owned(),
        // It holds no conversations.
        chat: ChatFormat::default(),
        context: config.positions as u32,
        vocab: config.vocabulary as u32,
        file_bytes: bytes,
        weight_bytes: bytes,
        sha256,
        load_ms: 0,
    }
}
