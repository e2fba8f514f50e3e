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
    let mut admin = Client::connect(&standby.conninfo("postgres", "postgres"), NoTls).unwrap();
    admin.query("SELECT * FROM text2sql.check_setup()", &[]).unwrap();
}
