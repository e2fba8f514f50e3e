//! The schema is read before the first question: on demand, and by an engine that replaces another.

use std::time::Duration;

use serde_json::json;
use text2sql_integration::{SHOP, Server, eventually, rule};
use text2sql_testkit::cluster::Config;

const WARM: &str = "SELECT prompt_tokens, cached_tokens, milliseconds >= 0 FROM text2sql.warm()";
const CACHED: &str = "SELECT cached_tokens FROM text2sql.explain('how many customers?')";

fn start() -> Option<Server> {
    let server = Server::start(&[rule("customers", "SELECT count(*) FROM shop.customers")])?;
    server.await_state("ready");
    Some(server)
}

#[test]
fn warming_reads_the_schema_once() {
    let Some(server) = start() else { return };
    let mut analyst = server.analyst();
    let mut warm = || {
        let row = analyst.query_one(WARM, &[]).unwrap();
        assert!(row.get::<_, bool>(2));
        (row.get::<_, i32>(0), row.get::<_, i32>(1))
    };
    let (prompt, cached) = warm();
    assert!(prompt > 20 && cached == 0, "{prompt} {cached}");
    assert_eq!(warm(), (prompt, prompt - 1));
    let cached: i32 = analyst.query_one(CACHED, &[]).unwrap().get(0);
    assert!(cached > prompt / 2, "the question found {cached} of {prompt}");
}

#[test]
fn prefixes_are_shared_among_roles_only_where_a_superuser_wants_it() {
    let Some(server) = start() else { return };
    server
        .superuser()
        .batch_execute(
            "CREATE ROLE twin LOGIN IN ROLE text2sql_user, analyst;
             CREATE ROLE open_a LOGIN IN ROLE text2sql_user, analyst;
             CREATE ROLE open_b LOGIN IN ROLE text2sql_user, analyst;
             ALTER ROLE open_a SET text2sql.share_prefixes = on;
             ALTER ROLE open_b SET text2sql.share_prefixes = on;",
        )
        .unwrap();
    let cached = |role: &str| -> i32 { server.connect(role).query_one(WARM, &[]).unwrap().get(1) };
    assert_eq!(cached("analyst"), 0);
    assert_eq!(cached("twin"), 0, "another role's computation was used");
    assert_eq!(cached("open_a"), 0);
    assert!(cached("open_b") > 10, "nothing was shared");
}

#[test]
fn a_new_engine_reads_what_the_one_before_had_read() {
    let Some(server) = start() else { return };
    let mut analyst = server.analyst();
    analyst.query_one(CACHED, &[]).unwrap();
    let (engine, completed) = (server.status("engine_pid"), server.status("completed"));
    server.signal("-KILL", &engine);
    eventually("another engine is ready", Duration::from_secs(10), || {
        server.status("engine_starts") == "2" && server.status("state") == "ready"
    });
    // The worker has sent it before it sends anything that comes now.
    let cached: i32 = analyst.query_one(CACHED, &[]).unwrap().get(0);
    assert!(cached > 10, "{cached} cached");
    let counted = |column| server.status(column).parse::<u32>().unwrap();
    assert_eq!(counted("completed"), completed.parse::<u32>().unwrap() + 1, "its own do not count");
    let of_models = "SELECT pg_catalog.sum(completed)::int FROM text2sql.models()";
    let of_models: i32 = server.superuser().query_one(of_models, &[]).unwrap().get(0);
    assert_eq!(of_models.to_string(), server.status("completed"));
    assert_eq!(server.status("active_requests"), "0");
}

#[test]
fn after_a_restart_the_schema_is_known_unless_the_file_is_damaged() {
    let script = json!({ "rules": [rule("customers", "SELECT count(*) FROM shop.customers")] });
    let config = Config::default().set("text2sql.warm_after_restart", "on");
    let Some(server) = Server::start_with(script, config, SHOP) else { return };
    let file = server.cluster.dir().join("data/text2sql/schemas");
    let cached = || {
        server.await_state("ready");
        server.analyst().query_one(CACHED, &[]).unwrap().get::<_, i32>(0)
    };
    let restart = || {
        server.cluster.stop_server("fast").unwrap();
        let saved = std::fs::read(&file).unwrap();
        (saved, || server.cluster.start_server().unwrap())
    };
    assert_eq!(cached(), 0);
    let (mut saved, start) = restart();
    assert!(!String::from_utf8_lossy(&saved).contains("how many"), "a question was kept");
    start();
    assert!(cached() > 10);
    let (_, start) = restart();
    *saved.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &saved).unwrap();
    start();
    assert_eq!(cached(), 0);
    assert!(server.cluster.log_text().contains("is not used: the saved schemas are damaged"));
}
