//! Many sessions at once.

use std::time::{Duration, Instant};

use postgres::error::SqlState;
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule, slow_rule};
use text2sql_testkit::cluster::Config;

#[test]
fn a_full_queue_refuses_at_once_and_loses_nothing() {
    let config = Config::default().set("text2sql.queue_length", "1");
    let script = json!({ "rules": [slow_rule("slow", 1500, 20)] });
    let Some(server) = Server::start_with(script, config, SHOP) else { return };
    let mut first = server.analyst();
    let token = first.cancel_token();
    let asking = std::thread::spawn(move || first.query("SELECT text2sql.generate('slow')", &[]));
    eventually("the generation runs", Duration::from_secs(10), || {
        server.status("active_requests") == "1"
    });
    let error = server.analyst().query("SELECT text2sql.generate('slow')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED), "{error}");
    token.cancel_query(postgres::NoTls).unwrap();
    asking.join().unwrap().unwrap_err();
    assert_eq!(server.status("rejected"), "1");
}

#[test]
fn twenty_clients_get_their_own_answers() {
    let rules: Vec<_> = (0..20)
        .map(|i| {
            rule(
                &format!("client {i}?"),
                &format!("SELECT {i} AS n, name FROM shop.customers WHERE id = 1"),
            )
        })
        .collect();
    let config = Config::default().set("text2sql.queue_length", "64");
    let Some(server) = Server::start_with(json!({ "rules": rules }), config, SHOP) else { return };
    std::thread::scope(|scope| {
        for i in 0..20 {
            let server = &server;
            scope.spawn(move || {
                let mut analyst = server.analyst();
                for _ in 0..10 {
                    let sql = format!("SELECT text2sql.ask('who is client {i}?')::text");
                    let answer: String = analyst.query_one(sql.as_str(), &[]).unwrap().get(0);
                    assert_eq!(answer, format!(r#"{{"n":{i},"name":"Ada"}}"#));
                }
            });
        }
    });
    assert_eq!(server.status("completed"), "200");
    assert_eq!(server.status("failed"), "0");
}

#[test]
fn no_wake_up_is_lost() {
    let Some(server) = Server::start(&[rule("customers", "SELECT count(*) FROM shop.customers")])
    else {
        return;
    };
    server.await_state("ready");
    let mut analyst = server.analyst();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            analyst.query("SELECT text2sql.generate('customers')", &[]).unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort();
    // A lost wake-up costs a heartbeat of one second; anything else is far below.
    assert!(times[197] < Duration::from_millis(500), "p99 {:?}", times[197]);
}
