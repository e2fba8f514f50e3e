//! What can be done with a statement: look at what it reads, plan it, run it.
//!
//! Called by the API with text from a model or a user, which is checked here whoever wrote it.

use super::error::ExecError;
use super::gate::{self, ReadOnlySql, RelationColumns};
use super::identity::Identity;
use super::limits::{Limits, Policy};
use super::rows::{self, ColumnInfo, ResultSet};
use super::sandbox::{self, Stage};

/// What the server says about a statement without running it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Report {
    /// Estimated cost.
    pub cost: f64,
    /// Estimated number of rows.
    pub plan_rows: f64,
    /// Columns of the result.
    pub columns: Vec<ColumnInfo>,
    /// `schema.name` of the relations the statement names.
    pub relations: Vec<String>,
    /// `schema.name.column` of the columns it reads; `*` for a whole row.
    pub columns_used: Vec<String>,
}

/// Checks and plans `text`, then hands it to `then`; all inside the sandbox.
fn checked<R>(
    text: &str,
    identity: Identity,
    limits: &Limits,
    policy: &Policy,
    then: impl FnOnce(&ReadOnlySql<'_>) -> Result<R, ExecError>,
) -> Result<R, ExecError> {
    let source = gate::source(text)?;
    sandbox::enter(identity, limits, policy, |scope, trust, stage| {
        let sql = gate::check(scope, &source, limits, policy, trust, stage)?;
        stage.set(Stage::Execution);
        then(&sql)
    })
}

/// Which relations and columns `text` reads, if it passes the gate and can be planned, whatever the
/// caller's rights and power: it is planned as a role that may do nothing but ask, and not run. It is
/// not planned where there is no such role, or where planning would call what that role may not.
pub fn rehearse(text: &str, policy: &Policy) -> Result<Vec<RelationColumns>, ExecError> {
    let source = gate::source(text)?;
    let limits = Limits::default();
    let rehearsed = |planner| {
        sandbox::enter(Identity::of_reader(), &limits, policy, |scope, trust, stage| {
            gate::rehearse(scope, &source, planner, trust, stage)
        })
    };
    match Identity::of_planner() {
        None => rehearsed(None),
        planner => match rehearsed(planner) {
            Err(ExecError::Permission { .. }) => rehearsed(None),
            outcome => outcome,
        },
    }
}

/// Checks and plans `text`.
pub fn validate(
    text: &str,
    identity: Identity,
    limits: &Limits,
    policy: &Policy,
) -> Result<Report, ExecError> {
    checked(text, identity, limits, policy, |sql| {
        let (columns, _) = rows::name_columns(&sql.columns);
        Ok(Report {
            cost: sql.plan().cost(),
            plan_rows: sql.plan().rows(),
            columns,
            relations: sql.relations.clone(),
            columns_used: sql.columns_used.clone(),
        })
    })
}

/// Checks, plans and runs `text`.
pub fn run(
    text: &str,
    identity: Identity,
    limits: &Limits,
    policy: &Policy,
) -> Result<ResultSet, ExecError> {
    checked(text, identity, limits, policy, |sql| rows::fetch(sql, limits))
}
