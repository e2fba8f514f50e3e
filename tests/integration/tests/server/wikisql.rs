//! Tables of WikiSQL are loaded into a server, and their questions asked, each of its own table.

use std::fs;
use std::path::Path;
use std::process::Output;

use postgres::{Client, NoTls};
use serde_json::{Value, json};
use text2sql_integration::{Server, rule};

use crate::tools::{Folder, eval, text, tools};

/// As the file of tables has them: columns of one name, and names that are none without quotes.
fn tables() -> String {
    let rivers = json!({
        "id": "1-10-2", "page_title": "Rivers of Utopia", "types": ["text", "real", "text"],
        "header": ["River", "Length (km)", "Mouth"],
        "rows": [["Any", 12.5, "O'Sea"], ["Other", 7, "Lake\tTop"], ["Third", null, "lake\ttop"]],
    });
    let peaks = json!({
        "id": "2-7", "types": ["text", "real", "text"], "header": ["Peak", "Height (m)", "Peak"],
        "rows": [["Top", 2962, "first"], ["Tip", 2100, null]],
    });
    format!("{rivers}\n{peaks}\n")
}

fn load(server: &Server, file: &Path, reader: &str) -> Output {
    let mut command = tools();
    command.arg("load-wikisql").arg(file).args(["--db", "wiki", "--grant", reader]);
    command.args(["--server", &server.cluster.conninfo("postgres", "postgres")]);
    command.output().unwrap()
}

#[test]
fn each_table_of_wikisql_gets_a_schema_of_its_own() {
    let Some(server) = Server::start(&[]) else { return };
    let folder = Folder::new("wiki-load");
    let file = folder.file("dev.tables.jsonl");
    fs::write(&file, tables()).unwrap();
    let done = load(&server, &file, "nobody");
    assert!(
        text(&done.stderr).contains("role \"nobody\" does not exist"),
        "{}",
        text(&done.stderr)
    );
    let count: i64 = server
        .superuser()
        .query_one("SELECT count(*) FROM pg_database WHERE datname = 'wiki'", &[])
        .unwrap()
        .get(0);
    assert_eq!(count, 0, "nothing is left of what was not loaded");

    let done = load(&server, &file, "analyst");
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stdout), "wiki: 2 tables\n");
    let mut client = Client::connect(&server.cluster.conninfo("analyst", "wiki"), NoTls).unwrap();
    let mut rows = |sql: &str| -> Vec<String> {
        client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(
        rows(
            "SELECT attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod)
               FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
              WHERE relnamespace::regnamespace::text ~ '^t_' AND relkind = 'r' AND attnum > 0
              ORDER BY attrelid::regclass::text, attnum"
        ),
        [
            "t_1_10_2.rivers_of_utopia.river text",
            "t_1_10_2.rivers_of_utopia.length_km double precision",
            "t_1_10_2.rivers_of_utopia.mouth text",
            "t_2_7.records.peak text",
            "t_2_7.records.height_m double precision",
            "t_2_7.records.peak_2 text",
        ]
    );
    assert_eq!(
        rows("SELECT r::text FROM t_1_10_2.rivers_of_utopia r"),
        ["(Any,12.5,O'Sea)", "(Other,7,\"Lake\tTop\")", "(Third,,\"lake\ttop\")"]
    );
    assert_eq!(rows("SELECT r::text FROM t_2_7.records r"), ["(Top,2962,first)", "(Tip,2100,)"]);

    let done = load(&server, &file, "analyst");
    assert!(text(&done.stderr).contains("already exists"), "{}", text(&done.stderr));
    assert_eq!(rows("SELECT r::text FROM t_2_7.records r").len(), 2, "what was there stays");
}

/// A question as the file has it: its statement is a column, a function and conditions by number.
fn question(table: &str, question: &str, sql: &Value) -> String {
    json!({ "phase": 1, "table_id": table, "question": question, "sql": sql }).to_string()
}

#[test]
fn a_question_of_wikisql_is_asked_of_its_table_alone() {
    let alone = |other: &str, reply: &str| json!({ "contains": "how many are there", "unless_contains": other, "reply": reply });
    let rules = [
        rule("how long", "SELECT length_km FROM rivers_of_utopia WHERE river = 'Any'"),
        rule("into the lake", "SELECT count(*) FROM rivers_of_utopia WHERE mouth ILIKE 'lake%'"),
        // One question to both tables, and only one of them is in the prompt.
        alone("height_m", "SELECT count(*) FROM rivers_of_utopia"),
        alone("length_km", "SELECT count(*) FROM records"),
        rule("the highest", "SELECT min(height_m) FROM records"),
        rule("add up", "SELECT 1"),
    ];
    let Some(server) = Server::start(&rules) else { return };
    server.await_state("ready");
    let folder = Folder::new("wiki-eval");
    let file = folder.file("dev.tables.jsonl");
    fs::write(&file, tables()).unwrap();
    let done = load(&server, &file, "analyst");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let mut superuser =
        Client::connect(&server.cluster.conninfo("postgres", "wiki"), NoTls).unwrap();
    superuser.batch_execute("CREATE EXTENSION text2sql; GRANT text2sql_user TO analyst").unwrap();

    let (rivers, peaks) = ("1-10-2", "2-7");
    let suite = [
        question(
            rivers,
            "how long is Any",
            &json!({ "sel": 1, "agg": 0, "conds": [[0, 0, "ANY"]] }),
        ),
        question(
            rivers,
            "how many flow into the lake",
            &json!({ "sel": 0, "agg": 3, "conds": [[2, 0, "LAKE\tTOP"]] }),
        ),
        question(rivers, "how many are there", &json!({ "sel": 0, "agg": 3, "conds": [] })),
        question(peaks, "how many are there", &json!({ "sel": 0, "agg": 3, "conds": [] })),
        question(peaks, "which is the highest", &json!({ "sel": 1, "agg": 1, "conds": [] })),
        question(peaks, "add up the names", &json!({ "sel": 0, "agg": 4, "conds": [] })),
    ];
    fs::write(folder.file("dev.jsonl"), suite.join("\n")).unwrap();
    let eval = |more: &[&str]| {
        let mut command = eval(&server, &folder, "dev.jsonl");
        command.args(["--db", "wiki"]).arg("--tables").arg(&file).args(more).output().unwrap()
    };
    // Some published statements add up texts, which SQLite does.
    let done = eval(&[]);
    let said = text(&done.stderr);
    assert!(said.contains("the known answer of question \"6\" fails: 42883"), "{said}");

    let done = eval(&["--allow-gold-errors"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let results = fs::read_to_string(folder.file("results.jsonl")).unwrap();
    let classes: Vec<String> = results
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            format!("{} {}", answer["id"], answer["class"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        classes,
        ["1 right", "2 right", "3 right", "4 right", "5 aggregate", "6 gold_error"],
        "{results}"
    );
}
