-- Texts that are no statement of the grammar, one a line.
SELECT 1 -- comment
SELECT /* comment */ 1
SELECT 1 --1
SELECT 1; SELECT 2
SELECT 1; DROP TABLE x
INSERT INTO shop.orders VALUES (1)
UPDATE shop.orders SET total = 1
DELETE FROM shop.orders
DROP TABLE shop.orders
CREATE TABLE x AS SELECT 1
EXPLAIN SELECT 1
COPY shop.orders TO STDOUT
SET x = 1
SELECT pg_sleep(1)
SELECT pg_read_file('/etc/passwd')
SELECT set_config('a', 'b', false)
SELECT julianday(ordered_at) FROM orders
SELECT strftime('%Y', ordered_at) FROM orders
SELECT 1 INTO x
SELECT * FROM orders FOR UPDATE
WITH d AS (DELETE FROM orders RETURNING *) SELECT * FROM d
SELECTname FROM customers
SELECT name FROM customers WHEREcity = 'x'
SELECT name FROM customers ORDERBY name
SELECT CASE WHEN 1 = 1 THEN 2
SELECT (1
SELECT FROM WHERE
SELECT `name` FROM customers
VALUEſ (1)
