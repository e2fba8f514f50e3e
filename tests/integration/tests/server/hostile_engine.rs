//! An engine in the hands of an attacker: whatever it sends, the request it works on gets a clear
//! error, the engine is replaced, and nobody else notices.

use std::time::Duration;

use postgres::error::{DbError, SqlState};
use serde_json::{Value, json};
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const GOOD: &str = "SELECT text2sql.ask('how many customers?')::text";

/// Ways to break the protocol during a request. The last one is no request's fault.
const BREAKS: &[&str] = &[
    "crash",
    "kill",
    "exit",
    "garbage",
    "oversized",
    "just_oversized",
    "empty",
    "truncated",
    "bad_utf8",
    "nested",
    "unknown_type",
    "command",
    "wrong_id",
    "previous_id",
    "hello_again",
    "ready_again",
    "load_failed_late",
    "unwanted_file",
    "flood",
    "log_flood",
];

/// A rule that misbehaves after two of its words.
fn bad(behaviour: &str) -> Value {
    json!({
        "contains": format!("misbehave {behaviour}!"), "reply": "SELECT 1 + 1 + 1 + 1",
        "token_ms": 20, "before": behaviour, "after_tokens": 2,
    })
}

fn server(behaviours: &[&str]) -> Option<Server> {
    let good = rule("customers", "SELECT count(*) AS n FROM shop.customers");
    let rules: Vec<_> = behaviours.iter().map(|name| bad(name)).chain([good]).collect();
    // What an engine works on fails with it: a bystander must not be handed over meanwhile.
    let config = Config::default().set("text2sql.max_parallel", "1");
    let server = Server::start_with(json!({ "rules": rules }), config, SHOP)?;
    server.await_state("ready");
    Some(server)
}

fn misbehave(server: &Server, behaviour: &str) -> Result<String, postgres::Error> {
    let sql = format!("SELECT text2sql.generate('misbehave {behaviour}!')");
    server.analyst().query_one(sql.as_str(), &[]).map(|row| row.get(0))
}

fn answer(server: &Server) -> Result<String, postgres::Error> {
    server.analyst().query_one(GOOD, &[]).map(|row| row.get(0))
}

fn starts(server: &Server) -> u32 {
    server.status("engine_starts").parse().unwrap()
}

/// Forgets the crashes, so that the next ones do not count as a crash loop.
fn reload(server: &Server) {
    let before = starts(server);
    server.superuser().query("SELECT text2sql.reload()", &[]).unwrap();
    eventually("the reload is done", Duration::from_secs(20), || {
        starts(server) > before && server.status("state") == "ready"
    });
}

/// What a user sees of an engine's text: one short line.
fn assert_tame(error: &DbError) {
    for text in [Some(error.message()), error.detail(), error.hint()].into_iter().flatten() {
        assert!(text.len() < 1000, "{} bytes", text.len());
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}

#[test]
fn every_break_fails_one_request_and_replaces_the_engine() {
    let Some(server) = server(BREAKS) else { return };
    for behaviour in BREAKS {
        let before = starts(&server);
        let (offender, bystander) = std::thread::scope(|scope| {
            let offender = scope.spawn(|| misbehave(&server, behaviour));
            // Waits behind the offender, or comes a moment after its end.
            let bystander = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(10));
                answer(&server)
            });
            (offender.join().unwrap(), bystander.join().unwrap())
        });
        let error = offender.expect_err(behaviour);
        assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{behaviour}: {error:?}");
        assert_tame(error.as_db_error().unwrap());
        assert_eq!(bystander.expect(behaviour), r#"{"n":3}"#, "{behaviour}");
        // The bystander may have come first.
        eventually("the engine is replaced", Duration::from_secs(20), || {
            starts(&server) == before + 1
        });
        reload(&server);
    }
    let log = server.cluster.log_text();
    assert!(!log.lines().any(|line| line.starts_with("LOG:  forged")), "a log line was forged");
    assert!(log.matches("a line that says nothing").count() <= 200, "the log was filled");
    assert!(log.lines().all(|line| line.len() < 2000), "a log line has no end");
}

#[test]
fn an_answer_to_a_cancelled_request_is_for_nobody() {
    let Some(server) = server(&["after_cancel"]) else { return };
    let before = starts(&server);
    let mut analyst = server.analyst();
    analyst.batch_execute("SET statement_timeout = '300ms'").unwrap();
    let error =
        analyst.query("SELECT text2sql.generate('misbehave after_cancel!')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED), "{error:?}");
    eventually("the engine is replaced", Duration::from_secs(20), || starts(&server) == before + 1);
    analyst.batch_execute("RESET statement_timeout").unwrap();
    assert_eq!(analyst.query_one(GOOD, &[]).unwrap().get::<_, String>(0), r#"{"n":3}"#);
    assert_eq!(starts(&server), before + 1);
}

#[test]
fn a_second_answer_reaches_nobody() {
    let Some(server) = server(&["twice"]) else { return };
    let before = starts(&server);
    // The first answer is one, as far as anybody can tell.
    let sql = misbehave(&server, "twice").unwrap();
    assert!(sql.contains("of somebody else"), "{sql}");
    // A question that comes before the second answer is on an engine that is then given up.
    match answer(&server) {
        Ok(answer) => assert_eq!(answer, r#"{"n":3}"#),
        Err(error) => assert_eq!(error.code(), Some(&SqlState::SYSTEM_ERROR), "{error:?}"),
    }
    eventually("the engine is replaced", Duration::from_secs(20), || starts(&server) == before + 1);
    assert_eq!(answer(&server).unwrap(), r#"{"n":3}"#);
}

#[test]
fn what_an_engine_says_is_shown_as_one_short_line() {
    let Some(server) = server(&["ugly_failure", "unknown_type"]) else { return };
    let error = misbehave(&server, "ugly_failure").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INTERNAL_ERROR), "{error:?}");
    let shown = error.as_db_error().unwrap();
    assert_tame(shown);
    assert!(shown.message().starts_with("a b[2Jc long long"), "{}", shown.message());
}
