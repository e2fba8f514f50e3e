//! The server's own permission check, for every query of a tree, before anything is planned.

use std::ffi::c_void;

use pgrx::pg_sys::{self, NodeTag, Oid};

use super::nodes;

/// Raises the server's own error unless the user in force may read all that `query` reads.
pub(in crate::pg) fn check_permissions(query: *mut pg_sys::Query, instead: Option<Oid>) {
    let mut instead = instead;
    // SAFETY: a valid tree; the context outlives the call.
    unsafe { permission(query.cast(), (&raw mut instead).cast()) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn permission_step(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: the server hands through what it was given.
    unsafe { permission(node, context) }
}

unsafe fn permission(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: raises an error near the end of the stack.
    unsafe { pg_sys::check_stack_depth() };
    // SAFETY: a valid node; the cast follows the tag.
    unsafe {
        if (*node).type_ != NodeTag::T_Query {
            return pg_sys::expression_tree_walker(node, Some(permission_step), context);
        }
        let query: *mut pg_sys::Query = node.cast();
        check_range_table(query, *context.cast::<Option<Oid>>());
        pg_sys::query_tree_walker(query, Some(permission_step), context, 0)
    }
}

#[cfg(feature = "pg15")]
unsafe fn check_range_table(query: *mut pg_sys::Query, instead: Option<Oid>) {
    // SAFETY: the caller passes a query; its range table holds range table entries.
    let entries = unsafe { nodes((*query).rtable) };
    let set = |user: Oid| {
        for entry in &entries {
            // SAFETY: as above.
            unsafe { (*entry.cast::<pg_sys::RangeTblEntry>()).checkAsUser = user };
        }
    };
    if let Some(user) = instead {
        set(user);
    }
    // SAFETY: raises an error on a missing right, which ends the use of this tree.
    unsafe { pg_sys::ExecCheckRTPerms((*query).rtable, true) };
    if instead.is_some() {
        set(pg_sys::InvalidOid);
    }
}

#[cfg(not(feature = "pg15"))]
unsafe fn check_range_table(query: *mut pg_sys::Query, instead: Option<Oid>) {
    // SAFETY: the caller passes a query; the list holds RTEPermissionInfo nodes.
    let infos = unsafe { nodes((*query).rteperminfos) };
    let set = |user: Oid| {
        for info in &infos {
            // SAFETY: as above.
            unsafe { (*info.cast::<pg_sys::RTEPermissionInfo>()).checkAsUser = user };
        }
    };
    if let Some(user) = instead {
        set(user);
    }
    // SAFETY: raises an error on a missing right, which ends the use of this tree.
    unsafe { pg_sys::ExecCheckPermissions((*query).rtable, (*query).rteperminfos, true) };
    if instead.is_some() {
        set(pg_sys::InvalidOid);
    }
}
