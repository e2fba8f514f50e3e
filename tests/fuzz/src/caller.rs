//! The session of a plain role that gives statements to the guard.
//!
//! Owns one call, and the look at the session after it. The call is made inside of a transaction
//! of the caller, so that what it leaves there is seen before the transaction's end hides it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::error::DbError;
use postgres::{CancelToken, Client, SimpleQueryMessage};

use crate::Failure;
use crate::playground::Playground;
use crate::roles::Role;

/// What the guard made of a statement.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It ran; its rows.
    Rows(Vec<String>),
    /// It did not.
    Refused(Refusal),
    /// There is no session any more.
    Lost(String),
}

/// An error, as the caller sees it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The rule if one was broken, else the SQLSTATE.
    pub rule: String,
    /// SQLSTATE.
    pub sqlstate: String,
    /// Message, detail, hint and context together.
    pub text: String,
}

/// What came of one call.
#[derive(Debug)]
pub struct Outcome {
    /// The guard's.
    pub verdict: Verdict,
    /// How long the call took.
    pub took: Duration,
    /// Warnings and notices.
    pub notices: String,
    /// What is different in the session, if anything is.
    pub changed: Option<String>,
}

/// The session.
pub struct Caller {
    client: Client,
    notices: Arc<Mutex<String>>,
    before: Vec<String>,
}

/// What a session has of its own, and must still have after a call. The temporary table stands
/// before `shop.orders` in the search path.
const BELONGINGS: &str = "
CREATE TEMP TABLE orders AS SELECT 1 AS id; PREPARE kept AS SELECT 1; LISTEN kept;
DECLARE kept CURSOR WITH HOLD FOR SELECT 1; SELECT pg_advisory_lock_shared(4711)";

/// Everything a statement could leave behind in a session, a column a concern; each is text, so
/// that a difference can be shown. The first use of an extension loads its library, which brings
/// settings along; they count when somebody changes them.
const LOOK: &str = "
SELECT concat_ws(',', current_user, session_user, current_setting('role'), current_schemas(true)::text) AS identity,
  (SELECT string_agg(name || '=' || coalesce(setting, ''), E'\\n' ORDER BY name) FROM pg_catalog.pg_settings
    WHERE category <> 'Customized Options' OR coalesce(setting, '') <> coalesce(boot_val, '')) AS settings,
  current_setting('app.tenant', true) AS tenant,
  (SELECT string_agg(concat_ws(' ', locktype, relation, classid, objid, mode), E'\\n' ORDER BY locktype, relation, objid, mode)
     FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid') AS locks,
  (SELECT string_agg(name, ',') FROM pg_catalog.pg_cursors) AS cursors,
  (SELECT string_agg(name, ',') FROM pg_catalog.pg_prepared_statements) AS prepared,
  (SELECT string_agg(c, ',') FROM pg_catalog.pg_listening_channels() c) AS channels,
  pg_catalog.pg_my_temp_schema()::text AS temporary,
  pg_catalog.pg_current_xact_id_if_assigned()::text AS transaction";
const COLUMNS: &[&str] = &[
    "identity",
    "settings",
    "tenant",
    "locks",
    "cursors",
    "prepared",
    "channels",
    "temporary",
    "transaction",
];

impl Caller {
    /// Opens a session of `role`.
    ///
    /// # Errors
    /// Of the connection.
    pub fn connect(playground: &Playground, role: Role) -> Result<Self, Failure> {
        let notices = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&notices);
        let client = playground.connect(role.name, move |notice: DbError| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.push_str(&text_of(&notice));
        })?;
        let mut caller = Self { client, notices, before: Vec::new() };
        // The first call of a session loads the library and its caches.
        caller.run("SELECT 1");
        caller.client.batch_execute(BELONGINGS)?;
        caller.before = caller.look("BEGIN; SAVEPOINT call; ROLLBACK TO call")?;
        Ok(caller)
    }

    /// For interrupting a call from another thread.
    pub fn cancel_token(&self) -> CancelToken {
        self.client.cancel_token()
    }

    /// Gives a statement to the guard.
    pub fn run(&mut self, sql: &str) -> Outcome {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let call = format!("BEGIN; SAVEPOINT call; SELECT text2sql.run({})", quoted(sql));
        let begun = Instant::now();
        let result = self.client.simple_query(&call);
        let took = begun.elapsed();
        let (verdict, way_back) = match result {
            Ok(messages) => (Verdict::Rows(first_columns(&messages)), "SELECT 1"),
            Err(error) => match error.as_db_error() {
                Some(error) if !self.client.is_closed() => {
                    (Verdict::Refused(refusal(error)), "ROLLBACK TO call")
                }
                _ => (Verdict::Lost(error.to_string()), ""),
            },
        };
        let changed = match (&verdict, self.before.is_empty()) {
            (Verdict::Lost(_), _) => None,
            // The session is being opened.
            (_, true) => self.client.batch_execute("ROLLBACK").err().map(|e| e.to_string()),
            _ => match self.look(way_back) {
                Ok(after) => difference(&self.before, &after),
                Err(error) => Some(format!("the session cannot be looked at: {error}")),
            },
        };
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Outcome { verdict, took, notices, changed }
    }

    /// The state of the session after `first`; ends the transaction.
    fn look(&mut self, first: &str) -> Result<Vec<String>, Failure> {
        let messages = self.client.simple_query(&format!("{first}; {LOOK}; COMMIT"))?;
        let row = messages.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let row = row.ok_or("the session's state has no row")?;
        COLUMNS.iter().map(|name| Ok(row.try_get(*name)?.unwrap_or("").to_owned())).collect()
    }
}

fn refusal(error: &DbError) -> Refusal {
    let sqlstate = error.code().code().to_owned();
    let rule = error
        .detail()
        .and_then(|detail| detail.split("Rule: ").nth(1))
        .and_then(|rest| rest.split('.').next())
        .map_or_else(|| sqlstate.clone(), str::to_owned);
    Refusal { rule, sqlstate, text: text_of(error) }
}

fn text_of(error: &DbError) -> String {
    let parts = [Some(error.message()), error.detail(), error.hint(), error.where_()];
    parts.into_iter().flatten().map(|part| format!("{part}\n")).collect()
}

/// First columns of all rows.
pub fn first_columns(messages: &[SimpleQueryMessage]) -> Vec<String> {
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

/// A string constant under `standard_conforming_strings`.
fn quoted(sql: &str) -> String {
    format!("'{}'", sql.replace('\'', "''"))
}

/// Lines that are in one state only, by column.
fn difference(before: &[String], after: &[String]) -> Option<String> {
    let mut found = Vec::new();
    for ((name, old), new) in COLUMNS.iter().zip(before).zip(after) {
        let lines = |from: &str, other: &str, sign: &str| -> Vec<String> {
            let only = from.lines().filter(|line| !other.lines().any(|l| l == *line));
            only.map(|line| format!("{name}: {sign} {line}")).collect()
        };
        if old != new {
            found.extend(lines(old, new, "-"));
            found.extend(lines(new, old, "+"));
            if found.is_empty() {
                found.push(format!("{name}: the number of equal lines"));
            }
        }
    }
    (!found.is_empty()).then(|| found.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_by_line() {
        let mut before = vec![String::new(); COLUMNS.len()];
        before[1] = "a=1\nb=2".to_owned();
        assert_eq!(difference(&before, &before.clone()), None);
        let mut after = before.clone();
        after[1] = "a=1\nb=3".to_owned();
        assert_eq!(
            difference(&before, &after).as_deref(),
            Some("settings: - b=2; settings: + b=3")
        );
        after[1] = "a=1\nb=2\nb=2".to_owned();
        assert!(difference(&before, &after).is_some());
    }

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quoted("SELECT 'a\\'"), "'SELECT ''a\\'''");
    }
}
