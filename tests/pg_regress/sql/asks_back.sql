-- Questions with several readings are asked back, on demand.
CREATE TABLE shop.visits (id int PRIMARY KEY, customer_id int REFERENCES shop.customers, seen_on date, minutes int);
INSERT INTO shop.visits VALUES (1, 1, '2023-08-01', 5), (2, 1, '2024-08-01', 7), (3, 2, '2024-09-01', 9);
CREATE TABLE shop.hidden_visits (id int PRIMARY KEY, seen_on date);
GRANT SELECT ON shop.visits TO analyst;
SET ROLE analyst;
-- Off by default.
SELECT text2sql.ask('which are the most popular customers?');
SET text2sql.clarify = on;
SELECT * FROM failure($$SELECT text2sql.ask('which are the most popular customers?')$$);
SELECT * FROM failure($$SELECT text2sql.ask('minutes of visits in Q3')$$);
SELECT * FROM failure($$SELECT * FROM text2sql.explain('minutes of visits in september')$$);
SELECT text2sql.ask('how many customers are there?');
SELECT verdict, reason FROM text2sql.evaluate('minutes of visits in Q3', 'SELECT 1');
RESET ROLE;
-- One year leaves nothing open.
DELETE FROM shop.visits WHERE id = 1;
SET ROLE analyst;
SELECT text2sql.ask('minutes of visits in Q3');
-- A look that fails is none.
RESET ROLE;
REVOKE SELECT (seen_on), SELECT ON shop.visits FROM analyst;
GRANT SELECT (id, minutes) ON shop.visits TO analyst;
SET ROLE analyst;
SELECT text2sql.ask('minutes of visits in Q3');
RESET ROLE;
DROP TABLE shop.visits, shop.hidden_visits;
