//! The audit log: each call leaves one line, in any transaction, however it ends.

use postgres::error::SqlState;
use serde_json::{Value, json};
use text2sql_integration::{SHOP, Server, rule, slow_rule};
use text2sql_testkit::cluster::Config;

fn server(log: &str) -> Option<Server> {
    let rules = [
        rule("everything", "DELETE FROM shop.customers"),
        slow_rule("slow", 1500, 20),
        rule("customers", "SELECT name FROM shop.customers ORDER BY name"),
    ];
    let config = Config::default().set("text2sql.log_questions", log);
    let server = Server::start_with(json!({ "rules": rules }), config, SHOP)?;
    server.await_state("ready");
    Some(server)
}

/// The objects of the audit lines so far.
fn lines(server: &Server) -> Vec<Value> {
    let log = server.cluster.log_text();
    let objects = log.lines().filter_map(|line| line.split_once("text2sql audit: "));
    objects.map(|(_, object)| serde_json::from_str(object).unwrap()).collect()
}

#[test]
fn every_way_a_call_can_end_leaves_one_line() {
    let Some(server) = server("full") else { return };
    let mut analyst = server.analyst();
    let mut fails = |sql: &str| analyst.simple_query(sql).unwrap_err().code().cloned().unwrap();

    fails("SELECT text2sql.ask('delete everything')");
    fails("SELECT text2sql.run('SELECT 1/0')");
    fails("SELECT text2sql.run('SELECT pg_sleep(1)')");
    let cancelled = fails("SET statement_timeout = '300ms'; SELECT text2sql.generate('slow')");
    assert_eq!(cancelled, SqlState::QUERY_CANCELED);
    // An error with a code of our own: the line before it neither takes nor loses it.
    let weather = "SELECT text2sql.ask('will rain fall in the mountains')";
    let declined = fails(&format!("SET text2sql.min_confidence = 0.5; {weather}"));
    assert_eq!(declined.code(), "TS002");
    analyst
        .batch_execute(
            "RESET statement_timeout;
             BEGIN READ ONLY; SELECT text2sql.ask('all customers'); ROLLBACK;
             SELECT text2sql.generate('all customers');
             SELECT sql FROM text2sql.explain('all customers');
             SELECT text2sql.ask(NULL::text, 'all customers');
             SELECT text2sql.run('SELECT 1');",
        )
        .unwrap();

    let told: Vec<String> = lines(&server)
        .iter()
        .map(|line| {
            let of = |key: &str| line.get(key).map(Value::to_string).unwrap_or_default();
            assert_eq!(
                (of("role"), of("session_role")),
                (r#""analyst""#.into(), r#""analyst""#.into())
            );
            ["function", "verdict", "sqlstate", "rule", "attempts", "rows", "question", "sql"]
                .map(of)
                .join(" ")
                .replace('"', "")
        })
        .collect();
    let customers = "all customers SELECT name FROM shop.customers ORDER BY name";
    assert_eq!(
        told,
        [
            "ask refused 42501 not-a-select   delete everything DELETE FROM shop.customers"
                .to_owned(),
            "run failed 22012     SELECT 1/0".to_owned(),
            "run refused 42501 denied-function    SELECT pg_sleep(1)".to_owned(),
            "generate interrupted 57014    slow ".to_owned(),
            "ask failed TS002    will rain fall in the mountains ".to_owned(),
            format!("ask answered   1 3 {customers}"),
            format!("generate answered   1  {customers}"),
            format!("explain answered   1  {customers}"),
            format!("ask answered   1 3 {customers}"),
            "run answered    1  SELECT 1".to_owned(),
        ]
    );
}

#[test]
fn hashes_tell_nothing_and_the_caller_cannot_end_them() {
    let Some(server) = server("hash") else { return };
    let mut analyst = server.analyst();
    let error = analyst.batch_execute("SET text2sql.log_questions = off").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    // Lines of the log's level are otherwise written with the statement they come from.
    server
        .superuser()
        .batch_execute("ALTER ROLE analyst SET log_min_error_statement = debug5")
        .unwrap();
    let mut analyst = server.analyst();
    analyst.batch_execute("SELECT text2sql.ask('all customers of mine')").unwrap();
    let log = server.cluster.log_text();
    assert!(!log.contains("customers of mine") && !log.contains("ORDER BY name"), "{log}");
    let lines = lines(&server);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["question_sha256"].as_str().map(str::len), Some(64));
    assert_eq!(lines[0]["sql_sha256"].as_str().map(str::len), Some(64));
}

#[test]
fn a_line_names_who_asks_and_who_logged_in() {
    let Some(server) = server("full") else { return };
    let mut superuser = server.superuser();
    superuser.batch_execute("SET ROLE analyst; SELECT text2sql.ask('all customers')").unwrap();
    let line = lines(&server).pop().unwrap();
    assert_eq!(line["role"], "analyst");
    assert_ne!(line["session_role"], "analyst");
}
