-- Functions of users are refused until a superuser lists them, and judged at every use.
\pset format unaligned
CREATE FUNCTION shop.vat(amount numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * 0.2';
CREATE FUNCTION shop.now_and_then() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
CREATE FUNCTION shop.as_owner() RETURNS int LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION shop.nested() RETURNS int LANGUAGE plpgsql STABLE AS
  $$BEGIN PERFORM pg_catalog.set_config('work_mem', '1MB', false); RETURN 1; END$$;
CREATE AGGREGATE shop.total(numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0');
CREATE ROLE maker;
GRANT CREATE, USAGE ON SCHEMA shop TO maker;
SET ROLE maker;
CREATE FUNCTION shop.of_maker() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
RESET ROLE;
SET ROLE analyst;
SELECT accepted, rule, reason FROM text2sql.validate('SELECT shop.vat(amount) FROM shop.orders');
SELECT text2sql.allow_function('shop.vat(numeric)');
SELECT * FROM text2sql.allowed_functions();
RESET ROLE;
-- What cannot be listed says why.
SELECT text2sql.allow_function('shop.now_and_then()');
SELECT text2sql.allow_function('shop.as_owner()');
SELECT text2sql.allow_function('shop.of_maker()');
SELECT text2sql.allow_function('pg_catalog.pg_sleep(double precision)');
SELECT text2sql.allow_function(NULL);
-- What can.
SELECT text2sql.allow_function('shop.vat(numeric)', 'asked for by finance');
SELECT text2sql.allow_function('shop.total(numeric)');
SELECT text2sql.allow_function('shop.nested()');
SET text2sql.trusted_owners = 'maker';
SELECT text2sql.allow_function('shop.of_maker()', 'trusted for now');
SET ROLE analyst;
SELECT text2sql.run('SELECT id, shop.vat(amount) FROM shop.orders ORDER BY id');
SELECT text2sql.run('SELECT shop.total(amount) FROM shop.orders');
SELECT text2sql.run('SELECT shop.of_maker() AS one');
-- What a listed function does is watched all the same.
SELECT text2sql.run('SELECT shop.nested()');
RESET ROLE;
RESET text2sql.trusted_owners;
-- A listed function that changes hands or nature is not called any more.
SELECT signature, problem, reason FROM text2sql.allowed_functions() ORDER BY 1;
ALTER FUNCTION shop.vat(numeric) VOLATILE;
SET ROLE analyst;
SELECT accepted, rule, reason FROM text2sql.validate('SELECT shop.of_maker()');
SELECT accepted, rule, reason FROM text2sql.validate('SELECT shop.vat(1)');
RESET ROLE;
ALTER FUNCTION shop.vat(numeric) IMMUTABLE;
DROP FUNCTION shop.of_maker();
SELECT signature, function, problem FROM text2sql.allowed_functions() WHERE problem IS NOT NULL;
SELECT text2sql.disallow_function('shop.of_maker()');
SELECT text2sql.disallow_function('shop.vat(numeric)');
SELECT text2sql.disallow_function('shop.vat(numeric)') AS again;
SET ROLE analyst;
SELECT accepted, rule, reason FROM text2sql.validate('SELECT shop.vat(1)');
RESET ROLE;
DELETE FROM text2sql.allowed_function;
DROP FUNCTION shop.now_and_then(), shop.as_owner(), shop.nested(), shop.vat(numeric);
DROP AGGREGATE shop.total(numeric);
REVOKE ALL ON SCHEMA shop FROM maker;
DROP ROLE maker;
