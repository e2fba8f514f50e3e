//! Loading, failing, reloading, shutting down.

use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule, slow_rule};
use text2sql_testkit::cluster::Config;

const GOOD: &str = "SELECT text2sql.ask('how many customers?')::text";

fn good_rule() -> serde_json::Value {
    rule("customers", "SELECT count(*) AS n FROM shop.customers")
}

fn assert_answers(server: &Server) {
    let answer: String = server.analyst().query_one(GOOD, &[]).unwrap().get(0);
    assert_eq!(answer, r#"{"n":3}"#);
}

#[test]
fn a_server_without_a_model_starts_and_says_what_to_do() {
    let config = Config::default()
        .set("text2sql.model_path", "/nowhere/model.gguf")
        .set("text2sql.model_sha256", "");
    let Some(server) = Server::start_with(json!({ "rules": [good_rule()] }), config, SHOP) else {
        return;
    };
    server.await_state("failed");
    assert!(server.status("reason").contains("/nowhere/model.gguf"), "{}", server.status("reason"));
    assert!(server.status("hint").contains("text2sql.model_sha256"), "{}", server.status("hint"));
    let error = server.analyst().query(GOOD, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::IO_ERROR), "{error}");

    let script = server.script.display();
    let mut admin = server.superuser();
    let zeros = "0".repeat(64);
    admin.execute(&format!("ALTER SYSTEM SET text2sql.model_path = '{script}'"), &[]).unwrap();
    admin.execute(&format!("ALTER SYSTEM SET text2sql.model_sha256 = '{zeros}'"), &[]).unwrap();
    admin.execute("SELECT pg_reload_conf()", &[]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    admin.query("SELECT text2sql.reload()", &[]).unwrap();
    server.await_state("ready");
    assert_answers(&server);
}

#[test]
fn without_preloading_the_functions_say_what_to_do() {
    let config = Config::default().set("shared_preload_libraries", "");
    let Some(server) = Server::start_with(json!({ "rules": [] }), config, SHOP) else { return };
    for call in ["status()", "generate('x')", "ask('x')", "reload()"] {
        let error = server.superuser().query(&format!("SELECT text2sql.{call}"), &[]).unwrap_err();
        let code = error.code();
        assert_eq!(code, Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE), "{call}: {error}");
    }
}

#[test]
fn a_loading_model_is_waited_for_as_long_as_allowed() {
    let script = json!({ "load_ms": 3000, "rules": [good_rule()] });
    let Some(server) = Server::start_with(script, Config::default(), SHOP) else { return };
    let mut hasty = server.superuser();
    hasty
        .batch_execute(
            "SET text2sql.startup_wait = '100ms'; SET text2sql.execution_role = 'analyst'",
        )
        .unwrap();
    let error = hasty.query("SELECT text2sql.generate('how many customers?')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CANNOT_CONNECT_NOW), "{error}");
    assert!(error.as_db_error().unwrap().message().contains('%'), "{error}");
    assert_answers(&server);
}

#[test]
fn the_first_question_loads_the_model_where_preloading_is_off() {
    let config = Config::default().set("text2sql.preload_model", "off");
    let Some(server) = Server::start_with(json!({ "rules": [good_rule()] }), config, SHOP) else {
        return;
    };
    assert_eq!(server.status("state"), "down");
    assert_answers(&server);
    assert_eq!(server.status("state"), "ready");
}

#[test]
fn a_reload_hands_over_without_losing_the_running_question() {
    let Some(server) = Server::start(&[slow_rule("slow", 60, 25), good_rule()]) else { return };
    server.await_state("ready");
    let before = server.status("engine_pid");
    let mut analyst = server.analyst();
    let asking = std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    assert_answers(&server);
    asking.join().unwrap().unwrap();
    server.await_state("ready");
    assert_ne!(server.status("engine_pid"), before);
    assert_eq!(server.status("failed"), "0");
}

#[test]
fn a_second_reload_does_not_lose_the_question_the_first_one_left_running() {
    let Some(server) = Server::start(&[slow_rule("slow", 400, 35), good_rule()]) else { return };
    server.await_state("ready");
    let first = server.status("engine_pid");
    let mut analyst = server.analyst();
    let asking = std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    eventually("the second engine serves", Duration::from_secs(10), || {
        server.status("engine_pid") != first
    });
    let second = server.status("engine_pid");
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    eventually("the third engine starts", Duration::from_secs(10), || {
        server.status("engine_starts") == "3"
    });
    // It loads nothing, so it is ready by then.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!asking.is_finished(), "the first engine was ended, or is too fast for this test");
    assert_eq!(server.status("engine_pid"), second, "it serves until the first has ended");
    assert_eq!(server.status("state"), "draining");
    assert_answers(&server);
    asking.join().unwrap().unwrap();
    eventually("the third engine serves", Duration::from_secs(10), || {
        server.status("engine_pid") != second
    });
    server.await_state("ready");
    assert_answers(&server);
    assert_eq!(server.status("engine_starts"), "3");
    assert_eq!(server.status("failed"), "0");
}

#[test]
fn a_reload_that_fails_keeps_the_old_engine() {
    let Some(server) = Server::start(&[good_rule()]) else { return };
    server.await_state("ready");
    let mut admin = server.superuser();
    admin.batch_execute("ALTER SYSTEM SET text2sql.model_path = '/nowhere/model.gguf'").unwrap();
    admin.batch_execute("ALTER SYSTEM SET text2sql.model_sha256 = ''").unwrap();
    admin.execute("SELECT pg_reload_conf()", &[]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    admin.query("SELECT text2sql.reload()", &[]).unwrap();
    eventually("the reason is told", Duration::from_secs(5), || {
        server.status("reason").contains("/nowhere")
    });
    assert_eq!(server.status("state"), "ready");
    assert_answers(&server);
}

#[test]
fn dropping_a_database_during_a_generation_takes_no_time() {
    let Some(server) = Server::start(&[slow_rule("slow", 1500, 20), good_rule()]) else { return };
    let mut admin = server.superuser();
    admin.batch_execute("CREATE DATABASE other").unwrap();
    let mut other = Client::connect(&server.cluster.conninfo("postgres", "other"), NoTls).unwrap();
    other
        .batch_execute(
            "CREATE EXTENSION text2sql; CREATE TABLE t (a int); GRANT SELECT ON t TO analyst;
             SET text2sql.execution_role = 'analyst'",
        )
        .unwrap();
    let asking = std::thread::spawn(move || other.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    let begun = Instant::now();
    admin.batch_execute("DROP DATABASE other WITH (FORCE)").unwrap();
    // The bound tells a wait for the worker, which never ended, from none.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(asking.join().unwrap().is_err());
    assert_answers(&server);
}

#[test]
fn fast_shutdown_does_not_wait_for_a_generation() {
    let Some(server) = Server::start(&[slow_rule("slow", 1500, 20)]) else { return };
    let mut analyst = server.analyst();
    let asking = std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    let engine = server.status("engine_pid");
    let took = server.cluster.stop_server("fast").unwrap();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(asking.join().unwrap().is_err());
    assert!(!std::path::Path::new(&format!("/proc/{engine}")).exists());
}
