//! Full names for the relations of a statement.
//!
//! The sandbox looks names up in the server's own schemas alone, so that nobody's object can
//! take the place of another. Models and people leave the schema out all the same, or guess it:
//! where it can be told which relation is meant, its full name is written into the text, and the
//! text goes through the policy once more. Must not change anything but relation names.
//! Called by the extension, before a statement is given to the server.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, TableFactor, Visit, Visitor};

use super::edits::{Edits, Source};
use super::parsed::{ParsedSql, RelationRef};
use super::walk::{cte_names, folded, relation_parts};
use crate::schema::{RelationName, Snapshot, quote_qualified};

/// `sql` with another name for each relation that `home` has one for; `None` where it has none,
/// or the statement is not understood.
pub fn qualify(
    sql: &ParsedSql,
    home: impl Fn(&RelationRef) -> Option<RelationName>,
) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let mut places =
        Places { ctes: cte_names(&query), home, source: &source, edits: Edits::default() };
    let _ = query.visit(&mut places);
    let edits = places.edits;
    source.with(edits)
}

/// The relation of `snapshot` that a name can only mean: nothing has that name in the schema
/// given, or none was given, and one relation alone has it elsewhere.
pub fn only_home(snapshot: &Snapshot, wanted: &RelationRef) -> Option<RelationName> {
    if let Some(schema) = &wanted.schema {
        let name = RelationName { schema: schema.clone(), name: wanted.name.clone() };
        if snapshot.relation(&name).is_some() {
            return None;
        }
    }
    let only = |matches: &dyn Fn(&str) -> bool| {
        let mut named = snapshot.relations.iter().filter(|r| matches(&r.name.name));
        let first = named.next()?;
        named.next().is_none().then(|| first.name.clone())
    };
    // A name in capitals has to be quoted, which is easily forgotten.
    only(&|name| name == wanted.name)
        .or_else(|| only(&|name| name.eq_ignore_ascii_case(&wanted.name)))
}

struct Places<'a, F> {
    ctes: HashSet<String>,
    home: F,
    source: &'a Source<'a>,
    edits: Edits,
}

impl<F: Fn(&RelationRef) -> Option<RelationName>> Places<'_, F> {
    fn consider(&mut self, name: &ObjectName) {
        let idents: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let (Some(first), Some(last), true) =
            (idents.first(), idents.last(), idents.len() == name.0.len() && idents.len() <= 2)
        else {
            return;
        };
        if idents.len() == 1 && self.ctes.contains(&folded(first)) {
            return;
        }
        let Some((schema, relation)) = relation_parts(name) else { return };
        if let Some(home) = (self.home)(&RelationRef { schema, name: relation }) {
            self.edits.replace(self.source, first, last, quote_qualified(&home));
        }
    }
}

impl<F: Fn(&RelationRef) -> Option<RelationName>> Visitor for Places<'_, F> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args: None, .. } = factor {
            self.consider(name);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{shop, table};
    use crate::sql::{CandidateSql, policy};
    use proptest::prelude::*;

    fn qualified(snapshot: &Snapshot, sql: &str) -> Option<String> {
        let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
        qualify(&parsed, |wanted| only_home(snapshot, wanted)).map(|sql| sql.text().to_owned())
    }

    #[track_caller]
    fn becomes(sql: &str, wanted: &str) {
        assert_eq!(qualified(&shop(), sql).as_deref(), Some(wanted));
    }

    #[track_caller]
    fn stays(sql: &str) {
        assert_eq!(qualified(&shop(), sql), None);
    }

    #[test]
    fn a_bare_name_gets_its_schema() {
        becomes("SELECT name FROM customers", "SELECT name FROM shop.customers");
        becomes("TABLE customers", "TABLE shop.customers");
        becomes(
            "SELECT 'a\nb', /* é */ 1 FROM\tcustomers--c\n,x . \"orders\"",
            "SELECT 'a\nb', /* é */ 1 FROM\tshop.customers--c\n,shop.orders",
        );
        becomes(
            "SELECT 'é\n', customers.name FROM customers JOIN Orders AS o ON true",
            "SELECT 'é\n', customers.name FROM shop.customers JOIN shop.orders AS o ON true",
        );
        becomes(
            "SELECT 1 FROM shop.orders WHERE EXISTS (SELECT 1 FROM customers)",
            "SELECT 1 FROM shop.orders WHERE EXISTS (SELECT 1 FROM shop.customers)",
        );
    }

    #[test]
    fn a_wrong_schema_is_put_right() {
        becomes("SELECT name FROM billing.customers c", "SELECT name FROM shop.customers c");
    }

    #[test]
    fn what_is_right_or_unknown_stays() {
        stays("SELECT name FROM shop.customers");
        stays("SELECT name FROM stores");
        stays("SELECT generate_series FROM generate_series(1, 3)");
    }

    #[test]
    fn a_common_table_expression_is_no_relation() {
        stays("WITH customers AS (SELECT 1 AS a) SELECT a FROM customers");
    }

    #[test]
    fn a_name_of_two_relations_stays() {
        let mut snapshot = shop();
        snapshot.relations.push(table("archive", "orders", &["id"]));
        assert_eq!(qualified(&snapshot, "SELECT id FROM orders"), None);
        assert_eq!(qualified(&snapshot, "SELECT id FROM archive.orders"), None);
    }

    #[test]
    fn a_name_in_capitals_is_quoted() {
        let mut snapshot = shop();
        snapshot.relations.push(table("shop", "Invoice", &["id"]));
        assert_eq!(
            qualified(&snapshot, "SELECT id FROM Invoice").as_deref(),
            Some("SELECT id FROM shop.\"Invoice\"")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_harmless(text in "(?s).{0,200}") {
            if let Ok(candidate) = CandidateSql::from_user(&text)
                && let Ok(parsed) = policy::check(candidate)
            {
                let _ = qualify(&parsed, |wanted| only_home(&shop(), wanted));
            }
        }
    }
}
