//! Expressions in a form in which those that say the same are the same text.
//!
//! Columns are written with their table, sub-queries are taken out, sides of comparisons are put in
//! one order. What would take reasoning (`a > 1` and `NOT a <= 1`) stays different. Pure. Called by
//! [`super::walk`].

use std::collections::HashMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, Expr, FunctionArguments, Ident, ObjectNamePart, Query, VisitMut,
    VisitorMut,
};

use super::scope::{Scope, folded};

/// Names of aggregate functions.
const AGGREGATES: [&str; 17] = [
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "json_agg",
    "jsonb_agg",
    "max",
    "min",
    "mode",
    "percentile_cont",
    "percentile_disc",
    "stddev",
    "string_agg",
    "sum",
    "variance",
];

/// What was found in expressions.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Calls of aggregate functions.
    pub aggregates: Vec<String>,
    /// Sub-queries, with what they are to the expression.
    pub queries: Vec<(&'static str, Query)>,
}

/// An expression as text. `aliases` are output columns that may be named in it.
pub(super) fn canonical(
    expr: &Expr,
    scope: &Scope<'_>,
    aliases: &HashMap<String, String>,
    found: &mut Found,
) -> String {
    let mut expr = bare(expr.clone());
    let _ = expr.visit(&mut Rewriter { scope, aliases, found });
    bare(expr).to_string()
}

/// Conditions that hold together, apart: `a AND b`, and the two halves of a BETWEEN.
pub(super) fn conjuncts(expr: &Expr, into: &mut Vec<Expr>) {
    match expr {
        Expr::Nested(inner) => conjuncts(inner, into),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            conjuncts(left, into);
            conjuncts(right, into);
        }
        Expr::Between { expr, negated: false, low, high } => {
            let half = |op, bound: &Expr| Expr::BinaryOp {
                left: expr.clone(),
                op,
                right: Box::new(bound.clone()),
            };
            into.push(half(BinaryOperator::GtEq, low));
            into.push(half(BinaryOperator::LtEq, high));
        }
        _ => into.push(expr.clone()),
    }
}

/// The two columns that a condition joins by.
pub(super) fn joined(condition: &Expr) -> bool {
    let column = |e: &Expr| matches!(e, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
    matches!(condition, Expr::BinaryOp { left, op: BinaryOperator::Eq, right }
        if column(left) && column(right))
}

fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Nested(inner) => bare(*inner),
        other => other,
    }
}

struct Rewriter<'a, 'c> {
    scope: &'a Scope<'c>,
    aliases: &'a HashMap<String, String>,
    found: &'a mut Found,
}

impl Rewriter<'_, '_> {
    /// Takes a sub-query out, and leaves a mark.
    fn taken(&mut self, kind: &'static str, query: &Query) -> Expr {
        self.found.queries.push((kind, query.clone()));
        Expr::Identifier(Ident::new(format!("({kind} query)")))
    }
}

impl VisitorMut for Rewriter<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(query) => *expr = self.taken("scalar", query),
            Expr::Exists { subquery, negated } => {
                *expr = self.taken(if *negated { "not exists" } else { "exists" }, subquery);
            }
            Expr::InSubquery { expr: of, subquery, negated } => {
                let list = vec![self.taken(if *negated { "not in" } else { "in" }, subquery)];
                *expr = Expr::InList { expr: of.clone(), list, negated: *negated };
            }
            Expr::Function(function) => {
                if let FunctionArguments::Subquery(query) = &function.args {
                    let query = query.clone();
                    function.args = FunctionArguments::None;
                    self.taken("argument", &query);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) if !name.value.starts_with('(') => {
                let name = folded(name);
                let text = self.aliases.get(&name).cloned();
                let text = text.unwrap_or_else(|| self.scope.column(None, &name));
                *expr = Expr::Identifier(Ident::new(text));
            }
            Expr::CompoundIdentifier(parts) => {
                let mut parts = parts.iter().rev().map(folded);
                let (column, table) = (parts.next().unwrap_or_default(), parts.next());
                let text = self.scope.column(table.as_deref(), &column);
                *expr = Expr::Identifier(Ident::new(text));
            }
            Expr::Nested(inner) => {
                let whole = matches!(
                    **inner,
                    Expr::Identifier(_) | Expr::Value(_) | Expr::Function(_) | Expr::Nested(_)
                );
                if whole {
                    *expr = (**inner).clone();
                }
            }
            Expr::Cast { kind, .. } => *kind = CastKind::Cast,
            Expr::Function(function) => {
                for part in &mut function.name.0 {
                    if let ObjectNamePart::Identifier(name) = part {
                        name.value = name.value.to_lowercase();
                    }
                }
                let name = function.name.to_string();
                if function.over.is_none() && AGGREGATES.contains(&name.as_str()) {
                    self.found.aggregates.push(expr.to_string());
                }
            }
            Expr::InList { list, .. } => list.sort_by_key(ToString::to_string),
            Expr::BinaryOp { left, op, right } => {
                if let Some(turned) = turned(op)
                    && out_of_order(left, op, right)
                {
                    std::mem::swap(left, right);
                    *op = turned;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The comparison that says the same with its sides exchanged.
fn turned(op: &BinaryOperator) -> Option<BinaryOperator> {
    Some(match op {
        BinaryOperator::Eq => BinaryOperator::Eq,
        BinaryOperator::NotEq => BinaryOperator::NotEq,
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        _ => return None,
    })
}

/// Constants stand at the right, and of two sides that are none the smaller text at the left.
fn out_of_order(left: &Expr, op: &BinaryOperator, right: &Expr) -> bool {
    let constant = |e: &Expr| matches!(e, Expr::Value(_));
    match (constant(left), constant(right)) {
        (true, false) => true,
        (false, true) => false,
        _ => {
            matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq)
                && left.to_string() > right.to_string()
        }
    }
}
