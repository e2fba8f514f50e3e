//! As whom a statement runs.
//!
//! Owns the decision who is too powerful for it. Called by the API, before anything else.

use pgrx::pg_sys::{self, Oid};

use super::error::{ExecError, refused_with};
use crate::pg::{role, server};

/// The role a statement runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    user: Oid,
}

impl Identity {
    /// The caller, for looking at a statement that is neither planned nor run as him: no power matters.
    pub(super) fn of_reader() -> Self {
        Self { user: server::current_role() }
    }

    /// The role that all who ask are members of, for planning what nobody runs; nothing where it is
    /// missing, or has been made powerful.
    pub(super) fn of_planner() -> Option<Self> {
        role::by_name(ASKING).filter(|role| power(*role).is_none()).map(|user| Self { user })
    }

    /// The role.
    pub fn user(self) -> Oid {
        self.user
    }
}

/// Made with the extension.
const ASKING: &str = "text2sql_user";

/// Predefined roles that reach beyond the tables somebody was granted.
const POWERFUL: &[(u32, &str)] = &[
    (pg_sys::ROLE_PG_READ_ALL_DATA, "pg_read_all_data"),
    (pg_sys::ROLE_PG_WRITE_ALL_DATA, "pg_write_all_data"),
    (pg_sys::ROLE_PG_READ_SERVER_FILES, "pg_read_server_files"),
    (pg_sys::ROLE_PG_WRITE_SERVER_FILES, "pg_write_server_files"),
    (pg_sys::ROLE_PG_EXECUTE_SERVER_PROGRAM, "pg_execute_server_program"),
    (pg_sys::ROLE_PG_SIGNAL_BACKEND, "pg_signal_backend"),
    (pg_sys::ROLE_PG_CHECKPOINT, "pg_checkpoint"),
    (pg_sys::ROLE_PG_MONITOR, "pg_monitor"),
    (pg_sys::ROLE_PG_READ_ALL_SETTINGS, "pg_read_all_settings"),
    (pg_sys::ROLE_PG_READ_ALL_STATS, "pg_read_all_stats"),
    (pg_sys::ROLE_PG_STAT_SCAN_TABLES, "pg_stat_scan_tables"),
];

/// The roles no member of which runs generated statements.
pub fn powerful_roles() -> impl Iterator<Item = Oid> {
    POWERFUL.iter().map(|(role, _)| Oid::from(*role))
}

/// The caller, or `execution_role` if one is given and the caller could take it with SET ROLE:
/// then nobody reads more than he could anyway.
pub fn resolve(execution_role: Option<&str>) -> Result<Identity, ExecError> {
    let caller = server::current_role();
    let user = match execution_role {
        None => caller,
        Some(name) => {
            let role = role::by_name(name).ok_or_else(|| {
                refused_with(
                    "execution-role",
                    "the execution role does not exist",
                    format!("text2sql.execution_role is \"{name}\"."),
                )
            })?;
            if !role::may_become(caller, role) {
                return Err(ExecError::Permission {
                    message: format!("permission denied to set role \"{name}\""),
                });
            }
            role
        }
    };
    if let Some(power) = power(user) {
        return Err(ExecError::Refused {
            rule: "powerful-role",
            message: "the role is too powerful to run generated statements".to_owned(),
            detail: Some(format!("It {power}.")),
            hint: Some(
                "Set text2sql.execution_role to a role that may read the tables and nothing \
                 else."
                    .to_owned(),
            ),
        });
    }
    Ok(Identity { user })
}

fn power(user: Oid) -> Option<String> {
    if role::has_strong_attribute(user) {
        return Some("is a superuser, bypasses row-level security or may replicate".to_owned());
    }
    POWERFUL
        .iter()
        .find(|(role, _)| role::is_member(user, Oid::from(*role)))
        .map(|(_, name)| format!("is a member of {name}"))
}
