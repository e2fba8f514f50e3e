\pset format unaligned
SET ROLE analyst;
SELECT text2sql.run('SELECT name FROM shop.customers ORDER BY id LIMIT 1');
SELECT text2sql.run('WITH c AS (SELECT city FROM shop.customers) SELECT city, count(*) FROM c GROUP BY 1 ORDER BY 1;');
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.run('DELETE FROM shop.customers')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT 1; SELECT 2')$$);
SELECT * FROM failure($$SELECT text2sql.run('WITH d AS (DELETE FROM shop.customers RETURNING *) SELECT * FROM d')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT * FROM shop.customers FOR UPDATE')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT * INTO shop.copy FROM shop.customers')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT token FROM shop.secrets')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT card_number FROM shop.orders')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT pg_sleep(1)')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT set_config(''role'', ''none'', true)')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT rolname FROM pg_catalog.pg_roles')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT query_to_xml(''select 1'', true, true, '''')')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT text2sql.ask(''again'')')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELEC 1')$$);
SELECT * FROM failure($$SELECT text2sql.run('SELECT 1/0')$$);
SELECT * FROM failure($$SELECT text2sql.run('')$$);
-- Too deep for the stack, while it is read and while it runs; no value is told.
SELECT * FROM failure(format($$SELECT text2sql.run('SELECT ''%s''::json')$$, repeat('[', 20000)));
SELECT * FROM failure($$SELECT text2sql.run('SELECT string_agg(''['', '''')::json FROM generate_series(1, 20000)')$$);
-- The superuser is too powerful for a sandbox.
RESET ROLE;
SELECT * FROM failure($$SELECT text2sql.run('SELECT 1')$$);
SET text2sql.execution_role = 'analyst';
SELECT text2sql.run('SELECT 1 AS one');
SELECT * FROM failure($$SELECT text2sql.run('SELECT token FROM shop.secrets')$$);
-- A role that the caller may not take is of no use.
RESET text2sql.execution_role;
SET text2sql.execution_role = 'analyst';
SET SESSION AUTHORIZATION newcomer;
SELECT * FROM failure($$SELECT text2sql.run('SELECT 1')$$);
RESET SESSION AUTHORIZATION;
RESET text2sql.execution_role;
-- Plan cost.
SET text2sql.max_cost = 10;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.run('SELECT count(*) FROM generate_series(1, 100000)')$$);
RESET ROLE;
RESET text2sql.max_cost;
-- Execution time.
SET text2sql.statement_timeout = '200ms';
SET text2sql.max_cost = 0;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.run('SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b')$$);
RESET ROLE;
