//! `recall`: how much of what known statements read is among what the model would be shown.
//!
//! Pure: catalogs come from files that `scripts/snapshot` writes, and what is chosen is chosen by
//! the functions that the extension calls. Owns the measurement; linking is `core::link`'s.
//!
//! | module | owns |
//! |---|---|
//! | [`encoded`] | vectors of the catalogs, where an encoder is given |
//! | [`gold`] | what a known statement reads |
//! | [`tally`] | adding up, and the report |

mod encoded;
mod gold;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Deserialize;
use text2sql_core::link::{self, Budget, Nearness, Vectors};
use text2sql_core::protocol::Failure;
use text2sql_core::schema::Snapshot;

use encoded::Encoded;
use gold::Gold;
use tally::{CUTS, Found, Tally};

use crate::files::{self, failure, in_file, lines};

/// Arguments of `recall`.
#[derive(Debug, Args)]
pub struct Recall {
    /// Question set: lines of JSON with `db`, `question` and `gold_sql`, and if need be `schema`
    /// and `tables`.
    suite: PathBuf,
    /// Folder of snapshots, DB.json each.
    #[arg(long)]
    snapshots: PathBuf,
    /// Token budget of the schema, as `text2sql.prompt_tokens`.
    #[arg(long, default_value_t = 4096)]
    tokens: u32,
    /// Look at the question's own schema only.
    #[arg(long)]
    within_schema: bool,
    /// Folder of a sentence encoder, to find relations by meaning, too.
    #[arg(long)]
    encoder: Option<PathBuf>,
    /// Write what was missed there, a line of JSON each.
    #[arg(long)]
    misses: Option<PathBuf>,
    /// Most questions, the first ones.
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    id: String,
    db: String,
    #[serde(default = "public")]
    schema: String,
    question: String,
    gold_sql: String,
    #[serde(default)]
    tables: Vec<String>,
}

fn public() -> String {
    "public".to_owned()
}

impl Recall {
    /// Measures and prints.
    pub fn run(&self) -> Result<(), Failure> {
        let asked: Vec<Asked> = lines(&self.suite)?;
        let mut encoded = self.encoder.as_deref().map(Encoded::load).transpose()?;
        let mut snapshots: BTreeMap<(String, String), (Snapshot, Vectors)> = BTreeMap::new();
        let mut tally = Tally::default();
        let mut misses = String::new();
        for asked in asked.iter().take(self.limit.unwrap_or(usize::MAX)) {
            let schema = if self.within_schema { asked.schema.clone() } else { String::new() };
            let key = (asked.db.clone(), schema);
            if !snapshots.contains_key(&key) {
                let snapshot = self.snapshot(&key.0, &key.1)?;
                // What is kept with a snapshot is no part of a question's time.
                let begun = Instant::now();
                link::select(&snapshot, "", Budget { tokens: self.tokens });
                tally.first(begun.elapsed());
                let vectors = match &mut encoded {
                    Some(encoded) => encoded.vectors(&snapshot)?,
                    None => Vectors::default(),
                };
                snapshots.insert(key.clone(), (snapshot, vectors));
            }
            let Some((snapshot, vectors)) = snapshots.get(&key) else { continue };
            let gold = gold(asked, snapshot)?;
            let begun = Instant::now();
            let near = match &encoded {
                Some(encoded) => encoded.nearness(&asked.question, vectors)?,
                None => Nearness::default(),
            };
            let encoding = begun.elapsed();
            let (mut found, missed) = self.measure(&asked.question, &gold, snapshot, &near);
            found.elapsed += encoding;
            tally.add(found);
            if !missed.is_empty() {
                let line = serde_json::json!({
                    "id": asked.id, "question": asked.question, "sql": asked.gold_sql, "missed": missed,
                });
                misses.push_str(&format!("{line}\n"));
            }
        }
        print!("{tally}");
        if let Some(path) = &self.misses {
            fs::write(path, misses).map_err(|error| in_file(path, &error))?;
        }
        Ok(())
    }

    /// How much of `gold` is found, and which relations are not among the first.
    fn measure(
        &self,
        question: &str,
        gold: &Gold,
        snapshot: &Snapshot,
        near: &Nearness,
    ) -> (Found, Vec<String>) {
        let begun = Instant::now();
        let budget = Budget { tokens: self.tokens };
        let selection = link::select_near(snapshot, question, budget, || near.clone());
        let values = link::value_hits(snapshot, &selection.relations, question);
        let elapsed = begun.elapsed();
        std::hint::black_box(values);
        let order = link::order(snapshot, question, near);
        let rank = |relation: &usize| order.iter().position(|other| other == relation);
        let within = |cut: usize, relation: &usize| rank(relation).is_some_and(|at| at < cut);
        let found = Found {
            relations: gold.relations.len(),
            among: CUTS.map(|cut| gold.relations.iter().filter(|r| within(cut, r)).count()),
            relations_shown: gold
                .relations
                .iter()
                .filter(|r| selection.relations.contains(r))
                .count(),
            columns: gold.columns.len(),
            columns_shown: gold.columns.iter().filter(|(r, c)| selection.shows(*r, *c)).count(),
            all_shown: selection.relations.len(),
            tokens: selection.estimated_tokens,
            elapsed,
        };
        let last = CUTS.last().copied().unwrap_or_default();
        let missed = gold
            .relations
            .iter()
            .filter(|relation| !within(last, relation))
            .map(|relation| {
                let name = snapshot.relations.get(*relation).map(|r| &r.name);
                let name = name.map_or_else(String::new, |n| format!("{}.{}", n.schema, n.name));
                format!("{name} at {:?}", rank(relation))
            })
            .collect();
        (found, missed)
    }

    fn snapshot(&self, db: &str, schema: &str) -> Result<Snapshot, Failure> {
        let path = self.snapshots.join(format!("{db}.json"));
        let mut snapshot = files::snapshot(&path)?;
        if !schema.is_empty() {
            snapshot.relations.retain(|relation| relation.name.schema == schema);
            snapshot.foreign_keys.retain(|k| k.from.schema == schema && k.to.schema == schema);
            snapshot.inferred_keys.retain(|k| k.from.schema == schema);
        }
        Ok(snapshot)
    }
}

/// What the known statement reads; its tables as the suite has them, where it has them.
fn gold(asked: &Asked, snapshot: &Snapshot) -> Result<Gold, Failure> {
    let name = &asked.id;
    let mut gold = gold::read(&asked.gold_sql, snapshot, &asked.schema)
        .map_err(|error| failure(&format_args!("the known statement of {name}: {error}")))?;
    if !asked.tables.is_empty() {
        gold.relations = asked
            .tables
            .iter()
            .map(|table| {
                let (schema, table) = table.split_once('.').unwrap_or((&asked.schema, table));
                gold::relation(snapshot, schema, table).ok_or_else(|| {
                    failure(&format_args!("{name} reads {table}, which is not there"))
                })
            })
            .collect::<Result<BTreeSet<_>, _>>()?;
    }
    Ok(gold)
}
