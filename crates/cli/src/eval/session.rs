//! A session in one database of one server.
//!
//! Owns the connection and what is asked of it: rows of statements, the extension's answer to a
//! question, names of columns. Judges nothing. Called by [`super::ask`] and [`super`].

use postgres::types::Type;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};
use text2sql_core::protocol::Failure;
use text2sql_core::score::{Kind, Rows, Value};
use text2sql_core::shape::Catalog;
use text2sql_core::signals::Signals;

use super::arm::{self, Arm};
use super::asked_with::Served;
use super::failed;
use super::published::Published;
use super::suite::Question;

/// Names of all columns of users' tables. The session may not be able to read all of them; that does
/// not matter for comparing statements.
const COLUMNS: &str = "
    SELECT c.relname::text, a.attname::text
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";

/// What the server answers with. A model of another server has no sum.
const SERVED: &str = "
    SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'text2sql') AS extension,
           model, pg_catalog.left(nullif(model_sha256, ''), 12) AS model_sha256
      FROM text2sql.status()";

/// Whether answers need a confidence.
const WANTS_CONFIDENCE: &str = "
    SELECT coalesce(nullif(pg_catalog.current_setting('text2sql.min_confidence', true), '')
                    ::pg_catalog.float8 > 0, false)";
/// The state of what `ask` refuses for want of an answer.
const DECLINED: &str = "TS002";

/// What `text2sql.explain` gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The statement.
    pub sql: String,
    /// The model that wrote it.
    pub model: Option<String>,
    /// Generations.
    pub attempts: i32,
    /// Tokens of the prompts.
    pub prompt_tokens: i32,
    /// Of these, cached.
    pub cached_tokens: i32,
    /// Tokens written.
    pub generated_tokens: i32,
    /// What is known of how it came about.
    pub signals: Option<Signals>,
}

/// A session in one database.
pub struct Session {
    client: Client,
    /// Columns of the tables there.
    pub catalog: Catalog,
    /// Schemas to look in, as the session began with.
    search_path: String,
    /// Whether `ask` refuses what it is not sure enough of, which `explain` never does.
    pub wants_confidence: bool,
    /// Where known answers run, if not on the server.
    published: Option<Published>,
}

/// Why a known answer has no rows.
#[derive(Debug)]
pub enum NoRows {
    /// The statement fails.
    Fails(String),
    /// The server does not answer.
    NoAnswer(postgres::Error),
}

impl From<postgres::Error> for NoRows {
    fn from(error: postgres::Error) -> Self {
        if error.code().is_some() { Self::Fails(told(&error)) } else { Self::NoAnswer(error) }
    }
}

impl Session {
    /// Connects, makes the settings of an arm and takes the role.
    ///
    /// # Errors
    /// Of the server.
    pub fn new(server: &Config, db: &str, role: &str, arm: &Arm) -> Result<Self, Failure> {
        let mut config = match &arm.server {
            Some(text) => arm::server(text)?,
            None => server.clone(),
        };
        config.dbname(db);
        let in_db =
            |error: postgres::Error| failed(&format!("database \"{db}\": {}", told(&error)));
        let mut client = config.connect(NoTls).map_err(in_db)?;
        for (name, value) in &arm.settings {
            let set = "SELECT pg_catalog.set_config($1, $2, false)";
            client.execute(set, &[name, value]).map_err(in_db)?;
        }
        let columns = client.query(COLUMNS, &[]).map_err(in_db)?;
        let catalog = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
        let role = role.replace('"', "\"\"");
        client.batch_execute(&format!("SET ROLE \"{role}\"")).map_err(in_db)?;
        let search_path = client.query_one("SHOW search_path", &[]).map_err(in_db)?.get(0);
        let wants_confidence = client.query_one(WANTS_CONFIDENCE, &[]).map_err(in_db)?.get(0);
        Ok(Self { client, catalog, search_path, wants_confidence, published: None })
    }

    /// The same session; known answers run on the file that they were published with, and values are
    /// compared by what they say.
    pub fn with_published(self, published: Published) -> Self {
        Self { published: Some(published), ..self }
    }

    /// Looks in the schema of a question, if it names one; else in those the session began with.
    ///
    /// # Errors
    /// Of the server.
    fn turn_to(&mut self, question: &Question) -> Result<(), postgres::Error> {
        let path = match &question.schema {
            Some(schema) => format!("\"{}\"", schema.replace('"', "\"\"")),
            None => self.search_path.clone(),
        };
        let set = "SELECT pg_catalog.set_config('search_path', $1, false)";
        self.client.execute(set, &[&path]).map(|_| ())
    }

    /// Rows of a statement, run read-only and undone.
    ///
    /// # Errors
    /// Of the server.
    pub fn rows(&mut self, sql: &str) -> Result<Rows, postgres::Error> {
        let mut transaction = self.client.build_transaction().read_only(true).start()?;
        transaction.batch_execute("SET LOCAL statement_timeout = '60s'")?;
        let prepared = transaction.prepare(sql)?;
        let types: Vec<&Type> = prepared.columns().iter().map(|column| column.type_()).collect();
        let value = if self.published.is_some() { said } else { typed };
        let messages = transaction.simple_query(sql)?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .map(|row| types.iter().enumerate().map(|(at, of)| value(of, row.get(at))).collect())
            .collect())
    }

    /// Rows of the known answers; from then on the session is in the question's schema.
    ///
    /// # Errors
    /// Where one fails, or the server does not answer.
    pub fn golds(&mut self, question: &Question) -> Result<Vec<Rows>, NoRows> {
        self.turn_to(question)?;
        let golds = question.golds.iter();
        match &self.published {
            Some(file) => golds.map(|sql| file.rows(sql).map_err(NoRows::Fails)).collect(),
            None => golds.map(|sql| Ok(self.rows(sql)?)).collect(),
        }
    }

    /// What the server says that it answers with.
    ///
    /// # Errors
    /// Of the server.
    pub fn served(&mut self) -> Result<Served, Failure> {
        let row = self.client.query_one(SERVED, &[]).map_err(|error| {
            failed(&format!("the server does not say what it answers with: {}", told(&error)))
        })?;
        Ok(Served {
            extension: row.get("extension"),
            model: row.get("model"),
            model_sha256: row.get("model_sha256"),
        })
    }

    /// Asks the extension.
    ///
    /// # Errors
    /// Of the server.
    pub fn explain(&mut self, question: &str) -> Result<Explained, postgres::Error> {
        let row = self.client.query_one(
            "SELECT sql, model, attempts, prompt_tokens, cached_tokens, generated_tokens, signals::text
               FROM text2sql.explain($1)",
            &[&question],
        )?;
        Ok(Explained {
            sql: row.get("sql"),
            signals: serde_json::from_str(row.get("signals")).ok(),
            model: row.get("model"),
            attempts: row.get("attempts"),
            prompt_tokens: row.get("prompt_tokens"),
            cached_tokens: row.get("cached_tokens"),
            generated_tokens: row.get("generated_tokens"),
        })
    }

    /// Why `text2sql.ask` refuses to answer a question, if it does: it has little to do with what can
    /// be read, or the answer has too little confidence. Rows, and what else may keep it from
    /// answering, are left aside.
    ///
    /// # Errors
    /// Of the server, where that tells nothing of refusing.
    pub fn declined(&mut self, question: &str) -> Result<Option<String>, postgres::Error> {
        let asked = self.client.query("SELECT count(*) FROM text2sql.ask($1)", &[&question]);
        let code = asked.as_ref().err().and_then(postgres::Error::code);
        if code.is_some_and(|code| code.code() == DECLINED) {
            return Ok(asked.err().as_ref().map(told));
        }
        asked.map(|_| None)
    }

    /// What the server's analyser says of a statement, which is not run.
    ///
    /// # Errors
    /// Of the server.
    pub fn analyse(&mut self, sql: &str) -> Result<(), postgres::Error> {
        self.client.prepare(sql).map(|_| ())
    }
}

/// An error as people read it.
pub fn told(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |db| match db.detail() {
            Some(detail) => format!("{}: {} {detail}", db.code().code(), db.message()),
            None => format!("{}: {}", db.code().code(), db.message()),
        },
    )
}

/// A value by its type.
fn typed(of: &Type, text: Option<&str>) -> Value {
    Value::new(kind(of), text)
}

/// A value by what it says; SQLite says 1 and 0 for true and false.
fn said(of: &Type, text: Option<&str>) -> Value {
    Value::said(match text {
        Some("t") if *of == Type::BOOL => Some("1"),
        Some("f") if *of == Type::BOOL => Some("0"),
        other => other,
    })
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
