-- Last statements of the installation script: who may call what, and what everything is.
-- Functions are executable by everybody unless this is taken back, so an upgrade script ends with
-- this text; it can be run again.

COMMENT ON SCHEMA text2sql IS 'ask questions in English; functions of the extension text2sql';
REVOKE ALL ON SCHEMA text2sql FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA text2sql FROM PUBLIC;
GRANT USAGE ON SCHEMA text2sql TO text2sql_user;

COMMENT ON FUNCTION text2sql.generate(text) IS
  'the SELECT that answers a question';
COMMENT ON FUNCTION text2sql.prompt(text) IS
  'exactly what the model would be sent for a question';
COMMENT ON FUNCTION text2sql.ask(text) IS
  'the rows that answer a question, one JSON object a row; run read-only as the caller';
COMMENT ON FUNCTION text2sql.ask(anyelement, text) IS
  'the rows that answer a question, as rows of the type of the first argument';
COMMENT ON FUNCTION text2sql.ask_fitting(text, oid) IS
  'the rows that answer a question as one JSON array with the columns of a type; part of ask';
COMMENT ON FUNCTION text2sql.run(text) IS
  'rows of a SELECT, run read-only as the caller under the guard of ask';
COMMENT ON FUNCTION text2sql.validate(text) IS
  'whether run would run a statement; if not, why';
COMMENT ON FUNCTION text2sql.explain(text) IS
  'the SELECT that answers a question, what it reads, its plan''s cost, and the time of each stage';
COMMENT ON FUNCTION text2sql.status() IS
  'worker, model, queue and counters, in one row';
COMMENT ON FUNCTION text2sql.reload() IS
  'start a new engine with the settings in force; the old one answers until it is ready';
COMMENT ON FUNCTION text2sql.check_setup() IS
  'what of the set-up is dangerous or keeps questions from being answered, with what mends it';

GRANT EXECUTE ON FUNCTION
  text2sql.generate(text), text2sql.prompt(text), text2sql.ask(text),
  text2sql.ask(anyelement, text), text2sql.ask_fitting(text, oid), text2sql.run(text),
  text2sql.validate(text), text2sql.explain(text), text2sql.status()
TO text2sql_user;
GRANT EXECUTE ON FUNCTION text2sql.reload(), text2sql.check_setup() TO text2sql_admin;
