//! `generate`: the statement; `prompt`: what the model would be sent.

use pgrx::prelude::*;

use super::admin::require_preload;
use super::check::Planning;
use super::confirm;
use super::limits::Guard;
use super::question::Question;
use crate::audit::{Given, audited};
use crate::error::raise;
use crate::guc;
use crate::ipc::mailbox;

/// The SELECT that answers the question, laid out over lines; where confirmation is required,
/// sealed for `run`.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn generate(question: &str) -> String {
    require_preload();
    let work = || {
        let guard = Guard::of_caller()?;
        let answer = Question::at_once(question, None, &guard)?.answer_surely(&Planning(&guard))?;
        let sql = answer.sql.pretty();
        let shown = if guc::require_confirm() { confirm::sealed(&sql, &guard)? } else { sql };
        Ok((answer, shown))
    };
    let (_, shown) =
        audited("generate", Given::Question(question), work, |(answer, _)| answer.gave());
    shown
}

/// Exactly what the model would be sent for the question, special tokens included.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn prompt(question: &str) -> String {
    require_preload();
    let chat = mailbox::view().model.map(|model| model.chat).unwrap_or_default();
    let text = Guard::of_caller().and_then(|guard| {
        let question = Question::new(question, None, &guard)?;
        Ok(chat.render(question.prompt()))
    });
    text.unwrap_or_else(|error| raise(error))
}
