//! Tests that need a backend, and functions that let scripts reach what has no SQL function.
//!
//! Compiled with the feature `pg_test` only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code: a failed expectation is the outcome"
)]

use pgrx::prelude::*;

use crate::exec::{self, ExecError, Limits, Policy};

/// The snapshot of the caller, its fingerprint and how long it took in milliseconds.
#[pg_extern(volatile, parallel_unsafe)]
fn snapshot_as_caller(schemas: default!(Option<Vec<String>>, "NULL")) -> String {
    let started = std::time::Instant::now();
    match crate::catalog::snapshot(view(schemas)) {
        Ok(snapshot) => serde_json::json!({
            "ms": started.elapsed().as_secs_f64() * 1000.0,
            "fingerprint": snapshot.fingerprint(),
            "snapshot": &*snapshot,
        })
        .to_string(),
        Err(error) => error.to_string(),
    }
}

/// What the role in force sees in `schemas`, by default in its search path.
fn view(schemas: Option<Vec<String>>) -> crate::catalog::View {
    crate::catalog::View {
        role: crate::pg::server::current_role(),
        readable_role: None,
        schemas: schemas.unwrap_or_else(crate::pg::facts::search_path),
        foreign_servers: Vec::new(),
        semantics: true,
    }
}

#[pg_schema]
mod tests {
    use super::*;
    use crate::exec::Truncation;

    const SETUP: &str = "
        CREATE ROLE t_user; CREATE SCHEMA t; GRANT USAGE ON SCHEMA t TO t_user;
        CREATE TABLE t.open (id int PRIMARY KEY, name text, pay numeric, rest text);
        INSERT INTO t.open SELECT i, 'n' || i, i, repeat('x', 100) FROM generate_series(1, 500) i;
        CREATE TABLE t.closed (id int PRIMARY KEY, open_id int REFERENCES t.open);
        COMMENT ON TABLE t.closed IS 'hidden table';
        COMMENT ON COLUMN t.open.pay IS 'hidden column';
        COMMENT ON COLUMN t.open.name IS E'shown\\ncolumn';
        GRANT SELECT (id, name, rest) ON t.open TO t_user;
        ANALYZE t.open";

    fn set_up() {
        Spi::run(SETUP).unwrap();
        Spi::run("SET ROLE t_user").unwrap();
    }

    fn try_run(sql: &str, limits: &Limits) -> Result<exec::ResultSet, ExecError> {
        let identity = exec::identity::resolve(None)?;
        exec::run(sql, identity, limits, &Policy::default())
    }

    fn state() -> String {
        Spi::get_one::<String>(
            "SELECT concat_ws('|', current_user, current_setting('search_path'),
               current_setting('transaction_read_only'), current_setting('work_mem'),
               current_setting('lock_timeout'), current_setting('client_min_messages'))",
        )
        .unwrap()
        .unwrap()
    }

    #[pg_test]
    fn everything_is_as_before_after_success_and_after_errors() {
        set_up();
        let before = state();
        let limits = Limits::default();
        for sql in [
            "SELECT id, name FROM t.open",
            "SELECT 1/0",
            "SELECT nonsense",
            "SELEC",
            "SELECT pay FROM t.open",
            "SELECT pg_sleep(1)",
            "SELECT 1; SELECT 2",
        ] {
            let _ = try_run(sql, &limits);
            assert_eq!(state(), before, "{sql}");
        }
        Spi::run("RESET ROLE; INSERT INTO t.open VALUES (1000)").unwrap();
    }

    #[pg_test]
    fn errors_are_told_apart() {
        set_up();
        let limits = Limits::default();
        assert!(matches!(
            try_run("SELECT nme FROM t.open", &limits),
            Err(ExecError::Analysis { position: Some(8), safe_for_model: true, .. })
        ));
        assert!(matches!(
            try_run("SELECT 1 / (id - id) FROM t.open", &limits),
            Err(ExecError::Execution { ref sqlstate, .. }) if sqlstate == "22012"
        ));
        assert!(matches!(
            try_run("SELECT pay FROM t.open", &limits),
            Err(ExecError::Permission { .. })
        ));
        assert!(matches!(
            try_run("SELECT * FROM t.closed", &limits),
            Err(ExecError::Permission { .. })
        ));
        for sql in [
            "DELETE FROM t.open",
            "SELECT 1 INTO x",
            "SELECT id FROM t.open FOR UPDATE",
            "SELECT set_config('a.b', 'c', false)",
            "SELECT * FROM pg_class",
        ] {
            assert!(matches!(try_run(sql, &limits), Err(ExecError::Refused { .. })), "{sql}");
        }
    }

    #[pg_test]
    fn a_superuser_is_refused_and_an_execution_role_helps() {
        assert!(matches!(exec::identity::resolve(None), Err(ExecError::Refused { .. })));
        Spi::run(SETUP).unwrap();
        let identity = exec::identity::resolve(Some("t_user")).unwrap();
        let limits = Limits::default();
        let result = exec::run("SELECT current_user", identity, &limits, &Policy::default());
        assert_eq!(result.unwrap().rows, [r#"{"current_user":"t_user"}"#]);
    }

    #[pg_test]
    fn results_end_at_their_caps() {
        set_up();
        let rows = Limits { max_rows: 10, ..Limits::default() };
        let result = try_run("SELECT id, id FROM t.open ORDER BY id", &rows).unwrap();
        assert_eq!(result.rows.len(), 10);
        assert_eq!(result.rows[0], r#"{"id":1,"id_2":1}"#);
        assert_eq!(result.truncated, Some(Truncation::Rows(10)));
        let bytes = Limits { max_bytes: 1000, ..Limits::default() };
        let result = try_run("SELECT rest FROM t.open", &bytes).unwrap();
        assert!(result.rows.len() < 10);
        assert_eq!(result.truncated, Some(Truncation::Bytes(1000)));
        let columns = Limits { max_columns: 1, ..Limits::default() };
        assert!(matches!(try_run("SELECT 1, 2", &columns), Err(ExecError::Refused { .. })));
        let cost = Limits { max_cost: 1.0, ..Limits::default() };
        assert!(matches!(try_run("SELECT id FROM t.open", &cost), Err(ExecError::Cost { .. })));
    }

    const ENDLESS: &str = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r
        WHERE i < 2000000000) SELECT count(*) FROM r";

    #[pg_test]
    fn our_limit_is_a_timeout() {
        set_up();
        let limits = Limits { timeout_ms: 200, ..Limits::default() };
        assert_eq!(try_run(ENDLESS, &limits), Err(ExecError::Timeout { ms: 200 }));
        assert_eq!(try_run("SELECT 1 AS a", &limits).unwrap().rows, [r#"{"a":1}"#]);
    }

    #[pg_test]
    fn a_snapshot_holds_nothing_unreadable() {
        set_up();
        let schemas = vec!["t".to_owned()];
        let snapshot = crate::catalog::snapshot(view(Some(schemas.clone()))).unwrap();
        let text = serde_json::to_string(&*snapshot).unwrap();
        assert!(!text.contains("hidden") && !text.contains("closed") && !text.contains("pay"));
        assert!(text.contains("shown column"));
        assert_eq!(snapshot.relations.len(), 1);
        assert!(snapshot.foreign_keys.is_empty());
    }

    #[pg_test]
    fn a_grant_and_a_new_column_are_noticed() {
        set_up();
        let schemas = vec!["t".to_owned()];
        let first = crate::catalog::snapshot(view(Some(schemas.clone()))).unwrap();
        let again = crate::catalog::snapshot(view(Some(schemas.clone()))).unwrap();
        assert!(std::rc::Rc::ptr_eq(&first, &again));
        Spi::run("RESET ROLE; GRANT SELECT ON t.closed TO t_user; SET ROLE t_user").unwrap();
        let granted = crate::catalog::snapshot(view(Some(schemas.clone()))).unwrap();
        assert_eq!(granted.relations.len(), 2);
        Spi::run("RESET ROLE; ALTER TABLE t.closed ADD extra int; SET ROLE t_user").unwrap();
        let altered = crate::catalog::snapshot(view(Some(schemas.clone()))).unwrap();
        assert_ne!(granted.fingerprint(), altered.fingerprint());
    }

    /// What somebody makes whom nobody vouches for: code that is in no statement.
    const HIDDEN: &str = "
        CREATE EXTENSION citext; CREATE EXTENSION isn;
        CREATE ROLE t_mallory; CREATE SCHEMA t_m AUTHORIZATION t_mallory;
        GRANT USAGE ON SCHEMA t_m TO PUBLIC; GRANT USAGE ON SCHEMA t TO t_mallory;
        SET ROLE t_mallory;
        DO $$ BEGIN
          CREATE DOMAIN t_m.d0 AS text;
          FOR i IN 1 .. 40 LOOP
            EXECUTE format('CREATE DOMAIN t_m.d%s AS t_m.d%s', i, i - 1);
          END LOOP;
        END $$;
        CREATE TYPE t_m.c0 AS (v int);
        DO $$ BEGIN
          FOR i IN 1 .. 40 LOOP
            EXECUTE format('CREATE TYPE t_m.c%s AS (v t_m.c%s[])', i, i - 1);
          END LOOP;
        END $$;
        CREATE FUNCTION t_m.spy(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
          AS $$ BEGIN RAISE INFO 'spy ran as %', current_user; RETURN true; END $$;
        CREATE OPERATOR t_m.>>> (LEFTARG = int, RIGHTARG = int, FUNCTION = t_m.spy,
          COMMUTATOR = OPERATOR(t_m.<<<), RESTRICT = scalargtsel);
        CREATE OPERATOR t_m.<<< (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_catalog.int4lt,
          COMMUTATOR = OPERATOR(t_m.>>>), RESTRICT = scalarltsel);
        CREATE OPERATOR t_m.<!> (LEFTARG = int, RIGHTARG = int, FUNCTION = t_m.spy,
          NEGATOR = OPERATOR(t_m.<=>), RESTRICT = scalarltsel);
        CREATE OPERATOR t_m.<=> (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_catalog.int4eq,
          NEGATOR = OPERATOR(t_m.<!>), RESTRICT = eqsel);
        CREATE TABLE t_m.n AS SELECT i AS id, i % 10 AS n FROM generate_series(1, 1000) i;
        CREATE VIEW t_m.turned AS SELECT n FROM t_m.n WHERE 5 OPERATOR(t_m.<<<) n;
        CREATE TABLE t_m.part AS SELECT * FROM t_m.n;
        CREATE INDEX ON t_m.part (id) WHERE n IS NOT NULL OR 5 OPERATOR(t_m.<<<) n;
        CREATE TYPE t_m.mood AS ENUM ('good', 'bad');
        CREATE FUNCTION t_m.mood_json(t_m.mood) RETURNS json LANGUAGE plpgsql IMMUTABLE
          AS $$ BEGIN RAISE INFO 'cast ran as %', current_user; RETURN '1'; END $$;
        CREATE CAST (t_m.mood AS json) WITH FUNCTION t_m.mood_json(t_m.mood);
        CREATE VIEW t_m.as_json AS SELECT to_json('good'::t_m.mood)::text AS j;
        CREATE DOMAIN t_m.checked AS text
          CHECK (VALUE <> to_json('good'::t_m.mood)::text);
        CREATE FUNCTION t_m.apart(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE
          AS $$ BEGIN RAISE INFO 'difference ran as %', current_user; RETURN $1 - $2; END $$;
        CREATE TYPE t_m.span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = t_m.apart);
        CREATE TYPE t_m.plain_span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
        CREATE TYPE t_m.days AS RANGE (SUBTYPE = date, SUBTYPE_DIFF = daterange_subdiff);
        CREATE TABLE t_m.spans AS SELECT t_m.span(i, i + 1) AS r, t_m.plain_span(i, i + 1) AS p
          FROM generate_series(1, 500) i;
        CREATE TABLE t_m.span_part AS
          SELECT i AS id, i % 10 AS n, t_m.span(i, i + 1) AS r FROM generate_series(1, 1000) i;
        CREATE INDEX ON t_m.span_part (id) WHERE n IS NOT NULL OR r && '[5.5,7.2)'::t_m.span;
        CREATE VIEW t_m.peek AS SELECT * FROM t.closed;
        CREATE DOMAIN t_m.long AS text CHECK (length(repeat(VALUE, 900000000)) >= 0);
        CREATE DOMAIN t_m.folded AS text CHECK (length(repeat('x', 900000000)) >= 0);
        CREATE VIEW t_m.long_text AS SELECT length(repeat('x', 900000000)) AS n;
        GRANT SELECT ON ALL TABLES IN SCHEMA t_m TO PUBLIC;
        ANALYZE t_m.n, t_m.part, t_m.spans, t_m.span_part;
        RESET ROLE;
        CREATE FUNCTION t.less(int, int) RETURNS boolean LANGUAGE sql IMMUTABLE
          AS 'SELECT $1 < $2';
        CREATE OPERATOR t.<<< (LEFTARG = int, RIGHTARG = int, FUNCTION = t.less,
          RESTRICT = scalarltsel);
        CREATE VIEW t.few AS SELECT id FROM t.open WHERE id OPERATOR(t.<<<) 3;
        CREATE TYPE t.mood AS ENUM ('good', 'bad');
        CREATE FUNCTION t.mood_json(t.mood) RETURNS json LANGUAGE sql IMMUTABLE
          AS $$ SELECT to_json('fine'::text) $$;
        CREATE CAST (t.mood AS json) WITH FUNCTION t.mood_json(t.mood);
        CREATE VIEW t.as_json AS SELECT to_json('good'::t.mood)::text AS j;
        CREATE FUNCTION t.apart(time, time) RETURNS float8 LANGUAGE sql STRICT IMMUTABLE
          AS 'SELECT extract(epoch FROM $1 - $2)::float8';
        CREATE TYPE t.hours AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = t.apart);
        CREATE TABLE t.shifts AS SELECT t.hours('08:00', '16:00') AS slot FROM generate_series(1, 9);
        CREATE DOMAIN t.card AS text CHECK (VALUE ~ ('^' || repeat('[0-9]', 4) || '$'));
        CREATE TABLE t.paid AS SELECT '1234'::t.card AS card;
        GRANT SELECT ON t.few, t.as_json, t.shifts, t.paid TO t_user";

    fn set_up_hidden() {
        Spi::run(SETUP).unwrap();
        Spi::run(HIDDEN).unwrap();
        Spi::run("SET ROLE t_user").unwrap();
    }

    /// Each must be refused by the rule.
    fn refused_by(expected: &str, statements: &[&str]) {
        for sql in statements {
            match try_run(sql, &Limits::default()) {
                Err(ExecError::Refused { rule, .. }) => assert_eq!(rule, expected, "{sql}"),
                other => panic!("{sql}: {other:?}"),
            }
        }
    }

    fn runs(statements: &[&str]) {
        for sql in statements {
            if let Err(error) = try_run(sql, &Limits::default()) {
                panic!("{sql}: {error:?}");
            }
        }
    }

    #[pg_test]
    fn a_long_chain_of_types_is_refused() {
        set_up_hidden();
        refused_by(
            "type",
            &[
                "SELECT 'x'::t_m.d40",
                "SELECT 'x'::t_m.d20, 'x'::t_m.d40",
                "SELECT NULL::t_m.c40",
                "SELECT NULL::t_m.d40[]",
            ],
        );
        runs(&["SELECT 'x'::t_m.d20", "SELECT NULL::t_m.c9"]);
    }

    #[pg_test]
    fn what_may_take_an_operators_place_is_judged() {
        set_up_hidden();
        refused_by(
            "operator",
            &[
                "SELECT 1 FROM t_m.n WHERE 5 OPERATOR(t_m.<<<) n",
                "SELECT count(*) FROM t_m.turned",
                "SELECT 1 FROM t_m.n WHERE NOT n OPERATOR(t_m.<=>) 5",
                "SELECT 1 FROM t_m.n WHERE n OPERATOR(t_m.<=>) ANY ('{1,2}'::int[])",
                "SELECT 1 FROM t_m.n WHERE n OPERATOR(t_m.<=>) ALL (SELECT id FROM t_m.part)",
            ],
        );
        runs(&[
            "SELECT id FROM t.few",
            "SELECT 1 FROM t_m.n WHERE (n, id) < (3, 4) AND n IS DISTINCT FROM nullif(id, 2)",
            "SELECT n FROM t_m.n WHERE n = ANY ('{1,2}') GROUP BY n ORDER BY n",
            "SELECT 'A'::public.citext = 'a' AND 'A'::public.citext <> 'b'",
        ]);
    }

    #[pg_test]
    fn operators_in_the_predicate_of_an_index_are_judged() {
        set_up_hidden();
        refused_by("operator", &["SELECT count(*) FROM t_m.part WHERE id = 1 AND n > 3"]);
    }

    #[pg_test]
    fn ranges_in_the_predicate_of_an_index_are_judged() {
        set_up_hidden();
        refused_by("function", &["SELECT count(*) FROM t_m.span_part WHERE id = 1 AND n > 3"]);
    }

    #[pg_test]
    fn a_cast_to_json_is_not_called_while_a_constant_is_read() {
        set_up_hidden();
        refused_by("length-argument", &["SELECT '{x}'::t_m.checked[]"]);
    }

    #[pg_test]
    fn types_of_who_is_vouched_for_may_be_read() {
        set_up_hidden();
        runs(&[
            "SELECT slot FROM t.shifts WHERE slot && '[09:00,10:00)'::t.hours",
            "SELECT card FROM t.paid",
        ]);
    }

    #[pg_test]
    fn a_cast_to_json_in_a_view_is_judged() {
        set_up_hidden();
        refused_by(
            "function",
            &[
                "SELECT j FROM t_m.as_json",
                "SELECT 1 FROM t_m.as_json WHERE j = 'x'",
                "SELECT 'x'::t_m.checked",
                "SELECT repeat('x', length(to_json('good'::t_m.mood)::text))",
            ],
        );
        runs(&["SELECT j FROM t.as_json"]);
    }

    #[pg_test]
    fn functions_of_a_range_type_are_judged() {
        set_up_hidden();
        refused_by(
            "function",
            &[
                "SELECT count(*) FROM t_m.spans WHERE r && '[5.5,7.2)'::t_m.span",
                "SELECT '[1,2)'::t_m.span",
                "SELECT range_agg(r) IS NULL FROM t_m.spans",
            ],
        );
        runs(&[
            "SELECT count(*) FROM t_m.spans WHERE p && '[5.5,7.2)'::t_m.plain_span",
            "SELECT '[2024-01-01,2024-02-01)'::t_m.days",
            "SELECT int4range(1, 5) && '[2,3)'",
        ]);
    }

    #[pg_test]
    fn what_a_views_owner_may_not_read_is_not_planned() {
        set_up_hidden();
        let identity = exec::identity::resolve(None).unwrap();
        for sql in ["SELECT 1 FROM t_m.peek WHERE id < 500", "SELECT count(*) FROM t_m.peek"] {
            let told = exec::validate(sql, identity, &Limits::default(), &Policy::default());
            assert!(matches!(told, Err(ExecError::Permission { .. })), "{sql}: {told:?}");
        }
        let told = exec::validate(
            "SELECT id FROM t.few",
            identity,
            &Limits::default(),
            &Policy::default(),
        );
        assert!(told.is_ok(), "{told:?}");
    }

    #[pg_test]
    fn a_function_that_changes_the_session_is_refused() {
        set_up_hidden();
        refused_by("function", &["SELECT public.isn_weak(true)", "SELECT public.isn_weak()"]);
        runs(&["SELECT public.is_valid('978-0-393-04002-9'::public.isbn13)"]);
    }

    #[pg_test]
    fn lengths_are_bounded_in_domains_views_and_wrappers() {
        set_up_hidden();
        refused_by(
            "length-argument",
            &[
                "SELECT 'x'::t_m.long",
                "SELECT '{x}'::t_m.long[]",
                "SELECT 'x'::t_m.folded",
                "SELECT n FROM t_m.long_text",
                "SELECT public.replace('aaa'::public.citext, 'a'::public.citext,
                   repeat('b', 1000)::public.citext)",
                "SELECT public.regexp_replace('aaa'::public.citext, 'a'::public.citext,
                   repeat('b', 1000), 'g')",
            ],
        );
        runs(&[
            "SELECT public.replace('aaa'::public.citext, 'a'::public.citext, 'b'::public.citext)",
            "SELECT public.regexp_replace('aaa'::public.citext, 'a'::public.citext, 'b', 'g')",
        ]);
    }
}
