//! `ask`: the rows; `run` and `validate`: somebody else's statement under the same guard.

use crate::pg::facts;
use crate::pg::json_text::JsonText;
use pgrx::prelude::*;
use text2sql_core::schema::RelationName;
use text2sql_core::sql::{CandidateSql, ParsedSql, RelationRef, policy, qualify};

use super::admin::require_preload;
use super::answer::Answer;
use super::check::Running;
use super::confirm;
use super::limits::Guard;
use super::question::Question;
use super::row_type::RowType;
use crate::audit::{Gave, Given, audited};
use crate::error::{self, Error, raise};
use crate::exec::ResultSet;

/// The rows that answer the question: one object a row, keys in the select list's order.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn ask(question: &str) -> SetOfIterator<'static, JsonText> {
    require_preload();
    let work = || {
        confirm::allow_unseen()?;
        let guard = Guard::of_caller()?;
        Question::at_once(question, None, &guard)?.answer_surely(&Running(&guard))
    };
    rows(audited("ask", Given::Question(question), work, gave).checked)
}

/// As `ask`, as one JSON array of objects that have exactly the columns of a type; what
/// `ask(anyelement, text)` is made of.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn ask_fitting(question: &str, row_type: pgrx::pg_sys::Oid) -> JsonText {
    require_preload();
    let work = || {
        let row_type = RowType::load(row_type)?;
        confirm::allow_unseen()?;
        let guard = Guard::of_caller()?;
        let asked = || Question::at_once(question, Some(row_type.columns()), &guard);
        let mut answer = asked()?.answer_surely(&Running(&guard))?;
        // The model is told which columns are wanted; a template is not.
        if answer.template.is_some() && row_type.fit(&answer.checked).is_err() {
            answer = asked()?.by_model().answer_surely(&Running(&guard))?;
        }
        row_type.fit(&answer.checked)?;
        Ok((row_type, answer))
    };
    let (row_type, answer) =
        audited("ask", Given::Question(question), work, |(_, answer)| gave(answer));
    error::warn_of_cuts(&answer.checked);
    JsonText(row_type.shape(answer.checked))
}

pgrx::extension_sql_file!("../../sql/ask_typed.sql", name = "ask_typed", requires = [ask_fitting]);

/// Rows of a SELECT somebody wrote, under the guard of `ask`; where confirmation is required, of
/// one that `generate` sealed.
#[pg_extern(volatile, parallel_unsafe, strict)]
fn run(sql: &str) -> SetOfIterator<'static, JsonText> {
    require_preload();
    let work = || {
        let guard = Guard::of_caller()?;
        let sql = parse(confirm::opened(sql, &guard)?)?;
        Ok(guard.run(&sql)?)
    };
    rows(audited("run", Given::Statement(sql), work, |result| Gave {
        rows: Some(result.rows.len()),
        ..Gave::default()
    }))
}

/// Whether `run` would run the statement; if not, why.
#[pg_extern(volatile, parallel_unsafe, strict)]
#[allow(
    clippy::type_complexity,
    reason = "the columns of a SQL function are spelt out in its type"
)]
fn validate(
    sql: &str,
) -> TableIterator<
    'static,
    (
        name!(accepted, bool),
        name!(rule, Option<String>),
        name!(reason, Option<String>),
        name!(hint, Option<String>),
        name!(plan_cost, Option<f64>),
        name!(plan_rows, Option<f64>),
    ),
> {
    require_preload();
    let guard = Guard::of_caller().unwrap_or_else(|error| raise(error));
    let verdict = parse(sql).and_then(|sql| Ok(guard.validate(&sql)?));
    TableIterator::once(match verdict {
        Ok(report) => (true, None, None, None, Some(report.cost), Some(report.plan_rows)),
        Err(error) => {
            let told = error::told(error);
            (false, told.rule, Some(told.reason), told.hint, None, None)
        }
    })
}

/// A statement somebody wrote, with the relations that its names mean to the caller.
///
/// # Errors
/// Of the policy.
pub(super) fn parse(sql: &str) -> Result<ParsedSql, Error> {
    let sql = policy::check(CandidateSql::from_user(sql)?)?;
    Ok(qualify(&sql, in_search_path).unwrap_or(sql))
}

/// What a name without a schema means to the caller; the sandbox has a search path of its own.
fn in_search_path(name: &RelationRef) -> Option<RelationName> {
    if name.schema.is_some() {
        return None;
    }
    let schema = facts::schema_in_search_path(&name.name)?;
    Some(RelationName { schema, name: name.name.clone() })
}

fn gave(answer: &Answer<ResultSet>) -> Gave<'_> {
    Gave { rows: Some(answer.checked.rows.len()), ..answer.gave() }
}

fn rows(result: ResultSet) -> SetOfIterator<'static, JsonText> {
    error::warn_of_cuts(&result);
    SetOfIterator::new(result.rows.into_iter().map(JsonText))
}
