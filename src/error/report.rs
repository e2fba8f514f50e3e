//! From each error to what the user sees.

use std::borrow::Cow;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use text2sql_core::pipeline::Outcome;
use text2sql_core::prompt::QuestionError;
use text2sql_core::protocol::{Failure, FailureCode};
use text2sql_core::semantics::expression::ExpressionError;
use text2sql_core::semantics::import::ImportError;
use text2sql_core::sql::Refusal;

use super::{DefineError, Error};
use crate::exec::ExecError;
use crate::ipc::client::{ClientError, unexplained};
use crate::pg::own_state;

/// Longest candidate shown in a detail, bytes.
const CANDIDATE_BYTES: usize = 2000;

/// SQLSTATE of a relation that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

/// A report whose location is this library rather than a line of it.
pub(super) fn report(code: PgSqlErrorCode, message: impl Into<Cow<'static, str>>) -> ErrorReport {
    ErrorReport::new(code, message, "text2sql")
}

/// A refusal in the columns of `validate`.
pub struct Told {
    /// Name of the rule, or the SQLSTATE where the server refuses.
    pub rule: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What `validate` says of an error of the statement.
pub fn told(error: Error) -> Told {
    let reason = error.to_string();
    match error {
        Error::Refused(Refusal { rule, hint, .. }) => {
            Told { rule: Some(rule.to_owned()), reason, hint }
        }
        Error::Exec(ExecError::Refused { rule, detail, hint, .. }) => {
            let reason = match detail {
                Some(detail) => format!("{reason}: {detail}"),
                None => reason,
            };
            Told { rule: Some(rule.to_owned()), reason, hint }
        }
        Error::Exec(ExecError::Analysis { sqlstate, .. }) => {
            Told { rule: Some(sqlstate), reason, hint: None }
        }
        Error::Exec(ExecError::Permission { .. }) => {
            Told { rule: Some("permission".to_owned()), reason, hint: None }
        }
        Error::Exec(ExecError::Cost { .. }) => {
            Told { rule: Some("cost".to_owned()), reason, hint: None }
        }
        _ => Told { rule: None, reason, hint: None },
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotPreloaded => {
                report(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message).set_hint(
                    "Run ALTER SYSTEM SET shared_preload_libraries = 'text2sql' (with the \
                     libraries that are there already) and restart the server.",
                )
            }
            Error::OtherVersion { extension } => {
                report(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message)
                    .set_detail(format!(
                        "Library: {}; extension: {extension}.",
                        env!("CARGO_PKG_VERSION")
                    ))
                    .set_hint(
                        "Restart the server if a new library was installed, then run ALTER \
                         EXTENSION text2sql UPDATE in this database.",
                    )
            }
            Error::Define(error) => define(error),
            Error::Client(error) => client(error),
            Error::Question(error) => question(&error),
            Error::Prompt(_) => report(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, message),
            Error::EncoderChanged => {
                report(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message)
                    .set_hint("Call text2sql.refresh_embeddings() again.")
            }
            Error::Snapshot(_)
            | Error::Embeddings(_)
            | Error::RowTypeLookup(_)
            | Error::CheckSetup(_) => {
                report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
            }
            Error::Curves(why) => report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
                .set_detail(why.to_string())
                .set_hint("Set it to what text2sql-cli calibrate prints, or RESET it."),
            Error::NoSuchRole { .. } => report(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT, message)
                .set_hint("See text2sql.readable_role and text2sql.trusted_owners."),
            Error::LittleStack { room, needed } => {
                report(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message)
                    .set_detail(format!(
                        "max_stack_depth leaves {} kB of the stack's limit; {} kB are needed.",
                        room >> 10,
                        needed >> 10
                    ))
                    .set_hint("Lower max_stack_depth, or raise the limit with \"ulimit -s\" before the server starts.")
            }
            Error::NothingReadable { schemas } => nothing_readable(message, schemas),
            Error::NoStatement(outcome) => no_statement(*outcome),
            // The detail is for programs.
            Error::Ambiguous { word, reading, choices } => {
                report(own_state::STAND_IN, message)
                    .set_detail(
                        serde_json::json!({ "word": word, "lacks": reading, "choices": choices })
                            .to_string(),
                    )
                    .set_hint("Ask again and say which is meant, or switch text2sql.clarify off.")
            }
            Error::Unrelated { why } => report(own_state::STAND_IN, message)
                .set_detail(why)
                .set_hint(
                    "Ask about what there is; text2sql.link() shows what a question is taken to be \
                     about. With text2sql.min_confidence at 0 it is answered all the same.",
                ),
            Error::Missing { why } => report(own_state::STAND_IN, message).set_detail(why).set_hint(
                "Ask about what there is; text2sql.link() shows what a question is taken to be about. \
                 If it is there, say where, or set text2sql.refuse_missing to off.",
            ),
            Error::Uncertain { why } => report(own_state::STAND_IN, message)
                .set_detail(why)
                .set_hint(
                    "Ask in other words, naming what you mean; text2sql.explain() shows the \
                     statement. Or lower text2sql.min_confidence.",
                ),
            Error::Pipeline(_) => report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message),
            Error::Sql(_) => report(PgSqlErrorCode::ERRCODE_SYNTAX_ERROR, message),
            Error::Refused(refusal) => refused(refusal),
            Error::Exec(error) => exec(error),
            Error::GoldTooLarge => {
                report(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, message)
                    .set_hint("Raise text2sql.max_rows or text2sql.max_result_size, or compare with less.")
            }
            Error::Questions(_) => {
                report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message).set_hint(
                    "It needs the columns question and gold without NULLs; it may have ordered \
                     (boolean) and alternatives (text[]).",
                )
            }
            Error::Gold { cause, .. } => {
                let cause = ErrorReport::from(*cause);
                let (detail, hint) = (cause.detail(), cause.hint());
                let (detail, hint) = (detail.map(str::to_owned), hint.map(str::to_owned));
                explained(report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message), detail, hint)
            }
            Error::ConfirmationRequired => {
                report(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message)
                    .set_detail("text2sql.require_confirm is on.")
                    .set_hint(
                        "Call text2sql.generate(), read the statement, and give the whole text to \
                         text2sql.run().",
                    )
            }
            Error::Confirm(_) => report(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message)
                .set_detail(
                    "A confirmation is good for one statement, role, database and state of the \
                     tables, and for the time in text2sql.confirm_lifetime.",
                )
                .set_hint("Call text2sql.generate() again, and give its whole text to text2sql.run()."),
            Error::NoRandomness => report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message),
            Error::RowType { wanted, got, .. } => {
                report(PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH, message)
                    .set_detail(format!(
                        "Wanted columns: {}. The result has: {}.",
                        wanted.join(", "),
                        got.join(", ")
                    ))
                    .set_hint("Name the wanted columns in the question, or use another type.")
            }
        }
    }
}

fn define(error: DefineError) -> ErrorReport {
    let message = error.to_string();
    match error {
        DefineError::Missing(_) => report(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, message),
        DefineError::NotAllowed(_) => {
            report(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message).set_hint(
                "Members of text2sql_admin may define everything, owners of a table or view what \
                 reads nothing else; rules, examples and templates excepted.",
            )
        }
        DefineError::NoRelation => report(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, message),
        DefineError::NoColumn { .. } => report(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, message),
        DefineError::Expression(ExpressionError::Refused(refusal)) => {
            report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
                .set_detail(format!("Rule: {}.", refusal.rule))
        }
        DefineError::Exec(ExecError::Refused { rule, detail, hint, .. }) => {
            let detail = detail.map(|detail| format!(" {detail}")).unwrap_or_default();
            let report = report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message);
            explained(report, Some(format!("Rule: {rule}.{detail}")), hint)
        }
        DefineError::Exec(ExecError::Analysis { sqlstate, .. }) if sqlstate == UNDEFINED_TABLE => {
            report(state(&sqlstate), message).set_hint(
                "Definitions have no search path: write the schema in front of the relation.",
            )
        }
        DefineError::Exec(ExecError::Execution { sqlstate, .. }) => {
            report(state(&sqlstate), message)
        }
        DefineError::Exec(error) => exec(error),
        DefineError::Import(ImportError::Unknown) => {
            report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message).set_hint(
                "It must be what export_semantics gives, a semantic model of Snowflake, or \
                 schema.yml or MetricFlow of dbt.",
            )
        }
        DefineError::Import(ImportError::TooLong(_) | ImportError::TooMany) => {
            report(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, message)
        }
        DefineError::Format(_) => report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
            .set_hint("Use yaml or json."),
        DefineError::NoSchema(_) => report(PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME, message),
        DefineError::NotKept => report(PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, message),
        DefineError::Store(_) | DefineError::Values(_) => {
            report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
        }
        _ => report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message),
    }
}

fn question(error: &QuestionError) -> ErrorReport {
    let code = match error {
        QuestionError::TooLong { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        _ => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
    };
    let report = report(code, error.to_string());
    match error {
        QuestionError::TooLong { .. } => {
            report.set_hint("Ask in fewer words, or raise text2sql.max_question_length.")
        }
        _ => report,
    }
}

fn nothing_readable(message: String, schemas: Option<Vec<String>>) -> ErrorReport {
    let report = report(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message);
    match schemas {
        Some(schemas) => report
            .set_detail(format!("text2sql.schemas names these schemas: {}.", schemas.join(", "))),
        None => report.set_detail("The schemas of the search_path were considered."),
    }
    .set_hint("Grant SELECT on the tables questions are about, or change text2sql.schemas.")
}

fn client(error: ClientError) -> ErrorReport {
    let message = error.to_string();
    match error {
        ClientError::NoWorker => report(PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW, message)
            .set_hint("It is started again within a second; ask once more."),
        ClientError::Loading { earlier, .. } => explained(
            report(PgSqlErrorCode::ERRCODE_CANNOT_CONNECT_NOW, message),
            earlier,
            Some("Ask again in a while, or raise text2sql.startup_wait.".to_owned()),
        ),
        ClientError::Unavailable(cause) => {
            let cause = cause.unwrap_or_else(unexplained);
            let message = format!("the model is not available: {}", cause.message);
            failure(report(failure_state(cause.code), message), cause)
        }
        ClientError::QueueFull { active } => {
            report(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message)
                .set_detail(format!("{active} questions wait or run."))
                .set_hint("Ask again later, or raise text2sql.queue_length.")
        }
        ClientError::RoleQueueFull { active } => {
            report(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message)
                .set_detail(format!("{active} questions of this role wait or run."))
                .set_hint("Ask again later, or raise text2sql.role_queue_length for this role.")
        }
        ClientError::TooOften { wait } => {
            report(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, message)
                .set_detail(format!("The next one can be asked in {} s.", wait.ceil()))
                .set_hint("Ask again later, or raise text2sql.questions_per_minute for this role.")
        }
        ClientError::WorkerLost => report(PgSqlErrorCode::ERRCODE_SYSTEM_ERROR, message)
            .set_hint("The worker is restarting; ask once more."),
        ClientError::Failed(cause) => {
            failure(report(failure_state(cause.code), cause.message.clone()), cause)
        }
        ClientError::Protocol(_) => report(PgSqlErrorCode::ERRCODE_PROTOCOL_VIOLATION, message),
    }
}

fn failure_state(code: FailureCode) -> PgSqlErrorCode {
    match code {
        FailureCode::NoModel | FailureCode::NoDevice => PgSqlErrorCode::ERRCODE_IO_ERROR,
        FailureCode::Unreachable => PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE,
        FailureCode::BadModel => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        FailureCode::PromptTooLong => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        FailureCode::Deadline | FailureCode::Cancelled => PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
        FailureCode::EngineDied | FailureCode::ShuttingDown => PgSqlErrorCode::ERRCODE_SYSTEM_ERROR,
        FailureCode::Protocol => PgSqlErrorCode::ERRCODE_PROTOCOL_VIOLATION,
        FailureCode::OutOfMemory => PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
        _ => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
    }
}

fn failure(report: ErrorReport, cause: Failure) -> ErrorReport {
    explained(report, cause.detail, cause.hint)
}

fn no_statement(outcome: Outcome) -> ErrorReport {
    match outcome {
        Outcome::Refused { candidate, refusal, .. } => {
            let message = format!("the model wrote a statement that is refused: {refusal}");
            report(refusal_state(), message)
                .set_detail(shown(&candidate, &format!("Rule: {}.", refusal.rule)))
                .set_hint("Ask in other words; only SELECT is run.")
        }
        Outcome::NoValidSql { candidate, reason, attempts } => {
            let message = format!("the model wrote no valid statement in {attempts} attempts");
            report(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, message)
                .set_detail(shown(&candidate, &format!("Last problem: {reason}.")))
                .set_hint("Ask in other words, naming the tables and columns you mean.")
        }
        Outcome::Sql { .. } | Outcome::Missing { .. } => {
            report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "a statement was accepted and lost")
        }
    }
}

/// The candidate for a detail: it is text of the model, shown to the one who asked, never run.
fn shown(candidate: &str, lead: &str) -> String {
    let end = candidate.floor_char_boundary(CANDIDATE_BYTES);
    let text: String = candidate
        .get(..end)
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    format!("{lead} Candidate: {text}")
}

fn refused(refusal: Refusal) -> ErrorReport {
    let message = format!("the statement is refused: {refusal}");
    let detail = Some(format!("Rule: {}.", refusal.rule));
    explained(report(refusal_state(), message), detail, refusal.hint.map(|h| sentence(&h)))
}

fn refusal_state() -> PgSqlErrorCode {
    PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
}

fn exec(error: ExecError) -> ErrorReport {
    let message = error.to_string();
    match error {
        ExecError::Refused { rule, detail, hint, .. } => {
            let message = format!("the statement is refused: {message}");
            let detail = match detail {
                Some(detail) => format!("Rule: {rule}. {detail}"),
                None => format!("Rule: {rule}."),
            };
            explained(report(refusal_state(), message), Some(detail), hint)
        }
        ExecError::Analysis { sqlstate, .. } => report(state(&sqlstate), message),
        ExecError::Permission { .. } => {
            report(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message)
        }
        ExecError::Cost { .. } => report(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, message)
            .set_hint("Ask for less, or raise text2sql.max_cost."),
        ExecError::Timeout { .. } => report(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, message)
            .set_hint("Ask for less, or raise text2sql.statement_timeout."),
        ExecError::TooDeep { allowed_kb } => {
            report(PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX, message)
                .set_detail(format!(
                    "Its expressions or sub-queries, or values it works on, are nested too deeply \
                     for max_stack_depth, which is {allowed_kb} kB."
                ))
                .set_hint("Write it with fewer levels: an IN list instead of many ORs, fewer sub-queries in each other.")
        }
        ExecError::Execution { sqlstate, .. } => report(state(&sqlstate), message)
            .set_hint("Run the statement that text2sql.generate() gives to see the details."),
        ExecError::Nested => report(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, message),
        _ => report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message),
    }
}

/// The server's own SQLSTATE, passed on.
fn state(sqlstate: &str) -> PgSqlErrorCode {
    PgSqlErrorCode::from(packed(sqlstate))
}

/// Five characters in a number, as the server does it: six bits each, the first in the lowest.
pub(super) fn packed(sqlstate: &str) -> i32 {
    let mut packed = 0;
    for (place, byte) in sqlstate.bytes().take(5).enumerate() {
        packed |= i32::from(byte.wrapping_sub(b'0') & 0x3f) << (6 * place);
    }
    packed
}

fn explained(mut report: ErrorReport, detail: Option<String>, hint: Option<String>) -> ErrorReport {
    if let Some(detail) = detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = hint {
        report = report.set_hint(hint);
    }
    report
}

/// A hint as the server writes them: a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
