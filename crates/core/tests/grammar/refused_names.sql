-- Texts in which a name is wrong, one a line, over the schema of schema.json.
SELECT * FROM nobody
SELECT * FROM shop.nobody
SELECT * FROM nowhere.customers
SELECT * FROM "Customers"
SELECT c.total FROM customers c
SELECT c.nam FROM customers c
SELECT x.name FROM customers c
SELECT T2.city FROM customers AS T1 JOIN orders AS T2 ON T1.id = T2.customer_id
SELECT name FROM customers c WHERE c.total > 1
SELECT name FROM customers WHERE total > 1
SELECT name FROM customers WHERE x.city = 'a'
SELECT total FROM customers
SELECT customers.name FROM customers c
SELECT name FROM customers ORDER BY salary
SELECT name FROM customers GROUP BY department
SELECT c.name FROM customers c JOIN orders o ON o.client_id = c.id
SELECT c.name FROM customers c JOIN orders o ON o.customer_id = p.id
SELECT b.nam FROM (SELECT name FROM customers) b
SELECT b.city FROM (SELECT name FROM customers) b
SELECT city FROM (SELECT name FROM customers) b WHERE city = 'x'
WITH a AS (SELECT id FROM orders) SELECT a.total FROM a
WITH a AS (SELECT id FROM orders) SELECT total FROM a
WITH a (x) AS (SELECT id FROM orders) SELECT id FROM a
WITH a AS (SELECT id FROM orders) SELECT id FROM b
SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer_id)
SELECT x.a FROM (SELECT 1 AS a) x, (SELECT x.a AS b) y
SELECT id FROM orders WHERE customer_id IN (SELECT customer_id FROM customers c WHERE c.customer_id = 1)
