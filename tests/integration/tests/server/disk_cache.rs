//! What the engine computed of prompts outlives the server, where that is wanted, and is not trusted.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually};
use text2sql_testkit::cluster::{Cluster, Config};

use crate::tiny_model::Model;

const PATIENCE: Duration = Duration::from_secs(60);

/// Files are kept, and the model is not asked for long.
fn config(model: &Model) -> Config {
    model
        .config()
        .set("text2sql.prefix_cache_disk_size", "64MB")
        .set("text2sql.max_new_tokens", "16")
        .set("text2sql.max_repairs", "0")
        .set("text2sql.candidates", "1")
}

fn start(model: &Model) -> Option<Server> {
    let server = Server::start_with(json!({ "rules": [] }), config(model), SHOP)?;
    server.await_state("ready");
    Some(server)
}

/// Tokens of the prompt, and those that need not be computed.
fn warm(client: &mut Client) -> (i32, i32) {
    let row =
        client.query_one("SELECT prompt_tokens, cached_tokens FROM text2sql.warm()", &[]).unwrap();
    (row.get(0), row.get(1))
}

/// Asks the first question after a start, and tells how many tokens of prompts were computed for it.
/// The answer of a random model is nonsense, and how often it is asked for one does not matter.
fn computed(server: &Server) -> i32 {
    let explain = "SELECT * FROM text2sql.explain('how many customers?')";
    let _ = server.analyst().query(explain, &[]);
    let count = |column| server.status(column).parse::<i32>().unwrap();
    assert!(count("completed") > 0);
    count("prompt_tokens") - count("cached_tokens")
}

/// The files, without those that are not complete.
fn files(cluster: &Cluster) -> Vec<PathBuf> {
    let folder = cluster.dir().join("data/text2sql/prefixes");
    let folders = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).into_iter().flatten());
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_none()).collect()
}

fn written(cluster: &Cluster) -> PathBuf {
    eventually("a file is written", PATIENCE, || files(cluster).len() == 1);
    files(cluster).remove(0)
}

fn restart(server: &Server) {
    server.cluster.stop_server("fast").unwrap();
    server.cluster.start_server().unwrap();
    server.await_state("ready");
}

#[test]
fn after_a_restart_the_first_question_finds_its_schema_computed() {
    let model = Model::new("disk");
    let Some(server) = start(&model) else { return };
    let (prompt, cached) = warm(&mut server.analyst());
    assert!(prompt > 500 && cached == 0, "{cached} of {prompt}");
    let file = written(&server.cluster);
    assert!(file.parent().unwrap().ends_with(&model.sha256[..32]));
    for (path, mode) in [(file.parent().unwrap(), 0o700), (&file, 0o600)] {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
    }
    restart(&server);
    let computed_then = computed(&server);
    assert!(computed_then < prompt / 2, "{computed_then} of {prompt}");

    // Another role sees the same schema, and none of this.
    server
        .superuser()
        .batch_execute("CREATE ROLE twin LOGIN IN ROLE text2sql_user, analyst")
        .unwrap();
    restart(&server);
    assert_eq!(warm(&mut server.connect("twin")).1, 0);

    // The schema changes: what was kept is as good as the text is the same.
    server.superuser().batch_execute("ALTER TABLE shop.customers RENAME city TO town").unwrap();
    restart(&server);
    let computed_now = computed(&server);
    assert!(computed_now > computed_then, "{computed_now} and {computed_then}");
}

#[test]
fn a_damaged_file_is_said_to_be_removed_and_made_anew() {
    let model = Model::new("damaged");
    let Some(server) = start(&model) else { return };
    let (prompt, _) = warm(&mut server.analyst());
    let file = written(&server.cluster);
    let good = std::fs::read(&file).unwrap();
    let mut bytes = good.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    server.cluster.stop_server("fast").unwrap();
    std::fs::write(&file, &bytes).unwrap();
    server.cluster.start_server().unwrap();
    server.await_state("ready");
    assert!(computed(&server) >= prompt, "it was used");
    assert!(warm(&mut server.analyst()).1 > prompt - 100, "nothing was computed");
    eventually("it is made anew", PATIENCE, || {
        std::fs::read(&file).is_ok_and(|bytes| bytes == good)
    });
    let log = server.cluster.log_text();
    assert_eq!(log.matches("is not used: it is damaged").count(), 1, "{log}");
    restart(&server);
    assert!(warm(&mut server.analyst()).1 > prompt - 100);

    // Where none are wanted, none are left, and an engine that has one open keeps no space.
    let open = std::fs::File::open(&file).unwrap();
    assert!(open.metadata().unwrap().len() > 0);
    let mut admin = server.superuser();
    admin.batch_execute("ALTER SYSTEM SET text2sql.prefix_cache_disk_size = 0").unwrap();
    admin.query("SELECT pg_reload_conf()", &[]).unwrap();
    eventually("it is removed", PATIENCE, || files(&server.cluster).is_empty());
    eventually("it is emptied", PATIENCE, || open.metadata().unwrap().len() == 0);
}

#[test]
fn a_standby_reads_what_came_with_its_copy_and_writes_nothing() {
    let model = Model::new("standby");
    let Some(server) = start(&model) else { return };
    let (prompt, _) = warm(&mut server.analyst());
    written(&server.cluster);
    server
        .superuser()
        .batch_execute("CREATE ROLE other LOGIN IN ROLE text2sql_user, analyst")
        .unwrap();
    let config = Server::config(&server.script, config(&model));
    let standby = server.cluster.standby(&config).unwrap();
    let connect = |user| Client::connect(&standby.conninfo(user, "postgres"), NoTls).unwrap();
    let mut admin = connect("postgres");
    eventually("the standby is ready", PATIENCE, || {
        let row = admin.query_one("SELECT state FROM text2sql.status()", &[]).unwrap();
        row.get::<_, String>(0) == "ready"
    });
    assert!(warm(&mut connect("analyst")).1 > prompt - 100);
    assert_eq!(warm(&mut connect("other")).1, 0);
    // The primary would have written it within a second or two, and after ten at most.
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(files(&standby).len(), 1);
    let log = standby.log_text();
    assert!(!log.contains("is not written"), "{log}");
}

#[test]
fn without_the_setting_nothing_is_written() {
    let model = Model::new("off");
    let Some(server) = Server::start_with(json!({ "rules": [] }), model.config(), SHOP) else {
        return;
    };
    server.await_state("ready");
    warm(&mut server.analyst());
    std::thread::sleep(Duration::from_secs(2));
    assert!(!server.cluster.dir().join("data/text2sql").exists());
}

#[test]
fn an_engine_that_hands_over_more_than_is_allowed_fills_no_disk() {
    let script = json!({ "rules": [], "default_reply": "SELECT 1", "kept_bytes": 3 << 20 });
    let config = Config::default().set("text2sql.prefix_cache_disk_size", "1MB");
    let Some(server) = Server::start_with(script, config, SHOP) else { return };
    server.await_state("ready");
    let ask = || server.analyst().query("SELECT text2sql.generate('how many customers?')", &[]);
    let kept = server.cluster.dir().join("data/text2sql/prefixes");
    let mut largest = 0;
    ask().unwrap();
    eventually("the engine is ended", PATIENCE, || {
        largest = size(&kept).max(largest);
        server.cluster.log_text().contains("is gone: it hands over more than it may")
    });
    assert!(largest <= 1 << 20, "{largest}");
    eventually("nothing of it is left", PATIENCE, || size(&kept) == 0);

    // Where there is room for it, it is written.
    let mut admin = server.superuser();
    admin.batch_execute("ALTER SYSTEM SET text2sql.prefix_cache_disk_size = '8MB'").unwrap();
    admin.query("SELECT pg_reload_conf()", &[]).unwrap();
    eventually("it is written", PATIENCE, || {
        let _ = ask();
        files(&server.cluster).first().is_some_and(|file| file.metadata().unwrap().len() == 3 << 20)
    });
}

/// Bytes of all files under a folder, those that are not complete among them.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
