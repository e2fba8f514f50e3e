//! What a statement that did not pass its check means for the question: whether the model may mend
//! it, and what it is told.
//!
//! Called by [`super::question`].

use text2sql_core::pipeline::{Rejection, Stage};
use text2sql_core::prompt;
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{ParsedSql, Refusal};

use crate::error::Error;
use crate::exec::ExecError;

/// What the pipeline makes of a refused statement.
///
/// # Errors
/// `error` itself, where no other statement can be expected to do better: it is the answer.
pub fn rejection(error: ExecError, sql: &ParsedSql) -> Result<Rejection, Error> {
    match error {
        ExecError::Refused { rule, message, hint, .. } => {
            Ok(Rejection::refused(Refusal { rule, message, hint }))
        }
        ExecError::Analysis { message, safe_for_model: true, .. } => {
            Ok(Rejection::repairable(Stage::Analyze, message))
        }
        ExecError::Analysis { message, sqlstate, .. }
            if prompt::is_about_constant(&sqlstate, &message, sql) =>
        {
            Ok(Rejection::repairable(Stage::Analyze, message))
        }
        ExecError::Analysis { message, .. } => Ok(Rejection::last(Stage::Analyze, message)),
        other => Err(Error::from(other)),
    }
}

/// Whether the statement failed over a value it met or made (SQLSTATE class 22): another one may not.
pub fn is_about_data(error: &Error) -> bool {
    matches!(error, Error::Exec(ExecError::Execution { sqlstate, .. }) if sqlstate.starts_with("22"))
}

/// What else the server says, as far as the model may read it, and what the snapshot knows about the
/// names, or the constant, that the server rejects.
pub fn advice(error: &ExecError, snapshot: &Snapshot, sql: &ParsedSql) -> Option<String> {
    let ExecError::Analysis { sqlstate, message, further, .. } = error else {
        return prompt::advise(snapshot, sql);
    };
    let known = match sqlstate.as_str() {
        "22P02" => prompt::advise_label(snapshot, message),
        _ => prompt::advise(snapshot, sql),
    };
    let of_server = further.iter().filter_map(|text| prompt::tellable(text, sql));
    let all: Vec<&str> = of_server.chain(known.as_deref()).collect();
    Some(format!("SQLSTATE {sqlstate}. {}", all.join(" ")).trim_end().to_owned())
}
