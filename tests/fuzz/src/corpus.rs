//! The statements a run begins with, and the pieces they are made of.
//!
//! Owns reading the corpora of `tests/security`: `attacks/*.jsonl` and `benign/*.jsonl`, one
//! object with `sql` a line. What a statement is expected to do is of no interest here, but those
//! of `exceptions.jsonl`, which nothing can interrupt, would cost a minute of a run each.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Visit, Visitor, visit_expressions};

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
    /// Those of one column, which can stand for a value.
    pub scalars: Vec<String>,
    /// Expressions that name columns.
    pub open_expressions: Vec<String>,
    /// Expressions that name none, and so can stand anywhere.
    pub expressions: Vec<String>,
}

impl Corpus {
    /// Reads all files below `folder`.
    ///
    /// # Errors
    /// Where a file cannot be read, or a line is no object with a statement.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let exceptions = folder.join("exceptions.jsonl");
        let left_out: BTreeSet<String> =
            entries(&exceptions)?.iter().filter_map(|entry| id(entry).map(str::to_owned)).collect();
        let mut corpus = Self {
            attacks: statements(&folder.join("attacks"), &left_out)?,
            benign: statements(&folder.join("benign"), &left_out)?,
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
        let mut corpus = Self { attacks: owned(attacks), benign: owned(benign), ..Self::default() };
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
            }
        }
        let sorted = |set: BTreeSet<String>| set.into_iter().collect();
        self.queries = sorted(pieces.queries);
        self.scalars = sorted(pieces.scalars);
        self.expressions = sorted(pieces.closed);
        self.open_expressions = sorted(pieces.open);
    }
}

#[derive(Default)]
struct Pieces {
    queries: BTreeSet<String>,
    scalars: BTreeSet<String>,
    closed: BTreeSet<String>,
    open: BTreeSet<String>,
}

impl Visitor for Pieces {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let text = query.to_string();
        if text.len() <= MAX_QUERY {
            if is_scalar(query) {
                self.scalars.insert(text.clone());
            }
            self.queries.insert(text);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        let text = expression.to_string();
        if text.len() <= MAX_EXPRESSION {
            let open = visit_expressions(expression, |e| match e {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            });
            // Within a sub-query a column is at home.
            if open.is_break() && !matches!(expression, Expr::Subquery(_)) {
                self.open.insert(text);
            } else {
                self.closed.insert(text);
            }
        }
        ControlFlow::Continue(())
    }
}

fn is_scalar(query: &Query) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else { return false };
    let [item] = select.projection.as_slice() else { return false };
    matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. })
}

/// Statements of all files of a folder, by name of the file.
fn statements(folder: &Path, left_out: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
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
        for entry in entries(&path)? {
            if id(&entry).is_some_and(|id| left_out.contains(id)) {
                continue;
            }
            let sql = statement(&entry);
            let sql = sql.ok_or_else(|| format!("{}: no statement: {entry}", path.display()))?;
            // No text of the server holds a NUL, so nobody can send one.
            if sql.len() <= MAX_STATEMENT && !sql.contains('\0') {
                found.push(sql);
            }
        }
    }
    Ok(found)
}

/// The objects of a file.
fn entries(path: &Path) -> Result<Vec<Value>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let parsed = lines.map(|line| serde_json::from_str(line).map_err(|error| wrong(&error)));
    Ok(parsed.collect::<Result<_, _>>()?)
}

fn id(entry: &Value) -> Option<&str> {
    entry.get("id")?.as_str()
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
        assert!(corpus.scalars.contains(&"SELECT pg_sleep(1)".to_owned()), "{corpus:?}");
        assert!(corpus.open_expressions.contains(&"a + 1".to_owned()), "{corpus:?}");
        assert!(corpus.expressions.contains(&"1".to_owned()), "{corpus:?}");
    }

    #[test]
    fn long_statements_come_as_parts() {
        let entry =
            serde_json::json!({ "sql": "--", "sql_parts": [["SELECT ", 1], ["1+", 3], ["1", 1]] });
        assert_eq!(statement(&entry).as_deref(), Some("SELECT 1+1+1+1"));
    }
}
