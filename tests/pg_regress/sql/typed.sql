SET ROLE analyst;
SELECT * FROM text2sql.ask(NULL::shop.customers, 'list the customers');
SELECT name FROM text2sql.ask(NULL::shop.customers, 'list the customers') WHERE city = 'Paris';
SELECT text2sql.ask(NULL::bigint, 'how many customers are there?') + 1 AS four;
-- Columns that do not fit.
SELECT * FROM failure($$SELECT * FROM text2sql.ask(NULL::shop.customers, 'how many customers are there?')$$);
SELECT * FROM failure($$SELECT text2sql.ask(NULL::int, 'list the customers')$$);
-- Values that do not fit.
SELECT * FROM failure($$SELECT text2sql.ask(NULL::bool, 'how many customers are there?')$$);
