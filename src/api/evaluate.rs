//! `evaluate`: whether a question's answer has the rows of a known statement.
//!
//! Asks and runs as `ask` does, and compares as `text2sql-cli eval` does. A question that is
//! answered wrongly, or not at all, is a result here and no error.

use std::time::Instant;

use pgrx::prelude::*;
use text2sql_core::pipeline::Outcome;
use text2sql_core::score::same;

use super::admin::require_preload;
use super::answer::Answer;
use super::ask::parse;
use super::check::{Running, rows};
use super::confirm;
use super::limits::Guard;
use super::question::Question;
use crate::audit::{Gave, Given, audited};
use crate::error::{self, Error};
use crate::exec::{ExecError, ResultSet};

/// What became of a question.
struct Evaluated {
    verdict: &'static str,
    answer: Option<Answer<ResultSet>>,
    candidate: Option<String>,
    reason: Option<String>,
    milliseconds: f64,
}

impl Evaluated {
    /// What the audit log is told of it.
    fn gave(&self) -> Gave<'_> {
        self.answer.as_ref().map_or_else(Gave::default, |answer| Gave {
            rows: Some(answer.checked.rows.len()),
            ..answer.gave()
        })
    }
}

/// Asks, and compares the rows with those of a known statement: as a multiset, or as a sequence where
/// the question asks for an order.
#[pg_extern(volatile, parallel_unsafe, strict)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn evaluate(
    question: &str,
    gold: &str,
    ordered: default!(bool, false),
) -> TableIterator<
    'static,
    (
        name!(verdict, String),
        name!(sql, Option<String>),
        name!(attempts, Option<i32>),
        name!(milliseconds, f64),
        name!(reason, Option<String>),
    ),
> {
    require_preload();
    let work = || evaluated(question, gold, ordered);
    let done = audited("evaluate", Given::Question(question), work, Evaluated::gave);
    let written = done.answer.as_ref().map(|answer| answer.sql.pretty());
    TableIterator::once((
        done.verdict.to_owned(),
        written.or(done.candidate),
        done.answer.map(|answer| i32::try_from(answer.attempts).unwrap_or(i32::MAX)),
        done.milliseconds,
        done.reason,
    ))
}

fn evaluated(question: &str, gold: &str, ordered: bool) -> Result<Evaluated, Error> {
    confirm::allow_unseen()?;
    let guard = Guard::of_caller()?;
    let known = guard.run(&parse(gold)?)?;
    if known.truncated.is_some() {
        return Err(Error::GoldTooLarge);
    }
    let begun = Instant::now();
    let answered = Question::at_once(question, None, &guard)?.answer_surely(&Running(&guard));
    let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
    let (verdict, answer, failure) = match answered {
        Ok(answer) => {
            let got = &answer.checked;
            let is_right = got.truncated.is_none() && same(&rows(&known), &rows(got), ordered);
            (if is_right { "right" } else { "wrong_rows" }, Some(answer), None)
        }
        Err(failure) => match class(&failure) {
            Some(verdict) => (verdict, None, Some(failure)),
            None => return Err(failure),
        },
    };
    let candidate = failure.as_ref().and_then(Error::candidate).map(str::to_owned);
    let reason = failure.map(|failure| error::told(failure).reason);
    Ok(Evaluated { verdict, answer, candidate, reason, milliseconds })
}

/// The class of a failure; nothing where it says nothing of the question.
fn class(failure: &Error) -> Option<&'static str> {
    match failure {
        Error::NoStatement(outcome) => Some(match **outcome {
            Outcome::Refused { .. } => "refused",
            _ => "no_statement",
        }),
        Error::Ambiguous { .. } => Some("asked_back"),
        Error::Unrelated { .. } | Error::Missing { .. } | Error::Uncertain { .. } => {
            Some("declined")
        }
        Error::Exec(ExecError::Timeout { .. }) => Some("timeout"),
        Error::Exec(ExecError::Permission { .. } | ExecError::Refused { .. }) => Some("refused"),
        Error::Exec(
            ExecError::Cost { .. } | ExecError::TooDeep { .. } | ExecError::Execution { .. },
        ) => Some("run_error"),
        _ => None,
    }
}
