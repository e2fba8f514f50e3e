//! The functions where a statement of theirs is not alone: transactions of each kind, PL/pgSQL,
//! functions with other rights, triggers; and where they must refuse.

use postgres::Client;
use postgres::error::SqlState;
use text2sql_integration::{Server, rule};

const ASK: &str = "SELECT text2sql.ask('how many customers?')::text";
const RUN: &str = "SELECT text2sql.run('SELECT count(*) AS n FROM shop.customers')::text";
const COUNT: &str = r#"{"n":3}"#;

/// One call of each function that takes a question or a statement; the first column is text.
const CALLS: &[&str] = &[
    ASK,
    RUN,
    "SELECT text2sql.generate('how many customers?')",
    "SELECT sql FROM text2sql.explain('how many customers?')",
    "SELECT text2sql.prompt('how many customers?')",
    "SELECT accepted::text FROM text2sql.validate('SELECT count(*) FROM shop.customers')",
];

fn server() -> Option<Server> {
    let server = Server::start(&[
        rule("nested by name", "SELECT * FROM text2sql.run('SELECT 1')"),
        rule("nested by view", "SELECT a FROM shop.nested"),
        rule("customers", "SELECT count(*) AS n FROM shop.customers"),
    ])?;
    server.superuser().batch_execute("GRANT TEMPORARY ON DATABASE postgres TO analyst").unwrap();
    Some(server)
}

fn text(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}

fn code(client: &mut Client, sql: &str) -> SqlState {
    let error = client.simple_query(sql).expect_err(sql);
    error.code().unwrap_or_else(|| panic!("{sql}: {error:?}")).clone()
}

#[test]
fn transactions_of_every_kind() {
    let Some(server) = server() else { return };
    let mut analyst = server.analyst();
    analyst.batch_execute("CREATE TEMP TABLE mine (a int)").unwrap();
    for kind in [
        "READ ONLY",
        "ISOLATION LEVEL REPEATABLE READ",
        "ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "ISOLATION LEVEL SERIALIZABLE",
        "ISOLATION LEVEL SERIALIZABLE, READ ONLY",
        "ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE",
    ] {
        analyst.batch_execute(&format!("BEGIN TRANSACTION {kind}")).unwrap();
        for call in CALLS {
            assert!(!text(&mut analyst, call).is_empty(), "{kind}: {call}");
        }
        assert_eq!(text(&mut analyst, ASK), COUNT, "{kind}");
        // A failure ends no more than a savepoint of the caller's.
        analyst.batch_execute("SAVEPOINT s").unwrap();
        assert_eq!(
            code(&mut analyst, "SELECT text2sql.run('SELECT 1/0')"),
            SqlState::DIVISION_BY_ZERO
        );
        analyst.batch_execute("ROLLBACK TO s").unwrap();
        assert_eq!(text(&mut analyst, RUN), COUNT, "{kind}");
        if kind.contains("READ ONLY") {
            let write = code(&mut analyst, "CREATE TABLE t (a int)");
            assert_eq!(write, SqlState::READ_ONLY_SQL_TRANSACTION, "{kind}");
            analyst.batch_execute("ROLLBACK").unwrap();
        } else {
            analyst.batch_execute("INSERT INTO mine VALUES (1); COMMIT").unwrap();
        }
    }
    assert_eq!(text(&mut analyst, "SELECT count(*)::text FROM mine"), "2");
}

#[test]
fn a_call_sees_what_its_own_transaction_wrote() {
    let Some(server) = server() else { return };
    server.superuser().batch_execute("GRANT INSERT ON shop.customers TO analyst").unwrap();
    let mut analyst = server.analyst();
    analyst.batch_execute("BEGIN; INSERT INTO shop.customers VALUES (4, 'Di', 'Rome')").unwrap();
    assert_eq!(text(&mut analyst, RUN), r#"{"n":4}"#);
    assert_eq!(text(&mut analyst, ASK), r#"{"n":4}"#);
    analyst.batch_execute("INSERT INTO shop.customers VALUES (5, 'Ed', 'Rome'); ROLLBACK").unwrap();
    assert_eq!(text(&mut analyst, RUN), COUNT);
}

#[test]
fn blocks_with_exception_handlers() {
    let Some(server) = server() else { return };
    let mut analyst = server.analyst();
    analyst
        .batch_execute(
            "CREATE TEMP TABLE mine (a int);
             DO $$
             DECLARE answer text; failed text[] := '{}';
             BEGIN
               FOR i IN 1..20 LOOP
                 INSERT INTO mine VALUES (i);
                 BEGIN
                   INSERT INTO mine VALUES (-i);
                   PERFORM text2sql.run(CASE i % 4
                     WHEN 0 THEN 'SELECT 1/0' WHEN 1 THEN 'DELETE FROM shop.customers'
                     WHEN 2 THEN 'SELECT nme FROM shop.customers' ELSE 'SELECT * FROM shop.secrets'
                   END);
                   RAISE 'statement % was run', i;
                 EXCEPTION
                   WHEN division_by_zero OR insufficient_privilege OR undefined_column THEN
                     failed := failed || SQLSTATE::text;
                     SELECT a::text INTO answer FROM text2sql.run(
                       'SELECT count(*) AS n FROM shop.customers') a;
                     IF answer <> '{\"n\":3}' THEN RAISE 'wrong: %', answer; END IF;
                 END;
               END LOOP;
               SELECT a::text INTO answer FROM text2sql.ask('how many customers?') a;
               IF answer <> '{\"n\":3}' THEN RAISE 'wrong: %', answer; END IF;
               IF cardinality(failed) <> 20 THEN RAISE 'failed: %', failed; END IF;
             END $$",
        )
        .unwrap();
    // What came before a failing block is there, what was in it is not.
    assert_eq!(text(&mut analyst, "SELECT count(*) || ' ' || min(a) FROM mine"), "20 1");
}

#[test]
fn a_security_definer_function_asks_as_its_owner() {
    let Some(server) = server() else { return };
    server
        .superuser()
        .batch_execute(
            "CREATE ROLE keeper LOGIN IN ROLE text2sql_user;
             GRANT USAGE ON SCHEMA shop TO keeper; GRANT SELECT ON shop.secrets TO keeper;
             CREATE SCHEMA kept AUTHORIZATION keeper; SET ROLE keeper;
             CREATE FUNCTION kept.run(statement text) RETURNS SETOF text LANGUAGE sql
               SECURITY DEFINER SET search_path = pg_catalog, pg_temp
               BEGIN ATOMIC SELECT a::text FROM text2sql.run(statement) a; END;
             GRANT USAGE ON SCHEMA kept TO analyst",
        )
        .unwrap();
    let mut analyst = server.analyst();
    let as_keeper = |sql: &str| format!("SELECT kept.run('{sql}')");
    assert_eq!(
        text(&mut analyst, &as_keeper("SELECT token, current_user AS who FROM shop.secrets")),
        r#"{"token":"hush","who":"keeper"}"#
    );
    // Its owner's rights, not both roles' together, and none are left behind.
    assert_eq!(
        code(&mut analyst, &as_keeper("SELECT * FROM shop.customers")),
        SqlState::INSUFFICIENT_PRIVILEGE
    );
    assert_eq!(text(&mut analyst, "SELECT current_user::text"), "analyst");
    let own = "SELECT text2sql.run('SELECT token FROM shop.secrets')";
    assert_eq!(code(&mut analyst, own), SqlState::INSUFFICIENT_PRIVILEGE);
    assert_eq!(text(&mut analyst, RUN), COUNT);
}

#[test]
fn triggers() {
    let Some(server) = server() else { return };
    server
        .superuser()
        .batch_execute(
            "CREATE TABLE shop.log (id int, before text, after text);
             GRANT SELECT, INSERT, UPDATE ON shop.log TO analyst;
             CREATE FUNCTION shop.note() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               SELECT a::text INTO NEW.before
                 FROM text2sql.run('SELECT count(*) AS n FROM shop.log') a;
               RETURN NEW;
             END $$;
             CREATE FUNCTION shop.note_after() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               UPDATE shop.log SET after = answer::text
                 FROM text2sql.ask('how many customers?') answer WHERE id = NEW.id;
               RETURN NULL;
             END $$;
             CREATE TRIGGER note BEFORE INSERT ON shop.log
               FOR EACH ROW EXECUTE FUNCTION shop.note();
             CREATE CONSTRAINT TRIGGER note_after AFTER INSERT ON shop.log
               DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.note_after()",
        )
        .unwrap();
    let mut analyst = server.analyst();
    analyst
        .batch_execute(
            "BEGIN; INSERT INTO shop.log VALUES (1); INSERT INTO shop.log VALUES (2); COMMIT",
        )
        .unwrap();
    let rows =
        "SELECT string_agg(concat_ws(' ', id, before, after), ', ' ORDER BY id) FROM shop.log";
    assert_eq!(text(&mut analyst, rows), r#"1 {"n":0} {"n":3}, 2 {"n":1} {"n":3}"#);
}

#[test]
fn a_statement_cannot_ask_in_turn() {
    let Some(server) = server() else { return };
    server
        .superuser()
        .batch_execute(
            "CREATE VIEW shop.nested AS SELECT a::text FROM text2sql.run('SELECT 1') a;
             GRANT SELECT ON shop.nested TO analyst",
        )
        .unwrap();
    let mut analyst = server.analyst();
    // Without the guard around it, the view does what it says.
    assert_eq!(text(&mut analyst, "SELECT a FROM shop.nested"), r#"{"?column?":1}"#);
    for sql in [
        "SELECT text2sql.run('SELECT text2sql.run(''SELECT 1'')')",
        "SELECT text2sql.run('SELECT text2sql.ask(''how many customers?'')')",
        "SELECT text2sql.run('SELECT text2sql.generate(''how many customers?'')')",
        "SELECT text2sql.run('SELECT * FROM text2sql.validate(''SELECT 1'')')",
        "SELECT text2sql.run('SELECT a FROM shop.nested')",
        "SELECT text2sql.ask('nested by name')",
        "SELECT text2sql.ask('nested by view')",
    ] {
        let refused = [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::FEATURE_NOT_SUPPORTED];
        let code = code(&mut analyst, sql);
        assert!(refused.contains(&code), "{sql}: {code:?}");
    }
    assert_eq!(text(&mut analyst, RUN), COUNT);
}

#[test]
fn parallel_plans() {
    let Some(server) = server() else { return };
    let mut admin = server.superuser();
    let safe: i64 = admin
        .query_one(
            "SELECT count(*) FROM pg_proc
             WHERE pronamespace = 'text2sql'::regnamespace AND proparallel <> 'u'
               AND proname IN ('ask', 'ask_fitting', 'run', 'validate', 'generate', 'explain')",
            &[],
        )
        .unwrap()
        .get(0);
    assert_eq!(safe, 0, "functions that may run in a parallel worker");
    let major: String = text(&mut admin, "SHOW server_version_num");
    let force =
        if major.as_str() < "160000" { "force_parallel_mode" } else { "debug_parallel_query" };
    let mut analyst = server.analyst();
    analyst.batch_execute(&format!("SET {force} = on; SET jit = off")).unwrap();
    for call in CALLS {
        assert!(!text(&mut analyst, call).is_empty(), "{call}");
    }
    // A function that lies about what it calls ends in an error, in the worker and nowhere else.
    admin
        .batch_execute(
            "CREATE FUNCTION shop.lying(call text) RETURNS text LANGUAGE plpgsql PARALLEL SAFE
               AS $$ DECLARE answer text; BEGIN EXECUTE call INTO answer; RETURN answer; END $$",
        )
        .unwrap();
    let plan = analyst.query("EXPLAIN SELECT shop.lying('SELECT 1')", &[]).unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan[0].contains("Gather"), "{plan:?}");
    for call in CALLS.iter().filter(|call| !call.contains("text2sql.prompt")) {
        let sql = format!("SELECT shop.lying($call${call}$call$)");
        assert_eq!(code(&mut analyst, &sql), SqlState::INVALID_TRANSACTION_STATE, "{call}");
    }
    assert_eq!(text(&mut analyst, RUN), COUNT);
    assert_eq!(server.status("engine_starts"), "1");
}
