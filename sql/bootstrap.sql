-- First statements of the installation script.

-- A schema of that name made by somebody else beforehand could hold traps for those who call
-- into it. One that a superuser made, and that is empty, is what a dump begins with.
DO $$
DECLARE
  present CONSTANT pg_catalog.pg_namespace := (SELECT n FROM pg_catalog.pg_namespace n WHERE n.nspname = 'text2sql');
BEGIN
  IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = present.nspowner) THEN
    RAISE EXCEPTION 'schema "text2sql" exists and belongs to another role'
      USING ERRCODE = 'duplicate_schema', HINT = 'Drop or rename it, then create the extension.';
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_depend d
              WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = present.oid
                AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'n') THEN
    RAISE EXCEPTION 'schema "text2sql" exists and is not empty'
      USING ERRCODE = 'duplicate_schema', HINT = 'Drop or rename it, then create the extension.';
  END IF;
END
$$;

-- Roles belong to the cluster: another database may have made them already.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'text2sql_user') THEN
    CREATE ROLE text2sql_user NOLOGIN;
    COMMENT ON ROLE text2sql_user IS 'may ask questions with the extension text2sql';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'text2sql_admin') THEN
    CREATE ROLE text2sql_admin NOLOGIN IN ROLE text2sql_user;
    COMMENT ON ROLE text2sql_admin IS 'may administer the extension text2sql';
  END IF;
END
$$;
