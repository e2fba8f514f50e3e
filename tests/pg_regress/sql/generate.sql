\pset format unaligned
SET ROLE analyst;
SELECT text2sql.generate('how many customers are there?');
SELECT text2sql.generate('orders per customer');
-- NULL in, NULL out.
SELECT text2sql.generate(NULL) IS NULL AS is_null;
