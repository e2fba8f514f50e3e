//! Questions that are not answered because nothing speaks for an answer.
//!
//! Owns when: before the model is asked where the question has little to do with what the caller may
//! read, and afterwards where the model says that something is missing, or the statement's confidence
//! is below `text2sql.min_confidence`. Why, and
//! what there is instead, is [`text2sql_core::doubt`]'s. Called by [`super::question`].

use text2sql_core::confidence::confidence;
use text2sql_core::confidence::given::Curves;
use text2sql_core::doubt;
use text2sql_core::link::Question;
use text2sql_core::schema::Snapshot;

use super::answer::Answer;
use super::draft::Draft;
use crate::error::Error;
use crate::guc;

/// What statements of each model are judged by.
///
/// # Errors
/// Where `text2sql.confidence_curves` is not what it should be.
pub fn curves() -> Result<Curves, Error> {
    guc::confidence_curves().map_or_else(|| Ok(Curves::default()), |text| Ok(Curves::parse(&text)?))
}

/// Refuses a question that has little to do with what can be read.
///
/// # Errors
/// With the words that are nowhere, and what there is.
pub fn require_relation(question: Question<'_>, snapshot: &Snapshot) -> Result<(), Error> {
    match doubt::unrelated(snapshot, question) {
        Some(why) => Err(Error::Unrelated { why }),
        None => Ok(()),
    }
}

/// What a caller is told where the model says that `what` is not there.
pub fn missing(what: &str, question: &str, draft: &Draft) -> Error {
    Error::Missing { why: doubt::missing(what, draft.shown, &draft.snapshot, question) }
}

/// Refuses an answer that is less likely right than `wanted`. One of a model that does not tell how
/// likely its tokens were is taken.
///
/// # Errors
/// With what speaks against it, and what there is.
pub fn require_confidence<T>(
    answer: Answer<T>,
    question: &str,
    snapshot: &Snapshot,
    wanted: f64,
    curves: &Curves,
) -> Result<Answer<T>, Error> {
    let confidence = confidence(&answer.signals, answer.model.as_deref(), curves);
    match confidence.filter(|confidence| *confidence < wanted) {
        None => Ok(answer),
        Some(confidence) => Err(Error::Uncertain {
            why: doubt::uncertain(snapshot, question, &answer.signals, confidence, wanted),
        }),
    }
}
