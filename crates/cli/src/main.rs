//! `text2sql-cli`: command-line tools of text2sql.
//!
//! Owns the list of subcommands; each is a file here. The tools call the same code as the server
//! and need neither a server nor, most of them, a model.

#![forbid(unsafe_code)]
// The output of a command-line tool is its standard output.
#![allow(clippy::print_stdout)]

mod bench;
mod calibrate;
mod eval;
mod files;
mod generate;
mod grammar;
mod import;
mod inspect_gguf;
mod load;
mod progress;
mod questions;
mod recall;
mod rules;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools of text2sql.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure how fast a model computes on this machine.
    Bench(bench::Bench),
    /// Show what is in a model file.
    InspectGguf(inspect_gguf::InspectGguf),
    /// Measure constrained decoding: the share of statements it can write, and what it costs.
    Grammar(grammar::Grammar),
    /// Answer questions from saved catalogs, without a server, with times.
    Questions(questions::Questions),
    /// Measure how much of what known statements read is among what the model is shown.
    Recall(recall::Recall),
    /// Show what the rules that put statements right change of known ones.
    Rules(rules::Rules),
    /// Ask a server the questions of a suite, and count the right answers.
    Eval(eval::Eval),
    /// Fit the confidence to results of eval, and measure it.
    Calibrate(calibrate::Calibrate),
    /// Load a database of SQLite into PostgreSQL, as question sets publish them.
    LoadSqlite(import::sqlite::LoadSqlite),
    /// Load the tables of WikiSQL into PostgreSQL.
    LoadWikisql(import::wikisql::LoadWikisql),
    /// Generate text from a raw conversation, for debugging.
    Generate(generate::Generate),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Bench(command) => command.run(),
        Command::InspectGguf(command) => command.run(),
        Command::Eval(command) => command.run(),
        Command::Calibrate(command) => command.run(),
        Command::LoadSqlite(command) => command.run(),
        Command::LoadWikisql(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Questions(command) => command.run(),
        Command::Grammar(command) => command.run(),
        Command::Recall(command) => command.run(),
        Command::Rules(command) => command.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            for more in [failure.detail, failure.hint].into_iter().flatten() {
                eprintln!("  {more}");
            }
            ExitCode::FAILURE
        }
    }
}
