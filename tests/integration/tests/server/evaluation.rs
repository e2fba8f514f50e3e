//! The evaluation's tools against a server: databases of SQLite are loaded, questions asked, answers
//! classed.

use std::fs;
use std::path::Path;
use std::process::Output;

use postgres::{Client, NoTls};
use serde_json::{Value, json};
use text2sql_integration::{Server, rule};

use crate::tools::{Folder, eval, text, tools};

fn load(server: &Server, file: &Path, db: &str) -> Output {
    let mut command = tools();
    command.arg("load-sqlite").arg(file);
    command.args(["--server", &server.cluster.conninfo("postgres", "postgres"), "--db", db]);
    command.args(["--grant", "analyst"]).output().unwrap()
}

#[test]
fn a_database_of_sqlite_comes_with_its_types_keys_and_rows() {
    let Some(server) = Server::start(&[]) else { return };
    let folder = Folder::new("sqlite");
    let file = folder.file("a.sqlite");
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             CREATE TABLE Owner (OwnerID INTEGER PRIMARY KEY, \"Full Name\" TEXT NOT NULL, born DATE);
             INSERT INTO Owner VALUES (1, 'a' || char(9) || 'b\\N', '2000-02-29'), (2, 'c', '');
             CREATE TABLE pet (id INT PRIMARY KEY, OwnerID INT REFERENCES Owner, kg REAL, seen DATETIME,
                               photo BLOB, n INT, note);
             INSERT INTO pet VALUES (1, 1, 2.5, '2024-01-01 10:30:00', x'00ff', 3000000000, 1),
                                    (2, 2, 3, NULL, NULL, 1, 'x');
             CREATE TABLE stray (id INT PRIMARY KEY, OwnerID INT REFERENCES Owner);
             INSERT INTO stray VALUES (1, 99), (NULL, 1);
             CREATE VIEW v AS SELECT 1;",
        )
        .unwrap();
    let done = load(&server, &file, "loaded");
    assert!(done.status.success(), "{}", text(&done.stderr));
    let told = text(&done.stdout);
    for line in [
        "loaded: 3 tables, 6 rows",
        "renamed: owner column \"Full Name\" is full_name",
        "not loaded: view v",
        "changed, owner: 1 values without meaning",
        "left out, stray: PRIMARY KEY (\"id\")",
        "left out, stray: FOREIGN KEY (OwnerID) REFERENCES owner",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }

    // As the role that was let in, which is nobody's but the one to ask.
    let mut client = Client::connect(&server.cluster.conninfo("analyst", "loaded"), NoTls).unwrap();
    let mut rows = |sql: &str| -> Vec<String> {
        client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(
        rows(
            "SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
                    || CASE WHEN attnotnull THEN ' not null' ELSE '' END
               FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
              WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
              ORDER BY relname, attnum"
        ),
        [
            "owner.owner_id integer not null",
            "owner.full_name text not null",
            "owner.born date",
            "pet.id integer not null",
            "pet.owner_id integer",
            "pet.kg double precision",
            "pet.seen timestamp without time zone",
            "pet.photo bytea",
            "pet.n bigint",
            "pet.note text",
            "stray.id integer",
            "stray.owner_id integer",
        ]
    );
    assert_eq!(
        rows(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1"
        ),
        [
            "FOREIGN KEY (owner_id) REFERENCES owner(owner_id)",
            "PRIMARY KEY (id)",
            "PRIMARY KEY (owner_id)"
        ]
    );
    assert_eq!(rows("SELECT owner::text FROM owner"), ["(1,\"a\tb\\\\N\",2000-02-29)", "(2,c,)"]);
    assert_eq!(
        rows("SELECT pet::text FROM pet"),
        ["(1,1,2.5,\"2024-01-01 10:30:00\",\"\\\\x00ff\",3000000000,1)", "(2,2,3,,,1,x)"]
    );
}

#[test]
fn what_cannot_be_loaded_leaves_nothing_behind() {
    let Some(server) = Server::start(&[]) else { return };
    let folder = Folder::new("no-sqlite");
    let file = folder.file("a.sqlite");
    fs::write(&file, "a letter, and no database of SQLite, whatever it is called").unwrap();
    let done = load(&server, &file, "nothing");
    assert!(!done.status.success());
    assert!(text(&done.stderr).contains("no database of SQLite"), "{}", text(&done.stderr));

    // The second table fails after the first was made: there is a table of its name.
    let good = folder.file("b.sqlite");
    let connection = rusqlite::Connection::open(&good).unwrap();
    connection.execute_batch("CREATE TABLE a (x INT); CREATE TABLE b (x INT);").unwrap();
    let mut superuser = server.superuser();
    superuser.batch_execute("CREATE DATABASE half").unwrap();
    let mut half = Client::connect(&server.cluster.conninfo("postgres", "half"), NoTls).unwrap();
    half.batch_execute("CREATE TABLE b (y text)").unwrap();
    let done = load(&server, &good, "half");
    assert!(text(&done.stderr).contains("table \"b\": relation \"b\" already exists"));
    let a: Option<String> =
        half.query_one("SELECT to_regclass('public.a')::text", &[]).unwrap().get(0);
    assert_eq!(a, None);
    let count: i64 = superuser
        .query_one("SELECT count(*) FROM pg_database WHERE datname = 'nothing'", &[])
        .unwrap()
        .get(0);
    assert_eq!(count, 0);
}

/// A suite of the shop, as the file of a run.
fn suite(path: &Path) {
    let question = |id: &str, question: &str, gold: &str, ordered: bool| json!({ "id": id, "db": "postgres", "question": question, "gold_sql": gold, "ordered": ordered });
    let names = "SELECT name FROM shop.customers ORDER BY name";
    let lines = [
        question("right", "all names", names, true),
        question("order", "names backwards", names, true),
        question("columns", "names with ids", names, false),
        question(
            "rows",
            "names in Oslo",
            "SELECT name FROM shop.customers WHERE city = 'Oslo'",
            false,
        ),
        question("empty", "names in Rome", names, false),
        question(
            "filter",
            "how many in Oslo",
            "SELECT count(*) FROM shop.customers WHERE city = 'Oslo'",
            false,
        ),
        question("aggregate", "the last name", "SELECT max(name) FROM shop.customers", false),
        question("unknown", "favourite colours", names, false),
        question("refused", "delete them", names, false),
    ];
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(path, text.join("\n")).unwrap();
}

#[test]
fn answers_are_classed_and_reports_written() {
    let rules = [
        rule("backwards", "SELECT name FROM shop.customers ORDER BY name DESC"),
        rule("with ids", "SELECT id, name FROM shop.customers"),
        rule("names in Oslo", "SELECT name FROM shop.customers"),
        rule("names in Rome", "SELECT name FROM shop.customers WHERE id > 7"),
        rule("how many in Oslo", "SELECT count(*) FROM shop.customers WHERE city = 'Paris'"),
        rule("the last name", "SELECT min(name) FROM shop.customers"),
        rule("favourite", "SELECT zzz.colour FROM shop.customers"),
        rule("delete", "DELETE FROM shop.customers"),
        rule("all names", "SELECT name FROM shop.customers ORDER BY name"),
    ];
    let Some(server) = Server::start(&rules) else { return };
    server.await_state("ready");
    let folder = Folder::new("eval");
    suite(&folder.file("suite.jsonl"));
    let eval = |more: &[&str]| {
        let mut command = eval(&server, &folder, "suite.jsonl");
        command.arg("--report").arg(folder.file("report.md"));
        command.args(more).output().unwrap()
    };
    let done = eval(&[]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(text(&done.stderr), "", "a run without a terminal is silent");

    let results = fs::read_to_string(folder.file("results.jsonl")).unwrap();
    let classes: Vec<String> = results
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            format!("{} {} {}", answer["id"], answer["class"], answer["exact"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        classes,
        [
            "right right true",
            "order other_order false",
            "columns columns false",
            "rows rows false",
            "empty empty false",
            "filter filter false",
            "aggregate aggregate false",
            "unknown unknown_name false",
            "refused refused false",
        ]
    );
    let read = |name: &str| fs::read_to_string(folder.file(name)).unwrap();
    assert!(read("report.md").contains("| right | **1 (11.1 %)** |"), "{}", read("report.md"));
    assert!(read("report.html").contains("<svg "));
    let json: Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(json["arms"][0]["questions"], 9);
    let first: Value = serde_json::from_str(results.lines().next().unwrap()).unwrap();
    let asked_with = &first["asked_with"];
    assert_eq!(asked_with["settings"], json!({}));
    assert_eq!(asked_with["extension"], env!("CARGO_PKG_VERSION"));
    assert_eq!(asked_with["model_sha256"].as_str().map(str::len), Some(12), "{asked_with}");
    assert_eq!(results.matches("asked_with").count(), 1);

    // Nothing is asked again, and what was right before is named if it is not now.
    let better = results.replace("\"class\":\"filter\"", "\"class\":\"right\"");
    fs::write(folder.file("before.jsonl"), better).unwrap();
    let before = folder.file("before.jsonl").display().to_string();
    let done = eval(&["--baseline", &before]);
    assert!(!done.status.success());
    let line = "no longer right: default filter (wrong value or filter)";
    assert!(text(&done.stdout).contains(line), "{}", text(&done.stdout));
    assert_eq!(read("results.jsonl"), results);
    let told = text(&done.stdout);
    let line = "default since the baseline: 9 questions in common, 0 won, 1 lost: p = 1.000 (McNemar, exact); −11.1 points";
    assert!(told.contains(line), "{told}");

    // What was asked otherwise is not gone on with.
    let done = eval(&["--arm", "default:text2sql.candidates=1"]);
    assert!(!done.status.success());
    let said = text(&done.stderr);
    assert!(said.contains("text2sql.candidates was not set and is \"1\""), "{said}");
    assert_eq!(read("results.jsonl"), results);

    // A baseline is kept without questions and statements; an arm that it has must be asked.
    let kept = folder.file("kept.jsonl").display().to_string();
    let done = eval(&["--write-baseline", &kept]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(read("kept.jsonl").lines().count(), 9);
    assert!(!read("kept.jsonl").contains("customers"), "{}", read("kept.jsonl"));
    assert!(eval(&["--baseline", &kept]).status.success());
    let done = eval(&["--baseline", &kept, "--arm", "renamed"]);
    let said = text(&done.stderr);
    assert!(said.contains("under arms that this run does not have: \"default\""), "{said}");
    assert_eq!(read("results.jsonl"), results);
}

#[test]
fn what_ask_refuses_for_want_of_confidence_is_refused() {
    let names = "SELECT name FROM shop.customers";
    let rules = [
        json!({ "contains": "unsure of the customers", "reply": names, "surprisal": 2_500_000 }),
        json!({ "contains": "sure of the customers", "reply": names, "surprisal": 20_000 }),
        rule("will rain fall", names),
    ];
    let Some(server) = Server::start(&rules) else { return };
    server.await_state("ready");
    let folder = Folder::new("sure");
    let lines =
        ["sure of the customers", "unsure of the customers", "will rain fall in the mountains?"]
            .map(|question| {
                let line = json!({ "db": "postgres", "question": question, "gold_sql": names });
                line.to_string()
            });
    fs::write(folder.file("suite.jsonl"), lines.join("\n")).unwrap();
    let arms = ["--arm", "default", "--arm", "sure:text2sql.min_confidence=0.5"];
    let done = eval(&server, &folder, "suite.jsonl").args(arms).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let results = fs::read_to_string(folder.file("results.jsonl")).unwrap();
    let told: Vec<String> = results
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            let message = answer["message"].as_str().map_or("", |text| &text[..5]);
            format!("{} {} {} {message}", answer["arm"], answer["id"], answer["class"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "default 1 right ",
            "default 2 right ",
            "default 3 right ",
            "sure 1 right ",
            "sure 2 refused TS002",
            "sure 3 refused TS002",
        ]
    );
    let refused: Value = serde_json::from_str(results.lines().nth(4).unwrap()).unwrap();
    assert_eq!(refused["sql"].as_str().map(|sql| sql.contains("customers")), Some(true));
}

#[test]
fn a_known_answer_that_fails_stops_the_run_by_name() {
    let Some(server) = Server::start(&[rule("all", "SELECT name FROM shop.customers")]) else {
        return;
    };
    server.await_state("ready");
    let folder = Folder::new("gold");
    let line = |id: &str, gold: &str| {
        json!({ "id": id, "db": "postgres", "question": "all", "gold_sql": gold }).to_string()
    };
    let good = line("good", "SELECT name FROM shop.customers");
    let lines = [good, line("bad one", "SELECT nothing FROM nowhere")];
    fs::write(folder.file("suite.jsonl"), lines.join("\n")).unwrap();
    let eval = |more: &[&str]| eval(&server, &folder, "suite.jsonl").args(more).output().unwrap();
    let done = eval(&[]);
    let said = text(&done.stderr);
    assert!(said.contains("the known answer of question \"bad one\" fails: 42P01"), "{said}");
    assert_eq!(fs::read_to_string(folder.file("results.jsonl")).unwrap_or_default(), "");

    let done = eval(&["--allow-gold-errors"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let told = text(&done.stdout);
    assert!(told.contains("| right | **1 (50.0 %)** |"), "{told}");
    assert!(told.contains("| the known answer fails | 1 (50.0 %) |"), "{told}");
}

#[test]
fn published_answers_run_on_the_files_they_came_with() {
    let rules = [
        rule("whose name", "SELECT pet_name FROM pets WHERE born < '2021-01-01'"),
        rule("how heavy", "SELECT weight FROM pets WHERE pet_name = 'Tom'"),
        rule("how many", "SELECT count(*) + 1 FROM pets"),
    ];
    let Some(server) = Server::start(&rules) else { return };
    server.await_state("ready");
    let folder = Folder::new("published");
    fs::create_dir_all(folder.file("zoo")).unwrap();
    let file = folder.file("zoo/zoo.sqlite");
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch(
            "CREATE TABLE Pets (`Pet Name` TEXT, Born DATE, Weight REAL, Tame BOOLEAN);
             INSERT INTO Pets VALUES ('Rex', '2020-01-31', 3, 1), ('Tom', '2022-05-01', 4.5, 0);",
        )
        .unwrap();
    let load = |file: &Path| {
        let server = server.cluster.conninfo("postgres", "postgres");
        let mut command = tools();
        command.arg("load-sqlite").arg(file).args(["--server", &server, "--db", "zoo"]);
        command.args(["--grant", "analyst", "--names", "lower"]).output().unwrap()
    };
    let done = load(&file);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let mut superuser =
        Client::connect(&server.cluster.conninfo("postgres", "zoo"), NoTls).unwrap();
    superuser.batch_execute("CREATE EXTENSION text2sql; GRANT text2sql_user TO analyst").unwrap();

    // As BIRD writes them: backticks, text in double quotes, functions of SQLite alone.
    let entry =
        |question: &str, sql: &str| json!({ "db_id": "zoo", "question": question, "SQL": sql });
    let suite = json!([
        entry("whose name", "SELECT `Pet Name` FROM Pets WHERE STRFTIME('%Y', Born) = '2020'"),
        entry("how heavy", "SELECT Weight FROM Pets WHERE `Pet Name` = \"Tom\""),
        entry("how many", "SELECT count(*) FROM Pets"),
    ]);
    fs::write(folder.file("dev.json"), suite.to_string()).unwrap();
    let eval = |golds: &Path| {
        eval(&server, &folder, "dev.json").arg("--golds-in").arg(golds).output().unwrap()
    };
    let done = eval(&folder.0);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(
        text(&done.stderr),
        "1 known answers run on the server, too; 1 have the same rows\n"
    );
    let results = fs::read_to_string(folder.file("results.jsonl")).unwrap();
    let classes: Vec<String> = results
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["class"].to_string())
        .collect();
    assert_eq!(classes, ["\"right\"", "\"right\"", "\"columns\""], "{results}");

    let done = eval(&folder.file("nowhere"));
    assert!(!done.status.success());
    assert!(text(&done.stderr).contains("there is no zoo/zoo.sqlite in"), "{}", text(&done.stderr));
}
