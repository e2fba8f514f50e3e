-- What the index of stored values costs: figures of docs/operations.md. As a superuser, on a server that
-- loads text2sql:  psql -X -d postgres -f benches/values.sql
\timing off
DROP DATABASE IF EXISTS text2sql_values;
CREATE DATABASE text2sql_values;
\c text2sql_values
CREATE EXTENSION text2sql;
CREATE SCHEMA m;
CREATE TABLE m.one AS SELECT i AS id, 'Place ' || chr(65 + i % 26) || chr(97 + i / 26 % 26) || chr(97 + i / 676 % 15) || ' town' AS town FROM generate_series(1, 1000000) i;
ANALYZE m.one;
SELECT count(DISTINCT town) FROM m.one;
\timing on
SELECT * FROM text2sql.refresh_values('m.one');
SELECT * FROM text2sql.refresh_values('m.one');
SELECT * FROM text2sql.refresh_values('m.one', true);
\timing off
DO $$ BEGIN FOR t IN 1..20 LOOP
  EXECUTE format('CREATE TABLE m.t%s AS SELECT i AS id, initcap(translate(md5((i * %s)::text), ''0123456789'', ''ghijklmnop'')) AS a FROM generate_series(1, 50000) i', t, t);
  EXECUTE format('ALTER TABLE m.t%s ALTER a TYPE text USING left(a, 6) || '' '' || right(a, 5)', t);
END LOOP; END $$;
INSERT INTO m.t7 VALUES (0, 'Guinea Falls');
ANALYZE;
\timing on
SELECT sum(value_count) FROM text2sql.refresh_values('m');
\timing off
SELECT count(*), pg_size_pretty(pg_total_relation_size('text2sql.value_index')) FROM text2sql.value_index;
CREATE ROLE asker LOGIN IN ROLE text2sql_user; GRANT USAGE ON SCHEMA m TO asker; GRANT SELECT ON ALL TABLES IN SCHEMA m TO asker;
SET ROLE asker;
SET text2sql.schemas = 'm';
SELECT (regexp_match(text2sql.prompt('which of the things in guinea falls are Grenn Fallls?'), 'Stored values: [^\n]*'))[1];
SELECT relation, reasons FROM text2sql.link('which things are in guinea falls?') WHERE reasons::text ~ 'has ''';
CREATE TEMP TABLE x(ms float, on_ boolean);
DO $$ DECLARE b timestamptz; s text; BEGIN
 FOR v IN 0..1 LOOP
 PERFORM set_config('text2sql.value_hints', CASE v WHEN 1 THEN 'on' ELSE 'off' END, false);
 FOR i IN 1..200 LOOP b := clock_timestamp();
  PERFORM text2sql.prompt('How many of the things that were bought in guinea falls last year are in Place Xab town or Misspelld Vilage ' || i);
  INSERT INTO x VALUES (1000 * extract(epoch FROM clock_timestamp() - b), v = 1); END LOOP; END LOOP; END $$;
SELECT on_, percentile_cont(ARRAY[0.5, 0.95, 1]) WITHIN GROUP (ORDER BY ms) FROM x GROUP BY 1;
RESET ROLE;
\c postgres
DROP DATABASE text2sql_values;
DROP ROLE asker;
