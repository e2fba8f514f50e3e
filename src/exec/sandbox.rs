//! The surroundings a generated statement runs in.
//!
//! Owns identity, settings, read-only flag, time limit and guards of one call, and the
//! translation of the server's errors. Everything is inside one sub-transaction that is rolled
//! back in every case, which also gives back all that was set here. Called by `run`.

use std::cell::Cell;
use std::ffi::CString;

use pgrx::PgSqlErrorCode as Code;
use pgrx::pg_sys::panic::{CaughtError, ErrorReportWithLevel};

use super::condition;
use super::error::ExecError;
use super::functions::Trust;
use super::hooks::Active;
use super::identity::Identity;
use super::limits::{Limits, Policy};
use super::search_path;
use crate::pg::subxact::{self, Scope};
use crate::pg::{error_position, role, server, settings, timer};

/// How far a call has come: decides what an error means and who may read its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Until the statement is known to be one SELECT on things its author may read.
    Analysis,
    /// Checking rights.
    Permission,
    /// Planning and running, where messages may hold data.
    Execution,
}

/// Runs `work` in the sandbox.
pub(super) fn enter<R>(
    identity: Identity,
    limits: &Limits,
    policy: &Policy,
    work: impl FnOnce(&Scope, &Trust, &Cell<Stage>) -> Result<R, ExecError>,
) -> Result<R, ExecError> {
    if super::hooks::is_active() {
        return Err(ExecError::Nested);
    }
    let stage = Cell::new(Stage::Analysis);
    let (outcome, position) = error_position::watch(|| {
        subxact::rolled_back(
            |scope| {
                timer::arm(limits.timeout_ms);
                settle(scope, limits, policy);
                let trust = Trust::new(identity.user(), policy);
                role::assume(scope, identity.user());
                let _active = Active::enter(trust.clone())?;
                work(scope, &trust, &stage)
            },
            timer::disarm,
        )
    });
    let refusal = Active::refusal();
    match outcome {
        Err(caught) => Err(translate(caught, stage.get(), position, refusal, limits)),
        Ok(Err(error)) => Err(error),
        // Somebody's error handler swallowed what should have ended the statement.
        Ok(Ok(_)) if timer::fired() => Err(ExecError::Timeout { ms: limits.timeout_ms }),
        Ok(Ok(result)) => match refusal {
            Some(refusal) => Err(refusal),
            None => Ok(result),
        },
    }
}

/// Settings that decide what a text means, what it may use, and what others can make of it.
fn settle(scope: &Scope, limits: &Limits, policy: &Policy) {
    let further = [
        // One meaning for the text.
        (c"standard_conforming_strings", c"on"),
        (c"backslash_quote", c"safe_encoding"),
        (c"escape_string_warning", c"on"),
        (c"transform_null_equals", c"off"),
        (c"array_nulls", c"on"),
        (c"DateStyle", c"ISO, YMD"),
        (c"IntervalStyle", c"postgres"),
        (c"bytea_output", c"hex"),
        (c"extra_float_digits", c"1"),
        (c"xmloption", c"content"),
        // Planning that cannot blow up.
        (c"join_collapse_limit", c"8"),
        (c"from_collapse_limit", c"8"),
        (c"geqo", c"on"),
        (c"hash_mem_multiplier", c"1"),
        // Messages may hold data a view hides.
        (c"client_min_messages", c"error"),
    ];
    settings::read_only(scope, &further);
    // Minor releases since August 2024.
    if policy.foreign_servers.is_empty() && settings::exists(c"restrict_nonsystem_relation_kind") {
        settings::set(scope, c"restrict_nonsystem_relation_kind", c"foreign-table");
    }
    for (name, value) in [
        (c"work_mem", format!("{}kB", limits.work_mem_kb)),
        (c"temp_file_limit", format!("{}kB", limits.temp_file_limit_kb)),
        (c"lock_timeout", format!("{}ms", limits.lock_timeout_ms)),
        (c"search_path", search_path::with_extensions(scope)),
    ] {
        if let Ok(value) = CString::new(value) {
            settings::set(scope, name, &value);
        }
    }
}

/// What an error of the server means. Does not return for a cancel by somebody else, and for a
/// panic.
fn translate(
    caught: CaughtError,
    stage: Stage,
    position: Option<u32>,
    refusal: Option<ExecError>,
    limits: &Limits,
) -> ExecError {
    let report = match &caught {
        CaughtError::RustPanic { .. } => caught.rethrow(),
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
    };
    let code = report.sql_error_code();
    if code == Code::ERRCODE_QUERY_CANCELED {
        if timer::cancelled() {
            return ExecError::Timeout { ms: limits.timeout_ms };
        }
        caught.rethrow();
    }
    if let Some(refusal) = refusal {
        return refusal;
    }
    from_report(report, stage, position)
}

/// Longest message that goes to a model or a user.
const MAX_MESSAGE: usize = 300;

fn from_report(report: &ErrorReportWithLevel, stage: Stage, position: Option<u32>) -> ExecError {
    let code = report.sql_error_code();
    let sqlstate = condition::sqlstate(code);
    let message = || {
        let text = report.message();
        text.get(..text.floor_char_boundary(MAX_MESSAGE)).unwrap_or_default().to_owned()
    };
    if code == Code::ERRCODE_INSUFFICIENT_PRIVILEGE {
        return ExecError::Permission { message: message() };
    }
    // Whenever it happens, the cause is the same, and the message cannot hold data.
    if code == Code::ERRCODE_STATEMENT_TOO_COMPLEX {
        return ExecError::TooDeep { allowed_kb: server::max_stack_kb() };
    }
    if stage == Stage::Execution || sqlstate.starts_with("XX") || sqlstate.starts_with('5') {
        return ExecError::Execution { condition: condition::describe(&sqlstate), sqlstate };
    }
    ExecError::Analysis {
        message: message(),
        further: report.detail().into_iter().chain(report.hint()).map(str::to_owned).collect(),
        position,
        safe_for_model: sqlstate.starts_with("42"),
        sqlstate,
    }
}
