//! Settings of what a statement may read and cost when it runs. Called by
//! [`super`], which they are part of.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

use super::{Int, text, unsigned};

static STATEMENT_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(30000);

/// Longest time to check and run the generated statement, milliseconds.
pub fn statement_timeout() -> u32 {
    unsigned(&STATEMENT_TIMEOUT)
}

static LOCK_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// Longest wait for a lock while a statement is checked or run, milliseconds.
pub fn lock_timeout() -> u32 {
    unsigned(&LOCK_TIMEOUT)
}

static MAX_ROWS: GucSetting<i32> = GucSetting::<i32>::new(1000);

/// Most rows of a result.
pub fn max_rows() -> u32 {
    unsigned(&MAX_ROWS)
}

static MAX_RESULT_SIZE: GucSetting<i32> = GucSetting::<i32>::new(16384);

/// Most data of a result, kB.
pub fn max_result_size() -> u32 {
    unsigned(&MAX_RESULT_SIZE)
}

static MAX_COLUMNS: GucSetting<i32> = GucSetting::<i32>::new(200);

/// Most columns of a result.
pub fn max_columns() -> u32 {
    unsigned(&MAX_COLUMNS)
}

static MAX_COST: GucSetting<f64> = GucSetting::<f64>::new(1e8);

/// Highest plan cost of a statement; 0 means any.
pub fn max_cost() -> f64 {
    MAX_COST.get()
}

static WORK_MEM: GucSetting<i32> = GucSetting::<i32>::new(16384);

/// work_mem of a generated statement, kB.
pub fn work_mem() -> u32 {
    unsigned(&WORK_MEM)
}

static TEMP_FILE_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(1048576);

/// temp_file_limit of a generated statement, kB.
pub fn temp_file_limit() -> u32 {
    unsigned(&TEMP_FILE_LIMIT)
}

static EXECUTION_ROLE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Role whose rights a statement is checked and run with, if not the caller's.
pub fn execution_role() -> Option<String> {
    text(&EXECUTION_ROLE)
}

static READABLE_ROLE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Role that must be able to read everything a statement reads too, if there is one.
pub fn readable_role() -> Option<String> {
    text(&READABLE_ROLE)
}

static TRUSTED_OWNERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Roles whose views and policies are trusted besides superusers and the database's owner,
/// comma-separated.
pub fn trusted_owners() -> Option<String> {
    text(&TRUSTED_OWNERS)
}

static FOREIGN_SERVERS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Servers whose foreign tables may be read, comma-separated.
pub fn foreign_servers() -> Option<String> {
    text(&FOREIGN_SERVERS)
}

static REQUIRE_CONFIRM: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Whether a statement must have been shown before it is run.
pub fn require_confirm() -> bool {
    REQUIRE_CONFIRM.get()
}

static CONFIRM_LIFETIME: GucSetting<i32> = GucSetting::<i32>::new(900);

/// How long a shown statement can be confirmed, seconds.
pub fn confirm_lifetime() -> u32 {
    unsigned(&CONFIRM_LIFETIME)
}

/// Defines them.
pub(super) fn define() {
    Int {
        setting: &STATEMENT_TIMEOUT,
        name: c"text2sql.statement_timeout",
        short: c"Longest time to check and run a generated statement.",
        long: c"Beside the server's own statement_timeout.",
        range: (10, 3600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &LOCK_TIMEOUT,
        name: c"text2sql.lock_timeout",
        short: c"Longest wait for a lock of a generated statement.",
        long: c"",
        range: (1, 600000),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_MS,
    }
    .define();
    Int {
        setting: &MAX_ROWS,
        name: c"text2sql.max_rows",
        short: c"Most rows of a result.",
        long: c"More are cut off with a warning.",
        range: (1, 1000000),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    Int {
        setting: &MAX_RESULT_SIZE,
        name: c"text2sql.max_result_size",
        short: c"Most data of a result.",
        long: c"More is cut off with a warning.",
        range: (64, 1048576),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    Int {
        setting: &MAX_COLUMNS,
        name: c"text2sql.max_columns",
        short: c"Most columns of a result.",
        long: c"",
        range: (1, 1600),
        context: GucContext::Suset,
        flags: GucFlags::default(),
    }
    .define();
    GucRegistry::define_float_guc(
        c"text2sql.max_cost",
        c"Highest plan cost of a generated statement.",
        c"In the planner's units; 0 means any.",
        &MAX_COST,
        0.0,
        1e+300,
        GucContext::Suset,
        GucFlags::default(),
    );
    Int {
        setting: &WORK_MEM,
        name: c"text2sql.work_mem",
        short: c"work_mem of a generated statement.",
        long: c"",
        range: (64, 2097151),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    Int {
        setting: &TEMP_FILE_LIMIT,
        name: c"text2sql.temp_file_limit",
        short: c"temp_file_limit of a generated statement.",
        long: c"",
        range: (0, 2147483647),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_KB,
    }
    .define();
    GucRegistry::define_string_guc(
        c"text2sql.execution_role",
        c"Role that generated statements run as.",
        c"Used only where the caller could SET ROLE to it; empty means the caller.",
        &EXECUTION_ROLE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.readable_role",
        c"Role that must be able to read everything a question is about.",
        c"An allow-list on top of the caller's rights: what both may SELECT is considered. Empty means no list.",
        &READABLE_ROLE,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.trusted_owners",
        c"Roles whose views and row-level policies are trusted.",
        c"Comma-separated; superusers and the owner of the database always are.",
        &TRUSTED_OWNERS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"text2sql.foreign_servers",
        c"Servers whose foreign tables may be read.",
        c"Comma-separated; empty means none, because a foreign table acts outside of this server.",
        &FOREIGN_SERVERS,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"text2sql.require_confirm",
        c"Run only statements that generate has shown.",
        c"text2sql.ask then refuses, and text2sql.run takes nothing but the text of text2sql.generate.",
        &REQUIRE_CONFIRM,
        GucContext::Suset,
        GucFlags::default(),
    );
    Int {
        setting: &CONFIRM_LIFETIME,
        name: c"text2sql.confirm_lifetime",
        short: c"How long a shown statement can be confirmed.",
        long: c"",
        range: (1, 86400),
        context: GucContext::Suset,
        flags: GucFlags::UNIT_S,
    }
    .define();
}
