-- What is wrong with the set-up of text2sql in this database: one finding a row.
--
-- $1: the predefined roles that reach beyond granted tables (src/exec/identity.rs)
-- $2: the foreign servers whose tables the guard lets statements read
--
-- Run by src/api/check_setup with the rights of the administrator who asks and with
-- search_path "pg_catalog, pg_temp". Values of settings that look secret are never returned.
-- A remedy that ends with a semicolon is SQL.
WITH RECURSIVE

-- Roles that may call a function of the extension: by a grant, or as members of such a role.
askers(role) AS (
  SELECT a.grantee
    FROM pg_proc p, aclexplode(p.proacl) a
   WHERE p.pronamespace = 'text2sql'::regnamespace AND a.grantee NOT IN (0, p.proowner)
  UNION
  SELECT m.member FROM askers k JOIN pg_auth_members m ON m.roleid = k.role
),

-- Those of them whose reading privileges bound, and PUBLIC.
readers(role) AS (
  SELECT k.role FROM askers k JOIN pg_roles r ON r.oid = k.role WHERE NOT r.rolsuper
  UNION ALL
  SELECT 0::oid
),

user_schemas(schema) AS (
  SELECT n.oid FROM pg_namespace n
   WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname NOT IN ('information_schema', 'text2sql')
),

-- Who was granted what on relations or their columns, the rights of owners included.
granted(relation, grantee, privilege) AS (
  SELECT c.oid, a.grantee, a.privilege_type
    FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relnamespace IN (SELECT schema FROM user_schemas)
  UNION
  SELECT c.oid, a.grantee, a.privilege_type
    FROM pg_class c
    JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped,
         aclexplode(t.attacl) a
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND c.relnamespace IN (SELECT schema FROM user_schemas)
),

-- Settings of databases and roles, with whose they are and what takes them back.
stored(name, value, role, database, whose, reset) AS (
  SELECT c.name, c.value, s.setrole, s.setdatabase, t.target,
         format('ALTER %s RESET %s;', t.target,
                (SELECT string_agg(quote_ident(part), '.' ORDER BY place)
                   FROM unnest(string_to_array(c.name, '.')) WITH ORDINALITY AS p(part, place)))
    FROM pg_db_role_setting s
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_database d ON d.oid = s.setdatabase,
         unnest(s.setconfig) AS e(entry),
         LATERAL (SELECT split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)) AS c(name, value),
         LATERAL (SELECT CASE WHEN s.setrole = 0 AND s.setdatabase <> 0 THEN 'DATABASE ' || quote_ident(d.datname)
                              ELSE 'ROLE ' || coalesce(quote_ident(r.rolname), 'ALL')
                                   || coalesce(' IN DATABASE ' || quote_ident(d.datname), '')
                          END) AS t(target)
),

-- Values that sessions of this database can start with. What this session was given by its role
-- or database is in pg_settings too, and says nothing of other sessions.
configured(name, value, role, database, reset, weight) AS (
  SELECT name, value, role, database, reset,
         1 + (database <> 0)::int + 2 * (role <> 0)::int
    FROM stored
   WHERE database = 0 OR database = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL
  SELECT s.name, s.reset_val, 0, 0,
         format('ALTER SYSTEM SET %s = %L;', s.name, coalesce(s.boot_val, '')), 0
    FROM pg_settings s
   WHERE NOT EXISTS (
     SELECT FROM stored t
      WHERE t.name = s.name
        AND (t.role = 0 OR t.role = (SELECT oid FROM pg_roles WHERE rolname = session_user))
        AND (t.database = 0 OR t.database = (SELECT oid FROM pg_database WHERE datname = current_database())))
),

-- Schemas that unqualified names or questions lead to; only search_path knows quotes.
paths(name) AS (
  SELECT coalesce(lower(m[2]), replace(m[1], '""', '"'))
    FROM configured c, regexp_matches(c.value, '"((?:[^"]|"")+)"|([^",[:space:]]+)', 'g') AS m
   WHERE c.name = 'search_path'
  UNION
  SELECT trim(part)
    FROM configured c, unnest(string_to_array(c.value, ',')) AS part
   WHERE c.name = 'text2sql.schemas'
),

-- Roles that settings name: statements run with their rights, or within them.
named(role, name, setting, reset) AS (
  SELECT r.oid, trim(c.value), c.name, c.reset
    FROM configured c
    LEFT JOIN pg_roles r ON r.rolname = trim(c.value)
   WHERE c.name IN ('text2sql.execution_role', 'text2sql.readable_role') AND trim(c.value) <> ''
),

-- Roles that must not be powerful: of those who ask, the ones whose own rights are used.
bounded(role, because, reset) AS (
  SELECT k.role, 'it may ask and has no text2sql.execution_role', NULL
    FROM askers k
   WHERE coalesce((SELECT trim(c.value)
                     FROM configured c
                    WHERE c.name = 'text2sql.execution_role' AND c.role IN (0, k.role)
                    ORDER BY c.weight DESC LIMIT 1), '') = ''
  UNION
  SELECT role, setting || ' names it', reset FROM named WHERE role IS NOT NULL
),

public_create AS (
  SELECT 'warning', n.nspname::text,
         'everybody may create objects in this schema, which questions and unqualified names lead to',
         format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC;', n.nspname)
    FROM pg_namespace n, aclexplode(n.nspacl) a
   WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'
     AND (n.nspname IN (SELECT name FROM paths)
          OR '$user' IN (SELECT name FROM paths)
             AND n.nspname IN (SELECT r.rolname FROM askers k JOIN pg_roles r ON r.oid = k.role))
),

-- A condition of a view hides rows only from those who cannot choose the statement, unless the
-- view is a barrier. One that shows what its reader could select anyway hides nothing.
filter_view AS (
  SELECT 'critical', v.oid::regclass::text,
         'a condition or join of this view hides rows from those who may ask, but it is no security barrier: functions and errors of a statement can tell of the hidden rows',
         format('ALTER VIEW %s SET (security_barrier = true);', v.oid::regclass)
    FROM pg_class v
    JOIN pg_rewrite w ON w.ev_class = v.oid AND w.rulename = '_RETURN'
   WHERE v.relkind = 'v'
     AND v.relnamespace IN (SELECT schema FROM user_schemas)
     AND w.ev_action::text ~ ':(quals|havingQual) \{'
     AND NOT EXISTS (
       SELECT FROM pg_options_to_table(v.reloptions)
        WHERE option_name IN ('security_barrier', 'security_invoker') AND option_value::boolean)
     AND NOT EXISTS (
       SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = v.oid AND d.deptype = 'e')
     AND EXISTS (
       SELECT
         FROM readers r
         JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                         AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
         JOIN pg_class b ON b.oid = d.refobjid AND b.relkind IN ('r', 'p', 'v', 'm', 'f')
        WHERE has_schema_privilege(r.role, v.relnamespace, 'USAGE')
          AND has_any_column_privilege(r.role, v.oid, 'SELECT')
          AND NOT (r.role <> 0 AND pg_has_role(r.role, v.relowner, 'MEMBER'))
          AND (b.relrowsecurity OR NOT has_table_privilege(r.role, b.oid, 'SELECT')))
),

-- Settings of this server and of text2sql are no secrets, whatever their names sound like.
setting_secret AS (
  SELECT 'warning', format('%s of %s', name, whose),
         'this setting looks like a secret, and every role of every database can read it in pg_db_role_setting',
         reset
    FROM stored
   WHERE name LIKE '%.%' AND name NOT LIKE 'text2sql.%'
     AND (name ~* '(passw|passphrase|pwd|secret|token|credential|private|jwt|api_?key|access_?key|([._]|^)key([._]|$)|_key)'
          OR value ~ '(^eyJ[A-Za-z0-9_-]{10,}\.|-----BEGIN|^(AKIA|ASIA)[A-Z0-9]{16}|^(sk|pk|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{16,}|://[^/@ ]+:[^/@ ]+@|^[0-9a-fA-F]{32,}$)')
),

foreign_table AS (
  SELECT CASE WHEN s.srvname = ANY ($2) THEN 'warning' ELSE 'info' END, c.oid::regclass::text,
         format(CASE WHEN s.srvname = ANY ($2)
                     THEN '%s may read this table of server %I, which text2sql.foreign_servers lists: statements of the model act outside of this server'
                     ELSE '%s may read this table of server %I; statements of the model may not, as text2sql.foreign_servers does not list it'
                END, CASE g.grantee WHEN 0 THEN 'everybody' ELSE g.grantee::regrole::text END, s.srvname),
         format('REVOKE SELECT ON %s FROM %s;', c.oid::regclass,
                CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM granted g
    JOIN pg_class c ON c.oid = g.relation AND c.relkind = 'f'
    JOIN pg_foreign_table f ON f.ftrelid = c.oid
    JOIN pg_foreign_server s ON s.oid = f.ftserver
   WHERE g.privilege = 'SELECT'
     AND (g.grantee = 0 OR EXISTS (SELECT FROM readers r WHERE r.role <> 0 AND pg_has_role(r.role, g.grantee, 'MEMBER')))
),

foreign_server AS (
  SELECT 'info', s.srvname::text,
         format('%s may make foreign tables of this server',
                CASE a.grantee WHEN 0 THEN 'everybody' ELSE a.grantee::regrole::text END),
         format('REVOKE USAGE ON FOREIGN SERVER %I FROM %s;', s.srvname,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
    FROM pg_foreign_server s, aclexplode(s.srvacl) a
   WHERE a.privilege_type = 'USAGE' AND a.grantee <> s.srvowner
     AND (a.grantee = 0 OR EXISTS (SELECT FROM readers r WHERE r.role <> 0 AND pg_has_role(r.role, a.grantee, 'MEMBER')))
),

user_mapping AS (
  SELECT 'warning', srvname::text,
         'everybody reaches this server with the same stored credentials',
         format('DROP USER MAPPING FOR PUBLIC SERVER %I;', srvname)
    FROM pg_user_mappings
   WHERE umuser = 0
),

missing_role AS (
  SELECT 'critical', name, format('%s names this role, which does not exist, so questions are refused', setting), reset
    FROM named
   WHERE role IS NULL
),

-- The guard refuses to run anything with such rights; a role that only bounds others would not.
powerful_role AS (
  SELECT 'warning', r.rolname::text, format('%s, but it is a superuser', b.because),
         coalesce(b.reset, format('REVOKE %s FROM %I;', m.roleid::regrole, r.rolname))
    FROM bounded b
    JOIN pg_roles r ON r.oid = b.role AND r.rolsuper
    LEFT JOIN pg_auth_members m ON m.member = b.role AND m.roleid IN (SELECT role FROM askers)
   WHERE b.reset IS NOT NULL OR m.roleid IS NOT NULL
  UNION
  SELECT 'warning', r.rolname::text, format('%s, but it has the attribute %s', b.because, a.attribute),
         format('ALTER ROLE %I NO%s;', r.rolname, a.attribute)
    FROM bounded b
    JOIN pg_roles r ON r.oid = b.role AND NOT r.rolsuper,
         LATERAL (VALUES ('BYPASSRLS', r.rolbypassrls), ('REPLICATION', r.rolreplication)) AS a(attribute, has)
   WHERE a.has
  UNION
  SELECT 'warning', r.rolname::text,
         format('%s, but it is a member of %s', b.because,
                concat_ws(' and so of ', m.roleid::regrole, nullif(p.role, m.roleid)::regrole)),
         format('REVOKE %s FROM %I;', m.roleid::regrole, r.rolname)
    FROM bounded b
    JOIN pg_roles r ON r.oid = b.role AND NOT r.rolsuper
    JOIN pg_auth_members m ON m.member = b.role AND m.roleid NOT IN (SELECT role FROM bounded),
         -- One that says why; the role itself before those it contains.
         LATERAL (SELECT p.role FROM unnest($1::oid[]) AS p(role)
                   WHERE pg_has_role(m.roleid, p.role, 'MEMBER')
                   ORDER BY p.role <> m.roleid, p.role::regrole::text LIMIT 1) AS p
),

writing_role AS (
  SELECT 'warning', n.name,
         format('%s names it, and it may write to %s table(s) of schema %I', n.setting, count(DISTINCT c.oid), s.nspname),
         format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I FROM %s;', s.nspname,
                CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM named n
    JOIN pg_roles r ON r.oid = n.role AND NOT r.rolsuper
    JOIN granted g ON g.grantee = 0 OR pg_has_role(n.role, g.grantee, 'MEMBER')
    JOIN pg_class c ON c.oid = g.relation
    JOIN pg_namespace s ON s.oid = c.relnamespace
   WHERE g.privilege IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
   GROUP BY n.name, n.setting, s.nspname, g.grantee
),

definer_function AS (
  SELECT 'warning', p.oid::regprocedure::text,
         'everybody may run this SECURITY DEFINER routine with the rights of a superuser',
         format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC;', p.oid::regprocedure)
    FROM pg_proc p
    JOIN pg_roles o ON o.oid = p.proowner AND o.rolsuper,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
   WHERE p.prosecdef AND a.grantee = 0
     AND p.pronamespace IN (SELECT schema FROM user_schemas)
),

-- Arrays and row types have no rights of their own worth the name.
public_privilege AS (
  SELECT DISTINCT 'critical', o.object, 'everybody has rights on this object of text2sql',
         format('REVOKE ALL ON %s %s FROM PUBLIC;', o.kind, o.object)
    FROM (
      SELECT 'SCHEMA', nspname::text, nspacl
        FROM pg_namespace WHERE nspname = 'text2sql'
      UNION ALL
      SELECT 'ROUTINE', oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc WHERE pronamespace = 'text2sql'::regnamespace
      UNION ALL
      SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, relacl
        FROM pg_class WHERE relnamespace = 'text2sql'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      UNION ALL
      SELECT 'TYPE', t.oid::regtype::text, coalesce(t.typacl, acldefault('T', t.typowner))
        FROM pg_type t
        LEFT JOIN pg_class c ON c.oid = t.typrelid
       WHERE t.typnamespace = 'text2sql'::regnamespace
         AND t.typelem = 0 AND coalesce(c.relkind, 'c') = 'c'
    ) AS o(kind, object, acl),
    aclexplode(o.acl) a
   WHERE a.grantee = 0
  UNION ALL
  SELECT 'critical', format('default privileges of %s', d.defaclrole::regrole),
         'everybody is given rights on objects that this role adds to text2sql',
         format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA text2sql REVOKE ALL ON %s FROM PUBLIC;',
                d.defaclrole::regrole,
                CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
                                     WHEN 'f' THEN 'ROUTINES' ELSE 'TYPES' END)
    FROM pg_default_acl d
   WHERE d.defaclnamespace = 'text2sql'::regnamespace
     AND EXISTS (SELECT FROM aclexplode(d.defaclacl) a WHERE a.grantee = 0)
),

logging AS (
  SELECT 'info', name, 'the server''s log gets the text of calls, and with it questions', reset
    FROM configured
   WHERE name = 'log_statement' AND value = 'all'
      OR name IN ('log_min_duration_statement', 'log_min_duration_sample') AND value <> '-1'
  UNION ALL
  SELECT 'info', name, 'pg_stat_statements keeps the text of DO, PREPARE and DECLARE, and with it questions',
         CASE weight WHEN 0 THEN 'ALTER SYSTEM SET pg_stat_statements.track_utility = off;' ELSE reset END
    FROM configured
   WHERE name = 'pg_stat_statements.track_utility' AND value = 'on'
     AND EXISTS (SELECT FROM pg_settings WHERE pg_settings.name = 'pg_stat_statements.max')
)

SELECT f.severity, f.check_name, f.object, f.finding, f.remedy
  FROM (
    SELECT 'public_create', * FROM public_create
    UNION ALL SELECT 'filter_view', * FROM filter_view
    UNION ALL SELECT 'setting_secret', * FROM setting_secret
    UNION ALL SELECT 'foreign_table', * FROM foreign_table
    UNION ALL SELECT 'foreign_server', * FROM foreign_server
    UNION ALL SELECT 'user_mapping', * FROM user_mapping
    UNION ALL SELECT 'missing_role', * FROM missing_role
    UNION ALL SELECT 'powerful_role', * FROM powerful_role
    UNION ALL SELECT 'writing_role', * FROM writing_role
    UNION ALL SELECT 'definer_function', * FROM definer_function
    UNION ALL SELECT 'public_privilege', * FROM public_privilege
    UNION ALL SELECT 'logging', * FROM logging
  ) AS f(check_name, severity, object, finding, remedy)
