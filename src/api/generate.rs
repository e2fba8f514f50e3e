//! `generate`: the statement; `prompt`: what the model would be sent.

use pgrx::prelude::*;

use super::admin::require_preload;
use super::limits;
use super::question::Question;
use crate::error::{Error, raise};
use crate::exec;
use crate::ipc::mailbox;

/// The SELECT that answers the question, laid out over lines.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn generate(question: &str) -> String {
    require_preload();
    let limits = limits::of_execution();
    let answer = Question::new(question, None)
        .and_then(|q| q.answer(|sql, identity| exec::validate(sql.text(), identity, &limits)))
        .unwrap_or_else(|error| raise(error));
    answer.sql.pretty()
}

/// Exactly what the model would be sent for the question, special tokens included.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn prompt(question: &str) -> String {
    require_preload();
    let question: Result<Question, Error> = Question::new(question, None);
    let question = question.unwrap_or_else(|error| raise(error));
    let chat = mailbox::view().model.map(|model| model.chat).unwrap_or_default();
    chat.render(&question.prompt)
}
