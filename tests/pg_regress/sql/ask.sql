\pset format unaligned
SET ROLE analyst;
SELECT text2sql.ask('how many customers are there?');
SELECT text2sql.ask('list the customers');
SELECT * FROM text2sql.ask('orders per customer');
SELECT text2sql.ask('all kinds of values');
-- Duplicate names are made unique, and said.
SELECT text2sql.ask('same name twice');
-- Too many rows: cut, and said how many came.
RESET ROLE;
SET text2sql.max_rows = 3;
SET ROLE analyst;
SELECT text2sql.ask('many rows');
RESET ROLE;
RESET text2sql.max_rows;
SET ROLE analyst;
-- In a cursor, in a function, in a read-only transaction.
BEGIN READ ONLY;
DECLARE c CURSOR FOR SELECT text2sql.ask('list the customers');
FETCH 1 FROM c;
FETCH 1 FROM c;
COMMIT;
-- A prepared statement, by the extended protocol.
PREPARE q(text) AS SELECT a ->> 'n' AS n FROM text2sql.ask($1) a;
EXECUTE q('how many customers are there?');
EXECUTE q('how many customers are there?');
-- The session is as it was: own writes work after a question in the same transaction.
RESET ROLE;
BEGIN;
CREATE TABLE shop.notes (a int);
SET LOCAL text2sql.execution_role = 'analyst';
SELECT text2sql.ask('how many customers are there?');
INSERT INTO shop.notes VALUES (1);
SELECT current_user = session_user AS same_user, current_setting('transaction_read_only') AS read_only, count(*) FROM shop.notes;
ROLLBACK;
