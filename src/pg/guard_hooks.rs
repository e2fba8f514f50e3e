//! Hooks of the server that watch a running sandbox, chained to whoever was there before.
//!
//! Owns the hook functions; whether a thing may happen is decided by the [`Guards`] given at
//! installation. Called once from `_PG_init` through `exec::hooks`.
//!
//! Every statement of the server passes through here, so the hooks themselves are not guarded:
//! an error of somebody else's statement must pass untouched, where a guard would rewrite it
//! without its position and fields. Their frames hold nothing that needs dropping.

use std::ffi::{c_char, c_int, c_void};
use std::sync::OnceLock;

use pgrx::PgList;
use pgrx::pg_sys::{self, Oid};

use super::query_walk::{self, Stored};

/// Most nodes of the predicate of an index.
const MAX_PREDICATE_NODES: u32 = 20_000;

/// Decisions; an `Err` ends the statement with that message.
pub struct Guards {
    /// Whether the guards are on: asked first, and often.
    pub active: fn() -> bool,
    /// A utility command is about to run.
    pub utility: fn() -> Result<(), String>,
    /// A plan is about to start.
    pub start: fn(pure_select: bool) -> Result<(), String>,
    /// A function is about to be called.
    pub function: fn(Oid) -> Result<(), String>,
    /// The planner may estimate with the predicate of an index of a table, and call functions of
    /// what it has; `None` if the predicate cannot be looked at.
    pub predicate: fn(table: Oid, Option<&Stored>) -> Result<(), String>,
    /// An object was made, changed or dropped.
    pub change: fn() -> Result<(), String>,
}

struct Installed {
    guards: Guards,
    utility: pg_sys::ProcessUtility_hook_type,
    start: pg_sys::ExecutorStart_hook_type,
    access: pg_sys::object_access_hook_type,
    relation: pg_sys::get_relation_info_hook_type,
}

static INSTALLED: OnceLock<Installed> = OnceLock::new();

/// Puts the hooks in place, once in the life of a process.
pub fn install(guards: Guards) {
    // SAFETY: plain reads on the main thread, while the library is loaded.
    let installed = unsafe {
        Installed {
            guards,
            utility: pg_sys::ProcessUtility_hook,
            start: pg_sys::ExecutorStart_hook,
            access: pg_sys::object_access_hook,
            relation: pg_sys::get_relation_info_hook,
        }
    };
    if INSTALLED.set(installed).is_err() {
        return;
    }
    // SAFETY: guarded functions that live as long as the library.
    unsafe {
        pg_sys::ProcessUtility_hook = Some(on_utility);
        pg_sys::ExecutorStart_hook = Some(on_start);
        pg_sys::object_access_hook = Some(on_access);
        pg_sys::get_relation_info_hook = Some(on_relation);
    }
}

// The server's own, unguarded; see the module's comment.
#[allow(clashing_extern_declarations, reason = "pgrx declares them with its guard")]
unsafe extern "C-unwind" {
    fn standard_ProcessUtility(
        statement: *mut pg_sys::PlannedStmt,
        text: *const c_char,
        read_only_tree: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        parameters: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        receiver: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
    fn standard_ExecutorStart(query: *mut pg_sys::QueryDesc, flags: c_int);
}

fn enforce(decision: Result<(), String>) {
    if let Err(message) = decision {
        pgrx::ereport!(ERROR, pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, message);
    }
}

/// The guards, if they are on.
fn guards() -> Option<&'static Guards> {
    INSTALLED.get().map(|i| &i.guards).filter(|guards| (guards.active)())
}

#[pgrx::pg_guard]
extern "C-unwind" fn check_utility() {
    if let Some(guards) = guards() {
        enforce((guards.utility)());
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn check_start(pure_select: bool) {
    if let Some(guards) = guards() {
        enforce((guards.start)(pure_select));
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn check_access(access: pg_sys::ObjectAccessType::Type, object: Oid) {
    if let Some(guards) = guards() {
        enforce(match access {
            pg_sys::ObjectAccessType::OAT_FUNCTION_EXECUTE => (guards.function)(object),
            pg_sys::ObjectAccessType::OAT_NAMESPACE_SEARCH => Ok(()),
            _ => (guards.change)(),
        });
    }
}

#[pgrx::pg_guard]
extern "C-unwind" fn check_predicates(table: Oid, relation: *mut pg_sys::RelOptInfo) {
    let Some(guards) = guards() else { return };
    // SAFETY: what the planner is about to estimate with: a list of indexes.
    let indexes = unsafe { PgList::<pg_sys::IndexOptInfo>::from_pg((*relation).indexlist) };
    for index in indexes.iter_ptr() {
        // SAFETY: an entry of the list; its predicate is a list of expressions, or NULL.
        let predicate = unsafe { (*index).indpred };
        if !predicate.is_null() {
            let stored = query_walk::stored(predicate.cast(), MAX_PREDICATE_NODES);
            enforce((guards.predicate)(table, stored.as_ref()));
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "the signature is the server's")]
unsafe extern "C-unwind" fn on_utility(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    if guards().is_some() {
        check_utility();
    }
    let next = INSTALLED.get().and_then(|i| i.utility).unwrap_or(standard_ProcessUtility);
    // SAFETY: the arguments we were called with.
    unsafe {
        next(
            statement,
            text,
            read_only_tree,
            context,
            parameters,
            environment,
            receiver,
            completion,
        )
    }
}

unsafe extern "C-unwind" fn on_start(query: *mut pg_sys::QueryDesc, flags: c_int) {
    if guards().is_some() {
        // SAFETY: a query description with its plan, as every hook of this kind gets.
        let pure = unsafe {
            let plan = (*query).plannedstmt;
            (*query).operation == pg_sys::CmdType::CMD_SELECT
                && !(*plan).hasModifyingCTE
                && (*plan).rowMarks.is_null()
                && (*plan).resultRelations.is_null()
        };
        check_start(pure);
    }
    let next = INSTALLED.get().and_then(|i| i.start).unwrap_or(standard_ExecutorStart);
    // SAFETY: the arguments we were called with.
    unsafe { next(query, flags) }
}

unsafe extern "C-unwind" fn on_access(
    access: pg_sys::ObjectAccessType::Type,
    class: Oid,
    object: Oid,
    sub_object: c_int,
    argument: *mut c_void,
) {
    if let Some(next) = INSTALLED.get().and_then(|i| i.access) {
        // SAFETY: the arguments we were called with.
        unsafe { next(access, class, object, sub_object, argument) };
    }
    if guards().is_some() {
        check_access(access, object);
    }
}

unsafe extern "C-unwind" fn on_relation(
    root: *mut pg_sys::PlannerInfo,
    table: Oid,
    is_parent: bool,
    relation: *mut pg_sys::RelOptInfo,
) {
    if let Some(next) = INSTALLED.get().and_then(|i| i.relation) {
        // SAFETY: the arguments we were called with.
        unsafe { next(root, table, is_parent, relation) };
    }
    if guards().is_some() {
        check_predicates(table, relation);
    }
}
