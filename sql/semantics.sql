-- What administrators, and owners of tables, have said of the database: core::semantics. One table,
-- so that reading it is one look-up; objects by name, so that it survives dump and restore. It is
-- read and written by the library as the table's owner; nobody else needs a right to it.
CREATE TABLE text2sql.semantic (
  kind text NOT NULL CHECK (kind IN ('description', 'metric', 'filter', 'join', 'rule', 'example',
                                    'template')),
  schema_name text NOT NULL DEFAULT '',
  relation_name text NOT NULL DEFAULT '',
  name text NOT NULL,
  definition text,
  description text,
  synonyms text[] NOT NULL DEFAULT '{}',
  key jsonb,
  parameters jsonb NOT NULL DEFAULT '{}',
  reads jsonb NOT NULL DEFAULT '[]',
  added_by name NOT NULL DEFAULT current_user,
  added_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (kind, schema_name, relation_name, name),
  CHECK ((schema_name = '') = (relation_name = '')),
  CHECK (schema_name <> '' OR kind IN ('rule', 'example', 'template'))
);
SELECT pg_catalog.pg_extension_config_dump('text2sql.semantic', '');

-- Statements that ran often, for somebody to write the question and put values in the place of
-- parameters. Read as the caller: pg_stat_statements shows no text of others without a right to it.
CREATE FUNCTION text2sql.suggest_examples(at_most integer DEFAULT 20)
RETURNS TABLE (calls bigint, mean_ms double precision, sql text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  place CONSTANT regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_stat_statements');
BEGIN
  IF place IS NULL THEN
    RAISE EXCEPTION 'pg_stat_statements is not installed in this database'
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Add it to shared_preload_libraries, restart, and run CREATE EXTENSION pg_stat_statements.';
  END IF;
  RETURN QUERY EXECUTE format('
    SELECT s.calls, s.mean_exec_time, s.query
      FROM %s.pg_stat_statements s
     WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
       AND s.toplevel AND s.calls > 1 AND length(s.query) <= 1500
       AND s.query ~* ''^\s*(select|with)\M'' AND s.query ~* ''\mfrom\M''
       AND s.query !~* ''\m(text2sql|pg_catalog|information_schema|pg_[a-z_]+)\M''
     ORDER BY s.calls * s.mean_exec_time DESC LIMIT $1', place) USING least(at_most, 200);
END
$$;
