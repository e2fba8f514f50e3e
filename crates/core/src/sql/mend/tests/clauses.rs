//! Aggregates in WHERE, tables named twice, and texts compared with numbers.

use super::{becomes, in_school, mended, school, stays};

#[test]
fn an_aggregate_of_all_rows_becomes_a_sub_query() {
    becomes(
        "SELECT id FROM shop.orders o WHERE o.total > avg(o.total) AND status = 'new'",
        "SELECT id FROM shop.orders o WHERE o.total > (SELECT avg(total) FROM shop.orders) \
         AND status = 'new'",
    );
    becomes(
        "SELECT o.id FROM shop.orders o JOIN shop.order_items i ON i.order_id = o.id \
         WHERE max(\"Unit Price\") = i.\"Unit Price\"",
        "SELECT o.id FROM shop.orders o JOIN shop.order_items i ON i.order_id = o.id \
         WHERE (SELECT max(\"Unit Price\") FROM shop.order_items) = i.\"Unit Price\"",
    );
}

#[test]
fn an_aggregate_of_a_group_is_asked_behind_it() {
    becomes(
        "SELECT customer_id FROM shop.orders WHERE count(*) > 3 GROUP BY customer_id ORDER BY 1",
        "SELECT customer_id FROM shop.orders WHERE true GROUP BY customer_id HAVING count(*) > 3 \
         ORDER BY 1",
    );
    becomes(
        "SELECT customer_id FROM shop.orders WHERE id > 7 AND 100 < sum(total) AND count(*) > 3",
        "SELECT customer_id FROM shop.orders WHERE id > 7 AND true AND true GROUP BY customer_id \
         HAVING 100 < sum(total) AND count(*) > 3",
    );
    becomes(
        "SELECT id FROM shop.customers WHERE id IN \
         (SELECT customer_id FROM shop.orders WHERE count(id) >= 2) LIMIT 5",
        "SELECT id FROM shop.customers WHERE id IN \
         (SELECT customer_id FROM shop.orders WHERE true GROUP BY customer_id HAVING count(id) >= 2) \
         LIMIT 5",
    );
}

#[test]
fn aggregates_where_they_belong_or_of_no_one_reading_stay() {
    stays("SELECT customer_id FROM shop.orders GROUP BY customer_id HAVING count(*) > 3");
    stays("SELECT id FROM shop.orders WHERE total > (SELECT avg(total) FROM shop.orders)");
    // Either of the two would be another question.
    stays("SELECT id FROM shop.orders WHERE count(*) > 3 OR total > 5");
    stays("SELECT count(*) FROM shop.orders WHERE count(*) > 3");
    stays("SELECT customer_id FROM shop.orders WHERE count(*) > 3 GROUP BY ROLLUP (customer_id)");
    // Of the query around, where it is allowed.
    stays(
        "SELECT c.city FROM shop.customers c GROUP BY c.city \
         HAVING EXISTS (SELECT 1 FROM shop.orders WHERE count(c.id) > 3)",
    );
}

#[test]
fn a_table_joined_twice_under_one_name_is_read_once() {
    in_school(
        "SELECT student.first_name FROM s.student JOIN s.city ON student.city_id = city.id \
         LEFT JOIN s.student ON student.id = city.id AND student.id > 3 WHERE city.id = 1",
        "SELECT student.first_name FROM s.student JOIN s.city ON student.city_id = city.id \
         AND student.id = city.id AND student.id > 3 WHERE city.id = 1",
    );
    for sql in [
        "SELECT a.id FROM s.student a JOIN s.city c ON a.city_id = c.id \
         JOIN s.student b ON b.city_id = c.id",
        "SELECT city.id FROM s.student JOIN s.city ON student.city_id = city.id \
         JOIN s.student ON student.id = 1 OR city.id = 1",
        "SELECT city.id FROM s.city JOIN s.city ON city.id = 1",
    ] {
        assert_eq!(mended(&school(), sql), None, "{sql}");
    }
}

#[test]
fn texts_and_numbers_are_made_comparable() {
    becomes(
        "SELECT id FROM shop.customers WHERE name = 5 AND city IN (1, '2') AND 7 <> name",
        "SELECT id FROM shop.customers WHERE name = '5' AND city IN ('1', '2') AND '7' <> name",
    );
    becomes(
        "SELECT c.id FROM shop.customers c WHERE c.name >= 5 AND c.city BETWEEN 1 AND 9.5",
        "SELECT c.id FROM shop.customers c WHERE c.name::numeric >= 5 \
         AND c.city::numeric BETWEEN 1 AND 9.5",
    );
    becomes(
        "SELECT c.id FROM shop.customers c, shop.orders o WHERE c.name = o.id AND o.total < c.city",
        "SELECT c.id FROM shop.customers c, shop.orders o WHERE c.name = o.id::text \
         AND o.total < c.city::numeric",
    );
}

#[test]
fn what_the_server_compares_stays() {
    for sql in [
        "SELECT id FROM shop.customers WHERE id = 5 AND name = '5' AND id = '7'",
        "SELECT id FROM shop.customers WHERE created_at > '2020-01-01' AND name > city",
        "SELECT id FROM shop.orders WHERE status = 'new' AND total BETWEEN 1 AND 2",
        "WITH t AS (SELECT 1 AS name) SELECT t.name FROM t WHERE t.name = 5",
    ] {
        stays(sql);
    }
}
