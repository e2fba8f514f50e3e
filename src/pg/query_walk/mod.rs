//! Walks raw and analysed statement trees and says what is in them.
//!
//! Owns the list of node kinds that are understood: any other ends the walk with
//! [`Item::Unsupported`], so that a new server version fails closed. Decides nothing else: every
//! function, relation and type goes to the visitor. Called by the rules of `exec`, through
//! `pg::parse`. Beside the walk of analysed trees there are that of raw ones ([`raw`]), the
//! server's permission check ([`permissions`]) and a look at arguments ([`arguments`]).

mod arguments;
mod permissions;
mod range_table;
mod raw;

use std::ffi::c_void;

use pgrx::PgList;
use pgrx::pg_sys::{self, NodeTag, Oid};

pub use arguments::{Call, Known};
pub(super) use permissions::check_permissions;
pub(super) use raw::raw;

/// A thing found in a tree.
pub enum Item {
    /// A function that will be called, through whatever syntax.
    Function(Oid),
    /// An operator, whose function is an item of its own. The planner may put others in its place.
    Operator(Oid),
    /// A relation that will be read.
    Relation(RelationUse),
    /// What comes until the matching [`Item::End`] was written by the owner of this relation: the
    /// body of a view, or the row policies of a table. In a rewritten tree only.
    Begin(Oid),
    /// The end of such a part.
    End,
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
            self.function(function) || self.give(Item::Operator(oid))
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

/// What an expression of the server's own making has that brings functions along.
#[derive(Debug, Default)]
pub struct Stored {
    pub operators: Vec<Oid>,
    /// Types of all parts.
    pub types: Vec<Oid>,
}

/// That of an expression; `None` if it cannot be looked at whole.
pub(super) fn stored(root: *mut pg_sys::Node, max_nodes: u32) -> Option<Stored> {
    let (mut found, mut whole) = (Stored::default(), true);
    node(root, max_nodes, &mut |item| {
        match item {
            Item::Operator(oid) => found.operators.push(oid),
            Item::Type { oid, .. } => found.types.push(oid),
            Item::TooLarge | Item::Unsupported(_) => whole = false,
            _ => {}
        }
        Next::Continue
    });
    whole.then_some(found)
}

/// The range table is walked by [`range_table::walk`], which knows who wrote which part of it.
const FLAGS: i32 = (pg_sys::QTW_IGNORE_RANGE_TABLE | pg_sys::QTW_EXAMINE_SORTGROUP) as i32;

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
                range_table::walk(node.cast(), context)
                    || pg_sys::query_tree_walker(node.cast(), Some(analysed_step), context, FLAGS)
            }
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
    if unsafe { pg_sys::check_functions_in_node(node, Some(on_function), (&raw mut *walk).cast()) }
    {
        return true;
    }
    // SAFETY: the tag is the node's.
    unsafe { operators_of(node, tag) }.into_iter().any(|oid| walk.give(Item::Operator(oid)))
}

/// The operators of one expression, whose functions the server's own walk gives.
unsafe fn operators_of(node: *mut pg_sys::Node, tag: NodeTag) -> Vec<Oid> {
    match tag {
        // One struct under three names.
        NodeTag::T_OpExpr | NodeTag::T_DistinctExpr | NodeTag::T_NullIfExpr => {
            // SAFETY: the cast follows the tag.
            vec![unsafe { (*node.cast::<pg_sys::OpExpr>()).opno }]
        }
        NodeTag::T_ScalarArrayOpExpr => {
            // SAFETY: the cast follows the tag.
            vec![unsafe { (*node.cast::<pg_sys::ScalarArrayOpExpr>()).opno }]
        }
        // SAFETY: the cast follows the tag; a list of Oids.
        NodeTag::T_RowCompareExpr => unsafe {
            oids((*node.cast::<pg_sys::RowCompareExpr>()).opnos)
        },
        _ => Vec::new(),
    }
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

unsafe fn nodes(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: the caller passes a list of nodes, or NULL.
    unsafe { PgList::<pg_sys::Node>::from_pg(list) }.iter_ptr().collect()
}

unsafe fn oids(list: *mut pg_sys::List) -> Vec<Oid> {
    // SAFETY: the caller passes a list of Oids, or NULL.
    unsafe { PgList::<Oid>::from_pg(list) }.iter_oid().collect()
}
