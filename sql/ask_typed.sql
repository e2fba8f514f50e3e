-- Typed rows for programs. No search_path is set: with none given, questions are about the
-- schemas of the caller's. Every name is qualified instead.
CREATE FUNCTION text2sql.ask(row_type anyelement, question text) RETURNS SETOF anyelement
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  wanted CONSTANT pg_catalog.regtype := pg_catalog.pg_typeof(row_type);
  answer CONSTANT pg_catalog.json := text2sql.ask_fitting(question, wanted);
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_type t
              WHERE t.oid OPERATOR(pg_catalog.=) wanted
                AND t.typrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid) THEN
    RETURN QUERY SELECT * FROM pg_catalog.json_populate_recordset(row_type, answer);
  ELSE
    RETURN QUERY EXECUTE pg_catalog.format(
      'SELECT value FROM pg_catalog.json_to_recordset($1) AS r(value %s)', wanted) USING answer;
  END IF;
END
$$;
