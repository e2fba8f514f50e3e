//! Which table a column of a statement belongs to.
//!
//! Owns the names in scope at a level of a statement. A column is written `table.column` whatever
//! alias the statement gave the table, so that two statements that mean the same column say the
//! same. Reads no database: the columns of tables are given to it. Called by [`super::walk`] and
//! [`super::expression`].

use std::collections::{HashMap, HashSet};

use sqlparser::ast::Ident;

/// Columns of the tables of a database, by the tables' names without schema.
#[derive(Debug, Default)]
pub struct Catalog(HashMap<String, HashSet<String>>);

impl FromIterator<(String, String)> for Catalog {
    /// Of pairs of table and column.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        let mut tables: HashMap<String, HashSet<String>> = HashMap::new();
        for (table, column) in pairs {
            tables.entry(table).or_default().insert(column);
        }
        Self(tables)
    }
}

/// An entry of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Name it goes by.
    pub alias: String,
    /// The table; none where it is a sub-query.
    pub table: Option<String>,
    /// The table as columns of it are written: a second reading of one table is told from the first.
    pub shown: String,
}

/// The entries in scope: those of a level, then those of the levels around it.
#[derive(Debug, Clone)]
pub(super) struct Scope<'c> {
    catalog: &'c Catalog,
    levels: Vec<Vec<Source>>,
}

impl<'c> Scope<'c> {
    pub fn new(catalog: &'c Catalog) -> Self {
        Self { catalog, levels: Vec::new() }
    }

    /// The scope of a level within this one.
    pub fn within(&self, sources: Vec<Source>) -> Self {
        let mut levels = vec![sources];
        levels.extend(self.levels.iter().cloned());
        Self { catalog: self.catalog, levels }
    }

    /// A column as `table.column`; by its bare name where nothing tells the table.
    pub fn column(&self, qualifier: Option<&str>, column: &str) -> String {
        let source = match qualifier {
            Some(name) => self.levels.iter().flatten().find(|source| source.alias == name),
            None => self.levels.iter().find_map(|level| self.owner(level, column)),
        };
        match source {
            Some(Source { table: Some(_), shown, .. }) => format!("{shown}.{column}"),
            _ => column.to_owned(),
        }
    }

    /// The first entry that has a column of this name.
    pub fn owner<'s>(&self, level: &'s [Source], column: &str) -> Option<&'s Source> {
        let known = |source: &&Source| {
            let table = source.table.as_ref().and_then(|table| self.catalog.0.get(table));
            table.is_some_and(|columns| columns.contains(column))
        };
        // A table that the catalog does not know has what a statement with no other table names.
        level.iter().find(known).or_else(|| match level {
            [only] if only.table.as_ref().is_some_and(|t| !self.catalog.0.contains_key(t)) => {
                Some(only)
            }
            _ => None,
        })
    }
}

/// A name as the server folds it.
pub(super) fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}
