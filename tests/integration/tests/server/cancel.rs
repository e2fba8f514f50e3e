//! A generation ends when its session wants it to, and nothing is left behind.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use postgres::NoTls;
use postgres::error::SqlState;
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule, slow_rule};
use text2sql_testkit::cluster::Config;

/// Thirty seconds of tokens: no test waits for their end.
fn server() -> Option<Server> {
    Server::start(&[
        slow_rule("slow", 1500, 20),
        rule("customers", "SELECT count(*) AS n FROM shop.customers"),
    ])
}

fn assert_all_is_well(server: &Server) {
    eventually("no request is open", Duration::from_secs(5), || {
        server.status("active_requests") == "0"
    });
    let answer: String = server
        .analyst()
        .query_one("SELECT text2sql.ask('how many customers?')::text", &[])
        .unwrap()
        .get(0);
    assert_eq!(answer, r#"{"n":3}"#);
    assert_eq!(server.status("engine_starts"), "1", "cancelling costs no engine");
}

#[test]
fn ctrl_c_ends_a_generation_within_a_token() {
    let Some(server) = server() else { return };
    let mut analyst = server.analyst();
    let token = analyst.cancel_token();
    let begun = Instant::now();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        token.cancel_query(NoTls).unwrap();
    });
    let error = analyst.query("SELECT text2sql.generate('slow')", &[]).unwrap_err();
    canceller.join().unwrap();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_all_is_well(&server);
    assert_eq!(server.status("cancelled"), "1");
}

#[test]
fn statement_timeout_covers_the_generation() {
    let Some(server) = server() else { return };
    let mut analyst = server.analyst();
    analyst.batch_execute("SET statement_timeout = '300ms'").unwrap();
    let error = analyst.query("SELECT text2sql.generate('slow')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    assert_all_is_well(&server);
}

#[test]
fn generation_timeout_is_an_error_of_its_own() {
    let Some(server) = server() else { return };
    server
        .superuser()
        .batch_execute("ALTER ROLE analyst SET text2sql.generation_timeout = '300ms'")
        .unwrap();
    let error = server.analyst().query("SELECT text2sql.generate('slow')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    server.superuser().batch_execute("ALTER ROLE analyst RESET ALL").unwrap();
    assert_all_is_well(&server);
}

#[test]
fn terminating_one_session_leaves_the_others_alone() {
    let Some(server) = server() else { return };
    let mut witness = server.superuser();
    let mut analyst = server.analyst();
    let pid: i32 = analyst.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
    let asking = std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]));
    std::thread::sleep(Duration::from_millis(500));
    witness.execute("SELECT pg_terminate_backend($1)", &[&pid]).unwrap();
    assert!(asking.join().unwrap().is_err());
    witness.query_one("SELECT 1", &[]).unwrap();
    assert_all_is_well(&server);
}

#[test]
fn a_killed_client_ends_its_generation() {
    let config = Config::default().set("client_connection_check_interval", "100ms");
    let script = json!({ "rules": [
        slow_rule("slow", 1500, 20),
        rule("customers", "SELECT count(*) AS n FROM shop.customers"),
    ]});
    let Some(server) = Server::start_with(script, config, SHOP) else { return };
    let mut psql: Command = server.cluster.psql();
    let mut client = psql
        .args(["-U", "analyst", "-c", "SELECT text2sql.generate('slow')"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    client.kill().unwrap();
    client.wait().unwrap();
    assert_all_is_well(&server);
}

#[test]
fn a_failed_block_in_plpgsql_leaves_the_function_able_to_ask_again() {
    let Some(server) = server() else { return };
    let mut analyst = server.analyst();
    let rows = analyst
        .query("SELECT text2sql.ask('how many customers?')::text FROM (VALUES (1), (2)) v", &[])
        .unwrap();
    assert_eq!(rows.len(), 2);
    analyst
        .batch_execute(
            "DO $$
             DECLARE answer text;
             BEGIN
               BEGIN
                 PERFORM text2sql.generate('');
                 RAISE EXCEPTION 'an empty question was accepted';
               EXCEPTION WHEN invalid_parameter_value THEN NULL;
               END;
               SELECT a::text INTO answer FROM text2sql.ask('how many customers?') a;
               IF answer <> '{\"n\":3}' THEN RAISE EXCEPTION 'wrong answer: %', answer; END IF;
             END $$",
        )
        .unwrap();
    assert_all_is_well(&server);
}
