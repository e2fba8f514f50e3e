//! The numbers of an encoder, and why a folder is refused.
//!
//! Every number is checked before anything is computed or reserved with it. Called by [`super`].

use serde::Deserialize;
use text2sql_core::schema::sanitize;

/// Why the files of an encoder are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// A file over its limit.
    #[error("{file} has {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// Which.
        file: &'static str,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A file that is not JSON of the expected shape.
    #[error("{file} cannot be understood: {why}")]
    Json {
        /// Which.
        file: &'static str,
        /// What the reader says.
        why: String,
    },
    /// A number that makes no sense.
    #[error("{key} is {value}, which is not possible")]
    Impossible {
        /// Which.
        key: &'static str,
        /// The number.
        value: u64,
    },
    /// Something an encoder could have that this engine has no code for.
    #[error("{key} is {value:?}, which is not supported")]
    Unsupported {
        /// Which.
        key: &'static str,
        /// What it is, shortened.
        value: String,
    },
    /// A token that must be there is not, or has a number beyond the vocabulary.
    #[error("the vocabulary has no usable token {0}")]
    NoToken(&'static str),
    /// Weights that are damaged, missing or of another shape than the numbers say.
    #[error("the weights are not acceptable: {0}")]
    Weights(String),
}

/// Longest excerpt of a file in an error.
const SHOWN: usize = 60;

impl EncoderError {
    pub(super) fn json(file: &'static str, error: &serde_json::Error) -> Self {
        Self::Json { file, why: sanitize(&error.to_string(), 3 * SHOWN) }
    }

    pub(super) fn unsupported(key: &'static str, value: &str) -> Self {
        Self::Unsupported { key, value: sanitize(value, SHOWN) }
    }
}

/// The parts of `config.json` that matter.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Config {
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default)]
    position_embedding_type: Option<String>,
    pub hidden_act: Activation,
    #[serde(rename = "vocab_size")]
    pub vocabulary: usize,
    #[serde(rename = "hidden_size")]
    pub hidden: usize,
    #[serde(rename = "num_hidden_layers")]
    pub layers: usize,
    #[serde(rename = "num_attention_heads")]
    pub heads: usize,
    #[serde(rename = "intermediate_size")]
    pub intermediate: usize,
    #[serde(rename = "max_position_embeddings")]
    pub positions: usize,
    #[serde(rename = "type_vocab_size")]
    pub types: usize,
    pub layer_norm_eps: f64,
}

/// What stands between the two products of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Activation {
    Gelu,
    GeluNew,
    Relu,
}

impl Config {
    pub fn parse(text: &[u8]) -> Result<Self, EncoderError> {
        let config: Self =
            serde_json::from_slice(text).map_err(|e| EncoderError::json("config.json", &e))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), EncoderError> {
        for (key, value, only) in [
            ("model_type", &self.model_type, "bert"),
            ("position_embedding_type", &self.position_embedding_type, "absolute"),
        ] {
            if let Some(value) = value
                && value != only
            {
                return Err(EncoderError::unsupported(key, value));
            }
        }
        // Twice what the largest of the family have, or more.
        for (key, value, least, most) in [
            ("vocab_size", self.vocabulary, 4, 1 << 20),
            ("hidden_size", self.hidden, 1, 4096),
            ("num_hidden_layers", self.layers, 1, 64),
            ("num_attention_heads", self.heads, 1, 128),
            ("intermediate_size", self.intermediate, 1, 16_384),
            ("max_position_embeddings", self.positions, 4, 65_536),
            ("type_vocab_size", self.types, 1, 1024),
        ] {
            if !(least..=most).contains(&value) {
                return Err(EncoderError::Impossible { key, value: value as u64 });
            }
        }
        if !self.hidden.is_multiple_of(self.heads) {
            let (key, value) = ("num_attention_heads", self.heads as u64);
            return Err(EncoderError::Impossible { key, value });
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps < 1.0) {
            let value = self.layer_norm_eps.to_string();
            return Err(EncoderError::unsupported("layer_norm_eps", &value));
        }
        Ok(())
    }
}
