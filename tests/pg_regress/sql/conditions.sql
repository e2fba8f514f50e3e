\pset format unaligned
\pset tuples_only on
-- A constant in another spelling, in the wrong column, or only a part of what is stored.
SET ROLE analyst;
SELECT text2sql.generate('constants in capitals');
SELECT text2sql.ask('constants in capitals');
SELECT text2sql.generate('constants of another column');
SELECT text2sql.ask('constants of another column');
SELECT text2sql.generate('constants in part');
SELECT text2sql.ask('constants in part');
SELECT attempts FROM text2sql.explain('constants in part');
SET text2sql.fit_constants = off;
SELECT count(*) FROM text2sql.ask('constants in capitals');
RESET text2sql.fit_constants;
-- What is stored where the caller may not read, or in rows that are hidden, explains nothing.
SELECT text2sql.generate('constants nobody may see');
RESET ROLE;
CREATE TABLE shop.members (id int, nick text);
INSERT INTO shop.members VALUES (1, 'Robin'), (2, 'Kim');
ALTER TABLE shop.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY first_only ON shop.members USING (id = 1);
GRANT SELECT ON shop.members TO analyst;
SET ROLE analyst;
SELECT text2sql.generate('constants of a visible row');
SELECT text2sql.generate('constants of a hidden row');
-- What one row cannot be at once.
SELECT text2sql.generate('conditions that are both wanted');
SELECT text2sql.ask('conditions that are both wanted');
SELECT text2sql.generate('conditions that exclude each other');
SELECT text2sql.ask('conditions that exclude each other');
SET text2sql.mend_conditions = off;
SELECT count(*) FROM text2sql.ask('conditions that exclude each other');
RESET text2sql.mend_conditions;
-- What others have had is no matter to those who never had it.
SELECT text2sql.generate('customers who never paid 5');
SET text2sql.mend_conditions = off;
SELECT text2sql.generate('customers who never paid 5');
RESET text2sql.mend_conditions;
-- A join nobody asks for.
SELECT text2sql.generate('names with a needless join');
SELECT text2sql.ask('names with a needless join');
SELECT text2sql.ask('names of orders, so with no needless join');
SET text2sql.prune_joins = off;
SELECT text2sql.ask('names with a needless join');
RESET ROLE;
DROP TABLE shop.members;
