//! Sets of settings side by side, asked in several sessions.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use text2sql_integration::{Server, eventually};

use crate::tools::{Folder, eval};

#[test]
fn arms_are_asked_at_a_time_each_under_its_own_settings() {
    let mended = json!({
        "contains": "all names", "token_ms": 60, "reply": "SELECT zzz.colour FROM shop.customers",
        "repair_reply": "SELECT name FROM shop.customers ORDER BY name",
    });
    let Some(server) = Server::start(&[mended]) else { return };
    server.await_state("ready");
    let folder = Folder::new("arms");
    let line = |id: &str| {
        let gold = "SELECT name FROM shop.customers";
        json!({ "id": id, "db": "postgres", "question": "all names", "gold_sql": gold }).to_string()
    };
    fs::write(folder.file("suite.jsonl"), ["a", "b", "c"].map(line).join("\n")).unwrap();
    let eval = || {
        let mut command = eval(&server, &folder, "suite.jsonl");
        let once = "once:text2sql.max_repairs=0;text2sql.candidates=1;text2sql.constrained=off";
        command.args(["--arm", once, "--arm", "twice:text2sql.candidates=1", "--sessions", "2"]);
        command.arg("--report").arg(folder.file("report.md")).stdout(Stdio::null());
        command.spawn().unwrap()
    };
    let mut asking = eval();
    eventually("both arms are asked at a time", Duration::from_secs(20), || {
        server.status("active_requests") == "2"
    });
    assert!(asking.wait().unwrap().success());
    let read = |name: &str| fs::read_to_string(folder.file(name)).unwrap();
    let report: Value = serde_json::from_str(&read("report.json")).unwrap();
    let told: Vec<Value> = report["arms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arm| json!([arm["name"], arm["questions"], arm["right"]]))
        .collect();
    assert_eq!(told, [json!(["once", 3, 0]), json!(["twice", 3, 3])]);
    assert_eq!(report["about"]["settings"][1], "text2sql.candidates=1");
    assert_eq!(report["comparisons"][0]["only_second"], 3);

    // An answer that is missing is asked for again, and no other.
    let results = read("results.jsonl");
    let (kept, _) = results.trim_end().rsplit_once('\n').unwrap();
    fs::write(folder.file("results.jsonl"), format!("{kept}\n")).unwrap();
    assert!(eval().wait().unwrap().success());
    let again = read("results.jsonl");
    assert_eq!(again.lines().count(), 6);
    assert!(again.starts_with(kept), "{again}");
}
