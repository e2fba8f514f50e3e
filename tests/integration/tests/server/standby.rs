//! A hot standby answers too, with an engine of its own.

use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

#[test]
fn a_hot_standby_answers() {
    let script =
        json!({ "rules": [rule("customers", "SELECT count(*) AS n FROM shop.customers")] });
    let Some(server) = Server::start_with(script, Config::default(), SHOP) else { return };
    let define = "SELECT text2sql.define_metric('head count', 'shop.customers', 'count(*)')";
    server.superuser().batch_execute(define).unwrap();
    let config = Server::config(&server.script, Config::default());
    let standby = server.cluster.standby(&config).unwrap();
    let mut analyst = Client::connect(&standby.conninfo("analyst", "postgres"), NoTls).unwrap();
    let recovering: bool = analyst.query_one("SELECT pg_is_in_recovery()", &[]).unwrap().get(0);
    assert!(recovering);
    eventually("the standby answers", Duration::from_secs(20), || {
        analyst
            .query_one("SELECT text2sql.ask('how many customers?')::text", &[])
            .is_ok_and(|row| row.get::<_, String>(0) == r#"{"n":3}"#)
    });
    for (call, expected) in [
        ("SELECT text2sql.run('SELECT count(*) AS n FROM shop.customers')::text", r#"{"n":3}"#),
        ("SELECT accepted::text FROM text2sql.validate('SELECT 1')", "true"),
        ("SELECT accepted::text FROM text2sql.validate('DELETE FROM shop.customers')", "false"),
        ("SELECT attempts::text FROM text2sql.explain('how many customers?')", "1"),
        ("SELECT (text2sql.generate('how many customers?') LIKE 'SELECT%')::text", "true"),
        ("SELECT text2sql.ask(NULL::bigint, 'how many customers?')::text", "3"),
        (
            "SELECT reasons[1] FROM text2sql.link('the head count') LIMIT 1",
            "the metric head count is defined on it",
        ),
    ] {
        let answer: String = analyst.query_one(call, &[]).unwrap().get(0);
        assert_eq!(answer, expected, "{call}");
    }
    let error = analyst.query("SELECT text2sql.run('SELECT 1/0')", &[]).unwrap_err();
    assert_eq!(error.code(), Some(&postgres::error::SqlState::DIVISION_BY_ZERO), "{error}");
    analyst.query_one("SELECT 1", &[]).unwrap();
    let mut admin = Client::connect(&standby.conninfo("postgres", "postgres"), NoTls).unwrap();
    admin.query("SELECT * FROM text2sql.check_setup()", &[]).unwrap();
}
