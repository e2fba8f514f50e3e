//! `grammar`: which statements can be written under the constraint, and how long masks take.
//!
//! With `--golds`, statements of a question set over the schemas of its dumps or snapshots; else a
//! catalog of made-up tables, for the time of a mask. Reads nothing of a model but its tokenizer.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use text2sql_core::protocol::{Constraint, ConstraintRelation, Failure};
use text2sql_engine::constraint::{Constraints, Judgement};
use text2sql_engine::error::EngineError;
use text2sql_engine::gguf::{open_checked, read_all};
use text2sql_engine::tokenizer::TextTokenizer;

use crate::files::{failure, snapshot};

/// Statements written for the times, over the made-up tables.
const STATEMENTS: &[&str] = &[
    "SELECT t.column_3, count(*) AS n FROM public.table_7 AS t JOIN public.table_8 AS u ON u.column_1 = t.column_1 WHERE t.column_2 > 10 GROUP BY t.column_3 ORDER BY n DESC LIMIT 5",
    "WITH a AS (SELECT column_1, sum(column_2) AS s FROM table_12 GROUP BY column_1) SELECT a.column_1 FROM a WHERE a.s = (SELECT max(s) FROM a)",
    "SELECT date_trunc('month', t.column_4) AS month, avg(t.column_5) FROM public.table_999 AS t WHERE t.column_6 ILIKE '%x%' AND t.column_4 >= '2024-01-01' GROUP BY month ORDER BY month",
    "SELECT x.column_1 FROM (SELECT *, row_number() OVER (PARTITION BY column_2 ORDER BY column_3 DESC) AS rn FROM public.table_500) AS x WHERE x.rn = 1",
];

/// Arguments of `grammar`.
#[derive(Debug, Args)]
pub struct Grammar {
    /// Path of a GGUF file.
    #[arg(long)]
    model: PathBuf,
    /// Lines of JSON with `db` and `gold_sql`.
    #[arg(long, requires = "schemas")]
    golds: Option<PathBuf>,
    /// Folder of `DB.sql.gz`, written by pg_dump, of which the tables are read.
    #[arg(long, group = "schemas")]
    dumps: Option<PathBuf>,
    /// Folder of `DB.json`, written by `scripts/snapshot`: views too.
    #[arg(long, group = "schemas")]
    snapshots: Option<PathBuf>,
    /// Also makes the whole mask for each token of the golds, and says how much of the vocabulary
    /// is allowed: what of the unembedding a pass could leave out.
    #[arg(long, requires = "golds")]
    masks: bool,
    /// Tables of the made-up catalog.
    #[arg(long, default_value_t = 1000)]
    tables: usize,
    /// Columns of each.
    #[arg(long, default_value_t = 10)]
    columns: usize,
    /// Times each statement is written for the measurement.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// What stopped a statement.
struct Stopped {
    after: String,
    why: &'static str,
}

impl Grammar {
    /// Measures and prints.
    pub fn run(&self) -> Result<(), Failure> {
        let file = read_all(open_checked(&self.model)?, &mut |_| {})
            .map_err(|error: EngineError| Failure::from(error))?;
        let tokenizer = TextTokenizer::from_header(&file.header)?;
        drop(file);
        let begin = Instant::now();
        let mut constraints = Constraints::new(&tokenizer);
        println!("vocabulary of {}: {:?}", tokenizer.len(), begin.elapsed());
        match &self.golds {
            Some(golds) => {
                let times = Times { with_masks: self.masks, ..Times::default() };
                share(&mut constraints, &tokenizer, golds, |db| self.schema(db), times)
            }
            None => self.times(&mut constraints, &tokenizer),
        }
    }

    /// What may be named in a database.
    fn schema(&self, db: &str) -> Result<Constraint, Failure> {
        match (&self.snapshots, &self.dumps) {
            (Some(folder), _) => Ok((&snapshot(&folder.join(format!("{db}.json")))?).into()),
            (None, Some(folder)) => dumped(&folder.join(format!("{db}.sql.gz"))),
            (None, None) => Ok(Constraint::default()),
        }
    }

    fn times(
        &self,
        constraints: &mut Constraints,
        tokenizer: &TextTokenizer,
    ) -> Result<(), Failure> {
        let relations = made_up(self.tables, self.columns);
        let constraint = Constraint { relations, ..Constraint::default() };
        for what in ["first", "second"] {
            let begin = Instant::now();
            constraints.start(&constraint, "").map_err(|error| failure(&error))?;
            println!("{what} start: {:?}", begin.elapsed());
        }
        for round in 0..self.rounds.max(1) {
            let mut times = Times { with_masks: true, ..Times::default() };
            for statement in STATEMENTS {
                let stopped = write(constraints, tokenizer, &constraint, statement, &mut times)?;
                if let Some(Stopped { after, why }) = stopped {
                    println!("{why} after {after:?}");
                }
            }
            println!("round {}: {}", round + 1, times.line());
        }
        Ok(())
    }
}

/// Times of masks and of the rest of each token.
#[derive(Default)]
struct Times {
    with_masks: bool,
    candidates: Vec<Duration>,
    /// Most candidates that were not in the mask.
    in_doubt: usize,
    masks: Vec<Duration>,
    asks: Vec<Duration>,
    others: Vec<Duration>,
    forced: usize,
    /// Tokens that each mask allows.
    allowed: Vec<usize>,
}

impl Times {
    /// How much of a vocabulary the masks allow.
    fn width(&self, vocabulary: usize) -> String {
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        let count = self.allowed.len();
        let at_most = |share: usize| {
            let few = self.allowed.iter().filter(|n| **n * share <= vocabulary).count();
            percent(few, count)
        };
        format!(
            "of {count} masks {:.1} % allow at most 1 % of the vocabulary, {:.1} % at most a tenth, {:.1} % at most a half; on average they allow {:.1} %",
            at_most(100),
            at_most(10),
            at_most(2),
            percent(self.allowed.iter().sum(), count * vocabulary),
        )
    }

    fn line(&mut self) -> String {
        let of = |times: &mut Vec<Duration>, share: usize| {
            times.sort_unstable();
            let at = (times.len() * share / 100).min(times.len().saturating_sub(1));
            times.get(at).copied().unwrap_or_default()
        };
        format!(
            "{} tokens ({} could be forced), candidates p50 {:?} p99 {:?} ({} in doubt at most), whole mask p50 {:?} p99 {:?}, asking p50 {:?} p99 {:?}, judging and taking p50 {:?} p99 {:?}",
            self.asks.len(),
            self.forced,
            of(&mut self.candidates, 50),
            of(&mut self.candidates, 99),
            self.in_doubt,
            of(&mut self.masks, 50),
            of(&mut self.masks, 99),
            of(&mut self.asks, 50),
            of(&mut self.asks, 99),
            of(&mut self.others, 50),
            of(&mut self.others, 99),
        )
    }
}

fn write(
    constraints: &mut Constraints,
    tokenizer: &TextTokenizer,
    constraint: &Constraint,
    statement: &str,
    times: &mut Times,
) -> Result<Option<Stopped>, Failure> {
    let failed = |error: text2sql_engine::constraint::ConstraintError| failure(&error);
    let mut answer = constraints.start(constraint, "").map_err(failed)?;
    let tokens = tokenizer.encode_rest(statement)?;
    let mut text = Vec::new();
    for token in tokens.into_iter().chain([tokenizer.end()]) {
        let stopped =
            |why| Ok(Some(Stopped { after: String::from_utf8_lossy(&text).into_owned(), why }));
        // As in an answer, a mask is rarely made, and only where it is asked for.
        if times.with_masks {
            let begin = Instant::now();
            let candidates = answer.candidates().map_err(failed)?;
            times.candidates.push(begin.elapsed());
            let begin = Instant::now();
            let mask = answer.mask().map_err(failed)?;
            times.masks.push(begin.elapsed());
            times.allowed.push(mask.num_set());
            if !mask.is_allowed(token) {
                return stopped("masked");
            }
            times.in_doubt = times.in_doubt.max(candidates.num_set() - mask.num_set());
        }
        let begin = Instant::now();
        if !answer.allows(token, tokenizer).map_err(failed)? {
            return stopped("not allowed");
        }
        times.asks.push(begin.elapsed());
        let begin = Instant::now();
        if answer.judge(token, tokenizer).map_err(failed)? != Judgement::Good {
            return stopped("judged");
        }
        if token != tokenizer.end() {
            answer.advance(token, tokenizer).map_err(failed)?;
            times.forced += answer.forced(tokenizer).len();
            text.extend_from_slice(tokenizer.bytes(token));
        }
        times.others.push(begin.elapsed());
    }
    Ok(None)
}

fn share(
    constraints: &mut Constraints,
    tokenizer: &TextTokenizer,
    golds: &Path,
    schema: impl Fn(&str) -> Result<Constraint, Failure>,
    mut times: Times,
) -> Result<(), Failure> {
    let text = fs::read_to_string(golds).map_err(|error| failure(&error))?;
    let mut schemas: HashMap<String, Constraint> = HashMap::new();
    let (mut all, mut good) = (0, 0);
    let mut whys: BTreeMap<&str, usize> = BTreeMap::new();
    for line in text.lines() {
        let gold: serde_json::Value =
            serde_json::from_str(line).map_err(|error| failure(&error))?;
        let field = |name: &str| gold.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        let (db, statement) = (field("db").to_owned(), field("gold_sql"));
        if !schemas.contains_key(&db) {
            schemas.insert(db.clone(), schema(&db)?);
        }
        let Some(constraint) = schemas.get(&db) else { continue };
        all += 1;
        match write(constraints, tokenizer, constraint, statement, &mut times)? {
            None => good += 1,
            Some(Stopped { after, why }) => {
                *whys.entry(why).or_default() += 1;
                println!("{} {why} after {after:?}\n  {statement}", field("id"));
            }
        }
    }
    println!(
        "{good} of {all} can be written ({:.2} %) {whys:?}",
        100.0 * f64::from(good) / f64::from(all.max(1))
    );
    println!("{}", times.line());
    if times.with_masks {
        println!("{}", times.width(tokenizer.len()));
    }
    Ok(())
}

/// The tables in a dump of pg_dump.
fn dumped(path: &Path) -> Result<Constraint, Failure> {
    let output = Command::new("gzip").arg("-dc").arg(path).output();
    let output = output.map_err(|error| failure(&error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut relations = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("CREATE TABLE ") else { continue };
        let Some((schema, name)) = name.trim_end_matches(" (").split_once('.') else { continue };
        let columns = lines
            .by_ref()
            .take_while(|line| !line.starts_with(");"))
            .filter_map(|line| first_name(line.trim()))
            .collect();
        relations.push(ConstraintRelation {
            schema: schema.into(),
            name: first_name(name).unwrap_or_default(),
            columns,
        });
    }
    let fingerprint = path.display().to_string();
    Ok(Constraint { relations, fingerprint, ..Constraint::default() })
}

fn first_name(text: &str) -> Option<String> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().map(str::to_owned),
        None => text.split([' ', '(']).next().filter(|n| !n.is_empty()).map(str::to_owned),
    }
}

/// Tables of a made-up catalog.
pub fn made_up(tables: usize, columns: usize) -> Vec<ConstraintRelation> {
    let columns: Vec<String> = (0..columns).map(|column| format!("column_{column}")).collect();
    let relations = (0..tables).map(move |table| ConstraintRelation {
        schema: "public".into(),
        name: format!("table_{table}"),
        columns: columns.clone(),
    });
    relations.collect()
}
