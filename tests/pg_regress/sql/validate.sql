SET ROLE analyst;
SELECT accepted, plan_cost > 0 AS has_cost, plan_rows > 0 AS has_rows
  FROM text2sql.validate('SELECT name FROM shop.customers');
SELECT accepted, rule, reason, hint FROM text2sql.validate('DROP TABLE shop.customers');
SELECT accepted, rule, reason, hint FROM text2sql.validate('SELECT nme FROM shop.customers');
SELECT accepted, rule, reason, hint FROM text2sql.validate('SELECT * FROM shop.secrets');
SELECT accepted, rule, reason, hint FROM text2sql.validate('SELECT pg_read_file(''/etc/passwd'')');
-- Nothing runs.
SELECT accepted FROM text2sql.validate('SELECT 1 / (id - 1) FROM shop.customers');
