//! What a statement may use, and whom it may trust. Filled by the API from the settings.

use pgrx::pg_sys::Oid;

/// Bounds of one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Rows of the result.
    pub max_rows: u64,
    /// Bytes of the result, all rows together.
    pub max_bytes: u64,
    /// Columns of the result.
    pub max_columns: u32,
    /// Estimated cost of the plan; 0 switches the check off.
    pub max_cost: f64,
    /// Analysis, planning and execution together.
    pub timeout_ms: u64,
    /// Wait for one lock.
    pub lock_timeout_ms: u64,
    /// Memory of one sort or hash.
    pub work_mem_kb: u64,
    /// Temporary files.
    pub temp_file_limit_kb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_rows: 1000,
            max_bytes: 8 << 20,
            max_columns: 100,
            max_cost: 0.0,
            timeout_ms: 10_000,
            lock_timeout_ms: 1000,
            work_mem_kb: 16 << 10,
            temp_file_limit_kb: 1 << 20,
        }
    }
}

/// What an administrator opens or closes beyond the built-in rules.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Roles whose views, row policies and the functions in them are trusted, besides
    /// superusers, the owner of the database and the user in force.
    pub trusted_owners: Vec<Oid>,
    /// A role that must be able to read everything too: the effective right is what both have.
    pub readable_role: Option<Oid>,
    /// Servers whose foreign tables may be read.
    pub foreign_servers: Vec<String>,
}
