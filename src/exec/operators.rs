//! Which operators a statement may use.
//!
//! An operator brings more code along than its own function. The planner turns a condition round,
//! or negates it, by the operator's commutator and negator, and calls the functions of all of them
//! on values from the statistics: by their numbers, where no hook sees it. So an operator is judged
//! with everything that may take its place. Its estimators need no look of their own: they take
//! arguments that are `internal`, and only a superuser can make such a function. Called by the gate
//! and by the run-time guards.

use pgrx::pg_sys::{self, Oid};

use super::error::{ExecError, refused_with};
use super::functions::{self, ALLOWED_EXTENSIONS, Author, Trust};
use crate::pg::{facts, role};

/// Decides on an operator, and on all that can be reached from it by commutators and negators.
pub fn judge(oid: Oid, author: Author, trust: &Trust) -> Result<(), ExecError> {
    let mut met = vec![oid];
    let mut judged = 0;
    while let Some(&operator) = met.get(judged) {
        judged += 1;
        for link in judge_alone(operator, author, trust)? {
            if link != pg_sys::InvalidOid && !met.contains(&link) {
                met.push(link);
            }
        }
    }
    Ok(())
}

/// Decides on one operator; returns its commutator and its negator.
fn judge_alone(oid: Oid, author: Author, trust: &Trust) -> Result<[Oid; 2], ExecError> {
    let Some(operator) = facts::operator(oid) else {
        return Err(denied(oid, "It does not exist."));
    };
    // Of a built-in one, its own function is judged where it stands in the tree.
    if oid.to_u32() >= pg_sys::FirstNormalObjectId {
        if let Some(why) = refusal(oid, &operator, author, trust) {
            return Err(denied(oid, why));
        }
        // One that is named as another's commutator only, and was never defined, has none.
        if operator.function != pg_sys::InvalidOid {
            functions::judge(operator.function, author, trust)?;
        }
    }
    Ok([operator.commutator, operator.negator])
}

/// What speaks against an operator that is not built in: the rules are those for functions.
fn refusal(oid: Oid, operator: &facts::Operator, author: Author, trust: &Trust) -> Option<String> {
    let refusal = match facts::extension_of_operator(oid) {
        Some(name) if !ALLOWED_EXTENSIONS.contains(&name.as_str()) => {
            format!("The extension {name} is not on the list.")
        }
        Some(_) if role::is_superuser(operator.owner) => return None,
        Some(_) => "Its owner is not a superuser.".to_owned(),
        None if author == Author::Trusted && trust.includes(operator.owner) => return None,
        None => "It is a user's operator.".to_owned(),
    };
    // Whoever lists a function wants it to be called, by an operator too.
    let listed = trust.vouches_for(operator.owner) && trust.lists(operator.function);
    (!listed).then_some(refusal)
}

fn denied(oid: Oid, why: impl Into<String>) -> ExecError {
    refused_with(
        "operator",
        format!("the operator {} may not be used", facts::operator_signature(oid)),
        why,
    )
}
