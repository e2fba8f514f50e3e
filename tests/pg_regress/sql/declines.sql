-- Saying no, on demand.
CREATE ROLE keeper LOGIN IN ROLE text2sql_user;
GRANT USAGE ON SCHEMA shop TO keeper;
GRANT SELECT ON shop.secrets TO keeper;
SET ROLE analyst;
-- Off by default.
SELECT text2sql.ask('will rain fall in the mountains?');
SET text2sql.min_confidence = 0.5;
SELECT * FROM failure($$SELECT text2sql.ask('will rain fall in the mountains?')$$);
SELECT * FROM failure($$SELECT text2sql.generate('will rain fall in the mountains?')$$);
SELECT * FROM failure($$SELECT * FROM text2sql.ask(NULL::int, 'will rain fall in the mountains?')$$);
-- explain shows what would have been written.
SELECT sql, confidence FROM text2sql.explain('will rain fall in the mountains?');
SELECT verdict, reason FROM text2sql.evaluate('will rain fall in the mountains?', 'SELECT 1');
-- What is readable for others only is nothing to do with this role, and is not told.
SELECT * FROM failure($$SELECT text2sql.ask('tell the token of the rotation secrets')$$);
SELECT * FROM failure($$SELECT text2sql.ask('the card numbers starting with hush')$$);
SET ROLE keeper;
SELECT text2sql.ask('tell the token of the rotation secrets');
SELECT * FROM failure($$SELECT text2sql.ask('which customers live in cities, by amount')$$);
SET ROLE analyst;
-- A word that is somewhere gives it a chance, and a model that does not tell how sure it is is believed.
SELECT text2sql.ask('how many customers are there?');
SELECT confidence FROM text2sql.explain('how many customers are there?');
-- A statement that the model was not sure of has too little confidence.
SELECT * FROM failure($$SELECT text2sql.ask('unsure of the customers')$$);
SELECT * FROM failure($$SELECT text2sql.generate('unsure of the customers')$$);
SELECT verdict, reason FROM text2sql.evaluate('unsure of the customers', 'SELECT 1');
SELECT sql, confidence < 0.5 AS is_low FROM text2sql.explain('unsure of the customers');
SELECT confidence > 0.5 AS is_high FROM text2sql.explain('sure of the customers');
SELECT text2sql.ask('sure of the customers');
-- A model that says what is missing is believed, whatever confidence is wanted.
SET text2sql.min_confidence = 0;
SELECT * FROM failure($$SELECT text2sql.ask('phone number of each customer')$$);
SELECT * FROM failure($$SELECT text2sql.generate('phone number of each customer')$$);
SELECT * FROM failure($$SELECT * FROM text2sql.explain('phone number of each customer')$$);
SELECT verdict, reason FROM text2sql.evaluate('phone number of each customer', 'SELECT 1');
-- Unless another candidate has an answer; with the setting off, it is asked once more.
SELECT text2sql.ask('home town of customer 2');
-- Which is not enough where two have to agree, nor where nobody is asked.
SET text2sql.refuse_missing = strict;
SELECT text2sql.ask('home town of customer 2');
RESET ROLE;
SET text2sql.candidates = 3;
SET ROLE analyst;
SELECT text2sql.ask('home town of customer 2');
SET text2sql.refuse_missing = on;
SELECT text2sql.ask('home town of customer 2');
SET text2sql.refuse_missing = at_once;
SELECT text2sql.ask('home town of customer 2');
RESET ROLE;
RESET text2sql.candidates;
SET ROLE analyst;
SET text2sql.refuse_missing = off;
SELECT text2sql.ask('phone number of each customer');
SELECT sql, attempts FROM text2sql.explain('fax number of customer 3');
SELECT text2sql.ask('fax number of customer 3');
RESET text2sql.refuse_missing;
SELECT text2sql.ask('fax number of customer 3');
SET text2sql.min_confidence = 0.5;
-- What statements of a model are judged by can be given, by a superuser.
SET text2sql.confidence_curves = '[]';
RESET ROLE;
SET text2sql.confidence_curves = '[{"model": "scripted", "intercept": 2, "terms": {"covered": [0.5, 0.2, 0]}}]';
SET ROLE analyst;
SELECT confidence FROM text2sql.explain('unsure of the customers');
SELECT text2sql.ask('unsure of the customers');
RESET ROLE;
SET text2sql.confidence_curves = '[{"model": "scripted", "intercept": 2, "terms": {"covered": [0.5, 0.2, -1]}}]';
SELECT severity, object, finding, remedy FROM text2sql.check_setup() WHERE check_name = 'confidence_curves';
SET ROLE analyst;
SELECT * FROM failure($$SELECT * FROM text2sql.explain('unsure of the customers')$$);
SELECT * FROM failure($$SELECT text2sql.ask('sure of the customers')$$);
-- Who wants no confidence needs none.
SET text2sql.min_confidence = 0;
SELECT text2sql.ask('sure of the customers');
SET text2sql.min_confidence = 0.5;
RESET ROLE;
RESET text2sql.confidence_curves;
SELECT count(*) FROM text2sql.check_setup() WHERE check_name = 'confidence_curves';
SET ROLE analyst;
-- The code holds for the one error: at the top, and not for what comes after it.
\set VERBOSITY sqlstate
SELECT text2sql.ask('will rain fall in the mountains?');
\set VERBOSITY default
RESET ROLE;
DO $$
DECLARE
  codes text[] := '{}';
BEGIN
  SET LOCAL ROLE analyst;
  FOR i IN 1..3 LOOP
    BEGIN
      PERFORM text2sql.ask('will rain fall in the mountains?');
    EXCEPTION WHEN SQLSTATE 'TS002' THEN
      codes := codes || SQLSTATE;
    END;
  END LOOP;
  BEGIN
    EXECUTE 'PREPARE two_types AS INSERT INTO shop.customers (id, name) VALUES ($1, $1)';
  EXCEPTION WHEN OTHERS THEN
    codes := codes || SQLSTATE;
  END;
  RAISE NOTICE '%', codes;
END
$$;
RESET text2sql.min_confidence;
DROP OWNED BY keeper;
DROP ROLE keeper;
