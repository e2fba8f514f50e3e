//! Groups that lack columns, and sub-queries of many rows.

use super::{becomes, in_school, mended, school, stays};

#[test]
fn groups_get_what_is_selected_beside_them() {
    in_school(
        "SELECT c.country_id, c.city_name, count(*) FROM s.city c GROUP BY c.country_id",
        "SELECT c.country_id, c.city_name, count(*) FROM s.city c GROUP BY c.city_name, c.country_id",
    );
    in_school(
        "SELECT city_id FROM s.student GROUP BY city_id ORDER BY lower(first_name), first_name",
        "SELECT city_id FROM s.student GROUP BY student.first_name, city_id \
         ORDER BY lower(first_name), first_name",
    );
}

#[test]
fn branches_of_set_operations_are_queries_too() {
    in_school(
        "SELECT c.city_name, count(*) FROM s.city c GROUP BY c.country_id UNION SELECT title, 0 FROM s.club",
        "SELECT c.city_name, count(*) FROM s.city c GROUP BY c.city_name, c.country_id UNION SELECT title, 0 FROM s.club",
    );
    // The order is that of both.
    in_school(
        "SELECT title FROM s.club UNION SELECT c.city_name FROM s.city c GROUP BY c.country_id ORDER BY title",
        "SELECT title FROM s.club UNION SELECT c.city_name FROM s.city c GROUP BY c.city_name, c.country_id ORDER BY title",
    );
}

#[test]
fn groups_that_tell_all_stay() {
    let mut snapshot = school();
    for relation in &mut snapshot.relations {
        relation.primary_key = vec!["id".into()];
    }
    for sql in [
        "SELECT c.id, c.city_name, count(*) FROM s.city c GROUP BY c.id",
        "SELECT c.country_id, max(c.city_name) FROM s.city c GROUP BY c.country_id",
        "SELECT c.country_id, count(*) AS n FROM s.city c GROUP BY c.country_id ORDER BY n",
        "SELECT substr(city_name, 1) FROM s.city GROUP BY 1, city_name",
        "SELECT country_id, (SELECT max(title) FROM s.club) FROM s.city GROUP BY country_id",
        "SELECT country_id, some_aggregate(city_name) FROM s.city GROUP BY country_id",
        "SELECT country_id, city_name FROM s.city GROUP BY ROLLUP (country_id)",
        "SELECT city_name FROM s.city",
    ] {
        assert_eq!(mended(&snapshot, sql), None, "{sql}");
    }
}

#[test]
fn of_many_rows_the_bound_is_compared() {
    in_school(
        "SELECT id FROM s.membership WHERE since < (SELECT since FROM s.membership WHERE club_id = 3)",
        "SELECT id FROM s.membership WHERE since < (SELECT min(since) FROM s.membership WHERE club_id = 3)",
    );
    in_school(
        "SELECT m.club_id FROM s.membership m WHERE (SELECT c.id FROM s.club c) <= m.club_id \
         AND m.since BETWEEN (SELECT since FROM s.membership) AND 2000",
        "SELECT m.club_id FROM s.membership m WHERE (SELECT max(c.id) FROM s.club c) <= m.club_id \
         AND m.since BETWEEN (SELECT min(since) FROM s.membership) AND 2000",
    );
}

#[test]
fn one_of_many_rows_is_equal() {
    for query in [
        "SELECT leader_id FROM s.club",
        "SELECT id FROM s.club GROUP BY id HAVING count(*) > 1",
        "SELECT id FROM s.club EXCEPT SELECT club_id FROM s.membership",
    ] {
        in_school(
            &format!("SELECT id FROM s.club WHERE leader_id = ({query}) AND id > 3"),
            &format!("SELECT id FROM s.club WHERE leader_id IN ({query}) AND id > 3"),
        );
    }
}

#[test]
fn one_row_is_compared_as_it_is() {
    let mut snapshot = school();
    for relation in &mut snapshot.relations {
        relation.primary_key = vec!["id".into()];
    }
    for sql in [
        "SELECT id FROM s.club WHERE leader_id < (SELECT leader_id FROM s.club WHERE id = 3)",
        "SELECT id FROM s.club WHERE leader_id < (SELECT max(leader_id) FROM s.club)",
        "SELECT id FROM s.club WHERE leader_id < (SELECT leader_id FROM s.club LIMIT 1)",
        "SELECT id FROM s.club WHERE leader_id = (SELECT leader_id FROM s.club LIMIT 1)",
        "SELECT id FROM s.club WHERE leader_id = (SELECT max(leader_id) FROM s.club)",
        "SELECT id FROM s.club WHERE leader_id = (SELECT leader_id FROM s.club c WHERE c.id = 3)",
        "SELECT id FROM s.club WHERE leader_id = (SELECT 3)",
        "SELECT id FROM s.club WHERE leader_id <> (SELECT leader_id FROM s.club)",
        "SELECT id FROM s.club WHERE leader_id < 3",
    ] {
        assert_eq!(mended(&snapshot, sql), None, "{sql}");
    }
}

#[test]
fn what_is_distinct_is_grouped_where_something_else_orders_it() {
    for (sql, wanted) in [
        (
            "SELECT DISTINCT c.city FROM shop.customers c WHERE c.id > 3 ORDER BY c.created_at DESC, c.city LIMIT 5",
            "SELECT  c.city FROM shop.customers c WHERE c.id > 3 GROUP BY c.city ORDER BY max(c.created_at) DESC, c.city LIMIT 5",
        ),
        (
            "SELECT DISTINCT city, name AS who FROM shop.customers ORDER BY who, id",
            "SELECT  city, name AS who FROM shop.customers GROUP BY city, name ORDER BY who, min(id)",
        ),
        (
            "SELECT id FROM shop.orders WHERE id IN (SELECT DISTINCT o.id FROM shop.orders o ORDER BY o.total LIMIT 3)",
            "SELECT id FROM shop.orders WHERE id IN (SELECT  o.id FROM shop.orders o GROUP BY o.id ORDER BY min(o.total) LIMIT 3)",
        ),
    ] {
        becomes(sql, wanted);
    }
    for sql in [
        "SELECT DISTINCT c.city FROM shop.customers c ORDER BY c.city DESC",
        "SELECT DISTINCT c.city FROM shop.customers c ORDER BY city",
        "SELECT DISTINCT c.city AS town FROM shop.customers c ORDER BY town",
        "SELECT DISTINCT c.city FROM shop.customers c ORDER BY 1",
        "SELECT DISTINCT lower(c.city) FROM shop.customers c ORDER BY lower(c.city)",
        "SELECT DISTINCT ON (c.city) c.name FROM shop.customers c ORDER BY c.city, c.id",
        "SELECT c.city FROM shop.customers c ORDER BY c.id",
        "SELECT DISTINCT c.city FROM shop.customers c",
    ] {
        stays(sql);
    }
}
