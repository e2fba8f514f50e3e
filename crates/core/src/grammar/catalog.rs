//! The names a request's statements may use, indexed.
//!
//! Owns lookups by name; the names themselves come with the request
//! ([`crate::protocol::Constraint`]) and were read as the caller. Called by [`super::scope`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::functions;
use super::names::NameSet;
use super::words::{ARGUMENTS, INTERVAL_FIELDS, NO_LABEL, RESERVED, SYNTAX, TYPES};
use crate::protocol::{ColumnScope, Constraint};

/// A relation's names.
#[derive(Debug)]
pub(super) struct Table {
    pub schema: String,
    pub columns: Arc<BTreeSet<String>>,
}

/// All names of a request.
#[derive(Debug)]
pub struct Catalog {
    tables: HashMap<String, Vec<Table>>,
    schemas: BTreeMap<String, Arc<NameSet>>,
    search_path: Vec<String>,
    /// Columns of all relations, where one that is not in scope is let through.
    anywhere: Option<(BTreeSet<String>, Arc<NameSet>)>,
    /// What can stand behind `FROM`: relations and schemas.
    pub(super) sources: Arc<NameSet>,
    /// Words with a meaning wherever an expression is.
    pub(super) words: Arc<NameSet>,
    /// Words with a meaning behind `FROM`.
    pub(super) source_words: Arc<NameSet>,
    /// Schemas, which can begin the name of a function or of a column.
    pub(super) schema_names: Arc<NameSet>,
}

impl Catalog {
    /// Indexes the names of a request.
    pub fn new(constraint: &Constraint) -> Self {
        let mut tables: HashMap<String, Vec<Table>> = HashMap::new();
        let mut by_schema: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for relation in &constraint.relations {
            by_schema.entry(&relation.schema).or_default().push(&relation.name);
            tables.entry(relation.name.clone()).or_default().push(Table {
                schema: relation.schema.clone(),
                columns: Arc::new(relation.columns.iter().cloned().collect()),
            });
        }
        let names = constraint.relations.iter().map(|r| r.name.as_str());
        let sources = NameSet::new(names.chain(by_schema.keys().copied()));
        let function_schemas = ["pg_catalog"];
        let schema_names = NameSet::new(by_schema.keys().copied().chain(function_schemas));
        // `E'…'` and its like begin like a name.
        let strings = ["b", "e", "n", "x"];
        let functions = functions::built_in()
            .iter()
            .copied()
            .chain(constraint.functions.iter().map(String::as_str));
        let source_words = NameSet::of_words(
            functions.clone().chain(["lateral", "only", "rows", "select", "values", "with"]),
        );
        let words = NameSet::of_words(
            functions
                .chain([RESERVED, SYNTAX, INTERVAL_FIELDS, TYPES, ARGUMENTS, NO_LABEL].concat())
                .chain(strings),
        );
        let schemas = by_schema
            .into_iter()
            .map(|(schema, names)| (schema.to_owned(), Arc::new(NameSet::new(names))))
            .collect();
        Self {
            tables,
            schemas,
            search_path: constraint.search_path.clone(),
            anywhere: (constraint.columns == ColumnScope::Anywhere).then(|| {
                let all: BTreeSet<String> =
                    constraint.relations.iter().flat_map(|r| r.columns.iter().cloned()).collect();
                let names = NameSet::new(all.iter().map(String::as_str));
                (all, Arc::new(names))
            }),
            sources: Arc::new(sources),
            words: Arc::new(words),
            source_words: Arc::new(source_words),
            schema_names: Arc::new(schema_names),
        }
    }

    /// Whether a column is let through that is not in scope.
    pub(super) fn has_anywhere(&self, column: &str) -> bool {
        self.anywhere.as_ref().is_some_and(|(all, _)| all.contains(column))
    }

    /// The columns that are.
    pub(super) fn columns_anywhere(&self) -> Option<Arc<NameSet>> {
        self.anywhere.as_ref().map(|(_, names)| Arc::clone(names))
    }

    /// Whether there is such a schema with relations in it.
    pub(super) fn has_schema(&self, schema: &str) -> bool {
        self.schemas.contains_key(schema)
    }

    /// The relations of a schema.
    pub(super) fn relations_of(&self, schema: &str) -> Option<&Arc<NameSet>> {
        self.schemas.get(schema)
    }

    /// The relation a name without a schema stands for: on the search path, else in any schema,
    /// because the pipeline gives a bare name its schema where there is one choice. Several
    /// without an order between them are all of them.
    pub(super) fn bare(&self, name: &str) -> Vec<&Table> {
        let all = self.tables.get(name).map(Vec::as_slice).unwrap_or_default();
        let first = self
            .search_path
            .iter()
            .find_map(|schema| all.iter().find(|table| table.schema == *schema));
        match first {
            Some(table) => vec![table],
            None => all.iter().collect(),
        }
    }

    /// The relation with that schema and name.
    pub(super) fn qualified(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables.get(name)?.iter().find(|table| table.schema == schema)
    }
}
