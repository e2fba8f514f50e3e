-- First statements of the installation script.

-- A schema of that name made by somebody else beforehand could hold traps for those who call
-- into it, so it must be the installing superuser's own, and empty.
DO $$
BEGIN
  IF (SELECT n.nspowner <> (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user)
        FROM pg_catalog.pg_namespace n WHERE n.nspname = 'text2sql') THEN
    RAISE EXCEPTION 'schema "text2sql" exists and belongs to another role'
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
