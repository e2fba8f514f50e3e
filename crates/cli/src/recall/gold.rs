//! What a known statement reads: its tables and columns, by name.
//!
//! Owns the walk over the statement and the looking up of its names in a snapshot. A name that
//! fits nothing there is an alias or the like, and is left out. Called by [`super`].

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Query, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use text2sql_core::schema::Snapshot;

/// Positions of relations in the snapshot, and of columns in them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gold {
    /// Relations.
    pub relations: BTreeSet<usize>,
    /// Relation and column.
    pub columns: BTreeSet<(usize, usize)>,
}

/// What `sql` reads; bare names of relations are those of `schema`.
///
/// # Errors
/// Where it is no SQL.
pub fn read(sql: &str, snapshot: &Snapshot, schema: &str) -> Result<Gold, String> {
    let statements =
        Parser::parse_sql(&PostgreSqlDialect {}, sql).map_err(|error| error.to_string())?;
    let mut names = Names { snapshot, schema, gold: Gold::default(), scopes: Vec::new() };
    for statement in &statements {
        let _: ControlFlow<()> = Visit::visit::<Names<'_>>(statement as &Statement, &mut names);
    }
    Ok(names.gold)
}

/// The relation of that name.
pub fn relation(snapshot: &Snapshot, schema: &str, name: &str) -> Option<usize> {
    snapshot.relations.iter().position(|r| r.name.schema == schema && r.name.name == name)
}

/// A query's relations by the names they have in it, and the columns it names: they stand before
/// the relations, so they are looked up at its end.
#[derive(Default)]
struct Scope {
    relations: Vec<(String, usize)>,
    columns: Vec<(Option<String>, String)>,
}

struct Names<'s> {
    snapshot: &'s Snapshot,
    schema: &'s str,
    gold: Gold,
    scopes: Vec<Scope>,
}

impl Names<'_> {
    fn column(&mut self, item: Option<&Ident>, column: &Ident) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.columns.push((item.map(folded), folded(column)));
        }
    }

    /// Columns of that name in a scope. A bare one of several relations counts for each: the
    /// sides of an INTERSECT have one scope here.
    fn found(&self, scope: &Scope, item: Option<&str>, column: &str) -> Vec<(usize, usize)> {
        scope
            .relations
            .iter()
            .filter(|(name, _)| item.is_none_or(|item| item == name))
            .filter_map(|(_, relation)| {
                let columns = &self.snapshot.relations.get(*relation)?.columns;
                Some((*relation, columns.iter().position(|c| c.name == column)?))
            })
            .collect()
    }
}

impl Visitor for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.scopes.push(Scope::default());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        let Some(mut scope) = self.scopes.pop() else { return ControlFlow::Continue(()) };
        for (item, column) in std::mem::take(&mut scope.columns) {
            let found = self.found(&scope, item.as_deref(), &column);
            if found.is_empty() {
                // It may be one of the query around this one.
                if let Some(outer) = self.scopes.last_mut() {
                    outer.columns.push((item, column));
                }
            }
            self.gold.columns.extend(found);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && let Some((schema, table)) = schema_and_name(name)
            && let Some(position) =
                relation(self.snapshot, schema.as_deref().unwrap_or(self.schema), &table)
        {
            self.gold.relations.insert(position);
            let called = alias.as_ref().map_or(table, |alias| folded(&alias.name));
            if let Some(scope) = self.scopes.last_mut() {
                scope.relations.push((called, position));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(column) => self.column(None, column),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., item, column] => self.column(Some(item), column),
                [column] => self.column(None, column),
                [] => {}
            },
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn schema_and_name(name: &ObjectName) -> Option<(Option<String>, String)> {
    let parts: Vec<String> = name
        .0
        .iter()
        .filter_map(|part| match part {
            ObjectNamePart::Identifier(ident) => Some(folded(ident)),
            ObjectNamePart::Function(_) => None,
        })
        .collect();
    match parts.as_slice() {
        [table] => Some((None, table.clone())),
        [schema, table] => Some((Some(schema.clone()), table.clone())),
        _ => None,
    }
}

/// As the server reads it.
fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let table = |schema: &str, name: &str, columns: &[&str]| {
            let columns: Vec<_> = columns
                .iter()
                .map(|name| serde_json::json!({"name": name, "type_name": "text"}))
                .collect();
            serde_json::json!({"schema": schema, "name": name, "kind": "table", "columns": columns})
        };
        let relations = [
            table("s", "a", &["id", "name", "Mixed"]),
            table("s", "b", &["id", "a_id"]),
            table("t", "a", &["id"]),
        ];
        Snapshot::parse(&serde_json::json!({"relations": relations}).to_string()).unwrap()
    }

    fn names(sql: &str) -> Vec<String> {
        let snapshot = snapshot();
        let gold = read(sql, &snapshot, "s").unwrap();
        gold.columns
            .iter()
            .map(|(relation, column)| {
                let relation = &snapshot.relations[*relation];
                let column = &relation.columns[*column].name;
                format!("{}.{}.{column}", relation.name.schema, relation.name.name)
            })
            .collect()
    }

    #[test]
    fn columns_are_found_wherever_they_stand() {
        assert_eq!(names("SELECT count(*) FROM a"), [""; 0]);
        assert_eq!(
            names("SELECT x.\"Mixed\" AS id FROM s.a x JOIN b ON b.A_ID = x.id ORDER BY name"),
            ["s.a.id", "s.a.name", "s.a.Mixed", "s.b.a_id"]
        );
        assert_eq!(names("SELECT id FROM t.a"), ["t.a.id"]);
        assert_eq!(
            names("SELECT name FROM a AS o WHERE EXISTS (SELECT 1 FROM b WHERE a_id = o.id)"),
            ["s.a.id", "s.a.name", "s.b.a_id"]
        );
        assert_eq!(names("SELECT id FROM a INTERSECT SELECT id FROM b"), ["s.a.id", "s.b.id"]);
    }

    #[test]
    fn relations_are_those_of_the_schema_unless_it_says_otherwise() {
        let snapshot = snapshot();
        let relations = |sql| read(sql, &snapshot, "s").unwrap().relations;
        assert_eq!(relations("SELECT 1 FROM a, t.a AS u, nowhere"), [0, 2].into());
        assert!(read("SELECT (FROM", &snapshot, "s").is_err());
    }
}
