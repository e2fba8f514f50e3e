//! Asking all questions under all arms, several at a time.
//!
//! Owns the order of the work. Called by [`super`].

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use postgres::Config;
use text2sql_core::protocol::Failure;
use text2sql_core::score::{Rows, same};

use super::arm::Arm;
use super::ask::{Answer, ask};
use super::asked_with::{self, AskedWith, Served};
use super::failed;
use super::published::Published;
use super::results::{self, ByArm, Results};
use super::session::{NoRows, Session, told};
use super::suite::Question;
use crate::progress::bar;

/// Stack of a session: statements that are compared are parsed recursively.
const STACK: usize = 32 << 20;

/// Questions by the name of their database.
pub type ByDatabase<'q> = BTreeMap<String, Vec<&'q Question>>;

/// What is asked, where and how.
pub struct Run<'a> {
    /// Where arms without a server of their own ask.
    pub server: &'a Config,
    /// The plain role that asks.
    pub role: &'a str,
    /// The settings.
    pub arms: &'a [Arm],
    /// The questions.
    pub questions: &'a ByDatabase<'a>,
    /// Folder of the files that known answers run on, if not on the server.
    pub published: Option<&'a Path>,
    /// Sessions at a time.
    pub sessions: usize,
    /// Whether answers are told as they come.
    pub is_verbose: bool,
}

/// What is known of the known answers before questions are asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Questions of which one fails.
    pub failing: usize,
    /// Published ones that run on the server, too.
    pub on_server: usize,
    /// Of these, those with the same rows there.
    pub same: usize,
}

impl Run<'_> {
    /// Runs every known answer once on every server, before hours are spent; of published ones also tells
    /// what the server makes of them: whether what was loaded is what is in the files. Some may fail if
    /// that is allowed.
    ///
    /// # Errors
    /// Names the question whose known answer does not run.
    pub fn check_golds(&self, allow_errors: bool) -> Result<Checked, Failure> {
        let mut servers: Vec<&Arm> = Vec::new();
        for arm in self.arms {
            if !servers.iter().any(|there| there.server == arm.server) {
                servers.push(arm);
            }
        }
        let count: usize = self.questions.values().map(Vec::len).sum();
        let bar = bar(count * servers.len()).with_message("known answers");
        let (mut failing, mut checked) = (HashSet::new(), Checked::default());
        for arm in servers {
            // The settings are for questions; where to ask is what matters here.
            let arm = Arm { settings: Vec::new(), ..arm.clone() };
            for (db, questions) in self.questions {
                let mut session = self.session(db, questions, &arm)?;
                for question in questions {
                    bar.inc(1);
                    let why = match session.golds(question) {
                        Ok(golds) => {
                            self.put_to_server(&mut session, question, &golds, &mut checked);
                            continue;
                        }
                        Err(NoRows::Fails(_)) if allow_errors => {
                            failing.insert(&question.id);
                            continue;
                        }
                        Err(NoRows::Fails(why)) => why,
                        Err(NoRows::NoAnswer(error)) => told(&error),
                    };
                    let id = &question.id;
                    return Err(failed(&format!(
                        "the known answer of question \"{id}\" fails: {why}"
                    )));
                }
            }
        }
        bar.finish_and_clear();
        Ok(Checked { failing: failing.len(), ..checked })
    }

    /// Counts whether the server gives the same rows for a published answer.
    fn put_to_server(
        &self,
        session: &mut Session,
        question: &Question,
        golds: &[Rows],
        checked: &mut Checked,
    ) {
        if self.published.is_none() {
            return;
        }
        for (sql, gold) in question.golds.iter().zip(golds) {
            if let Ok(rows) = session.rows(sql) {
                checked.on_server += 1;
                checked.same += usize::from(same(gold, &rows, question.ordered));
            }
        }
    }

    /// A session in a database, with the file of that database if known answers run there.
    fn session(&self, db: &str, questions: &[&Question], arm: &Arm) -> Result<Session, Failure> {
        let session = Session::new(self.server, db, self.role, arm)?;
        match self.published.zip(questions.first()) {
            Some((folder, first)) => {
                Ok(session.with_published(Published::open(folder, &first.db)?))
            }
            None => Ok(session),
        }
    }

    /// What each arm is asked with; of the server only where something is left to ask.
    ///
    /// # Errors
    /// Where answers of the results file were asked with anything else or are to other questions, and
    /// of the server and the file.
    pub fn asked_with(&self, file: &Path) -> Result<ByArm, Failure> {
        let mut before = results::read(file)?;
        before.retain(|answer| self.arms.iter().any(|arm| arm.name == answer.arm));
        let questions = self.questions.values().flatten().copied();
        asked_with::require_same_questions(file, &before, questions)?;
        let mut by_arm = ByArm::new();
        for arm in self.arms {
            let done: HashSet<&str> =
                before.iter().filter(|a| a.arm == arm.name).map(|a| a.id.as_str()).collect();
            let is_open = |questions: &[&Question]| {
                questions.iter().any(|question| !done.contains(question.id.as_str()))
            };
            let open = self.questions.iter().find(|(_, questions)| is_open(questions));
            let served = match open {
                Some((db, _)) => Session::new(self.server, db, self.role, arm)?.served()?,
                None => Served::default(),
            };
            let now = AskedWith::of(arm, served);
            asked_with::require_same(file, &arm.name, &before, &now)?;
            by_arm.insert(arm.name.clone(), now);
        }
        Ok(by_arm)
    }

    /// Asks what is not in the results file yet.
    ///
    /// # Errors
    /// Of the server and of the file.
    pub fn ask_all(&self, file: &Path, asked_with: ByArm) -> Result<(), Failure> {
        let done: HashSet<(String, String)> =
            results::read(file)?.into_iter().map(|answer| (answer.arm, answer.id)).collect();
        let is_open = |arm: &Arm, q: &Question| !done.contains(&(arm.name.clone(), q.id.clone()));
        let count = |arm: &Arm| {
            self.questions.values().flatten().filter(|question| is_open(arm, question)).count()
        };
        let bar = bar(self.arms.iter().map(count).sum());
        let out = Results::open(file, asked_with)?;
        let left = Mutex::new(self.in_turn());
        let right = Mutex::new((0usize, 0usize));
        let tell = |answer: &Answer| {
            let mut right = right.lock().unwrap_or_else(PoisonError::into_inner);
            right.0 += usize::from(answer.class == super::class::Class::Right);
            right.1 += 1;
            bar.set_message(format!("{} of {} right", right.0, right.1));
            bar.inc(1);
            if self.is_verbose {
                let Answer { ms, class, db, question, .. } = answer;
                bar.suspend(|| eprintln!("{ms:7.0} ms  {}  {db} {question}", class.name()));
            }
        };
        let work = || -> Result<(), Failure> {
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some((db, arm, questions)) = next else { return Ok(()) };
                let open: Vec<&&Question> = questions.iter().filter(|q| is_open(arm, q)).collect();
                if open.is_empty() {
                    continue;
                }
                let mut session = self.session(db, questions, arm)?;
                for question in open {
                    let answer = ask(&mut session, arm, question)?;
                    out.append(&answer)?;
                    tell(&answer);
                }
            }
        };
        let done = std::thread::scope(|scope| {
            let threads = (0..self.sessions.max(1))
                .map(|_| Builder::new().stack_size(STACK).spawn_scoped(scope, work))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| failed(&format!("no session can be started: {error}")))?;
            threads.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(failed("a session panicked")))
            })
        });
        bar.finish_and_clear();
        done
    }

    /// Pieces of work, the first one last. Arm by arm within a database: what was computed of its
    /// prompts is used by all. Each arm is the first in turn, or its times would hold what the others
    /// are spared.
    fn in_turn(&self) -> Vec<(&String, &Arm, &Vec<&Question>)> {
        let arms = self.arms;
        let rotated =
            |turn: usize| (0..arms.len()).filter_map(move |at| arms.get((turn + at) % arms.len()));
        let mut all: Vec<_> = self
            .questions
            .iter()
            .enumerate()
            .flat_map(|(turn, (db, questions))| rotated(turn).map(move |arm| (db, arm, questions)))
            .collect();
        all.reverse();
        all
    }
}
