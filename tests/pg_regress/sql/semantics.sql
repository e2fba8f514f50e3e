-- What is defined about the database reaches those who may read all that it reads, and nobody else.
\pset format unaligned
\pset tuples_only on
-- What of a prompt is not the schema as the catalog has it.
CREATE FUNCTION told(question text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT line FROM regexp_split_to_table(text2sql.prompt(question), '\n') AS line
   WHERE line ~ '^"|^- The|^About|CREATE TABLE shop.(customers|orders)|also called|Question'
$$;
SET ROLE analyst;
SELECT told('what was the turnover with active customers?');
-- Who neither administers nor owns may define nothing.
\set VERBOSITY terse
SELECT text2sql.describe('shop.orders', 'orders');
SELECT text2sql.define_metric('turnover', 'shop.orders', 'sum(amount)');
SELECT text2sql.define_rule('year', 'The year begins in April.');
SELECT text2sql.drop_semantic('rule', NULL, 'year');
\set VERBOSITY default
RESET ROLE;
-- An administrator who may read nothing of it.
CREATE ROLE steward LOGIN IN ROLE text2sql_admin;
GRANT USAGE ON SCHEMA shop TO steward;
SET ROLE steward;
SELECT text2sql.describe('shop.customers', 'People and firms who buy', '{clients,buyers}');
SELECT text2sql.describe_column('shop.customers', 'city', synonyms => '{town}');
SELECT text2sql.describe_column('shop.orders', 'card_number', 'the hidden number', '{hidden synonym}');
SELECT text2sql.define_metric('turnover', 'shop.orders', E'sum( amount )\n -- all of it', 'refunds included', '{takings}');
SELECT text2sql.define_metric('card turnover', 'shop.orders', 'sum(amount) FILTER (WHERE card_number IS NOT NULL)');
SELECT text2sql.define_metric('share of secrets', 'shop.orders', 'count(*) / (SELECT count(*) FROM shop.secrets)');
SELECT text2sql.define_filter('active customer', 'shop.customers', $$EXISTS (SELECT FROM shop.orders o WHERE o.customer_id = customers.id AND o.status <> 'new')$$);
SELECT text2sql.define_filter('card customer', 'shop.customers', $$id IN (SELECT customer_id FROM shop.orders WHERE card_number = '4111')$$);
SELECT text2sql.define_join('shop.paid', '{id}', 'shop.orders', '{id}');
SELECT text2sql.define_join('shop.secrets', '{id}', 'shop.orders', '{id}');
SELECT text2sql.define_rule('year', 'The year begins in April.');
SELECT text2sql.define_rule('secret', 'The secrets are rotated by 4711.', 'shop.secrets');
SELECT text2sql.define_rule('amounts', 'The amounts are in euro.', 'shop.orders');
SELECT kind, relation, name, definition, problem, added_by FROM text2sql.semantics();
-- What is no definition says why.
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'sum(amount), 1')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'amount) FROM shop.secrets --')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'sum(price)')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'orders')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'ctid')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'pg_sleep(1)')$$);
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', '(SELECT 1 FROM pg_authid)')$$);
SELECT * FROM failure($$SELECT text2sql.define_filter('x', 'shop.orders', 'amount')$$);
SELECT * FROM failure($$SELECT text2sql.define_filter(' ', 'shop.orders', 'amount > 1')$$);
SELECT * FROM failure($$SELECT text2sql.define_filter('x', NULL, 'amount > 1')$$);
SELECT * FROM failure($$SELECT text2sql.define_join('shop.orders', '{id}', 'shop.customers', '{name}')$$);
SELECT * FROM failure($$SELECT text2sql.define_join('shop.orders', '{id}', 'shop.customers', '{}')$$);
SELECT * FROM failure($$SELECT text2sql.describe_column('shop.orders', 'price', 'x')$$);
SELECT * FROM failure($$SELECT text2sql.describe('shop.orders')$$);
SELECT * FROM failure($$SELECT text2sql.describe('text2sql.semantic', 'x')$$);
SELECT * FROM failure($$SELECT text2sql.define_rule('x', repeat('x', 400))$$);
RESET ROLE;
-- The analyst gets what reads nothing hidden; the next prompt has it.
SET ROLE analyst;
SELECT told('what was the turnover and the card turnover with active clients, card customers and the share of secrets?');
SELECT text2sql.prompt('anything') ~ 'hidden|4711|4111|secret' AS sees_hidden;
SELECT relation, reasons FROM text2sql.link('takings by town of active customers, hidden synonym') ORDER BY relation COLLATE "C";
SELECT * FROM text2sql.semantics();
SELECT text2sql.ask('how many customers are there?');
SET text2sql.semantics = off;
SELECT told('what was the turnover with active customers?');
RESET text2sql.semantics;
RESET ROLE;
-- A right more, and the next prompt has more; a right less, and it has less.
GRANT SELECT (card_number) ON shop.orders TO analyst;
SET ROLE analyst;
SELECT told('card turnover?');
RESET ROLE;
REVOKE SELECT (card_number) ON shop.orders FROM analyst;
REVOKE SELECT (status) ON shop.orders FROM analyst;
SET ROLE analyst;
SELECT told('turnover with active customers?');
RESET ROLE;
GRANT SELECT (status) ON shop.orders TO analyst;
-- An allow-list counts too.
CREATE ROLE listed;
GRANT USAGE ON SCHEMA shop TO listed;
GRANT SELECT (id, name) ON shop.customers TO listed;
SET text2sql.readable_role = 'listed';
SET ROLE analyst;
SELECT told('turnover with active customers by town?');
RESET ROLE;
RESET text2sql.readable_role;
DROP OWNED BY listed;
DROP ROLE listed;
-- Definitions do not open rows: a policy hides them as before. The words are the administrator's.
CREATE TABLE shop.letters (id int, owner text, body text);
INSERT INTO shop.letters VALUES (1, 'analyst', 'hello'), (2, 'other', 'hidden');
ALTER TABLE shop.letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.letters USING (owner = current_user);
GRANT SELECT ON shop.letters TO analyst;
SELECT text2sql.define_filter('short letter', 'shop.letters', 'length(body) < 10');
SET ROLE analyst;
SELECT told('how many short letters?');
SELECT text2sql.run('SELECT count(*) FROM shop.letters WHERE length(body) < 10');
RESET ROLE;
-- The owner of a table may say what it means, as with COMMENT, and no more.
CREATE ROLE keeper LOGIN IN ROLE text2sql_user;
GRANT USAGE ON SCHEMA shop TO keeper;
ALTER TABLE shop.letters OWNER TO keeper;
SET ROLE keeper;
SELECT text2sql.describe('shop.letters', 'what people wrote');
SELECT text2sql.define_metric('length', 'shop.letters', 'avg(length(body))');
\set VERBOSITY terse
SELECT text2sql.define_metric('x', 'shop.letters', '(SELECT count(*) FROM shop.customers)');
SELECT text2sql.define_join('shop.letters', '{id}', 'shop.customers', '{id}');
SELECT text2sql.define_rule('x', 'Always look at letters.');
SELECT text2sql.define_rule('x', 'Always look at letters.', 'shop.letters');
SELECT text2sql.drop_semantic('filter', 'shop.customers', 'active customer');
\set VERBOSITY default
SELECT kind, relation, name, problem FROM text2sql.semantics();
SELECT text2sql.drop_semantic('metric', 'shop.letters', 'length');
SELECT text2sql.drop_semantic('metric', 'shop.letters', 'length') AS again;
RESET ROLE;
-- What the catalog does not support any more is out of use, and says so.
ALTER TABLE shop.orders RENAME COLUMN amount TO price;
SET ROLE analyst;
SELECT told('what was the turnover?');
RESET ROLE;
SELECT kind, relation, name, problem FROM text2sql.semantics() WHERE problem IS NOT NULL;
SELECT severity, object, finding, remedy FROM text2sql.check_setup() WHERE check_name = 'semantics';
ALTER TABLE shop.orders RENAME COLUMN price TO amount;
ALTER TABLE shop.letters ALTER COLUMN body TYPE varchar(20);
ALTER TABLE shop.letters ALTER COLUMN body TYPE varchar(30);
SELECT name, problem FROM text2sql.semantics() WHERE relation = 'shop.letters';
SET ROLE analyst;
SELECT told('how many short letters?');
RESET ROLE;
DROP TABLE shop.letters;
SELECT name, problem FROM text2sql.semantics() WHERE relation = 'shop.letters';
-- A definition in a transaction that is rolled back was never there.
BEGIN;
SELECT text2sql.define_metric('orders per day', 'shop.orders', 'count(*)');
SET ROLE analyst;
SELECT told('orders per day?');
ROLLBACK;
SET ROLE analyst;
SELECT told('orders per day?');
RESET ROLE;
-- In a transaction that only reads, nothing is defined.
BEGIN READ ONLY;
SELECT * FROM failure($$SELECT text2sql.define_metric('x', 'shop.orders', 'count(*)')$$);
ROLLBACK;
-- A new session begins with what the last one of the role saw; of what is gone since, nothing comes.
SET ROLE analyst;
SELECT text2sql.ask('the turnover of all time?');
RESET ROLE;
\c -
SET ROLE analyst;
SELECT text2sql.ask('the turnover of all time?');
RESET ROLE;
SELECT text2sql.drop_semantic('metric', 'shop.orders', 'turnover');
\c -
SET ROLE analyst;
SELECT text2sql.ask('the turnover of all time?');
RESET ROLE;
SELECT count(*) AS kept_by_dump FROM pg_extension, unnest(extconfig) AS t WHERE extname = 'text2sql' AND t = 'text2sql.semantic'::regclass;
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
SET ROLE analyst;
SELECT told('what was the turnover with active customers?');
RESET ROLE;
DROP FUNCTION told(text);
DROP OWNED BY keeper, steward;
DROP ROLE keeper, steward;
