//! The policy as its callers see it: what passes, what does not, and by which rule.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use text2sql_core::sql::{CandidateSql, ParsedSql, Refusal, policy};

fn check(sql: &str) -> Result<ParsedSql, Refusal> {
    policy::check(CandidateSql::from_user(sql).unwrap())
}

#[test]
fn allowed() {
    for sql in [
        "SELECT 1",
        "select 1;",
        "SELECT 1 ; ; -- done",
        "/* a /* nested */ comment; DELETE FROM x */ SELECT 1",
        "-- DROP TABLE x\nSELECT 1",
        "SELECT",
        "SELECT FROM shop.regions",
        "VALUES (1, 'one'), (2, 'two')",
        "TABLE shop.regions",
        "TABLE shop.\"Regions\"",
        "(SELECT 1) UNION ALL (SELECT 2 ORDER BY 1) ORDER BY 1",
        "((SELECT 1))",
        "WITH t AS (SELECT 1 AS a) SELECT a FROM t",
        "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 9) TABLE t",
        "WITH pg_top AS (SELECT 1) SELECT * FROM pg_top",
        "WITH a AS (SELECT 1), pg_b AS (SELECT 1) SELECT * FROM pg_b, ROWS FROM (f()) AS g",
        "SELECT ';', $$ ; DROP TABLE x $$, E'\\';', \"a;b\" FROM s.t",
        "SELECT 'SELECT 1; DELETE FROM x'",
        "SELECT update, delete, insert, o.into, 1 AS into FROM s.o WHERE (update IS NULL)",
        "SELECT max(update) AS update FROM s.t",
        "SELECT coalesce(update, now()) FROM s.t",
        "SELECT share FROM s.t",
        "SELECT substring(a FROM 1 FOR 2) FROM s.t",
        "SELECT pg_typeof(1), pg_column_size('x')",
        "SELECT pg_catalog.lower('X'), 'x'::pg_catalog.text, 1 OPERATOR(pg_catalog.+) 2",
        "SELECT pg_rating FROM s.movies WHERE movies.pg_rating = 'PG'",
        "SELECT nextval, lo_price, dblink FROM s.t",
        "SELECT a[1:2] FROM s.t",
        "SELECT * FROM s.t TABLESAMPLE system (10)",
        "SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(a, b)",
        "SELECT count(*) FILTER (WHERE a) OVER (PARTITION BY b ORDER BY c) FROM s.t",
        "SELECT 1 FETCH FIRST 2 ROWS WITH TIES",
        "SELECT a IS DISTINCT FROM b, a ~ 'x', b->>'k', c @> '{1}' FROM s.t",
        "SELECT date_trunc('month', d) FROM s.t GROUP BY ROLLUP (1)",
        "SELECT 'de'::regconfig",
        "SELECT 1 AS \"a\u{a0}b\"",
        "SELECT '\u{202e}' || name FROM s.t",
        // Our parser knows none of these; the server decides.
        "SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a'])) AS t(i, v)",
        "SELECT * FROM some.thing WITH weird CLAUSE",
        "SELECT 1 FROM",
        // Our parser takes these for clauses of other systems; the server reads them.
        "SELECT a, sum(b) FROM s.t GROUP BY ALL GROUPING SETS ((a), ())",
        "SELECT a, sum(b) FROM s.t GROUP BY ALL ROLLUP (a)",
        "SELECT a, sum(b) FROM s.t GROUP BY DISTINCT ROLLUP (a), CUBE (a)",
        "SELECT top(a) AS x FROM s.t",
        "SELECT * FROM openjson('{}')",
        "SELECT top, top + 1, t.top FROM s.t ORDER BY top",
        "SELECT * FROM s.t qualify WHERE qualify.a = 1",
        "SELECT * FROM s.t prewhere, s.u settings, s.v format, s.w sample",
        "SELECT * FROM s.t pivot (a, b) WHERE pivot.a = 1",
        "SELECT * FROM s.t unpivot (a, b)",
        "SELECT * FROM s.t AS cluster, s.u AS sort, s.v AS connect, s.w AS start",
        "SELECT * FROM s.t exclude",
        "SELECT a exclude, b AS qualify, c format, d xml FROM s.t",
        "SELECT * FROM s.match_recognize m, s.semantic_view v",
        "SELECT value, struct FROM s.t",
    ] {
        if let Err(refusal) = check(sql) {
            panic!("{sql}\nis refused by {}: {refusal}", refusal.rule);
        }
    }
}

#[test]
fn refused() {
    for (rule, statements) in [
        ("empty-statement", &[";", " ; ; ", "-- nothing", "/* SELECT 1 */"][..]),
        (
            "malformed-text",
            &[
                "SELECT 'a",
                "SELECT \"a",
                "SELECT 1 /* /* */",
                "SELECT $a$ $b$",
                "SELECT 1 \\gexec",
                "\\! id",
                "SELECT {fn now()}",
                "SELECT * FROM U&\"d!0061t!+000061\" UESCAPE '!'",
            ],
        ),
        (
            "invisible-characters",
            &[
                "SELECT\u{a0}1 AS \u{202e}x",
                "SELECT a\u{200b}b FROM s.t",
                "SELECT 1 AS \"a\u{feff}\"",
            ],
        ),
        (
            "several-statements",
            &[
                "SELECT 1; SELECT 2",
                "SELECT 1; COMMIT; DELETE FROM s.t",
                "SELECT 1;; SELECT 2",
                "SELECT '\\'; DELETE FROM s.t; --'",
                "SELECT $$;$$; COMMIT",
                "SELECT 1 /* ; */ ; SELECT 2",
                "SELECT 1 -- x\r; DELETE FROM s.t",
                "SELECT E'a'\n'\\''; DELETE FROM s.t",
            ],
        ),
        (
            "not-a-select",
            &[
                "DELETE FROM s.t",
                "/* SELECT */ DELETE FROM s.t",
                "--SELECT\nDELETE FROM s.t",
                "INSERT INTO s.t VALUES (1)",
                "UPDATE s.t SET a = 1",
                "MERGE INTO s.t USING s.u ON true WHEN MATCHED THEN DELETE",
                "DROP TABLE s.t",
                "TRUNCATE s.t",
                "COPY s.t TO '/tmp/x'",
                "COPY (SELECT 1) TO PROGRAM 'id'",
                "DO $$ BEGIN DELETE FROM s.t; END $$",
                "CALL s.p()",
                "EXPLAIN ANALYZE DELETE FROM s.t",
                "EXPLAIN SELECT 1",
                "CREATE TABLE s.x AS SELECT 1",
                "SET ROLE postgres",
                "SHOW ALL",
                "LISTEN x",
                "NOTIFY x, 'y'",
                "LOCK TABLE s.t",
                "EXECUTE p(1)",
                "PREPARE p AS SELECT 1",
                "DECLARE c CURSOR FOR SELECT 1",
                "FETCH ALL FROM c",
                "GRANT ALL ON s.t TO PUBLIC",
                "VACUUM",
                "BEGIN",
                "ALTER SYSTEM SET work_mem = '1GB'",
                "REFRESH MATERIALIZED VIEW s.m",
                "(DELETE FROM s.t)",
                "ѕelect 1",
                "Here is the query: SELECT 1",
                "'SELECT 1'",
                "\"SELECT\" 1",
            ],
        ),
        (
            "writes-data",
            &[
                "WITH x AS (DELETE FROM s.t RETURNING *) SELECT * FROM x",
                "WITH x AS (INSERT INTO s.t VALUES (1) RETURNING 1) SELECT * FROM x",
                "WITH x AS (UPDATE s.t SET a = 1 RETURNING 1) SELECT 1",
                "WITH x AS (UPDATE ONLY s.t AS u SET a = (SELECT 1) RETURNING 1) TABLE x",
                "WITH x AS MATERIALIZED (delete/**/from s.t RETURNING *) SELECT * FROM x",
                "WITH x AS (WITH y AS (SELECT 1) DELETE FROM s.t RETURNING 1) SELECT 1",
                "WITH x AS (SELECT 1) DELETE FROM s.t",
                "WITH x AS (SELECT 1) UPDATE s.t SET a = 1",
                "WITH x AS (SELECT 1) INSERT INTO s.t SELECT * FROM x",
                "WITH x AS (MERGE INTO s.t USING s.u ON true WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1",
                "SELECT * FROM (WITH x AS (DELETE FROM s.t RETURNING 1) SELECT * FROM x) q",
            ],
        ),
        (
            "select-into",
            &[
                "SELECT 1 INTO s.x",
                "SELECT 1 AS a INTO TEMP x",
                "WITH q AS (SELECT 1 a) SELECT a INTO UNLOGGED s.x FROM q",
                "SELECT 1 INTO s.x UNION SELECT 2",
                "SELECT * FROM (SELECT 1 into x) q",
            ],
        ),
        (
            "row-lock",
            &[
                "SELECT * FROM s.t FOR UPDATE",
                "SELECT * FROM s.t FOR/**/SHARE NOWAIT",
                "SELECT * FROM s.t FOR NO KEY UPDATE",
                "SELECT * FROM s.t FOR KEY SHARE SKIP LOCKED",
                "SELECT count(*) FROM (SELECT 1 FROM s.t FOR UPDATE) q",
                "WITH x AS (SELECT 1 FROM s.t FOR UPDATE OF t) SELECT * FROM x",
            ],
        ),
        ("parameter", &["SELECT $1", "SELECT * FROM s.t WHERE a = $12"]),
        (
            "denied-function",
            &[
                "SELECT pg_sleep(10)",
                "SELECT PG_SLEEP(10)",
                "SELECT pg_catalog.pg_sleep(10)",
                "SELECT \"pg_sleep\"(10)",
                "SELECT U&\"pg\\005Fsleep\"(10)",
                "SELECT U&\"\\+000070g_sleep\" (10)",
                "SELECT pg_sleep /* x */ (10)",
                "SELECT pg_sleep\n(10)",
                "SELECT $a$ $b$ $a$, pg_sleep(1) --$b$",
                "SELECT 'a' -- '\n'b', pg_sleep(1)",
                "SELECT * FROM pg_ls_dir('.')",
                "SELECT count(pg_advisory_lock(id)) FROM s.t",
                "SELECT 1 ORDER BY set_config('role', 'none', true)",
                "WITH a AS MATERIALIZED (SELECT set_config('app.tenant', 'x', true)) SELECT * FROM a, s.t",
                "SELECT current_setting('app.secret')",
                "SELECT query_to_xml('DELETE FROM s.t RETURNING 1', true, true, '')",
                "SELECT * FROM dblink('x', 'DELETE FROM s.t') AS t(a int)",
                "SELECT public.dblink_exec('x', 'y')",
                "SELECT lo_import('/etc/passwd')",
                "SELECT nextval('s.q')",
                "SELECT txid_current()",
                "SELECT * FROM ts_stat('SELECT 1')",
                "SELECT has_table_privilege('x', 'y', 'SELECT')",
                "VALUES (pg_read_file('/etc/passwd'))",
                "SELECT * FROM ROWS FROM (pg_ls_dir('.')) AS t(x)",
            ],
        ),
        (
            "denied-type",
            &[
                "SELECT 's.t'::regclass",
                "SELECT CAST('postgres' AS regrole)",
                "SELECT regproc 'pg_sleep'",
                "SELECT 's.t'::pg_catalog.\"regclass\"",
            ],
        ),
        (
            "system-catalog",
            &[
                "SELECT * FROM pg_class",
                "SELECT * FROM PG_CATALOG.pg_class",
                "SELECT * FROM \"pg_catalog\".\"pg_authid\"",
                "SELECT * FROM s.t, pg_settings",
                "SELECT * FROM s.t JOIN pg_stat_activity ON true",
                "SELECT (SELECT count(*) FROM pg_shadow)",
                "TABLE pg_shadow",
                "TABLE pg_catalog.pg_shadow",
                "SELECT 1 UNION (TABLE pg_shadow)",
                "SELECT * FROM information_schema.tables",
                "SELECT * FROM pg_toast.pg_toast_1255",
                "SELECT * FROM pg_temp.orders",
                "SELECT * FROM pg_temp_3.orders",
                "SELECT text2sql.ask('x')",
                "SELECT * FROM s.t, LATERAL text2sql.ask(t.a) q",
                "SELECT * FROM ONLY pg_class",
            ],
        ),
        (
            "too-complex",
            &[
                &format!("SELECT {}1{}", "(".repeat(100), ")".repeat(100)),
                &format!("SELECT {}1{}", "ARRAY[".repeat(2000), "]".repeat(2000)),
                &format!("SELECT 1{}", "+1".repeat(5_000)),
                &format!("SELECT {}1", "- ".repeat(5_000)),
                &format!("SELECT {}true", "NOT ".repeat(5_000)),
                &format!("SELECT 1{}", " UNION SELECT 1".repeat(3_000)),
                &format!("SELECT 1 WHERE true{}", " AND true".repeat(3_000)),
                &format!("SELECT 1{}", "::int".repeat(5_000)),
                &format!("SELECT 1{}", ",1".repeat(20_000)),
                &format!("SELECT 1 FROM s.t{}", " JOIN s.t ON true".repeat(60)),
                &format!("SELECT 1 FROM s.t{}", ", s.t".repeat(60)),
            ],
        ),
    ] {
        for sql in statements {
            let shown: String = sql.chars().take(100).collect();
            match check(sql) {
                Ok(_) => panic!("{shown}\nshould be refused by {rule}"),
                Err(refusal) => assert_eq!(refusal.rule, rule, "{shown}: {refusal}"),
            }
        }
    }
}

#[test]
fn the_text_that_passes_is_the_statement_alone() {
    for (sql, text) in [
        ("-- x\nSELECT 1 -- y\n ; ; /* z */", "SELECT 1"),
        ("SELECT /* kept */ 1", "SELECT /* kept */ 1"),
        ("  SELECT 'é'  ", "SELECT 'é'"),
    ] {
        assert_eq!(check(sql).unwrap().text(), text);
    }
}

#[test]
fn names_are_reported_for_explanations() {
    let parsed = check(
        "WITH big AS (SELECT o.customer_id AS cid, sum(o.total) AS s FROM shop.orders AS o GROUP BY 1)
         SELECT c.name, big.s FROM big JOIN shop.\"Customers\" c ON c.ID = big.cid WHERE c.City = 'x'",
    )
    .unwrap();
    let relations: Vec<String> = parsed
        .relations()
        .iter()
        .map(|r| format!("{}.{}", r.schema.as_deref().unwrap_or("?"), r.name))
        .collect();
    assert_eq!(relations, ["shop.Customers", "shop.orders"]);
    let columns: Vec<String> = parsed
        .columns()
        .iter()
        .map(|c| format!("{}.{}", c.relation.as_ref().map_or("?", |r| r.name.as_str()), c.name))
        .collect();
    assert_eq!(
        columns,
        [
            "?.cid",
            "?.s",
            "Customers.city",
            "Customers.id",
            "Customers.name",
            "orders.customer_id",
            "orders.total"
        ]
    );
    let plain = check("SELECT name FROM shop.customers").unwrap();
    assert_eq!(plain.columns()[0].relation.as_ref().unwrap().name, "customers");
    let table = check("TABLE shop.regions").unwrap();
    assert_eq!(table.relations()[0].name, "regions");
    let table = check("(TABLE \"R\") UNION SELECT 1 AS table FROM s.t").unwrap();
    let names: Vec<&str> = table.relations().iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["R", "t"]);
    let unknown = check("SELECT a FROM ROWS FROM (generate_series(1, 2)) AS t(a)").unwrap();
    assert!(!unknown.is_understood());
    assert!(unknown.relations().is_empty() && unknown.columns().is_empty());
}
