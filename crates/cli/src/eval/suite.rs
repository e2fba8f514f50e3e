//! Question sets: what is asked, and what the right rows are.
//!
//! Owns the formats that are read: lines of JSON as this project writes them, and the arrays that
//! Spider and BIRD publish. Reads no database. Called by [`super`].

use std::fs;
use std::path::Path;

use serde::Deserialize;
use text2sql_core::protocol::Failure;

use super::failed;

/// A question with its known answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Unique within the suite.
    pub id: String,
    /// Name of the database it is asked of.
    pub db: String,
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
    question: String,
    #[serde(alias = "query", alias = "SQL")]
    gold_sql: String,
    #[serde(default)]
    also_accepted: Vec<String>,
    ordered: Option<bool>,
    #[serde(default)]
    difficulty: Option<serde_json::Value>,
    #[serde(default)]
    evidence: String,
}

/// Reads a suite: lines of JSON, or one array of objects. `db` is the database of questions that
/// name none.
///
/// # Errors
/// Where the file cannot be read, an entry is malformed or without a database, or two have one id.
pub fn load(path: &Path, db: Option<&str>) -> Result<Vec<Question>, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| failed(&format!("\"{}\" cannot be read: {error}", path.display())))?;
    parse(&text, db).map_err(|why| failed(&format!("\"{}\": {why}", path.display())))
}

fn parse(text: &str, db: Option<&str>) -> Result<Vec<Question>, String> {
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
        let question = question(at, written, db)?;
        if !ids.insert(question.id.clone()) {
            return Err(format!("two questions have the id \"{}\"", question.id));
        }
        questions.push(question);
    }
    Ok(questions)
}

fn question(at: usize, written: Written, db: Option<&str>) -> Result<Question, String> {
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let id = written.id.map_or_else(|| (at + 1).to_string(), plain);
    let db = written
        .db
        .or_else(|| db.map(str::to_owned))
        .ok_or_else(|| format!("question \"{id}\" names no database"))?;
    let text = if written.evidence.trim().is_empty() {
        written.question
    } else {
        format!("{} ({})", written.question, written.evidence.trim())
    };
    let ordered = written.ordered.unwrap_or_else(|| orders(&written.gold_sql));
    let golds = std::iter::once(written.gold_sql).chain(written.also_accepted).collect();
    let difficulty = written.difficulty.map(plain).unwrap_or_default();
    Ok(Question { id, db, text, golds, ordered, difficulty })
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
        let one = |text, db| parse(text, db).unwrap().remove(0);
        let question = one(ours, Some("clinic"));
        assert_eq!((question.id.as_str(), question.db.as_str()), ("1", "clinic"));
        assert_eq!((question.golds.len(), question.difficulty.as_str()), (2, "2"));
        assert!(one(spider, None).ordered);
        let question = one(bird, None);
        assert_eq!((question.id.as_str(), question.text.as_str()), ("7", "q (e)"));
        assert!(!question.ordered);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let entry = r#"{"id": "a", "db": "d", "question": "q", "gold_sql": "SELECT 1"}"#;
        assert_eq!(
            parse(&format!("{entry}\n\n{entry}"), None),
            Err("two questions have the id \"a\"".to_owned())
        );
        assert!(
            parse(r#"{"question": "q", "gold_sql": "s"}"#, None)
                .unwrap_err()
                .contains("no database")
        );
        assert!(parse("{}", None).unwrap_err().starts_with("line 1"));
    }

    #[test]
    fn only_the_outermost_order_counts() {
        assert!(orders("SELECT a FROM t ORDER BY length(a)"));
        assert!(!orders("SELECT * FROM (SELECT a FROM t ORDER BY a LIMIT 1) x"));
        assert!(!orders("SELECT a FROM t"));
    }
}
