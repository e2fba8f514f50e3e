//! Which tokens may come next: constrained decoding.
//!
//! Owns the vocabulary as a trie, compiled grammars, indexed catalogs, and the state of one
//! constrained answer ([`Constrained`]). What a statement may look like, and which names can
//! stand where, is [`text2sql_core::grammar`]'s; choosing tokens is the generator's. Nothing here
//! is a gate: what comes of a constrained answer is checked like any other.
//!
//! Three things narrow the next token. The grammar, as a mask over the vocabulary. The names that
//! can stand at the end of the text, as a second mask, where they are known. And, for the one
//! token that was chosen, a look at the text with it: a name may turn out wrong when the `FROM`
//! clause behind it is complete. Then the answer is taken back to where that name begins.
//!
//! Called by the generator; the caches live with the loaded model.

mod answer;
mod cache;
mod forced;
mod masks;
mod trie;
mod vocabulary;

pub use answer::{Constrained, Judgement};
pub use cache::Constraints;
pub use vocabulary::Vocabulary;

/// Why there is no constraint, or no longer one. The answer goes on without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The request's constraint has too many or too long names.
    #[error("the constraint is too large")]
    TooLarge,
    /// The vocabulary cannot be made a trie.
    #[error("the vocabulary cannot be constrained")]
    Vocabulary,
    /// The grammar's compiler or parser gave up.
    #[error("the grammar failed: {0}")]
    Grammar(String),
    /// No token is allowed.
    #[error("no token is allowed")]
    DeadEnd,
}

/// Runs code of the grammar's parser, whose panics are no reason to lose the answer.
fn guarded<T>(work: impl FnOnce() -> Result<T, ConstraintError>) -> Result<T, ConstraintError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ConstraintError::Grammar("its parser panicked".into())))
}

/// An answer over a vocabulary and a catalog that are made up.
#[cfg(test)]
pub(crate) fn made_up() -> Result<(Constrained, Vec<Vec<u8>>), ConstraintError> {
    use text2sql_core::grammar::{Catalog, lark};
    use text2sql_core::protocol::{Constraint, ConstraintRelation};
    let tokens = vocabulary::tests::tokens();
    let vocabulary = Vocabulary::of(&tokens, tokens.len() as u32 - 1)?;
    let grammar = llguidance::api::TopLevelGrammar::from_lark(lark(&[]));
    let mut parser = vocabulary.factory().create_parser(grammar).map_err(failed)?;
    parser.start_without_prompt();
    let columns = vec!["a1".into(), "c".into()];
    let relation = ConstraintRelation { schema: "s".into(), name: "tab".into(), columns };
    let constraint = Constraint { relations: vec![relation], ..Constraint::default() };
    let catalog = std::sync::Arc::new(Catalog::new(&constraint));
    let answer = Constrained::new(std::sync::Arc::new(vocabulary), catalog, parser, "")?;
    Ok((answer, tokens))
}

fn failed(error: impl std::fmt::Display) -> ConstraintError {
    ConstraintError::Grammar(error.to_string().chars().take(500).collect())
}
