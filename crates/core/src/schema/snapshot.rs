//! Snapshot types; serde names are the contract with `sql/catalog_snapshot.sql`.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex;
use crate::link::Index;
use crate::semantics::Semantics;

/// All relations a role may read in the schemas under consideration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Ordered by schema, then name: a stable order keeps prompt prefixes byte-identical.
    pub relations: Vec<Relation>,
    /// Foreign keys of which both ends are readable.
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    /// Keys that nobody declared and names suggest; made by [`Snapshot::parse`].
    #[serde(skip)]
    pub inferred_keys: Vec<ForeignKey>,
    /// Names of functions that statements may call besides the built-in ones. No part of what a
    /// statement depends on: those it calls are judged when it runs.
    #[serde(default, skip_serializing)]
    pub functions: Vec<String>,
    /// What people have defined about these relations; put here by [`crate::semantics::apply`].
    #[serde(default, skip_serializing_if = "Semantics::is_empty")]
    pub semantics: Semantics,
    /// What linking computes of the rest, once.
    #[serde(skip)]
    pub(crate) index: Kept<Index>,
}

/// Something computed at its first use. A copy computes it again: it may have been changed before.
#[derive(Debug)]
pub struct Kept<T>(OnceLock<T>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Schema and name of a relation, unquoted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationName {
    /// Schema.
    pub schema: String,
    /// Name within the schema.
    pub name: String,
}

/// A table, view or the like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relation {
    /// Schema and name.
    #[serde(flatten)]
    pub name: RelationName,
    /// What it is.
    pub kind: RelationKind,
    /// `COMMENT ON`, or the description defined in its place, control characters removed, at most
    /// 200 bytes.
    #[serde(default)]
    pub comment: Option<String>,
    /// Other names people have for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// Whether row-level security may hide rows of it from the caller.
    #[serde(default, skip_serializing_if = "is_false")]
    pub filtered: bool,
    /// The planner's row estimate, where the relation was analysed.
    #[serde(default)]
    pub estimated_rows: Option<f64>,
    /// Attributes the caller may SELECT, in the relation's order.
    pub columns: Vec<Attribute>,
    /// Names of the primary key's columns, in key order; empty if none, or not all readable.
    #[serde(default)]
    pub primary_key: Vec<String>,
}

/// Kinds of relation a question can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// Ordinary table.
    Table,
    /// Partitioned table; its partitions are not listed.
    PartitionedTable,
    /// View.
    View,
    /// Materialized view.
    MaterializedView,
    /// Foreign table.
    ForeignTable,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attribute {
    /// Unquoted name.
    pub name: String,
    /// `format_type`: for a domain, its base type.
    pub type_name: String,
    /// `NOT NULL`.
    #[serde(default)]
    pub not_null: bool,
    /// Name of the domain, if the type is one.
    #[serde(default)]
    pub domain: Option<String>,
    /// `COMMENT ON COLUMN`, or the description defined in its place, control characters removed, at
    /// most 200 bytes.
    #[serde(default)]
    pub comment: Option<String>,
    /// Other names people have for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synonyms: Vec<String>,
    /// Labels in order, if the type is an enum.
    #[serde(default)]
    pub enum_labels: Vec<String>,
    /// Most common values from statistics, most frequent first, as text.
    #[serde(default)]
    pub common_values: Vec<String>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The referencing relation.
    pub from: RelationName,
    /// Referencing columns, in key order.
    pub from_columns: Vec<String>,
    /// The referenced relation.
    pub to: RelationName,
    /// Referenced columns, in the same order.
    pub to_columns: Vec<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Relation {
    /// Whether it has at most one row with given values of the columns for which `is_given`: those of
    /// its whole primary key are among them.
    pub fn is_one_row(&self, is_given: impl Fn(&str) -> bool) -> bool {
        !self.primary_key.is_empty() && self.primary_key.iter().all(|column| is_given(column))
    }
}

impl Snapshot {
    /// The relation of that name.
    pub fn relation(&self, name: &RelationName) -> Option<&Relation> {
        self.relations.iter().find(|r| r.name == *name)
    }

    /// What the catalog query gives, with guesses at the keys that are not declared.
    ///
    /// # Errors
    /// Where the text is no snapshot.
    pub fn parse(json: &str) -> serde_json::Result<Self> {
        let mut snapshot: Self = serde_json::from_str(json)?;
        snapshot.infer_keys();
        Ok(snapshot)
    }

    pub(crate) fn infer_keys(&mut self) {
        self.inferred_keys = super::inferred::infer(self);
    }

    /// What linking knows of it. It must not be changed afterwards.
    pub(crate) fn index(&self) -> &Index {
        self.index.0.get_or_init(|| Index::new(self))
    }

    /// Declared keys first, then guesses.
    pub fn all_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        self.foreign_keys.iter().chain(&self.inferred_keys)
    }

    /// sha256, in hex, of what a statement depends on: relations, attributes, types, keys and
    /// what is said of them. Estimates and common values change by themselves and do not count, and
    /// other names for things change no statement.
    pub fn fingerprint(&self) -> String {
        let mut lasting = self.clone();
        lasting.semantics = Semantics::default();
        for relation in &mut lasting.relations {
            relation.estimated_rows = None;
            relation.synonyms.clear();
            for column in &mut relation.columns {
                column.common_values.clear();
                column.synonyms.clear();
            }
        }
        // Maps with keys that are no strings cannot be written; there is none.
        hex::encode(Sha256::digest(serde_json::to_vec(&lasting).unwrap_or_default()))
    }
}
