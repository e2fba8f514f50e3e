//! What goes into the state machine and what comes out.

use crate::chat::ChatPrompt;
use crate::protocol::Finish;
use crate::sql::{ParsedSql, Refusal};

/// What the owner is to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Have the model continue this; answer with [`Event::Generated`].
    Generate(ChatPrompt),
    /// Have the server check this; answer with [`Event::Accepted`] or [`Event::Rejected`].
    Check(ParsedSql),
    /// It is over.
    Finish(Outcome),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Begin.
    Start,
    /// The model has answered.
    Generated {
        /// Its answer, without the prefix it was given.
        text: String,
        /// Why it ended.
        finish: Finish,
    },
    /// The server takes the statement.
    Accepted {
        /// As it will run.
        sql: String,
    },
    /// The server does not take the statement.
    Rejected(Rejection),
}

/// Where a statement failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The model's answer ended too early.
    Generate,
    /// No statement could be cut out of the answer.
    Extract,
    /// The policy, here or on the server side, refused it.
    Policy,
    /// The server could not parse, analyse or plan it.
    Analyze,
    /// It failed when run.
    Execute,
}

/// Why a statement was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Where.
    pub stage: Stage,
    /// What the user is told.
    pub reason: String,
    /// What the model is told, so that it can mend the statement; without it there is no repair.
    /// Only names the statement itself has written may be in it.
    pub message_for_model: Option<String>,
    /// The rule, if a policy refused it.
    pub refusal: Option<Refusal>,
}

impl Rejection {
    /// The server's complaint about names, types or syntax the model wrote itself (SQLSTATE
    /// class 42): the model may see it.
    pub fn repairable(stage: Stage, message: impl Into<String>) -> Self {
        let reason = message.into();
        Self { stage, message_for_model: Some(reason.clone()), reason, refusal: None }
    }

    /// Adds what the snapshot knows about the names in the statement, for the model only.
    #[must_use]
    pub fn advised(mut self, advice: Option<String>) -> Self {
        if let (Some(message), Some(advice)) = (&mut self.message_for_model, advice) {
            message.push_str(". ");
            message.push_str(&advice);
        }
        self
    }

    /// A failure whose message may hold data, or that no other statement could avoid.
    pub fn last(stage: Stage, reason: impl Into<String>) -> Self {
        Self { stage, reason: reason.into(), message_for_model: None, refusal: None }
    }

    /// A refusal by policy: its text is about the statement only.
    pub fn refused(refusal: Refusal) -> Self {
        let told = match &refusal.hint {
            Some(hint) => format!("{}; {hint}", refusal.message),
            None => refusal.message.clone(),
        };
        Self {
            stage: Stage::Policy,
            reason: refusal.message.clone(),
            message_for_model: Some(told),
            refusal: Some(refusal),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a statement the server takes.
    Sql {
        /// The statement.
        sql: String,
        /// Generations it took.
        attempts: u32,
    },
    /// Without one.
    NoValidSql {
        /// The last answer, to be shown but never run.
        candidate: String,
        /// What is wrong with it.
        reason: String,
        /// Generations made.
        attempts: u32,
    },
    /// The last statement broke a rule of the policy.
    Refused {
        /// The last answer, to be shown but never run.
        candidate: String,
        /// Which rule, and why.
        refusal: Refusal,
        /// Generations made.
        attempts: u32,
    },
    /// The model says that what is asked is not there.
    Missing {
        /// What, in the model's words, on one line.
        what: String,
    },
}
