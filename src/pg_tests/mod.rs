//! Tests that need a backend, and functions that let scripts reach what has no SQL function.
//!
//! Compiled with the feature `pg_test` only.

use pgrx::prelude::*;

use crate::exec::{self, ExecError, Limits, Policy};

/// Runs `sql` as the generated statements of the caller run; for scripts/attack-corpus.
#[pg_extern(volatile, parallel_unsafe)]
fn run_as_guard(sql: &str, timeout_ms: default!(i64, 3000)) -> String {
    let limits = Limits { timeout_ms: timeout_ms.unsigned_abs(), ..Limits::default() };
    let outcome = exec::identity::resolve(None)
        .and_then(|identity| exec::run(sql, identity, &limits, &Policy::default()));
    describe(outcome)
}

/// As `run_as_guard`, without running it.
#[pg_extern(volatile, parallel_unsafe)]
fn validate_as_guard(sql: &str) -> String {
    let outcome = exec::identity::resolve(None).and_then(|identity| {
        exec::validate(sql, identity, &Limits::default(), &Policy::default())
    });
    describe(outcome)
}

/// The snapshot of the caller, its fingerprint and how long it took in milliseconds.
#[pg_extern(volatile, parallel_unsafe)]
fn snapshot_as_caller(schemas: default!(Option<Vec<String>>, "NULL")) -> String {
    let started = std::time::Instant::now();
    match crate::catalog::snapshot(crate::pg::server::current_role(), schemas.as_deref()) {
        Ok(snapshot) => serde_json::json!({
            "ms": started.elapsed().as_secs_f64() * 1000.0,
            "fingerprint": crate::catalog::fingerprint(&snapshot).to_string(),
            "snapshot": &*snapshot,
        })
        .to_string(),
        Err(error) => error.to_string(),
    }
}

fn describe<T: serde::Serialize>(outcome: Result<T, ExecError>) -> String {
    let value = match outcome {
        Ok(result) => serde_json::json!({ "ok": result }),
        Err(error) => {
            let kind = match &error {
                ExecError::Refused { .. } => "refused",
                ExecError::Analysis { .. } => "analysis",
                ExecError::Permission { .. } => "permission",
                ExecError::Cost { .. } => "cost",
                ExecError::Timeout { .. } => "timeout",
                ExecError::Execution { .. } => "execution",
                ExecError::Nested => "nested",
                ExecError::Internal(_) => "internal",
            };
            serde_json::json!({ kind: error.to_string(), "debug": format!("{error:?}") })
        }
    };
    value.to_string()
}
