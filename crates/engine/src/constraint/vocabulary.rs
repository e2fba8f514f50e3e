//! The tokens of a model as a trie.
//!
//! Owns what is built once per loaded model, in about a second: the trie, and the slices of it
//! that most lexemes take or leave as a whole.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use llguidance::ParserFactory;
use llguidance::api::ParserLimits;
use llguidance::earley::{BiasComputer, ParserRecognizer};
use text2sql_core::grammar::{Choice, Cursor, NameSet};
use toktrie::{
    InferenceCapabilities, Recognizer, SimpleVob, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv,
};

use super::trie::{Below, Taken, Taker, Tries};
use super::{ConstraintError, failed, guarded};
use crate::tokenizer::TextTokenizer;

/// Longer tokens are never allowed: bytes. Those of Qwen2.5 have at most 128.
const MAX_TOKEN_BYTES: usize = 256;

/// Numbers of tokens have 24 bits in the trie.
const MAX_TOKENS: usize = 1 << 23;

/// What the words of [`Tries`] are, and what can follow their first character, for the grammar's
/// lexer: where a lexeme can go on with any of them, none is looked at.
const WORDS: [&str; 2] = [
    r"[A-Za-z_\x{80}-\x{10FFFF}][A-Za-z0-9_\x{80}-\x{10FFFF}]*",
    r"[A-Za-z0-9_\x{80}-\x{10FFFF}]+",
];

/// Steps the lexer may take to find that out, once for each of its expressions.
const WORDS_BUDGET: u64 = 20_000;

/// Sets of names whose masks are kept, 20 kB each for a vocabulary of 150,000.
const MAX_NAME_MASKS: usize = 16;

/// Tokens below which asking for all of them costs more than looking at each.
const FEW: usize = 8;

/// A vocabulary, ready for grammars.
pub struct Vocabulary {
    factory: ParserFactory,
    tries: Tries,
    names: Mutex<VecDeque<NameMask>>,
}

/// Tokens with which a name of a set can begin.
struct NameMask {
    set: Arc<NameSet>,
    mask: SimpleVob,
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
        let tokens: Vec<Vec<u8>> = (0..tokenizer.len() as u32)
            .map(|token| tokenizer.bytes(token))
            // 0xFF, in no text, marks special tokens in the trie.
            .map(|bytes| match bytes.first() {
                Some(0xFF) => Vec::new(),
                _ if bytes.len() > MAX_TOKEN_BYTES => Vec::new(),
                _ => bytes.to_vec(),
            })
            .collect();
        Self::of(&tokens, tokenizer.end())
    }

    pub(super) fn of(tokens: &[Vec<u8>], end: u32) -> Result<Self, ConstraintError> {
        guarded(|| {
            let tries = Tries::new(tokens);
            let info = TokRxInfo::new(tokens.len() as u32, end);
            let environment: TokEnv = Arc::new(Environment { trie: TokTrie::from(&info, tokens) });
            let words: Vec<String> = WORDS.iter().map(|words| (*words).to_owned()).collect();
            let capabilities = InferenceCapabilities::default();
            let mut factory =
                ParserFactory::new(&environment, capabilities, &words).map_err(failed)?;
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
            Ok(Self { factory, tries, names: Mutex::default() })
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

    /// Adds the tokens with which a name of `set` can begin to `mask`. Those of the sets used last
    /// are kept: the words that can begin an expression, and the relations of a catalog, are the
    /// same for many answers.
    pub(super) fn add_names(&self, set: &Arc<NameSet>, mask: &mut SimpleVob) {
        let mut kept = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let same = kept.iter().position(|other| Arc::ptr_eq(&other.set, set));
        let entry = same.and_then(|at| kept.remove(at)).unwrap_or_else(|| {
            let choice = Choice::new(0, vec![Arc::clone(set)]);
            NameMask { set: Arc::clone(set), mask: self.goes_on(&choice, choice.start()) }
        });
        mask.or(&entry.mask);
        kept.truncate(MAX_NAME_MASKS - 1);
        kept.push_front(entry);
    }

    /// The tokens that go on with a name of `choice` from `cursor` on.
    pub(super) fn goes_on(&self, choice: &Choice, cursor: Cursor) -> SimpleVob {
        self.stepped(cursor, Cursor::is_behind, |cursor, byte| choice.step(cursor, byte))
    }

    /// Tokens whose bytes `step` takes from `state` on; from one that is `settled` it takes all.
    pub(super) fn stepped<S: Copy>(
        &self,
        state: S,
        settled: impl Fn(&S) -> bool,
        step: impl Fn(S, u8) -> Option<S>,
    ) -> SimpleVob {
        self.taken(&mut Steps { stack: vec![state], step, settled })
    }

    /// The tokens that `taker` takes, besides special ones.
    fn taken(&self, taker: &mut impl Taker) -> SimpleVob {
        let mut set = self.trie().alloc_token_set();
        self.tries.walk(taker, &mut set);
        set
    }
}

/// Takes bytes by a function from state and byte to state, and any from a settled state on.
struct Steps<S, F, D> {
    stack: Vec<S>,
    step: F,
    settled: D,
}

impl<S: Copy, F: Fn(S, u8) -> Option<S>, D: Fn(&S) -> bool> Taker for Steps<S, F, D> {
    fn take(&mut self, byte: u8, _below: Below, _tokens: usize) -> Taken {
        match self.stack.last().and_then(|state| (self.step)(*state, byte)) {
            None => Taken::No,
            Some(next) if (self.settled)(&next) => Taken::WithAllBelow,
            Some(next) => {
                self.stack.push(next);
                Taken::Yes
            }
        }
    }

    fn give_back(&mut self) {
        self.stack.pop();
    }

    fn takes_words(&mut self) -> bool {
        self.stack.last().is_some_and(&self.settled)
    }
}

/// How the mask of a grammar is computed.
pub(super) struct Masker<'a> {
    pub vocabulary: &'a Vocabulary,
    /// Items of the parser that may be made. What would need more is left in the mask.
    pub items: usize,
}

impl BiasComputer for Masker<'_> {
    fn compute_bias(&self, recognizer: &mut ParserRecognizer<'_>, _start: &[u8]) -> SimpleVob {
        recognizer.trie_started("mask");
        let most = recognizer.stats_mut().all_items.saturating_add(self.items);
        let mut taker = GrammarTaker { recognizer, most };
        let set = self.vocabulary.taken(&mut taker);
        recognizer.trie_finished();
        set
    }

    fn trie(&self) -> &TokTrie {
        self.vocabulary.trie()
    }
}

/// Takes what the grammar allows.
struct GrammarTaker<'a, 'b> {
    recognizer: &'a mut ParserRecognizer<'b>,
    most: usize,
}

impl GrammarTaker<'_, '_> {
    /// Whether a lexeme that has begun can go on with any words, by what the lexer knows alone.
    fn goes_on(&mut self, words: usize) -> bool {
        let state = self.recognizer.lexer_state();
        let lexer = self.recognizer.lexer_mut();
        lexer.subsume_possible(state)
            && lexer.check_subsume(state, words, WORDS_BUDGET, None).unwrap_or(false)
    }

    /// Whether a byte would end a lexeme, so that the parser had to be asked.
    fn ends_lexeme(&mut self, byte: u8) -> bool {
        let state = self.recognizer.lexer_state();
        let next = self.recognizer.lexer_mut().transition_start_state(state, Some(byte), &None);
        next.is_dead() || next.has_lowest_match()
    }
}

impl Taker for GrammarTaker<'_, '_> {
    fn take(&mut self, byte: u8, below: Below, tokens: usize) -> Taken {
        if self.recognizer.stats_mut().all_items >= self.most && self.ends_lexeme(byte) {
            return Taken::WithAllBelow;
        }
        if !self.recognizer.try_push_byte(byte) {
            return Taken::No;
        }
        let words = match below {
            _ if tokens < FEW => return Taken::Yes,
            Below::Words => 0,
            Below::Rests => 1,
            Below::Anything => return Taken::Yes,
        };
        if !self.goes_on(words) {
            return Taken::Yes;
        }
        self.give_back();
        Taken::WithAllBelow
    }

    fn give_back(&mut self) {
        self.recognizer.pop_bytes(1);
    }

    fn takes_words(&mut self) -> bool {
        self.goes_on(0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use llguidance::TokenParser;
    use llguidance::api::TopLevelGrammar;
    use text2sql_core::grammar;

    const STATEMENTS: [&str; 3] = [
        "SELECT t.a1, count(*) AS n FROM s.tab AS t JOIN u ON u.b = t.b WHERE t.c > -10 GROUP BY 1",
        "WITH x AS (SELECT E'it''s (a' || \"Q q\"::text[] FROM über) SELECT x.* FROM x LIMIT 5;",
        "SELECT date_trunc('month', d), a[1:2]->>'k' FROM t WHERE d IN ('2024-01-01', NULL)",
    ];

    /// Words alone and behind one character, more of a beginning than are looked at one by one,
    /// keywords and names of functions among them; and what stands between words.
    pub fn tokens() -> Vec<Vec<u8>> {
        let words = [
            "s",
            "select",
            "sel",
            "set",
            "sum",
            "some",
            "sx",
            "s1",
            "s_",
            "string_agg",
            "schémа",
            "f",
            "from",
            "for",
            "fr",
            "fx",
            "foo",
            "f2",
            "f_",
            "filter",
            "first_value",
            "a",
            "as",
            "and",
            "at",
            "ab",
            "asc",
            "any",
            "all",
            "avg",
            "array",
            "über",
            "ß",
            "_",
            "Z",
            "NULL",
        ];
        let between: Vec<char> = "()[].,:;'\"=<>-+*/|&!@#$% \n019".chars().collect();
        let mut tokens: Vec<String> = between.iter().map(char::to_string).collect();
        for before in ["", " ", "(", ".", "'", "\"", "=", "-", ",", "\n", "1", "  ", "s."] {
            tokens.extend(words.iter().map(|word| format!("{before}{word}")));
        }
        for first in &between {
            tokens.extend(between.iter().map(|second| format!("{first}{second}")));
            tokens.extend(["a", "(a", "s.a", " b"].map(|behind| format!("{first}{behind}")));
        }
        tokens.extend((b'0'..=b'z').map(|byte| char::from(byte).to_string()));
        let mut tokens: Vec<Vec<u8>> = tokens.into_iter().map(String::into_bytes).collect();
        // Bytes of characters, and the end.
        tokens.extend([vec![0xC3], vec![0xBC], b" \xC3".to_vec(), b"a\xC3".to_vec(), Vec::new()]);
        tokens
    }

    fn mask(parser: &mut TokenParser, vocabulary: &Vocabulary, items: usize) -> SimpleVob {
        parser.parser.invalidate_bias_cache();
        parser.parser.compute_bias(&Masker { vocabulary, items }, &[])
    }

    #[test]
    fn masks_are_what_asking_for_every_token_gives() {
        let tokens = tokens();
        let end = tokens.len() as u32 - 1;
        let vocabulary = Vocabulary::of(&tokens, end).unwrap();
        let grammar = TopLevelGrammar::from_lark(grammar::lark(&[]));
        let fresh = vocabulary.factory().create_parser(grammar).unwrap();
        let (mut allowed, mut more) = (0, 0);
        for statement in STATEMENTS {
            let mut parser = fresh.clone();
            parser.start_without_prompt();
            // The byte's own token each, so that every place is seen.
            for (at, byte) in statement.bytes().enumerate() {
                let whole = mask(&mut parser, &vocabulary, usize::MAX);
                let bounded = mask(&mut parser, &vocabulary, 0);
                for token in 0..end {
                    let bytes = &tokens[token as usize];
                    let text = String::from_utf8_lossy(bytes);
                    let one = parser.validate_token(token).unwrap();
                    assert_eq!(whole.is_allowed(token), one, "{:?} + {text:?}", &statement[..at]);
                    assert!(!one || bounded.is_allowed(token), "{:?} + {text:?}", &statement[..at]);
                    allowed += usize::from(one);
                    more += usize::from(!one && bounded.is_allowed(token));
                }
                let token = vocabulary.trie().token_id(&[byte]).unwrap();
                parser.consume_token(token).unwrap();
            }
        }
        assert!(allowed > 10_000 && more > 0, "{allowed} allowed, {more} in doubt");
    }
}
