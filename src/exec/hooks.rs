//! What a statement may do while it runs: the last of the gate's layers.
//!
//! Owns the mark that a sandbox is open and the decisions of the hooks in `pg::guard_hooks`.
//! They see what no tree shows: functions called by functions, checks of domains during
//! analysis, folding of constants, predicates of indexes. Not seen: input and output functions of
//! types, and what the planner and built-ins call by its number; the gate judges that beforehand.

use std::cell::{Cell, RefCell};

use pgrx::pg_sys::Oid;

use super::error::{ExecError, refused, refused_with};
use super::functions::{self, Trust};
use super::relations;
use crate::pg::facts;
use crate::pg::guard_hooks::{self, Guards};

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static UNJUDGED: Cell<bool> = const { Cell::new(false) };
    static TRUST: RefCell<Option<Trust>> = const { RefCell::new(None) };
    static REFUSAL: RefCell<Option<ExecError>> = const { RefCell::new(None) };
}

/// Installs the hooks; called once from `_PG_init`.
pub fn install() {
    guard_hooks::install(Guards {
        active: || ACTIVE.get(),
        utility: || refuse(refused("guard", "a utility command may not be run")),
        start: |pure| {
            if pure { Ok(()) } else { refuse(refused("guard", "only SELECT may be run")) }
        },
        function: |oid: Oid| {
            let verdict = TRUST.with_borrow(|trust| match trust {
                _ if UNJUDGED.get() && functions::depends_on_arguments(oid) => Err(too_early(oid)),
                Some(trust) => functions::judge_running(oid, trust),
                None => Err(refused("guard", "no function may be run")),
            });
            verdict.or_else(refuse)
        },
        predicate: |table, stored| {
            let verdict = TRUST.with_borrow(|trust| match (trust, stored) {
                (Some(trust), Some(stored)) => relations::judge_predicate(table, stored, trust),
                _ => Err(refused("guard", "the predicate of an index cannot be looked at")),
            });
            verdict.or_else(refuse)
        },
        change: || refuse(refused("guard", "no object may be changed")),
    });
}

/// Keeps the refusal: a function's own error handler may swallow the error that comes of it.
fn refuse(refusal: ExecError) -> Result<(), String> {
    let message = refusal.to_string();
    REFUSAL.with_borrow_mut(|kept| {
        kept.get_or_insert(refusal);
    });
    Err(message)
}

/// A function whose arguments count, called before anybody could look at them.
fn too_early(oid: Oid) -> ExecError {
    refused_with(
        "length-argument",
        format!("{} may not be called yet", facts::function_signature(oid)),
        "The check of a domain calls it while a constant is read.",
    )
}

/// Does what calls functions before the walk of the statement has judged them: reading a constant
/// calls the checks of the domains it is made of, and loading a check folds it. Functions whose
/// price depends on an argument, or who look for a cast of it, are not called meanwhile.
pub(super) fn before_judgement<R>(work: impl FnOnce() -> R) -> R {
    let _unjudged = Unjudged::begin();
    work()
}

/// Nothing is judged yet while this lives, whichever way it ends.
struct Unjudged(bool);

impl Unjudged {
    fn begin() -> Self {
        Self(UNJUDGED.replace(true))
    }
}

impl Drop for Unjudged {
    fn drop(&mut self) {
        UNJUDGED.set(self.0);
    }
}

/// Guards are on while this lives.
pub(super) struct Active(());

impl Active {
    /// Switches the guards on; an error if they are.
    pub(super) fn enter(trust: Trust) -> Result<Self, ExecError> {
        if ACTIVE.replace(true) {
            return Err(ExecError::Nested);
        }
        TRUST.set(Some(trust));
        REFUSAL.set(None);
        Ok(Self(()))
    }

    /// What was refused since the guards are on.
    pub(super) fn refusal() -> Option<ExecError> {
        REFUSAL.take()
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        ACTIVE.set(false);
        TRUST.set(None);
    }
}

/// Whether a statement runs in the sandbox right now.
pub fn is_active() -> bool {
    ACTIVE.get()
}
