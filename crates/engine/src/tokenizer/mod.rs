//! Text to tokens and back, from the tables in the model file.
//!
//! Owns the vocabulary: the bytes of every token, which of them are special, which end a turn; and
//! the rule that special tokens come from [`Segment::Special`] and [`Segment::Begin`] only: the
//! encoders (`byte_pairs`, `pieces`) are built without them, so text can never become one. Called by
//! the generator.

mod byte_pairs;
mod pieces;
mod utf8;

use std::collections::HashMap;

use text2sql_core::chat::{ChatFormat, Segment};
use tokenizers::Tokenizer;

pub use utf8::Utf8Stream;

use crate::error::EngineError;
use crate::gguf::{GgufError, Header, Value};
use byte_pairs::{Cut, byte_alphabet, token_bytes};
use pieces::{Piece, Pieces, byte_of, spaced};

/// What `tokenizer.ggml.token_type` says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text, reached by merges.
    Ordinary,
    /// Never shown, and not reached by text.
    Control,
    /// Text that is one token wherever it stands, or a marker of turns.
    Added,
    /// One byte.
    Byte,
}

impl Kind {
    fn of(number: i64, token: &str) -> Self {
        match number {
            // Unknown, control, unused.
            2 | 3 | 5 => Self::Control,
            4 if looks_special(token) => Self::Control,
            4 => Self::Added,
            6 => Self::Byte,
            _ => Self::Ordinary,
        }
    }
}

/// Whether a token that a vendor added is a marker, whatever its type says. As in llama.cpp, whose
/// converter and loader know vendors that give their markers the type of text.
fn looks_special(token: &str) -> bool {
    const NAMES: [&str; 9] = [
        "<pad>",
        "<mask>",
        "<unk>",
        "<s>",
        "</s>",
        "<bos>",
        "<eos>",
        "<start_of_turn>",
        "<end_of_turn>",
    ];
    NAMES.contains(&token)
        || (token.starts_with("<|") && token.ends_with("|>"))
        || (token.starts_with("<unused") && token.ends_with('>'))
}

enum Encoder {
    BytePairs(Box<Tokenizer>),
    Pieces(Box<Pieces>),
}

/// A tokenizer, and the chat format that its special tokens are made for.
pub struct TextTokenizer {
    encoder: Encoder,
    /// Bytes of every ordinary token; empty for control tokens, which are never shown.
    bytes: Vec<Vec<u8>>,
    control: Vec<bool>,
    specials: HashMap<String, u32>,
    /// What texts begin with.
    begin: Option<u32>,
    chat: ChatFormat,
    /// That of the chat format.
    end: u32,
    /// That of the file.
    end_of_text: u32,
}

impl TextTokenizer {
    /// Builds the tokenizer a header describes.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the tables are missing or inconsistent, or the vocabulary is
    /// that of no chat format.
    pub fn from_header(header: &Header) -> Result<Self, EngineError> {
        let model = header.text("tokenizer.ggml.model")?;
        let tokens = header.texts("tokenizer.ggml.tokens")?;
        let types = header.integers("tokenizer.ggml.token_type")?;
        if types.len() != tokens.len() {
            return Err(EngineError::Tokenizer(format!(
                "{} tokens but {} token types",
                tokens.len(),
                types.len()
            )));
        }
        let kinds: Vec<Kind> =
            tokens.iter().zip(types).map(|(token, number)| Kind::of(*number, token)).collect();
        let (encoder, bytes, begins) = match model {
            "gpt2" => byte_pair_encoder(header, tokens, &kinds)?,
            "llama" => piece_encoder(header, tokens, &kinds)?,
            other => {
                let what = format!("tokenizer {other:?} is not supported");
                return Err(EngineError::Tokenizer(short(&what)));
            }
        };
        let specials: HashMap<String, u32> = (0u32..)
            .zip(tokens.iter().zip(&kinds))
            .filter(|(_, (_, kind))| matches!(kind, Kind::Control | Kind::Added))
            .map(|(id, (token, _))| (token.clone(), id))
            .collect();
        let chat = ChatFormat::of_model(header.text("general.architecture")?, |token| {
            specials.contains_key(token)
        })
        .ok_or_else(|| EngineError::Tokenizer("its special tokens are of no chat format".into()))?;
        let end = specials.get(chat.end()).copied();
        let begins = flag(header, "tokenizer.ggml.add_bos_token", begins)?;
        let begin = if begins { Some(numbered(header, "bos", tokens.len())?) } else { None };
        Ok(Self {
            encoder,
            bytes,
            control: kinds.iter().map(|kind| *kind == Kind::Control).collect(),
            specials,
            begin,
            chat,
            end: end.ok_or(EngineError::Internal("a chat format has no end of turn"))?,
            end_of_text: numbered(header, "eos", tokens.len())?,
        })
    }

    /// The chat format of the vocabulary's special tokens.
    pub fn chat(&self) -> ChatFormat {
        self.chat
    }

    /// Tokens of a rendered conversation.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where the model lacks a special token or bytes.
    pub fn encode(&self, segments: &[Segment<'_>]) -> Result<Vec<u32>, EngineError> {
        let mut out = Vec::new();
        for segment in segments {
            match segment {
                Segment::Begin => out.extend(self.begin),
                Segment::Special(name) => {
                    out.push(*self.specials.get(*name).ok_or_else(|| {
                        EngineError::Tokenizer(format!("the model has no token {name:?}"))
                    })?);
                }
                Segment::Text(text) => self.encode_text(text, false, &mut out)?,
            }
        }
        Ok(out)
    }

    /// Tokens of a text in the middle of a longer one.
    ///
    /// # Errors
    /// As [`TextTokenizer::encode`].
    pub fn encode_rest(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let mut out = Vec::new();
        self.encode_text(text, true, &mut out)?;
        Ok(out)
    }

    fn encode_text(
        &self,
        text: &str,
        continues: bool,
        out: &mut Vec<u32>,
    ) -> Result<(), EngineError> {
        match &self.encoder {
            Encoder::BytePairs(encoder) => {
                let encoding = encoder
                    .encode_fast(text, false)
                    .map_err(|error| EngineError::Tokenizer(short(&error.to_string())))?;
                out.extend_from_slice(encoding.get_ids());
            }
            Encoder::Pieces(pieces) => pieces.encode(text, continues, out),
        }
        Ok(())
    }

    /// The token that ends the model's turn.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// Whether the model's turn ends with this token: the chat format's, the file's, or any control
    /// token.
    pub fn ends_turn(&self, token: u32) -> bool {
        token == self.end
            || token == self.end_of_text
            || self.control.get(token as usize).copied().unwrap_or(true)
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

/// An encoder, the bytes of every token, and whether texts begin with a token where a file does not
/// say.
type Built = (Encoder, Vec<Vec<u8>>, bool);

fn byte_pair_encoder(
    header: &Header,
    tokens: &[String],
    kinds: &[Kind],
) -> Result<Built, EngineError> {
    let cut = Cut::of(header)?;
    let alphabet = byte_alphabet();
    let mut ordinary = HashMap::with_capacity(tokens.len());
    let mut bytes = Vec::with_capacity(tokens.len());
    for (id, (token, kind)) in (0u32..).zip(tokens.iter().zip(kinds)) {
        match kind {
            Kind::Control => bytes.push(Vec::new()),
            Kind::Added => bytes.push(token.as_bytes().to_vec()),
            Kind::Ordinary | Kind::Byte => {
                bytes.push(token_bytes(token, &alphabet));
                // No other token is in here, so that no merge of the file can lead to one.
                ordinary.entry(token.clone()).or_insert(id);
            }
        }
    }
    let encoder = byte_pairs::encoder(header, &cut, ordinary)?;
    Ok((Encoder::BytePairs(Box::new(encoder)), bytes, cut.begins))
}

fn piece_encoder(header: &Header, tokens: &[String], kinds: &[Kind]) -> Result<Built, EngineError> {
    let mut bytes = Vec::with_capacity(tokens.len());
    let mut pieces = Vec::with_capacity(tokens.len());
    for (token, kind) in tokens.iter().zip(kinds) {
        let (piece, means) = match (kind, byte_of(token)) {
            (Kind::Byte, Some(byte)) => (Piece::Byte(byte), vec![byte]),
            (Kind::Byte, None) | (Kind::Control, _) => (Piece::None, Vec::new()),
            (Kind::Added, _) => (Piece::Whole(token), spaced(token).into_bytes()),
            (Kind::Ordinary, _) => (Piece::Ordinary(token), spaced(token).into_bytes()),
        };
        pieces.push(piece);
        bytes.push(means);
    }
    let pieces = Pieces::new(header, pieces.into_iter())?;
    Ok((Encoder::Pieces(Box::new(pieces)), bytes, true))
}

/// The number of the token that a key like `tokenizer.ggml.eos_token_id` names.
fn numbered(header: &Header, name: &str, tokens: usize) -> Result<u32, EngineError> {
    u32::try_from(header.unsigned(&format!("tokenizer.ggml.{name}_token_id"))?)
        .ok()
        .filter(|id| (*id as usize) < tokens)
        .ok_or_else(|| EngineError::Tokenizer(format!("the {name} token is not in the vocabulary")))
}

/// A boolean of the header, or what it is where it is not there.
fn flag(header: &Header, key: &str, default: bool) -> Result<bool, GgufError> {
    header.metadata.get(key).map_or(Ok(default), |value| {
        Value::bool(value).ok_or_else(|| GgufError::Missing(key.to_owned()))
    })
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
