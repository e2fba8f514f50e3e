//! `load-sqlite`: a database of SQLite, as question sets publish them, into PostgreSQL.
//!
//! Owns the order of the work and what is told of it. Called by the list of commands.

use std::path::PathBuf;

use clap::Args;
use postgres::{Client, Config};
use text2sql_core::protocol::Failure;

use super::copy::Changed;
use super::failed;
use super::names::Style;
use super::plan::{self, Made};
use super::source::Source;
use super::target::{self, Target};
use crate::progress::bar;

/// Arguments of `load-sqlite`.
#[derive(Debug, Args)]
pub struct LoadSqlite {
    /// The file.
    file: PathBuf,
    /// The server, as libpq would have it: "host=/tmp port=5432 user=postgres".
    #[arg(long)]
    server: Config,
    /// The database; made if it is not there.
    #[arg(long)]
    db: String,
    /// The schema; made if it is not there.
    #[arg(long, default_value = "public")]
    schema: String,
    /// How names are made of those in the file.
    #[arg(long, value_enum, default_value = "snake")]
    names: Style,
    /// A role that gets to read the tables.
    #[arg(long)]
    grant: Option<String>,
}

impl LoadSqlite {
    /// Loads, and tells what was done and what was left out.
    pub fn run(&self) -> Result<(), Failure> {
        let in_file =
            |why: String| failed(&format!("\"{}\" is not loaded: {why}", self.file.display()));
        let source = Source::open(&self.file).map_err(in_file)?;
        let tables = source.tables().map_err(in_file)?;
        if tables.is_empty() {
            return Err(in_file("it has no tables".to_owned()));
        }
        let reading = bar(tables.len()).with_message("looking at the rows");
        let mut read = Vec::with_capacity(tables.len());
        for table in tables {
            let (held, rows) = source.held(&table).map_err(in_file)?;
            read.push((table, held, rows));
            reading.inc(1);
        }
        reading.finish_and_clear();
        let tables = plan::tables(read, self.names);

        let (mut client, is_new) = target::connect(&self.server, &self.db)
            .map_err(|why| failed(&format!("database \"{}\": {why}", self.db)))?;
        let done = self.load(&mut client, &source, &tables);
        drop(client);
        if done.is_err() && is_new {
            target::drop_database(&self.server, &self.db);
        }
        let notes = done.map_err(in_file)?;

        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        println!("{}: {} tables, {rows} rows", self.db, tables.len());
        for made in &tables {
            renames(made).into_iter().for_each(|note| println!("  {note}"));
        }
        for what in source.left_out().map_err(in_file)? {
            println!("  not loaded: {what}");
        }
        notes.into_iter().for_each(|note| println!("  {note}"));
        Ok(())
    }

    /// Makes everything; returns what is to be told.
    fn load(
        &self,
        client: &mut Client,
        source: &Source,
        tables: &[Made],
    ) -> Result<Vec<String>, String> {
        let mut notes = Vec::new();
        let mut target = Target::begin(client, &self.schema)?;
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        let loading = bar(usize::try_from(rows).unwrap_or(usize::MAX));
        for made in tables {
            loading.set_message(made.name.clone());
            let changed = target
                .load(made, |each| {
                    source.rows(&made.from, |row| {
                        loading.inc(1);
                        each(row)
                    })
                })
                .map_err(|why| format!("table \"{}\": {why}", made.from.name))?;
            notes.extend(told(&made.name, &changed));
        }
        loading.finish_and_clear();
        let keys = tables.iter().flat_map(Made::keys).map(Ok);
        for constraint in keys.chain(plan::references(tables, &self.schema)) {
            match constraint {
                Ok(constraint) => {
                    if let Some(why) = target.add(&constraint)? {
                        let (table, what) = (&constraint.table, &constraint.told);
                        notes.push(format!("left out, {table}: {what}: {why}"));
                    }
                }
                Err(what) => notes.push(format!("left out, {what}: there is no such thing")),
            }
        }
        self.grant.iter().try_for_each(|reader| target.grant(reader))?;
        target.finish()?;
        Ok(notes)
    }
}

/// Names that are more than lower-cased.
fn renames(made: &Made) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |what: String, old: &str, new: &str| {
        if old.to_lowercase() != new {
            notes.push(format!("renamed: {what} \"{old}\" is {new}"));
        }
    };
    note("table".to_owned(), &made.from.name, &made.name);
    for (old, new) in made.from.columns.iter().zip(&made.columns) {
        note(format!("{} column", made.name), &old.name, &new.name);
    }
    notes
}

fn told(table: &str, changed: &Changed) -> Vec<String> {
    [
        (
            changed.blank,
            "values without meaning (empty or \"null\") in columns of numbers or dates are NULL",
        ),
        (changed.latin, "texts that are no UTF-8 were read as Latin-1"),
        (changed.zeros, "texts lost their bytes 0"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("changed, {table}: {count} {what}"))
    .collect()
}
