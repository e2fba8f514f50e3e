//! Many sessions at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let config = Config::default()
        .set("text2sql.queue_length", "64")
        .set("text2sql.role_queue_length", "64");
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
fn of_sixty_four_clients_each_is_answered_or_told_why_not() {
    const HASTY: &str = "CREATE ROLE hasty LOGIN IN ROLE text2sql_user;
         GRANT USAGE ON SCHEMA shop TO hasty; GRANT SELECT ON shop.customers TO hasty;
         ALTER ROLE hasty SET text2sql.generation_timeout = '300ms';";
    // Slow enough that questions meet, however few of the clients run at a time.
    let own = |i: usize| {
        let mut rule = rule(&format!("client {i}?"), &format!("SELECT {i} AS n"));
        rule["token_ms"] = 10.into();
        rule
    };
    let mut rules: Vec<_> = (0..56).map(own).collect();
    rules.push(slow_rule("patience", 1500, 20));
    // Room for as many as by default, which is far fewer than ask.
    let script = json!({ "rules": rules });
    let setup = format!("{SHOP}{HASTY}");
    let Some(server) = Server::start_with(script, Config::default(), &setup) else { return };
    server.await_state("ready");
    let refused = AtomicUsize::new(0);
    let all_connected = Barrier::new(64);
    // Asks until it has been answered, or its time was over, three times.
    let client = |role: &str, sql: &str| {
        let mut client = server.connect(role);
        all_connected.wait();
        let begun = Instant::now();
        let mut told = Vec::new();
        while told.len() < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "{sql}: {told:?}");
            match client.query_one(sql, &[]) {
                Ok(row) => told.push(row.get::<_, String>(0)),
                Err(error) if error.code() == Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED) => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) => told
                    .push(error.code().map_or_else(|| error.to_string(), |c| c.code().to_owned())),
            }
        }
        told
    };
    let client = &client;
    std::thread::scope(|scope| {
        for i in 0..56 {
            scope.spawn(move || {
                let sql = format!("SELECT text2sql.ask('who is client {i}?')::text");
                assert_eq!(client("analyst", &sql), vec![format!(r#"{{"n":{i}}}"#); 3]);
            });
        }
        for _ in 56..64 {
            scope.spawn(move || {
                let sql = "SELECT text2sql.generate('have patience')";
                assert_eq!(client("hasty", sql), [SqlState::QUERY_CANCELED.code(); 3]);
            });
        }
    });
    let refused = refused.into_inner();
    assert!(refused > 0, "there was room for all");
    assert_eq!(server.status("rejected"), refused.to_string());
    assert_eq!(server.status("completed"), (3 * 56).to_string());
    eventually("nothing is left", Duration::from_secs(5), || {
        server.status("active_requests") == "0"
    });
    assert_eq!(server.status("engine_starts"), "1");
}

const SECOND_ROLE: &str = "CREATE ROLE second LOGIN IN ROLE text2sql_user; \
     GRANT USAGE ON SCHEMA shop TO second; GRANT SELECT ON ALL TABLES IN SCHEMA shop TO second;";

const SLOW: &str = "SELECT text2sql.generate('slow')";
const QUICK: &str = "SELECT text2sql.generate('customers')";

/// A server on which the analyst asks `count` slow questions, and what to cancel them with.
fn flooded(config: Config, count: usize) -> Option<(Server, Vec<postgres::CancelToken>)> {
    let rules = [slow_rule("slow", 1500, 20), rule("customers", "SELECT count(*) FROM customers")];
    let setup = format!("{SHOP}{SECOND_ROLE}");
    let server = Server::start_with(json!({ "rules": rules }), config, &setup)?;
    server.await_state("ready");
    let tokens = (0..count)
        .map(|_| {
            let mut client = server.analyst();
            let token = client.cancel_token();
            std::thread::spawn(move || client.query(SLOW, &[]));
            token
        })
        .collect();
    eventually("all wait or run", Duration::from_secs(10), || {
        server.status("active_requests") == count.to_string()
    });
    Some((server, tokens))
}

#[test]
fn a_slow_question_does_not_hold_up_another() {
    let Some((server, tokens)) = flooded(Config::default(), 3) else { return };
    // A fourth place is left, in the same role too.
    server.analyst().query(QUICK, &[]).unwrap();
    server.connect("second").query(QUICK, &[]).unwrap();
    assert_eq!(server.status("active_requests"), "3");
    for token in tokens {
        token.cancel_query(postgres::NoTls).unwrap();
    }
    eventually("all have ended", Duration::from_secs(10), || {
        server.status("active_requests") == "0"
    });
    assert_eq!(server.status("engine_starts"), "1");
}

#[test]
fn a_role_that_floods_the_queue_is_refused_and_another_is_served() {
    let config = Config::default()
        .set("text2sql.max_parallel", "2")
        .set("text2sql.queue_length", "16")
        .set("text2sql.role_queue_length", "5");
    let Some((server, tokens)) = flooded(config, 5) else { return };
    let error = server.analyst().query(QUICK, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED), "{error}");
    let error = error.as_db_error().unwrap();
    assert_eq!(error.message(), "too many questions of one role at a time");
    assert_eq!(error.detail(), Some("5 questions of this role wait or run."));
    // Poolers act for their users by SET ROLE.
    let mut pooled = server.superuser();
    pooled.batch_execute("SET ROLE analyst").unwrap();
    let error = pooled.query(QUICK, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED), "{error}");
    // Another role asks, after three of the analyst that wait. The next place is its.
    let mut second = server.connect("second");
    let asking = std::thread::spawn(move || second.query(QUICK, &[]));
    eventually("it waits", Duration::from_secs(10), || server.status("active_requests") == "6");
    tokens[0].cancel_query(postgres::NoTls).unwrap();
    asking.join().unwrap().unwrap();
    assert_eq!(server.status("active_requests"), "4");
}

#[test]
fn of_a_roles_questions_one_to_a_schema_already_read_goes_first() {
    const OTHER: &str = "CREATE SCHEMA other; CREATE TABLE other.things (id int);
         GRANT USAGE ON SCHEMA other TO analyst; GRANT SELECT ON other.things TO analyst;";
    let rules = [slow_rule("slow", 1500, 20), slow_rule("short", 30, 20)];
    let config = Config::default().set("text2sql.max_parallel", "1");
    let (script, setup) = (json!({ "rules": rules }), format!("{SHOP}{OTHER}"));
    let Some(server) = Server::start_with(script, config, &setup) else { return };
    server.await_state("ready");
    let asking = |schema: &str, sql: &'static str| {
        let mut client = server.analyst();
        client.batch_execute(&format!("SET text2sql.schemas = {schema}")).unwrap();
        let token = client.cancel_token();
        (std::thread::spawn(move || client.query(sql, &[]).map(|_| Instant::now())), token)
    };
    let all = |count: &str| {
        eventually("all wait or run", Duration::from_secs(10), || {
            server.status("active_requests") == count
        });
    };
    const SHORT: &str = "SELECT text2sql.generate('short')";
    asking("shop", SHORT).0.join().unwrap().unwrap();
    let (slow, token) = asking("shop", SLOW);
    all("1");
    let (older, _) = asking("other", SHORT);
    all("2");
    let (later, _) = asking("shop", SHORT);
    all("3");
    token.cancel_query(postgres::NoTls).unwrap();
    slow.join().unwrap().unwrap_err();
    let [older, later] = [older, later].map(|asked| asked.join().unwrap().unwrap());
    assert!(later < older, "the schema that has to be read went first");
}

#[test]
fn a_role_asks_no_more_in_a_minute_than_it_may() {
    let Some(server) = Server::start(&[rule("customers", "SELECT count(*) FROM shop.customers")])
    else {
        return;
    };
    server
        .superuser()
        .batch_execute("ALTER ROLE analyst SET text2sql.questions_per_minute = 2")
        .unwrap();
    for _ in 0..2 {
        server.analyst().query(QUICK, &[]).unwrap();
    }
    let error = server.analyst().query(QUICK, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED), "{error}");
    let error = error.as_db_error().unwrap();
    assert_eq!(error.message(), "too many questions of one role in a minute");
    assert!(error.detail().unwrap().starts_with("The next one can be asked in "), "{error:?}");
    let raised = server.analyst().batch_execute("SET text2sql.questions_per_minute = 100");
    assert_eq!(raised.unwrap_err().code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

#[test]
fn a_typed_question_that_its_template_does_not_fit_counts_once() {
    let rules = [rule("customers", "SELECT id, name, city FROM shop.customers ORDER BY id")];
    let Some(server) = Server::start(&rules) else { return };
    server
        .superuser()
        .batch_execute(
            "CREATE ROLE keeper LOGIN IN ROLE text2sql_admin;
             GRANT USAGE ON SCHEMA shop TO keeper;
             ALTER ROLE analyst SET text2sql.questions_per_minute = 1",
        )
        .unwrap();
    server
        .connect("keeper")
        .batch_execute(
            "SELECT text2sql.add_template('customers', ARRAY['which customers are there?'],
                                          'SELECT count(*) AS n FROM shop.customers')",
        )
        .unwrap();
    let typed = "SELECT name FROM text2sql.ask(NULL::shop.customers, 'which customers are there?')";
    assert_eq!(server.analyst().query(typed, &[]).unwrap().len(), 3);
    assert_eq!(server.status("completed"), "1", "the model was asked");
    let error = server.analyst().query(typed, &[]).unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CONFIGURATION_LIMIT_EXCEEDED), "{error}");
}

#[test]
fn a_question_does_not_find_its_own_place_taken() {
    let config =
        Config::default().set("text2sql.queue_length", "1").set("text2sql.candidates", "1");
    // Nothing is checked between the two requests of a question, so one follows at once.
    let mended = json!({
        "contains": "customers", "reply": "",
        "repair_reply": "SELECT count(*) AS n FROM shop.customers",
    });
    let Some(server) = Server::start_with(json!({ "rules": [mended] }), config, SHOP) else {
        return;
    };
    server.await_state("ready");
    let mut analyst = server.analyst();
    for round in 0..200 {
        let asked = analyst.query(QUICK, &[]);
        assert!(asked.is_ok(), "{round}: {asked:?}");
    }
    assert_eq!(server.status("completed"), "400");
    assert_eq!(server.status("rejected"), "0");
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
