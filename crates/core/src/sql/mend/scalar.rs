//! Sub-queries of many rows where one value is compared.
//!
//! `year < (SELECT year FROM wine WHERE …)` fails as soon as there are two rows, when the statement runs.
//! Lower than all of them is lower than the lowest: of a column that is selected alone, unlimited and
//! ungrouped, `<` gets the `min` and `>` the `max`. With one row that is the value itself, and NULL with
//! none, as before. Equal to one of them is `IN`, which with one row, or none, is `=`; what differs from
//! all of several is left alone, since of none it would be every row.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Query, Select, SelectItem, SetExpr, Visit, Visitor,
};
use sqlparser::tokenizer::Location;

use super::scope::{Item, Scope};
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{calls, cte_names, folded};

/// Puts into `edits` the bound that each compared sub-query of many rows stands for.
pub(super) fn bound(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    let ctes = cte_names(query);
    let _ = query.visit(&mut Bounds { source, snapshot, ctes, edits });
}

struct Bounds<'a> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    ctes: HashSet<String>,
    edits: &'a mut Edits,
}

impl Visitor for Bounds<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::BinaryOp { left: _, op: BinaryOperator::Eq, right } => drop(self.among(right)),
            Expr::BinaryOp { left, op, right } => {
                let (of_left, of_right) = match op {
                    BinaryOperator::Lt | BinaryOperator::LtEq => ("max", "min"),
                    BinaryOperator::Gt | BinaryOperator::GtEq => ("min", "max"),
                    _ => return ControlFlow::Continue(()),
                };
                self.side(left, of_left);
                self.side(right, of_right);
            }
            Expr::Between { low, high, .. } => {
                self.side(low, "min");
                self.side(high, "max");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Bounds<'_> {
    /// Writes IN for the `=` in front of a sub-query that may have many rows.
    fn among(&mut self, expr: &Expr) -> Option<()> {
        let Expr::Subquery(query) = expr else { return None };
        if query.limit_clause.is_some() || query.fetch.is_some() {
            return None;
        }
        if let SetExpr::Select(select) = query.body.as_ref() {
            let ungrouped =
                matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
            // An aggregate of all rows is one; a function that is none is rare enough.
            if ungrouped && (select.having.is_some() || calls(&select.projection, |_| true)) {
                return None;
            }
            let scope = Scope::of(select, self.snapshot, &self.ctes);
            let is_one_of = |item: &Item<'_>| is_one(item, select);
            if select.from.is_empty() || scope.items.len() == 1 && scope.items.iter().all(is_one_of)
            {
                return None;
            }
        }
        let tokens = self.source.tokens();
        let first = self.source.token(first_word(&query.body)?)?;
        let (operator, open) = (tokens.get(first.checked_sub(2)?)?, tokens.get(first - 1)?);
        if operator.text == "=" && open.is_punct("(") {
            self.edits.replace_tokens(operator, operator, "IN".to_owned());
        }
        Some(())
    }

    fn side(&mut self, expr: &Expr, function: &str) -> Option<()> {
        let Expr::Subquery(query) = expr else { return None };
        let plain = query.with.is_none() && query.limit_clause.is_none() && query.fetch.is_none();
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
            && select.having.is_none()
            && select.distinct.is_none();
        if !plain || !ungrouped || query.order_by.is_some() {
            return None;
        }
        let [SelectItem::UnnamedExpr(column)] = select.projection.as_slice() else { return None };
        let (first, last) = match column {
            Expr::Identifier(name) => (name, name),
            Expr::CompoundIdentifier(parts) => (parts.first()?, parts.last()?),
            _ => return None,
        };
        let scope = Scope::of(select, self.snapshot, &self.ctes);
        if scope.open
            || scope.items.len() == 1 && scope.items.iter().all(|item| is_one(item, select))
        {
            return None;
        }
        let text = self.source.text_between(first.span.start, last.span.start)?;
        let text = format!("{function}({text})");
        self.edits.replace(self.source, first, last, text);
        Some(())
    }
}

/// Where the first SELECT of a query's body begins.
fn first_word(body: &SetExpr) -> Option<Location> {
    match body {
        SetExpr::Select(select) => Some(select.select_token.0.span.start),
        SetExpr::SetOperation { left, .. } => first_word(left),
        _ => None,
    }
}

/// Whether the conditions give each column of the primary key one value.
fn is_one(item: &Item<'_>, select: &Select) -> bool {
    fn equal(expr: &Expr, columns: &mut HashSet<String>) {
        match expr {
            Expr::Nested(inner) => equal(inner, columns),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                equal(left, columns);
                equal(right, columns);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                for side in [left, right] {
                    match side.as_ref() {
                        Expr::Identifier(name) => drop(columns.insert(folded(name))),
                        Expr::CompoundIdentifier(parts) => {
                            columns.extend(parts.last().map(folded));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    let mut columns = HashSet::new();
    if let Some(condition) = &select.selection {
        equal(condition, &mut columns);
    }
    item.relation.is_some_and(|relation| relation.is_one_row(|column| columns.contains(column)))
}
