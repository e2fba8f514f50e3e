SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.ask('')$$);
SELECT * FROM failure($$SELECT text2sql.ask('   ')$$);
SELECT * FROM failure($$SELECT text2sql.ask(repeat('x', 5000))$$);
SELECT * FROM failure($$SELECT text2sql.ask(E'a\x01b')$$);
-- A role that may ask but read nothing.
SET SESSION AUTHORIZATION newcomer;
SELECT * FROM failure($$SELECT text2sql.ask('how many customers are there?')$$);
RESET SESSION AUTHORIZATION;
-- A role that may not ask.
SET SESSION AUTHORIZATION stranger;
SELECT * FROM failure($$SELECT text2sql.ask('how many customers are there?')$$);
RESET SESSION AUTHORIZATION;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.reload()$$);
-- Limits are not the caller's to change.
SELECT * FROM failure($$SET text2sql.max_rows = 1000000$$);
SELECT * FROM failure($$SET text2sql.execution_role = 'postgres'$$);
SELECT * FROM failure($$SET text2sql.schemas = 'no_such_schema'; SELECT text2sql.ask('x')$$);
