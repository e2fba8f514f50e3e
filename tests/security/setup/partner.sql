-- A foreign server that does no harm: the benign database of this very cluster, as a role that may
-- only read. Variables of psql: host and port, as in attacks_setup.sql.
SET client_min_messages = warning;
CREATE SERVER partner FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'host', port :'port', dbname 'benign');
CREATE USER MAPPING FOR PUBLIC SERVER partner OPTIONS (user 'analyst_plain', password_required 'false');
CREATE FOREIGN TABLE shop.partner_customers (id int, name text, city text) SERVER partner
  OPTIONS (schema_name 'shop', table_name 'customers');
CREATE TABLE shop.partner_regions (id int, name text);
INSERT INTO shop.partner_regions VALUES (0, 'here');
CREATE FOREIGN TABLE shop.partner_regions_there () INHERITS (shop.partner_regions) SERVER partner
  OPTIONS (schema_name 'shop', table_name 'regions');
CREATE VIEW shop.v_partner AS SELECT city, count(*) AS n FROM shop.partner_customers GROUP BY city;
GRANT SELECT ON shop.partner_customers, shop.partner_regions, shop.v_partner TO app_user;
-- The caller's own SELECT, as in roles.sql; app_user is not the one who may create in public.
CREATE FUNCTION public.own(statement text) RETURNS SETOF json LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN EXECUTE statement LOOP RETURN NEXT row_to_json(r); END LOOP;
END $$;
RESET client_min_messages;
