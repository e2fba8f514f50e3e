//! A statement written anew where the first one asks a column for a value that no row of it has, and
//! other columns do.
//!
//! The model is told where the value is stored, and decides once. What it writes goes the way of every
//! statement, and counts only if its values are stored and it has rows: else what it was told misled
//! it, and the first statement stands. Called by [`super::answer`].

use text2sql_core::link::{FoundValue, Question, value_hits};
use text2sql_core::prompt;
use text2sql_core::route::Route;
use text2sql_core::sql::{ParsedSql, Unmet, unmet};

use super::candidates::{Candidate, Checking, Winner, statement};
use super::check::Check;
use super::put_right::LOOKING;
use crate::guc;
use crate::ipc::client::{self, Generation, Patience, Pending};
use crate::values;

/// Asks for the statement, if there is something to be told.
pub fn retry<C: Check>(
    checking: &Checking<'_, C>,
    first: &Candidate<C::Given>,
    route: &Route,
    patience: Patience,
) -> Option<Pending> {
    if !guc::retry_values() {
        return None;
    }
    let draft = checking.draft;
    let missed = missed(checking, &first.sql);
    let problems: Vec<String> = missed.iter().filter_map(|it| problem(checking, it)).collect();
    if problems.is_empty() {
        return None;
    }
    let prompt = prompt::repair(&draft.prompt, first.sql.text(), &problems.join(" "));
    let route = Route { attempt: route.attempt + 1, ..route.clone() };
    client::submit(draft.request(prompt, route, guc::max_new_tokens()), patience).ok()
}

/// What came of it, if it is better than the first one.
pub fn taken<C: Check>(
    checking: &Checking<'_, C>,
    generation: Generation,
) -> Option<Winner<C::Given>> {
    let sql = statement(&checking.draft.prompt, &generation)?;
    let (sql, mended) = checking.put_right(sql);
    if !missed(checking, &sql).is_empty() {
        return None;
    }
    let given = checking.check.check(&sql, None).ok()?;
    let is_empty = checking.check.returned(&sql, &given, LOOKING).is_none_or(|it| it.is_empty);
    let Generation { stats, model, .. } = generation;
    let candidate = Candidate { sql, given, mended, stats, model };
    (!is_empty).then_some(Winner { candidate, votes: 1, of: 1, is_empty: Some(false) })
}

fn missed<'q, C>(checking: &Checking<'q, C>, sql: &ParsedSql) -> Vec<Unmet<'q>> {
    let mut left = LOOKING;
    unmet(sql, &checking.draft.snapshot, |wanted| checking.looks.look(wanted, &mut left))
}

/// What the model is told of one value; nothing where nothing like it is stored anywhere else.
fn problem<C>(checking: &Checking<'_, C>, unmet: &Unmet<'_>) -> Option<String> {
    let (snapshot, view) = (&checking.draft.snapshot, checking.guard.view());
    let mut left = LOOKING;
    let mut found: Vec<FoundValue> =
        unmet.elsewhere(snapshot, |wanted| checking.looks.look(wanted, &mut left));
    found.extend(values::lookup(snapshot, &view, &unmet.value).unwrap_or_default());
    let all: Vec<usize> = (0..snapshot.relations.len()).collect();
    let hits = value_hits(snapshot, &all, Question { text: &unmet.value, found: &found });
    (!hits.is_empty()).then(|| prompt::no_such_value(snapshot, unmet, &hits))
}
