//! Texts to the tokens of a BERT vocabulary.
//!
//! Takes the vocabulary and the handling of case from `tokenizer.json` and nothing else of it: what
//! else such a file can ask for (patterns, replacements, templates) is not run. Called by [`super`].

use std::collections::HashMap;

use serde::Deserialize;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{Model, NormalizedString, Normalizer, PreTokenizedString, PreTokenizer};

use super::config::{Config, EncoderError};
use crate::error::EngineError;

/// Most tokens of a text: names and questions have fewer, and time grows with them.
const MOST_TOKENS: usize = 128;
/// Most bytes of a text that are looked at; a token is seldom longer than eight.
const MOST_BYTES: usize = 16 * MOST_TOKENS;
/// Longer words are unknown; finding the pieces of one takes the square of its length.
const MOST_OF_A_WORD: usize = 100;

/// The tokenizer.
pub(super) struct WordPieces {
    normalizer: BertNormalizer,
    model: WordPiece,
    first: u32,
    last: u32,
    most: usize,
}

#[derive(Deserialize)]
struct File {
    normalizer: Option<FileNormalizer>,
    model: FileModel,
}

#[derive(Deserialize)]
struct FileNormalizer {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default = "yes")]
    clean_text: bool,
    #[serde(default = "yes")]
    handle_chinese_chars: bool,
    #[serde(default)]
    strip_accents: Option<bool>,
    #[serde(default = "yes")]
    lowercase: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct FileModel {
    #[serde(rename = "type")]
    kind: String,
    vocab: HashMap<String, u32>,
}

const UNKNOWN: &str = "[UNK]";

impl WordPieces {
    pub fn parse(text: &[u8], config: &Config) -> Result<Self, EncoderError> {
        let file: File =
            serde_json::from_slice(text).map_err(|e| EncoderError::json("tokenizer.json", &e))?;
        if file.model.kind != "WordPiece" {
            return Err(EncoderError::unsupported("model.type", &file.model.kind));
        }
        let normalizer = match file.normalizer {
            None => BertNormalizer::default(),
            Some(n) if n.kind == "BertNormalizer" => BertNormalizer::new(
                n.clean_text,
                n.handle_chinese_chars,
                n.strip_accents,
                n.lowercase,
            ),
            Some(other) => return Err(EncoderError::unsupported("normalizer.type", &other.kind)),
        };
        let vocabulary = file.model.vocab;
        if let Some(id) = vocabulary.values().find(|id| **id as usize >= config.vocabulary) {
            return Err(EncoderError::Impossible { key: "a token's number", value: (*id).into() });
        }
        let special = |token| vocabulary.get(token).copied().ok_or(EncoderError::NoToken(token));
        let (first, last) = (special("[CLS]")?, special("[SEP]")?);
        special(UNKNOWN)?;
        let model = WordPiece::builder()
            .vocab(vocabulary.into_iter().collect::<Vocab>())
            .unk_token(UNKNOWN.to_owned())
            .continuing_subword_prefix("##".to_owned())
            .max_input_chars_per_word(MOST_OF_A_WORD)
            .build()
            .map_err(|_| EncoderError::NoToken(UNKNOWN))?;
        Ok(Self { normalizer, model, first, last, most: config.positions.min(MOST_TOKENS) })
    }

    /// The text's tokens, between the one that begins and the one that ends every text.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let text = text.get(..text.floor_char_boundary(MOST_BYTES)).unwrap_or(text);
        let pieces = self
            .pieces(text)
            .map_err(|_| EngineError::Internal("a text could not be split into tokens"))?;
        let room = self.most - 2;
        let pieces = pieces.into_iter().take(room);
        Ok([self.first].into_iter().chain(pieces).chain([self.last]).collect())
    }

    fn pieces(&self, text: &str) -> tokenizers::Result<Vec<u32>> {
        let mut normalized = NormalizedString::from(text);
        self.normalizer.normalize(&mut normalized)?;
        let mut words = PreTokenizedString::from(normalized);
        BertPreTokenizer.pre_tokenize(&mut words)?;
        words.tokenize(|word| self.model.tokenize(word.get()))?;
        Ok(words.into_encoding(None, 0, tokenizers::OffsetType::Byte)?.get_ids().to_vec())
    }
}
