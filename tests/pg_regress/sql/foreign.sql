-- Foreign tables are out of sight and out of reach until their server is listed.
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
SELECT current_setting('data_directory') || '/prices.csv' AS prices \gset
COPY (VALUES ('apple', 1.20), ('pear', 2.30)) TO :'prices' (FORMAT csv);
CREATE FOREIGN TABLE shop.prices (article text, price numeric) SERVER files
  OPTIONS (filename :'prices', format 'csv');
GRANT SELECT ON shop.prices TO analyst;
SET ROLE analyst;
SELECT text2sql.prompt('list the prices') ~ 'shop.prices' AS told;
SELECT * FROM failure($$SELECT text2sql.run('SELECT price FROM shop.prices')$$);
RESET ROLE;
SET text2sql.foreign_servers = 'others, files';
SET ROLE analyst;
SELECT text2sql.prompt('list the prices') ~ 'shop.prices' AS told;
SELECT text2sql.ask('list the prices');
RESET ROLE;
RESET text2sql.foreign_servers;
SET ROLE analyst;
SELECT text2sql.prompt('list the prices') ~ 'shop.prices' AS told;
RESET ROLE;
-- Nor are values of a partition there told, which the statistics of the whole table have.
CREATE TABLE shop.deliveries (fruit text, price numeric) PARTITION BY LIST (fruit);
CREATE TABLE shop.deliveries_here PARTITION OF shop.deliveries FOR VALUES IN ('plum');
INSERT INTO shop.deliveries VALUES ('plum', 1), ('plum', 2);
GRANT SELECT ON shop.deliveries TO analyst;
ANALYZE shop.deliveries;
SET ROLE analyst;
SELECT text2sql.prompt('deliveries') ~ 'e\.g\. ''plum''' AS told;
RESET ROLE;
CREATE FOREIGN TABLE shop.deliveries_there PARTITION OF shop.deliveries FOR VALUES IN ('apple', 'pear')
  SERVER files OPTIONS (filename :'prices', format 'csv');
ANALYZE shop.deliveries;
SELECT most_common_vals::text ~ 'plum' AS in_statistics FROM pg_stats
WHERE tablename = 'deliveries' AND attname = 'fruit' AND inherited;
SET ROLE analyst;
SELECT text2sql.prompt('deliveries') ~ 'e\.g\. ''(plum|apple|pear)''' AS told;
RESET ROLE;
DROP TABLE shop.deliveries;
DROP SERVER files CASCADE;
DROP EXTENSION file_fdw;
