-- Functions of users and extensions that generated statements may call: listed by an
-- administrator, looked up by signature and judged again at every use. Rows are kept by pg_dump.
CREATE TABLE text2sql.allowed_function (
  signature text PRIMARY KEY,
  reason text,
  added_by name NOT NULL DEFAULT current_user,
  added_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
SELECT pg_catalog.pg_extension_config_dump('text2sql.allowed_function', '');

-- Under this path a signature names every schema but pg_catalog, and so means the same to all.
CREATE FUNCTION text2sql.allow_function(function regprocedure, reason text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  problem text := text2sql.function_problem(function);
BEGIN
  IF function IS NULL THEN
    RAISE EXCEPTION 'no function is given' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION 'the function % cannot be allowed', function::text
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = problem,
            HINT = 'A listed function must be STABLE or IMMUTABLE, run with its caller''s rights, and belong to a superuser, the owner of the database or a role in text2sql.trusted_owners.';
  END IF;
  INSERT INTO text2sql.allowed_function AS f (signature, reason)
  VALUES (function::text, allow_function.reason)
  ON CONFLICT ON CONSTRAINT allowed_function_pkey
    DO UPDATE SET reason = EXCLUDED.reason, added_by = EXCLUDED.added_by, added_at = EXCLUDED.added_at;
  RETURN function::text;
END
$$;

CREATE FUNCTION text2sql.disallow_function(signature text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM text2sql.allowed_function f
  WHERE f.signature IN (disallow_function.signature,
                        to_regprocedure(disallow_function.signature)::text);
  RETURN FOUND;
END
$$;

CREATE FUNCTION text2sql.allowed_functions()
RETURNS TABLE (signature text, function regprocedure, problem text, reason text,
               added_by name, added_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT f.signature, f.oid,
         CASE WHEN f.oid IS NULL THEN 'There is no such function.'
              ELSE text2sql.function_problem(f.oid) END,
         f.reason, f.added_by, f.added_at
  FROM (SELECT t.*, to_regprocedure(t.signature) AS oid FROM text2sql.allowed_function t) f
  ORDER BY f.signature
$$;
