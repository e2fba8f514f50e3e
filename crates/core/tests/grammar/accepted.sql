-- Statements that must be accepted, one a line, over the schema of schema.json.
SELECT 1
select 1;
SELECT 1 AS one, 2 two, 'x' AS "Three"
SELECT * FROM shop.customers
SELECT * FROM customers
SELECT c.* FROM shop.customers c
SELECT c.* FROM shop.customers AS c
SELECT shop.customers.name FROM shop.customers
SELECT customers.name FROM shop.customers
SELECT name FROM customers WHERE city = 'Berlin'
SELECT "name" FROM "shop"."customers" WHERE "city" = 'Berlin'
SELECT NAME FROM SHOP.CUSTOMERS WHERE CITY = 'Berlin'
SELECT Name From Shop.Customers Where City = 'x'
SELECT "Loyalty Level" FROM shop.customers
SELECT c."Loyalty Level" FROM shop.customers c WHERE c."Loyalty Level" > 3
SELECT o."Id", o."select" FROM sales."Order" o
SELECT "Order"."Id" FROM sales."Order"
SELECT DISTINCT city FROM customers
SELECT ALL city FROM customers
SELECT DISTINCT ON (city) city, name FROM customers ORDER BY city, created_at DESC
SELECT DISTINCT ON (c.city, c.name) c.city FROM customers c ORDER BY c.city, c.name
SELECT COUNT(*) FROM orders
SELECT count(*) total FROM orders
SELECT count(*) AS total FROM orders
SELECT count(DISTINCT customer_id) FROM orders
SELECT count(o) FROM orders o
SELECT count(o.*) FROM orders o
SELECT SUM(total) FROM orders WHERE status <> 'new'
SELECT sum(total)::numeric(12,2) FROM orders
SELECT avg(total), min(total), max(total), stddev(total) FROM orders
SELECT round(avg(total), 2) FROM orders
SELECT ROUND(AVG(o.total)::numeric, 2) AS average_total FROM orders AS o
SELECT total * 1.19 AS gross FROM orders
SELECT -total, +total, - total FROM orders
SELECT total - -1 FROM orders
SELECT (total + 1) * 2 - 3 / 4 % 5 ^ 2 FROM orders
SELECT 1.5e3, .5, 5., 1e-3, 007
SELECT 'it''s', '', 'a "b"', ' -- no comment', '/* nor this */', ';'
SELECT E'a\nb', E'it\'s', e'\\'
SELECT B'101', X'1F', N'x'
SELECT $$dollar$$, $$it's$$
SELECT NULL, TRUE, FALSE
SELECT name || ' ' || city FROM customers
SELECT name||city FROM customers
SELECT id FROM orders WHERE total > 10 AND total < 20 OR NOT status = 'new'
SELECT id FROM orders WHERE NOT (total > 10)
SELECT id FROM orders WHERE total >= 10 AND total <= 20
SELECT id FROM orders WHERE total != 10
SELECT id FROM orders WHERE total BETWEEN 10 AND 20
SELECT id FROM orders WHERE total NOT BETWEEN 10 AND 20 AND id > 1
SELECT id FROM orders WHERE total BETWEEN SYMMETRIC 20 AND 10
SELECT id FROM orders WHERE status IN ('new', 'paid')
SELECT id FROM orders WHERE status NOT IN ('new')
SELECT id FROM orders WHERE (status, total) IN (('new', 1), ('paid', 2))
SELECT id FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE city = 'Rome')
SELECT id FROM orders WHERE customer_id IN (SELECT c.id FROM customers c WHERE c.id = orders.customer_id)
SELECT id FROM orders WHERE shipped_on IS NULL
SELECT id FROM orders WHERE shipped_on IS NOT NULL
SELECT id FROM orders WHERE shipped_on ISNULL OR shipped_on NOTNULL
SELECT id FROM orders WHERE (total > 5) IS TRUE AND (total > 6) IS NOT FALSE AND (total > 7) IS UNKNOWN
SELECT id FROM orders WHERE status IS DISTINCT FROM 'new'
SELECT id FROM orders WHERE status IS NOT DISTINCT FROM 'new' AND total > 1
SELECT name FROM customers WHERE name LIKE 'A%'
SELECT name FROM customers WHERE name NOT LIKE 'A%' ESCAPE '!'
SELECT name FROM customers WHERE name ILIKE '%ann%'
SELECT name FROM customers WHERE name NOT ILIKE '%ann%' AND city ILIKE 'b%'
SELECT name FROM customers WHERE name SIMILAR TO '(A|B)%'
SELECT name FROM customers WHERE name NOT SIMILAR TO '(A|B)%'
SELECT name FROM customers WHERE name ~ '^A' AND name ~* '^a' AND name !~ 'x' AND name !~* 'y'
SELECT name FROM customers WHERE name LIKE ANY (ARRAY['A%', 'B%'])
SELECT name FROM customers WHERE name ILIKE ALL (ARRAY['A%', 'B%'])
SELECT id FROM orders WHERE id = ANY (ARRAY[1, 2, 3])
SELECT id FROM orders WHERE id = ANY ('{1,2,3}')
SELECT id FROM orders WHERE id = ANY ('{1,2,3}'::int[])
SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE status = 'new')
SELECT id FROM orders WHERE total >= SOME (SELECT 1)
SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)
SELECT id FROM orders o WHERE NOT EXISTS (SELECT * FROM order_items i WHERE i.order_id = o.id)
SELECT c.name FROM customers c JOIN orders o ON o.customer_id = c.id
SELECT c.name, o.total FROM shop.customers AS c INNER JOIN shop.orders AS o ON c.id = o.customer_id
SELECT c.name FROM customers c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL
SELECT c.name FROM customers c LEFT OUTER JOIN orders o ON o.customer_id = c.id
SELECT c.name FROM customers c RIGHT JOIN orders o ON o.customer_id = c.id
SELECT c.name FROM customers c FULL OUTER JOIN orders o ON o.customer_id = c.id
SELECT c.name FROM customers c FULL JOIN orders o ON (o.customer_id = c.id AND o.total > 3)
SELECT c.name FROM customers c CROSS JOIN orders o
SELECT c.name FROM customers c, orders o WHERE c.id = o.customer_id
SELECT c.name FROM customers c NATURAL JOIN orders o
SELECT c.name FROM customers c NATURAL LEFT JOIN orders
SELECT id, quantity FROM orders JOIN order_items USING (id)
SELECT i.quantity FROM orders o JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id
SELECT p.name FROM (orders o JOIN order_items i ON i.order_id = o.id) JOIN products p ON p.id = i.product_id
SELECT p.name FROM orders o JOIN (order_items i JOIN products p ON p.id = i.product_id) ON i.order_id = o.id
SELECT j.total FROM (orders o JOIN customers c ON c.id = o.customer_id) AS j
SELECT o.id FROM orders o JOIN order_items i JOIN products p ON p.id = i.product_id ON i.order_id = o.id
SELECT T1.name, T2.total FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id
SELECT T1.name FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id GROUP BY T1.name HAVING COUNT(*) > 2
SELECT e.name, m.name AS manager FROM employees e LEFT JOIN employees m ON m.id = e.manager_id
SELECT city, count(*) FROM customers GROUP BY city
SELECT city, count(*) FROM customers GROUP BY 1 ORDER BY 2 DESC
SELECT city AS town, count(*) AS n FROM customers GROUP BY town ORDER BY n DESC, town ASC NULLS LAST
SELECT city, count(*) FROM customers GROUP BY city HAVING count(*) > 1 ORDER BY count(*) DESC LIMIT 1
SELECT city, name, count(*) FROM customers GROUP BY ROLLUP (city, name)
SELECT city, name, count(*) FROM customers GROUP BY CUBE (city, name)
SELECT city, name, count(*) FROM customers GROUP BY GROUPING SETS ((city), (name), ())
SELECT city, grouping(city), count(*) FROM customers GROUP BY GROUPING SETS ((city), (name), ROLLUP (city, name))
SELECT city FROM customers GROUP BY DISTINCT city, name
SELECT city FROM customers GROUP BY ()
SELECT name FROM customers ORDER BY created_at DESC NULLS LAST
SELECT name FROM customers ORDER BY created_at ASC NULLS FIRST, name
SELECT name FROM customers ORDER BY lower(name), length(name) DESC
SELECT name AS n FROM customers ORDER BY n
SELECT name FROM customers ORDER BY name USING <
SELECT name FROM customers LIMIT 10
SELECT name FROM customers LIMIT ALL
SELECT name FROM customers LIMIT 10 OFFSET 20
SELECT name FROM customers OFFSET 20 ROWS
SELECT name FROM customers OFFSET 5 LIMIT 2 + 3
SELECT name FROM customers FETCH FIRST ROW ONLY
SELECT name FROM customers FETCH FIRST 5 ROWS ONLY
SELECT name FROM customers OFFSET 3 ROWS FETCH NEXT 5 ROWS ONLY
SELECT name FROM customers ORDER BY id FETCH FIRST 5 ROWS WITH TIES
SELECT name FROM customers UNION SELECT name FROM employees
SELECT name FROM customers UNION ALL SELECT name FROM employees ORDER BY name
SELECT name AS who FROM customers UNION ALL SELECT department FROM employees ORDER BY who LIMIT 3
SELECT id FROM customers INTERSECT SELECT customer_id FROM orders
SELECT id FROM customers EXCEPT SELECT customer_id FROM orders
SELECT id FROM customers EXCEPT ALL SELECT customer_id FROM orders
(SELECT id FROM customers) UNION (SELECT id FROM orders)
(SELECT name FROM customers ORDER BY id LIMIT 1) UNION ALL (SELECT name FROM employees ORDER BY id LIMIT 1)
((SELECT 1)) UNION SELECT 2
SELECT id FROM customers UNION (SELECT id FROM orders EXCEPT SELECT id FROM products)
SELECT x.id FROM (SELECT id FROM customers UNION SELECT id FROM orders) AS x
SELECT x.id FROM ((SELECT id FROM customers) UNION (SELECT id FROM orders)) AS x
VALUES (1, 'a'), (2, 'b')
VALUES (1) ORDER BY column1
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (n, t)
SELECT v.n, t FROM (VALUES (1, 'a')) v(n, t) WHERE v.t = 'a'
SELECT column1 FROM (VALUES (1), (2)) AS v
SELECT x.n FROM (SELECT count(*) AS n FROM orders) x
SELECT n FROM (SELECT count(*) AS n FROM orders) AS x WHERE n > 3
SELECT count FROM (SELECT count(*) FROM orders) AS x
SELECT x.name FROM (SELECT c.name, c.city FROM customers c) AS x WHERE x.city = 'Rome'
SELECT x.a FROM (SELECT id, name FROM customers) AS x (a, b) WHERE x.b = 'z'
SELECT x.a, x.city FROM (SELECT id, name, city FROM customers) AS x (a) WHERE x.name = 'z'
SELECT x.id FROM (SELECT * FROM customers) x WHERE x.city IS NULL
SELECT x.total FROM (SELECT o.*, c.name FROM orders o JOIN customers c ON c.id = o.customer_id) x ORDER BY x.name
SELECT avg(n) FROM (SELECT customer_id, count(*) n FROM orders GROUP BY customer_id) AS per_customer
SELECT t.id FROM (SELECT (id) FROM orders) t
SELECT t.id FROM (SELECT id::text FROM orders) t
SELECT t.id FROM (SELECT CAST(id AS text) FROM orders) t
SELECT t.case FROM (SELECT CASE WHEN total > 1 THEN 1 ELSE 2 END FROM orders) t
SELECT t.coalesce, t.max FROM (SELECT coalesce(status, 'x'), max(total) FROM orders GROUP BY status) t
SELECT (SELECT max(total) FROM orders) AS m
SELECT c.name, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c
SELECT c.name, (SELECT max(o.total) FROM orders o WHERE o.customer_id = c.id AND city = 'Rome') FROM customers c
SELECT total FROM orders WHERE total = (SELECT max(total) FROM orders)
SELECT total FROM orders WHERE total > (SELECT avg(total) FROM orders) * 2
SELECT name FROM customers WHERE id = (SELECT customer_id FROM orders ORDER BY total DESC LIMIT 1)
SELECT name FROM customers WHERE (id, city) = (SELECT customer_id, status FROM orders LIMIT 1)
WITH big AS (SELECT * FROM orders WHERE total > 100) SELECT count(*) FROM big
WITH big AS (SELECT id, total FROM orders WHERE total > 100) SELECT b.id, b.total FROM big b
WITH a AS (SELECT id FROM orders), b AS (SELECT a.id FROM a) SELECT b.id FROM b JOIN a ON a.id = b.id
WITH a (x, y) AS (SELECT id, total FROM orders) SELECT a.x, y FROM a
WITH a AS MATERIALIZED (SELECT 1 AS one) SELECT one FROM a
WITH a AS NOT MATERIALIZED (SELECT 1 AS one) SELECT a.one FROM a
WITH orders AS (SELECT id AS only_id FROM shop.orders) SELECT only_id FROM orders
WITH RECURSIVE tree AS (SELECT id, parent_id, 1 AS depth FROM categories WHERE parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, t.depth + 1 FROM categories c JOIN tree t ON t.id = c.parent_id) SELECT id, depth FROM tree
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n
WITH RECURSIVE n (i) AS (VALUES (1) UNION SELECT n.i + 1 FROM n WHERE n.i < 10) SELECT n.i FROM n
WITH RECURSIVE t AS (SELECT id, parent_id FROM categories UNION ALL SELECT c.id, c.parent_id FROM categories c, t WHERE c.parent_id = t.id) SEARCH DEPTH FIRST BY id SET ordering SELECT id FROM t ORDER BY ordering
WITH RECURSIVE t AS (SELECT id, parent_id FROM categories UNION ALL SELECT c.id, c.parent_id FROM categories c, t WHERE c.parent_id = t.id) CYCLE id SET is_cycle USING path SELECT id, is_cycle FROM t
WITH a AS (VALUES (1, 2)) SELECT column1 FROM a
SELECT x.n FROM (WITH a AS (SELECT count(*) AS n FROM orders) SELECT n FROM a) x
WITH a AS (SELECT 1 AS v) SELECT v FROM a WHERE v IN (WITH b AS (SELECT v FROM a) SELECT v FROM b)
SELECT row_number() OVER () FROM orders
SELECT row_number() OVER (ORDER BY total DESC) AS rn, id FROM orders
SELECT rank() OVER (PARTITION BY customer_id ORDER BY total DESC) FROM orders
SELECT sum(total) OVER (PARTITION BY customer_id, status ORDER BY ordered_at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM orders
SELECT sum(total) OVER (ORDER BY ordered_at ROWS 3 PRECEDING) FROM orders
SELECT sum(total) OVER (ORDER BY ordered_at RANGE BETWEEN INTERVAL '1 day' PRECEDING AND INTERVAL '1 day' FOLLOWING) FROM orders
SELECT sum(total) OVER (ORDER BY ordered_at GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM orders
SELECT sum(total) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM orders
SELECT sum(total) OVER w, avg(total) OVER w FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY id)
SELECT sum(total) OVER (w ORDER BY id) FROM orders WINDOW w AS (PARTITION BY customer_id), v AS (w ROWS 1 PRECEDING)
SELECT lag(total, 1, 0) OVER (ORDER BY id), lead(total) OVER (ORDER BY id), first_value(total) OVER (ORDER BY id) FROM orders
SELECT ntile(4) OVER (ORDER BY total), percent_rank() OVER (ORDER BY total), dense_rank() OVER (ORDER BY total) FROM orders
SELECT total / sum(total) OVER () * 100 AS share FROM orders
SELECT x.id FROM (SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) AS rn FROM orders) x WHERE x.rn = 1
SELECT count(*) FILTER (WHERE status = 'new') FROM orders
SELECT count(*) FILTER (WHERE o.status = 'new') AS fresh, count(*) FILTER (WHERE o.total > 5) big FROM orders o
SELECT sum(total) FILTER (WHERE status = 'paid') OVER (PARTITION BY customer_id) FROM orders
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY total) FROM orders
SELECT percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY total DESC) FROM orders
SELECT mode() WITHIN GROUP (ORDER BY city) FROM customers
SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY o.total) FILTER (WHERE o.total > 0) AS p90 FROM orders o
SELECT string_agg(name, ', ' ORDER BY name DESC) FROM customers
SELECT string_agg(DISTINCT name, ', ') FROM customers
SELECT array_agg(c.name ORDER BY c.created_at) FROM customers c
SELECT customer_id, array_agg(DISTINCT status) FROM orders GROUP BY customer_id
SELECT c.name, l.total FROM customers c CROSS JOIN LATERAL (SELECT o.total FROM orders o WHERE o.customer_id = c.id ORDER BY o.total DESC LIMIT 1) l
SELECT c.name, l.n FROM customers c, LATERAL (SELECT count(*) AS n FROM orders WHERE customer_id = c.id) AS l
SELECT c.name FROM customers c LEFT JOIN LATERAL (SELECT 1 AS one FROM orders o WHERE o.customer_id = c.id) x ON true WHERE x.one IS NULL
SELECT t.tag FROM customers c, unnest(c.tags) AS t(tag)
SELECT tag FROM customers, unnest(tags) tag
SELECT unnest(tags) FROM customers
SELECT x.v, x.ordinality FROM customers c, unnest(c.tags) WITH ORDINALITY AS x (v, ordinality)
SELECT n FROM generate_series(1, 10) AS n
SELECT g.n FROM generate_series(1, 10, 2) AS g(n)
SELECT generate_series FROM generate_series(1, 3)
SELECT d::date FROM generate_series('2024-01-01'::date, '2024-12-31'::date, '1 day'::interval) d
SELECT d.day FROM generate_series(DATE '2024-01-01', DATE '2024-01-31', INTERVAL '1 day') AS d(day)
SELECT m.month, count(o.id) FROM generate_series(1, 12) AS m(month) LEFT JOIN orders o ON extract(month FROM o.ordered_at) = m.month GROUP BY m.month
SELECT generate_series(1, 3) AS n
SELECT e.key, e.value FROM products p, jsonb_each(p.attributes) e
SELECT e.key FROM products p CROSS JOIN LATERAL jsonb_each_text(p.attributes) AS e (key, value)
SELECT x.a, x.b FROM sales.events ev, jsonb_to_record(ev.payload) AS x(a int, b text)
SELECT elem ->> 'id' FROM sales.events, jsonb_array_elements(payload -> 'items') AS elem
SELECT a, b FROM ROWS FROM (generate_series(1, 3), generate_series(1, 2)) AS t (a, b)
SELECT s FROM string_to_table('a,b', ',') AS s
SELECT * FROM customers TABLESAMPLE SYSTEM (10)
SELECT c.name FROM customers c TABLESAMPLE BERNOULLI (10) REPEATABLE (42)
SELECT * FROM ONLY customers
SELECT total::int FROM orders
SELECT total::numeric(10, 2)::text FROM orders
SELECT CAST(total AS integer) FROM orders
SELECT CAST(total AS numeric(12, 2)) AS t FROM orders
SELECT cast(ordered_at AS date) FROM orders
SELECT total::double precision, id::character varying(20), ordered_at::timestamp without time zone FROM orders
SELECT '2024-01-01'::timestamp with time zone, '10:00'::time(3), 'x'::char(3), '1'::bit varying
SELECT '{1,2}'::int[], '{a}'::text[], ARRAY[1]::bigint[]
SELECT status::shop.order_status FROM orders WHERE status = 'new'::shop.order_status
SELECT NULL::text AS nothing
SELECT DATE '2024-01-01', TIME '10:00', TIMESTAMP '2024-01-01 10:00', TIMESTAMPTZ '2024-01-01 10:00+01'
SELECT timestamp with time zone '2024-01-01', time with time zone '10:00'
SELECT INTERVAL '1 day', INTERVAL '1' YEAR, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '3' DAY, interval '1' hour
SELECT ordered_at + INTERVAL '1 month' - INTERVAL '2 days' FROM orders
SELECT now() - INTERVAL '7 days', CURRENT_DATE - 7, CURRENT_TIMESTAMP, LOCALTIME, current_timestamp(0)
SELECT id FROM orders WHERE ordered_at >= now() - interval '30 days'
SELECT id FROM orders WHERE ordered_at >= '2024-01-01' AND ordered_at < '2025-01-01'
SELECT id FROM orders WHERE ordered_at::date = CURRENT_DATE
SELECT EXTRACT(YEAR FROM ordered_at) AS y FROM orders
SELECT extract(dow from o.ordered_at), extract('epoch' from o.ordered_at) FROM orders o
SELECT EXTRACT(EPOCH FROM (o.ordered_at - c.created_at)) / 3600 FROM orders o JOIN customers c ON c.id = o.customer_id
SELECT date_part('year', ordered_at), date_trunc('month', ordered_at) FROM orders
SELECT date_trunc('month', o.ordered_at)::date AS month, sum(o.total) FROM orders o GROUP BY month ORDER BY month
SELECT to_char(ordered_at, 'YYYY-MM') AS month, count(*) FROM orders GROUP BY 1
SELECT age(created_at), age(now(), created_at) FROM customers
SELECT date(ordered_at), count(*) FROM orders GROUP BY date(ordered_at)
SELECT ordered_at AT TIME ZONE 'UTC' FROM orders
SELECT (ordered_at AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin')::date FROM orders
SELECT make_date(2024, 1, 1), make_interval(days => 10), make_interval(hours => 1, mins => 2)
SELECT to_date('2024', 'YYYY'), to_timestamp(0), to_number('1', '9')
SELECT date_bin('15 minutes', ordered_at, TIMESTAMP '2001-01-01') FROM orders
SELECT id FROM orders WHERE (ordered_at, ordered_at + interval '1 day') OVERLAPS (DATE '2024-01-01', DATE '2024-02-01')
SELECT attributes -> 'color', attributes ->> 'size' FROM products
SELECT p.attributes #> '{a,b}', p.attributes #>> '{a,b}' FROM products p
SELECT id FROM products WHERE attributes @> '{"color": "red"}' AND attributes ? 'size'
SELECT id FROM products WHERE attributes ?| ARRAY['a', 'b'] OR attributes ?& ARRAY['c']
SELECT id FROM products WHERE attributes @? '$.a' AND attributes @@ '$.b > 1'
SELECT (attributes ->> 'weight')::numeric * 2 FROM products WHERE (attributes ->> 'weight')::numeric > 1
SELECT attributes - 'a', attributes || '{"b": 1}'::jsonb, attributes #- '{a}' FROM products
SELECT jsonb_build_object('id', id, 'name', name) FROM products
SELECT json_agg(p) FROM products p
SELECT jsonb_agg(p.name ORDER BY p.name) FROM products p
SELECT row_to_json(c) FROM customers c
SELECT jsonb_path_query(payload, '$.items[*]') FROM sales.events
SELECT payload['a']['b'] FROM sales.events
SELECT ARRAY[1, 2, 3], ARRAY[[1, 2], [3, 4]], ARRAY[]::int[]
SELECT ARRAY(SELECT id FROM customers ORDER BY id)
SELECT tags[1], tags[1:2], tags[:2], (ARRAY[1,2])[1] FROM customers
SELECT array_length(tags, 1), cardinality(tags), array_to_string(tags, ',') FROM customers
SELECT id FROM customers WHERE 'vip' = ANY (tags) OR tags && ARRAY['a'] OR tags @> ARRAY['b'] OR tags <@ ARRAY['c']
SELECT id FROM customers WHERE NOT ('vip' = ANY(tags))
SELECT CASE WHEN total > 100 THEN 'big' WHEN total > 10 THEN 'medium' ELSE 'small' END AS size FROM orders
SELECT CASE status WHEN 'new' THEN 1 ELSE 0 END FROM orders
SELECT sum(CASE WHEN status = 'paid' THEN total ELSE 0 END) AS paid FROM orders
SELECT CASE WHEN EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) THEN 'y' END FROM customers c
SELECT status, count(*) FROM orders GROUP BY CASE WHEN total > 1 THEN 1 END, status
SELECT COALESCE(city, 'unknown'), NULLIF(city, ''), GREATEST(1, 2), LEAST(id, 3) FROM customers
SELECT count(*)::numeric / NULLIF((SELECT count(*) FROM customers), 0) FROM orders
SELECT upper(name), lower(name), initcap(name), length(name), trim(name) FROM customers
SELECT TRIM(BOTH 'x' FROM name), TRIM(LEADING FROM name), trim(trailing 'y' from city) FROM customers
SELECT SUBSTRING(name FROM 1 FOR 3), substring(name, 1, 2), SUBSTRING(name FROM '^.') FROM customers
SELECT POSITION('a' IN name), strpos(name, 'a'), OVERLAY(name PLACING 'x' FROM 1 FOR 2) FROM customers
SELECT left(name, 1), right(name, 2), replace(name, 'a', 'b'), split_part(name, ' ', 1) FROM customers
SELECT concat(name, ' ', city), concat_ws(', ', name, city), format('%s', name) FROM customers
SELECT regexp_replace(name, 'a', 'b', 'g'), regexp_match(name, 'x') FROM customers
SELECT abs(-1), ceil(1.5), floor(1.5), power(2, 3), sqrt(4), mod(5, 2), sign(-1), exp(1), ln(2)
SELECT name COLLATE "C" FROM customers ORDER BY name COLLATE "de_DE"
SELECT ROW(1, 2), ROW(c.*), ROW() FROM customers c
SELECT (c).name FROM customers c
SELECT (ROW(1, 'a')).*
SELECT id FROM customers WHERE ROW(id, city) = ROW(1, 'x')
SELECT pg_catalog.lower(name) FROM customers
SELECT pg_catalog.count(*) FROM pg_catalog.generate_series(1, 2) g
SELECT range FROM sales.events WHERE range && tsrange('2024-01-01', '2024-02-01')
SELECT range @> '2024-01-01'::timestamp, lower(range) FROM sales.events
SELECT e.kind kind, e.at FROM sales.events e ORDER BY e.at
SELECT at, kind FROM sales.events WHERE at > now() ORDER BY at
SELECT position, time, values FROM sales.readings
SELECT r.position, r.time FROM sales.readings r WHERE r.values > 3 ORDER BY r.time
SELECT r.first, r.last, r.order FROM sales.readings r
SELECT first, last FROM sales.readings WHERE first IS NULL GROUP BY first, last
SELECT month, revenue FROM v_revenue ORDER BY month DESC LIMIT 12
SELECT to_char(month, 'Mon') AS month, revenue FROM shop.v_revenue
SELECT count(*) AS year FROM orders
SELECT count(*) AS "from" FROM orders
SELECT id AS select FROM orders
SELECT ctid, tableoid FROM orders
SELECT o.ctid FROM orders o
SELECT c1.name FROM customers c1 JOIN customers c2 ON c1.city = c2.city AND c1.id < c2.id
SELECT department, name FROM employees e WHERE salary = (SELECT max(salary) FROM employees WHERE department = e.department)
SELECT department FROM employees GROUP BY department HAVING avg(salary) > (SELECT avg(salary) FROM employees)
SELECT name FROM employees WHERE hired_on = (SELECT min(hired_on) FROM employees)
SELECT e.name FROM employees e WHERE e.salary > ANY (SELECT salary FROM employees WHERE department = 'x')
SELECT c.name, sum(i.quantity * i."Unit Price") AS revenue FROM customers c JOIN orders o ON o.customer_id = c.id JOIN order_items i ON i.order_id = o.id GROUP BY c.id, c.name ORDER BY revenue DESC LIMIT 5
SELECT p.name FROM products p LEFT JOIN order_items i ON i.product_id = p.id GROUP BY p.id HAVING count(i.line) = 0
SELECT c.name AS category, p.name AS product, p.price, rank() OVER (PARTITION BY c.id ORDER BY p.price DESC) AS r FROM products p JOIN categories c ON c.id = p.category_id
WITH monthly AS (SELECT date_trunc('month', ordered_at) AS m, sum(total) AS s FROM orders GROUP BY 1), grown AS (SELECT m, s, lag(s) OVER (ORDER BY m) AS before FROM monthly) SELECT m, (s - before) / before AS growth FROM grown WHERE before IS NOT NULL
WITH ranked AS (SELECT o.*, row_number() OVER (PARTITION BY o.customer_id ORDER BY o.ordered_at DESC) AS rn FROM shop.orders AS o) SELECT r.customer_id, r.total FROM ranked AS r WHERE r.rn <= 3
SELECT c.name FROM shop.customers AS c WHERE c.id NOT IN (SELECT o.customer_id FROM shop.orders AS o WHERE o.customer_id IS NOT NULL)
SELECT count(*) FROM (SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > 1) AS x
SELECT a.name, b.name FROM employees a, employees b WHERE a.manager_id = b.id AND a.salary > b.salary
SELECT DISTINCT c.city FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.status = 'paid' AND o.total > 100
SELECT max(total) - min(total) AS spread FROM orders
SELECT 100.0 * count(*) FILTER (WHERE status = 'paid') / count(*) AS percent FROM orders
SELECT status, percent FROM (SELECT status, 100.0 * count(*) / sum(count(*)) OVER () AS percent FROM orders GROUP BY status) AS s WHERE percent > 5
SELECT corr(total, id), regr_slope(total, id), variance(total) FROM orders
SELECT bool_and(total > 1), bool_or(total > 2), every(total > 3) FROM orders
SELECT id, total FROM orders WHERE total IN (SELECT max(total) FROM orders GROUP BY customer_id)
SELECT city FROM customers WHERE id IN (1,2,3) AND NOT city IS NULL
SELECT id FROM orders WHERE(total>1)AND(status='x')
SELECT(1)
SELECT*FROM orders
SELECT count(*)FROM orders
SELECT'x'
SELECT id,total FROM orders ORDER BY total DESC,id
SELECT c.name,o.total FROM customers c,orders o WHERE c.id=o.customer_id
SELECT 1 WHERE 1 = 1
SELECT 1 UNION SELECT 2 ORDER BY 1
SELECT count(*), avg(salary) FROM employees WHERE hired_on BETWEEN DATE '2020-01-01' AND DATE '2020-12-31'
SELECT t.* FROM (SELECT 1 AS a) t CROSS JOIN (SELECT 2 AS b) u WHERE t.a < u.b
SELECT o.id FROM shop.orders AS o WHERE o.ordered_at >= date_trunc('month', current_date) - interval '1 month' AND o.ordered_at < date_trunc('month', current_date)
SELECT c.city, count(DISTINCT o.id) AS orders, coalesce(sum(o.total), 0) AS revenue FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'paid' GROUP BY c.city ORDER BY revenue DESC NULLS LAST
SELECT name FROM products WHERE price > 10 AND tags IS NOT NULL ORDER BY price DESC FETCH FIRST 3 ROWS ONLY
SELECT p.id FROM products p WHERE p.category_id IN (WITH RECURSIVE sub AS (SELECT id FROM categories WHERE name = 'x' UNION ALL SELECT c.id FROM categories c JOIN sub ON c.parent_id = sub.id) SELECT id FROM sub)
SELECT id, name FROM customers c WHERE EXISTS (SELECT FROM_orders.id FROM orders AS FROM_orders WHERE FROM_orders.customer_id = c.id)
SELECT notes.order_count FROM (SELECT count(*) AS order_count FROM orders) notes
SELECT in_stock, is_active FROM (SELECT true AS in_stock, false AS is_active) AS flags
SELECT "a""b" FROM (SELECT 1 AS "a""b") x
SELECT user_count.n FROM (SELECT count(*) AS n FROM customers) AS user_count
SELECT ümlaut FROM (SELECT 1 AS ümlaut) x
SELECT 'Ünïcödé', '日本'
SELECT c.name FROM shop.customers c WHERE c.created_at > ALL (SELECT o.ordered_at FROM shop.orders o WHERE o.customer_id = c.id)
SELECT x.c FROM (SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = cu.id) AS c FROM customers cu) x ORDER BY x.c
SELECT s.a FROM (SELECT sum(total) a, status FROM orders GROUP BY status) s JOIN (SELECT status FROM orders) t ON s.status = t.status
SELECT least(a.total, b.total) FROM orders a JOIN orders b USING (customer_id) WHERE a.id <> b.id
SELECT customer_id FROM orders a JOIN orders b USING (customer_id, status)
SELECT age FROM (SELECT extract(year FROM age(hired_on)) AS age FROM employees) e WHERE age > 3
SELECT extract FROM (SELECT extract(year FROM hired_on) FROM employees) e
SELECT e.name FROM employees e ORDER BY (SELECT count(*) FROM employees s WHERE s.manager_id = e.id) DESC
SELECT department, avg(salary) a FROM employees GROUP BY department ORDER BY a, avg(salary) + 1
SELECT jsonb_set(attributes, '{a}', '1', create_if_missing => true) FROM products
SELECT o.status, o.total::money FROM orders o WHERE o.id % 2 = 0 AND o.id & 1 = 0 AND o.id # 3 <> 0 AND ~o.id < 0 AND o.id << 1 > 2
SELECT cnt FROM (SELECT COUNT(*) AS cnt FROM orders GROUP BY customer_id) AS subquery WHERE cnt = (SELECT MAX(cnt2) FROM (SELECT COUNT(*) AS cnt2 FROM orders GROUP BY customer_id) AS inner_query)
SELECT replace(c.name, '```', '') FROM shop.customers c
