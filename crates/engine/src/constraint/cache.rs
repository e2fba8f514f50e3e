//! What is kept from request to request: compiled grammars and indexed catalogs.
//!
//! Owns how many. A grammar depends on the functions of a request only, so one serves nearly all
//! of them, and what its lexer has learnt serves the next request too. A catalog is kept by all
//! its names, not by its fingerprint: two roles may see different parts of one catalog.

use std::collections::VecDeque;
use std::sync::Arc;

use llguidance::TokenParser;
use llguidance::api::TopLevelGrammar;
use text2sql_core::grammar::{self, Catalog};
use text2sql_core::protocol::Constraint;

use super::answer::Constrained;
use super::vocabulary::Vocabulary;
use super::{ConstraintError, failed, guarded};
use crate::tokenizer::TextTokenizer;

/// Grammars kept. One takes about 10 MB once its lexer has met many statements.
const MAX_GRAMMARS: usize = 4;

/// Catalogs kept, of at most `MAX_CONSTRAINT_NAMES` names each.
const MAX_CATALOGS: usize = 4;

struct Compiled {
    functions: Vec<String>,
    parser: TokenParser,
}

impl Compiled {
    fn new(vocabulary: &Vocabulary, functions: &[String]) -> Result<Self, ConstraintError> {
        let grammar = TopLevelGrammar::from_lark(grammar::lark(functions));
        let mut parser = vocabulary.factory().create_parser(grammar).map_err(failed)?;
        parser.start_without_prompt();
        Ok(Self { functions: functions.to_vec(), parser })
    }

    /// Whether answers can still be constrained by it. A lexer that ran out of states or steps
    /// never recovers, nor does one in which something panicked, and all clones share it.
    fn works(&self) -> bool {
        guarded(|| Ok(self.parser.parser.get_error().is_none())).unwrap_or(false)
    }
}

/// The grammars and catalogs of a loaded model.
pub struct Constraints {
    vocabulary: Option<Arc<Vocabulary>>,
    /// Last used first.
    grammars: VecDeque<Compiled>,
    catalogs: VecDeque<(Constraint, Arc<Catalog>)>,
}

impl Constraints {
    /// For a model's tokenizer. A vocabulary that cannot be constrained makes every
    /// [`Constraints::start`] fail.
    pub fn new(tokenizer: &TextTokenizer) -> Self {
        Self {
            vocabulary: Vocabulary::new(tokenizer).ok().map(Arc::new),
            grammars: VecDeque::new(),
            catalogs: VecDeque::new(),
        }
    }

    /// The state of a new answer under `constraint`, which continues `assistant_prefix`.
    ///
    /// # Errors
    /// [`ConstraintError`], where the answer has to do without a constraint.
    pub fn start(
        &mut self,
        constraint: &Constraint,
        assistant_prefix: &str,
    ) -> Result<Constrained, ConstraintError> {
        if !constraint.is_reasonable() {
            return Err(ConstraintError::TooLarge);
        }
        let vocabulary = Arc::clone(self.vocabulary.as_ref().ok_or(ConstraintError::Vocabulary)?);
        let catalog = self.catalog(constraint);
        let parser = guarded(|| self.parser(&vocabulary, &constraint.functions))?;
        // What stands behind an opened fence is the statement's beginning.
        let begun = assistant_prefix
            .rsplit_once("```")
            .map_or(assistant_prefix, |(_, line)| line.split_once('\n').map_or("", |(_, sql)| sql));
        Constrained::new(vocabulary, catalog, parser, begun)
    }

    /// Forgets everything but the vocabulary: after a panic a lexer may be half changed.
    pub fn clear(&mut self) {
        self.grammars.clear();
        self.catalogs.clear();
    }

    /// Grammars and catalogs kept.
    pub fn len(&self) -> (usize, usize) {
        (self.grammars.len(), self.catalogs.len())
    }

    fn catalog(&mut self, constraint: &Constraint) -> Arc<Catalog> {
        let same = self.catalogs.iter().position(|(kept, _)| {
            // The fingerprint first: mostly it tells them apart.
            kept.fingerprint == constraint.fingerprint && kept == constraint
        });
        let entry = same
            .and_then(|index| self.catalogs.remove(index))
            .unwrap_or_else(|| (constraint.clone(), Arc::new(Catalog::new(constraint))));
        let catalog = Arc::clone(&entry.1);
        self.catalogs.truncate(MAX_CATALOGS - 1);
        self.catalogs.push_front(entry);
        catalog
    }

    fn parser(
        &mut self,
        vocabulary: &Vocabulary,
        functions: &[String],
    ) -> Result<TokenParser, ConstraintError> {
        let same = self.grammars.iter().position(|kept| kept.functions == functions);
        let kept = same.and_then(|index| self.grammars.remove(index));
        let compiled = match kept.filter(Compiled::works) {
            Some(compiled) => compiled,
            None => Compiled::new(vocabulary, functions)?,
        };
        // A clone shares the lexer, and so everything it learns.
        let parser = compiled.parser.clone();
        self.grammars.truncate(MAX_GRAMMARS - 1);
        self.grammars.push_front(compiled);
        Ok(parser)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::tests::tokens;
    use super::*;

    #[test]
    fn a_grammar_whose_lexer_failed_is_compiled_anew() {
        let tokens = tokens();
        let vocabulary = Vocabulary::of(&tokens, tokens.len() as u32 - 1).unwrap();
        let mut constraints = Constraints {
            vocabulary: Some(Arc::new(vocabulary)),
            grammars: VecDeque::new(),
            catalogs: VecDeque::new(),
        };
        let constraint = Constraint::default();
        let mut answer = constraints.start(&constraint, "").unwrap();
        let broken = guarded(|| answer.parser.parser.test_trigger_lexer_error().map_err(failed));
        assert!(broken.is_err() && answer.mask().is_err(), "its lexer is lost");
        for _ in 0..2 {
            let mut next = constraints.start(&constraint, "").unwrap();
            assert!(next.mask().is_ok());
            assert_eq!(constraints.len(), (1, 1));
        }
    }
}
