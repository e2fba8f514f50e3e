\pset format unaligned
SET ROLE analyst;
SELECT text2sql.generate('mends its mistake');
SELECT attempts FROM text2sql.explain('mends its mistake');
SELECT text2sql.ask('mends its mistake');
SELECT text2sql.ask('mends its lock');
SELECT attempts FROM text2sql.explain('how many customers are there?');
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.generate('never gets it right')$$);
SELECT * FROM failure($$SELECT text2sql.ask('chatter')$$);
SELECT * FROM failure($$SELECT text2sql.ask('nothing at all')$$);
SELECT * FROM failure($$SELECT text2sql.ask('delete everything')$$);
SELECT * FROM failure($$SELECT text2sql.ask('sleep a while')$$);
SELECT * FROM failure($$SELECT text2sql.ask('divide by zero')$$);
RESET ROLE;
SELECT count(*) AS customers FROM shop.customers;
