-- Stored values of text columns, for questions that name them: core::link. Tables are known by number
-- here, so that what was read of one is never taken for another's of the same name. All of it is made
-- again by refresh_values, so it is not dumped; it is read and written by the library as its owner.
CREATE TABLE text2sql.value_index (
  relation oid NOT NULL,
  attnum int2 NOT NULL,
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (relation, attnum, key, value)
);
CREATE TABLE text2sql.value_column (
  relation oid NOT NULL,
  attnum int2 NOT NULL,
  state text,
  value_count bigint NOT NULL,
  refreshed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (relation, attnum)
);
-- What administrators say of columns: by name, so that it survives dump and restore.
CREATE TABLE text2sql.value_setting (
  schema_name text NOT NULL,
  relation_name text NOT NULL,
  column_name text NOT NULL DEFAULT '',
  allowed boolean NOT NULL,
  set_by name NOT NULL DEFAULT current_user,
  set_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (schema_name, relation_name, column_name)
);
SELECT pg_catalog.pg_extension_config_dump('text2sql.value_setting', '');
