//! Asking one question, and judging what came of it.
//!
//! Owns the record of an answer. The session is [`super::session`]'s, the rules of judging
//! [`super::class`]'s. Called by [`super::run`].

use std::time::Instant;

use serde::{Deserialize, Serialize};
use text2sql_core::protocol::Failure;
use text2sql_core::shape::{self, Difference, Shape};
use text2sql_core::signals::Signals;

use super::arm::Arm;
use super::asked_with::AskedWith;
use super::class::Class;
use super::failed;
use super::session::{NoRows, Session, told};
use super::suite::Question;

/// One question under one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Name of the settings it was asked under.
    pub arm: String,
    /// The question.
    pub id: String,
    /// Its database.
    pub db: String,
    /// What was asked.
    pub question: String,
    /// The known statement.
    pub gold: String,
    /// The suite's name for how hard it is.
    pub difficulty: String,
    /// Tables the known statement reads.
    pub tables: usize,
    /// How the known statement aggregates; empty if it was not understood.
    pub aggregation: String,
    /// How queries of the known statement stand to each other; empty if it was not understood.
    pub nesting: String,
    /// What became of it.
    pub class: Class,
    /// Whether the statement has the same parts as a known one.
    pub exact: bool,
    /// The parts that differ from the known statement that is nearest.
    pub differences: Vec<Difference>,
    /// The statement, also one that was not taken.
    pub sql: Option<String>,
    /// The error, where there is one.
    pub message: Option<String>,
    /// The model that wrote it.
    pub model: Option<String>,
    /// From question to statement, milliseconds.
    pub ms: f64,
    /// Generations.
    pub attempts: i32,
    /// Tokens of the prompts.
    pub prompt_tokens: i32,
    /// Of these, cached.
    pub cached_tokens: i32,
    /// Tokens written.
    pub generated_tokens: i32,
    /// What is known of how it came about; whether there are no rows is this tool's finding.
    #[serde(default)]
    pub signals: Option<Signals>,
    /// What this one and those of its arm behind it were asked with: said by the first of an arm that a
    /// run writes, and by none of older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_with: Option<AskedWith>,
}

/// Asks, runs what was written, and compares. Where `text2sql.min_confidence` is above 0 `explain` does
/// not tell whether there would be an answer, since it looks neither at the question's words nor at the
/// confidence: the question is put to `text2sql.ask`, too, and refused where that refuses it.
///
/// # Errors
/// Where the server cannot answer at all, which says nothing of the question.
pub fn ask(session: &mut Session, arm: &Arm, question: &Question) -> Result<Answer, Failure> {
    let mut answer = explained(session, arm, question)?;
    let is_settled = matches!(answer.class, Class::GoldError | Class::Refused);
    if session.wants_confidence && !is_settled {
        let why = match session.declined(&question.text) {
            Ok(why) => why,
            Err(error) => {
                // What else is wrong with it is said of what was shown.
                let state = error.code().and_then(|code| Class::of_state(code.code()));
                state.map(|_| None).ok_or_else(|| no_answer(&error))?
            }
        };
        if why.is_some() {
            (answer.class, answer.message) = (Class::Refused, why);
        }
    }
    Ok(answer)
}

/// What `text2sql.explain` shows, judged by its rows.
fn explained(session: &mut Session, arm: &Arm, question: &Question) -> Result<Answer, Failure> {
    let shapes: Vec<Shape> = question
        .golds
        .iter()
        .filter_map(|gold| Shape::of_published(gold, &session.catalog))
        .collect();
    let mut answer = unasked(arm, question, shapes.first());
    let golds = match session.golds(question) {
        Ok(golds) => golds,
        Err(NoRows::Fails(why)) => {
            answer.message = Some(why);
            return Ok(answer);
        }
        Err(NoRows::NoAnswer(error)) => return Err(no_answer(&error)),
    };
    let begin = Instant::now();
    let explained = session.explain(&question.text);
    answer.ms = begin.elapsed().as_secs_f64() * 1e3;
    let sql = match explained {
        Ok(explained) => {
            answer.model = explained.model;
            answer.attempts = explained.attempts;
            answer.prompt_tokens = explained.prompt_tokens;
            answer.cached_tokens = explained.cached_tokens;
            answer.generated_tokens = explained.generated_tokens;
            answer.signals = explained.signals;
            explained.sql
        }
        Err(error) => {
            answer.sql = candidate(&error);
            answer.class = class(session, &error, answer.sql.as_deref())?;
            answer.message = Some(told(&error));
            compare(&mut answer, &shapes, session);
            return Ok(answer);
        }
    };
    answer.sql = Some(sql.clone());
    let is_understood = compare(&mut answer, &shapes, session);
    match session.rows(&sql) {
        Ok(rows) => {
            if let Some(signals) = &mut answer.signals {
                signals.empty = Some(rows.is_empty());
            }
            let differences = is_understood.then_some(answer.differences.as_slice());
            answer.class = Class::of_rows(&golds, &rows, question.ordered, differences);
        }
        Err(error) => {
            let state = error.code().map(|code| code.code().to_owned());
            let state = state.ok_or_else(|| no_answer(&error))?;
            answer.class = Class::of_state(&state).unwrap_or(Class::Error);
            answer.message = Some(told(&error));
        }
    }
    Ok(answer)
}

/// An answer before there is one: what is known of the question.
fn unasked(arm: &Arm, question: &Question, gold: Option<&Shape>) -> Answer {
    Answer {
        arm: arm.name.clone(),
        id: question.id.clone(),
        db: question.db.clone(),
        question: question.text.clone(),
        gold: question.golds.first().cloned().unwrap_or_default(),
        difficulty: question.difficulty.clone(),
        tables: gold.map_or(0, Shape::tables),
        aggregation: gold.map_or("", Shape::aggregation).to_owned(),
        nesting: gold.map_or("", Shape::nesting).to_owned(),
        class: Class::GoldError,
        exact: false,
        differences: Vec::new(),
        sql: None,
        message: None,
        model: None,
        ms: 0.0,
        attempts: 0,
        prompt_tokens: 0,
        cached_tokens: 0,
        generated_tokens: 0,
        signals: None,
        asked_with: None,
    }
}

/// Compares the statement with the known one that is nearest; false where it is not understood.
fn compare(answer: &mut Answer, golds: &[Shape], session: &Session) -> bool {
    let Some(got) = answer.sql.as_deref().and_then(|sql| Shape::of(sql, &session.catalog)) else {
        return false;
    };
    let Some(nearest) = shape::nearest(golds, &got) else { return false };
    answer.exact = nearest.is_empty();
    answer.differences = nearest;
    true
}

/// The class of an error of the extension.
fn class(
    session: &mut Session,
    error: &postgres::Error,
    candidate: Option<&str>,
) -> Result<Class, Failure> {
    let code = error.code().ok_or_else(|| no_answer(error))?.code();
    let class = Class::of_state(code).ok_or_else(|| no_answer(error))?;
    // No valid statement: the server says of the last one what is wrong with it.
    let state = match candidate.filter(|_| class == Class::Error).map(|sql| session.analyse(sql)) {
        Some(Err(error)) => error.code().map(|code| code.code().to_owned()),
        _ => None,
    };
    Ok(match state.as_deref().and_then(Class::of_state) {
        Some(Class::UnknownName) => Class::UnknownName,
        _ => class,
    })
}

/// The last statement of the model, which the extension's error shows at the end of its detail.
fn candidate(error: &postgres::Error) -> Option<String> {
    let detail = error.as_db_error()?.detail()?;
    let (_, candidate) = detail.split_once(" Candidate: ")?;
    Some(candidate.to_owned()).filter(|text| !text.trim().is_empty())
}

fn no_answer(error: &postgres::Error) -> Failure {
    failed(&format!("the server does not answer: {}", told(error)))
}
