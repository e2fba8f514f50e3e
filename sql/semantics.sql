-- What administrators, and owners of tables, have said of the database: core::semantics. One table,
-- so that reading it is one look-up; objects by name, so that it survives dump and restore. It is
-- read and written by the library as the table's owner; nobody else needs a right to it.
CREATE TABLE text2sql.semantic (
  kind text NOT NULL CHECK (kind IN ('description', 'metric', 'filter', 'join', 'rule')),
  schema_name text NOT NULL DEFAULT '',
  relation_name text NOT NULL DEFAULT '',
  name text NOT NULL,
  definition text,
  description text,
  synonyms text[] NOT NULL DEFAULT '{}',
  key jsonb,
  reads jsonb NOT NULL DEFAULT '[]',
  added_by name NOT NULL DEFAULT current_user,
  added_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  PRIMARY KEY (kind, schema_name, relation_name, name),
  CHECK ((schema_name = '') = (relation_name = '')),
  CHECK (schema_name <> '' OR kind = 'rule')
);
SELECT pg_catalog.pg_extension_config_dump('text2sql.semantic', '');
