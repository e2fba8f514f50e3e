//! The answer of a template: its statement with the values of the question, and no word of the model.
//!
//! Which template fits is `core::semantics::template`'s to say; values are looked up as the caller, by
//! statements that pass the same gates, and so does what comes of it. Called by [`super::question`].

use std::time::{Duration, Instant};

use text2sql_core::protocol::GenerationStats;
use text2sql_core::semantics::expression;
use text2sql_core::semantics::template::{self, Filled};
use text2sql_core::sql::ParsedSql;

use super::answer::{Answer, Timings, Work};
use super::candidates::{Candidate, Checking, Winner};
use super::check::Check;
use super::put_right::LOOKING;
use crate::error::Error;
use crate::exec::ExecError;

/// What the one template that fits the question gives; nothing where there is none, or where it does
/// not hold any more.
///
/// # Errors
/// Of the execution: another statement would not be the one that answers the question.
pub fn answer_by_template<C: Check>(
    checking: &Checking<'_, C>,
    mut timings: Timings,
) -> Result<Option<Answer<C::Given>>, Error> {
    let begun = Instant::now();
    let filled = filled(checking, LOOKING);
    timings.prompt += begun.elapsed();
    let Some((name, sql)) = filled else { return Ok(None) };
    let begun = Instant::now();
    let given = match checking.check.check(&sql, None) {
        Ok(given) => given,
        // As if it were not there: the catalog, or what is allowed, has changed.
        Err(
            ExecError::Analysis { .. } | ExecError::Refused { .. } | ExecError::Permission { .. },
        ) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    timings.check += begun.elapsed();
    let is_empty = checking.check.is_empty(&given);
    let stats = GenerationStats::default();
    let candidate = Candidate { sql, given, mended: false, stats, model: None };
    let winner = Winner { candidate, votes: 0, of: 0, is_empty };
    let answer = Work { stats, timings }.answer(checking, winner, 0);
    Ok(Some(Answer { template: Some(name), ..answer }))
}

fn filled<C>(checking: &Checking<'_, C>, mut left: Duration) -> Option<(String, ParsedSql)> {
    let Checking { text, looks, draft, .. } = checking;
    let Filled { template, sql } =
        template::fill(&draft.snapshot, text, |wanted| looks.look(wanted, &mut left))?;
    Some((template, expression::statement(&sql).ok()?))
}
