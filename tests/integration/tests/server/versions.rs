//! An engine of another build is refused, in words that say what to do.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;
use text2sql_core::protocol::{self, EngineReport, encode_framed};
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const GOOD: &str = "SELECT text2sql.ask('how many customers?')::text";

fn hello(protocol: u32, build: &str) -> Vec<u8> {
    encode_framed(&EngineReport::Hello { protocol, build: build.to_owned() }).unwrap()
}

/// A server that starts no engine before it is told to.
fn server() -> Option<Server> {
    let rules = json!({ "rules": [rule("customers", "SELECT count(*) AS n FROM shop.customers")] });
    Server::start_with(rules, Config::default().set("text2sql.preload_model", "off"), SHOP)
}

/// Lets the server start a program that says `frames` and then waits.
fn start_engine(server: &Server, frames: &[u8]) {
    let said = server.cluster.write_file("frames", frames).unwrap();
    // Descriptor 0 is the engine's socket.
    let script = format!("#!/bin/sh\ncat '{}' >&0\nexec sleep 60\n", said.display());
    let program = server.cluster.write_file("other-engine", script.as_bytes()).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    set_engine(server, &program.display().to_string());
}

fn set_engine(server: &Server, path: &str) {
    let mut admin = server.superuser();
    admin.batch_execute(&format!("ALTER SYSTEM SET text2sql.engine_path = '{path}'")).unwrap();
    admin.query("SELECT pg_reload_conf()", &[]).unwrap();
    // The worker has its own copy of the settings; only what it starts shows which.
    std::thread::sleep(Duration::from_millis(300));
    admin.query("SELECT text2sql.reload()", &[]).unwrap();
}

#[test]
fn an_engine_of_another_build_or_protocol_is_refused_until_it_is_replaced() {
    let Some(server) = server() else { return };
    for frames in [
        hello(protocol::VERSION, "text2sql 0.0.1 0123456789abcdef"),
        hello(protocol::VERSION + 1, protocol::BUILD_ID),
    ] {
        start_engine(&server, &frames);
        server.await_state("failed");
        let reason = server.status("reason");
        assert!(reason.contains("of different builds"), "{reason}");
        assert!(reason.contains(protocol::BUILD_ID), "{reason}");
        let hint = server.status("hint");
        assert!(hint.contains("same package"), "{hint}");
        let error = server.analyst().query(GOOD, &[]).unwrap_err();
        assert_eq!(error.code().unwrap().code(), "08P01", "{error}");
    }
    assert!(protocol::BUILD_ID.contains(env!("CARGO_PKG_VERSION")), "{}", protocol::BUILD_ID);

    set_engine(&server, &std::env::var("TEXT2SQL_SCRIPTED_ENGINE").unwrap());
    server.await_state("ready");
    let answer: String = server.analyst().query_one(GOOD, &[]).unwrap().get(0);
    assert_eq!(answer, r#"{"n":3}"#);
}

#[test]
fn an_engine_that_introduces_itself_twice_is_not_believed() {
    let Some(server) = server() else { return };
    let wrong = hello(protocol::VERSION, "text2sql 0.0.1 0123456789abcdef");
    let right = hello(protocol::VERSION, protocol::BUILD_ID);
    start_engine(&server, &[wrong, right.clone()].concat());
    server.await_state("failed");
    assert!(server.status("reason").contains("of different builds"), "{}", server.status("reason"));

    start_engine(&server, &[right.clone(), right].concat());
    eventually("it was given up", Duration::from_secs(30), || {
        server.status("reason").contains("introduced itself twice")
    });
    assert_eq!(server.status("state"), "failed");
}
