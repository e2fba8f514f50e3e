//! The names that an answer may have, as they travel with a request.

use serde::{Deserialize, Serialize};

use crate::schema::Snapshot;

/// The names a statement may use: of what the caller may read, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Constraint {
    /// Relations and their columns.
    pub relations: Vec<ConstraintRelation>,
    /// Schemas in which a relation is found without its schema's name, first to last.
    #[serde(default)]
    pub search_path: Vec<String>,
    /// Where a column must be.
    #[serde(default)]
    pub columns: ColumnScope,
    /// Names of functions that may be called besides the built-in ones of the positive list.
    #[serde(default)]
    pub functions: Vec<String>,
    /// What the relations were read from, for the log and for caches; equal ones mean equal names.
    #[serde(default)]
    pub fingerprint: String,
}

/// Where a column that a statement names must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnScope {
    /// In a relation that is in scope where it is named.
    #[default]
    InScope,
    /// In any relation of the constraint. One that is not in scope is left to be found by the
    /// server, and mended with its message: a model that is made to take another column instead
    /// writes a statement that runs and is wrong.
    Anywhere,
}

/// A relation of a [`Constraint`]; names as stored in the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConstraintRelation {
    /// Schema.
    pub schema: String,
    /// Name within the schema.
    pub name: String,
    /// Columns the caller may read.
    pub columns: Vec<String>,
}

/// Most names of a [`Constraint`]: relations, columns, schemas and functions together. Their
/// index takes some hundred bytes each.
pub const MAX_CONSTRAINT_NAMES: usize = 100_000;

/// Most bytes of its names as they travel: with the prompt, well below `MAX_FRAME`.
const MAX_CONSTRAINT_BYTES: usize = 1 << 20;

/// Longest name of a [`Constraint`], bytes: `NAMEDATALEN` with room for servers built with more.
const MAX_NAME: usize = 255;

/// Bytes of a relation as it travels, besides its names.
const RELATION_BYTES: usize = 40;

impl Constraint {
    /// Whether it is of a size that can be served.
    pub fn is_reasonable(&self) -> bool {
        let mut count = self.relations.len();
        let mut bytes = count * RELATION_BYTES;
        let mut short = |name: &String| {
            count += 1;
            // As an escape, a byte takes up to six.
            let escaped = name.bytes().filter(|b| matches!(b, 0..=0x1F | b'"' | b'\\')).count();
            bytes += name.len() + 3 + 5 * escaped;
            name.len() <= MAX_NAME && !name.contains('\0')
        };
        let all = self.search_path.iter().chain(&self.functions).all(&mut short)
            && self.relations.iter().all(|relation| {
                short(&relation.schema)
                    && short(&relation.name)
                    && relation.columns.iter().all(&mut short)
            });
        all && count <= MAX_CONSTRAINT_NAMES && bytes <= MAX_CONSTRAINT_BYTES
    }
}

impl From<&Snapshot> for Constraint {
    fn from(snapshot: &Snapshot) -> Self {
        let relations = snapshot.relations.iter().map(|relation| ConstraintRelation {
            schema: relation.name.schema.clone(),
            name: relation.name.name.clone(),
            columns: relation.columns.iter().map(|column| column.name.clone()).collect(),
        });
        Self {
            relations: relations.collect(),
            search_path: Vec::new(),
            columns: ColumnScope::default(),
            functions: snapshot.functions.clone(),
            fingerprint: snapshot.fingerprint(),
        }
    }
}
