//! Byte-level byte-pair encoding: `tokenizer.ggml.model` is `gpt2`.
//!
//! Owns the pre-tokenizers of the supported families and the alphabet that bytes are written in.
//! Holds no special tokens (the vocabulary does). Called by [`super::TextTokenizer`].

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::short;
use crate::error::EngineError;
use crate::gguf::Header;

/// As in the `tokenizer.json` of Qwen2, Qwen2.5 and Qwen3.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// As in that of Llama 3, 3.1 and 3.2.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// GPT-2's own, which SmolLM uses behind a split of digits.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const DIGIT: &str = r"\p{N}";

/// How a family cuts text before byte pairs are merged.
#[derive(Debug)]
pub(super) struct Cut {
    /// Regular expressions, one after the other, each within the pieces of those before.
    splits: &'static [&'static str],
    /// Whether characters are composed first.
    composed: bool,
    /// Whether a piece that is a token stays whole, whatever the merges make of it.
    whole_first: bool,
    /// Whether texts begin with the beginning token where the file does not say.
    pub(super) begins: bool,
}

impl Cut {
    /// That of `tokenizer.ggml.pre`, as llama.cpp's names have it.
    fn named(pre: &str) -> Option<Self> {
        let plain = Self { splits: &[], composed: false, whole_first: false, begins: false };
        match pre {
            "qwen2" => Some(Self { splits: &[QWEN2], composed: true, ..plain }),
            "llama-bpe" | "llama3" | "llama-v3" => {
                Some(Self { splits: &[LLAMA3], whole_first: true, begins: true, ..plain })
            }
            "smollm" => Some(Self { splits: &[DIGIT, GPT2], ..plain }),
            "gpt-2" => Some(Self { splits: &[GPT2], ..plain }),
            _ => None,
        }
    }

    /// That of a header.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where it is not one of those known here.
    pub(super) fn of(header: &Header) -> Result<Self, EngineError> {
        let pre = header.text("tokenizer.ggml.pre")?;
        Self::named(pre).ok_or_else(|| {
            EngineError::Tokenizer(short(&format!("pre-tokenizer {pre:?} is not supported")))
        })
    }
}

/// The encoder of a header, over the ordinary tokens of its vocabulary.
///
/// # Errors
/// [`EngineError::Tokenizer`] where the merges are missing or inconsistent.
pub(super) fn encoder(
    header: &Header,
    cut: &Cut,
    ordinary: HashMap<String, u32>,
) -> Result<Tokenizer, EngineError> {
    let merges = header
        .texts("tokenizer.ggml.merges")?
        .iter()
        .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| EngineError::Tokenizer("a merge is not a pair".into()))?;
    // The builder below panics on a merge into something longer than every token.
    let known = |(a, b): &(String, String)| ordinary.contains_key(&format!("{a}{b}"));
    if let Some((a, b)) = merges.iter().find(|merge| !known(merge)) {
        let what = format!("the merge {a:?} + {b:?} leads to no token");
        return Err(EngineError::Tokenizer(short(&what)));
    }
    let invalid = |error: tokenizers::Error| EngineError::Tokenizer(short(&error.to_string()));
    let bpe = BPE::builder()
        .vocab_and_merges(ordinary.into_iter().collect::<Vocab>(), merges)
        .ignore_merges(cut.whole_first)
        .build()
        .map_err(invalid)?;
    let mut encoder = Tokenizer::new(bpe);
    if cut.composed {
        encoder.with_normalizer(Some(NFC)).map_err(invalid)?;
    }
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for pattern in cut.splits {
        let pattern = SplitPattern::Regex((*pattern).into());
        let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
        steps.push(split.map_err(invalid)?.into());
    }
    steps.push(ByteLevel::new(false, false, false).into());
    encoder.with_pre_tokenizer(Some(PreTokenizerWrapper::Sequence(Sequence::new(steps))));
    Ok(encoder)
}

/// GPT-2's table: every byte as a printable character.
pub(super) fn byte_alphabet() -> HashMap<char, u8> {
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

/// Bytes of a token that is written in the alphabet; one that is not stands for its own text.
pub(super) fn token_bytes(token: &str, alphabet: &HashMap<char, u8>) -> Vec<u8> {
    token
        .chars()
        .map(|c| alphabet.get(&c).copied())
        .collect::<Option<Vec<u8>>>()
        .unwrap_or_else(|| token.as_bytes().to_vec())
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
}
