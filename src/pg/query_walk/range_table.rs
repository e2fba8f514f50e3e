//! The range table of a query: what stands in FROM.

use pgrx::pg_sys;

use super::{Item, RelationUse, Walk, nodes, oids};

/// What one FROM item asks for; true ends the walk.
pub(super) unsafe fn judge(walk: &mut Walk<'_>, entry: *mut pg_sys::RangeTblEntry) -> bool {
    // SAFETY: the caller checked the tag.
    let rte = unsafe { &*entry };
    match rte.rtekind {
        pg_sys::RTEKind::RTE_RELATION => {
            // The sample clause itself is walked by query_tree_walker.
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
