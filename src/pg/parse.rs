//! From text to plan, one stage per type, each made from the one before it.
//!
//! Owns the calls of parser, analyser, rewriter and planner. The types borrow the
//! sub-transaction whose memory the trees live in. Called by the gate of `exec`.

use std::ffi::{CStr, CString};

use pgrx::PgList;
use pgrx::pg_sys::{self, NodeTag, Oid};

use super::query_walk::{self, Call, Item, Next};
use super::subxact::Scope;

/// Text in the server's encoding.
pub struct Source {
    text: CString,
}

impl Source {
    /// `None` if the text has a NUL or cannot be written in the encoding of the database.
    pub fn new(text: &str) -> Option<Self> {
        super::facts::to_server_encoding(text).map(|text| Self { text })
    }
}

/// Why the text is not one SELECT.
pub enum NotOneSelect {
    /// No statement at all.
    Empty,
    /// More than one.
    Many(usize),
    /// One, of another kind.
    OtherStatement,
    /// A SELECT that contains this.
    Contains(&'static str),
}

/// One SELECT, parsed, without any part that changes or locks something.
pub struct Parsed<'s> {
    raw: *mut pg_sys::RawStmt,
    source: &'s Source,
    scope: &'s Scope,
}

/// A parsed statement whose names were resolved.
pub struct Analysed<'s> {
    query: *mut pg_sys::Query,
    source: &'s Source,
    scope: &'s Scope,
}

/// An analysed statement with its views and row policies put in.
pub struct Rewritten<'s> {
    query: *mut pg_sys::Query,
    source: &'s Source,
    scope: &'s Scope,
}

/// How a statement will be run.
pub struct Plan<'s> {
    pub(super) statement: *mut pg_sys::PlannedStmt,
    pub(super) source: &'s CStr,
    _scope: &'s Scope,
}

/// A column of a result.
#[derive(Debug, Clone)]
pub struct PlanColumn {
    pub name: String,
    pub type_oid: Oid,
    pub type_modifier: i32,
}

/// Parses `source`; what analysis must not see is refused here.
pub fn parse<'s>(
    scope: &'s Scope,
    source: &'s Source,
    max_nodes: u32,
) -> Result<Parsed<'s>, NotOneSelect> {
    // SAFETY: a NUL-terminated string in the server's encoding; raises syntax errors.
    let list = unsafe {
        pg_sys::raw_parser(source.text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT)
    };
    // SAFETY: a list of RawStmt nodes.
    let statements = unsafe { PgList::<pg_sys::RawStmt>::from_pg(list) };
    let raw = match statements.len() {
        0 => return Err(NotOneSelect::Empty),
        1 => statements.get_ptr(0).ok_or(NotOneSelect::Empty)?,
        n => return Err(NotOneSelect::Many(n)),
    };
    // SAFETY: a RawStmt and its statement, made by the parser above.
    let statement = unsafe { (*raw).stmt };
    // SAFETY: a non-null node.
    if statement.is_null() || unsafe { (*statement).type_ } != NodeTag::T_SelectStmt {
        return Err(NotOneSelect::OtherStatement);
    }
    match query_walk::raw(statement, max_nodes) {
        Some(found) => Err(NotOneSelect::Contains(found)),
        None => Ok(Parsed { raw, source, scope }),
    }
}

impl<'s> Parsed<'s> {
    /// Resolves names under the settings and the user in force.
    pub fn analyse(self) -> Analysed<'s> {
        // SAFETY: as for a portal: analysis and planning may need one; popped by the rollback.
        unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
        // SAFETY: tree and text belong together and live as long as the scope.
        let query = unsafe {
            pg_sys::parse_analyze_fixedparams(
                self.raw,
                self.source.text.as_ptr(),
                std::ptr::null(),
                0,
                std::ptr::null_mut(),
            )
        };
        Analysed { query, source: self.source, scope: self.scope }
    }
}

impl<'s> Analysed<'s> {
    /// Raises the server's error unless the user in force may read everything in the statement.
    pub fn check_permissions(&self) {
        query_walk::check_permissions(self.query, None);
    }

    /// As [`Self::check_permissions`], for another role.
    pub fn check_permissions_of(&self, role: Oid) {
        query_walk::check_permissions(self.query, Some(role));
    }

    /// Shows every part to `visit`; returns the calls it wanted kept.
    pub fn walk(&self, max_nodes: u32, visit: &mut dyn FnMut(Item) -> Next) -> Vec<Call> {
        query_walk::query(self.query, max_nodes, visit)
    }

    /// Puts in views and row policies. `None` if that does not leave exactly one query.
    pub fn rewrite(self) -> Option<Rewritten<'s>> {
        // SAFETY: an analysed SELECT with all its locks; the rewriter may change the tree.
        let list = unsafe { pg_sys::QueryRewrite(self.query) };
        // SAFETY: a list of Query nodes.
        let queries = unsafe { PgList::<pg_sys::Query>::from_pg(list) };
        if queries.len() != 1 {
            return None;
        }
        let query = queries.get_ptr(0)?;
        Some(Rewritten { query, source: self.source, scope: self.scope })
    }
}

impl<'s> Rewritten<'s> {
    /// Raises the server's error unless what views and policies read may be read by those they read
    /// it for, whom the rewriter has noted: the executor's check, without a plan.
    pub fn check_permissions(&self) {
        query_walk::check_permissions(self.query, None);
    }

    /// Shows every part to `visit`; returns the calls it wanted kept.
    pub fn walk(&self, max_nodes: u32, visit: &mut dyn FnMut(Item) -> Next) -> Vec<Call> {
        query_walk::query(self.query, max_nodes, visit)
    }

    /// Plans this very tree.
    pub fn plan(self) -> Plan<'s> {
        // SAFETY: a rewritten query, an active snapshot; no parallel plans without the option.
        let statement = unsafe {
            pg_sys::pg_plan_query(self.query, self.source.text.as_ptr(), 0, std::ptr::null_mut())
        };
        Plan { statement, source: &self.source.text, _scope: self.scope }
    }
}

impl Plan<'_> {
    fn root(&self) -> &pg_sys::Plan {
        // SAFETY: every planned SELECT has a plan tree; it lives as long as the scope.
        unsafe { &*(*self.statement).planTree }
    }

    /// Estimated cost of the whole.
    pub fn cost(&self) -> f64 {
        self.root().total_cost
    }

    /// Estimated number of rows.
    pub fn rows(&self) -> f64 {
        self.root().plan_rows
    }

    /// Relations the plan reads, with the partitions and children that only planning finds.
    pub fn relations(&self) -> Vec<Oid> {
        // SAFETY: the list of Oids of a planned statement, or NULL.
        let oids = unsafe { PgList::<Oid>::from_pg((*self.statement).relationOids) };
        // SAFETY: the range table of a planned statement: range table entries.
        let entries = unsafe { PgList::<pg_sys::RangeTblEntry>::from_pg((*self.statement).rtable) };
        let of_entries = entries.iter_ptr().filter_map(|entry| {
            // SAFETY: an entry of the list.
            let entry = unsafe { &*entry };
            (entry.rtekind == pg_sys::RTEKind::RTE_RELATION).then_some(entry.relid)
        });
        oids.iter_oid().chain(of_entries).collect()
    }

    /// Columns of the result.
    pub fn columns(&self) -> Vec<PlanColumn> {
        // SAFETY: the target list of a plan.
        let descriptor = unsafe { pg_sys::ExecCleanTypeFromTL(self.root().targetlist) };
        // SAFETY: a new descriptor, in the memory of the scope.
        let attributes = unsafe { super::facts::attributes(descriptor) };
        attributes
            .iter()
            .map(|attribute| {
                // SAFETY: a NUL-terminated array.
                let name = unsafe { CStr::from_ptr(attribute.attname.data.as_ptr()) };
                PlanColumn {
                    name: super::facts::from_server_encoding(name.to_bytes()),
                    type_oid: attribute.atttypid,
                    type_modifier: attribute.atttypmod,
                }
            })
            .collect()
    }
}

/// Shows every part of the checks of domain `oid` to `visit`; returns the calls it wanted kept. The
/// server folds the checks when it loads them.
pub fn walk_domain_checks(
    oid: Oid,
    max_nodes: u32,
    visit: &mut dyn FnMut(Item) -> Next,
) -> Vec<Call> {
    let mut kept = Vec::new();
    // SAFETY: a reference in the current context, whose reset releases it.
    let constraints = unsafe {
        let reference: *mut pg_sys::DomainConstraintRef =
            pg_sys::palloc0(size_of::<pg_sys::DomainConstraintRef>()).cast();
        pg_sys::InitDomainConstraintRef(oid, reference, pg_sys::CurrentMemoryContext, false);
        PgList::<pg_sys::DomainConstraintState>::from_pg((*reference).constraints)
    };
    for constraint in constraints.iter_ptr() {
        // SAFETY: an entry of the list above.
        let check = unsafe { (*constraint).check_expr };
        if !check.is_null() {
            kept.extend(query_walk::node(check.cast(), max_nodes, visit));
        }
    }
    kept
}
