//! The state of one constrained answer.
//!
//! Owns the parser's position, the text so far, what was refused where, and when to stop caring
//! about names. Works on bytes and tokens; computes no logits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use llguidance::TokenParser;
use text2sql_core::grammar::scope::{self, Verdict};
use text2sql_core::grammar::{Catalog, Choice, Cursor, is_word_byte};
use toktrie::{Recognizer, SimpleVob};

use super::vocabulary::{Masker, Vocabulary};
use super::{ConstraintError, failed, guarded};
use crate::tokenizer::TextTokenizer;

/// Times an answer is taken back before names are no longer looked at: each costs the tokens
/// behind the wrong name once more.
const MAX_BACKTRACKS: u32 = 12;

/// Items of the parser that are made for one choice: some 30 nanoseconds each.
const MAX_ITEMS: usize = 4_000;

/// Bytes that can follow a complete name, for finding out which tokens its end is made of.
const AFTER_NAMES: &[&str] = &[" ", ",", ")", "\n", ";", ".", ":", "(", "[", "=", "<", "-", "|"];

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

/// Names that are right behind a text, as far as could be seen when there was more of it.
struct Hint {
    before: Vec<u8>,
    names: Choice,
}

/// How far a hint's text, and the name behind it, are written.
#[derive(Debug, Clone, Copy)]
enum Walk {
    Before(usize),
    Name(Cursor),
    /// Another text, of which nothing is known.
    Elsewhere,
}

impl Hint {
    fn step(&self, walk: Walk, byte: u8) -> Option<Walk> {
        match walk {
            Walk::Before(at) => match self.before.get(at) {
                Some(same) if *same == byte => Some(Walk::Before(at + 1)),
                Some(_) => Some(Walk::Elsewhere),
                None => self.names.step(self.names.start(), byte).map(Walk::Name),
            },
            Walk::Name(cursor) => self.names.step(cursor, byte).map(Walk::Name),
            Walk::Elsewhere => Some(walk),
        }
    }
}

/// One answer.
pub struct Constrained {
    vocabulary: Arc<Vocabulary>,
    catalog: Arc<Catalog>,
    parser: TokenParser,
    /// What the prompt began and the tokens so far.
    text: Vec<u8>,
    /// Tokens so far, each with the length of the text before it.
    tokens: Vec<(u32, usize)>,
    /// Tokens refused, by how many are before them.
    refused: BTreeMap<usize, BTreeSet<u32>>,
    hints: Vec<Hint>,
    verdict: Verdict,
    backtracks: u32,
    names: bool,
    /// The grammar's mask at this place, if it was computed, and within how many items.
    masked: Option<(usize, SimpleVob)>,
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

    /// The tokens allowed next, over the whole vocabulary; the end token among them where the
    /// statement may be complete. A token may still be [`Judgement::Bad`].
    ///
    /// # Errors
    /// [`ConstraintError::DeadEnd`] where there is none, or a failure of the parser.
    pub fn mask(&mut self) -> Result<SimpleVob, ConstraintError> {
        self.mask_within(usize::MAX)
    }

    /// All tokens of the mask, and a few that the grammar may not allow: those of several lexemes,
    /// of which each costs a step of the parser. [`Constrained::grammar_allows`] tells.
    ///
    /// # Errors
    /// As [`Constrained::mask`].
    pub fn candidates(&mut self) -> Result<SimpleVob, ConstraintError> {
        self.mask_within(MAX_ITEMS)
    }

    fn mask_within(&mut self, items: usize) -> Result<SimpleVob, ConstraintError> {
        let grammar = self.grammar_mask(items)?;
        let refused = self.refused.get(&self.tokens.len());
        let narrowed = |with_names: Option<SimpleVob>| {
            let mut mask = grammar.clone();
            if let Some(mut names) = with_names {
                let trie = self.vocabulary.trie();
                names.or(&trie.eos_token_set());
                mask.and(&names);
            }
            for token in refused.into_iter().flatten() {
                mask.disallow_token(*token);
            }
            (!mask.is_zero()).then_some(mask)
        };
        if self.names {
            let names = self.name_mask();
            let hinted = self.hint_mask().and_then(|mut mask| {
                if let Some(names) = &names {
                    mask.and(names);
                }
                narrowed(Some(mask))
            });
            if let Some(mask) = hinted.or_else(|| narrowed(names)) {
                return Ok(mask);
            }
            self.names = false;
        }
        narrowed(None).ok_or(ConstraintError::DeadEnd)
    }

    /// The tokens the grammar allows, and where that would take more than so many items of its
    /// parser, some that it may not.
    fn grammar_mask(&mut self, items: usize) -> Result<SimpleVob, ConstraintError> {
        if let Some((of, mask)) = &self.masked
            && *of == items
        {
            return Ok(mask.clone());
        }
        let masker = Masker { vocabulary: &self.vocabulary, items };
        let mask = guarded(|| {
            // The parser keeps the last one by what does not tell one state from another always.
            self.parser.parser.invalidate_bias_cache();
            let mut mask = self.parser.parser.compute_bias(&masker, &[]);
            if let Some(error) = self.parser.parser.get_error() {
                return Err(failed(error.message()));
            }
            if self.parser.is_accepting() {
                mask.or(&self.vocabulary.trie().eos_token_set());
            }
            Ok(mask)
        })?;
        self.masked = Some((items, mask.clone()));
        Ok(mask)
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

    /// Tokens that go on with a name that can stand here; none where any can.
    fn name_mask(&self) -> Option<SimpleVob> {
        let choice = self.verdict.choice.as_ref()?;
        let cursor = choice.walk(self.text.get(choice.from..)?)?;
        if cursor != choice.start() || choice.sets().is_empty() {
            return Some(self.vocabulary.goes_on(choice, cursor));
        }
        // Together they take what each of them takes.
        let mut mask = self.vocabulary.trie().alloc_token_set();
        choice.sets().iter().for_each(|set| self.vocabulary.add_names(set, &mut mask));
        Some(mask)
    }

    /// Tokens that go on with a name that was found to be right here.
    fn hint_mask(&self) -> Option<SimpleVob> {
        self.hints.iter().rev().find_map(|hint| {
            let walk =
                self.text.iter().try_fold(Walk::Before(0), |walk, byte| hint.step(walk, *byte))?;
            let settled = |walk: &Walk| match walk {
                Walk::Elsewhere => true,
                Walk::Name(cursor) => cursor.is_behind(),
                Walk::Before(_) => false,
            };
            (!settled(&walk))
                .then(|| self.vocabulary.stepped(walk, settled, |walk, byte| hint.step(walk, byte)))
        })
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
        let fence = text.find("```");
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

    /// The tokens that must come next, where a name can go on in one way only. They are what the
    /// tokenizer makes of the text with them, whatever comes behind.
    pub fn forced(&mut self, tokenizer: &TextTokenizer) -> Vec<u32> {
        self.forced_by_name(tokenizer).unwrap_or_default()
    }

    fn forced_by_name(&mut self, tokenizer: &TextTokenizer) -> Option<Vec<u32>> {
        if !self.names {
            return None;
        }
        let choice = self.verdict.choice.clone()?;
        let written = self.text.get(choice.from..)?.to_vec();
        if written.is_empty() {
            return None;
        }
        let forced = choice.forced(&written);
        if forced.is_empty() || !self.fits(&forced) {
            return None;
        }
        // From a token that begins with white space on, tokens do not depend on what is before.
        let begin = self.tokens.iter().rposition(|(token, before)| {
            *before < choice.from
                && tokenizer.bytes(*token).first().is_some_and(u8::is_ascii_whitespace)
        })?;
        let tail = self.tokens.get(begin..)?;
        let mut text = valid(self.text.get(tail.first()?.1..)?).to_owned();
        text.push_str(std::str::from_utf8(&forced).ok()?);
        let whole =
            choice.walk(text.as_bytes().get(text.len() - written.len() - forced.len()..)?)?;
        let mut probes: Vec<String> = (0x21..0x7F)
            .filter(|byte| is_word_byte(*byte) && choice.step(whole, *byte).is_some())
            .map(|byte| char::from(byte).to_string())
            .collect();
        if choice.step(whole, b' ').is_some() {
            probes.extend(AFTER_NAMES.iter().map(|after| (*after).to_owned()));
        }
        let mut common: Option<Vec<u32>> = None;
        for probe in probes {
            let tokens = tokenizer.encode_rest(&format!("{text}{probe}")).ok()?;
            common = Some(match common {
                None => tokens,
                Some(common) => common
                    .into_iter()
                    .zip(tokens)
                    .take_while(|(a, b)| a == b)
                    .map(|p| p.0)
                    .collect(),
            });
        }
        let common = common?;
        let same = tail.iter().zip(&common).all(|((token, _), other)| token == other);
        let rest = common.get(tail.len()..).filter(|_| same)?;
        let mut bytes = 0;
        let count = rest
            .iter()
            .take_while(|token| {
                bytes += tokenizer.bytes(**token).len();
                bytes <= forced.len()
            })
            .count();
        rest.get(..count).map(<[u32]>::to_vec)
    }

    /// Whether the grammar can go on with these bytes.
    fn fits(&mut self, bytes: &[u8]) -> bool {
        guarded(|| {
            Ok(self.parser.parser.with_recognizer(|recognizer| {
                recognizer.trie_started("forced");
                let fits = bytes.iter().all(|byte| recognizer.try_push_byte(*byte));
                recognizer.trie_finished();
                fits
            }))
        })
        .unwrap_or(false)
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
fn valid(text: &[u8]) -> &str {
    match std::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => text
            .get(..error.valid_up_to())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default(),
    }
}
