//! The one place where errors get their SQLSTATE, message, detail and hint.
//!
//! Messages are lower-case without a full stop; the detail holds facts, the hint what to do.
//! Called at the edge of every SQL function.

use std::borrow::Cow;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use text2sql_core::pipeline::{Outcome, OutOfOrder};
use text2sql_core::prompt::{PromptError, QuestionError};
use text2sql_core::protocol::{Failure, FailureCode};
use text2sql_core::sql::{Refusal, SqlError};

use crate::catalog::CatalogError;
use crate::exec::{ExecError, ResultSet, Truncation};
use crate::ipc::client::{ClientError, unexplained};

/// Everything a SQL function can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The library was not loaded at server start.
    #[error("text2sql is not in shared_preload_libraries")]
    NotPreloaded,
    /// No generation.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The question is none.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// No prompt can be made.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The catalog cannot be read.
    #[error(transparent)]
    Snapshot(#[from] CatalogError),
    /// A catalog query of ours failed.
    #[error("could not read the catalog: {0}")]
    Catalog(String),
    /// The caller may read nothing in the schemas under consideration.
    #[error("there is no table that this role may read")]
    NothingReadable {
        /// The configured schemas, if any.
        schemas: Option<Vec<String>>,
    },
    /// The pipeline ended without a statement.
    #[error("the model wrote no valid statement")]
    NoStatement(Box<Outcome>),
    /// The pipeline was driven wrongly: a bug.
    #[error(transparent)]
    Pipeline(#[from] OutOfOrder),
    /// The text is no statement.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A rule refuses the statement.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server refuses the statement, or it failed.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The result does not have the columns of the wanted type.
    #[error("the result does not fit type {type_name}")]
    RowType {
        /// The type.
        type_name: String,
        /// Its columns.
        wanted: Vec<String>,
        /// The result's.
        got: Vec<String>,
    },
}

/// Ends the current function with `error`.
pub fn raise(error: Error) -> ! {
    ErrorReport::from(error).report(PgLogLevel::ERROR);
    unreachable!("an error report of level ERROR does not return")
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        match error {
            Error::NotPreloaded => report(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                "text2sql is not in shared_preload_libraries",
            )
            .set_hint(
                "Run ALTER SYSTEM SET shared_preload_libraries = 'text2sql' (with the libraries \
                 that are there already) and restart the server.",
            ),
            Error::Client(error) => client(error),
        }
    }
}

fn client(error: ClientError) -> ErrorReport {
    let message = error.to_string();
    match error {
        ClientError::NoWorker => report(PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW, message)
            .set_hint("It is started again within a second; ask once more."),
        ClientError::Loading { .. } => report(PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW, message)
            .set_hint("Ask again in a while, or raise text2sql.startup_wait."),
        ClientError::Unavailable(failure) => {
            let failure = failure.unwrap_or_else(unexplained);
            with_failure(
                report(
                    failure_state(failure.code),
                    format!("the model is not available: {}", failure.message),
                ),
                failure,
            )
        }
        ClientError::QueueFull { active } => {
            report(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message)
                .set_detail(format!("{active} questions wait or run."))
                .set_hint("Ask again later, or raise text2sql.queue_length.")
        }
        ClientError::WorkerLost => report(PgSqlErrorCode::ERRCODE_SYSTEM_ERROR, message)
            .set_hint("The worker is restarting; ask once more."),
        ClientError::Failed(failure) => {
            with_failure(report(failure_state(failure.code), failure.message.clone()), failure)
        }
        ClientError::Protocol(_) => report(PgSqlErrorCode::ERRCODE_PROTOCOL_VIOLATION, message),
    }
}

fn failure_state(code: FailureCode) -> PgSqlErrorCode {
    match code {
        FailureCode::NoModel => PgSqlErrorCode::ERRCODE_IO_ERROR,
        FailureCode::BadModel => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        FailureCode::PromptTooLong => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        FailureCode::Deadline | FailureCode::Cancelled => PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
        FailureCode::EngineDied | FailureCode::ShuttingDown => PgSqlErrorCode::ERRCODE_SYSTEM_ERROR,
        FailureCode::Protocol => PgSqlErrorCode::ERRCODE_PROTOCOL_VIOLATION,
        FailureCode::OutOfMemory => PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
        _ => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
    }
}

fn with_failure(mut report: ErrorReport, failure: Failure) -> ErrorReport {
    if let Some(detail) = failure.detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = failure.hint {
        report = report.set_hint(hint);
    }
    report
}

fn report(code: PgSqlErrorCode, message: impl Into<Cow<'static, str>>) -> ErrorReport {
    ErrorReport::new(code, message, "text2sql")
}
