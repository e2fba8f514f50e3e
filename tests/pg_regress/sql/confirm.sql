-- Where confirmation is required, only what generate has shown is run.
\pset format unaligned
SET text2sql.require_confirm = on;
SET ROLE analyst;
SET text2sql.require_confirm = off;
SELECT text2sql.ask('how many customers are there?');
SELECT text2sql.ask(NULL::bigint, 'how many customers are there?');
SELECT text2sql.run('SELECT 1 AS one');
SELECT regexp_replace(text2sql.generate('how many customers are there?'), '1 \d+ [0-9a-f]{64}', '1 TIME CODE');
SELECT text2sql.generate('how many customers are there?') AS shown \gset
SELECT text2sql.run(:'shown');
-- Again: it is good for its time, not for one use.
SELECT text2sql.run(:'shown');
-- Not for another statement, role or state of the tables.
SELECT text2sql.run(replace(:'shown', 'shop.customers', 'shop.orders'));
SELECT text2sql.run(regexp_replace(:'shown', '1 \d+ ', '1 9999999999 '));
RESET ROLE;
GRANT SELECT ON shop.customers TO newcomer;
GRANT USAGE ON SCHEMA shop TO newcomer;
SET ROLE newcomer;
SELECT text2sql.run(:'shown');
RESET ROLE;
REVOKE SELECT ON shop.customers FROM newcomer;
REVOKE USAGE ON SCHEMA shop FROM newcomer;
ALTER TABLE shop.customers ADD since date;
SET ROLE analyst;
SELECT text2sql.run(:'shown');
RESET ROLE;
ALTER TABLE shop.customers DROP since;
-- A right that was taken away counts, whatever was confirmed.
SET ROLE analyst;
SELECT text2sql.generate('how many customers are there?') AS shown \gset
RESET ROLE;
REVOKE SELECT ON shop.customers FROM analyst;
SET ROLE analyst;
SELECT text2sql.run(:'shown');
RESET ROLE;
GRANT SELECT ON shop.customers TO analyst;
-- Its time ends.
SET text2sql.confirm_lifetime = 1;
SET ROLE analyst;
SELECT text2sql.generate('how many customers are there?') AS shown \gset
SELECT pg_sleep(2.1);
SELECT text2sql.run(:'shown');
RESET ROLE;
RESET text2sql.confirm_lifetime;
-- Without the setting a confirmed text still is what it says.
RESET text2sql.require_confirm;
SET ROLE analyst;
SELECT text2sql.run(replace(:'shown', 'customers', 'orders'));
SELECT text2sql.run('SELECT 1 AS one');
RESET ROLE;
