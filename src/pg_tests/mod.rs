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
}
