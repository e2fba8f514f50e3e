//! Relations are found by meaning, by those who may read them, and questions do without where the
//! encoder is not there.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Client;
use serde_json::json;
use sha2::{Digest, Sha256};
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;
use text2sql_testkit::tiny_bert::TinyBert;

const QUESTION: &str = "How many nations?";

/// The folder of an encoder to which nations are realms; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(format!("/tmp/t2s-bert-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let words = ["realm", "nation", "nations", "how", "many", "id", "item", "part"];
        let bert = TinyBert::new(3, &words).unwrap().alike("realm", "nations").unwrap();
        bert.write(&folder).unwrap();
        let folder = Self(folder);
        folder.pin();
        folder
    }

    fn pin(&self) {
        let sum = Sha256::digest(std::fs::read(self.weights()).unwrap());
        let sum = text2sql_core::hex::encode(sum);
        std::fs::write(self.0.join("model.safetensors.sha256"), sum).unwrap();
    }

    fn weights(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// More tables than a prompt has room for, one of which is about nations.
fn setup() -> String {
    let mut sql = SHOP.to_owned();
    for n in 0..60 {
        let _ = write!(sql, "CREATE TABLE shop.item_part_{n} (item_id int, part_id int);");
    }
    sql.push_str(
        "CREATE TABLE shop.realm (id int);
         INSERT INTO shop.realm VALUES (1), (2);
         CREATE ROLE stranger LOGIN IN ROLE text2sql_user;
         GRANT USAGE ON SCHEMA shop TO stranger;
         GRANT SELECT ON ALL TABLES IN SCHEMA shop TO analyst, stranger;
         REVOKE SELECT ON shop.realm FROM stranger;
         ALTER DATABASE postgres SET text2sql.prompt_tokens = 256;
         ALTER DATABASE postgres SET text2sql.embedding_timeout = '20s';",
    );
    sql
}

/// With vectors that only a refresh keeps.
fn start(folder: &Path) -> Option<Server> {
    start_with(folder, "off")
}

fn start_with(folder: &Path, keep: &str) -> Option<Server> {
    // The reply is one that only those get whose prompt has the table.
    let rules = json!({ "rules": [
        rule("realm", "SELECT count(*) AS n FROM shop.realm"),
        rule("", "SELECT 0 AS n"),
    ] });
    let config = Config::default()
        .set("text2sql.embedding_model_path", &folder.display().to_string())
        .set("text2sql.keep_embeddings", keep)
        .set("text2sql.preload_model", "on");
    Server::start_with(rules, config, &setup())
}

fn encoder_state(server: &Server) -> (String, String) {
    let sql =
        "SELECT state, coalesce(reason, '') FROM text2sql.models() WHERE name = 'embedding model'";
    let row = server.superuser().query_one(sql, &[]).unwrap();
    (row.get(0), row.get(1))
}

fn await_encoder(server: &Server, state: &str) {
    eventually(&format!("the encoder is {state}"), Duration::from_secs(30), || {
        encoder_state(server).0 == state
    });
}

fn refresh(client: &mut Client) -> [i64; 4] {
    let row = client.query_one("SELECT * FROM text2sql.refresh_embeddings()", &[]).unwrap();
    [row.get(0), row.get(1), row.get(2), row.get(3)]
}

fn vectors(client: &mut Client) -> i64 {
    client.query_one("SELECT count(*) FROM text2sql.embedding", &[]).unwrap().get(0)
}

/// What is said of the table of realms, if it is shown.
fn realm(client: &mut Client) -> Option<Vec<String>> {
    let sql = "SELECT reasons FROM text2sql.link($1) WHERE relation = 'shop.realm' AND shown";
    client.query_opt(sql, &[&QUESTION]).unwrap().map(|row| row.get(0))
}

fn ask(client: &mut Client) -> String {
    client.query_one("SELECT text2sql.ask($1)::text", &[&QUESTION]).unwrap().get(0)
}

#[test]
fn what_shares_no_word_is_found_by_those_who_may_read_it() {
    let folder = Folder::new("found");
    let Some(server) = start(&folder.0) else { return };
    await_encoder(&server, "ready");
    server.await_state("ready");
    let (mut admin, mut analyst) = (server.superuser(), server.analyst());
    let mut stranger = server.connect("stranger");
    assert_eq!(realm(&mut analyst), None, "it is found without vectors");

    let [added, kept, removed, left] = refresh(&mut admin);
    assert!(added > 60, "{added}");
    assert_eq!([kept, removed, left], [0, 0, 0]);
    let reasons = realm(&mut analyst).unwrap();
    assert_eq!(reasons[0], "means something near the question", "{reasons:?}");
    assert_eq!(ask(&mut analyst), r#"{"n":2}"#);
    // Sessions that begin with what another saw find the same.
    assert_eq!(ask(&mut server.analyst()), r#"{"n":2}"#);

    assert_eq!(realm(&mut stranger), None);
    assert_eq!(ask(&mut stranger), r#"{"n":0}"#);
    for sql in ["SELECT * FROM text2sql.embedding", "SELECT text2sql.refresh_embeddings()"] {
        let error = stranger.query(sql, &[]).unwrap_err();
        assert_eq!(error.as_db_error().unwrap().code().code(), "42501", "{sql}");
    }
}

#[test]
fn what_is_newer_than_the_last_refresh_is_found_too() {
    let folder = Folder::new("newer");
    let Some(server) = start(&folder.0) else { return };
    await_encoder(&server, "ready");
    server.await_state("ready");
    let (mut admin, mut analyst) = (server.superuser(), server.analyst());
    admin.batch_execute("ALTER TABLE shop.realm RENAME TO item_part_x").unwrap();
    refresh(&mut admin);
    assert_eq!(realm(&mut analyst), None);
    let before = vectors(&mut admin);
    admin.batch_execute("ALTER TABLE shop.item_part_x RENAME TO realm").unwrap();
    let reasons = realm(&mut analyst).unwrap();
    assert_eq!(reasons[0], "means something near the question", "{reasons:?}");
    assert_eq!(ask(&mut analyst), r#"{"n":2}"#);

    // More than one question has made: those of 40 tables are made by and by.
    let more: String =
        (100..140).map(|n| format!("CREATE TABLE shop.item_part_{n} (item_id int);")).collect();
    let grant = "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO analyst;";
    admin.batch_execute(&format!("{more}{grant}")).unwrap();
    for _ in 0..6 {
        assert_eq!(ask(&mut analyst), r#"{"n":2}"#);
    }
    assert_eq!(vectors(&mut admin), before, "a question has written");
}

#[test]
fn a_question_has_the_vectors_kept_that_it_misses() {
    let folder = Folder::new("kept");
    let Some(server) = start_with(&folder.0, "on") else { return };
    await_encoder(&server, "ready");
    server.await_state("ready");
    let (mut admin, mut analyst) = (server.superuser(), server.analyst());
    // What the extension asks as a superuser is to find the server's own operators.
    admin
        .batch_execute(
            "CREATE SCHEMA evil;
             CREATE TABLE evil.called (n int);
             CREATE FUNCTION evil.differs(bytea, bytea) RETURNS boolean LANGUAGE sql
               AS 'INSERT INTO evil.called VALUES (1); SELECT true';
             CREATE OPERATOR evil.<> (FUNCTION = evil.differs, LEFTARG = bytea, RIGHTARG = bytea);
             CREATE FUNCTION evil.same(bytea, bytea) RETURNS boolean LANGUAGE sql
               AS 'INSERT INTO evil.called VALUES (2); SELECT true';
             CREATE OPERATOR evil.= (FUNCTION = evil.same, LEFTARG = bytea, RIGHTARG = bytea);
             -- Of another encoder, to be compared and dropped.
             INSERT INTO text2sql.embedding VALUES ('other', 'text', 'vector');
             ALTER DATABASE postgres SET search_path = evil, pg_catalog",
        )
        .unwrap();
    assert_eq!(realm(&mut analyst), None);
    eventually("the vectors are kept", Duration::from_secs(60), || vectors(&mut admin) > 60);
    let reasons = realm(&mut analyst).unwrap();
    assert_eq!(reasons[0], "means something near the question", "{reasons:?}");
    let [added, kept, removed, left] = refresh(&mut admin);
    assert_eq!([added, removed, left], [0, 0, 0], "of {kept}");
    let called: i64 = admin.query_one("SELECT count(*) FROM evil.called", &[]).unwrap().get(0);
    assert_eq!(called, 0);

    // Not again within a minute, and by nobody else's leave.
    admin.batch_execute("TRUNCATE text2sql.embedding").unwrap();
    assert_eq!(realm(&mut server.analyst()), None);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(vectors(&mut admin), 0);
    let error = analyst.batch_execute("SET text2sql.keep_embeddings = on").unwrap_err();
    assert_eq!(error.as_db_error().unwrap().code().code(), "42501");
}

#[test]
fn a_refresh_asks_for_what_is_new_and_drops_what_is_gone() {
    let folder = Folder::new("refresh");
    let Some(server) = start(&folder.0) else { return };
    let mut admin = server.superuser();
    // It waits for the encoder to load.
    let [added, ..] = refresh(&mut admin);
    assert_eq!(refresh(&mut admin), [0, added, 0, 0]);
    admin
        .batch_execute(
            "DROP TABLE shop.item_part_1;
             COMMENT ON TABLE shop.realm IS 'nation';
             SELECT text2sql.describe_column('shop.realm', 'id', NULL, '{part}')",
        )
        .unwrap();
    // The dropped table and its columns, and the former texts of the described ones.
    assert_eq!(refresh(&mut admin), [2, added - 5, 5, 0]);
    admin.batch_execute("TRUNCATE text2sql.embedding").unwrap();
    let some = "SELECT added, left_out FROM text2sql.refresh_embeddings(10)";
    let row = admin.query_one(some, &[]).unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (10, added - 13));
}

#[test]
fn a_refresh_blocks_no_ddl() {
    let folder = Folder::new("ddl");
    let Some(server) = start(&folder.0) else { return };
    let mut admin = server.superuser();
    let mut open = admin.transaction().unwrap();
    open.query("SELECT text2sql.refresh_embeddings()", &[]).unwrap();
    server
        .superuser()
        .batch_execute(
            "SET lock_timeout = '2s';
             ALTER TABLE shop.realm ADD COLUMN part int;
             DROP TABLE shop.item_part_2;
             ALTER TABLE shop.item_part_3 RENAME TO item_part_x",
        )
        .unwrap();
    open.commit().unwrap();
}

#[test]
fn a_question_does_not_wait_for_who_holds_the_vectors() {
    let folder = Folder::new("held");
    let Some(server) = start(&folder.0) else { return };
    await_encoder(&server, "ready");
    server.await_state("ready");
    let mut admin = server.superuser();
    refresh(&mut admin);
    let mut lock = admin.transaction().unwrap();
    lock.batch_execute("LOCK TABLE text2sql.embedding").unwrap();
    assert_eq!(ask(&mut server.analyst()), r#"{"n":0}"#);
    lock.commit().unwrap();
    assert_eq!(ask(&mut server.analyst()), r#"{"n":2}"#);
}

#[test]
fn without_its_encoder_a_question_is_answered_by_words() {
    let folder = Folder::new("killed");
    let Some(server) = start(&folder.0) else { return };
    await_encoder(&server, "ready");
    server.await_state("ready");
    let (mut admin, mut analyst) = (server.superuser(), server.analyst());
    refresh(&mut admin);
    assert_eq!(ask(&mut analyst), r#"{"n":2}"#);

    // It is killed as often as it is started, until it is left alone.
    let (worker, model) = (server.status("worker_pid"), server.status("engine_pid"));
    admin.batch_execute("ALTER ROLE analyst SET text2sql.embedding_timeout = '250ms'").unwrap();
    eventually("the encoder is given up", Duration::from_secs(60), || {
        let children = std::process::Command::new("pgrep").args(["-P", &worker]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        for pid in children.lines().filter(|pid| *pid != model) {
            let _ = std::process::Command::new("kill").args(["-KILL", pid]).status();
        }
        // It may be back within the time a question waits.
        let answer = ask(&mut server.analyst());
        assert!(answer == r#"{"n":0}"# || answer == r#"{"n":2}"#, "{answer}");
        encoder_state(&server).0 == "failed"
    });
    assert_eq!(ask(&mut server.analyst()), r#"{"n":0}"#);
    assert_eq!(realm(&mut server.analyst()), None);
    assert_eq!(server.status("engine_pid"), model, "the model was disturbed");
    assert_eq!(server.status("state"), "ready");
    let error = admin.query("SELECT text2sql.refresh_embeddings()", &[]).unwrap_err();
    assert_eq!(error.as_db_error().unwrap().code().code(), "58000");

    admin.batch_execute("ALTER ROLE analyst RESET ALL; SELECT text2sql.reload()").unwrap();
    await_encoder(&server, "ready");
    assert_eq!(ask(&mut server.analyst()), r#"{"n":2}"#);
}

#[test]
fn an_encoder_that_cannot_be_loaded_is_told_of_and_fails_no_question() {
    let folder = Folder::new("damaged");
    std::fs::write(folder.weights(), b"damaged").unwrap();
    let Some(server) = start(&folder.0) else { return };
    await_encoder(&server, "failed");
    assert_eq!(encoder_state(&server).1, "the model file has another sha256 than configured");
    server.await_state("ready");
    assert_eq!(ask(&mut server.analyst()), r#"{"n":0}"#);
    let sql =
        "SELECT finding FROM text2sql.check_setup() WHERE object = 'text2sql.embedding_model_path'";
    let finding: String = server.superuser().query_one(sql, &[]).unwrap().get(0);
    assert!(finding.contains("another sha256"), "{finding}");
}
