//! `evaluate`: whether a question's answer has the rows of a known statement, of one question or of
//! each in a table.
//!
//! Asks and runs as `ask` does, and compares as `text2sql-cli eval` does. A question that is
//! answered wrongly, or not at all, is a result here and no error.

use std::time::Instant;

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use serde::{Deserialize, Deserializer};
use text2sql_core::pipeline::Outcome;
use text2sql_core::schema::{RelationName, quote_qualified};
use text2sql_core::score::{Difference, Rows, least_difference};
use text2sql_core::shape::{self, Catalog, Cause, Shape};

use super::admin::require_preload;
use super::answer::Answer;
use super::ask::parse;
use super::check::{Running, rows};
use super::confirm;
use super::limits::Guard;
use super::question::Question;
use crate::audit::{Gave, Given, audited};
use crate::error::{self, Error, raise};
use crate::exec::{ExecError, ResultSet};
use crate::pg::facts;

/// What became of a question.
struct Evaluated {
    verdict: &'static str,
    answer: Option<Answer<ResultSet>>,
    candidate: Option<String>,
    reason: Option<String>,
    milliseconds: f64,
}

impl Evaluated {
    /// The columns of the functions, from `verdict` on.
    fn row(self) -> (String, Option<String>, Option<i32>, f64, Option<String>) {
        let written = self.answer.as_ref().map(|answer| answer.sql.pretty());
        let attempts = self.answer.map(|answer| i32::try_from(answer.attempts).unwrap_or(i32::MAX));
        let verdict = self.verdict.to_owned();
        (verdict, written.or(self.candidate), attempts, self.milliseconds, self.reason)
    }

    /// What the audit log is told of it.
    fn gave(&self) -> Gave<'_> {
        self.answer.as_ref().map_or_else(Gave::default, |answer| Gave {
            rows: Some(answer.checked.rows.len()),
            ..answer.gave()
        })
    }
}

/// A question with what is known to answer it.
#[derive(Deserialize)]
struct Known {
    question: String,
    gold: String,
    /// Whether the order of rows counts.
    #[serde(default, deserialize_with = "or_default")]
    ordered: bool,
    /// Further statements that are right, too.
    #[serde(default, deserialize_with = "or_default")]
    alternatives: Vec<String>,
}

fn or_default<'d, D: Deserializer<'d>, T: Default + Deserialize<'d>>(
    column: D,
) -> Result<T, D::Error> {
    Option::deserialize(column).map(Option::unwrap_or_default)
}

/// Asks, and compares the rows with those of known statements, one of which has to be met: as a
/// multiset, or as a sequence where the question asks for an order.
#[pg_extern(
    volatile,
    parallel_unsafe,
    strict,
    sql = r#"
CREATE FUNCTION text2sql.evaluate(question text, gold text, ordered boolean DEFAULT false, alternatives text[] DEFAULT '{}')
RETURNS TABLE (verdict text, sql text, attempts integer, milliseconds double precision, reason text)
VOLATILE STRICT PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#
)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn evaluate(
    question: &str,
    gold: &str,
    ordered: bool,
    alternatives: Vec<Option<String>>,
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
    let known = Known {
        question: question.to_owned(),
        gold: gold.to_owned(),
        ordered,
        alternatives: alternatives.into_iter().flatten().collect(),
    };
    let done = audited("evaluate", Given::Question(question), || alone(&known), Evaluated::gave);
    TableIterator::once(done.row())
}

/// Does the same with each row of a table or view. All known statements are run before the first
/// question is asked.
#[pg_extern(
    volatile,
    parallel_unsafe,
    strict,
    sql = r#"
CREATE FUNCTION text2sql.evaluate(questions regclass)
RETURNS TABLE (question text, verdict text, sql text, attempts integer, milliseconds double precision, reason text)
VOLATILE STRICT PARALLEL UNSAFE
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#
)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn evaluate_all(
    questions: Oid,
) -> TableIterator<
    'static,
    (
        name!(question, String),
        name!(verdict, String),
        name!(sql, Option<String>),
        name!(attempts, Option<i32>),
        name!(milliseconds, f64),
        name!(reason, Option<String>),
    ),
> {
    require_preload();
    let (guard, all) = of_table(questions).unwrap_or_else(|error| raise(error));
    TableIterator::new(all.into_iter().map(move |known| {
        let work = || asked(&known, &guard);
        let done = audited("evaluate", Given::Question(&known.question), work, Evaluated::gave);
        let (verdict, sql, attempts, milliseconds, reason) = done.row();
        (known.question, verdict, sql, attempts, milliseconds, reason)
    }))
}

/// The questions of a table, which is read as a statement would be; the known statements have run.
fn of_table(questions: Oid) -> Result<(Guard, Vec<Known>), Error> {
    confirm::allow_unseen()?;
    let guard = Guard::of_caller()?;
    let name = facts::relation(questions)
        .map(|relation| RelationName { schema: relation.schema, name: relation.name })
        .ok_or_else(|| Error::Questions("the relation does not exist".to_owned()))?;
    let rows = guard.run(&parse(&format!("SELECT t.* FROM {} AS t", quote_qualified(&name)))?)?;
    if rows.truncated.is_some() {
        return Err(Error::GoldTooLarge);
    }
    let all: Vec<Known> = rows
        .rows
        .iter()
        .map(|row| serde_json::from_str(row))
        .collect::<Result<_, _>>()
        .map_err(|error| Error::Questions(without_place(&error)))?;
    // Each is run anew with its question: the rows of all could be more than memory holds.
    for known in &all {
        rows_of(known, &guard).map_err(|error| Error::Gold {
            question: known.question.clone(),
            cause: Box::new(error),
        })?;
    }
    Ok((guard, all))
}

/// A message without the place in a row's JSON, which nobody has written.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn alone(known: &Known) -> Result<Evaluated, Error> {
    confirm::allow_unseen()?;
    asked(known, &Guard::of_caller()?)
}

/// The rows of every statement that is known to be right.
fn rows_of(known: &Known, guard: &Guard) -> Result<Vec<Rows>, Error> {
    let all = std::iter::once(&known.gold).chain(&known.alternatives);
    all.map(|sql| {
        let result = guard.run(&parse(sql)?)?;
        if result.truncated.is_some() { Err(Error::GoldTooLarge) } else { Ok(rows(&result)) }
    })
    .collect()
}

fn asked(known: &Known, guard: &Guard) -> Result<Evaluated, Error> {
    let golds = rows_of(known, guard)?;
    let begun = Instant::now();
    let question = Question::at_once(&known.question, None, guard)?;
    let answered = question.answer_surely(&Running(guard));
    let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
    let (verdict, answer, failure) = match answered {
        Ok(answer) => (verdict(known, &golds, &answer, guard)?, Some(answer), None),
        Err(failure) => match class(&failure) {
            Some(verdict) => (verdict, None, Some(failure)),
            None => return Err(failure),
        },
    };
    let candidate = failure.as_ref().and_then(Error::candidate).map(str::to_owned);
    let reason = failure.map(|failure| error::told(failure).reason);
    Ok(Evaluated { verdict, answer, candidate, reason, milliseconds })
}

/// The class of an answer by what its rows tell, and its statement where they do not.
fn verdict(
    known: &Known,
    golds: &[Rows],
    answer: &Answer<ResultSet>,
    guard: &Guard,
) -> Result<&'static str, Error> {
    let is_cut = answer.checked.truncated.is_some();
    Ok(match least_difference(golds, &rows(&answer.checked), known.ordered) {
        // What was cut off is too much.
        Difference::Nothing | Difference::Order if is_cut => "rows",
        Difference::Nothing => "right",
        Difference::Order => "other_order",
        Difference::Empty => "empty",
        Difference::Columns => "columns",
        Difference::Rows => "rows",
        Difference::Values => match cause(known, answer.sql.text(), guard)? {
            Cause::Join => "join",
            Cause::Aggregate => "aggregate",
            Cause::Filter => "filter",
            Cause::Columns => "columns",
        },
    })
}

/// What is wrong with a statement, by how it differs from the known ones.
fn cause(known: &Known, sql: &str, guard: &Guard) -> Result<Cause, Error> {
    let snapshot = guard.snapshot()?;
    let columns = snapshot.relations.iter().flat_map(|relation| {
        relation.columns.iter().map(|column| (relation.name.name.clone(), column.name.clone()))
    });
    let catalog: Catalog = columns.collect();
    let all = std::iter::once(&known.gold).chain(&known.alternatives);
    let golds: Vec<Shape> = all.filter_map(|gold| Shape::of(gold, &catalog)).collect();
    let got = Shape::of(sql, &catalog);
    let differences = got.and_then(|got| shape::nearest(&golds, &got)).unwrap_or_default();
    Ok(Cause::of(&differences))
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
