//! Walks what the server's parser made of a statement, before it is analysed.

use std::ffi::c_void;

use pgrx::pg_sys::{self, NodeTag};

use super::MAX_DEPTH;

/// Finds in a raw tree what no later stage may even see: analysis already takes locks for it.
/// Returns what was found.
pub(in crate::pg) fn raw(root: *mut pg_sys::Node, max_nodes: u32) -> Option<&'static str> {
    let mut walk = RawWalk { nodes_left: max_nodes, depth: 0, found: None };
    // SAFETY: a raw tree that outlives the walk; `walk` outlives the call.
    unsafe { raw_node(root, (&raw mut walk).cast()) };
    walk.found
}

struct RawWalk {
    nodes_left: u32,
    depth: u32,
    found: Option<&'static str>,
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn raw_step(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: the server hands through what it was given.
    unsafe { raw_node(node, context) }
}

unsafe fn raw_node(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the RawWalk of `raw()`, handed through untouched.
    let walk = unsafe { &mut *context.cast::<RawWalk>() };
    // SAFETY: raises an error near the end of the stack.
    unsafe { pg_sys::check_stack_depth() };
    if walk.nodes_left == 0 || walk.depth >= MAX_DEPTH {
        walk.found = Some("too many parts, or too deeply nested ones");
        return true;
    }
    walk.nodes_left -= 1;
    walk.depth += 1;
    // SAFETY: a valid node.
    walk.found = match unsafe { (*node).type_ } {
        NodeTag::T_IntoClause => Some("INTO"),
        NodeTag::T_LockingClause => Some("a locking clause"),
        NodeTag::T_InsertStmt => Some("INSERT"),
        NodeTag::T_UpdateStmt => Some("UPDATE"),
        NodeTag::T_DeleteStmt => Some("DELETE"),
        NodeTag::T_MergeStmt => Some("MERGE"),
        NodeTag::T_ParamRef => Some("a parameter"),
        NodeTag::T_CurrentOfExpr => Some("WHERE CURRENT OF"),
        NodeTag::T_XmlSerialize | NodeTag::T_XmlExpr => Some("XML"),
        _ => None,
    };
    if walk.found.is_some() {
        return true;
    }
    // SAFETY: the server's own walker; it raises an error for a node it does not know.
    let ended = unsafe { pg_sys::raw_expression_tree_walker(node, Some(raw_step), context) };
    // SAFETY: as above; the reference taken before the descent is not used after it.
    unsafe { (*context.cast::<RawWalk>()).depth -= 1 };
    ended
}
