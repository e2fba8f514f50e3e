//! Which tokens an answer may go on with.
//!
//! Owns the masks over the whole vocabulary: what the grammar allows, narrowed to the names that can
//! stand there and to what was not refused. Called by the generation, through [`Constrained`].

use text2sql_core::grammar::{Choice, Cursor};
use toktrie::SimpleVob;

use super::answer::Constrained;
use super::vocabulary::Masker;
use super::{ConstraintError, failed, guarded};

/// Items of the parser that are made for one choice: some 30 nanoseconds each.
const MAX_ITEMS: usize = 4_000;

/// Names that are right behind a text, as far as could be seen when there was more of it.
pub(super) struct Hint {
    pub(super) before: Vec<u8>,
    pub(super) names: Choice,
}

/// How far a hint's text, and the name behind it, are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Walk {
    Before(usize),
    Name(Cursor),
    /// Another text, of which nothing is known.
    Elsewhere,
}

impl Hint {
    pub(super) fn step(&self, walk: Walk, byte: u8) -> Option<Walk> {
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

impl Constrained {
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
}
