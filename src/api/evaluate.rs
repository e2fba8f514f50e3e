//! `evaluate`: whether a question's answer has the rows of a known statement.
//!
//! Asks and runs as `ask` does, and compares as `text2sql-cli eval` does. A question that is
//! answered wrongly, or not at all, is a result here and no error.

use std::time::Instant;

use pgrx::prelude::*;
use serde_json::Value as Json;
use text2sql_core::pipeline::Outcome;
use text2sql_core::score::{Kind, Rows, Value, same};

use super::admin::require_preload;
use super::ask::parse;
use super::confirm;
use super::limits::Guard;
use super::question::{Answer, Question};
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
    let answered = Question::at_once(question, None, &guard)?.answer(|sql| guard.run(sql));
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
        Error::Exec(ExecError::Timeout { .. }) => Some("timeout"),
        Error::Exec(ExecError::Permission { .. } | ExecError::Refused { .. }) => Some("refused"),
        Error::Exec(
            ExecError::Cost { .. } | ExecError::TooDeep { .. } | ExecError::Execution { .. },
        ) => Some("run_error"),
        _ => None,
    }
}

fn rows(result: &ResultSet) -> Rows {
    let kinds: Vec<Kind> = result.columns.iter().map(|column| kind(&column.type_name)).collect();
    let row = |text: &String| -> Vec<Value> {
        let row: Json = serde_json::from_str(text).unwrap_or_default();
        let values = row.as_object().into_iter().flat_map(|object| object.values());
        values.zip(&kinds).map(|(value, kind)| of_json(*kind, value)).collect()
    };
    result.rows.iter().map(row).collect()
}

fn of_json(kind: Kind, value: &Json) -> Value {
    match value {
        Json::Null => Value::new(kind, None),
        Json::String(text) if kind == Kind::Moment => {
            Value::new(kind, Some(&text.replacen('T', " ", 1)))
        }
        Json::String(text) => Value::new(kind, Some(text)),
        other => Value::new(kind, Some(&other.to_string())),
    }
}

fn kind(type_name: &str) -> Kind {
    match type_name.split('(').next().unwrap_or_default().trim_end() {
        "smallint" | "integer" | "bigint" | "real" | "double precision" | "numeric" | "oid" => {
            Kind::Number
        }
        "date" | "timestamp without time zone" | "timestamp with time zone" | "timestamp" => {
            Kind::Moment
        }
        _ => Kind::Text,
    }
}
