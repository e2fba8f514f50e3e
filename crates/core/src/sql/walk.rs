//! The tree-level half of the policy: an exhaustive walk over what our parser understood.
//!
//! Every kind of query body and of FROM item is named; what is not named is refused, so that a
//! new version of the parser cannot let something through. Must not decide about text: the
//! token rules have. Called by [`super::policy`] and, for names, by [`super::parsed`].

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Cte, Expr, Function, GroupByExpr, Ident, ObjectName, OrderBy, Query, Select,
    SelectFlavor, SetExpr, TableFactor, Top, TopQuantity, Visit, Visitor,
};

use super::complexity;
use super::gate::{is_reserved_schema, system_catalog, writes};
use super::policy::{Refusal, rule};

/// Most expressions of a statement.
const MAX_NODES: usize = 20_000;

/// Applies every tree rule.
pub(super) fn check(query: &Query) -> Result<(), Refusal> {
    let mut walker = Walker { ctes: cte_names(query), nodes: 0, refusal: None };
    match query.visit(&mut walker) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(walker.refusal.unwrap_or_else(|| unsupported("this"))),
    }
}

/// The name as the server folds it.
pub(super) fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

/// Names of all common table expressions, wherever they are defined.
pub(super) fn cte_names(query: &Query) -> HashSet<String> {
    struct Names(HashSet<String>);
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0.extend(ctes.map(|cte: &Cte| folded(&cte.alias.name)));
            ControlFlow::Continue(())
        }
    }
    let mut names = Names(HashSet::new());
    let _ = query.visit(&mut names);
    names.0
}

/// Whether a function that `is_meant` is called anywhere in `within`.
pub(super) fn calls(within: &impl Visit, is_meant: impl Fn(&Function) -> bool) -> bool {
    struct Calls<F>(F);
    impl<F: Fn(&Function) -> bool> Visitor for Calls<F> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if (self.0)(function) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    within.visit(&mut Calls(is_meant)).is_break()
}

/// Calls `see` with each SELECT of a query, those of sub-queries and of set operations included, and
/// with its order where that is its own.
pub(super) fn each_select(query: &Query, see: impl FnMut(&Select, Option<&OrderBy>)) {
    struct Selects<F>(F);
    impl<F: FnMut(&Select, Option<&OrderBy>)> Visitor for Selects<F> {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let mut bodies = vec![(query.body.as_ref(), query.order_by.as_ref())];
            while let Some((body, order)) = bodies.pop() {
                match body {
                    SetExpr::Select(select) => (self.0)(select, order),
                    SetExpr::SetOperation { left, right, .. } => {
                        bodies.extend([(right.as_ref(), None), (left.as_ref(), None)]);
                    }
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        }
    }
    let _ = query.visit(&mut Selects(see));
}

/// Whether an operator compares.
pub(super) fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

/// Each condition of those that must all hold.
pub(super) fn conjuncts<'e>(expr: &'e Expr, see: &mut impl FnMut(&'e Expr)) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, see);
            conjuncts(right, see);
        }
        _ => see(expr),
    }
}

struct Walker {
    ctes: HashSet<String>,
    nodes: usize,
    /// Kept here, not in `Break`: the visitor has room for one in every branch of every frame.
    refusal: Option<Refusal>,
}

impl Visitor for Walker {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.step(check_query(query))?;
        let mut bodies = vec![query.body.as_ref()];
        while let Some(body) = bodies.pop() {
            match body {
                SetExpr::SetOperation { left, right, op: _, set_quantifier: _ } => {
                    bodies.extend([left.as_ref(), right.as_ref()]);
                }
                // The query within is visited on its own.
                SetExpr::Query(_) | SetExpr::Values(_) => {}
                SetExpr::Select(select) => self.step(check_select(select))?,
                // The policy has written `TABLE x` out.
                SetExpr::Table(_) => return self.refuse(unsupported("this TABLE")),
                SetExpr::Insert(_) => return self.refuse(writes("insert")),
                SetExpr::Update(_) => return self.refuse(writes("update")),
                SetExpr::Delete(_) => return self.refuse(writes("delete")),
                SetExpr::Merge(_) => return self.refuse(writes("merge")),
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident());
                let relation = parts.next().map(folded).unwrap_or_default();
                let schema = parts.next().map(folded);
                self.step(self.check_relation(schema.as_deref(), &relation))
            }
            TableFactor::Table { args: Some(_), .. }
            | TableFactor::Derived { .. }
            | TableFactor::TableFunction { .. }
            | TableFactor::Function { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::JsonTable { .. }
            // `openjson(…)` can be a function of a user.
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::XmlTable { .. } => ControlFlow::Continue(()),
            TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::MatchRecognize { .. }
            | TableFactor::SemanticView { .. } => self.refuse(unsupported("this FROM item")),
        }
    }

    fn pre_visit_expr(&mut self, _: &sqlparser::ast::Expr) -> ControlFlow<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return self.refuse(Refusal::new(
                rule::TOO_COMPLEX,
                format!("the statement has more than {MAX_NODES} expressions"),
            ));
        }
        ControlFlow::Continue(())
    }
}

impl Walker {
    fn refuse(&mut self, refusal: Refusal) -> ControlFlow<()> {
        self.refusal = Some(refusal);
        ControlFlow::Break(())
    }

    fn step(&mut self, result: Result<(), Refusal>) -> ControlFlow<()> {
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn check_relation(&self, schema: Option<&str>, name: &str) -> Result<(), Refusal> {
        match schema {
            Some(schema) if schema == "pg_catalog" || is_reserved_schema(schema) => {
                Err(system_catalog(&format!("{schema}.{name}")))
            }
            None if name.starts_with("pg_") && !self.ctes.contains(name) => {
                Err(system_catalog(name))
            }
            _ => Ok(()),
        }
    }
}

fn unsupported(what: &str) -> Refusal {
    Refusal::new(rule::UNSUPPORTED, format!("{what} is not PostgreSQL"))
        .hint("use PostgreSQL syntax only")
}

/// Names every field, so that a new clause does not go by unseen.
fn check_query(query: &Query) -> Result<(), Refusal> {
    let Query {
        with: _,
        body: _,
        order_by: _,
        limit_clause: _,
        fetch: _,
        locks,
        for_clause,
        settings,
        format_clause,
        pipe_operators,
    } = query;
    if !locks.is_empty() {
        return Err(Refusal::new(rule::ROW_LOCK, "FOR UPDATE and FOR SHARE lock rows")
            .hint("leave the FOR clause out"));
    }
    for (present, what) in [
        (for_clause.is_some(), "FOR XML"),
        (settings.is_some(), "SETTINGS"),
        (format_clause.is_some(), "FORMAT"),
        (!pipe_operators.is_empty(), "|>"),
    ] {
        if present {
            return Err(unsupported(what));
        }
    }
    Ok(())
}

fn check_select(select: &Select) -> Result<(), Refusal> {
    let Select {
        select_token: _,
        distinct: _,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from,
        lateral_views,
        prewhere,
        selection: _,
        group_by,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify,
        window_before_qualify: _,
        value_table_mode,
        connect_by,
        flavor,
    } = select;
    let joined: usize = from.iter().map(|item| 1 + item.joins.len()).sum();
    if joined > complexity::MAX_JOINS + 1 {
        return Err(complexity::too_many_joins());
    }
    if into.is_some() {
        return Err(
            Refusal::new(rule::SELECT_INTO, "SELECT INTO creates a table").hint("leave INTO out")
        );
    }
    for (present, what) in [
        // `top(x)` can be a function's call.
        (matches!(top, Some(Top { quantity: Some(TopQuantity::Constant(_)), .. })), "TOP"),
        (exclude.is_some(), "EXCLUDE"),
        (!lateral_views.is_empty(), "LATERAL VIEW"),
        (prewhere.is_some(), "PREWHERE"),
        // `GROUP BY ALL GROUPING SETS (…)` is PostgreSQL: ALL against DISTINCT grouping sets.
        (matches!(group_by, GroupByExpr::All(modifiers) if modifiers.is_empty()), "GROUP BY ALL"),
        (!cluster_by.is_empty(), "CLUSTER BY"),
        (!distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!sort_by.is_empty(), "SORT BY"),
        (qualify.is_some(), "QUALIFY"),
        (value_table_mode.is_some(), "SELECT AS"),
        (connect_by.is_some(), "CONNECT BY"),
        (*flavor != SelectFlavor::Standard, "FROM first"),
    ] {
        if present {
            return Err(unsupported(what));
        }
    }
    Ok(())
}

/// Schema, if given, and name of a relation.
pub(super) fn relation_parts(name: &ObjectName) -> Option<(Option<String>, String)> {
    let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident()).map(folded);
    let relation = parts.next()?;
    Some((parts.next(), relation))
}
