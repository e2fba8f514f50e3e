//! Walks raw and analysed statement trees and says what is in them.
//!
//! Owns the list of node kinds that are understood: any other ends the walk with
//! [`Item::Unsupported`], so that a new server version fails closed. Decides nothing else: every
//! function, relation and type goes to the visitor. Called by the rules of `exec`.

use std::ffi::c_void;

use pgrx::PgList;
use pgrx::pg_sys::{self, NodeTag, Oid};

/// A thing found in a tree.
pub enum Item {
    /// A function that will be called, through whatever syntax.
    Function(Oid),
    /// A relation that will be read.
    Relation(RelationUse),
    /// Handler of a TABLESAMPLE method.
    SampleMethod(Oid),
    /// Type of an expression.
    Type {
        /// The type.
        oid: Oid,
        /// Whether the expression is a constant.
        constant: bool,
    },
    /// Something that is refused whatever it refers to.
    Unsupported(&'static str),
    /// More nodes than the walk may visit.
    TooLarge,
}

/// A relation in a FROM clause.
pub struct RelationUse {
    /// The relation.
    pub oid: Oid,
    /// Whether nothing but SELECT is asked of it.
    pub select_only: bool,
    /// Numbers of the columns that are read; 0 stands for all of them.
    pub columns: Vec<i16>,
}

/// What the walk does next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Goes on.
    Continue,
    /// Goes on, and keeps this function call to look at its arguments afterwards.
    Keep,
    /// Ends the walk.
    Stop,
}

/// A call kept for a look at its arguments.
pub struct Call {
    /// The function.
    pub function: Oid,
    node: *mut pg_sys::FuncExpr,
}

/// Value of an argument that is known before the query runs.
pub enum Known {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// Date or timestamp, in microseconds; an infinite one is `None`.
    Instant(Option<i64>),
    /// An interval, in microseconds, months counted as 30 days.
    Duration(i128),
    /// A `numeric`, as near as a double can be.
    Number(f64),
    /// A text.
    Text(String),
}

/// Deepest nesting of a tree. Far below what the stack holds: an error raised down there
/// crosses a guard on every level, each of which takes milliseconds.
const MAX_DEPTH: u32 = 500;

struct Walk<'a> {
    visit: &'a mut dyn FnMut(Item) -> Next,
    nodes_left: u32,
    depth: u32,
    kept: Vec<Call>,
}

impl Walk<'_> {
    /// Whether the walk must end.
    fn give(&mut self, item: Item) -> bool {
        (self.visit)(item) == Next::Stop
    }

    fn function(&mut self, oid: Oid) -> bool {
        oid != pg_sys::InvalidOid && self.give(Item::Function(oid))
    }

    fn operator(&mut self, oid: Oid) -> bool {
        oid != pg_sys::InvalidOid && {
            let function = super::facts::operator_function(oid);
            if function == pg_sys::InvalidOid {
                return self.give(Item::Unsupported("an operator without a function"));
            }
            self.function(function)
        }
    }

    fn type_(&mut self, oid: Oid, constant: bool) -> bool {
        oid != pg_sys::InvalidOid && self.give(Item::Type { oid, constant })
    }

    fn refuse(&mut self, what: &'static str) -> bool {
        self.give(Item::Unsupported(what))
    }
}

/// Walks an analysed or rewritten query; returns the calls the visitor wanted kept.
pub(super) fn query(
    query: *mut pg_sys::Query,
    max_nodes: u32,
    visit: &mut dyn FnMut(Item) -> Next,
) -> Vec<Call> {
    node(query.cast(), max_nodes, visit)
}

/// Walks an expression of the server's own making, such as the check of a domain.
pub(super) fn node(
    root: *mut pg_sys::Node,
    max_nodes: u32,
    visit: &mut dyn FnMut(Item) -> Next,
) -> Vec<Call> {
    let mut walk = Walk { visit, nodes_left: max_nodes, depth: 0, kept: Vec::new() };
    // SAFETY: `root` is a tree of the server that outlives the walk; `walk` outlives the call.
    unsafe { analysed(root, (&raw mut walk).cast()) };
    walk.kept
}

const FLAGS: i32 = (pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_EXAMINE_SORTGROUP) as i32;

/// For callbacks of the server only: a guarded function turns an error into a jump out of it,
/// which must not cross frames of ours.
#[pgrx::pg_guard]
unsafe extern "C-unwind" fn analysed_step(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: the server hands through what it was given.
    unsafe { analysed(node, context) }
}

unsafe fn analysed(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: always the Walk of `node()` above; the server hands it through untouched, and no
    // other reference to it is live while a callback runs.
    let walk = unsafe { &mut *context.cast::<Walk>() };
    // SAFETY: raises an error near the end of the stack.
    unsafe { pg_sys::check_stack_depth() };
    if walk.nodes_left == 0 || walk.depth >= MAX_DEPTH {
        walk.give(Item::TooLarge);
        return true;
    }
    walk.nodes_left -= 1;
    walk.depth += 1;
    // SAFETY: a node of an analysed tree; each arm casts to the type its tag stands for.
    if unsafe { judge(walk, node) } {
        return true;
    }
    // SAFETY: the children of a node the match above knows.
    let ended = unsafe {
        match (*node).type_ {
            NodeTag::T_Query => {
                pg_sys::query_tree_walker(node.cast(), Some(analysed_step), context, FLAGS)
            }
            // Their contents are walked by query_tree_walker itself.
            NodeTag::T_RangeTblEntry => false,
            _ => pg_sys::expression_tree_walker(node, Some(analysed_step), context),
        }
    };
    // SAFETY: as above; the reference taken before the descent is not used after it.
    unsafe { (*context.cast::<Walk>()).depth -= 1 };
    ended
}

/// What one node asks for, children aside; true ends the walk.
unsafe fn judge(walk: &mut Walk<'_>, node: *mut pg_sys::Node) -> bool {
    // SAFETY: the caller passes a valid node.
    let tag = unsafe { (*node).type_ };
    match tag {
        NodeTag::T_List
        | NodeTag::T_RangeTblRef
        | NodeTag::T_FromExpr
        | NodeTag::T_JoinExpr
        | NodeTag::T_TargetEntry
        | NodeTag::T_GroupingSet
        | NodeTag::T_RangeTblFunction
        | NodeTag::T_CTESearchClause
        | NodeTag::T_CaseWhen
        | NodeTag::T_NamedArgExpr => false,
        // SAFETY: the cast follows the tag, if there is one.
        NodeTag::T_Query => unsafe { judge_query(walk, node.cast()) },
        // SAFETY: the cast follows the tag, if there is one.
        NodeTag::T_RangeTblEntry => unsafe { judge_range_table_entry(walk, node.cast()) },
        NodeTag::T_SortGroupClause => {
            let clause: *mut pg_sys::SortGroupClause = node.cast();
            // SAFETY: the cast follows the tag.
            let (eqop, sortop) = unsafe { ((*clause).eqop, (*clause).sortop) };
            walk.operator(eqop) || walk.operator(sortop)
        }
        NodeTag::T_WindowClause => {
            let clause: *mut pg_sys::WindowClause = node.cast();
            // SAFETY: the cast follows the tag.
            let (start, end) = unsafe { ((*clause).startInRangeFunc, (*clause).endInRangeFunc) };
            walk.function(start) || walk.function(end)
        }
        NodeTag::T_SetOperationStmt => {
            let set: *mut pg_sys::SetOperationStmt = node.cast();
            // SAFETY: the cast follows the tag.
            let (types, clauses) = unsafe { ((*set).colTypes, (*set).groupClauses) };
            // SAFETY: lists of the node, of the kinds its declaration says.
            unsafe { oids(types) }.into_iter().any(|oid| walk.type_(oid, false))
                // SAFETY: lists of the node, of the kinds its declaration says.
                || unsafe { nodes(clauses) }
                    .into_iter()
                    // SAFETY: lists of the node, of the kinds its declaration says.
                    .any(|clause| unsafe { analysed(clause, (&raw mut *walk).cast()) })
        }
        NodeTag::T_CommonTableExpr => {
            let cte: *mut pg_sys::CommonTableExpr = node.cast();
            // SAFETY: the cast follows the tag.
            let query = unsafe { (*cte).ctequery };
            // SAFETY: the cast follows the tag.
            if query.is_null() || unsafe { (*query).type_ } != NodeTag::T_Query {
                return walk.refuse("a CTE that is not a query");
            }
            false
        }
        NodeTag::T_CTECycleClause => {
            let cycle: *mut pg_sys::CTECycleClause = node.cast();
            // SAFETY: the cast follows the tag.
            let (operator, of) = unsafe { ((*cycle).cycle_mark_neop, (*cycle).cycle_mark_type) };
            walk.operator(operator) || walk.type_(of, false)
        }
        NodeTag::T_TableSampleClause => {
            let sample: *mut pg_sys::TableSampleClause = node.cast();
            // SAFETY: the cast follows the tag.
            let handler = unsafe { (*sample).tsmhandler };
            walk.give(Item::SampleMethod(handler))
        }
        // SAFETY: the cast follows the tag, if there is one.
        _ => unsafe { judge_expression(walk, node, tag) },
    }
}

unsafe fn judge_expression(walk: &mut Walk<'_>, node: *mut pg_sys::Node, tag: NodeTag) -> bool {
    match tag {
        NodeTag::T_Var
        | NodeTag::T_Const
        | NodeTag::T_Aggref
        | NodeTag::T_GroupingFunc
        | NodeTag::T_WindowFunc
        | NodeTag::T_SubscriptingRef
        | NodeTag::T_FuncExpr
        | NodeTag::T_OpExpr
        | NodeTag::T_DistinctExpr
        | NodeTag::T_NullIfExpr
        | NodeTag::T_ScalarArrayOpExpr
        | NodeTag::T_BoolExpr
        | NodeTag::T_SubLink
        | NodeTag::T_FieldSelect
        | NodeTag::T_RelabelType
        | NodeTag::T_CoerceViaIO
        | NodeTag::T_ArrayCoerceExpr
        | NodeTag::T_ConvertRowtypeExpr
        | NodeTag::T_CollateExpr
        | NodeTag::T_CaseExpr
        | NodeTag::T_CaseTestExpr
        | NodeTag::T_ArrayExpr
        | NodeTag::T_RowExpr
        | NodeTag::T_RowCompareExpr
        | NodeTag::T_CoalesceExpr
        | NodeTag::T_MinMaxExpr
        | NodeTag::T_SQLValueFunction
        | NodeTag::T_NullTest
        | NodeTag::T_BooleanTest
        | NodeTag::T_CoerceToDomain
        | NodeTag::T_CoerceToDomainValue => {}
        NodeTag::T_Param => {
            // SAFETY: the cast follows the tag.
            let kind = unsafe { (*node.cast::<pg_sys::Param>()).paramkind };
            if kind != pg_sys::ParamKind::PARAM_SUBLINK {
                return walk.refuse("a parameter");
            }
        }
        NodeTag::T_XmlExpr => return walk.refuse("XML"),
        NodeTag::T_NextValueExpr => return walk.refuse("a sequence"),
        _ => return walk.refuse("a kind of expression that is not on the list"),
    }
    // SAFETY: an expression of a kind exprType knows.
    let type_ = unsafe { pg_sys::exprType(node) };
    if walk.type_(type_, tag == NodeTag::T_Const) {
        return true;
    }
    if tag == NodeTag::T_MinMaxExpr {
        return walk.function(super::facts::compare_function(type_));
    }
    if tag == NodeTag::T_FuncExpr {
        let call: *mut pg_sys::FuncExpr = node.cast();
        // SAFETY: the cast follows the tag.
        let function = unsafe { (*call).funcid };
        return match (walk.visit)(Item::Function(function)) {
            Next::Stop => true,
            Next::Continue => false,
            Next::Keep => {
                walk.kept.push(Call { function, node: call });
                false
            }
        };
    }
    // Its functions are those of its types, which are judged as such.
    if tag == NodeTag::T_CoerceViaIO {
        return false;
    }
    // SAFETY: any expression node; the callback gets the same context.
    unsafe { pg_sys::check_functions_in_node(node, Some(on_function), (&raw mut *walk).cast()) }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_function(function: Oid, context: *mut c_void) -> bool {
    // SAFETY: the Walk passed above; the caller does not touch it meanwhile.
    let walk = unsafe { &mut *context.cast::<Walk>() };
    walk.function(function)
}

unsafe fn judge_query(walk: &mut Walk<'_>, query: *mut pg_sys::Query) -> bool {
    // SAFETY: the caller checked the tag.
    let q = unsafe { &*query };
    let reason = if q.commandType != pg_sys::CmdType::CMD_SELECT {
        "a command that is not SELECT"
    } else if !q.utilityStmt.is_null() {
        "a utility command"
    } else if q.hasModifyingCTE {
        "a CTE that changes data"
    } else if q.hasForUpdate || !q.rowMarks.is_null() {
        "row locks"
    } else if q.resultRelation != 0
        || !q.returningList.is_null()
        || !q.onConflict.is_null()
        || !q.withCheckOptions.is_null()
    {
        "a target relation"
    } else {
        return false;
    };
    walk.refuse(reason)
}

unsafe fn judge_range_table_entry(walk: &mut Walk<'_>, entry: *mut pg_sys::RangeTblEntry) -> bool {
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

/// Since 16 the permission data are beside the range table; [`permission_facts`] reads them.
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

unsafe fn nodes(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the caller passes a list of nodes, or NULL.
    unsafe { PgList::<pg_sys::Node>::from_pg(list) }.iter_ptr().collect()
}

unsafe fn oids(list: *mut pg_sys::List) -> Vec<Oid> {
    // SAFETY: the caller passes a list of Oids, or NULL.
    unsafe { PgList::<Oid>::from_pg(list) }.iter_oid().collect()
}

/// Raises the server's own error unless the user in force may read all that `query` reads.
pub(super) fn check_permissions(query: *mut pg_sys::Query, instead: Option<Oid>) {
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

impl Call {
    /// Value of the `n`th argument, if it can be told before the query runs. Every function in
    /// the tree must have been judged before: folding calls them.
    pub fn argument(&self, n: usize) -> Option<Known> {
        // SAFETY: the node lives as long as the tree, which outlives the walk's result.
        let arguments = unsafe { nodes((*self.node).args) };
        let argument = *arguments.get(n)?;
        // SAFETY: a vetted expression; the result is a new tree.
        let folded = unsafe {
            // Of the planner's state, folding reads the bound parameters: there are none.
            let root: *mut pg_sys::PlannerInfo =
                pg_sys::palloc0(size_of::<pg_sys::PlannerInfo>()).cast();
            (*root).glob = pg_sys::palloc0(size_of::<pg_sys::PlannerGlobal>()).cast();
            pg_sys::estimate_expression_value(root, pg_sys::copyObjectImpl(argument.cast()).cast())
        };
        // SAFETY: a valid node; the cast follows the tag.
        unsafe {
            if (*folded).type_ != NodeTag::T_Const {
                return None;
            }
            known(&*folded.cast::<pg_sys::Const>())
        }
    }
}

const DAY: i64 = 86_400_000_000;

fn known(constant: &pg_sys::Const) -> Option<Known> {
    if constant.constisnull {
        return Some(Known::Null);
    }
    let value = constant.constvalue;
    let instant =
        |micros: i64| Known::Instant((micros != i64::MAX && micros != i64::MIN).then_some(micros));
    Some(match constant.consttype {
        pg_sys::INT2OID => Known::Integer(i64::from(value.value() as i16)),
        pg_sys::INT4OID => Known::Integer(i64::from(value.value() as i32)),
        pg_sys::INT8OID => Known::Integer(value.value() as i64),
        pg_sys::DATEOID => match value.value() as i32 {
            i32::MAX | i32::MIN => Known::Instant(None),
            days => Known::Instant(Some(i64::from(days).saturating_mul(DAY))),
        },
        pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => instant(value.value() as i64),
        pg_sys::INTERVALOID => {
            // SAFETY: a non-null constant of that type points to one.
            let interval = unsafe { &*value.cast_mut_ptr::<pg_sys::Interval>() };
            let days = i128::from(interval.month) * 30 + i128::from(interval.day);
            Known::Duration(days * i128::from(DAY) + i128::from(interval.time))
        }
        pg_sys::NUMERICOID => {
            // SAFETY: a non-null numeric; never raises, out of range becomes infinite.
            let double = unsafe {
                pgrx::direct_function_call_as_datum(
                    pg_sys::numeric_float8_no_overflow,
                    &[Some(value)],
                )
            };
            Known::Number(f64::from_bits(double?.value() as u64))
        }
        pg_sys::TEXTOID => {
            // SAFETY: a non-null text.
            let text = unsafe { pg_sys::text_to_cstring(value.cast_mut_ptr()) };
            // SAFETY: a new NUL-terminated string.
            let text = unsafe { std::ffi::CStr::from_ptr(text) };
            Known::Text(super::facts::from_server_encoding(text.to_bytes()))
        }
        _ => return None,
    })
}

/// Finds in a raw tree what no later stage may even see: analysis already takes locks for it.
/// Returns what was found.
pub(super) fn raw(root: *mut pg_sys::Node, max_nodes: u32) -> Option<&'static str> {
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
