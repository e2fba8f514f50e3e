//! Definitions in files of others: our own YAML or JSON, semantic models of Snowflake, and
//! `schema.yml` and MetricFlow of dbt, as they are.
//!
//! Owns the reading of untrusted text into [`Wanted`] definitions, and the list of what could not be
//! mapped: nothing is dropped in silence. Whether a wanted relation is there and its expression holds
//! is for the extension to say. Called by the extension.

mod dbt;
mod document;
mod own;
mod snowflake;

pub use own::{Export, export};

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::Kind;
use super::entry::MAX_DESCRIPTION;
use crate::schema::sanitize;

/// Longest document, bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most definitions of a document.
const MAX_WANTED: usize = 10_000;

/// Why a document cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Longer than [`MAX_BYTES`].
    #[error("the document has {0} bytes, more than the {MAX_BYTES} allowed")]
    TooLong(usize),
    /// Neither YAML nor JSON, or more nested or repeated than is believed.
    #[error("the document cannot be read: {0}")]
    Syntax(String),
    /// None of the known kinds of document.
    #[error("the document is of no known kind")]
    Unknown,
    /// More than [`MAX_WANTED`] definitions.
    #[error("the document has more than {MAX_WANTED} definitions")]
    TooMany,
}

/// A relation as a document names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Schema, where the document has one.
    pub schema: Option<String>,
    /// Name.
    pub name: String,
}

/// A definition that a document asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is.
    pub kind: Kind,
    /// What it is about.
    pub place: Option<Place>,
    /// Its name; of a description, the column.
    pub name: String,
    /// Expression, condition or rule.
    pub text: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// Other names; of a template, its questions.
    pub synonyms: Vec<String>,
    /// Of a join: columns here, the relation there, columns there.
    pub join: Option<(Vec<String>, Place, Vec<String>)>,
    /// Of a template: its parameters.
    pub parameters: BTreeMap<String, String>,
}

impl Wanted {
    fn new(kind: Kind, place: Option<&Place>, name: &str) -> Self {
        Self {
            kind,
            place: place.cloned(),
            name: name.to_owned(),
            text: None,
            description: None,
            synonyms: Vec::new(),
            join: None,
            parameters: BTreeMap::new(),
        }
    }
}

/// Something in a document that could not be mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// What.
    pub object: String,
    /// Why.
    pub problem: String,
}

/// What a document holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Definitions, in the order in which they are to be made.
    pub wanted: Vec<Wanted>,
    /// The rest.
    pub skipped: Vec<Skipped>,
    /// Where the description of a thing is among the wanted: several parts of a document may say
    /// something of it.
    described: HashMap<(Option<Place>, String), usize>,
}

impl Imported {
    fn skip(&mut self, object: impl Into<String>, problem: impl Into<String>) {
        self.skipped.push(Skipped { object: object.into(), problem: problem.into() });
    }

    /// Adds a definition; a description too long to be shown is cut, and that is said.
    fn want(&mut self, mut wanted: Wanted) {
        if let Some(text) = &wanted.description {
            let clean = sanitize(text, text.len());
            let short = sanitize(&clean, MAX_DESCRIPTION);
            if short.len() < clean.len() {
                let object = format!("{} {}", wanted.kind.name(), object_name(&wanted));
                self.skip(object, format!("its description was cut to {MAX_DESCRIPTION} bytes"));
            }
            wanted.description = (!short.is_empty()).then_some(short);
        }
        let says_nothing = wanted.kind == Kind::Description
            && wanted.description.is_none()
            && wanted.synonyms.is_empty();
        if says_nothing {
            return;
        }
        if wanted.kind == Kind::Description {
            let about = (wanted.place.clone(), wanted.name.clone());
            let known = self.described.get(&about).and_then(|at| self.wanted.get_mut(*at));
            if let Some(known) = known {
                known.description = known.description.take().or(wanted.description);
                known.synonyms.extend(wanted.synonyms);
                return;
            }
            self.described.insert(about, self.wanted.len());
        }
        self.wanted.push(wanted);
    }
}

/// `relation.name`, as far as there are both.
#[must_use]
pub fn object_name(wanted: &Wanted) -> String {
    let place = wanted.place.as_ref().map(|place| place.name.as_str()).into_iter();
    place
        .chain((!wanted.name.is_empty()).then_some(wanted.name.as_str()))
        .collect::<Vec<_>>()
        .join(".")
}

/// Reads a document of any known kind.
///
/// # Errors
/// Where it is no such document.
pub fn import(text: &str) -> Result<Imported, ImportError> {
    if text.len() > MAX_BYTES {
        return Err(ImportError::TooLong(text.len()));
    }
    let document = document::read(text)?;
    let imported = if document.get("text2sql").is_some() {
        own::read(&document)
    } else if document.get("tables").is_some() {
        snowflake::read(&document)
    } else if dbt::KEYS.iter().any(|key| document.get(key).is_some()) {
        dbt::read(&document)
    } else {
        return Err(ImportError::Unknown);
    };
    if imported.wanted.len() > MAX_WANTED { Err(ImportError::TooMany) } else { Ok(imported) }
}

#[cfg(test)]
mod tests;
