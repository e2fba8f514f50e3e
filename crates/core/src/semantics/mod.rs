//! What people have said of a database, beside what its catalog says.
//!
//! Owns the shape of a stored [`Definition`], what of them a caller gets ([`apply`]), how they meet
//! a question ([`hints`], [`template`]), and the checks on what somebody wants to define ([`entry`],
//! [`expression`]). A definition is text for the model and never runs by itself, but
//! for the statement of a template, which is checked as if a model had written it. One that touches
//! anything the caller may not SELECT must be as if it were not there: [`apply`] sees to it, once
//! for a snapshot, and all others read the snapshot. Called by the extension, by [`crate::link`]
//! and by [`crate::prompt`].

mod apply;
pub mod entry;
mod examples;
pub mod expression;
mod hints;
pub mod import;
pub mod template;

pub use apply::{apply, changed};
pub use examples::{alike, examples};
pub(crate) use hints::is_named;
pub use hints::{Hint, hints};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::schema::{ForeignKey, RelationName};
use template::Template;

/// One definition as it is stored; serde names are the contract with `sql/semantics.sql`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// The relation it is about; none for a rule about the database.
    #[serde(default)]
    pub relation: Option<RelationName>,
    /// Its name; of a description, the column it is about, or empty for the relation itself; of an
    /// example, the question.
    #[serde(default)]
    pub name: String,
    /// Expression of a metric, condition of a filter, text of a rule, statement of an example or
    /// template.
    #[serde(default)]
    pub definition: Option<String>,
    /// What it means, in plain words.
    #[serde(default)]
    pub description: Option<String>,
    /// Other names; of a template, its questions.
    #[serde(default)]
    pub synonyms: Vec<String>,
    /// What a join connects.
    #[serde(default)]
    pub key: Option<ForeignKey>,
    /// Parameters of a template, with what may stand in their place.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Every column, and every relation without one, that it touched when it was defined.
    #[serde(default)]
    pub reads: Vec<Read>,
}

/// Kinds of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What a relation or column holds, in place of its comment, and what else it is called.
    Description,
    /// An expression over a relation with a name of its own.
    Metric,
    /// A condition on a relation with a name of its own.
    Filter,
    /// Columns along which two relations are joined, though no key says so.
    Join,
    /// Something the model is always told.
    Rule,
    /// A question with a statement that answers it.
    Example,
    /// Questions with places for values, and a statement that answers them.
    Template,
}

impl Kind {
    /// As SQL functions name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Metric => "metric",
            Self::Filter => "filter",
            Self::Join => "join",
            Self::Rule => "rule",
            Self::Example => "example",
            Self::Template => "template",
        }
    }
}

/// Something a definition touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The relation.
    #[serde(flatten)]
    pub relation: RelationName,
    /// A column of it; none where only its rows are counted.
    #[serde(default)]
    pub column: Option<String>,
    /// The column's type when it was defined; another one now may mean something else.
    #[serde(default)]
    pub type_name: Option<String>,
}

/// Definitions in a snapshot that are no part of a relation's own text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Semantics {
    /// Metrics and filters.
    pub terms: Vec<Term>,
    /// What the model is always told.
    pub rules: Vec<Rule>,
    /// Questions with their statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Questions with places for values, with their statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<Template>,
}

impl Semantics {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
            && self.rules.is_empty()
            && self.examples.is_empty()
            && self.templates.is_empty()
    }

    /// Terms about a relation.
    pub fn terms_of<'s>(&'s self, relation: &'s RelationName) -> impl Iterator<Item = &'s Term> {
        self.terms.iter().filter(move |term| term.relation == *relation)
    }
}

/// A question with a statement that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The question.
    pub question: String,
    /// The statement, on one line.
    pub sql: String,
    /// The relations it reads.
    pub relations: Vec<RelationName>,
    /// The question's words, by which it is compared.
    pub words: Vec<String>,
}

impl Example {
    /// With the words by which its question is compared.
    #[must_use]
    pub fn new(question: String, sql: String, relations: Vec<RelationName>) -> Self {
        let words = examples::words(&question);
        Self { question, sql, relations, words }
    }
}

/// A metric or filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Metric or filter.
    pub kind: Kind,
    /// What it is defined on.
    pub relation: RelationName,
    /// What people call it.
    pub name: String,
    /// What else they call it.
    pub synonyms: Vec<String>,
    /// Expression or condition.
    pub sql: String,
    /// What it means.
    pub description: Option<String>,
}

impl Term {
    /// All it is called.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.synonyms.iter().map(String::as_str))
    }
}

/// Something the model is always told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Told only where this relation is shown.
    pub relation: Option<RelationName>,
    /// What is told.
    pub text: String,
}
