-- Verified questions are told with questions like them, to those who may read all that they read.
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION told(question text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regexp_split_to_table((regexp_match(text2sql.prompt(question), '(Example: .*)Question: '))[1], '\n')
$$;
CREATE ROLE steward LOGIN IN ROLE text2sql_admin;
GRANT USAGE ON SCHEMA shop TO steward;
SET ROLE steward;
SELECT text2sql.add_example('Which customers from Paris have paid orders?', $$
SELECT c.name -- once each
FROM shop.customers AS c JOIN shop.orders AS o ON o.customer_id = c.id
WHERE c.city = 'Paris' AND o.status = 'paid';$$);
SELECT text2sql.add_example('Which customers have a card?', 'SELECT c.name FROM shop.customers AS c JOIN shop.orders AS o ON o.customer_id = c.id WHERE o.card_number IS NOT NULL');
SELECT text2sql.add_example('How many secrets are there?', 'SELECT count(*) FROM shop.secrets');
SELECT text2sql.add_example('How much was paid in all?', 'SELECT sum(amount) FROM shop.paid');
SELECT text2sql.add_example('How much was paid above 1000?', 'SELECT sum(amount) FROM shop.paid WHERE amount > 1000');
SELECT kind, relation, name, definition, problem FROM text2sql.semantics();
-- A name without a schema is that of the one relation that has it.
CREATE TEMP TABLE paid (amount int);
SELECT text2sql.add_example('What was paid at most?', 'WITH orders AS (SELECT 1) SELECT max(p.amount) FROM paid p, orders');
SELECT definition FROM text2sql.semantics() WHERE name = 'What was paid at most?';
SELECT text2sql.drop_semantic(kind, relation, name) FROM text2sql.semantics() WHERE name = 'What was paid at most?';
DROP TABLE pg_temp.paid;
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT a FROM nowhere')$$);
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'DELETE FROM shop.customers')$$);
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT 1; SELECT 2')$$);
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT price FROM shop.orders')$$);
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT pg_sleep(1)')$$);
SELECT * FROM failure($$SELECT text2sql.add_example(' ', 'SELECT 1')$$);
-- It is planned, as a role that may read nothing.
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT name FROM shop.customers WHERE id = 1 / 0')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', '1 / 0')$$);
-- And run, where somebody who may read it wants that.
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT name FROM shop.customers', run => true)$$);
RESET ROLE;
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT name FROM shop.customers WHERE id = 1 / 0')$$);
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT name FROM shop.customers', run => true)$$);
CREATE ROLE curator LOGIN IN ROLE text2sql_admin, analyst;
SET ROLE curator;
SELECT text2sql.add_example('Who is the first?', 'SELECT name FROM shop.customers WHERE id = 1', run => true);
SELECT text2sql.add_example('Who lives nowhere?', 'SELECT name FROM shop.customers WHERE city IS NULL', run => true);
SELECT * FROM failure($$SELECT text2sql.add_example('Who is what?', 'SELECT name FROM shop.customers WHERE 1 / (id - 1) > 0', run => true)$$);
SELECT name FROM text2sql.semantics() WHERE name LIKE 'Who %';
SELECT text2sql.drop_semantic(kind, relation, name) FROM text2sql.semantics() WHERE name LIKE 'Who %';
RESET ROLE;
SET ROLE steward;
SELECT * FROM failure($$SELECT * FROM text2sql.suggest_examples()$$);
RESET ROLE;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.add_example('x', 'SELECT 1')$$);
SELECT told('Which customers from Oslo have paid orders?');
SELECT told('Which customers have a card?');
SELECT told('How many secrets are there?');
SELECT told('How much was paid in all?');
SELECT told('How much was paid above 1000?');
SELECT told('What is the weather like?');
SET text2sql.examples = 0;
SELECT told('Which customers from Oslo have paid orders?');
RESET text2sql.examples;
RESET ROLE;
-- Constants are not told to whom a policy may hide the rows they came from.
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON shop.customers USING (city = 'Oslo');
SET ROLE analyst;
SELECT told('Which customers from Oslo have paid orders?');
SELECT text2sql.prompt('Which customers from Oslo have paid orders?') ~ 'Paris' AS sees_paris;
RESET ROLE;
DROP POLICY few ON shop.customers;
ALTER TABLE shop.customers DISABLE ROW LEVEL SECURITY;
-- What does not hold any more is not told.
ALTER TABLE shop.customers RENAME COLUMN city TO town;
SET ROLE analyst;
SELECT told('Which customers from Oslo have paid orders?');
RESET ROLE;
SELECT name, problem FROM text2sql.semantics() WHERE problem IS NOT NULL;
-- Who may define it is warned, once in a session; nobody else is.
SET ROLE curator;
SELECT text2sql.prompt('anything') IS NOT NULL AS asked;
RESET ROLE;
ALTER TABLE shop.orders ADD COLUMN note text;
ALTER TABLE shop.orders DROP COLUMN note;
SET ROLE curator;
SELECT text2sql.prompt('anything') IS NOT NULL AS asked;
RESET ROLE;
SET ROLE analyst;
SELECT text2sql.prompt('anything') IS NOT NULL AS asked;
RESET ROLE;
ALTER TABLE shop.customers RENAME COLUMN town TO city;
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
DROP FUNCTION told(text);
DROP OWNED BY steward;
DROP ROLE steward;
DROP ROLE curator;
