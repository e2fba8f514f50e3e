//! What is put right, and what is left as it stands.

mod clauses;
mod groups;

use super::mend;
use crate::schema::fixture::{key, shop, table};
use crate::schema::{RelationName, Snapshot};
use crate::sql::{CandidateSql, policy};
use proptest::prelude::*;

fn mended(snapshot: &Snapshot, sql: &str) -> Option<String> {
    let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
    mend(&parsed, snapshot).map(|sql| sql.text().to_owned())
}

#[track_caller]
fn becomes(sql: &str, wanted: &str) {
    assert_eq!(mended(&shop(), sql).as_deref(), Some(wanted));
}

#[track_caller]
fn stays(sql: &str) {
    assert_eq!(mended(&shop(), sql), None);
}

/// Students live in cities, cities lie in countries; a club has a leader and members.
fn school() -> Snapshot {
    let name = |name: &str| RelationName { schema: "s".into(), name: name.into() };
    let mut snapshot = Snapshot::default();
    for (relation, columns) in [
        ("city", &["id", "city_name", "country_id"][..]),
        ("club", &["id", "title", "leader_id", "second_id"]),
        ("country", &["id", "Population", "language"]),
        ("membership", &["club_id", "student_id", "since"]),
        ("student", &["id", "first_name", "city_id"]),
    ] {
        snapshot.relations.push(table("s", relation, columns));
    }
    for (from, column, to) in [
        ("city", "country_id", "country"),
        ("club", "leader_id", "student"),
        ("club", "second_id", "student"),
        ("membership", "club_id", "club"),
        ("membership", "student_id", "student"),
        ("student", "city_id", "city"),
    ] {
        snapshot.foreign_keys.push(key(&name(from), column, &name(to)));
    }
    snapshot
}

#[track_caller]
fn in_school(sql: &str, wanted: &str) {
    assert_eq!(mended(&school(), sql).as_deref(), Some(wanted));
}

#[test]
fn a_label_gives_way_to_what_it_names() {
    becomes(
        "SELECT c.city, count(*) AS n FROM shop.customers c GROUP BY c.city HAVING n > 5 AND N < 9",
        "SELECT c.city, count(*) AS n FROM shop.customers c GROUP BY c.city \
         HAVING count(*) > 5 AND count(*) < 9",
    );
    becomes(
        "SELECT DISTINCT c.id * 2 double FROM shop.customers c WHERE double = 4",
        "SELECT DISTINCT c.id * 2 double FROM shop.customers c WHERE (c.id * 2) = 4",
    );
    becomes(
        "SELECT max(c.id) AS most, min(c.id) AS least FROM shop.customers c ORDER BY most - least",
        "SELECT max(c.id) AS most, min(c.id) AS least FROM shop.customers c \
         ORDER BY max(c.id) - min(c.id)",
    );
    becomes(
        "SELECT 1 UNION SELECT count(*) AS n FROM shop.customers HAVING n > 5",
        "SELECT 1 UNION SELECT count(*) AS n FROM shop.customers HAVING count(*) > 5",
    );
}

#[test]
fn a_label_stays_where_it_may_mean_a_column_or_nothing_can_stand_for_it() {
    // A column of that name.
    stays("SELECT max(c.id) AS city FROM shop.customers c GROUP BY c.name HAVING max(city) > 'a'");
    // An alias of its own, or a table that is not known.
    stays("SELECT count(*) AS n FROM (SELECT 1 AS n) AS x GROUP BY n HAVING n > 5");
    // ORDER BY and GROUP BY know it.
    stays("SELECT c.city, count(*) AS n FROM shop.customers c GROUP BY c.city ORDER BY n DESC");
    // No aggregate in WHERE, no window in either.
    stays("SELECT count(*) AS n FROM shop.customers c WHERE n > 5");
    stays("SELECT rank() OVER (ORDER BY c.id) AS r FROM shop.customers c WHERE r = 1");
    // A column of a query around.
    stays(
        "SELECT c.name FROM shop.customers c \
         WHERE 1 < (SELECT count(*) AS city FROM shop.orders o HAVING max(city) > 'a')",
    );
    // A query within has names of its own.
    stays(
        "SELECT count(*) AS n FROM shop.customers c \
         HAVING exists (SELECT 1 FROM shop.orders o WHERE o.id = n)",
    );
}

#[test]
fn a_column_gets_the_alias_of_the_table_that_has_it() {
    becomes(
        "SELECT o.city FROM shop.customers c JOIN shop.orders AS o ON o.customer_id = c.id",
        "SELECT c.city FROM shop.customers c JOIN shop.orders AS o ON o.customer_id = c.id",
    );
    becomes(
        "SELECT 'é\n', max(o.city) FROM shop.customers JOIN shop.orders o ON true WHERE o.city ILIKE 'b%'",
        "SELECT 'é\n', max(customers.city) FROM shop.customers JOIN shop.orders o ON true WHERE customers.city ILIKE 'b%'",
    );
}

#[test]
fn a_qualifier_that_is_nothing_becomes_the_table_that_has_the_column() {
    becomes("SELECT x.city FROM shop.customers AS c", "SELECT c.city FROM shop.customers AS c");
    stays("SELECT x.id FROM shop.customers AS c JOIN shop.orders o ON o.customer_id = c.id");
}

#[test]
fn a_table_that_keys_lead_to_is_joined() {
    becomes(
        "SELECT o.id FROM shop.orders AS o WHERE o.city = 'Berlin'",
        "SELECT o.id FROM shop.orders AS o JOIN shop.customers AS customers ON customers.id = o.customer_id WHERE customers.city = 'Berlin'",
    );
    becomes(
        "SELECT city, count(*) FROM shop.orders GROUP BY city",
        "SELECT customers.city, count(*) FROM shop.orders JOIN shop.customers AS customers ON customers.id = orders.customer_id GROUP BY customers.city",
    );
    in_school(
        "SELECT t.language FROM s.student t JOIN s.city AS c ON c.id = t.city_id",
        "SELECT country.language FROM s.student t JOIN s.city AS c ON c.id = t.city_id JOIN s.country AS country ON country.id = c.country_id",
    );
}

#[test]
fn a_join_is_added_once_for_each_query() {
    in_school(
        "SELECT m.first_name FROM s.membership m WHERE m.since = (SELECT max(n.since) FROM s.membership n WHERE n.title = 'x') ORDER BY m.first_name, first_name",
        "SELECT student.first_name FROM s.membership m JOIN s.student AS student ON student.id = m.student_id WHERE m.since = (SELECT max(n.since) FROM s.membership n JOIN s.club AS club ON club.id = n.club_id WHERE club.title = 'x') ORDER BY student.first_name, student.first_name",
    );
    in_school(
        "SELECT city_name FROM s.student EXCEPT SELECT city_name FROM s.student AS city ORDER BY 1",
        "SELECT city.city_name FROM s.student JOIN s.city AS city ON city.id = student.city_id EXCEPT SELECT city_2.city_name FROM s.student AS city JOIN s.city AS city_2 ON city_2.id = city.city_id ORDER BY 1",
    );
}

#[test]
fn a_join_makes_no_column_ambiguous() {
    becomes(
        "SELECT id, city FROM shop.orders WHERE total > 1 AND EXISTS (SELECT id FROM shop.order_items) ORDER BY id",
        "SELECT orders.id, customers.city FROM shop.orders JOIN shop.customers AS customers ON customers.id = orders.customer_id WHERE total > 1 AND EXISTS (SELECT id FROM shop.order_items) ORDER BY orders.id",
    );
}

#[test]
fn of_two_keys_none_is_chosen() {
    assert_eq!(mended(&school(), "SELECT c.first_name FROM s.club c"), None);
}

#[test]
fn guessed_keys_lead_too() {
    let mut snapshot = school();
    snapshot.foreign_keys.clear();
    snapshot.infer_keys();
    assert_eq!(
        mended(&snapshot, "SELECT t.city_name FROM s.student t").as_deref(),
        Some("SELECT city.city_name FROM s.student t JOIN s.city AS city ON city.id = t.city_id")
    );
}

#[test]
fn keys_lead_further() {
    in_school(
        "SELECT t.language, t.city_name FROM s.student t",
        "SELECT country.language, city.city_name FROM s.student t JOIN s.city AS city ON city.id = t.city_id JOIN s.country AS country ON country.id = city.country_id",
    );
}

#[test]
fn nothing_is_joined_behind_a_comma() {
    assert_eq!(mended(&school(), "SELECT m.title FROM s.membership m, s.student t"), None);
}

#[test]
fn capitals_are_quoted() {
    in_school(
        "SELECT sum(c.Population), max(population) FROM s.country c",
        "SELECT sum(c.\"Population\"), max(c.\"Population\") FROM s.country c",
    );
}

#[test]
fn a_name_with_or_without_its_table_is_the_same() {
    becomes(
        "SELECT c.customer_id, customer_name FROM shop.customers c WHERE c.CreatedAt IS NULL",
        "SELECT c.id, c.name FROM shop.customers c WHERE c.created_at IS NULL",
    );
    in_school(
        "SELECT c.name, firstName FROM s.student t JOIN s.city c ON c.city_id = t.city_id",
        "SELECT c.city_name, t.first_name FROM s.student t JOIN s.city c ON c.id = t.city_id",
    );
    // Both tables have an id of their own.
    stays("SELECT o.customer_id FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id");
}

#[test]
fn a_condition_that_cannot_hold_becomes_the_key() {
    becomes(
        "SELECT 1 FROM shop.customers c LEFT JOIN shop.orders o ON c.customer_id = o.customer_id WHERE o.id > 1",
        "SELECT 1 FROM shop.customers c LEFT JOIN shop.orders o ON c.id = o.customer_id WHERE o.id > 1",
    );
    // A name is no number.
    becomes(
        "SELECT 1 FROM shop.orders o JOIN shop.customers c ON o.customer_id = c.name",
        "SELECT 1 FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id",
    );
    assert_eq!(
        mended(&school(), "SELECT 1 FROM s.club c JOIN s.student t ON c.student_id = t.id"),
        None,
        "two keys"
    );
}

#[test]
fn numbers_of_different_things_are_not_equal() {
    in_school(
        "SELECT t.first_name FROM s.student t JOIN s.city c ON t.city_id = c.country_id",
        "SELECT t.first_name FROM s.student t JOIN s.city c ON c.id = t.city_id",
    );
    // What is joined last has a key to another.
    in_school(
        "SELECT c.id FROM s.city c JOIN s.student t ON t.city_id = c.id JOIN s.membership m ON c.id = m.club_id",
        "SELECT c.id FROM s.city c JOIN s.student t ON t.city_id = c.id JOIN s.membership m ON t.id = m.student_id",
    );
    for sql in [
        "SELECT a.id FROM s.student a JOIN s.student b ON a.city_id = b.city_id",
        "SELECT a.id FROM s.club a JOIN s.membership b ON a.leader_id = b.student_id",
        "SELECT a.id FROM s.club a JOIN s.club b ON a.leader_id = b.second_id",
        "SELECT a.id FROM s.club a JOIN s.city c ON a.leader_id = c.country_id",
    ] {
        assert_eq!(mended(&school(), sql), None, "{sql}");
    }
}

#[test]
fn the_table_between_is_joined() {
    in_school(
        "SELECT c.language, m.since FROM s.city c LEFT JOIN s.membership AS m ON c.id = m.city_id WHERE m.since > 1",
        "SELECT country.language, m.since FROM s.city c LEFT JOIN (s.membership AS m JOIN s.student AS student ON student.id = m.student_id) ON c.id = student.city_id JOIN s.country AS country ON country.id = c.country_id WHERE m.since > 1",
    );
    in_school(
        "SELECT 1 FROM s.country JOIN s.student ON student.country_id = country.id",
        "SELECT 1 FROM s.country JOIN (s.student JOIN s.city AS city ON city.id = student.city_id) ON city.country_id = country.id",
    );
}

#[test]
fn no_column_is_compared_with_itself() {
    // `customer_id` is in orders alone: with its alias the condition would hold for every row.
    stays("SELECT 1 FROM shop.orders o JOIN shop.v_revenue v ON v.customer_id = o.customer_id");
    stays("SELECT 1 FROM shop.orders o, shop.v_revenue v WHERE v.customer_id = o.customer_id");
}

#[test]
fn a_table_whose_key_leads_here_is_joined() {
    in_school(
        "SELECT title FROM s.club WHERE since > 2000",
        "SELECT title FROM s.club JOIN s.membership AS membership ON club.id = membership.club_id \
         WHERE membership.since > 2000",
    );
    // `id` is no longer one column alone.
    in_school(
        "SELECT id FROM s.country WHERE city_name = 'Ulm' AND country.city_name <> 'Linz'",
        "SELECT country.id FROM s.country JOIN s.city AS city ON country.id = city.country_id \
         WHERE city.city_name = 'Ulm' AND city.city_name <> 'Linz'",
    );
    // Two keys of a club lead to students.
    assert_eq!(mended(&school(), "SELECT first_name FROM s.student WHERE title = 'Chess'"), None);
}

#[test]
fn a_slip_of_the_pen_is_put_right() {
    in_school(
        "SELECT contry_id, c.city_nmae FROM s.city c",
        "SELECT c.country_id, c.city_name FROM s.city c",
    );
    let mut snapshot = school();
    snapshot.relations.push(table("s", "address", &["address_line_1", "address_line_2"]));
    for sql in [
        "SELECT address_line_3 FROM s.address",
        "SELECT t.titel FROM s.club t",
        "SELECT second_id FROM s.city",
    ] {
        assert_eq!(mended(&snapshot, sql), None, "{sql}");
    }
}

#[test]
fn what_can_be_resolved_stays() {
    for sql in [
        "SELECT c.name, o.total AS t FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id ORDER BY t",
        "SELECT id FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id",
        "SELECT c.id FROM shop.customers c WHERE EXISTS (SELECT 1 FROM shop.orders o WHERE o.customer_id = c.id AND city = 'x')",
        "WITH o AS (SELECT id, 1 AS city FROM shop.orders) SELECT o.city, city FROM o",
        "SELECT x.city FROM (SELECT 1 AS city) x JOIN shop.orders o ON true",
        "SELECT city FROM shop.orders, generate_series(1, 2) AS city",
        "SELECT o.city FROM shop.orders AS o (a, b, city)",
        "SELECT o.ctid, o.tableoid, o FROM shop.orders o",
        "SELECT extract(year FROM created_at) AS y, count(*) FROM shop.customers GROUP BY y",
        "SELECT town FROM shop.customers",
        "VALUES (1)",
        "SELECT o.city FROM elsewhere.orders o",
    ] {
        stays(sql);
    }
}

#[test]
fn what_is_mended_stays() {
    for sql in [
        "SELECT o.id FROM shop.orders AS o WHERE o.city = 'Berlin'",
        "SELECT 1 FROM shop.orders o JOIN shop.customers c ON o.customer_id = c.name",
    ] {
        stays(&mended(&shop(), sql).unwrap());
    }
}

proptest! {
    #[test]
    fn mending_comes_to_an_end(
        columns in prop::collection::vec("(o[.]|c[.]|x[.]|)(id|city|total|name|\"Unit Price\"|town)", 1..4),
        from in prop::sample::select(vec![
            "shop.orders o",
            "shop.orders o JOIN shop.customers c ON o.id = c.name",
            "shop.customers AS c LEFT JOIN shop.orders o ON c.nix = o.nix AND true",
            "shop.orders o, shop.customers c",
            "(SELECT 1 AS id) o",
            "shop.order_items AS x",
        ]),
        tail in prop::sample::select(vec![
            "",
            " WHERE c.city = o.name",
            " GROUP BY city",
            " ORDER BY total LIMIT 1",
            " UNION (SELECT o.city FROM shop.orders o) ORDER BY city",
        ]),
    ) {
        let sql = format!("SELECT {} FROM {from}{tail}", columns.join(", "));
        // A table that was joined may have the key to another column, and there are four tables.
        let last = (0..5).try_fold(sql, |sql, _| mended(&shop(), &sql).ok_or(sql));
        prop_assert!(last.is_err(), "{last:?}");
    }
}
