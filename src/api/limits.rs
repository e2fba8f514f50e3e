//! From settings to the limits of one call.

use std::time::Duration;

use crate::exec::{Identity, Limits, identity};
use crate::guc;
use crate::ipc::client::Patience;
use crate::error::Error;

/// Whose rights a statement of this call is checked and run with.
///
/// # Errors
/// Where the caller is too powerful for a sandbox, or may not take the configured role.
pub fn identity_of_caller() -> Result<Identity, Error> {
    Ok(identity::resolve(guc::execution_role().as_deref())?)
}

/// Limits of checking and running.
pub fn of_execution() -> Limits {
    Limits {
        max_rows: guc::max_rows().into(),
        max_bytes: u64::from(guc::max_result_size()) << 10,
        max_columns: guc::max_columns(),
        max_cost: guc::max_cost(),
        timeout_ms: guc::statement_timeout().into(),
        lock_timeout_ms: guc::lock_timeout(),
        work_mem_kb: guc::work_mem(),
        temp_file_limit_kb: guc::temp_file_limit(),
    }
}

/// How long to wait for the worker.
pub fn patience() -> Patience {
    Patience {
        startup: Duration::from_millis(guc::startup_wait().into()),
        queue_length: guc::queue_length(),
    }
}

/// The schemas a question is about, if they are configured.
pub fn schemas() -> Option<Vec<String>> {
    let list = guc::schemas()?;
    Some(list.split(',').map(|name| name.trim().to_owned()).filter(|n| !n.is_empty()).collect())
}
