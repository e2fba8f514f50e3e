-- Last statements of the installation script: who may call what, and what everything is.

COMMENT ON SCHEMA text2sql IS 'ask questions in English; functions of the extension text2sql';
REVOKE ALL ON SCHEMA text2sql FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA text2sql FROM PUBLIC;
GRANT USAGE ON SCHEMA text2sql TO text2sql_user;

COMMENT ON FUNCTION text2sql.status() IS 'worker, model, queue and counters, in one row';
GRANT EXECUTE ON FUNCTION text2sql.status() TO text2sql_user;

COMMENT ON FUNCTION text2sql.reload() IS 'start a new engine with the settings in force; the old one answers until it is ready';
GRANT EXECUTE ON FUNCTION text2sql.reload() TO text2sql_admin;
