//! The audit log: a line in the server's log for each question and each statement handed in.
//!
//! A line in the log, not a row of a table: a call may come from a read-only transaction or on a
//! standby, and what is rolled back must still have been told. Owns when a line is written; its
//! form is `core::audit`'s. Called by the functions of `api` that ask the model or run a statement.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};
use text2sql_core::audit::{Record, Verdict};

use crate::error::{Error, raise};
use crate::exec::sqlstate;
use crate::guc;
use crate::pg::{role, server, server_log};

/// What was handed in.
#[derive(Clone, Copy)]
pub enum Given<'a> {
    /// A question.
    Question(&'a str),
    /// A statement.
    Statement(&'a str),
}

/// What a call that succeeded gave.
#[derive(Clone, Copy, Default)]
pub struct Gave<'a> {
    /// The statement the model wrote.
    pub sql: Option<&'a str>,
    /// Generations it took.
    pub attempts: Option<u32>,
    /// Rows returned.
    pub rows: Option<usize>,
}

/// Does the work of a SQL function, raises its error, and leaves a line where
/// `text2sql.log_questions` wants one. Termination of the session leaves none: it ends the process
/// where it stands.
pub fn audited<T>(
    function: &'static str,
    given: Given<'_>,
    work: impl FnOnce() -> Result<T, Error>,
    gave: impl FnOnce(&T) -> Gave<'_>,
) -> T {
    let Some(texts) = guc::log_questions() else {
        return work().unwrap_or_else(|error| raise(error));
    };
    // Before the work: afterwards the transaction may be one in which nothing can be looked up.
    let names = [server::current_role(), server::session_role()].map(role::name);
    let [role, session_role] = names.each_ref().map(|name| name.as_deref().unwrap_or("?"));
    let (question, statement) = match given {
        Given::Question(text) => (Some(text), None),
        Given::Statement(text) => (None, Some(text)),
    };
    let ended = |verdict| Record {
        function,
        role,
        session_role,
        question,
        sql: statement,
        verdict,
        sqlstate: None,
        rule: None,
        attempts: None,
        rows: None,
    };
    let (mut rule, mut candidate, mut own_state, mut ours) = (None, None, None, false);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        work().unwrap_or_else(|error| {
            ours = true;
            rule = error.rule().map(str::to_owned);
            candidate = error.candidate().map(str::to_owned);
            own_state = error.own_state();
            raise(error)
        })
    }));
    match outcome {
        Ok(value) => {
            let Gave { sql, attempts, rows } = gave(&value);
            let record = ended(Verdict::Answered);
            let record = Record { sql: sql.or(statement), attempts, rows, ..record };
            server_log::line(&record.line(texts));
            value
        }
        Err(unwinding) => {
            let verdict = match (ours, &rule) {
                (true, Some(_)) => Verdict::Refused,
                (true, None) => Verdict::Failed,
                (false, _) => Verdict::Interrupted,
            };
            // What unwinds has a stand-in for it.
            let state = own_state.map(str::to_owned).or_else(|| state_of(&*unwinding));
            let record = Record {
                sql: candidate.as_deref().or(statement),
                sqlstate: state.as_deref(),
                rule: rule.as_deref(),
                ..ended(verdict)
            };
            server_log::line(&record.line(texts));
            resume_unwind(unwinding)
        }
    }
}

/// The SQLSTATE of what unwinds: an error of ours, or one of the server.
fn state_of(unwinding: &(dyn Any + Send)) -> Option<String> {
    let report = match unwinding.downcast_ref() {
        Some(
            CaughtError::PostgresError(report)
            | CaughtError::ErrorReport(report)
            | CaughtError::RustPanic { ereport: report, .. },
        ) => report,
        None => unwinding.downcast_ref::<ErrorReportWithLevel>()?,
    };
    Some(sqlstate(report.sql_error_code()))
}
