-- Code and foreign data that no name in a statement shows: behind indexes, constraints, partitions
-- and casts. After attacks_setup.sql; variable of psql: files, as there.
SET client_min_messages = warning;
SET ROLE mallory;
-- The planner folds constant expressions of indexes and constraints, which calls the function.
CREATE TABLE mallory.indexed (id int, v text);
INSERT INTO mallory.indexed SELECT i, 'v' || i FROM generate_series(1, 10) i;
CREATE INDEX ON mallory.indexed ((mallory.imm('index expression')));
CREATE INDEX ON mallory.indexed (id) WHERE mallory.imm('index predicate') IS NOT NULL;
CREATE TABLE mallory.parted (id int, v text) PARTITION BY LIST (id);
CREATE TABLE mallory.parted_1 PARTITION OF mallory.parted (CHECK (mallory.imm('check') <> v)) FOR VALUES IN (1);
CREATE TABLE mallory.parted_2 PARTITION OF mallory.parted FOR VALUES IN (2);
CREATE TABLE mallory.by_function (v text) PARTITION BY LIST (mallory.imm(v));
CREATE TABLE mallory.by_function_a PARTITION OF mallory.by_function FOR VALUES IN ('a');
-- A cast to json is called where a value becomes JSON, without being written anywhere.
CREATE TYPE mallory.mood AS ENUM ('good', 'bad');
CREATE FUNCTION mallory.mood_json(mallory.mood) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM mallory.note('cast to json'); RETURN '1'; END $$;
CREATE CAST (mallory.mood AS json) WITH FUNCTION mallory.mood_json(mallory.mood);
CREATE TABLE mallory.moods (id int, m mallory.mood, many mallory.mood[]);
INSERT INTO mallory.moods VALUES (1, 'good', '{bad,good}');
CREATE DOMAIN mallory.some_mood AS mallory.mood;
-- A view that runs with the rights of its reader, and so does what is in it.
CREATE VIEW mallory.v_invoker WITH (security_invoker) AS SELECT name, mallory.note('invoker') AS x FROM shop.regions;
-- Beside, over and under a view of the owner that calls her own function.
RESET ROLE;
CREATE VIEW shop.v_priced AS SELECT id, name, shop.net_price(price) AS net FROM shop.products;
GRANT SELECT ON shop.v_priced, shop.tickets TO mallory;
GRANT SELECT ON shop.v_priced TO app_user;
SET ROLE mallory;
CREATE VIEW mallory.v_beside AS SELECT p.*, mallory.note('beside') AS x FROM shop.v_priced p;
CREATE VIEW mallory.v_borrow AS SELECT name, shop.net_price(1) AS x FROM shop.v_priced;
-- The rewriter keeps a view's own row under this name.
CREATE VIEW mallory.v_old AS SELECT s.x FROM (SELECT mallory.note('old') AS x FROM shop.v_priced old, shop.v_priced new) s;
CREATE VIEW mallory.v_tenant AS SELECT id, current_setting('app.tenant', true) AS x FROM shop.tickets;
CREATE VIEW mallory.v_sampled AS SELECT id FROM shop.tickets TABLESAMPLE bernoulli (length(mallory.note('sample')));
CREATE VIEW mallory.v_number AS SELECT name, oid::regclass AS x FROM shop.v_priced, (SELECT 1 AS oid) o;
-- A range over a type whose ordering is somebody's function cannot be made without being superuser; one
-- over text can.
CREATE TYPE mallory.span AS RANGE (SUBTYPE = text);
-- What follows says INFO, which the guard's hooks do not hold up: they see none of these calls.
-- The planner puts commutators and negators in an operator's place, and calls them on statistics.
CREATE FUNCTION mallory.spy(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE INFO 'spy ran as %', current_user; RETURN true; END $$;
CREATE OPERATOR mallory.>>> (LEFTARG = int, RIGHTARG = int, FUNCTION = mallory.spy, COMMUTATOR = OPERATOR(mallory.<<<), RESTRICT = scalargtsel);
CREATE OPERATOR mallory.<<< (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_catalog.int4lt, COMMUTATOR = OPERATOR(mallory.>>>), RESTRICT = scalarltsel);
CREATE OPERATOR mallory.<!> (LEFTARG = int, RIGHTARG = int, FUNCTION = mallory.spy, NEGATOR = OPERATOR(mallory.<=>), RESTRICT = scalarltsel);
CREATE OPERATOR mallory.<=> (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_catalog.int4eq, NEGATOR = OPERATOR(mallory.<!>), RESTRICT = eqsel);
CREATE TABLE mallory.counted AS SELECT i AS id, i % 10 AS n FROM generate_series(1, 1000) i;
CREATE VIEW mallory.v_turned AS SELECT n FROM mallory.counted WHERE 5 OPERATOR(mallory.<<<) n;
-- So it does for the predicate of an index that a condition implies.
CREATE TABLE mallory.partial AS SELECT * FROM mallory.counted;
CREATE INDEX ON mallory.partial (id) WHERE n IS NOT NULL OR 5 OPERATOR(mallory.<<<) n;
-- A cast to json inside a view, and inside the check of a domain.
CREATE TYPE mallory.weather AS ENUM ('fair', 'foul');
CREATE FUNCTION mallory.weather_json(mallory.weather) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE INFO 'cast ran as %', current_user; RETURN '1'; END $$;
CREATE CAST (mallory.weather AS json) WITH FUNCTION mallory.weather_json(mallory.weather);
CREATE VIEW mallory.v_json AS SELECT to_json('fair'::mallory.weather)::text AS j;
CREATE DOMAIN mallory.told AS text CHECK (VALUE <> to_json('fair'::mallory.weather)::text);
-- How far apart the ends of a range are: asked for an estimate. ANALYZE asks it for every row, and no
-- setting keeps INFO from the client, so the session that sets all this up is told nothing.
CREATE FUNCTION mallory.apart(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF session_user <> 'postgres' THEN RAISE INFO 'difference ran as %', current_user; END IF; RETURN $1 - $2; END $$;
CREATE TYPE mallory.stretch AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = mallory.apart);
CREATE TYPE mallory.plain_stretch AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TABLE mallory.stretches AS SELECT mallory.stretch(i, i + 1) AS r, mallory.plain_stretch(i, i + 1) AS p FROM generate_series(1, 500) i;
CREATE TABLE mallory.stretch_part AS SELECT i AS id, i % 10 AS n, mallory.stretch(i, i + 1) AS r FROM generate_series(1, 1000) i;
CREATE INDEX ON mallory.stretch_part (id) WHERE n IS NOT NULL OR r && '[5.5,7.2)'::mallory.stretch;
-- Long values, made where no statement shows it.
CREATE DOMAIN mallory.long AS text CHECK (length(repeat(VALUE, 900000000)) >= 0);
CREATE DOMAIN mallory.folded AS text CHECK (length(repeat('x', 900000000)) >= 0);
CREATE VIEW mallory.v_long AS SELECT length(repeat('x', 900000000)) AS n;
-- Domains over domains: the server does not count them.
CREATE DOMAIN mallory.nested_0 AS text;
DO $$ BEGIN FOR i IN 1 .. 40 LOOP EXECUTE format('CREATE DOMAIN mallory.nested_%s AS mallory.nested_%s', i, i - 1); END LOOP; END $$;
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC;
RESET ROLE;
CREATE EXTENSION isn;
CREATE VIEW shop.v_over AS SELECT t.x, p.net FROM mallory.v_trojan t JOIN shop.v_priced p ON p.id = t.id;
GRANT SELECT ON shop.v_over TO app_user;

-- Foreign tables as partitions and children of ordinary ones: only the planner meets them.
\set program 'echo ran-as-$(id -un) | tee -a ' :files '/part.ran'
CREATE TABLE shop.log_lines (line text) PARTITION BY LIST (line);
CREATE FOREIGN TABLE shop.log_lines_file PARTITION OF shop.log_lines DEFAULT SERVER files OPTIONS (program :'program');
CREATE TABLE shop.remote_orders (id bigint, customer_id int);
INSERT INTO shop.remote_orders VALUES (1, 1);
CREATE FOREIGN TABLE shop.remote_orders_2 () INHERITS (shop.remote_orders) SERVER loop OPTIONS (schema_name 'shop', table_name 'orders');
CREATE VIEW shop.v_log AS SELECT line FROM shop.log_lines;
GRANT SELECT ON shop.log_lines, shop.remote_orders, shop.v_log TO app_user;
RESET client_min_messages;
