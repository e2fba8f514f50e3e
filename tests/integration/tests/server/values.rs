//! Stored values are known before the model writes, to who may read them, wherever questions are asked.

use std::time::{Duration, Instant};

use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const TOWNS: &str = "
    CREATE EXTENSION text2sql;
    CREATE SCHEMA shop;
    CREATE TABLE shop.places (id int, town text);
    INSERT INTO shop.places SELECT i, 'Town ' || md5(i::text) FROM generate_series(1, 500) i;
    INSERT INTO shop.places SELECT i, 'Place ' || chr(65 + i % 26) || chr(65 + i / 26) FROM generate_series(1, 300) i;
    UPDATE shop.places SET town = 'Guinea Falls' WHERE id = 7;
    ANALYZE shop.places;
    CREATE ROLE analyst LOGIN IN ROLE text2sql_user;
    GRANT USAGE ON SCHEMA shop TO analyst;
    GRANT SELECT ON shop.places TO analyst;
    ALTER ROLE analyst SET text2sql.schemas = 'shop';
    SELECT text2sql.refresh_values('shop');";
const ASK: &str = "SELECT text2sql.ask('how many places are in guinea falls?')::text";

/// Tells whether the model was shown the stored spelling.
fn server() -> Option<Server> {
    let told = json!({ "contains": "'Guinea Falls' in shop.places.town", "reply": "SELECT 1 AS told FROM shop.places LIMIT 1" });
    let rules =
        json!({ "rules": [told, rule("places", "SELECT 0 AS told FROM shop.places LIMIT 1")] });
    let server = Server::start_with(rules, Config::default(), TOWNS)?;
    server.await_state("ready");
    Some(server)
}

fn ask(client: &mut Client) -> String {
    client.query_one(ASK, &[]).unwrap().get(0)
}

#[test]
fn a_session_that_begins_with_what_another_saw_is_told_once_and_nothing_revoked() {
    let Some(server) = server() else { return };
    for accepted in ["1", "2"] {
        assert_eq!(ask(&mut server.connect("analyst")), r#"{"told":1}"#);
        assert_eq!(server.status("accepted"), accepted, "asked once");
    }
    // The next session begins with a snapshot that has the column, and must not send its values.
    let revoke =
        "REVOKE SELECT ON shop.places FROM analyst; GRANT SELECT (id) ON shop.places TO analyst;";
    server.superuser().batch_execute(revoke).unwrap();
    assert_eq!(ask(&mut server.connect("analyst")), r#"{"told":0}"#);
    assert_eq!(ask(&mut server.connect("analyst")), r#"{"told":0}"#);
}

#[test]
fn questions_are_told_in_read_only_transactions_and_on_standbys() {
    let Some(server) = server() else { return };
    let mut analyst = server.connect("analyst");
    analyst.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(ask(&mut analyst), r#"{"told":1}"#);
    analyst.batch_execute("COMMIT").unwrap();
    let config = Server::config(&server.script, Config::default());
    let standby = server.cluster.standby(&config).unwrap();
    let mut analyst = Client::connect(&standby.conninfo("analyst", "postgres"), NoTls).unwrap();
    eventually("the standby answers", Duration::from_secs(20), || analyst.query(ASK, &[]).is_ok());
    assert_eq!(ask(&mut analyst), r#"{"told":1}"#);
    let mut admin = Client::connect(&standby.conninfo("postgres", "postgres"), NoTls).unwrap();
    let error = admin.query("SELECT text2sql.refresh_values()", &[]).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "25006", "{error}");
}

#[test]
fn a_refresh_ends_when_its_session_wants_it_to_and_leaves_all_as_it_was() {
    let Some(server) = server() else { return };
    let mut admin = server.superuser();
    let big =
        "CREATE TABLE shop.big AS SELECT md5(i::text) AS a, md5((i + 1)::text) AS b, 'x' || i AS c
                 FROM generate_series(1, 3000000) i;
               SELECT text2sql.allow_values('shop.big');";
    admin.batch_execute(big).unwrap();
    let count = "SELECT count(*) FROM text2sql.value_index";
    let before: i64 = admin.query_one(count, &[]).unwrap().get(0);
    assert!(before > 0);
    let token = admin.cancel_token();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        token.cancel_query(NoTls).unwrap();
    });
    let begun = Instant::now();
    let error = admin.query("SELECT text2sql.refresh_values('shop')", &[]).unwrap_err();
    canceller.join().unwrap();
    assert_eq!(error.code().unwrap().code(), "57014", "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let after: i64 = admin.query_one(count, &[]).unwrap().get(0);
    assert_eq!(after, before);
    assert_eq!(ask(&mut server.connect("analyst")), r#"{"told":1}"#);
}

#[test]
fn a_refresh_reads_with_the_rights_of_owners_and_waits_for_nobody() {
    let Some(server) = server() else { return };
    let mut superuser = server.superuser();
    let roles = "CREATE ROLE keeper LOGIN IN ROLE text2sql_admin;
                 CREATE ROLE holder; ALTER TABLE shop.places OWNER TO holder; GRANT USAGE ON SCHEMA shop TO holder;";
    superuser.batch_execute(roles).unwrap();
    let refresh = "SELECT outcome FROM text2sql.refresh_values('shop')";
    let outcome =
        |client: &mut Client| -> String { client.query_one(refresh, &[]).unwrap().get(0) };
    // One who may read nothing himself.
    assert_eq!(outcome(&mut server.connect("keeper")), "kept");
    superuser.batch_execute("REVOKE ALL ON shop.places FROM holder").unwrap();
    let refused = outcome(&mut server.connect("keeper"));
    assert_eq!(refused, "not read: permission denied for table places");
    superuser.batch_execute("GRANT ALL ON shop.places TO holder").unwrap();
    let mut lock = superuser.transaction().unwrap();
    lock.batch_execute("LOCK TABLE shop.places").unwrap();
    let waited = outcome(&mut server.connect("keeper"));
    assert_eq!(waited, "not read: canceling statement due to lock timeout");
}
