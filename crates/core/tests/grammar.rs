//! Names in scope, over statements of every construct the grammar has.
//!
//! The same lists are given to the grammar itself in the engine's tests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code"
)]

use proptest::prelude::*;
use text2sql_core::grammar::{Catalog, scope};
use text2sql_core::protocol::{ColumnScope, Constraint};

fn catalog() -> Catalog {
    catalog_with(ColumnScope::InScope)
}

fn catalog_with(columns: ColumnScope) -> Catalog {
    let constraint: Constraint = serde_json::from_str(include_str!("grammar/schema.json")).unwrap();
    Catalog::new(&Constraint { columns, ..constraint })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with("-- "))
}

#[test]
fn what_the_server_takes_is_never_refused_while_it_is_written() {
    let mut refused = Vec::new();
    for (columns, statement) in
        [ColumnScope::InScope, ColumnScope::Anywhere].into_iter().flat_map(|scope| {
            lines(include_str!("grammar/accepted.sql")).map(move |line| (scope, line))
        })
    {
        let catalog = catalog_with(columns);
        let prefixes = (0..=statement.len()).filter(|at| statement.is_char_boundary(*at));
        let texts = prefixes.map(|at| (&statement[..at], false)).chain([(statement, true)]);
        for (text, complete) in texts {
            if let Some(violation) = scope::check(&catalog, text, complete).violation {
                refused.push(format!("{statement}\n  at {}: {text:?}", violation.at));
                break;
            }
        }
    }
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

#[test]
fn wrong_names_are_found() {
    let catalog = catalog();
    for statement in lines(include_str!("grammar/refused_names.sql")) {
        let verdict = scope::check(&catalog, statement, true);
        assert!(verdict.violation.is_some(), "{statement}");
    }
}

#[test]
fn a_wrong_name_is_found_where_it_begins_and_as_soon_as_it_can_be() {
    let catalog = catalog();
    for (text, at) in [
        ("SELECT * FROM nob", "nob"),
        ("SELECT * FROM shop.x", "x"),
        ("SELECT name FROM customers WHERE tot", "tot"),
        ("SELECT name FROM customers c WHERE c.q", "q"),
        ("SELECT name FROM customers c WHERE x.", "x."),
        ("SELECT c.total FROM customers c ORDER ", "total"),
        // The column is another item's: the item is wrong.
        ("SELECT c.total FROM customers c JOIN orders o ON true WHERE ", "c.total"),
        ("SELECT name FROM customers ORDER BY tot", "tot"),
    ] {
        let verdict = scope::check(&catalog, text, false);
        let violation = verdict.violation.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(violation.at, text.find(at).unwrap(), "{text}");
        let shorter = &text[..text.trim_end().len() - 1];
        if !text.contains("ORDER") && !text.contains("WHERE") {
            assert!(scope::check(&catalog, shorter, false).violation.is_none(), "{shorter}");
        }
    }
}

#[test]
fn a_column_may_be_anywhere_if_it_is_somewhere_and_no_item_in_scope_has_it() {
    let catalog = catalog_with(ColumnScope::Anywhere);
    let violation = |text: &str| scope::check(&catalog, text, false).violation;
    for text in [
        "SELECT c.total FROM customers c ORDER ",
        "SELECT name FROM customers c WHERE c.total ",
        "SELECT name FROM customers WHERE total ",
        "SELECT total FROM customers ORDER BY total ",
        "SELECT name FROM customers c WHERE c.tot",
    ] {
        assert_eq!(violation(text), None, "{text}");
    }
    for (text, at) in [
        ("SELECT c.nothing FROM customers c ORDER ", "nothing"),
        ("SELECT name FROM customers c WHERE c.zz", "zz"),
        ("SELECT nothing FROM customers c WHERE ", "nothing"),
        ("SELECT c.total FROM customers c JOIN orders o ON true WHERE ", "c.total"),
        ("SELECT name FROM customers c WHERE x.", "x."),
        ("SELECT * FROM nob", "nob"),
    ] {
        let found = violation(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.at, text.find(at).unwrap(), "{text}");
    }
    for (text, good) in [
        ("SELECT c.name FROM customers c WHERE c.", ["city", "total"]),
        ("SELECT 1 FROM customers c WHERE ", ["city", "total"]),
    ] {
        let choice = scope::check(&catalog, text, false).choice.unwrap();
        assert!(good.iter().all(|name| choice.walk(name.as_bytes()).is_some()), "{text}");
        assert!(choice.walk(b"nothing").is_none(), "{text}");
    }
}

#[test]
fn the_names_that_can_come_are_known_where_the_items_are() {
    let catalog = catalog();
    for (text, good, bad) in [
        (
            "SELECT * FROM ",
            vec!["shop", "customers", "\"Order\"", "(", "generate_series("],
            vec!["nob", "x"],
        ),
        ("SELECT * FROM sales.", vec!["events", "\"Order\""], vec!["customers", "order"]),
        ("SELECT c.name FROM customers c WHERE c.", vec!["city", "\"Loyalty"], vec!["total"]),
        ("SELECT 1 FROM customers c WHERE ", vec!["c.", "city", "NOT ", "lower("], vec!["total"]),
        ("SELECT city AS x FROM customers ORDER BY ", vec!["x", "city"], vec!["total"]),
    ] {
        let choice = scope::check(&catalog, text, false).choice.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(choice.from, text.len());
        for name in good {
            assert!(choice.walk(name.as_bytes()).is_some(), "{text}{name}");
        }
        for name in bad {
            assert!(choice.walk(name.as_bytes()).is_none(), "{text}{name}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(
        words in prop::collection::vec(prop::sample::select(vec![
            "SELECT", "FROM", "(", ")", ",", ".", "WITH", "AS", "customers", "c", "JOIN", "ON",
            "USING", "'x'", "\"", "::", "int", "UNION", "ORDER BY", "[", "]", ";", "*", "é", "=",
            "RECURSIVE", "LATERAL", "VALUES", "WINDOW", "OVER", "CASE", "END", "1", "DISTINCT",
        ]), 0..60)
    ) {
        let text = words.join(" ");
        let catalog = catalog();
        scope::check(&catalog, &text, false);
        scope::check(&catalog, &text, true);
    }
}
