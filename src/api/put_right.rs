//! What is done to the model's statement before the server sees it: mistakes mended that need no
//! second attempt of the model, each by a rule of `core::sql` and each with a setting.
//!
//! What comes out goes the way of every statement; nothing is trusted for having been here. Called
//! by [`super::question`].

use std::cell::RefCell;
use std::collections::HashMap;
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
    looks: &Looks<'_>,
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
        sql = fit_constants(&sql, snapshot, |wanted| looks.look(wanted, &mut left)).unwrap_or(sql);
    }
    let mended = sql.text() != written;
    // Of a good statement it is no sign that it was not.
    if guc::mend_conditions() {
        sql = unknown_last(&sql, snapshot).unwrap_or(sql);
    }
    (sql, mended)
}

/// What was looked up for a question: its statements often have the same constants.
pub struct Looks<'g> {
    guard: &'g Guard,
    /// By the statement that looks.
    known: RefCell<HashMap<String, Vec<String>>>,
}

impl<'g> Looks<'g> {
    /// Nothing yet, as the one whose rights `guard` keeps to.
    pub fn new(guard: &'g Guard) -> Self {
        Self { guard, known: RefCell::default() }
    }

    /// The values a look finds; `None` where there is an error or no time left.
    pub fn look(&self, wanted: &Look<'_>, left: &mut Duration) -> Option<Vec<String>> {
        let sql = wanted.sql();
        if let Some(known) = self.known.borrow().get(&sql) {
            return Some(known.clone());
        }
        if *left < MOMENT {
            return None;
        }
        let begun = Instant::now();
        let checked = policy::check(CandidateSql::from_user(&sql).ok()?).ok()?;
        let result = self.guard.run_within(&checked, *left);
        *left = left.saturating_sub(begun.elapsed());
        let found: Vec<String> =
            result.ok()?.rows.iter().map(|row| value_of(row)).collect::<Option<_>>()?;
        self.known.borrow_mut().insert(sql, found.clone());
        Some(found)
    }
}

/// The one column of a row, which is a text.
pub(super) fn value_of(row: &str) -> Option<String> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    Some(row.as_object()?.values().next()?.as_str()?.to_owned())
}
