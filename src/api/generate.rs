//! `generate`: the statement; `prompt`: what the model would be sent.

use pgrx::prelude::*;

use super::admin::require_preload;
use super::limits::Guard;
use super::question::Question;
use crate::error::raise;
use crate::ipc::mailbox;

/// The SELECT that answers the question, laid out over lines.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn generate(question: &str) -> String {
    require_preload();
    let answer = Guard::of_caller()
        .and_then(|guard| Question::new(question, None, &guard)?.answer(|sql| guard.validate(sql)))
        .unwrap_or_else(|error| raise(error));
    answer.sql.pretty()
}

/// Exactly what the model would be sent for the question, special tokens included.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn prompt(question: &str) -> String {
    require_preload();
    let question = Guard::of_caller()
        .and_then(|guard| Question::new(question, None, &guard))
        .unwrap_or_else(|error| raise(error));
    let chat = mailbox::view().model.map(|model| model.chat).unwrap_or_default();
    chat.render(&question.prompt)
}
