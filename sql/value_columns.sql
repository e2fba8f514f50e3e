-- Text columns whose values could be kept, with what speaks against it: one row a column.
--
-- $1: text2sql.index_values; $2: names that promise a secret; $3: schemas, or NULL; $4: a relation, or
-- NULL; $5: most values of a column. Run by src/values/refresh.rs as the owner of the tables of the
-- extension, under search_path = pg_catalog, pg_temp.
WITH RECURSIVE scope AS MATERIALIZED (
  SELECT c.*, n.nspname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   -- Views are left out: what one shows may depend on who asks. Foreign tables, too: on the other
   -- server, roles may see different rows.
   WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'text2sql')
     AND ($3 IS NULL OR n.nspname = ANY ($3)) AND ($4 IS NULL OR c.oid = $4)
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                        AND d.deptype = 'e')
), members(root, member) AS (
  SELECT oid, oid FROM scope
  UNION
  SELECT m.root, i.inhrelid FROM members m JOIN pg_inherits i ON i.inhparent = m.member
), states AS MATERIALIZED (
  -- Whatever changes a row, or puts other files in the place of a table, changes this.
  SELECT m.root, bool_or(c.relkind = 'f') AS is_far,
         CASE WHEN current_setting('track_counts')::boolean THEN
           md5(concat_ws(' ', pg_stat_get_db_stat_reset_time(
                 (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())),
               string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid),
                 pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
                 pg_stat_get_tuples_deleted(c.oid)), ' ' ORDER BY c.oid))) END AS state
    FROM members m JOIN pg_class c ON c.oid = m.member
   GROUP BY m.root
)
SELECT c.oid, c.relowner, c.nspname::text, c.relname::text, a.attnum, a.attname::text,
       s.allowed IS TRUE, t.state, t.state = o.state,
       CASE WHEN $1 = 'off' THEN 'text2sql.index_values is off'
            WHEN NOT s.allowed THEN 'denied'
            WHEN c.relrowsecurity THEN 'row-level security'
            WHEN t.is_far THEN 'foreign partitions'
            WHEN NOT c.relispopulated THEN 'not populated'
            WHEN s.allowed THEN NULL
            WHEN $1 = 'allowed' THEN 'not allowed'
            WHEN a.attname ~* $2 THEN 'its name promises a secret'
            WHEN p.width IS NULL THEN 'no statistics'
            WHEN p.width > 40 THEN 'long texts'
            WHEN p.count > $5 THEN 'too many values' END
  FROM scope c
  JOIN states t ON t.root = c.oid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN text2sql.value_column o ON o.relation = c.oid AND o.attnum = a.attnum
  LEFT JOIN LATERAL (
    SELECT v.allowed FROM text2sql.value_setting v
     WHERE v.schema_name = c.nspname AND v.relation_name = c.relname
       AND v.column_name IN ('', a.attname)
     ORDER BY v.column_name DESC LIMIT 1) s ON true
  LEFT JOIN LATERAL (
    SELECT p.stawidth AS width,
           CASE WHEN p.stadistinct < 0 THEN -p.stadistinct * greatest(c.reltuples, 0)
                ELSE p.stadistinct END AS count
      FROM pg_statistic p WHERE p.starelid = c.oid AND p.staattnum = a.attnum
     ORDER BY p.stainherit DESC LIMIT 1) p ON true
 WHERE CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END IN (
         'text'::regtype, 'varchar'::regtype, 'bpchar'::regtype,
         (SELECT d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_extension'::regclass
             AND d.deptype = 'e' AND e.extname = 'citext' AND d.objid = (
               SELECT u.oid FROM pg_type u WHERE u.typname = 'citext' AND u.typnamespace = e.extnamespace)))
 ORDER BY c.nspname, c.relname, a.attnum
