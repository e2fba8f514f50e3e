//! `load-wikisql`: the tables of WikiSQL into PostgreSQL, and what its questions call them.
//!
//! Each of its questions is asked of one table, so each table gets a schema of its own. Owns the
//! format of its files and the statements made of its questions. Called by the list of commands and
//! by `eval`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use postgres::Config;
use serde::Deserialize;
use serde_json::Value as Json;
use text2sql_core::protocol::Failure;

use super::failed;
use super::names::{Style, quoted, renamed};
use super::plan::{self, Made};
use super::source::{Column, Table};
use super::target::{self, Target};
use super::types::{Held, PgType, Stored};
use crate::progress::bar;

/// Functions and comparisons by the numbers they have in the files.
const FUNCTIONS: [&str; 6] = ["", "max", "min", "count", "sum", "avg"];
const COMPARISONS: [&str; 3] = ["=", ">", "<"];

/// Arguments of `load-wikisql`.
#[derive(Debug, Args)]
pub struct LoadWikisql {
    /// The file of tables: dev.tables.jsonl.
    file: PathBuf,
    /// The server, as libpq would have it: "host=/tmp port=5432 user=postgres".
    #[arg(long)]
    server: Config,
    /// The database; made if it is not there.
    #[arg(long)]
    db: String,
    /// A role that gets to read the tables.
    #[arg(long)]
    grant: Option<String>,
}

/// A table as the file has it.
#[derive(Debug, Deserialize)]
struct Written {
    id: String,
    header: Vec<String>,
    #[serde(default)]
    types: Vec<String>,
    rows: Vec<Vec<Json>>,
    #[serde(default)]
    page_title: Option<String>,
}

/// A question's statement as the file has it.
#[derive(Debug, Deserialize)]
pub struct Sketch {
    /// Number of the column asked for.
    sel: usize,
    /// Number of a function over it.
    agg: usize,
    /// Column, comparison and value of each condition.
    conds: Vec<(usize, usize, Json)>,
}

/// A table to load, and to ask of.
#[derive(Debug)]
pub struct WikiTable {
    made: Made,
    schema: String,
    rows: Vec<Vec<Json>>,
}

/// Tables by their ids.
pub type Tables = HashMap<String, WikiTable>;

/// Reads a file of tables.
///
/// # Errors
/// Where it cannot be read or is malformed.
pub fn tables(path: &Path) -> Result<Tables, Failure> {
    let in_file = |why: String| failed(&format!("\"{}\": {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| in_file(error.to_string()))?;
    parsed(&text).map_err(in_file)
}

fn parsed(text: &str) -> Result<Tables, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let written: Written =
                serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1))?;
            Ok((written.id.clone(), table(written)))
        })
        .collect()
}

fn table(written: Written) -> WikiTable {
    let Written { id, header, types, rows, page_title } = written;
    let mut held = vec![Held::default(); header.len()];
    for row in &rows {
        held.iter_mut().zip(row).for_each(|(held, value)| with_stored(value, |v| held.see(v)));
    }
    let declared = |at: usize| match types.get(at).map(String::as_str) {
        Some("real") => "REAL",
        _ => "TEXT",
    };
    let columns = header.into_iter().enumerate().map(|(at, name)| Column {
        name,
        declared: declared(at).to_owned(),
        is_required: false,
    });
    let name = page_title.filter(|title| !title.trim().is_empty());
    let from = Table {
        name: name.unwrap_or_else(|| "records".to_owned()),
        columns: columns.collect(),
        primary: Vec::new(),
        unique: Vec::new(),
        foreign: Vec::new(),
    };
    let count = rows.len() as u64;
    let schema = renamed(&[format!("t_{id}")], Style::Snake).concat();
    let made = plan::table(from, &held, count, Style::Snake);
    WikiTable { made, schema, rows }
}

/// Calls `then` with a value as SQLite would store it.
fn with_stored(value: &Json, then: impl FnOnce(Stored<'_>)) {
    match value {
        Json::Null => then(Stored::Null),
        Json::String(text) => then(Stored::Text(text.as_bytes())),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => then(Stored::Integer(whole)),
            (None, Some(real)) => then(Stored::Real(real)),
            (None, None) => then(Stored::Null),
        },
        other => then(Stored::Text(other.to_string().as_bytes())),
    }
}

impl WikiTable {
    /// The schema it is in.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The statement that a sketch stands for. Text is compared without regard to case, as the
    /// questions were made.
    ///
    /// # Errors
    /// Where the sketch does not fit the table.
    pub fn statement(&self, sketch: &Sketch) -> Result<String, String> {
        let column =
            |at: usize| self.made.columns.get(at).ok_or_else(|| format!("there is no column {at}"));
        let function = FUNCTIONS
            .get(sketch.agg)
            .ok_or_else(|| format!("there is no function {}", sketch.agg))?;
        let name = quoted(&column(sketch.sel)?.name);
        let asked = if function.is_empty() { name } else { format!("{function}({name})") };
        let mut sql = format!("SELECT {asked} FROM {}", self.made.qualified(&self.schema));
        for (place, (at, comparison, value)) in sketch.conds.iter().enumerate() {
            let column = column(*at)?;
            let comparison = COMPARISONS
                .get(*comparison)
                .ok_or_else(|| format!("there is no comparison {comparison}"))?;
            sql.push_str(if place == 0 { " WHERE " } else { " AND " });
            sql.push_str(&condition(&quoted(&column.name), column.type_, comparison, value));
        }
        Ok(sql)
    }
}

fn condition(column: &str, type_: PgType, comparison: &str, value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    // Numbers are written with commas between thousands here and there.
    let number = text.replace(',', "").trim().parse::<f64>().ok().filter(|n| n.is_finite());
    match (type_, number) {
        (PgType::Text, _) => {
            format!("lower({column}) {comparison} lower('{}')", text.replace('\'', "''"))
        }
        (_, Some(number)) => format!("{column} {comparison} {number}"),
        (_, None) => format!("{column}::text {comparison} '{}'", text.replace('\'', "''")),
    }
}

impl LoadWikisql {
    /// Loads.
    pub fn run(&self) -> Result<(), Failure> {
        let tables = tables(&self.file)?;
        let mut tables: Vec<&WikiTable> = tables.values().collect();
        tables.sort_by_key(|table| &table.schema);
        let (mut client, is_new) = target::connect(&self.server, &self.db)
            .map_err(|why| failed(&format!("database \"{}\": {why}", self.db)))?;
        let loading = bar(tables.len());
        let mut load = || -> Result<(), String> {
            let mut target = Target::begin(&mut client, "public")?;
            for table in &tables {
                target.enter(&table.schema)?;
                target.load(&table.made, |each| table.each_row(each))?;
                self.grant.iter().try_for_each(|reader| target.grant(reader))?;
                loading.inc(1);
            }
            target.finish()
        };
        let done = load();
        loading.finish_and_clear();
        drop(client);
        if done.is_err() && is_new {
            target::drop_database(&self.server, &self.db);
        }
        done.map_err(|why| failed(&format!("\"{}\" is not loaded: {why}", self.file.display())))?;
        println!("{}: {} tables", self.db, tables.len());
        Ok(())
    }
}

impl WikiTable {
    fn each_row(&self, each: &mut target::EachRow<'_>) -> Result<(), String> {
        for row in &self.rows {
            let texts: Vec<Option<String>> = row
                .iter()
                .map(|value| match value {
                    Json::Null => None,
                    Json::String(text) => Some(text.clone()),
                    other => Some(other.to_string()),
                })
                .collect();
            let stored: Vec<Stored<'_>> = (0..self.made.columns.len())
                .map(|at| match texts.get(at).and_then(Option::as_ref) {
                    Some(text) => Stored::Text(text.as_bytes()),
                    None => Stored::Null,
                })
                .collect();
            each(&stored)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"id": "1-10-2", "page_title": "Rivers of Utopia", "header": ["River", "Length (km)", "Mouth's name", "Rank"], "types": ["text", "real", "text", "real"], "rows": [["Any", 12.5, "O'Sea", "1"], ["Other", 7, null, "n/a"]]}"#;

    fn statement(sketch: &str) -> Result<String, String> {
        let tables = parsed(TABLE).unwrap();
        tables["1-10-2"].statement(&serde_json::from_str(sketch).unwrap())
    }

    #[test]
    fn a_sketch_is_a_statement() {
        let table = "\"t_1_10_2\".\"rivers_of_utopia\"";
        assert_eq!(
            statement(r#"{"sel": 0, "agg": 0, "conds": []}"#).unwrap(),
            format!("SELECT \"river\" FROM {table}")
        );
        assert_eq!(
            statement(
                r#"{"sel": 1, "agg": 5, "conds": [[2, 0, "o'sea"], [1, 1, "1,000"], [3, 0, 1]]}"#
            )
            .unwrap(),
            format!(
                "SELECT avg(\"length_km\") FROM {table} WHERE lower(\"mouth_s_name\") = lower('o''sea') \
                 AND \"length_km\" > 1000 AND lower(\"rank\") = lower('1')"
            )
        );
        assert_eq!(
            statement(r#"{"sel": 1, "agg": 3, "conds": [[1, 0, "unknown"]]}"#).unwrap(),
            format!(
                "SELECT count(\"length_km\") FROM {table} WHERE \"length_km\"::text = 'unknown'"
            )
        );
    }

    #[test]
    fn a_sketch_that_does_not_fit_is_refused() {
        for (sketch, why) in [
            (r#"{"sel": 9, "agg": 0, "conds": []}"#, "there is no column 9"),
            (r#"{"sel": 0, "agg": 9, "conds": []}"#, "there is no function 9"),
            (r#"{"sel": 0, "agg": 0, "conds": [[0, 3, "a"]]}"#, "there is no comparison 3"),
        ] {
            assert_eq!(statement(sketch).unwrap_err(), why);
        }
    }

    #[test]
    fn rows_decide_the_types() {
        let tables = parsed(TABLE).unwrap();
        let types: Vec<PgType> =
            tables["1-10-2"].made.columns.iter().map(|column| column.type_).collect();
        assert_eq!(types, [PgType::Text, PgType::Double, PgType::Text, PgType::Text]);
        assert!(parsed("{}").unwrap_err().starts_with("line 1"));
    }
}
