//! `eval`: how many questions of a suite a server answers with the right rows.
//!
//! Questions are asked through the extension itself, as a plain role, under one or more sets of
//! settings (arms). Each answer is a line in the results file the moment it is there; a run that is
//! started again goes on where it was.
//!
//! | module | owns |
//! |---|---|
//! | [`suite`] | the formats of question sets |
//! | [`ask`] | one question: asking, running, judging |
//! | [`stats`] | intervals and tests |
//! | [`report`] | the report |

mod ask;
mod report;
mod stats;
mod suite;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;
use postgres::Config;
use text2sql_core::protocol::{Failure, FailureCode};

use ask::{Answer, Session};
use suite::Question;

/// Arguments of `eval`.
#[derive(Debug, Args)]
pub struct Eval {
    /// Question set: lines of JSON, or the array that Spider or BIRD publish.
    suite: PathBuf,
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
    /// A set of settings: NAME, or NAME:SETTING=VALUE;SETTING=VALUE. May be given several times.
    #[arg(long = "arm", default_value = "default")]
    arms: Vec<String>,
    /// Results: a line of JSON for each answer; what is there is not asked again.
    #[arg(long)]
    results: PathBuf,
    /// Write the report there too.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Results of an earlier run; questions it had right and this one has not are named, and end the
    /// run with a failure.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// Sessions that ask at a time, each in a database of its own.
    #[arg(long, default_value_t = 1)]
    sessions: usize,
    /// Most questions of a database, the first ones.
    #[arg(long)]
    limit: Option<usize>,
}

/// A set of settings.
struct Arm {
    name: String,
    settings: Vec<String>,
}

impl Arm {
    fn parse(text: &str) -> Self {
        let (name, settings) = text.split_once(':').unwrap_or((text, ""));
        let settings = settings.split(';').map(str::trim).filter(|s| !s.is_empty());
        Self { name: name.to_owned(), settings: settings.map(str::to_owned).collect() }
    }
}

impl Eval {
    /// Asks and reports.
    pub fn run(&self) -> Result<(), Failure> {
        let server: Config = self
            .server
            .parse()
            .map_err(|error| failed(&format!("\"{}\" is no server: {error}", self.server)))?;
        let arms: Vec<Arm> = self.arms.iter().map(|text| Arm::parse(text)).collect();
        let names: Vec<String> = arms.iter().map(|arm| arm.name.clone()).collect();
        if names.iter().collect::<HashSet<_>>().len() < names.len() {
            return Err(failed("two arms have one name"));
        }
        let questions = suite::load(&self.suite, self.db.as_deref())?;
        let by_db = self.by_database(&questions);
        self.check_golds(&server, &by_db)?;
        self.ask_all(&server, &arms, &by_db)?;

        let answers = read(&self.results)?;
        let report = report::markdown(&names, &answers);
        print!("{report}");
        if let Some(path) = &self.report {
            fs::write(path, &report).map_err(|error| failed(&error.to_string()))?;
        }
        let Some(baseline) = &self.baseline else { return Ok(()) };
        let lost = report::lost(&read(baseline)?, &answers);
        lost.iter().for_each(|name| println!("no longer right: {name}"));
        if lost.is_empty() {
            Ok(())
        } else {
            Err(failed(&format!("{} questions are no longer right", lost.len())))
        }
    }

    fn by_database<'q>(&self, questions: &'q [Question]) -> BTreeMap<String, Vec<&'q Question>> {
        let mut by_db: BTreeMap<String, Vec<&Question>> = BTreeMap::new();
        for question in questions {
            let of_db = by_db.entry(format!("{}{}", self.db_prefix, question.db)).or_default();
            if self.limit.is_none_or(|limit| of_db.len() < limit) {
                of_db.push(question);
            }
        }
        by_db
    }

    /// Runs every known answer once, before hours are spent.
    fn check_golds(
        &self,
        server: &Config,
        by_db: &BTreeMap<String, Vec<&Question>>,
    ) -> Result<(), Failure> {
        for (db, questions) in by_db {
            let mut session = Session::new(server, db, &self.role, &[])?;
            for question in questions {
                session.golds(question)?;
            }
        }
        Ok(())
    }

    fn ask_all(
        &self,
        server: &Config,
        arms: &[Arm],
        by_db: &BTreeMap<String, Vec<&Question>>,
    ) -> Result<(), Failure> {
        let done: HashSet<(String, String)> =
            read(&self.results)?.into_iter().map(|answer| (answer.arm, answer.id)).collect();
        let out = Mutex::new(open(&self.results)?);
        // Arm by arm within a database: what was computed of its prompts is used by all. Each arm
        // is the first in turn, or its times would hold what the others are spared.
        let in_turn =
            |turn: usize| (0..arms.len()).filter_map(move |at| arms.get((turn + at) % arms.len()));
        let mut left: Vec<(&String, &Arm, &Vec<&Question>)> = by_db
            .iter()
            .enumerate()
            .flat_map(|(turn, (db, questions))| in_turn(turn).map(move |arm| (db, arm, questions)))
            .collect();
        left.reverse();
        let left = Mutex::new(left);
        let work = || -> Result<(), Failure> {
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some((db, arm, questions)) = next else { return Ok(()) };
                let open: Vec<&&Question> = questions
                    .iter()
                    .filter(|q| !done.contains(&(arm.name.clone(), q.id.clone())))
                    .collect();
                if open.is_empty() {
                    continue;
                }
                let mut session = Session::new(server, db, &self.role, &arm.settings)?;
                for question in open {
                    let answer = session.ask(&arm.name, question)?;
                    eprintln!("{:7.0} ms  {:?}  {db} {}", answer.ms, answer.verdict, question.text);
                    append(&out, &answer)?;
                }
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.sessions.max(1)).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(failed("a session panicked")))
            })
        })
    }
}

/// The results file, to be added to; without its last line where that was cut off.
fn open(path: &Path) -> Result<File, Failure> {
    let whole = fs::read(path)
        .map_or(0, |bytes| bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|file| file.set_len(whole as u64).map(|()| file))
        .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))
}

fn append(out: &Mutex<File>, answer: &Answer) -> Result<(), Failure> {
    let mut line = serde_json::to_string(answer).map_err(|error| failed(&error.to_string()))?;
    line.push('\n');
    let mut file = out.lock().unwrap_or_else(PoisonError::into_inner);
    file.write_all(line.as_bytes()).map_err(|error| failed(&error.to_string()))
}

/// Answers of a results file; none where it is not there. A last line that was cut off is left out.
fn read(path: &Path) -> Result<Vec<Answer>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&format!("\"{}\": {error}", path.display()))),
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole
        .lines()
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))
        })
        .collect()
}

fn failed(message: &str) -> Failure {
    Failure { code: FailureCode::Internal, message: message.to_owned(), detail: None, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_after_a_line_that_was_cut_off() {
        let path = std::env::temp_dir().join(format!("text2sql-eval-{}", std::process::id()));
        let line = r#"{"arm":"a","id":"1","db":"d","difficulty":"","verdict":"right","said":"SELECT 1","model":null,"ms":1.0,"attempts":1,"prompt_tokens":1,"cached_tokens":1,"generated_tokens":1}"#;
        fs::write(&path, format!("{line}\n{{\"arm\":\"a")).unwrap();
        let found = read(&path).unwrap();
        assert_eq!(found.len(), 1);
        let second = Answer { id: "2".into(), ..found[0].clone() };
        append(&Mutex::new(open(&path).unwrap()), &second).unwrap();
        assert_eq!(read(&path).unwrap(), [found[0].clone(), second]);
        fs::remove_file(&path).unwrap();
        assert!(read(&path).unwrap().is_empty());
    }

    #[test]
    fn an_arm_is_a_name_and_settings() {
        let arm = Arm::parse("names:text2sql.constrained=names; text2sql.max_repairs=2");
        assert_eq!(arm.name, "names");
        assert_eq!(arm.settings, ["text2sql.constrained=names", "text2sql.max_repairs=2"]);
        assert!(Arm::parse("plain").settings.is_empty());
    }
}
