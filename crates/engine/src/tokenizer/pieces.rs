//! SentencePiece's merging by scores: `tokenizer.ggml.model` is `llama`.
//!
//! Owns the order of merges, the fall back to bytes, and how white space is written. Source: the
//! SPM tokenizer of llama.cpp: characters are the first symbols; of all neighbours that together
//! are a token, those with the highest score become one, the leftmost among equals, until there are
//! none; what is no token then is spelled in tokens of bytes. Holds no special tokens (the
//! vocabulary does). Called by [`super::TextTokenizer`].

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::{flag, short};
use crate::error::EngineError;
use crate::gguf::Header;

/// Texts that are looked for at every character. Gemma 3 has some hundred: runs of lines' ends and
/// spaces, tags of HTML.
const MAX_WHOLE: usize = 4096;

/// What stands for a space.
const SPACE: char = '\u{2581}';

/// The encoder.
pub(super) struct Pieces {
    /// Number and score of every token that text may become.
    tokens: HashMap<String, (u32, f32)>,
    bytes: [u32; 256],
    /// Texts that are a token wherever they stand, by their first byte, the longest first.
    whole: HashMap<u8, Vec<(String, u32)>>,
    space_first: bool,
}

/// A token as the encoder needs it.
pub(super) enum Piece<'a> {
    /// Reached by merges.
    Ordinary(&'a str),
    /// Found before all merges.
    Whole(&'a str),
    /// A byte.
    Byte(u8),
    /// Never reached by text.
    None,
}

/// A pair of neighbours that may become one.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Bytes of both; others mean that one of them has grown since.
    length: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// A stretch of text between merges; merged ones into their left neighbour are empty.
#[derive(Clone, Copy)]
struct Symbol {
    start: usize,
    length: usize,
    before: Option<usize>,
    after: Option<usize>,
}

impl Pieces {
    /// Of a header's tokens, in their order.
    ///
    /// # Errors
    /// [`EngineError::Tokenizer`] where scores are missing, not finite or of another number, or a
    /// byte has no token.
    pub(super) fn new<'a>(
        header: &Header,
        pieces: impl ExactSizeIterator<Item = Piece<'a>>,
    ) -> Result<Self, EngineError> {
        let scores = header.floats("tokenizer.ggml.scores")?;
        if scores.len() != pieces.len() {
            let what = format!("{} tokens but {} scores", pieces.len(), scores.len());
            return Err(EngineError::Tokenizer(what));
        }
        if !scores.iter().all(|score| score.is_finite()) {
            return Err(EngineError::Tokenizer("a score is not a number".into()));
        }
        let mut tokens = HashMap::with_capacity(pieces.len());
        let mut bytes = [None; 256];
        let mut whole: HashMap<u8, Vec<(String, u32)>> = HashMap::new();
        for (id, (piece, score)) in (0u32..).zip(pieces.zip(scores)) {
            match piece {
                Piece::Ordinary(text) => {
                    tokens.entry(text.to_owned()).or_insert((id, *score as f32));
                }
                Piece::Whole(text) => {
                    let text = spaced(text);
                    if let Some(first) = text.as_bytes().first() {
                        whole.entry(*first).or_default().push((text, id));
                    }
                }
                Piece::Byte(byte) => {
                    if let Some(slot) = bytes.get_mut(usize::from(byte)) {
                        *slot = Some(id);
                    }
                }
                Piece::None => {}
            }
        }
        if whole.values().map(Vec::len).sum::<usize>() > MAX_WHOLE {
            return Err(EngineError::Tokenizer("there are too many user-defined tokens".into()));
        }
        for texts in whole.values_mut() {
            texts.sort_by_key(|(text, id)| (std::cmp::Reverse(text.len()), *id));
        }
        let mut spelled = [0; 256];
        for (slot, (byte, id)) in spelled.iter_mut().zip((0u8..=255).zip(bytes)) {
            *slot = id.ok_or_else(|| {
                EngineError::Tokenizer(short(&format!("there is no token for byte 0x{byte:02X}")))
            })?;
        }
        let space_first = flag(header, "tokenizer.ggml.add_space_prefix", true)?;
        Ok(Self { tokens, bytes: spelled, whole, space_first })
    }

    /// Tokens of a text; a text that `continues` another gets no space in front of it.
    pub(super) fn encode(&self, text: &str, continues: bool, out: &mut Vec<u32>) {
        let mut space = self.space_first && !continues;
        let mut rest = text;
        while !rest.is_empty() {
            let next = rest.char_indices().find_map(|(at, _)| {
                let here = rest.get(at..)?;
                let candidates = self.whole.get(here.as_bytes().first()?)?;
                let (text, id) = candidates.iter().find(|(text, _)| here.starts_with(text))?;
                Some((at, text.len(), *id))
            });
            let (at, length, id) =
                next.map_or((rest.len(), 0, None), |(at, length, id)| (at, length, Some(id)));
            let (plain, found) = rest.split_at(at);
            self.merge(plain, space, out);
            out.extend(id);
            // As at the beginning of a text.
            space = self.space_first;
            rest = found.get(length..).unwrap_or_default();
        }
    }

    fn merge(&self, plain: &str, space: bool, out: &mut Vec<u32>) {
        if plain.is_empty() {
            return;
        }
        let mut text = String::with_capacity(plain.len() + 8);
        if space {
            text.push(SPACE);
        }
        text.extend(plain.chars().map(|c| if c == ' ' { SPACE } else { c }));
        let mut symbols = symbols(&text);
        let mut pairs = BinaryHeap::new();
        for right in 1..symbols.len() {
            pairs.extend(self.pair(&text, &symbols, Some(right - 1), Some(right)));
        }
        while let Some(Pair { left, right, length, .. }) = pairs.pop() {
            let (Some(a), Some(b)) = (symbols.get(left).copied(), symbols.get(right).copied())
            else {
                continue;
            };
            if a.length == 0 || b.length == 0 || a.length + b.length != length {
                continue;
            }
            if let Some(symbol) = symbols.get_mut(left) {
                (symbol.length, symbol.after) = (length, b.after);
            }
            if let Some(symbol) = symbols.get_mut(right) {
                symbol.length = 0;
            }
            if let Some(symbol) = b.after.and_then(|after| symbols.get_mut(after)) {
                symbol.before = Some(left);
            }
            pairs.extend(self.pair(&text, &symbols, a.before, Some(left)));
            pairs.extend(self.pair(&text, &symbols, Some(left), b.after));
        }
        for symbol in symbols.iter().filter(|symbol| symbol.length > 0) {
            let text = text.get(symbol.start..symbol.start + symbol.length).unwrap_or_default();
            match self.tokens.get(text) {
                Some((id, _)) => out.push(*id),
                None => out.extend(
                    text.bytes().filter_map(|byte| self.bytes.get(usize::from(byte))).copied(),
                ),
            }
        }
    }

    /// Two neighbours that together are a token.
    fn pair(
        &self,
        text: &str,
        symbols: &[Symbol],
        left: Option<usize>,
        right: Option<usize>,
    ) -> Option<Pair> {
        let (left, right) = (left?, right?);
        let (a, b) = (symbols.get(left)?, symbols.get(right)?);
        let length = a.length + b.length;
        let (_, score) = self.tokens.get(text.get(a.start..a.start + length)?)?;
        Some(Pair { score: *score, left, right, length })
    }
}

/// The characters of a text.
fn symbols(text: &str) -> Vec<Symbol> {
    let starts = text.char_indices().enumerate();
    let mut all: Vec<Symbol> = starts
        .map(|(index, (start, c))| Symbol {
            start,
            length: c.len_utf8(),
            before: index.checked_sub(1),
            after: Some(index + 1),
        })
        .collect();
    if let Some(last) = all.last_mut() {
        last.after = None;
    }
    all
}

/// What a token's text stands for.
pub(super) fn spaced(token: &str) -> String {
    token.replace(SPACE, " ")
}

/// The byte of a token like `<0x0A>`.
pub(super) fn byte_of(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}
