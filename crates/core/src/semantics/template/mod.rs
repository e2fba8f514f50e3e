//! Templates: questions with places for values, and the statement that answers each of them.
//!
//! Owns which questions a template answers, and its statement with the values of one. A question is
//! answered only if everything it says is in the template or is a value of the kind that stands
//! there; nothing is taken by likeness. Values reach the statement as literals that this module
//! writes ([`statement`]), never as text of the question. The statement is checked and run as any
//! other: nothing here vouches for it. What a caller gets of templates is decided when a snapshot is
//! made ([`crate::semantics::apply`]). Called by the extension, and by [`super::apply`].

mod kind;
mod pattern;
mod statement;
mod value;
mod words;

pub use kind::{ColumnName, ParameterKind};
pub use statement::bind;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::schema::Snapshot;
use crate::sql::{How, Look};
use pattern::Pattern;
use value::Value;
use words::{Word, words};

/// Most questions of a template.
pub const MAX_QUESTIONS: usize = 16;
/// Most parameters of a template.
pub const MAX_PARAMETERS: usize = 6;
/// Longest name of a parameter, bytes.
const MAX_NAME: usize = 40;
/// Longest question that is compared, in words: one that templates answer is short.
const MAX_ASKED: usize = 100;
/// Most ways to read a question by templates; one with more is left to the model.
const MAX_READINGS: usize = 32;

/// Why something is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// There is no question.
    #[error("no question is given")]
    NoQuestion,
    /// More questions than allowed.
    #[error("there are {0} questions, more than the {MAX_QUESTIONS} allowed")]
    TooManyQuestions(usize),
    /// More parameters than allowed.
    #[error("there are {0} parameters, more than the {MAX_PARAMETERS} allowed")]
    TooManyParameters(usize),
    /// A question cannot be compared with.
    #[error("the question \"{question}\" {problem}")]
    Question {
        /// The question.
        question: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A parameter has no name that can be written, or no kind that is known.
    #[error("the parameter \"{name}\" {problem}")]
    Parameter {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The statement has no such tokens.
    #[error("the statement cannot be read: {0}")]
    Statement(String),
}

impl TemplateError {
    /// Something is wrong with a parameter.
    pub fn of_parameter(name: &str, problem: impl Into<String>) -> Self {
        Self::Parameter { name: name.to_owned(), problem: problem.into() }
    }

    fn of_question(question: &str, problem: impl Into<String>) -> Self {
        Self::Question { question: question.to_owned(), problem: problem.into() }
    }
}

/// A place for a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// `{name}` in questions, `:name` in the statement.
    pub name: String,
    /// What may stand there.
    pub kind: ParameterKind,
}

/// Questions with places for values, and the statement that answers them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The statement, on one line.
    sql: String,
    parameters: Vec<Parameter>,
    questions: Vec<Pattern>,
}

/// The statement that a template gives for a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Name of the template.
    pub template: String,
    /// The statement, with the question's values.
    pub sql: String,
}

impl Template {
    /// A template of these parts. Each question has each parameter once, and so has the statement,
    /// at least.
    ///
    /// # Errors
    /// Where it could not be compared with questions, or would leave a part of one out.
    pub fn new(
        name: &str,
        questions: &[String],
        parameters: &BTreeMap<String, String>,
        sql: &str,
    ) -> Result<Self, TemplateError> {
        if parameters.len() > MAX_PARAMETERS {
            return Err(TemplateError::TooManyParameters(parameters.len()));
        }
        let parameters: Vec<Parameter> = parameters
            .iter()
            .map(|(name, kind)| parameter(name, kind))
            .collect::<Result<_, TemplateError>>()?;
        match questions.len() {
            0 => return Err(TemplateError::NoQuestion),
            many if many > MAX_QUESTIONS => return Err(TemplateError::TooManyQuestions(many)),
            _ => {}
        }
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let questions = questions
            .iter()
            .map(|question| {
                Pattern::new(question, &names)
                    .map_err(|problem| TemplateError::of_question(question, problem))
            })
            .collect::<Result<_, _>>()?;
        statement::check(sql, &names)?;
        Ok(Self { name: name.to_owned(), sql: sql.to_owned(), parameters, questions })
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The statement with these literals in the place of its parameters, in their order.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn with(&self, literals: &[String]) -> Result<String, TemplateError> {
        let names = self.parameters.iter().map(|parameter| parameter.name.as_str());
        bind(&self.sql, &names.zip(literals.iter().map(String::as_str)).collect())
    }
}

fn parameter(name: &str, kind: &str) -> Result<Parameter, TemplateError> {
    let mut bytes = name.bytes();
    let is_name = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !is_name || name.len() > MAX_NAME {
        let problem = "has no name of lower-case letters, digits and underscores";
        return Err(TemplateError::of_parameter(name, problem));
    }
    let kind = ParameterKind::parse(kind).ok_or_else(|| {
        let problem = format!(
            "is of no known kind: \"{kind}\" is none of number, integer, year, month, date and \
             schema.relation.column"
        );
        TemplateError::of_parameter(name, problem)
    })?;
    Ok(Parameter { name: name.to_owned(), kind })
}

/// One way to read a question by a template.
struct Reading<'s> {
    template: &'s Template,
    values: Vec<Value>,
    /// Words of the question that the template itself has: more of them leave less open.
    literal: usize,
}

/// Whether a template may answer the question, as far as can be told without looking values up.
#[must_use]
pub fn may_answer(snapshot: &Snapshot, question: &str) -> bool {
    !readings(snapshot, question).is_empty()
}

/// The statement of the one template that answers the question. `stored` looks for a value as the
/// caller, and gives nothing where it cannot tell.
///
/// Of several readings that hold, the one counts that has most of its words from the template. If
/// two of these give different statements, the question is left open, and so it is where a value
/// could not be looked up.
pub fn fill(
    snapshot: &Snapshot,
    question: &str,
    mut stored: impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Option<Filled> {
    let mut readings = readings(snapshot, question);
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.literal));
    let mut known: HashMap<(ColumnName, String), Vec<String>> = HashMap::new();
    let mut found: BTreeMap<String, &Template> = BTreeMap::new();
    let mut literal = 0;
    for reading in &readings {
        if !found.is_empty() && reading.literal < literal {
            break;
        }
        let mut literals = Vec::new();
        for value in &reading.values {
            match value {
                Value::Literal(literal) => literals.push(literal.clone()),
                Value::Stored { column, spellings } => {
                    let of = spelt(snapshot, column, spellings, &mut known, &mut stored)?;
                    literals.extend(of.as_deref().and_then(value::text));
                }
            }
        }
        if literals.len() == reading.values.len()
            && let Ok(sql) = reading.template.with(&literals)
        {
            literal = reading.literal;
            found.entry(sql).or_insert(reading.template);
        }
    }
    match found.pop_first() {
        Some((sql, template)) if found.is_empty() => {
            Some(Filled { template: template.name.clone(), sql })
        }
        _ => None,
    }
}

/// All ways to read the question; none where there are too many.
fn readings<'s>(snapshot: &'s Snapshot, question: &str) -> Vec<Reading<'s>> {
    let templates = &snapshot.semantics.templates;
    if templates.is_empty() {
        return Vec::new();
    }
    let asked: Vec<Word> = words(question).take(MAX_ASKED + 1).collect();
    if asked.len() > MAX_ASKED {
        return Vec::new();
    }
    let mut all = Vec::new();
    for template in templates {
        for pattern in &template.questions {
            let Some(found) = pattern.readings(question, &asked, &template.parameters) else {
                return Vec::new();
            };
            let literal = pattern.literal();
            all.extend(found.into_iter().map(|values| Reading { template, values, literal }));
            if all.len() > MAX_READINGS {
                return Vec::new();
            }
        }
    }
    all
}

/// How the column has what may be spelt so, if it has it once: exactly so, or else but for the case
/// of letters. Nothing at all where that cannot be found out.
fn spelt(
    snapshot: &Snapshot,
    column: &ColumnName,
    spellings: &[String],
    known: &mut HashMap<(ColumnName, String), Vec<String>>,
    stored: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Option<Option<String>> {
    let attribute = snapshot
        .relation(&column.relation)
        .and_then(|relation| relation.columns.iter().find(|c| c.name == column.column));
    // What may not be read has no values.
    let Some(attribute) = attribute else { return Some(None) };
    let mut all = BTreeSet::new();
    for spelling in spellings {
        let key = (column.clone(), spelling.clone());
        let found = match known.get(&key) {
            Some(found) => found.clone(),
            None if !attribute.enum_labels.is_empty() => labels(&attribute.enum_labels, spelling),
            None => look(column, spelling, stored)?,
        };
        all.extend(found.iter().cloned());
        known.insert(key, found);
    }
    let one = all.pop_first().filter(|_| all.is_empty());
    Some(one)
}

fn labels(labels: &[String], spelling: &str) -> Vec<String> {
    if labels.iter().any(|label| label == spelling) {
        return vec![spelling.to_owned()];
    }
    let lower = spelling.to_lowercase();
    labels.iter().filter(|label| label.to_lowercase() == lower).cloned().collect()
}

fn look(
    column: &ColumnName,
    spelling: &str,
    stored: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Option<Vec<String>> {
    let ColumnName { relation, column } = column;
    let exactly = Look { relation, column, value: spelling, how: How::Exactly };
    let found = stored(&exactly)?;
    if !found.is_empty() {
        return Some(found);
    }
    stored(&Look { how: How::Alike, ..exactly })
}

#[cfg(test)]
mod tests;
