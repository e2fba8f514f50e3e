\pset format unaligned
-- The model left the schema out, or guessed it.
SET ROLE analyst;
SELECT text2sql.generate('names without its schema');
SELECT text2sql.ask('names in the wrong schema');
SELECT attempts FROM text2sql.explain('names in the wrong schema');
-- The model took a column from the wrong table, or forgot to join the right one.
SELECT text2sql.generate('names with the alias of another');
SELECT text2sql.ask('names with the alias of another');
SELECT attempts FROM text2sql.explain('names with the alias of another');
SELECT text2sql.generate('names behind a forgotten join');
SELECT text2sql.ask('names behind a forgotten join');
SET text2sql.mend_names = off;
SELECT part, says FROM failure($$SELECT text2sql.generate('names behind a forgotten join')$$);
RESET text2sql.mend_names;
-- What PostgreSQL does not take as it stands.
SELECT text2sql.ask('aggregates of all rows, before they are put together');
SELECT text2sql.ask('aggregates of each, before they are put together');
SELECT text2sql.ask('texts and numbers');
SELECT text2sql.generate('tables named twice');
SELECT text2sql.ask('tables named twice');
-- A column the caller may not read is nowhere.
SELECT part, says FROM failure($$SELECT text2sql.generate('names of a hidden column')$$);
-- In somebody else's statement a bare name means what it means to the caller.
SET search_path = shop;
SELECT text2sql.run('SELECT name FROM customers WHERE id = 1');
SET search_path = public;
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.run('SELECT name FROM customers WHERE id = 1')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT rolname FROM pg_roles')$$);
-- A temporary table takes nobody's place.
RESET ROLE;
SET search_path = shop, public;
GRANT TEMPORARY ON DATABASE :DBNAME TO analyst;
SET ROLE analyst;
CREATE TEMP TABLE customers (name text);
SELECT * FROM failure($$SELECT text2sql.run('SELECT name FROM customers')$$);
SELECT text2sql.generate('names without its schema') ~ 'shop.customers' AS the_real_one;
