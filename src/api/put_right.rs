//! What is done to the model's statement before the server sees it: mistakes mended that need no
//! second attempt of the model, each by a rule of `core::sql` and each with a setting.
//!
//! What comes out goes the way of every statement; nothing is trusted for having been here. Called
//! by [`super::question`].

use std::time::{Duration, Instant};

use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{
    CandidateSql, Look, ParsedSql, conform, fit_constants, mend, only_home, policy, prune, qualify,
    take_apart, unknown_last,
};

use super::limits::Guard;
use crate::guc;

/// Longest time to look up the constants of one statement.
pub(super) const LOOKING: Duration = Duration::from_millis(300);
/// Shortest time worth beginning for: the limits of a statement are no finer.
const MOMENT: Duration = Duration::from_millis(10);

/// The statement with what is wrong with it put right, as far as the rules that are on can tell; and
/// whether something was, the full names of relations aside.
pub fn put_right(
    sql: ParsedSql,
    snapshot: &Snapshot,
    question: &str,
    guard: &Guard,
) -> (ParsedSql, bool) {
    let mut sql = qualify(&sql, |name| only_home(snapshot, name)).unwrap_or(sql);
    let written = sql.text().to_owned();
    if guc::mend_names() {
        sql = mend(&sql, snapshot).unwrap_or(sql);
    }
    if guc::mend_conditions() {
        sql = take_apart(&sql, snapshot, question).unwrap_or(sql);
        sql = conform(&sql, snapshot, question).unwrap_or(sql);
    }
    if guc::prune_joins() {
        sql = prune(&sql, snapshot, question).unwrap_or(sql);
    }
    if guc::fit_constants() {
        let mut left = LOOKING;
        sql = fit_constants(&sql, snapshot, |wanted| look(wanted, guard, &mut left)).unwrap_or(sql);
    }
    let mended = sql.text() != written;
    // Of a good statement it is no sign that it was not.
    if guc::mend_conditions() {
        sql = unknown_last(&sql, snapshot).unwrap_or(sql);
    }
    (sql, mended)
}

/// The values a look finds as the caller; `None` where there is an error or no time left.
pub(super) fn look(wanted: &Look<'_>, guard: &Guard, left: &mut Duration) -> Option<Vec<String>> {
    if *left < MOMENT {
        return None;
    }
    let begun = Instant::now();
    let sql = policy::check(CandidateSql::from_user(&wanted.sql()).ok()?).ok()?;
    let result = guard.run_within(&sql, *left);
    *left = left.saturating_sub(begun.elapsed());
    result.ok()?.rows.iter().map(|row| value_of(row)).collect()
}

/// The one column of a row, which is a text.
pub(super) fn value_of(row: &str) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    Some(row.as_object()?.values().next()?.as_str()?.to_owned())
}
