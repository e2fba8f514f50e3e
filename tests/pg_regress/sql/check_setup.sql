-- Every finding appears, and is gone after its remedy. What depends on the machine is left out:
-- folders on the way to the model, the server's minor version.
\set QUIET on
\x on
CREATE VIEW mendable AS
  SELECT severity, check_name, object, finding, remedy FROM text2sql.check_setup()
   WHERE check_name NOT IN ('model_path', 'engine_path', 'model_sha256', 'server_version');
-- The tests before this one left one view that hides rows and is no barrier.
SELECT * FROM mendable;
SELECT remedy FROM mendable \gexec
SELECT count(*) FROM mendable;

-- Who may do what.
CREATE ROLE chief SUPERUSER IN ROLE text2sql_user;
CREATE ROLE auditor BYPASSRLS REPLICATION IN ROLE text2sql_user;
CREATE ROLE staff ROLE analyst;
GRANT pg_monitor TO staff;
CREATE ROLE hidden LOGIN IN ROLE text2sql_user, pg_monitor;
CREATE ROLE writer;
GRANT INSERT, SELECT ON shop.orders TO writer;
GRANT UPDATE (name) ON shop.customers TO writer;
CREATE ROLE reads_all IN ROLE pg_read_all_data;
ALTER ROLE hidden SET text2sql.execution_role = 'writer';
ALTER ROLE newcomer SET text2sql.execution_role = 'nobody_here';
DO $$ BEGIN
  EXECUTE format('ALTER ROLE analyst IN DATABASE %I SET text2sql.readable_role = reads_all', current_database());
END $$;
SELECT * FROM mendable;
SELECT remedy FROM mendable \gexec
SELECT count(*) FROM mendable;

-- Objects that statements or questions can be led to.
GRANT CREATE ON SCHEMA shop TO PUBLIC;
CREATE SCHEMA "Odd, name";
GRANT CREATE ON SCHEMA "Odd, name" TO PUBLIC;
ALTER ROLE newcomer SET search_path = "$user", "Odd, name", shop;
CREATE SCHEMA elsewhere;
GRANT CREATE ON SCHEMA elsewhere TO PUBLIC;
CREATE SCHEMA newcomer;
GRANT CREATE ON SCHEMA newcomer TO PUBLIC;
CREATE VIEW shop.in_paris AS SELECT id, name FROM shop.customers WHERE city = 'Paris';
CREATE VIEW shop.bought AS SELECT o.card_number FROM shop.orders o JOIN shop.customers c ON c.id = o.customer_id;
CREATE VIEW shop.guarded WITH (security_barrier) AS SELECT card_number FROM shop.orders WHERE id = 1;
CREATE VIEW shop.own_rights WITH (security_invoker) AS SELECT card_number FROM shop.orders WHERE id = 1;
CREATE VIEW shop.whole AS SELECT card_number FROM shop.orders;
GRANT SELECT ON shop.in_paris, shop.bought, shop.guarded, shop.own_rights, shop.whole TO analyst;
CREATE FUNCTION shop.as_owner(text, VARIADIC int[]) RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE shop.as_owner_too() SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
SELECT * FROM mendable;
SELECT remedy FROM mendable \gexec
SELECT count(*) FROM mendable;

-- Other servers.
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE SERVER "more files" FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE shop.prices (article text, price numeric) SERVER files OPTIONS (filename '/nowhere');
CREATE FOREIGN TABLE shop.costs (article text, cost numeric) SERVER "more files" OPTIONS (filename '/nowhere');
GRANT SELECT ON shop.prices TO text2sql_user;
GRANT SELECT (cost) ON shop.costs TO PUBLIC;
GRANT USAGE ON FOREIGN SERVER files TO analyst;
GRANT USAGE ON FOREIGN SERVER "more files" TO stranger;
CREATE USER MAPPING FOR PUBLIC SERVER "more files";
SET text2sql.foreign_servers = 'files';
SELECT * FROM mendable;
SELECT remedy FROM mendable \gexec
SELECT count(*) FROM mendable;

-- Secrets that every role can read, and questions in the log. Values are not shown.
ALTER ROLE stranger SET app.jwt_secret = 'hunter2';
ALTER ROLE ALL SET app.api_key = 'hunter2';
ALTER ROLE analyst SET app.upstream = 'postgres://app:hunter2@db.example/shop';
ALTER ROLE analyst SET app.page_size = '20';
ALTER ROLE analyst SET text2sql.prompt_tokens = 2000;
ALTER ROLE stranger SET log_statement = 'all';
ALTER SYSTEM SET log_min_duration_statement = '1s';
SELECT pg_reload_conf();
\c
SELECT * FROM mendable;
SELECT count(*) AS values_shown FROM text2sql.check_setup() f WHERE f::text LIKE '%hunter2%';
SELECT remedy FROM mendable \gexec
SELECT pg_reload_conf();
\c
SELECT count(*) FROM mendable;
ALTER SYSTEM RESET log_min_duration_statement;
ALTER ROLE analyst RESET ALL;

-- Rights of everybody in the extension's own schema.
GRANT USAGE ON SCHEMA text2sql TO PUBLIC;
GRANT EXECUTE ON FUNCTION text2sql.ask(anyelement, text) TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA text2sql GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
CREATE FUNCTION text2sql.added() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE text2sql.kind AS ENUM ('one');
SELECT * FROM mendable;
SELECT remedy FROM mendable \gexec
SELECT count(*) FROM mendable;
DROP FUNCTION text2sql.added();
DROP TYPE text2sql.kind;

-- A model that others may write.
SELECT current_setting('text2sql.model_path') AS model \gset
\setenv MODEL :model
\! chmod o+w "$MODEL"
SELECT severity, check_name, finding, replace(remedy, :'model', 'MODEL') AS remedy
  FROM text2sql.check_setup() WHERE check_name = 'model_path' AND object = :'model';
SELECT remedy FROM text2sql.check_setup() WHERE check_name = 'model_path' AND object = :'model' \gset
\setenv REMEDY :remedy
\! sh -c "$REMEDY"
SELECT count(*) FROM text2sql.check_setup() WHERE check_name = 'model_path' AND object = :'model';

-- For administrators of the extension, without further rights, and for nobody else.
CREATE ROLE "Dr. A" IN ROLE text2sql_admin;
GRANT CREATE ON SCHEMA shop TO PUBLIC;
SET SESSION AUTHORIZATION "Dr. A";
SELECT severity, check_name, object FROM text2sql.check_setup() WHERE check_name = 'public_create';
SET SESSION AUTHORIZATION analyst;
SELECT * FROM public.failure('SELECT * FROM text2sql.check_setup()');
RESET SESSION AUTHORIZATION;
REVOKE CREATE ON SCHEMA shop FROM PUBLIC;

SET client_min_messages = warning;
DROP VIEW mendable, shop.in_paris, shop.bought, shop.guarded, shop.own_rights, shop.whole;
DROP FUNCTION shop.as_owner;
DROP PROCEDURE shop.as_owner_too;
DROP SCHEMA "Odd, name", elsewhere, newcomer;
DROP EXTENSION file_fdw CASCADE;
DROP OWNED BY writer;
DROP ROLE chief, auditor, staff, hidden, writer, reads_all, "Dr. A";
