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
