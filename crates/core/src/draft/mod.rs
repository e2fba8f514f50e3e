//! What a statement is likely to go on with, from the schema in its prompt and what is written of
//! it.
//!
//! Owns guesses that follow from how SQL is made: a join is made along a key, what is grouped by is
//! what is selected beside aggregates, a column begun has few ends. They decide nothing: the engine
//! computes them ahead and keeps what the model would have written. So nothing here has to be right,
//! only cheap and bounded; every text is taken, from whomever it is. Called by the engine's
//! generator, which knows tokens and no SQL.

mod guess;
mod shown;
mod written;

use std::cell::OnceCell;

use shown::Shown;

/// Longest answer that is looked at, bytes; its outline is made anew for each token.
const MAX_ANSWER: usize = 4096;

/// The relations of a prompt, to draft statements over them.
#[derive(Debug, Default)]
pub struct Draft {
    schema: String,
    relations: OnceCell<Vec<Shown>>,
}

impl Draft {
    /// Over the relations that `text` shows, as [`crate::schema::render`] writes them; it is read
    /// when the first guess is asked for.
    pub fn new(text: String) -> Self {
        Self { schema: text, relations: OnceCell::new() }
    }

    /// What `answer` may go on with, if there is anything likely.
    pub fn next(&self, answer: &str) -> Option<String> {
        if answer.len() > MAX_ANSWER {
            return None;
        }
        let relations = self.relations.get_or_init(|| shown::read(&self.schema));
        guess::next(relations, answer)
    }
}
