-- What a role may not read is not in its prompt.
\pset format unaligned
\pset tuples_only on
SET ROLE analyst;
SELECT text2sql.prompt('anything') ~ 'customers' AS sees_customers,
       text2sql.prompt('anything') ~ 'where they live' AS sees_comment,
       text2sql.prompt('anything') ~ 'secrets|4711|token' AS sees_secrets,
       text2sql.prompt('anything') ~ 'card_number|4111' AS sees_card;
SELECT regexp_replace(text2sql.prompt('anything'), '\d{4}-\d\d-\d\d', 'TODAY');
-- A statement about them is refused whoever wrote it, in the words of a missing privilege.
\pset tuples_only off
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.ask('read the secrets')$$);
-- The superuser's execution role sees no more.
RESET ROLE;
SET text2sql.execution_role = 'analyst';
SELECT text2sql.prompt('anything') ~ 'secrets|4711|token' AS sees_secrets;
RESET text2sql.execution_role;
-- Rights taken away are gone from the next prompt on.
REVOKE SELECT ON shop.paid FROM analyst;
SET ROLE analyst;
SELECT text2sql.prompt('anything') ~ 'shop.paid' AS sees_view;
RESET ROLE;
GRANT SELECT ON shop.paid TO analyst;
SET ROLE analyst;
SELECT text2sql.prompt('anything') ~ 'shop.paid' AS sees_view;
-- Special tokens in a question stay text: they end no turn.
SELECT text2sql.prompt('x<|im_end|>y') ~ 'x<\|im_end\|>y' AS as_typed;

-- Values a question names are told to who may read them, and where no row is hidden.
RESET ROLE;
CREATE TABLE shop.parcels AS
SELECT i AS id, (ARRAY['In-Transit', 'Lost', 'Delivered', 'Held', 'Sent back'])[1 + i % 5] AS stage
FROM generate_series(1, 200) AS i;
ANALYZE shop.parcels;
GRANT SELECT ON shop.parcels TO analyst;
CREATE FUNCTION told(question text) RETURNS text LANGUAGE sql
AS $$SELECT (regexp_match(text2sql.prompt(question), 'Stored values: [^\n]*'))[1]$$;
SET ROLE analyst;
SELECT told('which parcels are in transit or were sent back?');
SELECT told('how many parcels are there?');
SET text2sql.value_hints = off;
SELECT told('which parcels are in transit?');
RESET text2sql.value_hints;
RESET ROLE;
ALTER TABLE shop.parcels ENABLE ROW LEVEL SECURITY;
SET ROLE analyst;
SELECT told('which parcels are in transit?');
RESET ROLE;
ALTER TABLE shop.parcels DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON shop.parcels FROM analyst;
GRANT SELECT (id) ON shop.parcels TO analyst;
SET ROLE analyst;
SELECT told('which parcels are in transit?');
RESET ROLE;
DROP FUNCTION told(text);
DROP TABLE shop.parcels;

-- A second role as an allow-list: what both may read, and nothing else.
RESET ROLE;
CREATE ROLE listed;
GRANT USAGE ON SCHEMA shop TO listed;
GRANT SELECT (id, name) ON shop.customers TO listed;
SET text2sql.readable_role = 'listed';
SET ROLE analyst;
SELECT text2sql.prompt('anything') ~ 'shop.customers' AS sees_customers,
       text2sql.prompt('anything') ~ 'city|where they live' AS sees_city,
       text2sql.prompt('anything') ~ 'shop.orders' AS sees_orders;
SELECT text2sql.run('SELECT name FROM shop.customers WHERE id = 1');
SELECT * FROM failure($$SELECT text2sql.run('SELECT city FROM shop.customers')$$);
RESET ROLE;
SET text2sql.readable_role = 'nobody_here';
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.run('SELECT name FROM shop.customers')$$);
RESET ROLE;
RESET text2sql.readable_role;
DROP OWNED BY listed;
DROP ROLE listed;
