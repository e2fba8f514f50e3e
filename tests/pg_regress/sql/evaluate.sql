SET ROLE analyst;
-- Each verdict; a wrong answer is no error.
SELECT q.n, e.verdict, e.sql, e.attempts, e.milliseconds > 0 AS timed, e.reason
  FROM (VALUES
    (1, 'list the customers', 'SELECT name, city, id FROM shop.customers'),
    (2, 'list the customers', 'SELECT name, city, id FROM shop.customers WHERE id < 3'),
    (3, 'how many customers are there?', 'SELECT 3.0 AS number'),
    (4, 'never gets it right', 'SELECT 1'),
    (5, 'delete everything', 'SELECT 1'),
    (6, 'divide by zero', 'SELECT 1')
  ) AS q (n, question, gold), text2sql.evaluate(q.question, q.gold) AS e
  ORDER BY q.n;
-- Whether the order counts is said with the question.
SELECT ordered, verdict
  FROM (VALUES (false), (true)) AS o (ordered),
       text2sql.evaluate('list the customers',
                         'SELECT id, name, city FROM shop.customers ORDER BY id DESC', ordered);
-- What the rows tell of a wrong answer.
SELECT q.n, e.verdict
  FROM (VALUES
    (1, 'SELECT id, name FROM shop.customers'),
    (2, 'SELECT id, name, city FROM shop.customers WHERE false'),
    (3, 'SELECT id, name, city FROM shop.customers UNION ALL SELECT 9, ''Nobody'', ''Nowhere'''),
    (4, 'SELECT id + 1, name, city FROM shop.customers'),
    (5, 'SELECT 7, name, city FROM shop.customers WHERE id > 0'),
    (6, 'SELECT max(id), name, ''x'' FROM shop.customers GROUP BY name'),
    (7, 'SELECT o.id + 100, c.name, c.city FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id')
  ) AS q (n, gold), text2sql.evaluate('list the customers', q.gold) AS e
  ORDER BY q.n;
-- Any of several known statements will do.
SELECT verdict FROM text2sql.evaluate('list the customers', 'SELECT id FROM shop.customers',
  alternatives => ARRAY['SELECT 1', 'SELECT id, name, city FROM shop.customers']);
-- A whole table of questions, which is read as a statement would be.
RESET ROLE;
CREATE SCHEMA bench;
CREATE TABLE bench.questions (id int PRIMARY KEY, question text, gold text, ordered boolean, alternatives text[]);
INSERT INTO bench.questions VALUES
  (1, 'list the customers', 'SELECT name, city, id FROM shop.customers', NULL, NULL),
  (2, 'list the customers', 'SELECT id, name, city FROM shop.customers ORDER BY id DESC', true, NULL),
  (3, 'how many customers are there?', 'SELECT 4', false, '{SELECT 3}'),
  (4, 'delete everything', 'SELECT 1', NULL, NULL);
CREATE VIEW bench.few AS SELECT question, gold FROM bench.questions WHERE id = 1;
CREATE TABLE bench.other (id int);
INSERT INTO bench.other VALUES (1);
SET ROLE analyst;
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('bench.questions'::regclass)$$);
RESET ROLE;
GRANT USAGE ON SCHEMA bench TO analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA bench TO analyst;
SET ROLE analyst;
SELECT question, verdict, sql, attempts, milliseconds > 0 AS timed, reason FROM text2sql.evaluate('bench.questions');
SELECT question, verdict FROM text2sql.evaluate('bench.few');
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('bench.other')$$);
RESET ROLE;
-- All known statements are run before the first question is asked.
INSERT INTO bench.questions VALUES (5, 'how many secrets?', 'SELECT count(*) FROM shop.secrets');
SET ROLE analyst;
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('bench.questions')$$);
RESET ROLE;
DROP SCHEMA bench CASCADE;
SET ROLE analyst;
-- A known statement is under the guard, and must run.
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('list the customers', 'DELETE FROM shop.customers')$$);
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('list the customers', 'SELECT token FROM shop.secrets')$$);
RESET ROLE;
SET text2sql.max_rows = 2;
SET ROLE analyst;
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('list the customers', 'SELECT id FROM shop.customers')$$);
RESET ROLE;
SET text2sql.require_confirm = on;
SET ROLE analyst;
SELECT * FROM failure($$SELECT * FROM text2sql.evaluate('list the customers', 'SELECT 1')$$);
