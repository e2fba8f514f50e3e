//! Which constants are put right, and which stay.

use std::cell::RefCell;

use super::{How, Look, fit_constants};
use crate::link::FoundValue;
use crate::schema::Snapshot;
use crate::schema::fixture::{key, shop, table};
use crate::sql::{CandidateSql, policy};
use proptest::prelude::*;

/// Values of columns of the shop.
const STORED: &[(&str, &str, &[&str])] = &[
    ("customers", "name", &["Ann O'Hara", "Bo", "bo", "Newark Ltd"]),
    ("customers", "city", &["Berlin", "New York", "Frankfurt am Main"]),
];

fn look(look: &Look<'_>) -> Option<Vec<String>> {
    let column = STORED.iter().find(|(r, c, _)| *r == look.relation.name && *c == look.column);
    let matches = |stored: &&&str| match look.how {
        How::Exactly => **stored == look.value,
        How::Alike => stored.eq_ignore_ascii_case(look.value),
        How::Within => stored.to_lowercase().contains(&look.value.to_lowercase()),
    };
    let (_, _, values) = column?;
    Some(values.iter().filter(matches).take(2).map(|v| (*v).to_owned()).collect())
}

fn fitted(sql: &str, look: impl FnMut(&Look<'_>) -> Option<Vec<String>>) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let mut snapshot = shop();
    for column in &mut snapshot.relations[0].columns {
        column.common_values.clear();
    }
    fit_constants(&parsed, &snapshot, look).map(|sql| sql.text().to_owned())
}

#[track_caller]
fn becomes(condition: &str, wanted: &str) {
    let from = "SELECT c.id FROM shop.customers AS c WHERE ";
    let fitted = fitted(&format!("{from}{condition}"), look);
    assert_eq!(fitted, Some(format!("{from}{wanted}")));
}

#[track_caller]
fn stays(condition: &str) {
    assert_eq!(
        fitted(&format!("SELECT c.id FROM shop.customers AS c WHERE {condition}"), look),
        None
    );
}

#[test]
fn a_constant_is_spelt_as_it_is_stored() {
    becomes("c.city = 'new york'", "c.city = 'New York'");
    becomes("c.city <> 'BERLIN' AND c.id > 1", "c.city <> 'Berlin' AND c.id > 1");
    becomes("city IN ('berlin', 'New York', 'Rome')", "city IN ('Berlin', 'New York', 'Rome')");
    becomes("name = 'ann o''hara'", "name = 'Ann O''Hara'");
    becomes(
        "shop.customers.city = 'berlin'".replace("shop.customers", "c").as_str(),
        "c.city = 'Berlin'",
    );
}

#[test]
fn a_value_of_another_column_is_compared_with_that() {
    becomes("c.name = 'berlin'", "c.city = 'Berlin'");
    becomes("name ILIKE 'New York' OR c.id = 2", "c.city = 'New York' OR c.id = 2");
}

#[test]
fn a_part_of_stored_values_is_looked_for_as_one() {
    becomes("c.city = 'Frankfurt'", "c.city ILIKE '%Frankfurt%'");
    becomes("c.city <> 'Frankfurt'", "c.city NOT ILIKE '%Frankfurt%'");
}

#[test]
fn what_some_row_satisfies_or_nothing_explains_stays() {
    for condition in [
        "c.city = 'Berlin'",
        "c.city ILIKE 'berlin'",
        "c.city = 'Rome'",
        "c.name = 'BO'",
        "c.city ILIKE '%rank%'",
        "c.city NOT ILIKE 'rome'",
        "c.city = 'Be'",
        "c.city = 'r%i'",
        "c.city > 'new york'",
        "c.city = c.name",
        "c.id = 1",
        "lower(c.city) = 'new york'",
        "c.city NOT IN ('berlin')",
        "d.city = 'berlin'",
        "c.town = 'berlin'",
        "c.city IN ('Ann O''Hara')",
        // Neither begins a word of what is stored, or not the first one.
        "c.city = 'ork'",
        "c.city <> 'Main'",
        "c.city <> 'ann o''hara'",
    ] {
        stays(condition);
    }
    assert_eq!(
        fitted("SELECT 1 FROM (SELECT city FROM shop.customers) x WHERE city = 'berlin'", look),
        None
    );
}

#[test]
fn a_code_of_nothing_today_became_one_of_another_column() {
    let mut snapshot = shop();
    for (column, comment) in [("name", None), ("city", Some("N near, F far, C closed"))] {
        let column = snapshot.relations[0].columns.iter_mut().find(|own| own.name == column);
        let column = column.unwrap();
        column.common_values.clear();
        column.comment = comment.map(str::to_owned);
    }
    let look =
        |look: &Look<'_>| Some(if look.column == "name" { vec!["C".into()] } else { vec![] });
    for (condition, is_kept) in
        [("city = 'C'", true), ("city = 'closed'", true), ("city = 'Bo'", false)]
    {
        let sql = format!("SELECT id FROM shop.customers WHERE {condition}");
        let parsed = policy::check(CandidateSql::from_user(&sql).unwrap()).unwrap();
        assert_eq!(fit_constants(&parsed, &snapshot, look).is_none(), is_kept, "{condition}");
    }
}

#[test]
fn one_letter_was_looked_for_in_other_columns() {
    let look =
        |look: &Look<'_>| Some(if look.column == "name" { vec!["Q".into()] } else { vec![] });
    assert_eq!(fitted("SELECT id FROM shop.customers WHERE city = 'Q'", look), None);
}

#[test]
fn conditions_within_and_beside_are_found() {
    assert_eq!(
        fitted(
            "SELECT o.id FROM shop.orders o WHERE o.customer_id IN (SELECT id FROM shop.customers \
             WHERE city = 'berlin') UNION SELECT id FROM shop.customers AS k WHERE k.city = 'new york'",
            look
        )
        .as_deref(),
        Some(
            "SELECT o.id FROM shop.orders o WHERE o.customer_id IN (SELECT id FROM shop.customers \
             WHERE city = 'Berlin') UNION SELECT id FROM shop.customers AS k WHERE k.city = 'New York'"
        )
    );
}

#[test]
fn nothing_more_is_asked_once_it_cannot_be_told() {
    let asked = RefCell::new(0);
    let sql = "SELECT id FROM shop.customers WHERE city = 'berlin' OR name = 'ann o''hara'";
    let none = fitted(sql, |_| {
        *asked.borrow_mut() += 1;
        None
    });
    assert_eq!((none, asked.into_inner()), (None, 1));
}

#[test]
fn patterns_find_capitals() {
    becomes("c.name LIKE '%a%'", "c.name ILIKE '%a%'");
    becomes("c.name NOT LIKE 'A%' AND c.id > 1", "c.name NOT ILIKE 'A%' AND c.id > 1");
    stays("c.name LIKE '%-1%'");
    stays("c.name LIKE 'a!%b' ESCAPE '!'");
    stays("c.name ILIKE '%a%'");
}

#[test]
fn yes_is_what_the_column_calls_it() {
    let look = |wanted: &Look<'_>| {
        let is_there = wanted.how == How::Alike && wanted.value.eq_ignore_ascii_case("y");
        Some(if is_there { vec!["Y".to_owned()] } else { vec![] })
    };
    let sql = |value: &str| format!("SELECT id FROM shop.customers AS c WHERE c.city = '{value}'");
    for value in ["Yes", "true"] {
        assert_eq!(fitted(&sql(value), look), Some(sql("Y")));
    }
    assert_eq!(fitted(&sql("no"), look), None);
}

#[test]
fn of_two_columns_that_are_one_key_either_has_it() {
    use crate::schema::RelationName;
    use crate::schema::fixture::{key, table};
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    let mut snapshot = crate::schema::Snapshot::default();
    snapshot.relations.push(table("s", "kind", &["title", "class"]));
    snapshot.relations.push(table("s", "pet", &["title", "owner"]));
    for relation in &mut snapshot.relations {
        relation.columns.iter_mut().for_each(|column| column.type_name = "text".into());
    }
    let sql =
        "SELECT p.owner FROM s.pet p JOIN s.kind k ON p.title = k.title WHERE k.class = 'cat'";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    let look = |wanted: &Look<'_>| {
        Some(if wanted.column == "title" { vec!["Cat".to_owned()] } else { vec![] })
    };
    assert_eq!(fit_constants(&parsed, &snapshot, look), None);
    snapshot.foreign_keys.push(key(&name("pet"), "title", &name("kind")));
    snapshot.foreign_keys[0].to_columns = vec!["title".into()];
    assert_eq!(
        fit_constants(&parsed, &snapshot, look).map(|sql| sql.text().to_owned()).as_deref(),
        Some(
            "SELECT p.owner FROM s.pet p JOIN s.kind k ON p.title = k.title WHERE p.title = 'Cat'"
        )
    );
}

#[test]
fn a_name_stands_for_the_number_that_references_it() {
    let sql = |condition: &str| format!("SELECT o.total FROM shop.orders o WHERE {condition}");
    let keys = "SELECT id FROM shop.customers WHERE city = 'Berlin'";
    for (operator, wanted) in [("=", "IN"), ("<>", "NOT IN"), ("ILIKE", "IN")] {
        assert_eq!(
            fitted(&sql(&format!("o.customer_id {operator} 'berlin'")), look),
            Some(sql(&format!("o.customer_id {wanted} ({keys})")))
        );
    }
    for condition in [
        "o.customer_id = '17'",
        // Two customers, who are called alike but for case.
        "o.customer_id = 'BO'",
        "o.customer_id = 'Rome'",
        "o.id = 'Berlin'",
    ] {
        assert_eq!(fitted(&sql(condition), look), None, "{condition}");
    }
}

#[test]
fn a_name_stands_for_the_code_that_references_it() {
    let (mut agent, mut document) =
        (table("s", "agent", &["code", "title"]), table("s", "document", &["id", "agent_code"]));
    agent.primary_key = vec!["code".into()];
    for column in agent.columns.iter_mut().chain(&mut document.columns) {
        column.type_name = "text".into();
    }
    let foreign_keys = vec![key(&document.name, "agent_code", &agent.name)];
    let mut snapshot =
        Snapshot { relations: vec![agent, document], foreign_keys, ..Snapshot::default() };
    snapshot.foreign_keys[0].to_columns = vec!["code".into()];
    let stored = |look: &Look<'_>| {
        let values: &[&str] = match look.column {
            "code" => &["UM", "FX"],
            "title" => &["US Mail", "Fast Express"],
            "agent_code" => &["UM"],
            _ => &[],
        };
        let alike = values.iter().filter(|value| value.eq_ignore_ascii_case(look.value));
        Some(if look.how == How::Within { vec![] } else { alike.map(|v| (*v).into()).collect() })
    };
    let sql = |condition: &str| format!("SELECT d.id FROM s.document d WHERE d.{condition}");
    let fitted = |condition: &str| {
        let parsed = policy::check(CandidateSql::from_user(&sql(condition)).unwrap()).unwrap();
        fit_constants(&parsed, &snapshot, stored).map(|sql| sql.text().to_owned())
    };
    let keys = "(SELECT code FROM s.agent WHERE title = 'US Mail')";
    assert_eq!(fitted("agent_code = 'us mail'"), Some(sql(&format!("agent_code IN {keys}"))));
    assert_eq!(fitted("agent_code <> 'US Mail'"), Some(sql(&format!("agent_code NOT IN {keys}"))));
    // One that has no documents is an agent still.
    for condition in ["agent_code = 'UM'", "agent_code = 'FX'", "agent_code = 'DHL'"] {
        assert_eq!(fitted(condition), None, "{condition}");
    }
}

#[test]
fn values_that_statistics_know_are_not_asked_for() {
    let sql = "SELECT id FROM shop.customers WHERE city = 'Paris'";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    assert_eq!(fit_constants(&parsed, &shop(), |look| panic!("{look:?}")), None);
}

#[test]
fn what_is_stored_cannot_leave_its_quotes() {
    let evil = ["x' OR true --", "x\\' OR true --", "a\nb", "x''", "$$"];
    for stored in evil {
        let fitted = fitted("SELECT id FROM shop.customers WHERE city = 'x'", |look| {
            Some(if look.how == How::Alike { vec![stored.to_owned()] } else { vec![] })
        });
        if let Some(fitted) = fitted {
            let quoted = format!("city = '{}'", stored.replace('\'', "''"));
            assert!(fitted.ends_with(&quoted), "{fitted}");
        }
    }
}

proptest! {
    #[test]
    fn every_question_is_a_statement_the_policy_takes(value in "[ -~é]{0,20}", how in 0usize..3) {
        let how = [How::Exactly, How::Alike, How::Within][how];
        let snapshot = shop();
        let relation = &snapshot.relations[0];
        if super::is_plain(&value) {
            let look = Look { relation: &relation.name, column: "city", value: &value, how };
            let parsed = policy::check(CandidateSql::from_user(&look.sql()).unwrap()).unwrap();
            prop_assert!(parsed.is_understood());
            prop_assert_eq!(parsed.relations().len(), 1);
        }
    }

    #[test]
    fn whatever_is_stored_the_statement_stays_one(
        value in "[ -~é]{0,12}", stored in prop::collection::vec("[ -~\u{1}é]{0,12}", 0..3),
    ) {
        let sql = format!("SELECT id FROM shop.customers WHERE city = '{}'", value.replace('\'', "''"));
        if let Ok(candidate) = CandidateSql::from_user(&sql)
            && let Ok(parsed) = policy::check(candidate)
            && let Some(fitted) = fit_constants(&parsed, &shop(), |look| {
                Some(if look.how == How::Exactly { vec![] } else { stored.clone() })
            })
        {
            prop_assert!(fitted.is_understood());
            prop_assert_eq!(fitted.relations(), parsed.relations());
        }
    }
}

#[test]
fn what_no_row_has_is_told_with_the_namesakes_that_have_it() {
    let mut snapshot = shop();
    for column in &mut snapshot.relations[0].columns {
        column.common_values.clear();
    }
    let mut supplier = table("shop", "suppliers", &["id", "city"]);
    supplier.columns[1].type_name = "text".into();
    snapshot.relations.push(supplier);
    let at = snapshot.relations.len() - 1;
    let stored = |wanted: &Look<'_>| match wanted.relation.name.as_str() {
        "suppliers" if wanted.value.eq_ignore_ascii_case("oslo") && wanted.how == How::Alike => {
            Some(vec!["Oslo".into()])
        }
        "suppliers" => Some(Vec::new()),
        _ => look(wanted),
    };
    let unmet = |condition: &str| -> Vec<(String, Vec<FoundValue>)> {
        let sql = format!("SELECT c.id FROM shop.customers AS c WHERE {condition}");
        let parsed = policy::check(CandidateSql::from_user(&sql).unwrap()).unwrap();
        let all = super::unmet(&parsed, &snapshot, stored).into_iter();
        let all = all.map(|it| {
            let elsewhere = it.elsewhere(&snapshot, stored);
            (format!("{}.{} {}", it.relation.name.name, it.column.name, it.value), elsewhere)
        });
        all.collect()
    };
    let oslo = FoundValue { relation: at, column: 1, value: "Oslo".into() };
    assert_eq!(unmet("c.city = 'oslo'"), [("customers.city oslo".into(), vec![oslo.clone()])]);
    assert_eq!(
        unmet("c.city ILIKE 'Oslo' AND c.id > 1"),
        [("customers.city Oslo".into(), vec![oslo])]
    );
    assert_eq!(unmet("c.city = 'Rome'"), [("customers.city Rome".into(), vec![])]);
    // Stored, not asked for, one of several, a code.
    for condition in [
        "c.city = 'Berlin'",
        "c.city = 'BERLIN'",
        "c.city <> 'Oslo'",
        "c.city IN ('Oslo', 'Berlin')",
        "c.city = 'OS'",
        "c.city LIKE '%Oslo%'",
    ] {
        assert_eq!(unmet(condition), [], "{condition}");
    }
    // Where nothing can be looked up, nothing is known to be missing.
    let sql = "SELECT c.id FROM shop.customers AS c WHERE c.city = 'Oslo'";
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    assert_eq!(super::unmet(&parsed, &snapshot, |_| None), []);
}
