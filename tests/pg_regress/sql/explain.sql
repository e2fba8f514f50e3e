SET ROLE analyst;
SELECT relations, columns, plan_cost > 0 AS has_cost, plan_rows, attempts, model,
       prompt_tokens > 0 AS has_prompt, generated_tokens > 0 AS has_tokens
  FROM text2sql.explain('orders per customer');
SELECT k AS stage, v::text::float8 >= 0 AS measured
  FROM text2sql.explain('how many customers are there?'), json_each(timings_ms) AS t(k, v);
-- What is known of how a statement came about.
SELECT signals FROM text2sql.explain('sure of the customers');
SELECT signals ->> 'mended' AS mended, signals ->> 'repaired' AS repaired FROM text2sql.explain('mends its mistake');
SELECT state, active_requests, failed FROM text2sql.status();
-- What a question is taken to be about; nothing of what the caller may not read.
SELECT relation, score > 0 AS has_score, shown, reasons
  FROM text2sql.link('orders and secrets of customers in Paris');
SET text2sql.schemas = 'nowhere';
SELECT * FROM failure($$SELECT * FROM text2sql.link('orders')$$);
RESET text2sql.schemas;
SELECT * FROM failure($$SELECT * FROM text2sql.link(' ')$$);
