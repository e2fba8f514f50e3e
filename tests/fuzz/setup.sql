-- What the fuzzer needs on top of tests/security/setup: the extension, callers who may use it, and
-- marks in everything that only the owner among them may see. No statement of the corpora holds a mark, so a
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

-- Callers of other kinds beside app_user, who may write: the owner of everything, a plain reader,
-- a reader of some columns, one under row policies. roles.rs knows their names.
CREATE ROLE fuzz_owner LOGIN;
CREATE ROLE fuzz_reader LOGIN;
CREATE ROLE fuzz_columns LOGIN;
CREATE ROLE fuzz_rows LOGIN;
GRANT USAGE ON SCHEMA text2sql, shop TO app_user, fuzz_owner, fuzz_reader, fuzz_columns, fuzz_rows;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA text2sql TO app_user, fuzz_owner, fuzz_reader, fuzz_columns, fuzz_rows;
-- A server that the reader may read, beside those that nobody may: this very one.
CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname 'secdb');
CREATE USER MAPPING FOR PUBLIC SERVER there OPTIONS (user 'fuzz_reader', password_required 'false');
CREATE FOREIGN TABLE shop.there_regions (id int, name text, country text) SERVER there
  OPTIONS (schema_name 'shop', table_name 'regions');
ALTER ROLE fuzz_reader SET text2sql.foreign_servers = 'there';
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO fuzz_reader, fuzz_rows;
REVOKE SELECT ON shop.secrets, shop.reader_only, shop.accounts, shop.employees FROM fuzz_reader, fuzz_rows;
GRANT SELECT (id, name, department) ON shop.employees TO fuzz_reader, fuzz_rows;
GRANT SELECT (id, name, region_id, city, created_at, is_active, tags) ON shop.customers TO fuzz_columns;
GRANT SELECT (id, customer_id, status, ordered_at, shipped_at) ON shop.orders TO fuzz_columns;
GRANT SELECT (id, name, manager_id, department, hired) ON shop.employees TO fuzz_columns;
GRANT SELECT (id, sku, name, category_id, price) ON shop.products TO fuzz_columns;
GRANT SELECT (id, tenant, subject) ON shop.tickets TO fuzz_columns;
GRANT SELECT (id, day, region, status) ON shop.v_order_summary TO fuzz_columns;
GRANT SELECT ON shop.regions, shop.categories, shop.order_items, shop.bookings, shop.v_acct_sb TO fuzz_columns;
DO $$
DECLARE
  r record; rule text[];
BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO fuzz_owner', current_database());
  ALTER SCHEMA shop OWNER TO fuzz_owner;
  FOR r IN SELECT oid::regclass AS name FROM pg_class
    WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO fuzz_owner', r.name);
  END LOOP;
  FOREACH rule SLICE 1 IN ARRAY ARRAY[['customers', 'region_id <> 2'], ['orders', 'id % 3 = 0'],
    ['documents', 'lang = ''en'''], ['order_items', 'EXISTS (SELECT FROM shop.orders o WHERE o.id = order_id)']]
  LOOP
    EXECUTE format('ALTER TABLE shop.%I ENABLE ROW LEVEL SECURITY', rule[1]);
    EXECUTE format('CREATE POLICY some_rows ON shop.%I USING (current_user <> ''fuzz_rows'' OR %s)', rule[1], rule[2]);
  END LOOP;
  FOREACH rule SLICE 1 IN ARRAY ARRAY[
    ['app.tenant', '''globex'''],
    -- Names without a schema, with the schemas of others within reach.
    ['search_path', 'shop, public, mallory'],
    -- The guard's own limit must do; small, for a run is to see many statements.
    ['statement_timeout', '0'], ['text2sql.statement_timeout', '''800ms'''], ['text2sql.max_cost', '2e6'],
    ['text2sql.max_rows', '3000'], ['text2sql.max_result_size', '''4MB'''], ['text2sql.temp_file_limit', '''64MB'''],
    ['text2sql.lock_timeout', '''200ms''']]
  LOOP
    FOR r IN SELECT rolname AS name FROM pg_roles WHERE rolname ~ '^fuzz_' OR rolname = 'app_user' LOOP
      EXECUTE format('ALTER ROLE %I SET %s = %s', r.name, rule[1], rule[2]);
    END LOOP;
  END LOOP;
END $$;

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
