//! Errors that cross a process boundary.

use serde::{Deserialize, Serialize};

use crate::schema::sanitize;

/// An error that crosses a process boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind; decides the SQLSTATE.
    pub code: FailureCode,
    /// Lower-case, no full stop.
    pub message: String,
    /// Facts, if any.
    pub detail: Option<String>,
    /// What to do, if it is known.
    pub hint: Option<String>,
}

/// Most bytes of each text of a [`Failure`] and a [`ModelInfo`] that are shown.
pub(super) const SHOWN_BYTES: usize = 500;

impl Failure {
    /// With texts that can be shown: what an engine says goes to users and to the server's log.
    #[must_use]
    pub fn tamed(self) -> Self {
        let tame = |text: String| sanitize(&text, SHOWN_BYTES);
        Self {
            code: self.code,
            message: tame(self.message),
            detail: self.detail.map(tame),
            hint: self.hint.map(tame),
        }
    }

    /// One sentence for whoever is told of a later failure, and maybe another by its detail.
    #[must_use]
    pub fn as_earlier(&self, model: &str) -> String {
        let detail = self.detail.as_ref().map(|detail| format!(" {detail}")).unwrap_or_default();
        format!("Before that, model \"{model}\" failed: {}.{detail}", self.message)
    }

    /// With what had failed before it in its detail.
    #[must_use]
    pub fn after(mut self, earlier: Option<&str>) -> Self {
        let sentences: Vec<&str> = self.detail.as_deref().into_iter().chain(earlier).collect();
        self.detail = (!sentences.is_empty()).then(|| sentences.join(" "));
        self
    }
}

/// Kinds of [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureCode {
    /// No model is configured, or its file is not there or not readable.
    NoModel,
    /// The model file is damaged, hostile, of an unknown architecture, or not the pinned one.
    BadModel,
    /// The device a model is to be computed on is not there, or the engine has no code for it.
    NoDevice,
    /// The prompt does not fit the context.
    PromptTooLong,
    /// The request's deadline passed.
    Deadline,
    /// The request was cancelled.
    Cancelled,
    /// The engine process ended during the request.
    EngineDied,
    /// The worker is shutting down.
    ShuttingDown,
    /// A frame broke the protocol.
    Protocol,
    /// Not enough memory for the model or the request.
    OutOfMemory,
    /// The server where a model runs cannot be reached, or does not answer as it should.
    Unreachable,
    /// Anything else: a bug.
    Internal,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::is_invisible;
    use proptest::prelude::*;

    #[test]
    fn the_failure_of_the_first_model_is_not_hidden_by_that_of_the_next() {
        let failure = |message: &str, detail: Option<&str>| Failure {
            code: FailureCode::EngineDied,
            message: message.to_owned(),
            detail: detail.map(str::to_owned),
            hint: None,
        };
        let earlier = failure("it ended", Some("Engine: killed.")).as_earlier("small");
        assert_eq!(earlier, "Before that, model \"small\" failed: it ended. Engine: killed.");
        let detail = |detail| failure("late", detail).after(Some(&earlier)).detail.unwrap();
        assert_eq!(detail(None), earlier);
        assert_eq!(detail(Some("A fact.")), format!("A fact. {earlier}"));
        assert_eq!(failure("late", None).after(None), failure("late", None));
    }

    proptest! {
        #[test]
        fn what_an_engine_says_is_short_and_visible(
            text in any::<String>(), times in 1usize..2000,
        ) {
            let text = text.repeat(times);
            let (code, some) = (FailureCode::Internal, Some(text.clone()));
            let failure =
                Failure { code, message: text, detail: some.clone(), hint: some }.tamed();
            let (detail, hint) = (failure.detail.unwrap(), failure.hint.unwrap());
            for text in [failure.message, detail, hint] {
                prop_assert!(text.len() <= SHOWN_BYTES);
                prop_assert!(!text.chars().any(is_invisible), "{text:?}");
            }
        }
    }
}
