//! A cluster with a small shop and an engine that answers by rules.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use postgres::{Client, NoTls};
use serde_json::{Value, json};
use text2sql_testkit::cluster::{Cluster, Config};

use crate::eventually;

/// Schema and roles of most tests.
pub const SHOP: &str = "
    CREATE EXTENSION text2sql;
    CREATE SCHEMA shop;
    CREATE TABLE shop.customers (id int PRIMARY KEY, name text NOT NULL, city text);
    INSERT INTO shop.customers VALUES (1, 'Ada', 'Paris'), (2, 'Bo', 'Oslo'), (3, 'Cy', 'Paris');
    CREATE TABLE shop.secrets (id int, token text);
    INSERT INTO shop.secrets VALUES (1, 'hush');
    CREATE ROLE analyst LOGIN IN ROLE text2sql_user;
    GRANT USAGE ON SCHEMA shop TO analyst;
    GRANT SELECT ON shop.customers TO analyst;
    ALTER DATABASE postgres SET text2sql.schemas = 'shop';
";

/// A cluster whose engine follows a script.
pub struct Server {
    /// The cluster.
    pub cluster: Cluster,
    /// The script, as the model file.
    pub script: PathBuf,
}

/// A rule: questions that contain `contains` get `reply`.
pub fn rule(contains: &str, reply: &str) -> Value {
    json!({ "contains": contains, "reply": reply })
}

/// A rule whose answer takes `tokens` steps of `token_ms` milliseconds.
pub fn slow_rule(contains: &str, tokens: usize, token_ms: u64) -> Value {
    let filler = "1 + ".repeat(tokens / 2);
    json!({ "contains": contains, "reply": format!("SELECT {filler}1 AS n"), "token_ms": token_ms })
}

impl Server {
    /// A cluster with the shop, or `None`, saying so, where there is no server to test against.
    pub fn start(rules: &[Value]) -> Option<Self> {
        Self::start_with(json!({ "rules": rules }), Config::default(), SHOP)
    }

    /// As [`Self::start`] with all details.
    pub fn start_with(script: Value, config: Config, setup: &str) -> Option<Self> {
        if !Cluster::is_available() {
            println!("skipped: TEXT2SQL_PG_CONFIG names no server to test against");
            return None;
        }
        let path = PathBuf::from(format!(
            "/tmp/t2s-script-{}-{:?}.json",
            std::process::id(),
            std::thread::current().id()
        ));
        std::fs::write(&path, script.to_string()).unwrap();
        let config = Self::config(&path, config);
        let cluster = Cluster::start(&config).unwrap();
        let server = Self { cluster, script: path };
        if !setup.is_empty() {
            server.superuser().batch_execute(setup).unwrap();
        }
        Some(server)
    }

    /// The settings that make a server use the scripted engine.
    pub fn config(script: &std::path::Path, config: Config) -> Config {
        let engine = std::env::var("TEXT2SQL_SCRIPTED_ENGINE")
            .expect("TEXT2SQL_SCRIPTED_ENGINE names the scripted engine");
        let mut all = Config::default()
            .set("text2sql.engine_path", &engine)
            .set("text2sql.model_path", &script.display().to_string())
            .set("text2sql.model_sha256", &"0".repeat(64));
        for (name, value) in config.settings() {
            all = all.set(name, value);
        }
        all
    }

    /// A session of the superuser.
    pub fn superuser(&self) -> Client {
        self.connect("postgres")
    }

    /// A session of a plain role that may ask.
    pub fn analyst(&self) -> Client {
        self.connect("analyst")
    }

    /// A session of `user` in database `postgres`.
    pub fn connect(&self, user: &str) -> Client {
        Client::connect(&self.cluster.conninfo(user, "postgres"), NoTls).unwrap()
    }

    /// One column of `text2sql.status()`, as text.
    pub fn status(&self, column: &str) -> String {
        let sql = format!("SELECT coalesce({column}::text, '') FROM text2sql.status()");
        self.superuser().query_one(sql.as_str(), &[]).unwrap().get(0)
    }

    /// Waits for a state of the worker.
    pub fn await_state(&self, state: &str) {
        eventually(&format!("the state is {state}"), Duration::from_secs(30), || {
            self.status("state") == state
        });
    }

    /// Sends a signal to a process of the server.
    pub fn signal(&self, signal: &str, pid: &str) {
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.script);
    }
}
