-- Typed rows for programs. No search_path is set: with none given, questions are about the
-- schemas of the caller's. Every name is qualified instead. No catalog is read here, because that
-- would leave a lock in the caller's transaction: the form of the answer says what the type is.
CREATE FUNCTION text2sql.ask(row_type anyelement, question text) RETURNS SETOF anyelement
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  wanted CONSTANT pg_catalog.regtype := pg_catalog.pg_typeof(row_type);
  answer CONSTANT pg_catalog.json := text2sql.ask_fitting(question, wanted);
BEGIN
  IF pg_catalog.json_typeof(answer) OPERATOR(pg_catalog.=) 'array' THEN
    RETURN QUERY SELECT * FROM pg_catalog.json_populate_recordset(row_type, answer);
  ELSE
    RETURN QUERY EXECUTE pg_catalog.format(
      'SELECT value FROM pg_catalog.json_to_recordset($1) AS r(value %s)', wanted)
      USING answer OPERATOR(pg_catalog.->) 'values';
  END IF;
END
$$;
