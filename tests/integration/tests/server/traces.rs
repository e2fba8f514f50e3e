//! A call leaves nothing behind: settings, role, locks, channels, prepared statements, cursors,
//! temporary objects and memory are as before, whether it succeeds or fails.

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryMessage};
use text2sql_integration::{Server, rule, slow_rule};

/// Calls that succeed and calls that fail at each stage, with the SQLSTATE they end with.
fn calls() -> Vec<(&'static str, Option<SqlState>)> {
    vec![
        ("SELECT text2sql.run('SELECT name FROM shop.customers ORDER BY name')", None),
        ("SELECT text2sql.ask('how many customers?')", None),
        ("SELECT text2sql.ask(NULL::bigint, 'how many customers?')", None),
        ("SELECT text2sql.generate('how many customers?')", None),
        ("SELECT * FROM text2sql.explain('how many customers?')", None),
        ("SELECT text2sql.prompt('how many customers?')", None),
        ("SELECT * FROM text2sql.validate('SELECT 1')", None),
        ("SELECT * FROM text2sql.validate('DELETE FROM shop.customers')", None),
        ("SELECT * FROM text2sql.run('SELECT id FROM shop.customers') LIMIT 1", None),
        ("SELECT text2sql.run('SELECT 1/0')", Some(SqlState::DIVISION_BY_ZERO)),
        ("SELECT text2sql.run('SELECT nme FROM shop.customers')", Some(SqlState::UNDEFINED_COLUMN)),
        ("SELECT text2sql.run('SELECT 1 +')", Some(SqlState::SYNTAX_ERROR)),
        ("SELECT text2sql.run('SELEC')", Some(SqlState::INSUFFICIENT_PRIVILEGE)),
        (
            "SELECT text2sql.run('SELECT set_config(''work_mem'', ''1MB'', false)')",
            Some(SqlState::INSUFFICIENT_PRIVILEGE),
        ),
        (
            "SELECT text2sql.run('SELECT * FROM shop.secrets')",
            Some(SqlState::INSUFFICIENT_PRIVILEGE),
        ),
        ("SELECT text2sql.run('SELECT * FROM shop.locked')", Some(SqlState::LOCK_NOT_AVAILABLE)),
        ("SELECT text2sql.ask('divide')", Some(SqlState::DIVISION_BY_ZERO)),
        ("SELECT text2sql.ask('')", Some(SqlState::INVALID_PARAMETER_VALUE)),
        ("SELECT text2sql.generate('slow')", Some(SqlState::QUERY_CANCELED)),
        (
            "SELECT text2sql.run('WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r
               WHERE i < 2000000000) SELECT count(*) FROM r')",
            Some(SqlState::QUERY_CANCELED),
        ),
    ]
}

/// All that a session has and could lose or gain. Relation locks are left out where the caller's
/// own look at the catalog takes some.
const STATE: &str = "
    SELECT 'setting ' || name || ' = ' || coalesce(setting, '') || ' from ' || source
      FROM pg_catalog.pg_settings
    UNION ALL SELECT 'roles ' || concat_ws(' ', current_user, session_user,
      current_setting('role'), current_setting('session_authorization'))
    UNION ALL SELECT 'lock ' || concat_ws(' ', locktype, database, relation, classid, objid, mode)
      FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid()
    UNION ALL SELECT 'channel ' || c FROM pg_catalog.pg_listening_channels() c
    UNION ALL SELECT 'prepared ' || name || ' ' || statement
      FROM pg_catalog.pg_prepared_statements
    UNION ALL SELECT 'cursor ' || name || ' ' || statement FROM pg_catalog.pg_cursors
      WHERE name <> ''
    UNION ALL SELECT 'temporary ' || relname FROM pg_catalog.pg_class
      WHERE relnamespace = pg_catalog.pg_my_temp_schema()
    UNION ALL SELECT 'temporary schema ' || pg_catalog.pg_my_temp_schema()::text
    UNION ALL SELECT 'transaction ' || coalesce(
      pg_catalog.pg_current_xact_id_if_assigned()::text, 'without a number')
    ORDER BY 1";

fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let cell = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
        _ => None,
    };
    messages.into_iter().filter_map(cell).collect()
}

fn server() -> Option<Server> {
    let server = Server::start(&[
        rule("divide", "SELECT id / (id - id) AS n FROM shop.customers"),
        slow_rule("slow", 1500, 20),
        rule("customers", "SELECT count(*) AS n FROM shop.customers"),
    ])?;
    server
        .superuser()
        .batch_execute(
            "GRANT TEMPORARY ON DATABASE postgres TO analyst;
             CREATE TABLE shop.locked (a int); GRANT SELECT ON shop.locked TO analyst;
             GRANT SELECT ON pg_backend_memory_contexts TO analyst;
             GRANT EXECUTE ON FUNCTION pg_get_backend_memory_contexts() TO analyst;
             ALTER ROLE analyst SET text2sql.statement_timeout = '200ms';
             ALTER ROLE analyst SET text2sql.generation_timeout = '300ms';
             ALTER ROLE analyst SET text2sql.lock_timeout = '50ms'",
        )
        .unwrap();
    server.await_state("ready");
    Some(server)
}

/// A session that has something of everything.
fn furnished(server: &Server) -> Client {
    let mut analyst = server.analyst();
    analyst
        .batch_execute(
            "SET work_mem = '5MB'; SET search_path = shop, public; SET app.tenant = 'acme';
             SET DateStyle = 'German'; SET client_min_messages = 'warning';
             SET standard_conforming_strings = off; SET statement_timeout = '1min';
             SET default_transaction_isolation = 'repeatable read';
             LISTEN news; PREPARE mine (int) AS SELECT $1; CREATE TEMP TABLE customers_copy (a int);
             SELECT pg_advisory_lock(7);
             BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT generate_series(1, 10); COMMIT;
             FETCH 3 FROM held;
             -- Its library defines settings when it is first used.
             DO LANGUAGE plpgsql 'BEGIN END'",
        )
        .unwrap();
    analyst
}

fn assert_outcome(client: &mut Client, call: &str, expected: Option<&SqlState>) {
    match client.simple_query(call) {
        Ok(_) => assert_eq!(None, expected, "{call}"),
        Err(error) => assert_eq!(error.code(), expected, "{call}: {error:?}"),
    }
}

fn assert_same(before: &[String], after: &[String], call: &str) {
    let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    let lost: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    assert!(new.is_empty() && lost.is_empty(), "{call}: new {new:?}, lost {lost:?}");
    assert_eq!(before.len(), after.len(), "{call}");
}

#[test]
fn a_session_is_as_before_after_each_call() {
    let Some(server) = server() else { return };
    let mut locker = server.superuser();
    locker.batch_execute("BEGIN; LOCK TABLE shop.locked").unwrap();
    let mut analyst = furnished(&server);
    let before = rows(&mut analyst, STATE);
    for needle in ["channel news", "prepared mine", "cursor held", "temporary customers_copy"] {
        assert!(before.iter().any(|line| line.starts_with(needle)), "{needle}: {before:?}");
    }
    assert!(before.iter().any(|line| line.starts_with("lock advisory")), "{before:?}");
    for (call, outcome) in calls() {
        assert_outcome(&mut analyst, call, outcome.as_ref());
        assert_same(&before, &rows(&mut analyst, STATE), call);
    }
    assert_eq!(rows(&mut analyst, "FETCH 1 FROM held"), ["4"]);
    assert_eq!(rows(&mut analyst, "EXECUTE mine (5)"), ["5"]);
    assert_eq!(server.status("active_requests"), "0");
}

#[test]
fn a_transaction_is_as_before_after_each_call() {
    let Some(server) = server() else { return };
    let mut locker = server.superuser();
    locker.batch_execute("BEGIN; LOCK TABLE shop.locked").unwrap();
    let mut analyst = furnished(&server);
    for (call, outcome) in calls() {
        analyst
            .batch_execute(
                "BEGIN; SET LOCAL app.tenant = 'other'; SET LOCAL work_mem = '3MB';
                 DECLARE c CURSOR FOR SELECT generate_series(1, 10); FETCH 2 FROM c; SAVEPOINT s",
            )
            .unwrap();
        // The first look takes locks on catalogs, which the second finds.
        rows(&mut analyst, STATE);
        let before = rows(&mut analyst, STATE);
        assert_outcome(&mut analyst, call, outcome.as_ref());
        if outcome.is_some() {
            analyst.batch_execute("ROLLBACK TO s").unwrap();
        }
        assert_same(&before, &rows(&mut analyst, STATE), call);
        assert_eq!(rows(&mut analyst, "FETCH 1 FROM c"), ["3"], "{call}");
        analyst.batch_execute("COMMIT").unwrap();
    }
}

/// Bytes in the server's memory contexts, and bytes of the process that nobody shares.
fn memory(server: &Server, client: &mut Client) -> (i64, i64) {
    let contexts = rows(client, "SELECT sum(total_bytes) FROM pg_backend_memory_contexts");
    let pid = &rows(client, "SELECT pg_backend_pid()")[0];
    let status = server
        .cluster
        .as_server_user("/bin/cat")
        .arg(format!("/proc/{pid}/status"))
        .output()
        .unwrap();
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
    let kilobytes: i64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    (contexts[0].parse().unwrap(), kilobytes << 10)
}

/// Calls that are quick, so that a thousand of each take seconds.
fn quick_calls() -> Vec<(&'static str, Option<SqlState>)> {
    let slow = ["slow", "RECURSIVE", "shop.locked"];
    let quick = |call: &str| !slow.iter().any(|word| call.contains(word));
    calls().into_iter().filter(|(call, _)| quick(call)).collect()
}

/// More than the noise of caches, far less than a kilobyte a call.
const CONTEXTS_MAY_GROW: i64 = 512 << 10;
const PROCESS_MAY_GROW: i64 = 4 << 20;

fn assert_no_growth(before: (i64, i64), after: (i64, i64), what: &str) {
    let grown = (after.0 - before.0, after.1 - before.1);
    assert!(grown.0 < CONTEXTS_MAY_GROW, "{what}: memory contexts grew by {} bytes", grown.0);
    assert!(grown.1 < PROCESS_MAY_GROW, "{what}: the process grew by {} bytes", grown.1);
}

#[test]
fn a_thousand_calls_leave_no_memory_behind() {
    let Some(server) = server() else { return };
    for (call, outcome) in quick_calls() {
        let mut analyst = server.analyst();
        let mut repeat = |times: usize| {
            for _ in 0..times {
                assert_outcome(&mut analyst, call, outcome.as_ref());
            }
            memory(&server, &mut analyst)
        };
        let before = repeat(100);
        assert_no_growth(before, repeat(1_000), call);
    }
}

#[test]
fn a_thousand_calls_in_one_transaction_leave_no_memory_behind() {
    let Some(server) = server() else { return };
    for (call, outcome) in quick_calls().into_iter().filter(|(_, outcome)| outcome.is_none()) {
        let mut analyst = server.analyst();
        analyst.batch_execute("BEGIN").unwrap();
        let mut repeat = |times: usize| {
            for _ in 0..times {
                assert_outcome(&mut analyst, call, outcome.as_ref());
            }
            memory(&server, &mut analyst)
        };
        let before = repeat(100);
        assert_no_growth(before, repeat(1_000), call);
    }
}
