//! [`ParsedSql`]: a statement that has passed the policy, and what can be said about it.
//!
//! Owns the names a statement uses, for explanations; best effort, and empty where our parser
//! did not understand what the server may well. Must not be built but by [`super::policy`].
//! Called by the extension's second gate and by explanations.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use serde::Serialize;
use sqlparser::ast::{Expr, Query, TableAlias, TableFactor, Visit, Visitor};

use super::format;
use super::walk::{cte_names, folded, relation_parts};

/// One statement that the policy has let pass. Not yet one that may run: the server-side gate
/// comes next. Its syntax tree is not kept: to copy, compare or drop one takes a deep stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedSql {
    text: String,
    understood: bool,
    relations: Vec<RelationRef>,
    columns: Vec<ColumnRef>,
}

/// A relation as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RelationRef {
    /// Its schema, if written.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
}

/// A column as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ColumnRef {
    /// The relation it belongs to, where its qualifier, or the lack of another relation, tells.
    pub relation: Option<RelationRef>,
    /// Its name.
    pub name: String,
}

impl ParsedSql {
    pub(super) fn new(text: String, query: Option<&Query>) -> Self {
        let names = query.map(Names::of).unwrap_or_default();
        Self {
            text,
            understood: query.is_some(),
            relations: names.distinct_relations(),
            columns: names.distinct_columns(),
        }
    }

    /// The statement: no comment around it, no final semicolon, one statement.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statement laid out over lines; the same tokens in the same order.
    pub fn pretty(&self) -> String {
        format::pretty(&self.text)
    }

    /// Whether our own parser understood the statement, so that the lists below are complete.
    pub fn is_understood(&self) -> bool {
        self.understood
    }

    /// Relations read, sorted, without common table expressions.
    pub fn relations(&self) -> &[RelationRef] {
        &self.relations
    }

    /// Columns named, sorted. Names that are output columns of the statement's own sub-queries
    /// appear without a relation.
    pub fn columns(&self) -> &[ColumnRef] {
        &self.columns
    }
}

#[derive(Default)]
struct Names {
    ctes: HashSet<String>,
    /// Whether something else than relations is selected from.
    derived: bool,
    /// Relations with the name they go by.
    relations: Vec<(RelationRef, String)>,
    /// Qualifier and name of columns.
    columns: Vec<(Option<String>, String)>,
}

impl Names {
    fn of(query: &Query) -> Self {
        let ctes = cte_names(query);
        let mut names = Self { derived: !ctes.is_empty(), ctes, ..Self::default() };
        let _ = query.visit(&mut names);
        names
    }

    fn distinct_relations(&self) -> Vec<RelationRef> {
        let distinct: BTreeSet<&RelationRef> = self.relations.iter().map(|(r, _)| r).collect();
        distinct.into_iter().cloned().collect()
    }

    fn distinct_columns(&self) -> Vec<ColumnRef> {
        let only = match self.relations.as_slice() {
            [(relation, _)] if !self.derived => Some(relation),
            _ => None,
        };
        // Many columns share few qualifiers, and to resolve one reads all relations.
        let named: BTreeSet<_> = self.columns.iter().collect();
        let mut resolved: HashMap<&str, Option<RelationRef>> = HashMap::new();
        let columns: BTreeSet<ColumnRef> = named
            .into_iter()
            .map(|(qualifier, name)| {
                let relation = match qualifier {
                    Some(qualifier) => {
                        resolved.entry(qualifier).or_insert_with(|| self.resolve(qualifier)).clone()
                    }
                    None => only.cloned(),
                };
                ColumnRef { relation, name: name.clone() }
            })
            .collect();
        columns.into_iter().collect()
    }

    /// The relation a qualifier means, if all its uses mean the same.
    fn resolve(&self, qualifier: &str) -> Option<RelationRef> {
        let mut meant =
            self.relations.iter().filter(|(_, alias)| alias == qualifier).map(|(r, _)| r);
        let first = meant.next()?;
        meant.all(|r| r == first).then(|| first.clone())
    }

    fn add(&mut self, schema: Option<String>, name: String, alias: Option<&TableAlias>) {
        if schema.is_none() && self.ctes.contains(&name) {
            return;
        }
        let goes_by = alias.map_or_else(|| name.clone(), |a| folded(&a.name));
        self.relations.push((RelationRef { schema, name }, goes_by));
    }
}

impl Visitor for Names {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                if let Some((schema, name)) = relation_parts(name) {
                    self.add(schema, name, alias.as_ref());
                }
            }
            TableFactor::NestedJoin { .. } => {}
            _ => self.derived = true,
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.columns.push((None, folded(name))),
            Expr::CompoundIdentifier(parts) => {
                if let [.., qualifier, name] = parts.as_slice() {
                    self.columns.push((Some(folded(qualifier)), folded(name)));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
