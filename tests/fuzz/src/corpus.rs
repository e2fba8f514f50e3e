//! The statements a run begins with, and the pieces they are made of.
//!
//! Owns reading the corpora of `tests/security`: `attacks/*.jsonl` and `benign/*.jsonl`, one
//! object with `sql` a line. What a statement is expected to do is of no interest here.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlparser::ast::{Query, Visit, Visitor, visit_expressions};

use crate::Failure;
use crate::mutate::tree;

/// Longest statement to begin with: the long ones of the corpus are about length, and a mutation
/// of one costs as much as a hundred others.
const MAX_STATEMENT: usize = 4000;
/// Longest expression and sub-query that is put into other statements.
const MAX_EXPRESSION: usize = 300;
const MAX_QUERY: usize = 800;

/// Statements and pieces of them, in the order of the files.
#[derive(Debug, Default)]
pub struct Corpus {
    /// Statements that are meant to be refused, or to do no harm.
    pub attacks: Vec<String>,
    /// Statements that are meant to run.
    pub benign: Vec<String>,
    /// Queries, also those within others.
    pub queries: Vec<String>,
    /// Expressions.
    pub expressions: Vec<String>,
}

impl Corpus {
    /// Reads all files below `folder`.
    ///
    /// # Errors
    /// Where a file cannot be read, or a line is no object with a statement.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let mut corpus = Self {
            attacks: statements(&folder.join("attacks"))?,
            benign: statements(&folder.join("benign"))?,
            ..Self::default()
        };
        if corpus.attacks.is_empty() || corpus.benign.is_empty() {
            return Err(format!("{} holds no corpus", folder.display()).into());
        }
        corpus.cut();
        Ok(corpus)
    }

    /// A corpus of these statements.
    pub fn of(attacks: &[&str], benign: &[&str]) -> Self {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let mut corpus =
            Self { attacks: owned(attacks), benign: owned(benign), ..Self::default() };
        corpus.cut();
        corpus
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.attacks.len() + self.benign.len()
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Statement by number: the harmless ones first.
    pub fn get(&self, number: usize) -> Option<&str> {
        self.benign.iter().chain(&self.attacks).nth(number).map(String::as_str)
    }

    fn cut(&mut self) {
        let mut pieces = Pieces::default();
        for sql in self.benign.iter().chain(&self.attacks) {
            if let Some(query) = tree::parse(sql) {
                let _ = query.visit(&mut pieces);
                let _ = visit_expressions(&query, |expression| {
                    let text = expression.to_string();
                    if text.len() <= MAX_EXPRESSION {
                        pieces.expressions.push(text);
                    }
                    ControlFlow::<()>::Continue(())
                });
            }
        }
        (self.queries, self.expressions) = (pieces.queries, pieces.expressions);
        for list in [&mut self.queries, &mut self.expressions] {
            list.sort();
            list.dedup();
        }
    }
}

#[derive(Default)]
struct Pieces {
    queries: Vec<String>,
    expressions: Vec<String>,
}

impl Visitor for Pieces {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let text = query.to_string();
        if text.len() <= MAX_QUERY {
            self.queries.push(text);
        }
        ControlFlow::Continue(())
    }
}

/// Statements of all files of a folder, by name of the file.
fn statements(folder: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error| format!("{}: {error}", folder.display());
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    files.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = || format!("{}:{}", path.display(), number + 1);
            let entry: Value =
                serde_json::from_str(line).map_err(|error| format!("{}: {error}", place()))?;
            let sql = statement(&entry).ok_or_else(|| format!("{}: no statement", place()))?;
            // No text of the server holds a NUL, so nobody can send one.
            if sql.len() <= MAX_STATEMENT && !sql.contains('\0') {
                found.push(sql);
            }
        }
    }
    Ok(found)
}

/// Long statements are given as parts and how often each repeats.
fn statement(entry: &Value) -> Option<String> {
    let Some(parts) = entry.get("sql_parts") else {
        return Some(entry.get("sql")?.as_str()?.to_owned());
    };
    let repeated = |part: &Value| {
        let times = usize::try_from(part.get(1)?.as_u64()?).ok()?;
        Some(part.get(0)?.as_str()?.repeat(times))
    };
    parts.as_array()?.iter().map(repeated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_cut_into_pieces() {
        let corpus = Corpus::of(
            &["SELECT pg_sleep(1)", "DROP TABLE t"],
            &["SELECT a + 1 FROM s.t WHERE b IN (SELECT c FROM s.u)"],
        );
        assert_eq!(corpus.len(), 3);
        assert_eq!(corpus.get(1), Some("SELECT pg_sleep(1)"));
        assert!(corpus.queries.contains(&"SELECT c FROM s.u".to_owned()), "{corpus:?}");
        assert!(corpus.expressions.contains(&"a + 1".to_owned()), "{corpus:?}");
    }

    #[test]
    fn long_statements_come_as_parts() {
        let entry = serde_json::json!({ "sql": "--", "sql_parts": [["SELECT ", 1], ["1+", 3], ["1", 1]] });
        assert_eq!(statement(&entry).as_deref(), Some("SELECT 1+1+1+1"));
    }
}
