-- Everything in the schema has a comment, and PUBLIC has nothing.
SELECT p.oid::regprocedure AS function, p.provolatile AS volatile, p.proparallel AS parallel,
       p.prosecdef AS definer, obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_proc p WHERE p.pronamespace = 'text2sql'::regnamespace ORDER BY p.oid::regprocedure::text;
SELECT p.oid::regprocedure AS public_may_call
  FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 WHERE p.pronamespace = 'text2sql'::regnamespace AND a.grantee = 0;
SELECT count(*) AS public_rights_on_schema
  FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'text2sql' AND a.grantee = 0;
SELECT n.nspname, pg_get_userbyid(a.grantee) AS role, string_agg(a.privilege_type, ',') AS rights
  FROM pg_namespace n, aclexplode(n.nspacl) a
 WHERE n.nspname = 'text2sql' AND a.grantee <> n.nspowner GROUP BY 1, 2 ORDER BY 2;
SELECT p.oid::regprocedure AS function, string_agg(pg_get_userbyid(a.grantee), ',') AS callers
  FROM pg_proc p, aclexplode(p.proacl) a
 WHERE p.pronamespace = 'text2sql'::regnamespace AND a.grantee <> p.proowner
 GROUP BY 1 ORDER BY p.oid::regprocedure::text;
-- Settings, with units and ranges.
SELECT name, vartype, coalesce(unit, '') AS unit, coalesce(min_val, '') AS min,
       coalesce(max_val, '') AS max, context
  FROM pg_settings WHERE name LIKE 'text2sql.%' ORDER BY name;
-- A misspelt setting is an error.
SET text2sql.no_such_thing = 1;
-- A schema somebody else made beforehand is refused.
CREATE DATABASE squatted;
\set main :DBNAME
\c squatted
CREATE ROLE squatter;
CREATE SCHEMA text2sql AUTHORIZATION squatter;
CREATE EXTENSION text2sql;
-- So is one that is not empty.
ALTER SCHEMA text2sql OWNER TO CURRENT_USER;
CREATE FUNCTION text2sql.ask(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1';
CREATE EXTENSION text2sql;
DROP FUNCTION text2sql.ask;
CREATE EXTENSION text2sql;
\c :main
DROP DATABASE squatted;
DROP ROLE squatter;
-- Without preloading nothing is lost: install, drop, install.
CREATE DATABASE again;
\c again
CREATE EXTENSION text2sql;
DROP EXTENSION text2sql;
SELECT count(*) AS left_behind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'text2sql';
\c :main
DROP DATABASE again;
