//! Several models: which of them answers, and what happens when one cannot.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use serde_json::{Value, json};
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const KEY: &str = "sk-not-for-any-log";

/// An HTTP server in this process with an interface like OpenAI's.
struct Endpoint {
    url: String,
    /// Whether it answers; otherwise 503.
    up: Arc<AtomicBool>,
    requests: Arc<AtomicUsize>,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Endpoint {
    fn start(reply: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Self {
            url: format!("http://{}/v1", listener.local_addr().unwrap()),
            up: Arc::new(AtomicBool::new(true)),
            requests: Arc::default(),
            bodies: Arc::default(),
        };
        let (up, requests, bodies) =
            (endpoint.up.clone(), endpoint.requests.clone(), endpoint.bodies.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                requests.fetch_add(1, Ordering::SeqCst);
                let body = read_request(&stream);
                bodies.lock().unwrap().push(body);
                let up = up.load(Ordering::SeqCst);
                respond(stream, up, reply);
            }
        });
        endpoint
    }
}

fn read_request(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let (mut length, mut authorized) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        authorized |= line.ends_with(&format!("Bearer {KEY}"));
    }
    assert!(authorized, "the key was not sent");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn respond(mut stream: TcpStream, up: bool, reply: &str) {
    let (status, body) = if up {
        let message = json!({"role": "assistant", "content": reply});
        let choice = json!({"message": message, "finish_reason": "stop"});
        (
            "200 OK",
            json!({"choices": [choice], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}),
        )
    } else {
        ("503 Service Unavailable", json!({"error": KEY}))
    };
    let body = body.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// A script for a model of its own, or a key, in a file the server can read and nobody else.
struct File(PathBuf);

impl File {
    fn new(server: &Server, name: &str, text: &str) -> Self {
        let path = server.cluster.write_file(name, text.as_bytes()).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

fn model(name: &str, script: &File) -> Value {
    json!({"name": name, "path": script.path(), "sha256": "0".repeat(64)})
}

fn script(server: &Server, name: &str) -> File {
    let script = json!({
        "rules": [rule("broken thing", &format!("SELECT nothing_of_{name} FROM shop.customers"))],
        "default_reply": format!("SELECT count(*) AS {name} FROM shop.customers"),
    });
    File::new(server, &format!("{name}.json"), &script.to_string())
}

/// Two local models and, where there is an endpoint, one there.
fn server(endpoint: Option<&Endpoint>) -> Option<Server> {
    let server = Server::start_with(json!({ "rules": [] }), Config::default(), SHOP)?;
    let mut models =
        vec![model("small", &script(&server, "small")), model("large", &script(&server, "large"))];
    if let Some(endpoint) = endpoint {
        let key = File::new(&server, "key", KEY);
        models.push(json!({
            "name": "far", "endpoint": endpoint.url, "model": "coder", "key_file": key.path(),
            "attempts": 1,
        }));
    }
    set(&server, "models", &Value::from(models).to_string());
    let mut superuser = server.superuser();
    superuser.batch_execute("SELECT text2sql.reload()").unwrap();
    eventually("all models are ready", Duration::from_secs(20), || {
        let models = superuser
            .query_one("SELECT count(*) FROM text2sql.models() WHERE state = 'ready'", &[])
            .unwrap();
        models.get::<_, i64>(0) == 2 + i64::from(endpoint.is_some())
    });
    Some(server)
}

fn set(server: &Server, setting: &str, value: &str) {
    let mut superuser = server.superuser();
    let value = value.replace('\'', "''");
    superuser.batch_execute(&format!("ALTER SYSTEM SET text2sql.{setting} = '{value}'")).unwrap();
    superuser.batch_execute("SELECT pg_reload_conf()").unwrap();
    eventually("the setting is in force", Duration::from_secs(5), || {
        let sql = format!("SELECT current_setting('text2sql.{setting}')");
        let now: String = server.superuser().query_one(sql.as_str(), &[]).unwrap().get(0);
        now == value.replace("''", "'")
    });
}

fn ask(server: &Server, question: &str) -> Result<String, postgres::Error> {
    let sql = format!("SELECT text2sql.ask('{question}')::text");
    Ok(server.analyst().query_one(sql.as_str(), &[])?.get(0))
}

fn column(server: &Server, model: &str, column: &str) -> String {
    let sql = format!("SELECT ({column})::text FROM text2sql.models() WHERE name = '{model}'");
    server.superuser().query_one(sql.as_str(), &[]).unwrap().get(0)
}

fn open_circuits(server: &Server) -> i64 {
    let sql = "SELECT open_circuits FROM text2sql.status()";
    server.superuser().query_one(sql, &[]).unwrap().get(0)
}

#[test]
fn a_question_goes_to_the_model_it_needs() {
    let Some(server) = server(None) else { return };
    assert_eq!(open_circuits(&server), 0);
    assert_eq!(ask(&server, "count them").unwrap(), r#"{"small":3}"#);
    set(&server, "routing", "complexity");
    assert_eq!(ask(&server, "count them").unwrap(), r#"{"small":3}"#);
    let hard = "count those that never bought more than the average per month";
    assert_eq!(ask(&server, hard).unwrap(), r#"{"large":3}"#);
    set(&server, "model", "small");
    assert_eq!(ask(&server, hard).unwrap(), r#"{"small":3}"#);
    set(&server, "model", "huge");
    let error = ask(&server, hard).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert!(error.message().contains(r#"there is no model "huge""#), "{error:?}");
    assert_eq!(column(&server, "large", "completed"), "1");
}

#[test]
fn a_repair_goes_to_the_next_model() {
    let Some(server) = server(None) else { return };
    let detail = |server: &Server| {
        let error = ask(server, "a broken thing").unwrap_err();
        error.as_db_error().unwrap().detail().unwrap().to_owned()
    };
    assert!(detail(&server).contains("nothing_of_small"));
    set(&server, "routing", "fallback");
    assert!(detail(&server).contains("nothing_of_large"));
}

#[test]
fn a_model_that_dies_is_replaced_by_another_within_the_question() {
    let Some(server) = server(None) else { return };
    set(&server, "routing", "fallback");
    // The script is read again by the engine that the reload starts; the other model keeps its own.
    let dying = json!({"rules": [{"reply": "SELECT 1", "before": "crash"}]});
    File::new(&server, "small.json", &dying.to_string());
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    eventually("the large model answers", Duration::from_secs(10), || {
        ask(&server, "count them").unwrap() == r#"{"large":3}"#
    });
    assert_eq!(server.status("failed"), "0", "no question failed");
}

#[test]
fn every_new_model_reads_what_one_of_them_was_asked_about() {
    let Some(server) = server(None) else { return };
    let cached = |model: &str| -> i32 {
        set(&server, "model", model);
        let sql = "SELECT cached_tokens FROM text2sql.explain('how many customers?')";
        server.analyst().query_one(sql, &[]).unwrap().get(0)
    };
    assert_eq!(cached("small"), 0);
    assert_eq!(cached("large"), 0, "nobody had asked it");
    let starts = || server.status("engine_starts").parse::<u32>().unwrap();
    let before = starts();
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    eventually("both are new", Duration::from_secs(10), || {
        let is_ready = |model| column(&server, model, "state") == "ready";
        starts() == before + 2 && is_ready("small") && is_ready("large")
    });
    assert!(cached("large") > 10);
    assert!(cached("small") > 10);
}

#[test]
fn a_model_that_loads_is_waited_for_as_long_as_allowed_while_another_answers() {
    let config = Config::default().set("text2sql.startup_wait", "500ms");
    let Some(server) = Server::start_with(json!({ "rules": [] }), config, SHOP) else { return };
    let endless = File::new(&server, "endless.json", &json!({ "load_ms": 300_000 }).to_string());
    let models = [model("small", &script(&server, "small")), model("endless", &endless)];
    set(&server, "models", &json!(models).to_string());
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    let states = "SELECT count(*) FROM text2sql.models()
                  WHERE (name, state) IN (('small', 'ready'), ('endless', 'loading'))";
    eventually("one is ready", Duration::from_secs(20), || {
        server.superuser().query_one(states, &[]).unwrap().get::<_, i64>(0) == 2
    });
    assert_eq!(ask(&server, "count them").unwrap(), r#"{"small":3}"#);
    set(&server, "model", "endless");
    let begun = Instant::now();
    let error = ask(&server, "count them").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CANNOT_CONNECT_NOW), "{error:?}");
    assert!(error.as_db_error().unwrap().message().contains('%'), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(server.status("active_requests"), "0");
    set(&server, "model", "");
    assert_eq!(ask(&server, "count them").unwrap(), r#"{"small":3}"#);
}

#[test]
fn a_model_that_loads_does_not_hide_why_the_one_before_it_failed() {
    let config = Config::default().set("text2sql.startup_wait", "0");
    let Some(server) = Server::start_with(json!({ "rules": [] }), config, SHOP) else { return };
    let dying = json!({"rules": [{"reply": "SELECT 1", "before": "crash"}]});
    let dying = File::new(&server, "dying.json", &dying.to_string());
    let endless = File::new(&server, "endless.json", &json!({ "load_ms": 300_000 }).to_string());
    let models = [model("dying", &dying), model("endless", &endless)];
    set(&server, "models", &json!(models).to_string());
    set(&server, "routing", "fallback");
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    let states = "SELECT count(*) FROM text2sql.models()
                  WHERE (name, state) IN (('dying', 'ready'), ('endless', 'loading'))";
    eventually("one is ready", Duration::from_secs(20), || {
        server.superuser().query_one(states, &[]).unwrap().get::<_, i64>(0) == 2
    });
    let error = ask(&server, "count them").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::CANNOT_CONNECT_NOW), "{error:?}");
    let error = error.as_db_error().unwrap();
    assert!(error.message().contains('%'), "{error:?}");
    let detail = error.detail().unwrap();
    assert!(detail.contains(r#"model "dying" failed: the engine ended"#), "{detail}");
}

#[test]
fn an_endpoint_answers_and_is_left_alone_when_it_fails() {
    let endpoint = Endpoint::start("```sql\nSELECT count(*) AS far FROM shop.customers;\n```");
    let Some(server) = server(Some(&endpoint)) else { return };
    set(&server, "model", "far");
    assert_eq!(ask(&server, "count them").unwrap(), r#"{"far":3}"#);
    {
        let bodies = endpoint.bodies.lock().unwrap();
        let sent = bodies[0].to_string();
        assert!(sent.contains("count them") && sent.contains("customers"), "{sent}");
        assert!(!sent.contains("secrets"), "what the role may not read left the server: {sent}");
    }
    endpoint.up.store(false, Ordering::SeqCst);
    for _ in 0..3 {
        let error = ask(&server, "count them").unwrap_err();
        assert_eq!(error.code(), Some(&SqlState::CONNECTION_FAILURE), "{error:?}");
    }
    assert_eq!(column(&server, "far", "circuit"), "open");
    assert_eq!(column(&server, "far", "retry_at > now()"), "true");
    assert_eq!(open_circuits(&server), 1);
    let before = endpoint.requests.load(Ordering::SeqCst);
    let error = ask(&server, "count them").unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("left alone"), "{error:?}");
    assert_eq!(
        endpoint.requests.load(Ordering::SeqCst),
        before,
        "an open circuit lets none through"
    );
    // The others answer for it where routing may choose.
    set(&server, "model", "");
    set(&server, "routing", "complexity");
    let hard = "count those that never bought more than the average per month";
    assert_eq!(ask(&server, hard).unwrap(), r#"{"large":3}"#);
    assert!(!server.cluster.log_text().contains(KEY));
}

#[test]
fn a_failing_endpoint_is_replaced_within_the_question() {
    let endpoint = Endpoint::start("SELECT 1");
    let Some(server) = server(Some(&endpoint)) else { return };
    endpoint.up.store(false, Ordering::SeqCst);
    set(&server, "routing", "complexity");
    let hard = "count those that never bought more than the average per month";
    assert_eq!(ask(&server, hard).unwrap(), r#"{"large":3}"#);
    assert_eq!(endpoint.requests.load(Ordering::SeqCst), 1);
    assert_eq!(column(&server, "far", "failed"), "1");
}

#[test]
fn nothing_leaves_the_server_for_a_role_that_may_not() {
    let endpoint = Endpoint::start("SELECT 1");
    let Some(server) = server(Some(&endpoint)) else { return };
    let mut superuser = server.superuser();
    superuser
        .batch_execute(
            "ALTER ROLE analyst SET text2sql.remote = off;
             ALTER ROLE analyst SET text2sql.model = 'far';",
        )
        .unwrap();
    let error = ask(&server, "count them").unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("no model"), "{error:?}");
    assert_eq!(endpoint.requests.load(Ordering::SeqCst), 0);
    let error = server.analyst().batch_execute("SET text2sql.remote = on").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

#[test]
fn a_registry_that_cannot_be_read_is_said() {
    let Some(server) = server(None) else { return };
    set(&server, "models", r#"[{"name": "a", "key": "b"}]"#);
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    eventually("it is said", Duration::from_secs(5), || {
        server.status("reason").contains("unknown field `key`")
    });
    set(&server, "models", "");
    server.superuser().batch_execute("SELECT text2sql.reload()").unwrap();
    // The worker may not have taken notice yet: the state before is ready, too.
    eventually("the one model is there again", Duration::from_secs(10), || {
        let sql =
            "SELECT count(*) FROM text2sql.models() WHERE name = 'default' AND state = 'ready'";
        server.superuser().query_one(sql, &[]).unwrap().get::<_, i64>(0) == 1
    });
}
