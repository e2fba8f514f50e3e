//! The engine may do what it wants: one request fails clearly, no other session notices.

use std::time::Duration;

use postgres::error::SqlState;
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
fn killing_the_engine_fails_the_requests_it_works_on_and_no_other() {
    let Some(server) = Server::start(&[slow_rule("slow", 1500, 20), good_rule()]) else { return };
    let mut witness = server.superuser();
    witness.batch_execute("BEGIN; CREATE TEMP TABLE mine (a int)").unwrap();
    let asking = [server.analyst(), server.analyst()].map(|mut analyst| {
        std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]))
    });
    eventually("the generations run", Duration::from_secs(10), || {
        server.status("active_requests") == "2"
    });
    std::thread::sleep(Duration::from_millis(200));
    server.signal("-KILL", &server.status("engine_pid"));
    for asking in asking {
        let error = asking.join().unwrap().unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{error}");
    }
    witness.batch_execute("INSERT INTO mine VALUES (1); COMMIT").unwrap();
    assert_answers(&server);
    assert_eq!(server.status("engine_starts"), "2");
}

#[test]
fn killing_the_engine_while_it_loads_only_delays_the_answer() {
    let script = json!({ "load_ms": 1500, "rules": [good_rule()] });
    let Some(server) = Server::start_with(script, Config::default(), SHOP) else { return };
    server.signal("-KILL", &server.status("engine_pid"));
    assert_answers(&server);
}

#[test]
fn killing_the_engine_only_delays_those_who_have_waited_long_for_their_turn() {
    let script = json!({ "load_ms": 1500, "rules": [slow_rule("slow", 500, 60), good_rule()] });
    let config =
        Config::default().set("text2sql.max_parallel", "1").set("text2sql.startup_wait", "6s");
    let Some(server) = Server::start_with(script, config, SHOP) else { return };
    server.await_state("ready");
    let mut first = server.analyst();
    let answered = std::thread::spawn(move || first.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    let mut second = server.analyst();
    let waiting = std::thread::spawn(move || second.query_one(GOOD, &[]));
    eventually("another waits", Duration::from_secs(10), || {
        server.status("active_requests") == "2"
    });
    // Longer than `startup_wait`, while there is a model.
    std::thread::sleep(Duration::from_secs(7));
    server.signal("-KILL", &server.status("engine_pid"));
    let error = answered.join().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{error}");
    let answer: String = waiting.join().unwrap().unwrap().get(0);
    assert_eq!(answer, r#"{"n":3}"#);
}

/// Sets or asks for limits of a process of the server, as the user it belongs to.
fn limit(server: &Server, pid: &str, arguments: &[&str]) -> String {
    let mut prlimit = server.cluster.as_server_user("/usr/bin/prlimit");
    let output = prlimit.args(["--pid", pid]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn an_engine_that_cannot_be_forked_at_the_moment_is_tried_again() {
    let Some(server) = Server::start(&[good_rule()]) else { return };
    server.await_state("ready");
    let worker = server.status("worker_pid");
    let most = limit(&server, &worker, &["--nproc", "--output=HARD", "--noheadings"]);
    // The server's user has more processes than this, so the worker can make no other.
    limit(&server, &worker, &["--nproc=1:"]);
    server.signal("-KILL", &server.status("engine_pid"));
    eventually("the reason is told", Duration::from_secs(10), || {
        server.status("reason").contains("could not start")
    });
    // Longer than the delays after which crashes count as a loop.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(server.status("state"), "loading");
    limit(&server, &worker, &[&format!("--nproc={most}:")]);
    server.await_state("ready");
    assert_eq!(server.status("reason"), "");
    assert_eq!(server.status("engine_starts"), "2");
    assert_answers(&server);
}

#[test]
fn a_reload_for_which_no_engine_can_be_forked_at_the_moment_is_made_up_for() {
    let Some(server) = Server::start(&[good_rule()]) else { return };
    server.await_state("ready");
    let (worker, before) = (server.status("worker_pid"), server.status("engine_pid"));
    let most = limit(&server, &worker, &["--nproc", "--output=HARD", "--noheadings"]);
    limit(&server, &worker, &["--nproc=1:"]);
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    eventually("the reason is told", Duration::from_secs(10), || {
        server.status("reason").contains("could not start")
    });
    assert_eq!(server.status("state"), "ready");
    assert_answers(&server);
    assert_eq!(server.status("engine_pid"), before);
    limit(&server, &worker, &[&format!("--nproc={most}:")]);
    eventually("the new engine serves", Duration::from_secs(20), || {
        server.status("engine_pid") != before
    });
    server.await_state("ready");
    assert_eq!(server.status("reason"), "");
    assert_eq!(server.status("engine_starts"), "2");
    assert_answers(&server);
}

#[test]
fn killing_the_idle_engine_only_delays_the_answer() {
    let Some(server) = Server::start(&[good_rule()]) else { return };
    server.await_state("ready");
    server.signal("-KILL", &server.status("engine_pid"));
    eventually("it was replaced", Duration::from_secs(10), || {
        server.status("engine_starts") == "2"
    });
    assert_answers(&server);
}

#[test]
fn a_hung_engine_is_replaced() {
    let bad = json!({ "contains": "misbehave", "reply": "SELECT 1", "before": "hang" });
    let Some(server) = Server::start(&[bad, good_rule()]) else { return };
    let mut analyst = server.analyst();
    analyst.batch_execute("SET statement_timeout = '300ms'").unwrap();
    let error = analyst.query("SELECT text2sql.generate('misbehave')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error}");
    eventually("it was replaced", Duration::from_secs(40), || {
        server.status("engine_starts") == "2"
    });
    assert_answers(&server);
}

#[test]
fn a_crash_loop_ends_in_failed_and_a_reload_mends_it() {
    let bad = json!({ "contains": "misbehave", "reply": "SELECT 1", "before": "crash" });
    let Some(server) = Server::start(&[bad, good_rule()]) else { return };
    for _ in 0..5 {
        server.analyst().query("SELECT text2sql.generate('misbehave')", &[]).unwrap_err();
    }
    server.await_state("failed");
    assert!(server.status("reason").contains("5 times"), "{}", server.status("reason"));
    let error = server.analyst().query(GOOD, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{error}");
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    server.await_state("ready");
    assert_answers(&server);
}

#[test]
fn a_restarting_worker_costs_one_request_and_no_session() {
    let Some(server) = Server::start(&[slow_rule("slow", 1500, 20), good_rule()]) else { return };
    let mut witness = server.superuser();
    let mut analyst = server.analyst();
    let asking = std::thread::spawn(move || analyst.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    let engine = server.status("engine_pid");
    server.signal("-TERM", &server.status("worker_pid"));
    let error = asking.join().unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{error}");
    eventually("the engine is gone with its worker", Duration::from_secs(5), || {
        !std::path::Path::new(&format!("/proc/{engine}")).exists()
    });
    server.await_state("ready");
    assert_answers(&server);
    witness.query_one("SELECT 1", &[]).unwrap();
}
