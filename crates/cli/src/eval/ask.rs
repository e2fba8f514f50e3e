//! Asking one question of a server, and judging what came of it.
//!
//! Owns the connection, the reading of rows, and the classes of failure. How results are compared is
//! [`text2sql_core::score`]'s. Called by [`super`].

use std::time::Instant;

use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use serde::{Deserialize, Serialize};
use text2sql_core::protocol::Failure;
use text2sql_core::score::{Kind, Rows, Value, same};
use text2sql_core::signals::Signals;

use super::failed;
use super::suite::Question;

/// What became of a question; each has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The rows are those of a known answer.
    Right,
    /// The statement runs and gives others.
    WrongRows,
    /// The statement was planned and fails when it runs.
    RunError,
    /// The model wrote nothing the server takes.
    NoStatement,
    /// What it wrote breaks a rule of the guard.
    Refused,
    /// The time was over.
    Timeout,
    /// The extension asked back.
    AskedBack,
}

/// One question under one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Name of the settings it was asked under.
    pub arm: String,
    /// The question.
    pub id: String,
    /// Its database.
    pub db: String,
    /// The suite's name for how hard it is.
    pub difficulty: String,
    /// What became of it.
    pub verdict: Verdict,
    /// The statement, or the message where there is none.
    pub said: String,
    /// The model that wrote it.
    pub model: Option<String>,
    /// From question to statement, milliseconds.
    pub ms: f64,
    /// Generations.
    pub attempts: i32,
    /// Tokens of the prompts.
    pub prompt_tokens: i32,
    /// Of these, cached.
    pub cached_tokens: i32,
    /// Tokens written.
    pub generated_tokens: i32,
    /// What is known of how it came about; whether there are no rows is this tool's finding.
    #[serde(default)]
    pub signals: Option<Signals>,
}

/// A session in one database.
pub struct Session {
    client: Client,
}

impl Session {
    /// Connects, takes the role and makes the settings.
    ///
    /// # Errors
    /// Of the server.
    pub fn new(
        server: &Config,
        db: &str,
        role: &str,
        settings: &[String],
    ) -> Result<Self, Failure> {
        let mut config = server.clone();
        config.dbname(db);
        let in_db =
            |error: postgres::Error| failed(&format!("database \"{db}\": {}", told(&error)));
        let mut client = config.connect(NoTls).map_err(in_db)?;
        for setting in settings {
            let Some((name, value)) = setting.split_once('=') else {
                return Err(failed(&format!("\"{setting}\" is no setting: NAME=VALUE")));
            };
            let set = "SELECT pg_catalog.set_config($1, $2, false)";
            client.execute(set, &[&name.trim(), &value.trim()]).map_err(in_db)?;
        }
        let role = role.replace('"', "\"\"");
        client.batch_execute(&format!("SET ROLE \"{role}\"")).map_err(in_db)?;
        Ok(Self { client })
    }

    /// Rows of a statement, run read-only and undone.
    ///
    /// # Errors
    /// Of the server.
    pub fn rows(&mut self, sql: &str) -> Result<Rows, postgres::Error> {
        let mut transaction = self.client.build_transaction().read_only(true).start()?;
        transaction.batch_execute("SET LOCAL statement_timeout = '60s'")?;
        let kinds: Vec<Kind> =
            transaction.prepare(sql)?.columns().iter().map(|column| kind(column.type_())).collect();
        let messages = transaction.simple_query(sql)?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .map(|row| {
                kinds.iter().enumerate().map(|(at, kind)| Value::new(*kind, row.get(at))).collect()
            })
            .collect())
    }

    /// Rows of the known answers.
    ///
    /// # Errors
    /// Names the question: a known answer that does not run makes the whole run worthless.
    pub fn golds(&mut self, question: &Question) -> Result<Vec<Rows>, Failure> {
        let run = |sql: &String| {
            self.rows(sql).map_err(|error| {
                let why = told(&error);
                failed(&format!("the known answer of question \"{}\" fails: {why}", question.id))
            })
        };
        question.golds.iter().map(run).collect()
    }

    /// Asks, runs what was written, and compares.
    ///
    /// # Errors
    /// Where the server cannot answer at all, which says nothing of the question.
    pub fn ask(&mut self, arm: &str, question: &Question) -> Result<Answer, Failure> {
        let golds = self.golds(question)?;
        let mut answer = Answer {
            arm: arm.to_owned(),
            id: question.id.clone(),
            db: question.db.clone(),
            difficulty: question.difficulty.clone(),
            verdict: Verdict::NoStatement,
            said: String::new(),
            model: None,
            ms: 0.0,
            attempts: 0,
            prompt_tokens: 0,
            cached_tokens: 0,
            generated_tokens: 0,
            signals: None,
        };
        let begin = Instant::now();
        let explained = self.client.query_one(
            "SELECT sql, model, attempts, prompt_tokens, cached_tokens, generated_tokens,
                    signals::text
               FROM text2sql.explain($1)",
            &[&question.text],
        );
        answer.ms = begin.elapsed().as_secs_f64() * 1e3;
        let row = match explained {
            Ok(row) => row,
            Err(error) => {
                answer.verdict = class(&error).ok_or_else(|| {
                    failed(&format!("the server does not answer: {}", told(&error)))
                })?;
                answer.said = told(&error);
                return Ok(answer);
            }
        };
        answer.said = row.get("sql");
        answer.model = row.get("model");
        answer.attempts = row.get("attempts");
        answer.prompt_tokens = row.get("prompt_tokens");
        answer.cached_tokens = row.get("cached_tokens");
        answer.generated_tokens = row.get("generated_tokens");
        let rows = self.rows(&answer.said);
        let signals: Option<Signals> = serde_json::from_str(row.get("signals")).ok();
        answer.signals = signals
            .map(|signals| Signals { empty: rows.as_ref().ok().map(Vec::is_empty), ..signals });
        answer.verdict = match rows {
            Ok(rows) if golds.iter().any(|gold| same(gold, &rows, question.ordered)) => {
                Verdict::Right
            }
            Ok(_) => Verdict::WrongRows,
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => Verdict::Timeout,
            Err(_) => Verdict::RunError,
        };
        Ok(answer)
    }
}

/// The class of an error of `explain`; nothing where it says nothing of the question.
fn class(error: &postgres::Error) -> Option<Verdict> {
    let code = error.code()?;
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        Some(Verdict::Refused)
    } else if *code == SqlState::QUERY_CANCELED {
        Some(Verdict::Timeout)
    } else if code.code().starts_with("TS") {
        Some(Verdict::AskedBack)
    } else if code.code().starts_with("22") || code.code().starts_with("42") {
        Some(Verdict::NoStatement)
    } else {
        None
    }
}

fn told(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |db| match db.detail() {
            Some(detail) => format!("{}: {} {detail}", db.code().code(), db.message()),
            None => format!("{}: {}", db.code().code(), db.message()),
        },
    )
}

fn kind(of: &Type) -> Kind {
    const NUMBERS: [Type; 7] =
        [Type::INT2, Type::INT4, Type::INT8, Type::FLOAT4, Type::FLOAT8, Type::NUMERIC, Type::OID];
    const MOMENTS: [Type; 3] = [Type::DATE, Type::TIMESTAMP, Type::TIMESTAMPTZ];
    if NUMBERS.contains(of) {
        Kind::Number
    } else if MOMENTS.contains(of) {
        Kind::Moment
    } else {
        Kind::Text
    }
}
