//! Every expression of a statement with the SELECTs around it.
//!
//! Owns which scope an expression stands in; what is looked for is the caller's. Called by
//! [`super::constants`] and [`super::mend()`].

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Select, SetExpr, Visit, Visitor};

use super::mend::scope::Scope;
use super::walk::cte_names;
use crate::schema::Snapshot;

/// A visitor that reads the SELECTs of a set operation one by one: the names of all of them would come
/// without a word of which one they stand in.
pub(super) trait EachSelect: Visitor + Sized {
    /// Makes a SELECT the innermost one.
    fn enter(&mut self, select: &Select);

    /// Leaves the innermost SELECT.
    fn leave(&mut self);

    /// The SELECTs of a set operation, each on its own.
    fn branches(&mut self, body: &SetExpr) {
        match body {
            SetExpr::SetOperation { left, right, .. } => {
                self.branches(left);
                self.branches(right);
            }
            SetExpr::Select(select) => {
                self.enter(select);
                let _ = select.visit(self);
                self.leave();
            }
            SetExpr::Query(query) => drop(query.visit(self)),
            _ => {}
        }
    }
}

/// Calls `see` with each expression and the scopes around it, the innermost last.
pub(super) fn each_expression<'s>(
    query: &Query,
    snapshot: &'s Snapshot,
    see: impl FnMut(&[Scope<'s>], &Expr),
) {
    let ctes = cte_names(query);
    let mut walker = Walker { snapshot, ctes, scopes: Vec::new(), skipping: 0, see };
    let _ = query.visit(&mut walker);
}

struct Walker<'s, F> {
    snapshot: &'s Snapshot,
    ctes: HashSet<String>,
    scopes: Vec<Scope<'s>>,
    /// Queries within one whose parts were read on their own.
    skipping: usize,
    see: F,
}

impl<'s, F: FnMut(&[Scope<'s>], &Expr)> EachSelect for Walker<'s, F> {
    fn enter(&mut self, select: &Select) {
        self.scopes.push(Scope::of(select, self.snapshot, &self.ctes));
    }

    fn leave(&mut self) {
        self.scopes.pop();
    }
}

impl<'s, F: FnMut(&[Scope<'s>], &Expr)> Visitor for Walker<'s, F> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.skipping > 0 {
            self.skipping += 1;
            return ControlFlow::Continue(());
        }
        match query.body.as_ref() {
            SetExpr::Select(select) => self.enter(select),
            SetExpr::SetOperation { .. } => {
                let _ = query.with.visit(self);
                self.branches(&query.body);
                self.skipping = 1;
            }
            _ => self.scopes.push(Scope { open: true, ..Scope::default() }),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        if self.skipping > 0 {
            self.skipping -= 1;
        } else {
            self.leave();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.skipping == 0 {
            (self.see)(&self.scopes, expr);
        }
        ControlFlow::Continue(())
    }
}
