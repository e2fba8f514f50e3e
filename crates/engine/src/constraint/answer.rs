//! The state of one constrained answer.
//!
//! Owns the parser's position, the text so far, what was refused where, and when to stop caring
//! about names. Works on bytes and tokens; computes no logits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use llguidance::TokenParser;
use text2sql_core::grammar::scope::{self, Verdict};
use text2sql_core::grammar::{Catalog, Choice, is_word_byte};
use toktrie::{Recognizer, SimpleVob};

use super::masks::{Hint, Walk};
use super::vocabulary::Vocabulary;
use super::{ConstraintError, failed, guarded};
use crate::stop;
use crate::tokenizer::TextTokenizer;

/// Times an answer is taken back before names are no longer looked at: each costs the tokens
/// behind the wrong name once more.
const MAX_BACKTRACKS: u32 = 12;

/// What is to be done with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Take it.
    Good,
    /// Take another one here.
    Bad,
    /// A name further back is wrong: take back that many tokens, this one not counted.
    Back(usize),
}

/// One answer.
pub struct Constrained {
    pub(super) vocabulary: Arc<Vocabulary>,
    catalog: Arc<Catalog>,
    pub(super) parser: TokenParser,
    /// What the prompt began and the tokens so far.
    pub(super) text: Vec<u8>,
    /// Tokens so far, each with the length of the text before it.
    pub(super) tokens: Vec<(u32, usize)>,
    /// Tokens refused, by how many are before them.
    pub(super) refused: BTreeMap<usize, BTreeSet<u32>>,
    pub(super) hints: Vec<Hint>,
    pub(super) verdict: Verdict,
    backtracks: u32,
    pub(super) names: bool,
    /// The grammar's mask at this place, if it was computed, and within how many items.
    pub(super) masked: Option<(usize, SimpleVob)>,
}

impl Constrained {
    pub(super) fn new(
        vocabulary: Arc<Vocabulary>,
        catalog: Arc<Catalog>,
        parser: TokenParser,
        begun: &str,
    ) -> Result<Self, ConstraintError> {
        let mut answer = Self {
            vocabulary,
            catalog,
            parser,
            text: Vec::new(),
            tokens: Vec::new(),
            refused: BTreeMap::new(),
            hints: Vec::new(),
            verdict: Verdict::default(),
            backtracks: 0,
            names: true,
            masked: None,
        };
        if !begun.trim().is_empty() {
            let tokens = answer.vocabulary.trie().greedy_tokenize(begun.as_bytes());
            guarded(|| {
                tokens.iter().try_for_each(|token| {
                    answer.parser.consume_token(*token).map(|_| ()).map_err(failed)
                })
            })?;
            answer.text.extend_from_slice(begun.as_bytes());
        }
        answer.look();
        Ok(answer)
    }

    /// Whether a token is in the mask, without the others: a hundredth of the time.
    ///
    /// # Errors
    /// A failure of the parser.
    pub fn allows(
        &mut self,
        token: u32,
        tokenizer: &TextTokenizer,
    ) -> Result<bool, ConstraintError> {
        if self.refused.get(&self.tokens.len()).is_some_and(|refused| refused.contains(&token)) {
            return Ok(false);
        }
        if tokenizer.ends_turn(token) {
            return Ok(token == tokenizer.end() && self.is_complete());
        }
        let bytes = tokenizer.bytes(token);
        if bytes.is_empty() {
            return Ok(false);
        }
        if self.names {
            let named = self.verdict.choice.as_ref().is_none_or(|choice| {
                let written = self.text.get(choice.from..).unwrap_or_default();
                let mut all = written.iter().chain(bytes);
                all.try_fold(choice.start(), |cursor, byte| choice.step(cursor, *byte)).is_some()
            });
            let hinted = self.hints.iter().rev().all(|hint| {
                let mut all = self.text.iter().chain(bytes);
                all.try_fold(Walk::Before(0), |walk, byte| hint.step(walk, *byte)).is_some()
            });
            if !named || !hinted {
                return Ok(false);
            }
        }
        self.grammar_allows(token)
    }

    /// Whether the grammar allows a token, whatever names there are.
    ///
    /// # Errors
    /// A failure of the parser.
    pub fn grammar_allows(&mut self, token: u32) -> Result<bool, ConstraintError> {
        guarded(|| self.parser.validate_token(token).map_err(failed))
    }

    /// What is to be done with a token of the mask.
    ///
    /// # Errors
    /// A failure of the parser.
    pub fn judge(
        &mut self,
        token: u32,
        tokenizer: &TextTokenizer,
    ) -> Result<Judgement, ConstraintError> {
        let end = tokenizer.ends_turn(token);
        let bytes = if end { &[] } else { tokenizer.bytes(token) };
        if !end && self.glues(bytes)? {
            self.refuse(self.tokens.len(), token);
            return Ok(Judgement::Bad);
        }
        if !self.names {
            return Ok(Judgement::Good);
        }
        let mut text = self.text.clone();
        text.extend_from_slice(bytes);
        let text = valid(&text);
        // The text's end, as the scanner of the generator sees it.
        let fence = stop::fence(text);
        let verdict = scope::check(
            &self.catalog,
            fence.map_or(text, |at| text.get(..at).unwrap_or_default()),
            end || fence.is_some(),
        );
        let Some(violation) = verdict.violation else { return Ok(Judgement::Good) };
        let start = self.verdict.choice.as_ref().map_or(self.text.len(), |choice| choice.from);
        let position = self.tokens.iter().rposition(|(_, before)| *before <= violation.at);
        if violation.at >= start.min(self.text.len()) || position.is_none() {
            self.refuse(self.tokens.len(), token);
            return Ok(Judgement::Bad);
        }
        let position = position.unwrap_or(0);
        self.backtracks += 1;
        if self.backtracks > MAX_BACKTRACKS {
            self.names = false;
            return Ok(Judgement::Good);
        }
        let back = self.tokens.len() - position;
        let offender = self.tokens.get(position).map(|(token, _)| *token);
        self.forget_after(position, violation.at);
        let before = self.text.get(..violation.at).unwrap_or_default().to_vec();
        match violation.instead {
            Some(names) if self.hints.iter().all(|hint| hint.before != before) => {
                self.hints.push(Hint { before, names: Choice::new(violation.at, vec![names]) });
            }
            // It was written by the hint, or there is none: then this is the wrong way in.
            _ => {
                if let Some(offender) = offender {
                    self.refuse(position, offender);
                }
            }
        }
        Ok(Judgement::Back(back))
    }

    fn refuse(&mut self, position: usize, token: u32) {
        self.refused.entry(position).or_default().insert(token);
    }

    /// What was refused behind a position belongs to a text that is no more.
    fn forget_after(&mut self, position: usize, offset: usize) {
        self.refused.retain(|at, _| *at <= position);
        self.hints.retain(|hint| hint.before.len() <= offset);
    }

    /// Whether the grammar would read as two what the server reads as one: a keyword and a name
    /// without a space between, or operators that make a comment.
    fn glues(&mut self, bytes: &[u8]) -> Result<bool, ConstraintError> {
        let mut before = self.text.last().copied();
        guarded(|| {
            // A lexeme that cannot go on ends with its last byte, others with the next.
            let mut fresh = !self.parser.parser.has_pending_lexeme_bytes();
            Ok(self.parser.parser.with_recognizer(|recognizer| {
                recognizer.trie_started("glue");
                let mut glued = false;
                for byte in bytes {
                    let state = recognizer.lexer_state();
                    let next =
                        recognizer.lexer_mut().transition_start_state(state, Some(*byte), &None);
                    if let Some(before) = before
                        && (fresh || next.is_dead())
                    {
                        glued |= (is_word_byte(before) && is_word_byte(*byte))
                            || matches!((before, byte), (b'-', b'-') | (b'/', b'*'));
                    }
                    if glued || !recognizer.try_push_byte(*byte) {
                        break;
                    }
                    fresh = !next.is_dead() && recognizer.lexer_state() != next;
                    before = Some(*byte);
                }
                recognizer.trie_finished();
                glued
            }))
        })
    }

    /// Takes a token of the mask.
    ///
    /// # Errors
    /// A failure of the parser.
    pub fn advance(
        &mut self,
        token: u32,
        tokenizer: &TextTokenizer,
    ) -> Result<(), ConstraintError> {
        let bytes = if tokenizer.ends_turn(token) { &[] } else { tokenizer.bytes(token) };
        self.advance_by(token, bytes)
    }

    /// Takes a token whose bytes are known.
    pub(crate) fn advance_by(&mut self, token: u32, bytes: &[u8]) -> Result<(), ConstraintError> {
        guarded(|| self.parser.consume_token(token).map_err(failed))?;
        self.tokens.push((token, self.text.len()));
        self.text.extend_from_slice(bytes);
        self.look();
        Ok(())
    }

    /// Takes back the last `count` tokens.
    ///
    /// # Errors
    /// A failure of the parser.
    pub fn rollback(&mut self, count: usize) -> Result<(), ConstraintError> {
        guarded(|| self.parser.rollback(count).map_err(failed))?;
        let keep = self.tokens.len().saturating_sub(count);
        if let Some((_, before)) = self.tokens.get(keep) {
            self.text.truncate(*before);
        }
        self.tokens.truncate(keep);
        self.look();
        Ok(())
    }

    fn look(&mut self) {
        self.masked = None;
        self.verdict = if self.names {
            scope::check(&self.catalog, valid(&self.text), false)
        } else {
            Verdict::default()
        };
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        valid(&self.text)
    }

    /// Whether the text is a whole statement.
    pub fn is_complete(&mut self) -> bool {
        guarded(|| Ok(self.parser.is_accepting())).unwrap_or(false)
    }

    /// Whether names are still looked at.
    pub fn keeps_names(&self) -> bool {
        self.names
    }

    /// No longer looks at names.
    pub fn give_up_names(&mut self) {
        self.names = false;
    }
}

/// The part of a text that is whole characters.
pub(super) fn valid(text: &[u8]) -> &str {
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => text
            .get(..error.valid_up_to())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default(),
    }
}
