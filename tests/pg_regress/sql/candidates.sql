-- Several candidates: the result that most of them have is taken; the script says what is drawn.
SET text2sql.candidates = 4;
SET text2sql.candidates_if = always;
SET ROLE analyst;
\pset format unaligned
-- Two of four agree, written differently, against the first.
SELECT text2sql.ask('vote against the first');
SELECT text2sql.generate('vote against the first');
SELECT attempts, signals::jsonb - '{covered,known,margin}'::text[] AS signals
  FROM text2sql.explain('vote against the first');
-- The first wins a tie, unless it returns nothing.
SELECT text2sql.ask('vote with a tie');
SELECT text2sql.ask('vote with an empty tie');
-- Candidates that break a rule, name what is hidden, or fail when run have no vote.
SELECT text2sql.ask('vote with the broken');
-- A first one that fails when run is not the answer where another runs; nor is it mended.
SELECT text2sql.ask('vote with a division');
SELECT attempts FROM text2sql.explain('vote with a mistake');
-- Where none runs, the first is mended as ever.
SELECT text2sql.ask('mends its mistake');
SELECT attempts FROM text2sql.explain('mends its mistake');
-- With the same answer as often as it is asked.
SELECT count(DISTINCT a::text) FROM generate_series(1, 5), text2sql.ask('vote against the first') AS a;
\pset format aligned
SELECT * FROM failure($$SELECT text2sql.ask('vote for deletion')$$);
RESET ROLE;
-- What nobody has read is not run: statements are compared by their text.
SET text2sql.require_confirm = on;
SET ROLE analyst;
SELECT signals ->> 'votes' AS votes, signals ->> 'candidates' AS candidates
  FROM text2sql.explain('vote against the first');
RESET ROLE;
RESET text2sql.require_confirm;
-- No room for more is no error.
SET text2sql.role_queue_length = 1;
SET ROLE analyst;
SELECT signals ->> 'candidates' AS candidates FROM text2sql.explain('vote against the first');
RESET ROLE;
RESET text2sql.role_queue_length;
RESET text2sql.candidates;
-- Where none was valid, others are drawn only then, if so set.
SET text2sql.candidates = 4;
SET text2sql.candidates_if = invalid;
SET ROLE analyst;
SELECT text2sql.ask('only a drawn one is valid');
SELECT attempts, signals ->> 'repaired' AS repaired, signals ->> 'votes' AS votes,
       signals ->> 'candidates' AS candidates
  FROM text2sql.explain('only a drawn one is valid');
SELECT text2sql.ask('vote with a division');
SELECT attempts, signals ->> 'candidates' AS candidates FROM text2sql.explain('mends its mistake');
SELECT text2sql.ask('vote against the first');
SELECT * FROM failure($$SELECT text2sql.ask('never gets it right')$$);
-- What breaks a rule is refused as before.
SELECT * FROM failure($$SELECT text2sql.ask('vote for deletion')$$);
RESET ROLE;
-- Or where the model was not sure.
SET text2sql.candidates_if = doubtful;
SET ROLE analyst;
SELECT text2sql.ask('vote without being sure');
SELECT signals ->> 'candidates' AS candidates FROM text2sql.explain('sure of the customers');
SELECT attempts, signals ->> 'candidates' AS candidates FROM text2sql.explain('mends its mistake');
-- Or where there is no row; of those that run, the result of most is taken, and rows win a tie.
SELECT text2sql.ask('vote with an empty tie');
SELECT sql, signals ->> 'candidates' AS candidates FROM text2sql.explain('vote with an empty tie');
RESET ROLE;
SET text2sql.doubt_empty = off;
SET ROLE analyst;
SELECT text2sql.ask('vote with an empty tie');
SELECT sql, signals ->> 'candidates' AS candidates FROM text2sql.explain('vote with an empty tie');
-- One more that keeps to the catalog, where nothing else is valid.
SELECT text2sql.ask('valid once it is constrained');
SET text2sql.constrained = off;
SELECT * FROM failure($$SELECT text2sql.ask('valid once it is constrained')$$);
RESET text2sql.constrained;
RESET ROLE;
RESET text2sql.doubt_empty;
SET text2sql.doubt = 5;
SET ROLE analyst;
SELECT text2sql.ask('vote without being sure');
RESET ROLE;
RESET text2sql.doubt;
RESET text2sql.candidates_if;
RESET text2sql.candidates;
SELECT state, active_requests, failed FROM text2sql.status();
