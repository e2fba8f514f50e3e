//! The range table of a query: what stands in FROM, and who wrote it.
//!
//! The rewriter puts the bodies of views and the row policies of tables into the tree, each in a
//! place of its own in the range table. Everything else in a query was written by its author.

use std::ffi::c_void;

use pgrx::pg_sys::{self, NodeTag, Oid};

use super::{Item, RelationUse, Walk, analysed, nodes, oids};

/// Walks all FROM items of a query; true ends the walk.
pub(super) unsafe fn walk(query: *mut pg_sys::Query, context: *mut c_void) -> bool {
    // SAFETY: the caller passes a query; its range table holds range table entries.
    let entries = unsafe { nodes((*query).rtable) };
    // SAFETY: as above.
    entries.into_iter().any(|entry| unsafe { item(entry.cast(), context) })
}

unsafe fn item(entry: *mut pg_sys::RangeTblEntry, context: *mut c_void) -> bool {
    let ended = {
        // SAFETY: the Walk of the caller; the reference ends with the block.
        let walk = unsafe { &mut *context.cast::<Walk<'_>>() };
        if walk.nodes_left == 0 {
            walk.give(Item::TooLarge);
            return true;
        }
        walk.nodes_left -= 1;
        // SAFETY: an entry of a range table.
        unsafe { judge(walk, entry) }
    };
    if ended {
        return true;
    }
    // SAFETY: an entry of a range table.
    let rte = unsafe { &*entry };
    // What the server's own range_table_entry_walker goes into, for the kinds `judge` lets through.
    let inside: *mut pg_sys::Node = match rte.rtekind {
        pg_sys::RTEKind::RTE_RELATION => rte.tablesample.cast(),
        pg_sys::RTEKind::RTE_SUBQUERY => rte.subquery.cast(),
        pg_sys::RTEKind::RTE_JOIN => rte.joinaliasvars.cast(),
        pg_sys::RTEKind::RTE_FUNCTION => rte.functions.cast(),
        pg_sys::RTEKind::RTE_VALUES => rte.values_lists.cast(),
        #[cfg(feature = "pg18")]
        pg_sys::RTEKind::RTE_GROUP => rte.groupexprs.cast(),
        _ => std::ptr::null_mut(),
    };
    // SAFETY: an entry of a range table.
    let view = unsafe { expanded_view(rte) };
    // Row policies belong to the table they stand at; a sample clause does not.
    let table = (rte.rtekind == pg_sys::RTEKind::RTE_RELATION).then_some(rte.relid);
    // SAFETY: parts of the entry, and the context of the caller.
    unsafe { part(inside, view, context) || part(rte.securityQuals.cast(), table, context) }
}

/// Walks a part of a FROM item as the work of the owner of `of`, if it is of somebody else.
unsafe fn part(node: *mut pg_sys::Node, of: Option<Oid>, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: the Walk of the caller; each reference ends with its statement.
    let give = |item| unsafe { (*context.cast::<Walk<'_>>()).give(item) };
    if of.is_some_and(|relation| give(Item::Begin(relation))) {
        return true;
    }
    // SAFETY: a node of the tree and the context of the caller.
    unsafe { analysed(node, context) || of.is_some() && give(Item::End) }
}

/// The view that stood where a sub-query stands now.
///
/// The rewriter forgets it there, but the view's own query keeps a place for its old row: the
/// first entry of its range table, read by nothing, which no text can make.
#[cfg(feature = "pg15")]
unsafe fn expanded_view(rte: &pg_sys::RangeTblEntry) -> Option<Oid> {
    if rte.rtekind != pg_sys::RTEKind::RTE_SUBQUERY || rte.subquery.is_null() {
        return None;
    }
    // SAFETY: the query of the entry; its range table holds range table entries.
    let first = *unsafe { nodes((*rte.subquery).rtable) }.first()?;
    // SAFETY: as above.
    if unsafe { (*first).type_ } != NodeTag::T_RangeTblEntry {
        return None;
    }
    // SAFETY: the cast follows the tag.
    let old = unsafe { &*first.cast::<pg_sys::RangeTblEntry>() };
    let is_view = old.rtekind == pg_sys::RTEKind::RTE_RELATION
        && u8::try_from(old.relkind) == Ok(pg_sys::RELKIND_VIEW)
        && !old.inFromCl;
    is_view.then_some(old.relid)
}

/// The view that stood where a sub-query stands now: since 16, the entry keeps it.
#[cfg(not(feature = "pg15"))]
unsafe fn expanded_view(rte: &pg_sys::RangeTblEntry) -> Option<Oid> {
    let of_view = rte.rtekind == pg_sys::RTEKind::RTE_SUBQUERY && rte.relid != pg_sys::InvalidOid;
    of_view.then_some(rte.relid)
}

/// What one FROM item asks for; true ends the walk.
unsafe fn judge(walk: &mut Walk<'_>, entry: *mut pg_sys::RangeTblEntry) -> bool {
    // SAFETY: the caller checked the tag.
    let rte = unsafe { &*entry };
    match rte.rtekind {
        pg_sys::RTEKind::RTE_RELATION => {
            // SAFETY: the entry is one of a relation.
            walk.give(Item::Relation(unsafe { relation_use(entry) }))
        }
        pg_sys::RTEKind::RTE_SUBQUERY
        | pg_sys::RTEKind::RTE_JOIN
        | pg_sys::RTEKind::RTE_VALUES
        | pg_sys::RTEKind::RTE_CTE
        | pg_sys::RTEKind::RTE_RESULT => false,
        // Row types of functions with a column definition list are not expressions.
        pg_sys::RTEKind::RTE_FUNCTION => {
            // SAFETY: a list of the entry, or none.
            let functions = unsafe { nodes(rte.functions) };
            functions.into_iter().any(|f| {
                // SAFETY: the list holds RangeTblFunction nodes.
                let types = unsafe { oids((*f.cast::<pg_sys::RangeTblFunction>()).funccoltypes) };
                types.into_iter().any(|oid| walk.type_(oid, false))
            })
        }
        #[cfg(feature = "pg18")]
        pg_sys::RTEKind::RTE_GROUP => false,
        pg_sys::RTEKind::RTE_TABLEFUNC => walk.refuse("XMLTABLE or JSON_TABLE"),
        _ => walk.refuse("a kind of FROM item that is not on the list"),
    }
}

#[cfg(feature = "pg15")]
unsafe fn relation_use(entry: *mut pg_sys::RangeTblEntry) -> RelationUse {
    // SAFETY: the caller passes a range table entry of a relation.
    let rte = unsafe { &*entry };
    let select_only = rte.requiredPerms & !(pg_sys::ACL_SELECT as pg_sys::AclMode) == 0;
    // SAFETY: the entry's own column set.
    let columns = unsafe { columns(rte.selectedCols) };
    RelationUse { oid: rte.relid, select_only, columns }
}

/// Since 16 the permission data are beside the range table; [`super::permissions`] reads them.
#[cfg(not(feature = "pg15"))]
unsafe fn relation_use(entry: *mut pg_sys::RangeTblEntry) -> RelationUse {
    // SAFETY: the caller passes a range table entry of a relation.
    let rte = unsafe { &*entry };
    // AccessShareLock is what SELECT takes; every other command takes more.
    let select_only = rte.rellockmode == pg_sys::AccessShareLock as i32;
    RelationUse { oid: rte.relid, select_only, columns: Vec::new() }
}

#[cfg(feature = "pg15")]
unsafe fn columns(set: *mut pg_sys::Bitmapset) -> Vec<i16> {
    let mut found = Vec::new();
    let mut member = -1;
    loop {
        // SAFETY: the caller passes a set of the server, or NULL.
        member = unsafe { pg_sys::bms_next_member(set, member) };
        if member < 0 {
            return found;
        }
        let number = member + pg_sys::FirstLowInvalidHeapAttributeNumber;
        found.extend(i16::try_from(number));
    }
}
