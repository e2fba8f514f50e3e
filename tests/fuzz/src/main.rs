//! `text2sql-fuzz`: the long run, and the repetition of a finding.
//!
//! Starts a cluster of the server that `TEXT2SQL_PG_CONFIG` names. Ends with 1 if it found
//! something.

#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use text2sql_fuzz::Failure;
use text2sql_fuzz::campaign::{Campaign, Plan, without_server};
use text2sql_fuzz::corpus::Corpus;
use text2sql_fuzz::findings::Findings;
use text2sql_fuzz::mutate::Ground;
use text2sql_fuzz::playground::Playground;
use text2sql_fuzz::roles;
use text2sql_fuzz::vocabulary::Vocabulary;

/// Mutate statements and look for holes in the guard.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// How long.
    #[arg(long, default_value_t = 60.0)]
    minutes: f64,
    /// What the statements are made from; by default the time of day.
    #[arg(long)]
    seed: Option<u64>,
    /// Number of the first statement.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Try only this statement, printing it.
    #[arg(long)]
    only: Option<u64>,
    /// Folder with attacks/*.jsonl, benign/*.jsonl and setup/*.sql.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../security"))]
    corpus: PathBuf,
    /// File for the findings, one JSON object a line.
    #[arg(long)]
    findings: Option<PathBuf>,
    /// Seconds a call may take beyond the guard's limit.
    #[arg(long, default_value_t = 6)]
    margin: u64,
    /// Only what needs no server.
    #[arg(long)]
    pure: bool,
    /// Host and port of a server that was filled in the same way, as "host=/socket port=5432".
    #[arg(long)]
    server: Option<String>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            // What the server said is the cause, not the error.
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  {error}");
                cause = error.source();
            }
            ExitCode::from(2)
        }
    }
}

/// Number of findings.
fn run(arguments: &Arguments) -> Result<u64, Failure> {
    let begun = Instant::now();
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };
    let plan = Plan {
        seed,
        first: arguments.only.unwrap_or(arguments.first),
        last: arguments.only,
        time: Duration::from_secs_f64(arguments.minutes * 60.0),
        margin: Duration::from_secs(arguments.margin),
    };
    eprintln!("seed {seed}");
    let corpus = Corpus::read(&arguments.corpus)?;
    let mut findings = Findings::new(seed, arguments.findings.as_deref())?;
    let ended = if arguments.pure {
        let ground = Ground { corpus, vocabulary: Vocabulary::small() };
        tell(&ground, arguments, seed);
        without_server(plan, &ground, &mut findings)
    } else {
        let playground = match &arguments.server {
            Some(place) => Playground::Given(place.clone()),
            None => Playground::start(&arguments.corpus.join("setup"))?,
        };
        let vocabulary = Vocabulary::ask(&mut playground.superuser()?)?;
        let ground = Ground { corpus, vocabulary };
        tell(&ground, arguments, seed);
        Campaign::new(&playground, &mut findings, roles::ALL)?.run(plan, &ground)
    };
    eprint!("{}", findings.summary(begun.elapsed()));
    ended.map(|()| findings.count())
}

fn tell(ground: &Ground, arguments: &Arguments, seed: u64) {
    if let Some(number) = arguments.only {
        eprintln!("statement {number}:\n{}", ground.statement(seed, number));
    }
}
