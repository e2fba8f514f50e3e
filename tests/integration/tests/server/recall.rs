//! A session begins with what the role's sessions before it have seen, and believes none of it.

use std::time::Duration;

use postgres::error::SqlState;
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const ASK: &str = "SELECT text2sql.ask('where are the customers?')::text";

/// Says what of the customers the model was shown.
fn server(config: Config) -> Option<Server> {
    let city =
        json!({ "contains": "city", "reply": "SELECT min(city) AS city FROM shop.customers" });
    let rules =
        json!({ "rules": [city, rule("customers", "SELECT count(*) AS n FROM shop.customers")] });
    let server = Server::start_with(rules, config, SHOP)?;
    server.await_state("ready");
    Some(server)
}

fn ask(server: &Server, role: &str) -> Result<String, postgres::Error> {
    Ok(server.connect(role).query_one(ASK, &[])?.get(0))
}

fn count(server: &Server, column: &str) -> u32 {
    server.status(column).parse().unwrap()
}

fn hide_city(server: &Server) {
    let sql = "REVOKE SELECT ON shop.customers FROM analyst;
               GRANT SELECT (id, name) ON shop.customers TO analyst;";
    server.superuser().batch_execute(sql).unwrap();
}

#[test]
fn the_model_works_before_a_new_session_has_read_the_catalog() {
    let Some(server) = server(Config::default()) else { return };
    assert_eq!(ask(&server, "analyst").unwrap(), r#"{"city":"Oslo"}"#);
    let mut superuser = server.superuser();
    let mut lock = superuser.transaction().unwrap();
    // The catalog cannot be read as long as this is held.
    lock.batch_execute("LOCK TABLE pg_catalog.pg_description").unwrap();
    let conninfo = server.cluster.conninfo("analyst", "postgres");
    let session = std::thread::spawn(move || {
        let mut analyst = postgres::Client::connect(&conninfo, postgres::NoTls).unwrap();
        analyst.query_one(ASK, &[]).unwrap().get::<_, String>(0)
    });
    eventually("the request is with the model", Duration::from_secs(10), || {
        count(&server, "completed") == 2
    });
    assert!(!session.is_finished(), "the answer was given before its rights were known");
    lock.commit().unwrap();
    assert_eq!(session.join().unwrap(), r#"{"city":"Oslo"}"#);
    assert_eq!(count(&server, "accepted"), 2, "it was asked once");
}

#[test]
fn what_was_revoked_since_reaches_nobody() {
    let Some(server) = server(Config::default()) else { return };
    ask(&server, "analyst").unwrap();
    hide_city(&server);
    assert_eq!(ask(&server, "analyst").unwrap(), r#"{"n":3}"#);
    assert_eq!(count(&server, "accepted"), 3, "asked with what was, and with what is");
    assert_eq!(ask(&server, "analyst").unwrap(), r#"{"n":3}"#);
    assert_eq!(count(&server, "accepted"), 4, "the next session knows");
    server.superuser().batch_execute("REVOKE USAGE ON SCHEMA shop FROM analyst").unwrap();
    let error = ask(&server, "analyst").unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(*error.code(), SqlState::INSUFFICIENT_PRIVILEGE, "{error}");
    assert!(!format!("{error:?}").contains("customers"), "{error:?}");
    eventually("nothing is left", Duration::from_secs(5), || {
        server.status("active_requests") == "0"
    });
}

#[test]
fn a_request_given_up_makes_room_for_its_successor() {
    let Some(server) = server(Config::default().set("text2sql.queue_length", "1")) else { return };
    for _ in 0..10 {
        server.superuser().batch_execute("GRANT SELECT ON shop.customers TO analyst").unwrap();
        assert_eq!(ask(&server, "analyst").unwrap(), r#"{"city":"Oslo"}"#);
        hide_city(&server);
        assert_eq!(ask(&server, "analyst").unwrap(), r#"{"n":3}"#);
    }
}

#[test]
fn nothing_is_recalled_for_another_role_or_against_the_setting() {
    let Some(server) = server(Config::default()) else { return };
    ask(&server, "analyst").unwrap();
    let twin = "CREATE ROLE twin LOGIN IN ROLE text2sql_user;
                GRANT USAGE ON SCHEMA shop TO twin;
                GRANT SELECT (id, name) ON shop.customers TO twin;
                ALTER ROLE analyst SET text2sql.recall_snapshots = off;";
    server.superuser().batch_execute(twin).unwrap();
    assert_eq!(ask(&server, "twin").unwrap(), r#"{"n":3}"#);
    assert_eq!(count(&server, "accepted"), 2, "asked with what another role sees");
    hide_city(&server);
    assert_eq!(ask(&server, "analyst").unwrap(), r#"{"n":3}"#);
    assert_eq!(count(&server, "accepted"), 3, "asked with what was");
}
