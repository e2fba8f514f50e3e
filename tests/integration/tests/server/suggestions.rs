//! Statements that ran often are suggested to those who may see them, and nothing is done with them.

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{SHOP, Server, rule};
use text2sql_testkit::cluster::Config;

/// Two who may define, one of whom may see everybody's statements.
const KEEPERS: &str = "
    CREATE EXTENSION pg_stat_statements;
    CREATE ROLE keeper LOGIN IN ROLE text2sql_admin;
    CREATE ROLE overseer LOGIN IN ROLE text2sql_admin, pg_read_all_stats;
    GRANT USAGE ON SCHEMA shop TO keeper, overseer;
    GRANT SELECT ON shop.customers TO keeper, overseer;
";
const BY_CITY: &str = "SELECT name FROM shop.customers WHERE city = $1";

fn server() -> Option<Server> {
    let config = Config::default()
        .set("shared_preload_libraries", "pg_stat_statements, text2sql")
        // Statements within others too, as those are that answer questions.
        .set("pg_stat_statements.track", "all");
    let rules = [rule("last", "SELECT max(name) AS last FROM shop.customers")];
    Server::start_with(json!({ "rules": rules }), config, &format!("{SHOP}{KEEPERS}"))
}

/// Has the analyst look for customers of three cities.
fn look(server: &Server) {
    let mut analyst = server.analyst();
    for city in ["Paris", "Oslo", "Rome"] {
        let sql = format!("SELECT name FROM shop.customers WHERE city = '{city}'");
        analyst.simple_query(&sql).unwrap();
    }
}

fn suggested(client: &mut Client, at_most: i32) -> Vec<(i64, String)> {
    let sql = "SELECT calls, sql FROM text2sql.suggest_examples($1)";
    let rows = client.query(sql, &[&at_most]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn what_ran_often_is_suggested_to_those_who_may_see_it() {
    let Some(server) = server() else { return };
    server.await_state("ready");
    look(&server);
    let mut analyst = server.analyst();
    analyst.simple_query("SELECT max(id) FROM shop.customers").unwrap();
    for _ in 0..2 {
        // The first are about the server, or answer a question; the last are no queries of tables.
        analyst.simple_query("SELECT relname FROM pg_catalog.pg_class").unwrap();
        analyst.simple_query("SELECT text2sql.ask('the last of the customers')").unwrap();
        analyst.simple_query("SELECT 1 + 1").unwrap();
        analyst.simple_query("SHOW search_path").unwrap();
        let elsewhere = server.cluster.conninfo("analyst", "template1");
        let mut elsewhere = Client::connect(&elsewhere, NoTls).unwrap();
        elsewhere.simple_query("SELECT a FROM (VALUES (1)) AS of_another_database (a)").unwrap();
    }
    assert_eq!(suggested(&mut server.connect("overseer"), 20), [(3, BY_CITY.to_owned())]);

    // Whoever may not see the statements of others is shown their own.
    let mut keeper = server.connect("keeper");
    assert_eq!(suggested(&mut keeper, 20), []);
    for id in [1, 2] {
        keeper.simple_query(&format!("SELECT city FROM shop.customers WHERE id = {id}")).unwrap();
    }
    let own = "SELECT city FROM shop.customers WHERE id = $1";
    assert_eq!(suggested(&mut keeper, 20), [(2, own.to_owned())]);

    // To ask is no right to look at statements.
    let error = analyst.simple_query("SELECT * FROM text2sql.suggest_examples()").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{error}");
}

#[test]
fn a_suggestion_is_nothing_until_somebody_makes_an_example_of_it() {
    let Some(server) = server() else { return };
    look(&server);
    for _ in 0..2 {
        let slow = "SELECT count(*) FROM shop.customers, generate_series(1, 300000)";
        server.analyst().simple_query(slow).unwrap();
    }
    let mut overseer = server.connect("overseer");
    let first = suggested(&mut overseer, 1);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(first[0].1.contains("generate_series"), "what took most time comes first: {first:?}");
    let all = suggested(&mut overseer, 20);
    assert_eq!(all.len(), 2, "{all:?}");

    let defined = "SELECT count(*) FROM text2sql.semantics()";
    assert_eq!(overseer.query_one(defined, &[]).unwrap().get::<_, i64>(0), 0);
    // As it is suggested it has no values, so it answers no question.
    let add = "SELECT text2sql.add_example($1, $2)";
    let question = "Who are the customers in Paris?";
    assert!(overseer.execute(add, &[&question, &BY_CITY]).is_err());
    let written = BY_CITY.replace("$1", "'Paris'");
    overseer.execute(add, &[&question, &written]).unwrap();
    assert_eq!(overseer.query_one(defined, &[]).unwrap().get::<_, i64>(0), 1);
}
