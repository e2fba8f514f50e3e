//! The one place where errors get their SQLSTATE, message, detail and hint.
//!
//! Messages are lower-case without a full stop; the detail holds facts, the hint what to do.
//! Called at the edge of every SQL function.

mod define;
mod report;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use text2sql_core::confidence::given::CurvesError;
use text2sql_core::confirm::ConfirmError;
use text2sql_core::pipeline::{OutOfOrder, Outcome};
use text2sql_core::prompt::{PromptError, QuestionError};
use text2sql_core::sql::{Refusal, SqlError};

use crate::catalog::CatalogError;
use crate::embedding::table::TableError;
use crate::exec::{ExecError, ResultSet, Truncation};
use crate::ipc::client::ClientError;
use crate::pg::own_state;

pub use define::DefineError;
pub use report::told;

/// Everything a SQL function can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The library was not loaded at server start.
    #[error("text2sql is not in shared_preload_libraries")]
    NotPreloaded,
    /// The functions of this database are of another version.
    #[error("the extension text2sql in this database is of another version than the library")]
    OtherVersion {
        /// The extension's.
        extension: String,
    },
    /// The set-up cannot be checked.
    #[error("could not check the set-up: {0}")]
    CheckSetup(String),
    /// Something cannot be defined.
    #[error(transparent)]
    Define(#[from] DefineError),
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
    /// The vectors cannot be read or written.
    #[error(transparent)]
    Embeddings(#[from] TableError),
    /// Another embedding model took over in the middle of a refresh.
    #[error("the embedding model was changed meanwhile")]
    EncoderChanged,
    /// The type of the wanted rows cannot be read.
    #[error("could not read the row type: {0}")]
    RowTypeLookup(String),
    /// The caller may read nothing in the schemas under consideration.
    #[error("there is no table that this role may read")]
    NothingReadable {
        /// The configured schemas, if any.
        schemas: Option<Vec<String>>,
    },
    /// What confidence is computed by cannot be read.
    #[error("text2sql.confidence_curves cannot be used")]
    Curves(#[from] CurvesError),
    /// A setting names a role that does not exist.
    #[error("role \"{name}\" does not exist")]
    NoSuchRole {
        /// The role.
        name: String,
    },
    /// The server leaves too little stack to read a statement in.
    #[error("a session has too little stack for reading statements")]
    LittleStack {
        /// What is left below the server's own limit, bytes.
        room: u64,
        /// What reading needs, bytes.
        needed: u64,
    },
    /// The pipeline ended without a statement.
    #[error("the model wrote no valid statement")]
    NoStatement(Box<Outcome>),
    /// The question can be read in several ways.
    #[error("\"{word}\" can be read in several ways")]
    Ambiguous {
        /// The word.
        word: String,
        /// What it lacks: `measure`, `year` or `table`.
        reading: &'static str,
        /// Readings.
        choices: Vec<String>,
    },
    /// The question has little to do with what can be read.
    #[error("the question has little to do with what this role may read")]
    Unrelated {
        /// What is missing, and what there is.
        why: String,
    },
    /// The model says that what is asked is not there.
    #[error("what this role may read does not answer the question")]
    Missing {
        /// What is missing, and what there is.
        why: String,
    },
    /// The statement is too likely wrong.
    #[error("the answer is too uncertain")]
    Uncertain {
        /// What speaks against it, and what there is.
        why: String,
    },
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
    /// A known answer to compare with is cut.
    #[error("the known statement returns more than the limits allow")]
    GoldTooLarge,
    /// A table is no list of questions with known statements.
    #[error("the questions cannot be read: {0}")]
    Questions(String),
    /// A known statement of a table of questions cannot be run.
    #[error("a known statement for \"{question}\" cannot be used: {cause}")]
    Gold {
        /// The question.
        question: String,
        /// Why.
        cause: Box<Error>,
    },
    /// Statements must be shown before they are run.
    #[error("a statement must be confirmed before it is run")]
    ConfirmationRequired,
    /// The text is no statement that was confirmed.
    #[error(transparent)]
    Confirm(#[from] ConfirmError),
    /// The server has no random bytes.
    #[error("the server could not make random bytes")]
    NoRandomness,
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

impl Error {
    /// The rule that the statement broke, if that is what is wrong.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(refusal.rule),
            Self::Exec(ExecError::Refused { rule, .. }) => Some(rule),
            Self::NoStatement(outcome) => match &**outcome {
                Outcome::Refused { refusal, .. } => Some(refusal.rule),
                _ => None,
            },
            _ => None,
        }
    }

    /// The SQLSTATE, where it is one of our own: class TS is nobody else's.
    pub fn own_state(&self) -> Option<&'static str> {
        match self {
            Self::Ambiguous { .. } => Some("TS001"),
            Self::Unrelated { .. } | Self::Missing { .. } | Self::Uncertain { .. } => Some("TS002"),
            _ => None,
        }
    }

    /// The last statement the model wrote, where none was accepted.
    pub fn candidate(&self) -> Option<&str> {
        match self {
            Self::NoStatement(outcome) => match &**outcome {
                Outcome::Refused { candidate, .. } | Outcome::NoValidSql { candidate, .. } => {
                    Some(candidate)
                }
                Outcome::Sql { .. } | Outcome::Missing { .. } => None,
            },
            _ => None,
        }
    }
}

/// Ends the current function with `error`.
pub fn raise(error: Error) -> ! {
    let own_state = error.own_state();
    let report = ErrorReport::from(error);
    if let Some(state) = own_state {
        own_state::give(report::packed(state));
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an error report of level ERROR does not return")
}

/// Says that a definition, told by kind, relation and name, is out of use.
pub fn warn_of_unused([kind, relation, name]: &[String; 3], problem: String) {
    let of = [relation.as_str(), name.as_str()].into_iter().filter(|part| !part.is_empty());
    let what = of.collect::<Vec<_>>().join(": ");
    report::report(
        PgSqlErrorCode::ERRCODE_WARNING,
        format!("the {kind} {what} is not used any more"),
    )
    .set_detail(problem)
    .set_hint("Define it anew, or take it away with text2sql.drop_semantic.")
    .report(PgLogLevel::WARNING);
}

/// Says what of a result was cut off or renamed.
pub fn warn_of_cuts(result: &ResultSet) {
    for (from, to) in &result.renamed {
        pgrx::notice!("column \"{from}\" appears more than once, once as \"{to}\"");
    }
    let (limit, setting) = match result.truncated {
        None => return,
        Some(Truncation::Rows(_)) => ("rows", "text2sql.max_rows"),
        Some(Truncation::Bytes(_)) => ("bytes", "text2sql.max_result_size"),
    };
    report::report(
        PgSqlErrorCode::ERRCODE_WARNING,
        format!(
            "the result has too many {limit}: the first {} rows are returned",
            result.rows.len()
        ),
    )
    .set_hint(format!("Ask for less, or raise {setting}."))
    .report(PgLogLevel::WARNING);
}
