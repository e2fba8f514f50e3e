//! Text to tokens and back, from the tables in the model file.
//!
//! Owns the pre-tokenizers of the supported families and the rule that special tokens come from
//! [`Segment::Special`] only: the tokenizer is built without them, so text can never become one.
//! Called by the generator.

use std::collections::HashMap;

use text2sql_core::chat::Segment;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use crate::error::EngineError;
use crate::gguf::Header;

/// As in the `tokenizer.json` of Qwen2 and Qwen2.5.
const QWEN2_SPLIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// `tokenizer.ggml.token_type` of a control token.
const CONTROL: i64 = 3;

/// A byte-level BPE tokenizer.
pub struct TextTokenizer {
    inner: Tokenizer,
    /// Bytes of every ordinary token; empty for control tokens, which are never shown.
    bytes: Vec<Vec<u8>>,
    control: Vec<bool>,
    specials: HashMap<String, u32>,
    end: u32,
}

impl TextTokenizer {
    /// Builds the tokenizer a header describes.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the tables are missing or inconsistent.
    pub fn from_header(header: &Header) -> Result<Self, EngineError> {
        let model = header.text("tokenizer.ggml.model")?;
        let pre = header.text("tokenizer.ggml.pre")?;
        if model != "gpt2" || pre != "qwen2" {
            let name = format!("kind {model:?} with pre-tokenizer {pre:?} is not supported");
            return Err(EngineError::Tokenizer(name.chars().take(200).collect()));
        }
        let tokens = header.texts("tokenizer.ggml.tokens")?;
        let types = header.integers("tokenizer.ggml.token_type")?;
        if types.len() != tokens.len() {
            return Err(EngineError::Tokenizer(format!(
                "{} tokens but {} token types",
                tokens.len(),
                types.len()
            )));
        }
        let mut vocab = HashMap::with_capacity(tokens.len());
        let mut specials = HashMap::new();
        let mut bytes = Vec::with_capacity(tokens.len());
        let mut control = Vec::with_capacity(tokens.len());
        let alphabet = byte_alphabet();
        for (id, (token, kind)) in (0u32..).zip(tokens.iter().zip(types)) {
            let is_control = *kind == CONTROL;
            if is_control {
                specials.insert(token.clone(), id);
                bytes.push(Vec::new());
            } else {
                bytes.push(token_bytes(token, &alphabet));
                // Control tokens are left out, so that no merge of the file can lead to one.
                vocab.entry(token.clone()).or_insert(id);
            }
            control.push(is_control);
        }
        let end = u32::try_from(header.unsigned("tokenizer.ggml.eos_token_id")?)
            .ok()
            .filter(|end| (*end as usize) < tokens.len())
            .ok_or_else(|| {
                EngineError::Tokenizer("the end token is not in the vocabulary".into())
            })?;

        let merges = header
            .texts("tokenizer.ggml.merges")?
            .iter()
            .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| EngineError::Tokenizer("a merge is not a pair".into()))?;
        // The builder below panics on a merge into something longer than every token.
        let known = |(a, b): &(String, String)| vocab.contains_key(&format!("{a}{b}"));
        if let Some((a, b)) = merges.iter().find(|merge| !known(merge)) {
            let what = format!("the merge {a:?} + {b:?} leads to no token");
            return Err(EngineError::Tokenizer(short(&what)));
        }
        let invalid = |error: tokenizers::Error| EngineError::Tokenizer(short(&error.to_string()));
        let bpe = BPE::builder()
            .vocab_and_merges(vocab.into_iter().collect::<tokenizers::models::bpe::Vocab>(), merges)
            .build()
            .map_err(invalid)?;
        let mut inner = Tokenizer::new(bpe);
        inner.with_normalizer(Some(NFC)).map_err(invalid)?;
        let split = Split::new(
            SplitPattern::Regex(QWEN2_SPLIT.into()),
            SplitDelimiterBehavior::Isolated,
            false,
        )
        .map_err(invalid)?;
        inner.with_pre_tokenizer(Some(PreTokenizerWrapper::Sequence(Sequence::new(vec![
            split.into(),
            ByteLevel::new(false, false, false).into(),
        ]))));
        Ok(Self { inner, bytes, control, specials, end })
    }

    /// Tokens of a rendered conversation.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the model lacks a special token or bytes.
    pub fn encode(&self, segments: &[Segment<'_>]) -> Result<Vec<u32>, EngineError> {
        let mut out = Vec::new();
        for segment in segments {
            match segment {
                Segment::Special(name) => {
                    out.push(*self.specials.get(*name).ok_or_else(|| {
                        EngineError::Tokenizer(format!("the model has no token {name:?}"))
                    })?);
                }
                Segment::Text(text) => {
                    let encoding = self
                        .inner
                        .encode_fast(text.as_ref(), false)
                        .map_err(|error| EngineError::Tokenizer(short(&error.to_string())))?;
                    out.extend_from_slice(encoding.get_ids());
                }
            }
        }
        Ok(out)
    }

    /// The token that ends the model's turn.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Whether the model's turn ends with this token: the end token, or any control token.
    pub fn ends_turn(&self, token: u32) -> bool {
        token == self.end || self.control.get(token as usize).copied().unwrap_or(true)
    }

    /// Bytes of a token; not necessarily whole characters.
    pub fn bytes(&self, token: u32) -> &[u8] {
        self.bytes.get(token as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// Entries of the vocabulary.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// GPT-2's table: every byte as a printable character.
fn byte_alphabet() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut shifted = 0x100u32..;
    (0..=u8::MAX)
        .filter_map(|byte| {
            let character = if printable(byte) {
                Some(char::from(byte))
            } else {
                shifted.next().and_then(char::from_u32)
            };
            character.map(|character| (character, byte))
        })
        .collect()
}

fn token_bytes(token: &str, alphabet: &HashMap<char, u8>) -> Vec<u8> {
    // A token that is not written in the alphabet stands for its own text.
    token
        .chars()
        .map(|c| alphabet.get(&c).copied())
        .collect::<Option<Vec<u8>>>()
        .unwrap_or_else(|| token.as_bytes().to_vec())
}

/// Bytes to text as they come, never half a character.
#[derive(Debug, Default)]
pub struct Utf8Stream {
    pending: Vec<u8>,
}

impl Utf8Stream {
    /// Adds bytes; returns the text that is complete. Invalid bytes become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut out = String::new();
        loop {
            let (valid, skip) = match std::str::from_utf8(&self.pending) {
                Ok(_) => (self.pending.len(), 0),
                Err(error) => match error.error_len() {
                    Some(length) => (error.valid_up_to(), length),
                    None => (error.valid_up_to(), 0),
                },
            };
            let rest = self.pending.split_off(valid);
            out.push_str(&String::from_utf8_lossy(&self.pending));
            self.pending = rest;
            if skip == 0 {
                return out;
            }
            out.push(char::REPLACEMENT_CHARACTER);
            self.pending.drain(..skip.min(self.pending.len()));
        }
    }

    /// What is left when no more bytes come.
    pub fn finish(&mut self) -> String {
        let rest = std::mem::take(&mut self.pending);
        if rest.is_empty() { String::new() } else { char::REPLACEMENT_CHARACTER.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_covers_every_byte_once() {
        let alphabet = byte_alphabet();
        assert_eq!(alphabet.len(), 256);
        assert_eq!(alphabet.get(&'Ġ'), Some(&b' '));
        assert_eq!(alphabet.get(&'Ċ'), Some(&b'\n'));
    }

    #[test]
    fn half_a_character_waits_for_its_other_half() {
        let mut stream = Utf8Stream::default();
        let text = "aé€😀b";
        let mut out = String::new();
        for byte in text.as_bytes() {
            out.push_str(&stream.push(&[*byte]));
            assert!(!out.contains(char::REPLACEMENT_CHARACTER));
        }
        assert_eq!(out, text);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn invalid_bytes_are_replaced() {
        let mut stream = Utf8Stream::default();
        assert_eq!(stream.push(b"a\xFFb"), "a\u{FFFD}b");
        assert_eq!(stream.push(b"\xE2\x82"), "");
        assert_eq!(stream.finish(), "\u{FFFD}");
    }
}
