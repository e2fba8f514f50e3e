//! What can go wrong between SQL text and rows.

/// Why a statement was not run, or did not end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// The statement is outside of what this extension runs.
    #[error("{message}")]
    Refused {
        /// Name of the rule, stable.
        rule: &'static str,
        /// What was refused.
        message: String,
        /// Facts.
        detail: Option<String>,
        /// What to do instead.
        hint: Option<String>,
    },
    /// The server's parser or analyser rejects the statement.
    #[error("{message}")]
    Analysis {
        /// SQLSTATE.
        sqlstate: String,
        /// The server's message, at most 300 bytes.
        message: String,
        /// The server's detail and hint, where there are: they may name what the caller does not see.
        further: Vec<String>,
        /// Where, in characters from 1.
        position: Option<u32>,
        /// Whether the message holds nothing but names the statement itself contains, so that a
        /// model may read it. It may not in every other case.
        safe_for_model: bool,
    },
    /// The user in force lacks a right; the message is the one his own SELECT would get.
    #[error("{message}")]
    Permission {
        /// The server's message.
        message: String,
    },
    /// The plan is more expensive than allowed.
    #[error("the estimated cost {cost:.0} is above the limit of {limit:.0}")]
    Cost {
        /// Of the plan.
        cost: f64,
        /// In force.
        limit: f64,
    },
    /// Our own time limit; a cancel by the user or by `statement_timeout` is raised as it came.
    #[error("the query took longer than {ms} ms")]
    Timeout {
        /// The limit.
        ms: u64,
    },
    /// The stack was not deep enough for the statement, or for a value it works on.
    #[error("the statement needs more stack than the server allows")]
    TooDeep {
        /// `max_stack_depth`.
        allowed_kb: i32,
    },
    /// The statement failed while it ran. The server's message may hold data that a view hides
    /// from the caller, and is not kept.
    #[error("the query failed with SQLSTATE {sqlstate}: {condition}")]
    Execution {
        /// SQLSTATE.
        sqlstate: String,
        /// What that SQLSTATE stands for.
        condition: &'static str,
    },
    /// Called from inside of a statement that this extension runs.
    #[error("a generated statement cannot generate and run another one")]
    Nested,
    /// Something that cannot be.
    #[error("internal error: {0}")]
    Internal(String),
}

/// A refusal without detail and hint.
pub(super) fn refused(rule: &'static str, message: impl Into<String>) -> ExecError {
    ExecError::Refused { rule, message: message.into(), detail: None, hint: None }
}

/// As [`refused`], with a detail.
pub(super) fn refused_with(
    rule: &'static str,
    message: impl Into<String>,
    detail: impl Into<String>,
) -> ExecError {
    ExecError::Refused { rule, message: message.into(), detail: Some(detail.into()), hint: None }
}
