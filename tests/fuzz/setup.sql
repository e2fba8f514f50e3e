-- What the fuzzer needs on top of tests/security/setup: the extension, a caller who may use it,
-- and marks in everything the caller may not see. No statement of the corpora holds a mark, so a
-- mark in what the guard gives is a leak whatever the statement was.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'text2sql') THEN
    DROP SCHEMA IF EXISTS text2sql CASCADE;
    CREATE EXTENSION text2sql;
  END IF;
END $$;
GRANT USAGE ON SCHEMA text2sql TO app_user;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA text2sql TO app_user;

UPDATE shop.secrets SET v = 'kanarie-secret-' || id;
UPDATE shop.reader_only SET v = 'kanarie-reader';
UPDATE shop.tickets SET body = 'kanarie-tenant-' || id WHERE tenant = 'acme';
UPDATE shop.notes SET body = 'kanarie-note-' || id WHERE owner <> 'app_user';
UPDATE shop.hr_notes SET body = 'kanarie-hr' WHERE id <> 1;
UPDATE shop.accounts SET iban = 'kanarie-iban-' || id, ssn = 'kanarie-ssn-' || id WHERE owner <> 'app_user';
-- A number, for what takes no text; playground.rs knows its digits.
UPDATE shop.employees SET salary = 76543200 + id;
COMMENT ON TABLE shop.secrets IS 'kanarie-comment';
COMMENT ON COLUMN shop.employees.salary IS 'kanarie-comment';
ALTER DATABASE secdb SET app.jwt_secret = 'kanarie-setting';
ANALYZE;

ALTER ROLE app_user SET app.tenant = 'globex';
-- Names without a schema, with the schemas of others within reach.
ALTER ROLE app_user SET search_path = shop, public, mallory;
-- The guard's own limit must do; small, for a run is to see many statements.
ALTER ROLE app_user SET statement_timeout = 0;
ALTER ROLE app_user SET text2sql.statement_timeout = '800ms';
ALTER ROLE app_user SET text2sql.max_cost = 2e6;
ALTER ROLE app_user SET text2sql.max_rows = 3000;
ALTER ROLE app_user SET text2sql.max_result_size = '4MB';
ALTER ROLE app_user SET text2sql.temp_file_limit = '64MB';
ALTER ROLE app_user SET text2sql.lock_timeout = '200ms';
