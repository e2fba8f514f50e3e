//! Columns that a GROUP BY forgets.
//!
//! MySQL and SQLite take `SELECT a.id, a.name, count(*) … GROUP BY a.id`, and models have read much of
//! what is written for those; PostgreSQL takes it only where the groups are of the primary key. What is
//! selected or ordered by beside the groups is added to them. Where the groups already tell it, as they
//! do in what was written for a server that does not ask, the rows stay the same.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, OrderBy, OrderByKind, Query, Select, SelectItem, Visit, Visitor,
};

use super::scope::Scope;
use crate::schema::{Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{cte_names, each_select, folded};

/// Most columns that are added to one GROUP BY.
const MOST: usize = 8;

/// Adds to `edits` what each GROUP BY of `query` lacks.
pub(super) fn complete(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    let mut groups = Groups { source, snapshot, ctes: cte_names(query), edits };
    each_select(query, |select, order| {
        let _ = groups.select(select, order);
    });
}

struct Groups<'a> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    ctes: HashSet<String>,
    edits: &'a mut Edits,
}

/// Item and name of a column.
type Column = (String, String);

impl Groups<'_> {
    fn select(&mut self, select: &Select, order: Option<&OrderBy>) -> Option<()> {
        let GroupByExpr::Expressions(groups, modifiers) = &select.group_by else { return None };
        let scope = Scope::of(select, self.snapshot, &self.ctes);
        if scope.open || !modifiers.is_empty() {
            return None;
        }
        // Where all groups are columns; an expression, a label or a position may tell anything.
        let grouped: Option<Vec<Column>> =
            groups.iter().map(|group| column_of(group, &scope)).collect();
        let grouped = grouped.filter(|grouped| !grouped.is_empty())?;
        let mut loose = Loose { scope: &scope, grouped: &grouped, within: 0, found: Vec::new() };
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    let _ = expr.visit(&mut loose);
                }
                _ => return None,
            }
        }
        if let Some(order) = order
            && let OrderByKind::Expressions(keys) = &order.kind
        {
            let is_label = |expr: &Expr| match expr {
                Expr::Identifier(name) => scope.labels.contains(&folded(name)),
                _ => false,
            };
            for key in keys.iter().filter(|key| !is_label(&key.expr)) {
                let _ = key.expr.visit(&mut loose);
            }
        }
        let missing = loose.found;
        if missing.is_empty() || missing.len() > MOST {
            return None;
        }
        let first = match groups.first()? {
            Expr::Identifier(name) => name,
            Expr::CompoundIdentifier(parts) => parts.first()?,
            _ => return None,
        };
        let before = self.source.token(first.span.start)?.checked_sub(1)?;
        let by = self.source.tokens().get(before).filter(|token| token.is_word("by"))?;
        let names = missing
            .iter()
            .map(|(item, name)| format!(" {}.{},", quote_ident(item), quote_ident(name)));
        self.edits.insert_behind(by, names.collect());
        Some(())
    }
}

/// A column that is certainly there.
fn column_of(expr: &Expr, scope: &Scope<'_>) -> Option<Column> {
    scope.column(expr).filter(|(item, name)| scope.item(item).is_some_and(|item| item.has(name)))
}

/// Collects columns that are neither grouped nor within a call.
struct Loose<'a> {
    scope: &'a Scope<'a>,
    grouped: &'a [Column],
    /// Calls and sub-queries around.
    within: usize,
    found: Vec<Column>,
}

impl Loose<'_> {
    /// Whether the groups tell its value.
    fn is_told(&self, (item, name): &Column) -> bool {
        let is_grouped =
            |name: &str| self.grouped.iter().any(|(own, column)| own == item && column == name);
        let relation = self.scope.item(item).and_then(|item| item.relation);
        is_grouped(name) || relation.is_some_and(|relation| relation.is_one_row(is_grouped))
    }
}

impl Visitor for Loose<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.within += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.within -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if is_call(expr) {
            self.within += 1;
        }
        if self.within == 0
            && let Some(column) = column_of(expr, self.scope)
            && !self.is_told(&column)
            && !self.found.contains(&column)
        {
            self.found.push(column);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if is_call(expr) {
            self.within -= 1;
        }
        ControlFlow::Continue(())
    }
}

/// A call may be an aggregate's, also one that is not known here.
fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(_))
}
