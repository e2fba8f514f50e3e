//! `text2sql`: ask PostgreSQL in English, inside PostgreSQL.
//!
//! This crate is the PostgreSQL shell: everything here may touch the server, nothing here is
//! clever. What can be decided without a server is in `crates/core`; the model runs in the
//! process of `crates/engine`, which this library starts and never links.
//!
//! # Code map
//!
//! | module | owns |
//! |---|---|
//! | `api` | the functions users call: read arguments, call the pipeline, shape the result |
//! | `audit` | the line a call leaves in the server's log |
//! | `catalog` | what the caller may read, as a snapshot |
//! | `embedding` | vectors of what is in the catalog, and of questions |
//! | `ipc` | mailbox and queues between backends and the worker |
//! | `worker` | the background worker: supervisor of the engine, broker of requests |
//! | `guc` | every setting |
//! | `error` | the one place where errors get their SQLSTATE, message, detail and hint |
//! | `exec` | checks and runs one SELECT as the caller, read-only |
//! | `values` | the index of stored values: filling it, and looking in it |
//! | `pg` | small safe wrappers around server functions |

#[cfg(not(panic = "unwind"))]
compile_error!("errors of the server unwind through this library: build with panic = \"unwind\"");

mod api;
mod audit;
mod catalog;
mod embedding;
mod error;
mod exec;
mod guc;
mod ipc;
mod pg;
mod values;
mod worker;

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

pgrx::extension_sql_file!("../sql/bootstrap.sql", bootstrap);
pgrx::extension_sql_file!("../sql/grants.sql", name = "grants", finalize);

/// Runs when the library is loaded. Starts no thread and touches no device: the processes forked
/// from here must inherit neither.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    if pg::server::is_binary_upgrade() {
        return;
    }
    exec::hooks::install();
    guc::define();
    pg::server::reserve_setting_prefix();
    if !pg::server::is_preloading() {
        // The functions say so when they are called: an administrator must be able to create the
        // extension before the restart.
        return;
    }
    pg::server::forbid_backtraces();
    pg::server::set_preloaded();
    ipc::mailbox::request_shared_memory();
    ipc::secret::request_shared_memory();
    ipc::shelf::request_shared_memory();
    worker::register();
}

#[cfg(any(test, feature = "pg_test"))]
mod pg_tests;

/// What the runner of `#[pg_test]`s asks of a crate, in the place where it looks.
#[cfg(test)]
pub mod pg_test {
    /// Nothing to prepare: each test makes its own objects and rolls them back.
    pub fn setup(_options: Vec<&str>) {}

    /// Settings the test server is started with.
    #[must_use]
    pub fn postgresql_conf_options() -> Vec<&'static str> {
        vec!["shared_preload_libraries = 'text2sql'"]
    }
}
