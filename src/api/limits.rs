//! From settings to what holds for one call: rights and bounds.
//!
//! Reads settings and the role in force; what is run is run by `catalog` and `exec`. Called by the other files of `api`.

use std::rc::Rc;
use std::time::Duration;

use pgrx::pg_sys::Oid;
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{self, ParsedSql};

use crate::catalog::{self, View};
use crate::error::Error;
use crate::exec::{self, ExecError, Identity, Limits, Policy, Report, ResultSet, identity};
use crate::guc;
use crate::pg::{facts, role, server};

/// Whose rights and which bounds hold for the statements of one call.
pub struct Guard {
    identity: Identity,
    limits: Limits,
    policy: Policy,
}

impl Guard {
    /// As the settings now in force say, for the role that calls.
    ///
    /// # Errors
    /// Where the caller is too powerful for a sandbox, may not take the configured role, or a
    /// configured role does not exist: ignoring it would open what it closes.
    pub fn of_caller() -> Result<Self, Error> {
        require_stack()?;
        let identity = identity::resolve(guc::execution_role().as_deref())?;
        let limits = Limits {
            max_rows: guc::max_rows().into(),
            max_bytes: u64::from(guc::max_result_size()) << 10,
            max_columns: guc::max_columns(),
            max_cost: guc::max_cost(),
            timeout_ms: guc::statement_timeout().into(),
            lock_timeout_ms: guc::lock_timeout().into(),
            work_mem_kb: guc::work_mem().into(),
            temp_file_limit_kb: guc::temp_file_limit().into(),
        };
        Ok(Self { identity, limits, policy: policy()? })
    }

    /// The role statements are checked and run as.
    pub fn user(&self) -> Oid {
        self.identity.user()
    }

    /// What a question may be about: whatever a statement could read.
    pub fn view(&self) -> View {
        View {
            role: self.identity.user(),
            readable_role: self.policy.readable_role,
            schemas: schemas().unwrap_or_else(facts::search_path),
            foreign_servers: self.policy.foreign_servers.clone(),
            semantics: guc::semantics(),
        }
    }

    /// What of the catalog a question is about.
    ///
    /// # Errors
    /// Where the catalog cannot be read, or nothing is readable.
    pub fn snapshot(&self) -> Result<Rc<Snapshot>, Error> {
        let snapshot = catalog::snapshot(self.view())?;
        if snapshot.relations.is_empty() {
            return Err(Error::NothingReadable { schemas: schemas() });
        }
        Ok(snapshot)
    }

    /// Checks and plans a statement.
    ///
    /// # Errors
    /// Of the gate.
    pub fn validate(&self, sql: &ParsedSql) -> Result<Report, ExecError> {
        exec::validate(sql.text(), self.identity, &self.limits, &self.policy)
    }

    /// Checks, plans and runs a statement.
    ///
    /// # Errors
    /// Of the gate or the execution.
    pub fn run(&self, sql: &ParsedSql) -> Result<ResultSet, ExecError> {
        exec::run(sql.text(), self.identity, &self.limits, &self.policy)
    }

    /// As [`Self::validate`], in at most `time`.
    ///
    /// # Errors
    /// Of the gate.
    pub fn validate_within(&self, sql: &ParsedSql, time: Duration) -> Result<Report, ExecError> {
        exec::validate(sql.text(), self.identity, &self.limits_within(time), &self.policy)
    }

    /// As [`Self::run`], in at most `time`.
    ///
    /// # Errors
    /// Of the gate or the execution.
    pub fn run_within(&self, sql: &ParsedSql, time: Duration) -> Result<ResultSet, ExecError> {
        exec::run(sql.text(), self.identity, &self.limits_within(time), &self.policy)
    }

    fn limits_within(&self, time: Duration) -> Limits {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let timeout_ms = self.limits.timeout_ms.min(time);
        Limits { timeout_ms, lock_timeout_ms: timeout_ms, ..self.limits }
    }
}

/// Whom and what the settings in force trust.
///
/// # Errors
/// Where one names a role that does not exist.
pub fn policy() -> Result<Policy, Error> {
    let owners = guc::trusted_owners().map(|list| names(&list)).unwrap_or_default();
    Ok(Policy {
        trusted_owners: owners.iter().map(|name| role_named(name)).collect::<Result<_, _>>()?,
        readable_role: guc::readable_role().map(|name| role_named(&name)).transpose()?,
        foreign_servers: foreign_servers(),
    })
}

/// The parser of the first gate recurses beside the server's own bookkeeping of the stack.
pub fn require_stack() -> Result<(), Error> {
    let needed = sql::policy::STACK_BYTES as u64;
    match server::stack_room() {
        Some(room) if room < needed => Err(Error::LittleStack { room, needed }),
        _ => Ok(()),
    }
}

fn role_named(name: &str) -> Result<Oid, Error> {
    role::by_name(name).ok_or_else(|| Error::NoSuchRole { name: name.to_owned() })
}

/// The schemas a question is about, if they are configured.
pub fn schemas() -> Option<Vec<String>> {
    Some(names(&guc::schemas()?))
}

/// The servers whose foreign tables statements may read.
pub fn foreign_servers() -> Vec<String> {
    guc::foreign_servers().map(|list| names(&list)).unwrap_or_default()
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect()
}
