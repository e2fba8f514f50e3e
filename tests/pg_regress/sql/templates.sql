-- Templates answer the questions they fit, of those who may read all that they read; the model
-- answers all others, and says "one" to whatever it does not know.
\pset format unaligned
\pset tuples_only on
CREATE ROLE steward LOGIN IN ROLE text2sql_admin;
GRANT USAGE ON SCHEMA shop TO steward;
INSERT INTO shop.customers VALUES (4, 'O''Hara', 'Saint-Denis'), (5, 'Eve', 'OSLO');
SET ROLE steward;
SELECT text2sql.add_template('customers of a city',
  ARRAY['Who lives in {city}?', '{city}''s customers'],
  $$SELECT c.name -- by name
    FROM shop.customers AS c WHERE c.city = :city ORDER BY c.id;$$,
  '{"city": "shop.customers.CITY"}');
SELECT text2sql.add_template('paid by somebody', ARRAY['what has {who} paid above {limit}?'],
  $$SELECT o.amount, :limit AS above FROM shop.orders AS o JOIN shop.customers AS c ON c.id = o.customer_id
    WHERE c.name = :who AND o.amount > :limit$$,
  '{"who": "shop.customers.name", "limit": "number"}');
SELECT text2sql.add_template('orders by status', ARRAY['how many {status} orders are there'],
  'SELECT count(*) FROM shop.orders AS o WHERE o.status = :status', '{"status": "shop.orders.status"}');
SELECT text2sql.add_template('dates', ARRAY['the day {day}, the month {month}, the year {year} and {n} more'],
  'SELECT :day AS day, :month AS month, :year AS year, 1-:n AS less',
  '{"day": "date", "month": "month", "year": "year", "n": "integer"}');
SELECT text2sql.add_template('cards', ARRAY['the orders with cards'],
  'SELECT count(*) AS cards FROM shop.orders AS o WHERE o.card_number IS NOT NULL');
SELECT text2sql.add_template('card', ARRAY['whose card is {card}'],
  'SELECT :card AS card', '{"card": "shop.orders.card_number"}');
SELECT text2sql.add_template('secrets', ARRAY['how many secrets are there'], 'SELECT count(*) AS secrets FROM shop.secrets');
SELECT name, definition, synonyms, parameters, problem FROM text2sql.semantics() WHERE kind = 'template';
-- What is no template says why.
SELECT * FROM failure($$SELECT text2sql.add_template('x', '{}', 'SELECT 1')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', NULL, 'SELECT 1')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who'], NULL)$$);
SELECT * FROM failure($$SELECT text2sql.add_template(' ', ARRAY['who'], 'SELECT 1')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is'], 'SELECT :a')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT 1', '{"a": "year"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['{a}?'], 'SELECT :a', '{"a": "year"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '{"a": "text"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '{"a": 1}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '["a"]')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '{"a": "shop.nothing.name"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '{"a": "shop.orders.price"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT :a', '{"a": "shop.orders.amount"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT o.price FROM shop.orders AS o WHERE o.id = :a', '{"a": "integer"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who is {a}'], 'SELECT o.id FROM shop.orders AS o WHERE o.id = :a', '{"a": "date"}')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who'], 'DELETE FROM shop.orders')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who'], 'SELECT 1; SELECT 2')$$);
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who'], 'SELECT pg_sleep(1)')$$);
RESET ROLE;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.add_template('x', ARRAY['who'], 'SELECT 1')$$);
SELECT count(*) FROM text2sql.semantics();
-- No model is asked, and it shows.
SELECT sql, relations, attempts, model, prompt_tokens, generated_tokens, source, verified, template
  FROM text2sql.explain('who lives in paris');
SELECT source, verified, template FROM text2sql.explain('how many customers are there?');
SELECT text2sql.generate('Who lives in Paris?');
SELECT text2sql.ask('Please: who lives in "Saint-Denis"?');
SELECT text2sql.ask('paris''s customers');
SELECT text2sql.ask('What has Ada paid above 5.5?');
SELECT text2sql.generate('What has O''Hara paid above -1,000?');
SELECT text2sql.ask('how many PAID orders are there?');
SELECT text2sql.ask('The day 29 February 2024, the month March 2024, the year 1999 and -5 more');
SELECT verdict, attempts FROM text2sql.evaluate('Who lives in Paris?', 'SELECT name FROM shop.customers WHERE city = ''Paris''');
-- Whatever else is asked is the model's: other words, values that are not there or are spelt in several ways.
SELECT text2sql.ask(question) FROM unnest(ARRAY['Who lives in Rome?', 'Who lives in Paris or Oslo?',
  'Who does not live in Paris?', 'Who lives in Paris in 2024?', 'Who lives in osLO?', 'Who lives in?',
  'Who lives in Paris''; DROP TABLE shop.orders; --', 'Who lives in '' OR true --', 'What has Ada paid above ten?',
  'how many lost orders are there?', 'the day 30 February 2024, the month March 2024, the year 1999 and 5 more']) AS question;
SET text2sql.templates = off;
SELECT text2sql.ask('Who lives in Paris?');
RESET text2sql.templates;
SET text2sql.semantics = off;
SELECT text2sql.ask('Who lives in Paris?');
RESET text2sql.semantics;
-- What may not be read is as if it were not there, in statements and in values.
SELECT text2sql.ask(question) FROM unnest(ARRAY['the orders with cards', 'whose card is 4111', 'how many secrets are there']) AS question;
RESET ROLE;
GRANT SELECT (card_number) ON shop.orders TO analyst;
SET ROLE analyst;
SELECT text2sql.ask('the orders with cards');
SELECT text2sql.ask('whose card is 4111');
RESET ROLE;
REVOKE SELECT (card_number) ON shop.orders FROM analyst;
SET ROLE analyst;
SELECT text2sql.ask('whose card is 4111');
RESET ROLE;
-- An allow-list counts too.
CREATE ROLE listed;
GRANT USAGE ON SCHEMA shop TO listed;
GRANT SELECT (id, name) ON shop.customers TO listed;
SET text2sql.readable_role = 'listed';
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
RESET text2sql.readable_role;
DROP OWNED BY listed;
DROP ROLE listed;
-- A value in a row that is hidden is none, and rows stay hidden.
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON shop.customers USING (name <> 'Cy' AND city <> 'Saint-Denis');
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
SELECT text2sql.ask('Who lives in Saint-Denis?');
RESET ROLE;
DROP POLICY few ON shop.customers;
ALTER TABLE shop.customers DISABLE ROW LEVEL SECURITY;
-- The limits of all statements hold.
SET text2sql.max_cost = 0.5;
SET ROLE analyst;
SELECT text2sql.ask('the day 29 February 2024, the month March 2024, the year 1999 and -5 more');
SELECT * FROM failure($$SELECT text2sql.ask('how many paid orders are there')$$);
RESET ROLE;
RESET text2sql.max_cost;
SET text2sql.max_rows = 1;
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
RESET text2sql.max_rows;
-- What is shown must be confirmed, whoever wrote it.
SET text2sql.require_confirm = on;
SET ROLE analyst;
SELECT * FROM failure($$SELECT text2sql.ask('Who lives in Paris?')$$);
SELECT text2sql.run(text2sql.generate('Who lives in Paris?'));
RESET ROLE;
RESET text2sql.require_confirm;
-- Rows of a type: a template whose columns are others leaves the question to the model.
SET ROLE analyst;
SELECT text2sql.ask(NULL::text, 'Who lives in Paris?');
CREATE TEMP TABLE one (one int);
SELECT * FROM text2sql.ask(NULL::one, 'Who lives in Paris?');
RESET ROLE;
-- Two that fit and do not agree leave it to the model.
SELECT text2sql.add_template('rival', ARRAY['who lives in {city}'], 'SELECT 2, :city', '{"city": "shop.customers.city"}');
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
SELECT text2sql.drop_semantic('template', NULL, 'rival');
-- What the catalog does not support any more is out of use, and says so.
ALTER TABLE shop.customers RENAME COLUMN city TO town;
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
SELECT name, problem FROM text2sql.semantics() WHERE problem IS NOT NULL;
SELECT object, finding FROM text2sql.check_setup() WHERE check_name = 'semantics';
ALTER TABLE shop.customers RENAME COLUMN town TO city;
-- A new session begins with what the last one of the role saw; what counts is what there is.
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
\c -
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
SELECT text2sql.add_template('greeting', ARRAY['good morning'], 'SELECT 7 AS seven');
\c -
SET ROLE analyst;
SELECT text2sql.ask('good morning');
RESET ROLE;
SELECT text2sql.drop_semantic('template', NULL, 'greeting');
\c -
SET ROLE analyst;
SELECT text2sql.ask('good morning');
RESET ROLE;
-- Out as a document, and in again.
SELECT text2sql.export_semantics();
SELECT text2sql.export_semantics('json') AS exported \gset
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
SELECT * FROM text2sql.import_semantics(:'exported') LIMIT 1;
RESET ROLE;
SELECT * FROM text2sql.import_semantics(:'exported');
SELECT text2sql.export_semantics('json') = :'exported' AS same;
SELECT object, problem FROM text2sql.import_semantics('{"text2sql": 1, "templates": [{"name": "x", "questions": ["a {b}"], "sql": "SELECT :b", "parameters": [1]}, {"name": "y", "questions": ["a {b}"], "sql": "SELECT :b"}]}');
SET ROLE analyst;
SELECT text2sql.ask('Who lives in Paris?');
RESET ROLE;
SELECT count(text2sql.drop_semantic(kind, relation, name)) AS dropped FROM text2sql.semantics();
DELETE FROM shop.customers WHERE id > 3;
DROP OWNED BY steward;
DROP ROLE steward;
