//! Tests of what is understood of a statement, and of how two differ.

use super::*;

fn catalog() -> Catalog {
    [
        ("owner", "id"),
        ("owner", "city"),
        ("owner", "boss_id"),
        ("pet", "id"),
        ("pet", "owner_id"),
        ("pet", "weight"),
        ("pet", "born"),
    ]
    .map(|(table, column)| (table.to_owned(), column.to_owned()))
    .into_iter()
    .collect()
}

fn differences(gold: &str, got: &str) -> Vec<Difference> {
    let of = |sql: &str| Shape::of(sql, &catalog()).unwrap();
    of(gold).differences(&of(got))
}

#[test]
fn published_statements_are_understood() {
    let gold = "SELECT `city` FROM `owner` WHERE IIF(`id` > 3, 1, 0) = 1 LIMIT 2, 1";
    assert_eq!(Shape::of(gold, &catalog()), None);
    let gold = Shape::of_published(gold, &catalog()).unwrap();
    assert_eq!((gold.tables(), gold.nesting()), (1, "flat"));
    let got = "SELECT owner.city FROM owner WHERE IIF(id > 3, 1, 0) = 1 LIMIT 1 OFFSET 2";
    assert_eq!(gold.differences(&Shape::of(got, &catalog()).unwrap()), []);
}

#[test]
fn spelling_makes_no_difference() {
    for (gold, got) in [
        ("SELECT city FROM owner", "select o.CITY as c from public.owner as o"),
        (
            "SELECT city, weight FROM owner JOIN pet ON owner.id = pet.owner_id WHERE weight > 3 AND city = 'x'",
            "SELECT t2.weight, t1.city FROM pet t2, owner t1 WHERE t2.owner_id = t1.id AND 'x' = t1.city AND (3 < t2.weight)",
        ),
        (
            "SELECT city, count(*) FROM owner GROUP BY city ORDER BY count(*) DESC LIMIT 3",
            "SELECT o.city, COUNT(*) AS n FROM owner AS o GROUP BY 1 ORDER BY n DESC FETCH FIRST 3 ROWS ONLY",
        ),
        (
            "SELECT id FROM pet WHERE weight BETWEEN 1 AND 2",
            "SELECT id FROM pet WHERE weight >= 1 AND weight <= 2",
        ),
        (
            "SELECT city FROM owner WHERE id IN (SELECT owner_id FROM pet)",
            "SELECT o.city FROM owner o WHERE o.id IN (SELECT p.owner_id FROM pet p)",
        ),
        (
            "SELECT count(*) FROM pet JOIN owner ON pet.owner_id = owner.id WHERE born > '2020-01-01'::date",
            "SELECT COUNT(*) FROM owner INNER JOIN pet ON owner.id = pet.owner_id WHERE pet.born > CAST('2020-01-01' AS DATE)",
        ),
    ] {
        assert_eq!(differences(gold, got), [], "{gold}\n{got}");
    }
}

#[test]
fn what_differs_is_named() {
    for (gold, got, signed) in [
        ("SELECT city FROM owner", "SELECT id FROM owner", "columns −1 +1"),
        ("SELECT city FROM owner", "SELECT city, id FROM owner", "columns +1"),
        ("SELECT city FROM owner", "SELECT DISTINCT city FROM owner", "distinct +1"),
        (
            "SELECT id FROM pet WHERE weight > 3",
            "SELECT id FROM pet WHERE weight >= 3",
            "filters −1 +1",
        ),
        ("SELECT id FROM pet WHERE weight > 3", "SELECT id FROM pet", "filters −1"),
        (
            "SELECT max(weight) FROM pet",
            "SELECT min(weight) FROM pet",
            "columns −1 +1, aggregates −1 +1",
        ),
        (
            "SELECT city FROM owner",
            "SELECT city FROM owner JOIN pet ON owner.id = pet.owner_id",
            "tables +1, joins +1",
        ),
        (
            "SELECT city FROM owner JOIN pet ON owner.id = pet.owner_id",
            "SELECT city FROM owner JOIN pet ON owner.id = pet.id",
            "joins −1 +1",
        ),
        (
            "SELECT city FROM owner LEFT JOIN pet ON owner.id = pet.owner_id",
            "SELECT city FROM owner JOIN pet ON owner.id = pet.owner_id",
            "joins −1",
        ),
        (
            "SELECT id FROM pet ORDER BY weight",
            "SELECT id FROM pet ORDER BY weight DESC",
            "order −1 +1",
        ),
        ("SELECT id FROM pet ORDER BY id LIMIT 1", "SELECT id FROM pet ORDER BY id", "limit −1"),
        (
            "SELECT id FROM pet UNION SELECT id FROM owner",
            "SELECT id FROM pet UNION ALL SELECT id FROM owner",
            "set operations −1 +1",
        ),
        (
            "SELECT city FROM owner GROUP BY city HAVING count(*) > 1",
            "SELECT city FROM owner GROUP BY city HAVING count(*) > 2",
            "having −1 +1",
        ),
        (
            "SELECT id FROM owner WHERE id IN (SELECT owner_id FROM pet)",
            "SELECT id FROM owner WHERE id NOT IN (SELECT owner_id FROM pet)",
            "filters −1 +1, nesting −1 +1",
        ),
    ] {
        assert_eq!(signature(&differences(gold, got)), signed, "{gold}\n{got}");
    }
}

#[test]
fn a_table_read_twice_is_two() {
    let gold = "SELECT a.city FROM owner a JOIN owner b ON a.boss_id = b.id";
    assert_eq!(
        signature(&differences(
            gold,
            "SELECT b.city FROM owner a JOIN owner b ON a.boss_id = b.id"
        )),
        "columns −1 +1"
    );
    assert_eq!(Shape::of(gold, &catalog()).unwrap().tables(), 1);
}

#[test]
fn a_name_of_a_common_table_expression_is_no_table() {
    let shape = Shape::of(
        "WITH heavy AS (SELECT owner_id FROM pet WHERE weight > 3) SELECT count(*) FROM heavy",
        &catalog(),
    )
    .unwrap();
    assert_eq!((shape.tables(), shape.aggregation(), shape.nesting()), (1, "aggregate", "nested"));
}

#[test]
fn correlated_columns_belong_to_the_level_that_has_them() {
    assert_eq!(
        differences(
            "SELECT city FROM owner WHERE EXISTS (SELECT 1 FROM pet WHERE owner_id = owner.id)",
            "SELECT city FROM owner AS o WHERE EXISTS (SELECT 1 FROM pet AS p WHERE p.owner_id = o.id)",
        ),
        []
    );
}

#[test]
fn breakdowns_are_of_the_whole_statement() {
    for (sql, tables, aggregation, nesting) in [
        ("SELECT 1", 0, "none", "flat"),
        ("SELECT city FROM owner", 1, "none", "flat"),
        ("SELECT city, max(weight) FROM owner, pet GROUP BY city", 2, "grouped", "flat"),
        ("SELECT id FROM owner EXCEPT SELECT owner_id FROM pet", 2, "none", "set operation"),
        ("SELECT avg(n) FROM (SELECT weight AS n FROM pet) x", 1, "aggregate", "nested"),
    ] {
        let shape = Shape::of(sql, &catalog()).unwrap();
        let found = (shape.tables(), shape.aggregation(), shape.nesting());
        assert_eq!(found, (tables, aggregation, nesting), "{sql}");
    }
}

#[test]
fn what_is_no_query_has_no_shape() {
    for sql in ["", "DELETE FROM pet", "SELECT 1; SELECT 2", "SELECT 1 FROM ("] {
        assert_eq!(Shape::of(sql, &catalog()), None, "{sql}");
    }
}

#[test]
fn what_is_wrong_is_said_by_the_nearest_known_statement() {
    let shape = |sql| Shape::of(sql, &catalog()).unwrap();
    let golds = [
        shape("SELECT count(*) FROM owner JOIN pet ON owner_id = owner.id WHERE weight > 3"),
        shape("SELECT count(*) FROM pet WHERE weight > 3"),
    ];
    for (got, expected) in [
        ("SELECT count(*) FROM pet WHERE weight > 4", Cause::Filter),
        ("SELECT count(*) FROM pet", Cause::Filter),
        ("SELECT sum(weight) FROM pet WHERE weight > 3", Cause::Aggregate),
        ("SELECT count(*) FROM owner", Cause::Join),
        ("SELECT count(*) FROM pet WHERE weight > 3", Cause::Filter),
    ] {
        assert_eq!(Cause::of(&nearest(&golds, &shape(got)).unwrap()), expected, "{got}");
    }
    assert_eq!(nearest(&[], &golds[0]), None);
}
