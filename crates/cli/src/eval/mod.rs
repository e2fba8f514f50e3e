//! `eval`: how many questions of a suite a server answers with the right rows.
//!
//! Questions are asked through the extension itself, as a plain role, under one or more sets of
//! settings (arms). Each answer is a line in the results file the moment it is there; a run that is
//! started again goes on where it was, if it asks with the same.
//!
//! | module | owns |
//! |---|---|
//! | [`suite`] | the formats of question sets |
//! | [`arm`] | settings, models and servers side by side |
//! | [`run`] | which question is asked when |
//! | [`session`] | the connection, and what is asked of it |
//! | [`published`] | known answers in the dialect of SQLite, and the files they run on |
//! | [`ask`] | one question: asking, running, judging |
//! | [`asked_with`] | whether a run may go on in a file of answers |
//! | [`class`] | what can become of a question |
//! | [`results`] | the file of answers |
//! | [`baseline`] | what an earlier run is held against |
//! | [`tally`] | from answers to figures |
//! | [`comparison`] | two arms, or two runs, on the same questions |
//! | [`stats`] | intervals and tests |
//! | [`report`] | JSON, Markdown, HTML |

mod arm;
mod ask;
mod asked_with;
mod baseline;
mod class;
mod comparison;
#[cfg(test)]
pub mod fixture;
mod published;
mod report;
mod results;
mod run;
mod session;
mod stats;
mod suite;
mod tally;

pub use ask::Answer;
pub use class::Class;
pub use results::read as read_results;

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use text2sql_core::protocol::{Failure, FailureCode};

use baseline::Baseline;
use report::About;
use run::{ByDatabase, Checked, Run};
use suite::Question;
use tally::Tally;

use crate::import::wikisql;

/// Arguments of `eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// Question set: lines of JSON, the array that Spider or BIRD publish, or the lines of WikiSQL.
    suite: PathBuf,
    /// The file of tables that belongs to questions of WikiSQL.
    #[arg(long)]
    tables: Option<PathBuf>,
    /// The server, as libpq would have it: "host=/tmp port=5432 user=postgres".
    #[arg(long)]
    server: String,
    /// Database of questions that name none.
    #[arg(long)]
    db: Option<String>,
    /// Put before the names of databases.
    #[arg(long, default_value = "")]
    db_prefix: String,
    /// Plain role that asks.
    #[arg(long)]
    role: String,
    /// A set of settings: NAME, or NAME:SETTING=VALUE;SETTING=VALUE. The setting "server" is another
    /// server to ask. May be given several times.
    #[arg(long = "arm", default_value = "default")]
    arms: Vec<String>,
    /// A model of text2sql.models; each set of settings is asked with each. May be given several
    /// times.
    #[arg(long = "model")]
    models: Vec<String>,
    /// Results: a line of JSON for each answer; what is there is not asked again, and has to have been
    /// asked with the same settings and model.
    #[arg(long)]
    results: PathBuf,
    /// Write the report there too, with the extensions md, json and html.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Results of an earlier run, or what --write-baseline wrote of it; questions it had right and
    /// this one has not, or does not ask, are named, and end the run with a failure. Of arms in both
    /// runs the difference is told, with its 95 % interval.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Write what became of each question to this file, for --baseline: sorted lines of JSON with arm,
    /// id and class, and nothing of what the suite says.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Run known answers on files of SQLite, FOLDER/DB/DB.sqlite, as Spider and BIRD publish both.
    /// Values are compared by what they say then, whatever their types.
    #[arg(long, value_name = "FOLDER")]
    golds_in: Option<PathBuf>,
    /// Go on although known answers fail; their questions are a class of their own.
    #[arg(long)]
    allow_gold_errors: bool,
    /// Sessions that ask at a time, each in a database of its own.
    #[arg(long, default_value_t = 1)]
    sessions: usize,
    /// Most questions of a database, the first ones.
    #[arg(long)]
    limit: Option<usize>,
    /// Ask only so many, the same ones always: of each difficulty and database its share.
    #[arg(long)]
    sample: Option<usize>,
    /// Tell each answer as it comes.
    #[arg(long)]
    verbose: bool,
}

impl Eval {
    /// Asks and reports.
    pub fn run(&self) -> Result<(), Failure> {
        let server = arm::server(&self.server)?;
        let arms = arm::matrix(&self.arms, &self.models)?;
        let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        let baseline = self.baseline.as_deref().map(Baseline::read).transpose()?;
        baseline.as_ref().map_or(Ok(()), |baseline| baseline.require_arms(&names))?;
        let tables = self.tables.as_deref().map(wikisql::tables).transpose()?;
        let questions = suite::load(&self.suite, self.db.as_deref(), tables.as_ref())?;
        let in_suite: HashSet<String> = questions.iter().map(|q| q.id.clone()).collect();
        let questions = match self.sample {
            Some(size) => suite::sample(questions, size),
            None => questions,
        };
        let questions = self.by_database(&questions);
        let run = Run {
            server: &server,
            role: &self.role,
            arms: &arms,
            questions: &questions,
            published: self.golds_in.as_deref(),
            sessions: self.sessions,
            is_verbose: self.verbose,
        };
        let asked_with = run.asked_with(&self.results)?;
        let Checked { failing, on_server, same } = run.check_golds(self.allow_gold_errors)?;
        if failing > 0 {
            eprintln!("the known answers of {failing} questions fail");
        }
        if self.golds_in.is_some() {
            eprintln!(
                "{on_server} known answers run on the server, too; {same} have the same rows"
            );
        }
        run.ask_all(&self.results, asked_with)?;

        let answers = results::read(&self.results)?;
        let settings = arms.iter().map(|arm| arm.told()).collect();
        let names: Vec<String> = arms.into_iter().map(|arm| arm.name).collect();
        let tally = Tally::of(&names, &answers);
        print!("{}", report::markdown(&tally));
        if let Some(path) = &self.report {
            report::write(path, &About::today(&self.suite, settings), &tally, &answers)?;
        }
        if let Some(path) = &self.write_baseline {
            Baseline::of(&names, &answers).write(path)?;
        }
        let Some(baseline) = &baseline else { return Ok(()) };
        let compared = baseline.compared(&names, &answers);
        compared.iter().for_each(|comparison| println!("\n{}.", report::since(comparison)));
        let asked: HashSet<&str> = questions.values().flatten().map(|q| q.id.as_str()).collect();
        let left_out = in_suite.iter().map(String::as_str).filter(|id| !asked.contains(id));
        let regressions = baseline.held_against(&answers, &left_out.collect());
        regressions.lost.iter().for_each(|name| println!("no longer right: {name}"));
        regressions.not_asked.iter().for_each(|name| println!("not asked: {name}"));
        regressions.require_none()
    }

    fn by_database<'q>(&self, questions: &'q [Question]) -> ByDatabase<'q> {
        let mut by_db = ByDatabase::new();
        for question in questions {
            let of_db = by_db.entry(format!("{}{}", self.db_prefix, question.db)).or_default();
            if self.limit.is_none_or(|limit| of_db.len() < limit) {
                of_db.push(question);
            }
        }
        by_db
    }
}

fn failed(message: &str) -> Failure {
    Failure { code: FailureCode::Internal, message: message.to_owned(), detail: None, hint: None }
}
