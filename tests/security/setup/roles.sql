-- Roles of the differential test, after benign_schema.sql: the owner of everything, a plain reader,
-- one who may read some columns, and one under row-level security; and a colleague with views of
-- his own, whom nobody vouches for.
SET client_min_messages = warning;
DO $$ DECLARE r text; BEGIN
  FOREACH r IN ARRAY ARRAY['analyst_owner','analyst_plain','analyst_columns','analyst_rows','colleague'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I LOGIN', r); END IF;
  END LOOP;
END $$;
CREATE EXTENSION text2sql;
-- The harness looks at what was written with it.
CREATE EXTENSION pg_walinspect;
CREATE EXTENSION pg_trgm;
GRANT text2sql_user TO analyst_owner, analyst_plain, analyst_columns, analyst_rows;
-- The comparison wants all rows.
ALTER DATABASE benign SET text2sql.max_rows = 100000;
ALTER DATABASE benign SET text2sql.schemas = 'shop';
ALTER DATABASE benign SET max_parallel_workers_per_gather = 0;
ALTER DATABASE benign OWNER TO analyst_owner;
DO $$ DECLARE r regclass; t regtype; BEGIN
  FOR r IN SELECT oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r','p','v','m') LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO analyst_owner', r);
  END LOOP;
  FOR t IN SELECT oid FROM pg_type WHERE typnamespace = 'shop'::regnamespace AND typtype IN ('e','d') LOOP
    EXECUTE format('ALTER TYPE %s OWNER TO analyst_owner', t);
  END LOOP;
END $$;
ALTER SCHEMA shop OWNER TO analyst_owner;

-- Views that call a function of their owner's, and views of the colleague beside, over and under them.
SET ROLE analyst_owner;
CREATE FUNCTION shop.net(numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN round($1 / 1.19, 2); END $$;
CREATE VIEW shop.v_price_list AS SELECT id, name, shop.net(price) AS net FROM shop.products;
GRANT USAGE, CREATE ON SCHEMA shop TO colleague;
GRANT SELECT ON shop.products, shop.v_price_list TO colleague;
SET ROLE colleague;
CREATE VIEW shop.v_shelves AS SELECT id AS product_id, 'R' || id % 7 AS room FROM shop.products;
CREATE VIEW shop.v_mine AS SELECT id, upper(name) AS name, net + 1 AS gross FROM shop.v_price_list WHERE net > 100;
GRANT SELECT ON shop.v_shelves, shop.v_mine TO analyst_owner WITH GRANT OPTION;
SET ROLE analyst_owner;
CREATE VIEW shop.v_shelved_prices AS SELECT s.room, p.net FROM shop.v_shelves s JOIN shop.v_price_list p ON p.id = s.product_id;
REVOKE CREATE ON SCHEMA shop FROM colleague;
RESET ROLE;

GRANT USAGE ON SCHEMA shop TO analyst_plain, analyst_columns, analyst_rows;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO analyst_plain, analyst_rows;
GRANT SELECT (id, name, region_id, city, created_at, is_active, tags) ON shop.customers TO analyst_columns;
GRANT SELECT (id, customer_id, status, ordered_at, shipped_at) ON shop.orders TO analyst_columns;
GRANT SELECT (id, name, manager_id, department, hired) ON shop.employees TO analyst_columns;
GRANT SELECT (id, sku, name, category_id, price) ON shop.products TO analyst_columns;
GRANT SELECT (month, n) ON shop.mv_monthly TO analyst_columns;
GRANT SELECT (id, day, region, status) ON shop.v_order_summary TO analyst_columns;
GRANT SELECT ON shop.regions, shop.categories, shop.order_items, shop.bookings TO analyst_columns;

DO $$ DECLARE rule text[]; BEGIN
  FOREACH rule SLICE 1 IN ARRAY ARRAY[
    ['customers', 'region_id <> 2'], ['orders', 'id % 3 = 0'], ['employees', 'department = ''IT'''],
    ['order_items', 'EXISTS (SELECT FROM shop.orders o WHERE o.id = order_id)'], ['products', 'NOT discontinued'],
    ['events', 'kind <> ''purchase'''], ['sales_fact', 'region_id = 1'], ['documents', 'lang = ''en'''],
    ['regions', 'current_user <> ''analyst_rows'' OR country = ''DE''']] LOOP
    EXECUTE format('ALTER TABLE shop.%I ENABLE ROW LEVEL SECURITY', rule[1]);
    EXECUTE format('CREATE POLICY some_rows ON shop.%I FOR SELECT TO analyst_rows USING (%s)', rule[1], rule[2]);
    EXECUTE format('CREATE POLICY all_rows ON shop.%I FOR SELECT TO analyst_plain, analyst_columns, colleague USING (true)', rule[1]);
  END LOOP;
END $$;

-- The caller's own SELECT, in the form the guard returns rows in.
CREATE FUNCTION public.own(statement text) RETURNS SETOF json LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
  FOR r IN EXECUTE statement LOOP RETURN NEXT row_to_json(r); END LOOP;
END $$;
VACUUM (FREEZE, ANALYZE);
