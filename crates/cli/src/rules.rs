//! `rules`: what the rules that put statements right change of known ones.
//!
//! Pure: catalogs come from files that `scripts/snapshot` writes. A rule is made for statements that
//! models get wrong; what it may spoil are those that are right, and these are known for every question
//! set. Owns the measurement; the rules are `core::sql`'s. Constants are not looked up: that takes a
//! server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};
use text2sql_core::protocol::Failure;
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{
    CandidateSql, ParsedSql, conform, mend, only_home, policy, prune, qualify, take_apart,
    unknown_last,
};

use crate::files::{failure, lines, snapshot};

/// Arguments of `rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// Statements: lines of JSON with `db`, `question` and `gold_sql` (or `sql`: any other statement).
    statements: PathBuf,
    /// Folder of snapshots, DB.json each.
    #[arg(long)]
    snapshots: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Known {
    #[serde(default)]
    id: String,
    db: String,
    #[serde(default)]
    question: String,
    #[serde(alias = "gold_sql")]
    sql: String,
}

#[derive(Debug, Serialize, PartialEq)]
struct Changed<'a> {
    id: &'a str,
    db: &'a str,
    question: &'a str,
    rules: Vec<&'static str>,
    before: &'a str,
    after: String,
}

/// A rule: the statement it makes of another one for a question.
type Rule = fn(&ParsedSql, &Snapshot, &str) -> Option<ParsedSql>;

/// In the order in which the server puts them to a statement.
const RULES: [(&str, Rule); 5] = [
    ("names", |sql, snapshot, _| mend(sql, snapshot)),
    ("conditions", take_apart),
    ("words", conform),
    ("joins", prune),
    ("unknown", |sql, snapshot, _| unknown_last(sql, snapshot)),
];

impl Rules {
    /// Prints a line of JSON for each statement that is changed, and at the end how many are.
    pub fn run(&self) -> Result<(), Failure> {
        let known: Vec<Known> = lines(&self.statements)?;
        let mut snapshots: BTreeMap<&str, Snapshot> = BTreeMap::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut changed = 0;
        for one in &known {
            if !snapshots.contains_key(one.db.as_str()) {
                let path = self.snapshots.join(format!("{}.json", one.db));
                snapshots.insert(&one.db, snapshot(&path)?);
            }
            let Some(snapshot) = snapshots.get(one.db.as_str()) else { continue };
            let Some(change) = change(one, snapshot) else { continue };
            changed += 1;
            for rule in &change.rules {
                *counts.entry(rule).or_default() += 1;
            }
            println!("{}", serde_json::to_string(&change).map_err(|error| failure(&error))?);
        }
        let each: Vec<String> =
            counts.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        eprintln!("{changed} of {} statements are changed; {}", known.len(), each.join(", "));
        Ok(())
    }
}

/// What becomes of a statement; `None` where it stays, or the policy refuses it as it is.
fn change<'a>(known: &'a Known, snapshot: &Snapshot) -> Option<Changed<'a>> {
    let candidate = CandidateSql::from_user(&known.sql).ok()?;
    let mut sql = policy::check(candidate).ok()?;
    sql = qualify(&sql, |name| only_home(snapshot, name)).unwrap_or(sql);
    let mut rules = Vec::new();
    for (name, rule) in RULES {
        if let Some(next) = rule(&sql, snapshot, &known.question) {
            rules.push(name);
            sql = next;
        }
    }
    let Known { id, db, question, sql: before } = known;
    let after = sql.text().to_owned();
    (!rules.is_empty()).then_some(Changed { id, db, question, rules, before, after })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sql: &str) -> Known {
        let (id, db) = ("1".to_owned(), "pets".to_owned());
        Known { id, db, question: "Who is the oldest?".to_owned(), sql: sql.to_owned() }
    }

    fn pets() -> Snapshot {
        let snapshot = serde_json::json!({
            "relations": [{
                "schema": "public", "name": "pet", "kind": "table", "primary_key": [],
                "columns": [
                    {"name": "name", "type_name": "text", "not_null": false},
                    {"name": "age", "type_name": "integer", "not_null": false},
                ],
            }],
            "foreign_keys": [],
        });
        Snapshot::parse(&snapshot.to_string()).expect("a snapshot")
    }

    #[test]
    fn a_changed_statement_is_told_with_the_rules_that_did_it() {
        let known = known("SELECT name FROM pet WHERE name = 5 ORDER BY age ASC LIMIT 1");
        let changed = change(&known, &pets()).expect("a change");
        assert_eq!(changed.rules, ["names", "words", "unknown"]);
        assert!(
            changed.after.ends_with("WHERE name = '5' ORDER BY age DESC NULLS LAST LIMIT 1"),
            "{changed:?}"
        );
    }

    #[test]
    fn right_and_refused_statements_are_not_told() {
        let right = known("SELECT name FROM pet ORDER BY age DESC NULLS LAST LIMIT 1");
        assert_eq!(change(&right, &pets()), None);
        assert_eq!(change(&known("DROP TABLE pet"), &pets()), None);
    }
}
