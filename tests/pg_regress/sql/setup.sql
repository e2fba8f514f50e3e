-- What the other tests use: a shop, an analyst who may read most of it, and a way to show errors.
CREATE EXTENSION text2sql;
CREATE SCHEMA shop;
CREATE TYPE shop.status AS ENUM ('new', 'paid', 'sent');
CREATE TABLE shop.customers (id int PRIMARY KEY, name text NOT NULL, city text);
COMMENT ON TABLE shop.customers IS 'who buys';
COMMENT ON COLUMN shop.customers.city IS 'where they live';
CREATE TABLE shop.orders (
  id int PRIMARY KEY,
  customer_id int NOT NULL REFERENCES shop.customers,
  status shop.status NOT NULL,
  amount numeric(10,2),
  card_number text
);
CREATE VIEW shop.paid AS SELECT id, amount FROM shop.orders WHERE status = 'paid';
CREATE TABLE shop.secrets (id int, token text);
COMMENT ON TABLE shop.secrets IS 'rotation key 4711';
INSERT INTO shop.customers VALUES (1, 'Ada', 'Paris'), (2, 'Bo', 'Oslo'), (3, 'Cy', 'Paris');
INSERT INTO shop.orders VALUES (1, 1, 'paid', 9.99, '4111'), (2, 1, 'new', 5, '4112'), (3, 2, 'sent', 7.5, '4113');
INSERT INTO shop.secrets VALUES (1, 'hush');
ANALYZE;

CREATE ROLE analyst LOGIN IN ROLE text2sql_user;
GRANT USAGE ON SCHEMA shop TO analyst;
GRANT SELECT ON shop.customers, shop.paid TO analyst;
GRANT SELECT (id, customer_id, status, amount) ON shop.orders TO analyst;
CREATE ROLE stranger LOGIN;
CREATE ROLE newcomer LOGIN IN ROLE text2sql_user;
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET text2sql.schemas = %L', current_database(), 'shop');
END
$$;

-- The SQLSTATE, message, detail and hint that a statement fails with.
CREATE FUNCTION public.failure(statement text) RETURNS TABLE (part text, says text)
LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  BEGIN
    EXECUTE statement;
    message := 'no failure';
  EXCEPTION WHEN OTHERS OR query_canceled THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
      hint = PG_EXCEPTION_HINT;
    RETURN QUERY VALUES ('sqlstate', SQLSTATE::text);
  END;
  RETURN QUERY VALUES ('message', message);
  IF detail <> '' THEN RETURN QUERY VALUES ('detail', detail); END IF;
  IF hint <> '' THEN RETURN QUERY VALUES ('hint', hint); END IF;
END
$$;
GRANT EXECUTE ON FUNCTION public.failure(text) TO PUBLIC;
