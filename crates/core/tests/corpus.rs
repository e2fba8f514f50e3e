//! A corpus of attacks and of harmless statements against the first gate. The corpus is no part
//! of this repository: `TEXT2SQL_SECURITY_CORPUS` names its folder, and without it these tests
//! say so and pass. A folder that is named and not there fails them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper that fails fails its test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use text2sql_core::sql::{CandidateSql, policy};

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("TEXT2SQL_SECURITY_CORPUS").map(PathBuf::from);
    if folder.is_none() {
        println!("SKIPPED: TEXT2SQL_SECURITY_CORPUS names no folder with the corpus");
    }
    folder
}

fn lines(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder.join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Long statements are given as parts and how often each repeats.
fn statement(line: &Value) -> String {
    match line["sql_parts"].as_array() {
        None => line["sql"].as_str().unwrap().to_owned(),
        Some(parts) => parts
            .iter()
            .map(|p| p[0].as_str().unwrap().repeat(p[1].as_u64().unwrap().try_into().unwrap()))
            .collect(),
    }
}

fn verdict(sql: &str) -> Result<(), String> {
    let candidate = CandidateSql::from_user(sql).map_err(|e| e.to_string())?;
    policy::check(candidate).map(drop).map_err(|refusal| refusal.rule.to_owned())
}

#[test]
fn harmless_statements_pass() {
    let Some(folder) = corpus() else { return };
    let refused: Vec<String> = lines(&folder, "benign.jsonl")
        .iter()
        .filter_map(|line| {
            let rule = verdict(&statement(line)).err()?;
            Some(format!("{} by {rule}: {}", line["id"], line["sql"]))
        })
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

/// What passes here is for the server side to refuse: user code, privileges, what names hide.
#[test]
fn most_attacks_end_at_the_first_gate() {
    let Some(folder) = corpus() else { return };
    let mut classes: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for line in lines(&folder, "attacks.jsonl").iter().filter(|l| l["expect"] == "refuse") {
        let class = classes.entry(line["class"].as_str().unwrap().to_owned()).or_default();
        class.1 += 1;
        match verdict(&statement(line)) {
            Err(_) => class.0 += 1,
            Ok(()) => println!("passes: {} {}", line["id"], line["sql"]),
        }
    }
    println!("{classes:#?}");
    let (refused, all) = classes.values().fold((0, 0), |(r, a), (x, y)| (r + x, a + y));
    println!("{refused} of {all} attacks are refused at this gate");
    assert!(refused * 10 > all * 6, "{refused} of {all}");
    for class in ["multi-statement", "modifying-cte", "select-into", "row-locks", "utility"] {
        if let Some((refused, all)) = classes.get(class) {
            assert_eq!(refused, all, "{class}");
        }
    }
}

/// A name the server side allows must not be lost here.
#[test]
fn functions_on_the_positive_list_are_not_denied() {
    let Some(folder) = corpus() else { return };
    let text = fs::read_to_string(folder.join("allow_functions_pg15.tsv")).unwrap();
    let mut checked = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let name = fields[0].trim_matches('"').split(['(', '"']).next().unwrap();
        if fields[6] == "deny" || name.is_empty() {
            continue;
        }
        checked += 1;
        assert_eq!(verdict(&format!("SELECT \"{name}\"(1)")), Ok(()), "{name}");
    }
    assert!(checked > 1_000, "{checked}");
}
