-- What a role may read, as one JSON document of the shape of core::schema::Snapshot.
--
-- $1: schemas as text[]; $2: oid of a role that must be able to read everything too, be it the
-- same; $3: servers whose foreign tables count, as text[]. Run as the role, under search_path =
-- pg_catalog, pg_temp. Nothing is listed that the role could not SELECT, and no comment, key, label
-- or value of such a thing: everybody can read those in the catalogs, so every one of them hangs on
-- `readable` here.
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
           AND pg_catalog.has_table_privilege($2, c.oid, 'SELECT') AS whole
  FROM schemas n
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
  -- Said twice, for rights are looked up before the join otherwise.
  WHERE c.relnamespace = ANY (ARRAY(SELECT s.oid FROM schemas s))
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT c.relispartition
    AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    AND pg_catalog.has_any_column_privilege($2, c.oid, 'SELECT')
    AND (c.relkind <> 'f' OR EXISTS (
      SELECT FROM pg_catalog.pg_foreign_table t
      JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver
      WHERE t.ftrelid = c.oid AND s.srvname = ANY ($3)))
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.objsubid = 0 AND d.deptype = 'e')
), columns AS MATERIALIZED (
  SELECT r.oid AS relation, a.attnum, a.attname, a.attnotnull, t.typtype,
         CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS base,
         CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
         CASE WHEN t.typtype = 'd' THEN t.typname END AS domain
  FROM readable r
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attnum > 0 AND NOT a.attisdropped
    AND (r.whole OR pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT')
                    AND pg_catalog.has_column_privilege($2, r.oid, a.attnum, 'SELECT'))
), comments AS MATERIALIZED (
  SELECT d.objoid, d.objsubid,
         pg_catalog.btrim(pg_catalog.left(pg_catalog.regexp_replace(d.description,
           '[[:cntrl:]\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+', ' ', 'g'), 200)) AS text
  FROM pg_catalog.pg_description d
  JOIN readable r ON r.oid = d.objoid
  WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND (d.objsubid = 0 OR EXISTS (SELECT FROM columns c
                                   WHERE c.relation = d.objoid AND c.attnum = d.objsubid))
), labels AS MATERIALIZED (
  SELECT e.enumtypid, pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) AS labels
  FROM pg_catalog.pg_enum e
  WHERE e.enumtypid IN (SELECT c.base FROM columns c)
  GROUP BY e.enumtypid
), frequent AS MATERIALIZED (
  -- pg_stats shows no column the role may not read, and nothing of a table with active row
  -- security; the latter is said again for views of other versions.
  SELECT c.relation, c.attnum, v.values
  FROM (SELECT s.schemaname, s.tablename, s.attname,
               s.most_common_vals::pg_catalog.text::pg_catalog.text[] AS list
        FROM pg_catalog.pg_stats s
        WHERE s.schemaname = ANY ($1) AND s.most_common_vals IS NOT NULL
          AND s.n_distinct BETWEEN 1 AND 50 AND NOT s.inherited) s
  JOIN readable r ON r.nspname = s.schemaname AND r.relname = s.tablename
  JOIN columns c ON c.relation = r.oid AND c.attname = s.attname
  CROSS JOIN LATERAL (
    SELECT pg_catalog.json_agg(m.value ORDER BY m.n) AS values
    FROM pg_catalog.unnest(s.list) WITH ORDINALITY m (value, n)
    WHERE m.n <= 5 AND pg_catalog.length(m.value) <= 40 AND m.value !~ '[[:cntrl:]]') v
  WHERE c.base IN ('text'::pg_catalog.regtype, 'varchar'::pg_catalog.regtype,
                   'bpchar'::pg_catalog.regtype)
    -- Names that promise a secret: their values stay out of every prompt.
    AND c.attname !~* '(passw|pwd|secret|token|api_?key|credential|salt|hash|ssn|social_sec|iban|swift|card|cvv|cvc|(^|_)pin($|_)|licen[sc]e_?(no|num)|e_?mail|phone|birth|address|private)'
    AND NOT pg_catalog.row_security_active(r.oid)
    AND v.values IS NOT NULL
), attributes AS MATERIALIZED (
  SELECT c.relation,
         pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
           'name', c.attname,
           'type_name', pg_catalog.format_type(c.base, c.modifier),
           'not_null', c.attnotnull,
           'domain', c.domain,
           'comment', NULLIF(d.text, ''),
           'enum_labels', l.labels,
           'common_values', f.values)) ORDER BY c.attnum) AS list
  FROM columns c
  LEFT JOIN comments d ON d.objoid = c.relation AND d.objsubid = c.attnum
  LEFT JOIN labels l ON l.enumtypid = c.base
  LEFT JOIN frequent f ON f.relation = c.relation AND f.attnum = c.attnum
  GROUP BY c.relation
), keys AS MATERIALIZED (
  SELECT k.oid, k.conrelid, k.confrelid, k.contype, k.conkey, k.confkey
  FROM pg_catalog.pg_constraint k
  JOIN readable r ON r.oid = k.conrelid
  WHERE k.contype IN ('p', 'f') AND k.conparentid = 0
), near_names AS MATERIALIZED (
  SELECT k.oid, pg_catalog.json_agg(c.attname ORDER BY u.n) AS names
  FROM keys k
  CROSS JOIN LATERAL pg_catalog.unnest(k.conkey) WITH ORDINALITY u (attnum, n)
  JOIN columns c ON c.relation = k.conrelid AND c.attnum = u.attnum
  GROUP BY k.oid, k.conkey
  -- A key is told only if all its columns are readable, at both ends.
  HAVING pg_catalog.count(*) = pg_catalog.cardinality(k.conkey)
), far_names AS MATERIALIZED (
  SELECT k.oid, pg_catalog.json_agg(c.attname ORDER BY u.n) AS names
  FROM keys k
  CROSS JOIN LATERAL pg_catalog.unnest(k.confkey) WITH ORDINALITY u (attnum, n)
  JOIN columns c ON c.relation = k.confrelid AND c.attnum = u.attnum
  WHERE k.contype = 'f'
  GROUP BY k.oid, k.confkey
  HAVING pg_catalog.count(*) = pg_catalog.cardinality(k.confkey)
), whole_keys AS MATERIALIZED (
  SELECT k.conrelid, k.confrelid, k.contype, n.names, f.names AS far_names
  FROM keys k
  JOIN near_names n ON n.oid = k.oid
  LEFT JOIN far_names f ON f.oid = k.oid
  WHERE k.contype = 'p' OR f.oid IS NOT NULL
)
SELECT pg_catalog.json_build_object(
  'relations', COALESCE((
    SELECT pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
      'schema', r.nspname,
      'name', r.relname,
      'kind', CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned_table'
                             WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view'
                             ELSE 'foreign_table' END,
      'comment', NULLIF(d.text, ''),
      'estimated_rows', CASE WHEN r.reltuples >= 0 AND r.relkind IN ('r', 'p', 'm')
                             AND NOT pg_catalog.row_security_active(r.oid)
                        THEN r.reltuples::pg_catalog.float8 END,
      'columns', a.list,
      'primary_key', p.names)) ORDER BY r.nspname COLLATE "C", r.relname COLLATE "C")
    FROM readable r
    JOIN attributes a ON a.relation = r.oid
    LEFT JOIN comments d ON d.objoid = r.oid AND d.objsubid = 0
    LEFT JOIN whole_keys p ON p.conrelid = r.oid AND p.contype = 'p'), '[]'),
  'foreign_keys', COALESCE((
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'from', pg_catalog.json_build_object('schema', r.nspname, 'name', r.relname),
      'from_columns', k.names,
      'to', pg_catalog.json_build_object('schema', f.nspname, 'name', f.relname),
      'to_columns', k.far_names)
      ORDER BY r.nspname COLLATE "C", r.relname COLLATE "C", k.names::pg_catalog.text COLLATE "C",
               f.nspname COLLATE "C", f.relname COLLATE "C")
    FROM whole_keys k
    JOIN readable r ON r.oid = k.conrelid
    JOIN readable f ON f.oid = k.confrelid
    WHERE k.contype = 'f'), '[]'))::pg_catalog.text
