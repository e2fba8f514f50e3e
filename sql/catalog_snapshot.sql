-- What a role may read, as one JSON document of the shape of core::schema::Snapshot.
--
-- $1: schemas as text[]; $2: oid of a role that must be able to read everything too, be it the
-- same; $3: servers whose foreign tables count, as text[]. Run as the role, under search_path =
-- pg_catalog, pg_temp. Nothing is listed that the role could not SELECT, and no comment, key, label
-- or value of such a thing: everybody can read those in the catalogs, so every one of them hangs on
-- `readable` and `columns` here.
--
-- The planner takes rights for rare and expects one row behind them, and then joins in loops: CASE
-- makes it expect half of the rows. What belongs to a relation or column is looked up through an
-- index of the catalog, and OFFSET 0 keeps it so: joins would read all of pg_attribute and ask for
-- the rights to each, which alone takes longer than all of this in a session that just began.
WITH schemas AS MATERIALIZED (
  SELECT n.oid, n.nspname
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname = ANY ($1)
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'text2sql')
    AND n.nspname !~ '^pg_(toast|temp)'
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    AND pg_catalog.has_schema_privilege($2, n.oid, 'USAGE')
), readable AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples,
         pg_catalog.has_table_privilege(c.oid, 'SELECT')
           AND pg_catalog.has_table_privilege($2, c.oid, 'SELECT') AS whole,
         pg_catalog.row_security_active(c.oid) AS filtered
  FROM schemas n
  CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_class c
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT c.relispartition OFFSET 0) c
  WHERE CASE WHEN pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    AND pg_catalog.has_any_column_privilege($2, c.oid, 'SELECT')
    AND (c.relkind <> 'f' OR EXISTS (
      SELECT FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
      WHERE t.ftrelid = c.oid AND s.srvname = ANY ($3)))
    AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
           AND d.objsubid = 0 AND d.deptype = 'e') = 0
    THEN true ELSE false END
), columns AS MATERIALIZED (
  SELECT r.oid AS relation, r.nspname, r.relname, r.relkind, r.reltuples, r.filtered,
         a.attnum, a.attname, a.attnotnull,
         CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS base,
         CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
         CASE WHEN t.typtype = 'd' THEN t.typname END AS domain,
         t.typtype
  FROM readable r
  CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped OFFSET 0) a
  CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid OFFSET 0) t
  WHERE CASE WHEN r.whole THEN true
             ELSE pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT')
                  AND pg_catalog.has_column_privilege($2, r.oid, a.attnum, 'SELECT') END
), comments AS MATERIALIZED (
  SELECT d.objoid, d.objsubid,
         NULLIF(pg_catalog.btrim(pg_catalog.left(pg_catalog.regexp_replace(d.description,
           '[[:cntrl:]\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+', ' ', 'g'), 200)), '') AS text
  FROM readable r
  CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_description d
    WHERE d.objoid = r.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    OFFSET 0) d
), details AS MATERIALIZED (
  SELECT c.relation, c.attnum, c.attname, c.attnotnull, c.domain,
         pg_catalog.format_type(c.base, c.modifier) AS type_name,
         m.text AS comment,
         CASE WHEN c.typtype IN ('e', 'd') THEN
           (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
            FROM pg_catalog.pg_enum e WHERE e.enumtypid = c.base) END AS labels,
         CASE WHEN c.base IN ('text'::pg_catalog.regtype, 'varchar'::pg_catalog.regtype,
                              'bpchar'::pg_catalog.regtype)
           AND NOT c.filtered
           -- Names that promise a secret: their values stay out of every prompt.
           AND c.attname !~* '(passw|pwd|secret|token|api_?key|credential|salt|hash|ssn|social_sec|iban|swift|card|cvv|cvc|(^|_)pin($|_)|licen[sc]e_?(no|num)|e_?mail|phone|birth|address|private)'
         THEN
           -- pg_stats shows no column the role may not read, and nothing of a table with active
           -- row security; the latter is said again above for views of other versions.
           (SELECT pg_catalog.json_agg(m.value ORDER BY m.n)
            FROM pg_catalog.pg_stats s
            -- Of those that occur once, two or more are in the histogram: of a small table all of them.
            CROSS JOIN LATERAL pg_catalog.unnest(
              COALESCE(s.most_common_vals::pg_catalog.text::pg_catalog.text[], '{}')
              || CASE WHEN c.reltuples <= 50
                   THEN COALESCE(s.histogram_bounds::pg_catalog.text::pg_catalog.text[], '{}')
                   ELSE '{}' END)
              WITH ORDINALITY m (value, n)
            WHERE s.schemaname = c.nspname AND s.tablename = c.relname AND s.attname = c.attname
              -- Below 0 it is a share of the rows.
              AND CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.reltuples
                       ELSE s.n_distinct END BETWEEN 1 AND 50
              AND s.inherited = (c.relkind = 'p')
              -- On another server roles may see different rows.
              AND (c.relkind <> 'p' OR NOT EXISTS (
                SELECT FROM pg_catalog.pg_partition_tree(c.relation) part
                JOIN pg_catalog.pg_class far ON far.oid = part.relid
                WHERE far.relkind = 'f'))
              AND m.n <= 30 AND pg_catalog.length(m.value) <= 40 AND m.value !~ '[[:cntrl:]]')
         END AS values
  FROM columns c
  LEFT JOIN comments m ON m.objoid = c.relation AND m.objsubid = c.attnum
), attributes AS MATERIALIZED (
  SELECT c.relation,
         pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'name', c.attname,
           'type_name', c.type_name,
           'not_null', c.attnotnull,
           'domain', c.domain,
           'comment', c.comment,
           'enum_labels', c.labels,
           'common_values', c.values)) ORDER BY c.attnum) AS list
  FROM details c
  GROUP BY c.relation
), keys AS MATERIALIZED (
  SELECT r.oid AS relation, k.contype, k.confrelid, near.names, far.names AS far_names
  FROM readable r
  CROSS JOIN LATERAL (
    SELECT * FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = r.oid AND k.contype IN ('p', 'f') AND k.conparentid = 0 OFFSET 0) k
  CROSS JOIN LATERAL (
    SELECT pg_catalog.json_agg(a.attname ORDER BY u.n) AS names, pg_catalog.count(*) AS count
    FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum
    WHERE CASE WHEN (a.attrelid, a.attnum) IN (SELECT c.relation, c.attnum FROM columns c)
          THEN true ELSE false END) near
  CROSS JOIN LATERAL (
    SELECT pg_catalog.json_agg(a.attname ORDER BY u.n) AS names, pg_catalog.count(*) AS count
    FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum
    WHERE CASE WHEN (a.attrelid, a.attnum) IN (SELECT c.relation, c.attnum FROM columns c)
          THEN true ELSE false END) far
  -- A key is told only if all its columns are readable, at both ends.
  WHERE CASE WHEN near.count = pg_catalog.cardinality(k.conkey)
    AND (k.contype = 'p' OR far.count = pg_catalog.cardinality(k.confkey))
    THEN true ELSE false END
)
SELECT pg_catalog.json_build_object(
  'relations', COALESCE((
    SELECT pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
      'schema', r.nspname,
      'name', r.relname,
      'kind', CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned_table'
                             WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view'
                             ELSE 'foreign_table' END,
      'comment', d.text,
      'filtered', NULLIF(r.filtered, false),
      'estimated_rows', CASE WHEN r.reltuples >= 0 AND r.relkind IN ('r', 'p', 'm')
                             AND NOT r.filtered
                        THEN r.reltuples::pg_catalog.float8 END,
      'columns', a.list,
      'primary_key', p.names)) ORDER BY r.nspname COLLATE "C", r.relname COLLATE "C")
    FROM readable r
    JOIN attributes a ON a.relation = r.oid
    LEFT JOIN comments d ON d.objoid = r.oid AND d.objsubid = 0
    LEFT JOIN keys p ON p.relation = r.oid AND p.contype = 'p'), '[]'),
  'foreign_keys', COALESCE((
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'from', pg_catalog.json_build_object('schema', r.nspname, 'name', r.relname),
      'from_columns', k.names,
      'to', pg_catalog.json_build_object('schema', f.nspname, 'name', f.relname),
      'to_columns', k.far_names)
      ORDER BY r.nspname COLLATE "C", r.relname COLLATE "C", k.names::pg_catalog.text COLLATE "C",
               f.nspname COLLATE "C", f.relname COLLATE "C")
    FROM keys k
    JOIN readable r ON r.oid = k.relation
    JOIN readable f ON f.oid = k.confrelid
    WHERE k.contype = 'f'), '[]'))::pg_catalog.text
