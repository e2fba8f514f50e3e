//! The tokens of a model as a trie.
//!
//! Owns what is built once per loaded model, in about a second: the trie, and the slices of it
//! that most lexemes take or leave as a whole.

use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::api::ParserLimits;
use toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};

use super::{ConstraintError, failed, guarded};
use crate::tokenizer::TextTokenizer;

/// Longer tokens are never allowed: bytes. Those of Qwen2.5 have at most 128.
const MAX_TOKEN_BYTES: usize = 256;

/// Numbers of tokens have 24 bits in the trie.
const MAX_TOKENS: usize = 1 << 23;

/// Sets of tokens that are mostly allowed or refused together: white space, and the insides of
/// names and strings.
const SLICES: &[&str] = &[
    r"[ \t\r\n]+",
    r"[a-zA-Z_][a-zA-Z0-9_]{0,9}",
    r"[a-zA-Z_][a-zA-Z0-9_]*",
    r"[^'\\\x00-\x1F\x7F]+",
];

/// A vocabulary, ready for grammars.
pub struct Vocabulary {
    factory: ParserFactory,
}

struct Environment {
    trie: TokTrie,
}

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, s: &[u8]) -> Vec<TokenId> {
        self.trie.greedy_tokenize(s)
    }

    /// What must follow is found with the model's own tokenizer, in [`super::answer`].
    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

impl Vocabulary {
    /// The vocabulary of a tokenizer.
    ///
    /// # Errors
    /// [`ConstraintError::Vocabulary`] where it is too large or the trie cannot be made.
    pub fn new(tokenizer: &TextTokenizer) -> Result<Self, ConstraintError> {
        if tokenizer.len() > MAX_TOKENS {
            return Err(ConstraintError::Vocabulary);
        }
        guarded(|| {
            let words: Vec<Vec<u8>> = (0..tokenizer.len() as u32)
                .map(|token| tokenizer.bytes(token))
                // 0xFF, in no text, marks special tokens in the trie.
                .map(|bytes| match bytes.first() {
                    Some(0xFF) => Vec::new(),
                    _ if bytes.len() > MAX_TOKEN_BYTES => Vec::new(),
                    _ => bytes.to_vec(),
                })
                .collect();
            let info = TokRxInfo::new(words.len() as u32, tokenizer.end());
            let environment: TokEnv = Arc::new(Environment { trie: TokTrie::from(&info, &words) });
            let slices: Vec<String> = SLICES.iter().map(|slice| (*slice).to_owned()).collect();
            let capabilities = InferenceCapabilities::default();
            let mut factory =
                ParserFactory::new(&environment, capabilities, &slices).map_err(failed)?;
            factory.quiet();
            *factory.limits_mut() = ParserLimits {
                // A grammar's lexer lives as long as the model: 1 to 2 kB a state.
                max_lexer_states: 50_000,
                // States the lexer has not met before are computed when they are; about 14,000
                // units a millisecond.
                step_lexer_fuel: 5_000_000,
                // A mask where an expression can begin takes about 200,000.
                step_max_items: 2_000_000,
                max_items_in_row: 20_000,
                verbose_errors: false,
                ..ParserLimits::default()
            };
            Ok(Self { factory })
        })
    }

    /// What compiles grammars.
    pub(super) fn factory(&self) -> &ParserFactory {
        &self.factory
    }

    /// The trie.
    pub(super) fn trie(&self) -> &TokTrie {
        self.factory.tok_env().tok_trie()
    }
}
