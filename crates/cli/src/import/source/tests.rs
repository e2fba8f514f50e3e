//! Tests of reading files of SQLite, damaged ones among them.

use std::fs;

use super::super::types::{PgType, of_column};
use super::*;

fn file(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

#[test]
fn tables_keys_and_references_are_read() {
    let (_folder, path) = file(
        "CREATE TABLE owner (id INTEGER PRIMARY KEY, \"Full Name\" TEXT NOT NULL, email TEXT UNIQUE);
         CREATE TABLE pet (a INT, b INT, owner_id INT REFERENCES owner, other REFERENCES owner(email),
                           PRIMARY KEY (b, a), FOREIGN KEY (a, b) REFERENCES pet (b, a));
         CREATE VIEW v AS SELECT 1;
         CREATE INDEX i ON pet (a);",
    );
    let source = Source::open(&path).unwrap();
    let tables = source.tables().unwrap();
    assert_eq!(tables.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["owner", "pet"]);
    let (owner, pet) = (&tables[0], &tables[1]);
    assert_eq!(owner.primary, ["id"]);
    assert_eq!(owner.unique, [["email"]]);
    assert_eq!(owner.columns[1].name, "Full Name");
    assert!(owner.columns[1].is_required && !owner.columns[2].is_required);
    assert_eq!(pet.primary, ["b", "a"]);
    let told: Vec<(&str, Vec<String>, Vec<String>)> =
        pet.foreign.iter().map(|f| (f.table.as_str(), f.from.clone(), f.to.clone())).collect();
    let text = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told,
        [
            ("pet", text(&["a", "b"]), text(&["b", "a"])),
            ("owner", text(&["other"]), text(&["email"])),
            ("owner", text(&["owner_id"]), text(&[])),
        ]
    );
    assert_eq!(source.left_out().unwrap(), ["view v"]);
}

#[test]
fn rows_tell_the_types() {
    let (_folder, path) = file(
        "CREATE TABLE t (a INTEGER, b, c DATE, d BLOB, e REAL);
         INSERT INTO t VALUES (1, 'x', '2024-01-01', x'ff00', 1), ('', 2, NULL, NULL, 2.5);",
    );
    let source = Source::open(&path).unwrap();
    let table = source.tables().unwrap().remove(0);
    let (held, rows) = source.held(&table).unwrap();
    let types: Vec<PgType> =
        table.columns.iter().zip(&held).map(|(c, held)| of_column(&c.declared, held)).collect();
    assert_eq!(rows, 2);
    assert_eq!(types, [PgType::Integer, PgType::Text, PgType::Date, PgType::Bytea, PgType::Double]);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    let refusal = |path: &Path| Source::open(path).err().unwrap();
    assert_eq!(refusal(&path), "there is no such file");
    fs::write(&path, "this is a letter and no database at all, however long it goes on").unwrap();
    assert_eq!(refusal(&path), "it is no database of SQLite");
    assert_eq!(refusal(folder.path()), "there is no such file");
}

#[test]
fn a_query_that_takes_too_long_ends() {
    let (_folder, path) = file("CREATE TABLE t (a TEXT)");
    let source = Source::open(&path).unwrap();
    let endless =
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let done = source.query(endless, std::time::Duration::from_millis(20), |_| ());
    assert_eq!(done, Err("it takes too long".to_owned()));
    let limit = std::time::Duration::from_secs(60);
    assert_eq!(source.query("SELECT count(*) FROM t", limit, |_| ()), Ok(()));
}

#[test]
fn damage_is_an_error_wherever_it_is() {
    let mut sql = "CREATE TABLE t (a TEXT); CREATE INDEX i ON t (a);".to_owned();
    for _ in 0..200 {
        sql.push_str("INSERT INTO t VALUES (hex(randomblob(400)));");
    }
    let (_folder, path) = file(&sql);
    let sound = fs::read(&path).unwrap();
    let read = |path: &Path| -> Result<u64, String> {
        let source = Source::open(path)?;
        let tables = source.tables()?;
        tables.iter().map(|table| source.held(table).map(|(_, rows)| rows)).sum()
    };
    assert_eq!(read(&path), Ok(200));
    let mut refused = 0;
    for at in (16..sound.len()).step_by(4999) {
        let mut bytes = sound.clone();
        bytes[at..(at + 64).min(sound.len())].fill(0xff);
        fs::write(&path, &bytes).unwrap();
        // Damage within a value cannot be told; nothing may crash or hang.
        refused += usize::from(read(&path).is_err());
    }
    assert!(refused > 0);
    fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    assert!(read(&path).unwrap_err().contains("damaged"), "{:?}", read(&path));
}
