-- Last file of the attacked database: the extension, and what the caller may do with it.
SET client_min_messages = warning;
CREATE EXTENSION text2sql;
-- app_user inherits nothing, so being a member of text2sql_user is not enough.
GRANT USAGE ON SCHEMA text2sql TO app_user;
GRANT EXECUTE ON FUNCTION text2sql.ask(text), text2sql.ask(anyelement, text), text2sql.ask_fitting(text, oid),
  text2sql.generate(text), text2sql.explain(text), text2sql.run(text), text2sql.validate(text),
  text2sql.prompt(text), text2sql.status() TO app_user;
ALTER DATABASE secdb SET text2sql.schemas = 'shop';
-- Short, because some attacks do nothing but use it up.
ALTER ROLE app_user IN DATABASE secdb SET text2sql.statement_timeout = '250ms';
ALTER ROLE app_user IN DATABASE secdb SET text2sql.temp_file_limit = '64MB';
-- No later read may write, as pruning and freezing would.
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
