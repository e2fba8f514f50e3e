-- Stored values beyond the statistics: read by administrators, told to who may read them.
\pset format unaligned
\pset tuples_only on
CREATE TABLE shop.suppliers (
  id int PRIMARY KEY, name text, town varchar(60), note text, home_phone text, contact text, code char(2)
);
INSERT INTO shop.suppliers
SELECT i, 'Supplier ' || chr(64 + i % 26) || chr(64 + i / 26) || 'x', 'Town ' || chr(65 + i % 26) || 'ville',
       repeat('a very long text ', 5), '+49 30 ' || i, 'person' || i || '@example.org', 'SK'
  FROM generate_series(1, 400) AS i;
UPDATE shop.suppliers SET name = 'The Bergström Brothers', town = 'Guinea Falls' WHERE id = 7;
UPDATE shop.suppliers SET town = 'Mississippi Landing' WHERE id = 8;
CREATE TABLE shop.depots (id int, town text) PARTITION BY RANGE (id);
CREATE TABLE shop.depots_1 PARTITION OF shop.depots FOR VALUES FROM (0) TO (1000);
INSERT INTO shop.depots SELECT i, 'Depot ' || chr(65 + i % 26) || chr(65 + i / 26) FROM generate_series(1, 300) AS i;
INSERT INTO shop.depots VALUES (500, 'guinea falls');
CREATE TABLE shop.notes (id int, author text);
ALTER TABLE shop.notes ENABLE ROW LEVEL SECURITY;
INSERT INTO shop.notes VALUES (1, 'Hidden Hand');
CREATE MATERIALIZED VIEW shop.towns AS SELECT DISTINCT town FROM shop.suppliers WITH NO DATA;
CREATE DOMAIN shop.short AS varchar(30);
CREATE TABLE shop.brands (id int, brand shop.short);
INSERT INTO shop.brands VALUES (1, 'Plain Pencil');
GRANT SELECT ON shop.depots TO analyst;
GRANT SELECT (id, town) ON shop.suppliers TO analyst;
GRANT SELECT ON shop.notes TO analyst;
CREATE FUNCTION told(question text) RETURNS text LANGUAGE sql
AS $$SELECT (regexp_match(text2sql.prompt(question), 'Stored values: [^\n]*'))[1]$$;
CREATE FUNCTION why(question text) RETURNS SETOF text LANGUAGE sql
AS $$SELECT relation || ': ' || r FROM text2sql.link(question), unnest(reasons) AS r WHERE r ~ ' has '''$$;

-- Nothing is kept before somebody asks for it, and nothing of what was not analysed.
SELECT count(*) FROM text2sql.value_index;
SELECT column_name, value_count, outcome FROM text2sql.refresh_values('shop.suppliers');
ANALYZE;
SELECT relation, column_name, value_count, outcome FROM text2sql.refresh_values('shop') WHERE relation ~ 'suppliers|depots|notes|towns|brands';

-- Told in the stored spelling, whatever case, number, accents and slips.
SET ROLE analyst;
SELECT told('which suppliers are in guinea fall?');
SELECT why('which suppliers are in guinea fall?');
SELECT told('who delivers to Missisippi Landing?');
SELECT told('where is depot bc?');
SELECT told('how many suppliers are there?');
SET text2sql.value_hints = off;
SELECT told('which suppliers are in guinea falls?');
RESET text2sql.value_hints;
-- What only other columns have: the model writes anew, where it is to, and is heard if rows come of it.
SELECT sql, attempts FROM text2sql.explain('who lives in guinea falls');
SET text2sql.retry_values = on;
SELECT sql, attempts FROM text2sql.explain('who lives in guinea falls');
SELECT text2sql.ask('who lives in guinea falls');
SELECT sql, attempts FROM text2sql.explain('who lives in mississippi landing');
SELECT text2sql.ask('who lives in mississippi landing');
RESET ROLE;
REVOKE SELECT (town) ON shop.suppliers FROM analyst;
REVOKE SELECT ON shop.depots FROM analyst;
SET ROLE analyst;
SELECT sql, attempts FROM text2sql.explain('who lives in guinea falls');
RESET ROLE;
GRANT SELECT (town) ON shop.suppliers TO analyst;
GRANT SELECT ON shop.depots TO analyst;
RESET text2sql.retry_values;
SET ROLE analyst;
-- Not of a column the role may not read: not in prompt or reasons, and not in place of others.
SELECT told('orders of Bergström Brothers'), told('notes of Hidden Hand');
SELECT why('orders of Bergstrom Brothers and notes of Hidden Hand');
RESET ROLE;
GRANT SELECT (name) ON shop.suppliers TO analyst;
SET ROLE analyst;
SELECT told('orders of Bergstrom Brothers'), told('notes of Hidden Hand');
RESET ROLE;
REVOKE SELECT (name) ON shop.suppliers FROM analyst;
SET ROLE analyst;
SELECT told('orders of Bergstrom Brothers'), text2sql.prompt('Bergstrom Brothers') ~ 'The Bergstr';
SELECT * FROM failure('SELECT count(*) FROM text2sql.value_index');
SELECT * FROM failure($$SELECT text2sql.run('SELECT value FROM text2sql.value_index')$$);
SELECT * FROM failure('SELECT text2sql.refresh_values()');
SELECT * FROM failure($$SELECT text2sql.allow_values('shop.depots')$$);
RESET ROLE;
SET ROLE newcomer;
SELECT * FROM failure($$SELECT text2sql.prompt('which are in guinea falls?')$$);
RESET ROLE;

-- What was taken away between refresh and question is not told.
REVOKE SELECT (town) ON shop.suppliers FROM analyst;
SET ROLE analyst;
SELECT told('which suppliers are in guinea falls?');
RESET ROLE;
ALTER TABLE shop.depots ENABLE ROW LEVEL SECURITY;
SET ROLE analyst;
SELECT told('which suppliers are in guinea falls?');
RESET ROLE;
ALTER TABLE shop.depots DISABLE ROW LEVEL SECURITY;
GRANT SELECT (town) ON shop.suppliers TO analyst;
-- Nor what the other role may not read.
CREATE ROLE few_tables;
GRANT USAGE ON SCHEMA shop TO few_tables;
GRANT SELECT ON shop.depots TO few_tables;
SET text2sql.readable_role = 'few_tables';
SET ROLE analyst;
SELECT told('which suppliers are in guinea falls?');
RESET ROLE;
RESET text2sql.readable_role;
DROP OWNED BY few_tables;
DROP ROLE few_tables;
-- Of more names alike than are looked at, the nearest of the first ones is somebody else.
CREATE TABLE shop.people (full_nm text);
INSERT INTO shop.people VALUES ('Johan Smith'), ('John Smith');
INSERT INTO shop.people SELECT 'Johan T' || lpad(i::text, 4, '0') FROM generate_series(1, 280) AS i;
ANALYZE shop.people;
SELECT value_count, outcome FROM text2sql.refresh_values('shop.people');
GRANT SELECT ON shop.people TO analyst;
SET ROLE analyst;
SELECT told('people called John Smithh');
RESET ROLE;
INSERT INTO shop.people SELECT 'Johan U' || lpad(i::text, 4, '0') FROM generate_series(1, 280) AS i;
ANALYZE shop.people;
SELECT value_count, outcome FROM text2sql.refresh_values('shop.people');
SET ROLE analyst;
SELECT told('people called John Smithh');
RESET ROLE;
DROP TABLE shop.people;
-- A table of the same name has none of the values of the one before.
CREATE TABLE shop.ports (town text);
INSERT INTO shop.ports VALUES ('Old Harbour');
ANALYZE shop.ports;
SELECT value_count, outcome FROM text2sql.refresh_values('shop.ports');
DROP TABLE shop.ports;
CREATE TABLE shop.ports (town text);
GRANT SELECT ON shop.ports TO analyst;
SET ROLE analyst;
SELECT told('ports of Old Harbour');
RESET ROLE;
DROP TABLE shop.ports;

-- Shown in prompts: all of a small table whose values are all different, those that recur in a few rows,
-- those of a partitioned table; none of a longer one whose values are all different.
CREATE TABLE shop.kinds (code text PRIMARY KEY, label text, family text);
INSERT INTO shop.kinds VALUES ('B', 'Boxed', 'dry'), ('C', 'Chilled', 'cold'), ('F', 'Frozen', 'cold');
CREATE TABLE shop.labels (label text);
INSERT INTO shop.labels SELECT 'label ' || i FROM generate_series(1, 60) AS i;
CREATE TABLE shop.parts (id int, state text, region text) PARTITION BY LIST (region);
CREATE TABLE shop.parts_n PARTITION OF shop.parts FOR VALUES IN ('north');
CREATE TABLE shop.parts_s PARTITION OF shop.parts FOR VALUES IN ('south');
INSERT INTO shop.parts SELECT i, CASE WHEN i % 3 = 0 THEN 'worn' ELSE 'new' END, CASE WHEN i % 4 = 0 THEN 'south' ELSE 'north' END
FROM generate_series(1, 60) AS i;
ANALYZE shop.kinds, shop.labels, shop.parts;
GRANT SELECT ON shop.kinds, shop.labels, shop.parts TO analyst;
CREATE FUNCTION shown(relation text) RETURNS text LANGUAGE sql
AS $$SELECT (regexp_match(text2sql.prompt('How many?'), format('CREATE TABLE shop.%s .*?\n\);', relation)))[1]$$;
SET ROLE analyst;
SELECT shown('kinds');
SELECT shown('labels');
SELECT shown('parts');
RESET ROLE;
-- Less those that are denied, at once, and unless they are allowed, what looks like a secret.
SELECT text2sql.deny_values('shop.kinds', 'label'), text2sql.deny_values('shop.parts');
UPDATE shop.kinds SET family = 'ann' || code || '@example.org';
ANALYZE shop.kinds;
SET ROLE analyst;
SELECT shown('kinds');
SELECT shown('parts');
RESET ROLE;
SELECT text2sql.allow_values('shop.kinds', 'family'), text2sql.reset_values('shop.kinds', 'label'),
  text2sql.allow_values('shop.parts', 'state');
SET ROLE analyst;
SELECT shown('kinds');
SELECT shown('parts');
RESET ROLE;
SELECT text2sql.reset_values('shop.kinds', 'family'), text2sql.reset_values('shop.parts', 'state'),
  text2sql.reset_values('shop.parts');
UPDATE shop.kinds SET family = CASE code WHEN 'B' THEN 'dry' ELSE 'cold' END;
ANALYZE shop.kinds;
REVOKE SELECT ON shop.kinds FROM analyst;
GRANT SELECT (code, family) ON shop.kinds TO analyst;
SET ROLE analyst;
SELECT shown('kinds');
RESET ROLE;
DROP FUNCTION shown(text);
DROP TABLE shop.kinds, shop.labels, shop.parts;

-- Columns by name: allowed whatever they are called, denied at once.
SELECT text2sql.allow_values('shop.suppliers', 'contact'), text2sql.deny_values('shop.depots');
SELECT column_name, value_count, outcome FROM text2sql.refresh_values('shop.suppliers');
SET ROLE analyst;
SELECT told('which suppliers are in guinea falls?');
RESET ROLE;
SELECT outcome FROM text2sql.refresh_values('shop.depots');
SET text2sql.index_values = 'allowed';
SET ROLE analyst;
SELECT told('which suppliers are in guinea falls?');
RESET ROLE;
SELECT column_name, outcome FROM text2sql.refresh_values('shop.suppliers');
RESET text2sql.index_values;
SELECT relation_name, column_name, allowed FROM text2sql.value_setting ORDER BY 1, 2;
SELECT text2sql.reset_values('shop.suppliers', 'contact'), text2sql.reset_values('shop.depots'), text2sql.reset_values('shop.depots');
-- Only tables that have changed, by counters that are told of changes late.
SELECT pg_stat_force_next_flush();
SELECT count(*) FROM text2sql.refresh_values('shop.suppliers');
SELECT count(*) FILTER (WHERE outcome = 'kept') FROM text2sql.refresh_values('shop.suppliers', changed_only => true);
TRUNCATE shop.suppliers;
SELECT column_name, value_count FROM text2sql.refresh_values('shop.suppliers', changed_only => true) WHERE outcome = 'kept';
SET text2sql.index_values = 'off';
SELECT DISTINCT outcome FROM text2sql.refresh_values();
SELECT count(*) FROM text2sql.value_index;
RESET text2sql.index_values;
\pset tuples_only off
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.refresh_values('nowhere')$$);
SELECT * FROM failure($$SELECT text2sql.refresh_values('shop.nothing')$$);
SELECT * FROM failure($$SELECT text2sql.allow_values('shop.paid')$$);
SELECT * FROM failure($$SELECT text2sql.allow_values('shop.suppliers', 'nothing')$$);
SELECT * FROM failure($$SELECT text2sql.deny_values(NULL)$$);
BEGIN READ ONLY;
SELECT * FROM failure('SELECT text2sql.refresh_values()');
ROLLBACK;
REVOKE SELECT ON shop.depots, shop.notes FROM analyst;
DROP FUNCTION told(text), why(text);
DROP MATERIALIZED VIEW shop.towns;
DROP TABLE shop.suppliers, shop.depots, shop.notes, shop.brands;
DROP DOMAIN shop.short;
