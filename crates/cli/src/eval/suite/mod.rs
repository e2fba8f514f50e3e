//! Question sets: what is asked, and what the right rows are.
//!
//! Owns the formats that are read: lines of JSON as this project writes them, the arrays that Spider
//! and BIRD publish, and the lines of WikiSQL, whose statements are made of its tables' columns. Reads
//! no database. Called by [`super`].

mod sample;

use std::fs;
use std::path::Path;

use serde::Deserialize;
use text2sql_core::protocol::Failure;

pub use sample::sample;

use super::failed;
use crate::import::wikisql::Tables;

/// A question with its known answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unique within the suite.
    pub id: String,
    /// Name of the database it is asked of.
    pub db: String,
    /// The schema it is asked of, if only one.
    pub schema: Option<String>,
    /// What is asked, with the evidence where the suite has some.
    pub text: String,
    /// Statements whose rows are right; the first is the known one.
    pub golds: Vec<String>,
    /// Whether the order of rows counts.
    pub ordered: bool,
    /// Name the suite gives to how hard it is; empty if it gives none.
    pub difficulty: String,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default, alias = "question_id")]
    id: Option<serde_json::Value>,
    #[serde(alias = "db_id")]
    db: Option<String>,
    schema: Option<String>,
    question: String,
    #[serde(alias = "query", alias = "SQL")]
    gold_sql: Option<String>,
    /// Of WikiSQL: the table, and the statement as numbers. Spider has a tree of its own there.
    table_id: Option<String>,
    sql: Option<serde_json::Value>,
    #[serde(default)]
    also_accepted: Vec<String>,
    ordered: Option<bool>,
    #[serde(default)]
    difficulty: Option<serde_json::Value>,
    #[serde(default)]
    evidence: String,
}

/// Reads a suite: lines of JSON, or one array of objects. `db` is the database of questions that
/// name none, `tables` are those of WikiSQL.
///
/// # Errors
/// Where the file cannot be read, an entry is malformed or without a database, or two have one id.
pub fn load(
    path: &Path,
    db: Option<&str>,
    tables: Option<&Tables>,
) -> Result<Vec<Question>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| failed(&format!("\"{}\" cannot be read: {error}", path.display())))?;
    parse(&text, db, tables).map_err(|why| failed(&format!("\"{}\": {why}", path.display())))
}

fn parse(text: &str, db: Option<&str>, tables: Option<&Tables>) -> Result<Vec<Question>, String> {
    let written: Vec<Written> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(at, line)| {
                serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))
            })
            .collect::<Result<_, _>>()?
    };
    let mut questions: Vec<Question> = Vec::with_capacity(written.len());
    let mut ids = std::collections::HashSet::new();
    for (at, written) in written.into_iter().enumerate() {
        let question = question(at, written, db, tables)?;
        if !ids.insert(question.id.clone()) {
            return Err(format!("two questions have the id \"{}\"", question.id));
        }
        questions.push(question);
    }
    Ok(questions)
}

fn question(
    at: usize,
    mut written: Written,
    db: Option<&str>,
    tables: Option<&Tables>,
) -> Result<Question, String> {
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let id = written.id.map_or_else(|| (at + 1).to_string(), plain);
    let in_question = |why: &str| format!("question \"{id}\": {why}");
    if let Some((table, sketch)) = written.table_id.as_ref().zip(written.sql.take()) {
        let tables =
            tables.ok_or_else(|| in_question("--tables has to name the file of tables"))?;
        let table = tables.get(table).ok_or_else(|| in_question("its table is not in the file"))?;
        let sketch = serde_json::from_value(sketch).map_err(|e| in_question(&e.to_string()))?;
        written.gold_sql = Some(table.statement(&sketch).map_err(|why| in_question(&why))?);
        written.schema = Some(table.schema().to_owned());
    }
    let gold = written.gold_sql.ok_or_else(|| in_question("it has no known answer"))?;
    let db = written
        .db
        .or_else(|| db.map(str::to_owned))
        .ok_or_else(|| format!("question \"{id}\" names no database"))?;
    let text = if written.evidence.trim().is_empty() {
        written.question
    } else {
        format!("{} ({})", written.question, written.evidence.trim())
    };
    let ordered = written.ordered.unwrap_or_else(|| orders(&gold));
    let golds = std::iter::once(gold).chain(written.also_accepted).collect();
    let difficulty = written.difficulty.map(plain).unwrap_or_default();
    let schema = written.schema;
    Ok(Question { id, db, schema, text, golds, ordered, difficulty })
}

/// Whether a statement orders its rows, for suites that do not say.
fn orders(sql: &str) -> bool {
    let lower = sql.to_ascii_lowercase();
    let after = lower.rfind("order by").map(|at| lower.split_at(at).1);
    // An ORDER BY whose parenthesis closes behind it belongs to a part of the statement.
    after.is_some_and(|tail| {
        let mut depth = 0i32;
        tail.chars().all(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth >= 0
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_are_read() {
        let ours = r#"{"question": "q", "gold_sql": "SELECT 1", "ordered": true, "also_accepted": ["SELECT 1.0"], "difficulty": 2}"#;
        let spider = r#"[{"db_id": "d", "question": "q", "query": "SELECT 1 ORDER BY 1"}]"#;
        let bird = r#"[{"question_id": 7, "db_id": "d", "question": "q", "evidence": "e", "SQL": "SELECT 1", "difficulty": "simple"}]"#;
        let one = |text, db| parse(text, db, None).unwrap().remove(0);
        let question = one(ours, Some("clinic"));
        assert_eq!((question.id.as_str(), question.db.as_str()), ("1", "clinic"));
        assert_eq!((question.golds.len(), question.difficulty.as_str()), (2, "2"));
        assert!(one(spider, None).ordered);
        let question = one(bird, None);
        assert_eq!((question.id.as_str(), question.text.as_str()), ("7", "q (e)"));
        assert!(!question.ordered);
    }

    #[test]
    fn a_question_of_wikisql_is_asked_of_its_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dev.tables.jsonl");
        let table = r#"{"id": "1-1", "header": ["A b"], "types": ["text"], "rows": [["x"]]}"#;
        fs::write(&path, table).unwrap();
        let tables = crate::import::wikisql::tables(&path).unwrap();
        let line = |table: &str| {
            format!(
                r#"{{"table_id": "{table}", "question": "q", "sql": {{"sel": 0, "agg": 3, "conds": [[0, 0, "X"]]}}}}"#
            )
        };
        let question = parse(&line("1-1"), Some("wiki"), Some(&tables)).unwrap().remove(0);
        assert_eq!(question.schema.as_deref(), Some("t_1_1"));
        assert_eq!(
            question.golds,
            ["SELECT count(\"a_b\") FROM \"t_1_1\".\"records\" WHERE lower(\"a_b\") = lower('X')"]
        );
        let refusal = |table: &str, tables| parse(&line(table), Some("wiki"), tables).unwrap_err();
        assert!(refusal("1-2", Some(&tables)).contains("its table is not in the file"));
        assert!(refusal("1-1", None).contains("--tables"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let entry = r#"{"id": "a", "db": "d", "question": "q", "gold_sql": "SELECT 1"}"#;
        assert_eq!(
            parse(&format!("{entry}\n\n{entry}"), None, None),
            Err("two questions have the id \"a\"".to_owned())
        );
        assert!(
            parse(r#"{"question": "q", "gold_sql": "s"}"#, None, None)
                .unwrap_err()
                .contains("no database")
        );
        assert!(parse("{}", None, None).unwrap_err().starts_with("line 1"));
    }

    #[test]
    fn only_the_outermost_order_counts() {
        assert!(orders("SELECT a FROM t ORDER BY length(a)"));
        assert!(!orders("SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 1) x"));
        assert!(!orders("SELECT a FROM t"));
    }
}
