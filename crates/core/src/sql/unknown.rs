//! "The heaviest", where of some rows no weight is known.
//!
//! PostgreSQL sorts NULL above every value, so that `ORDER BY weight DESC LIMIT 1` finds a row of which
//! nothing is known, where there is one. Whoever asks for the first few means those with the highest
//! values; so the others go last. Not where the statement keeps them out by itself, or the column
//! cannot be NULL. Called by the extension, before a statement is given to the server.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, OrderByExpr, OrderByKind, Query, Select, SetExpr, Visit, Visitor};

use super::asked::last_of;
use super::edits::{Edits, Source};
use super::mend::scope::{Scope, attribute};
use super::parsed::ParsedSql;
use super::walk::{conjuncts, cte_names, is_comparison};
use crate::schema::Snapshot;

/// `sql` with the highest values of a limited order before what is not known; `None` where nothing is
/// to be done.
pub fn unknown_last(sql: &ParsedSql, snapshot: &Snapshot) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let mut orders = Orders { source: &source, snapshot, query: &query, edits: Edits::default() };
    let _ = query.visit(&mut orders);
    let Orders { edits, .. } = orders;
    source.with(edits)
}

struct Orders<'a> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    query: &'a Query,
    edits: Edits,
}

impl Visitor for Orders<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let is_limited = query.limit_clause.is_some() || query.fetch.is_some();
        if let (SetExpr::Select(select), Some(order), true) =
            (query.body.as_ref(), &query.order_by, is_limited)
            && let OrderByKind::Expressions(keys) = &order.kind
        {
            let scope = Scope::of(select, self.snapshot, &cte_names(self.query));
            for key in keys {
                self.key(key, select, &scope);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Orders<'_> {
    fn key(&mut self, key: &OrderByExpr, select: &Select, scope: &Scope<'_>) -> Option<()> {
        if key.options.asc != Some(false) || key.options.nulls_first.is_some() {
            return None;
        }
        let (item, column) = scope.column(&key.expr)?;
        let relation = scope.item(&item)?.relation?;
        let is_known = attribute(relation, &column)?.not_null
            || relation.primary_key.contains(&column)
            || is_compared(select, scope, &(item, column));
        if is_known {
            return None;
        }
        let tokens = self.source.tokens();
        let at = self.source.token(last_of(&key.expr)?.span.start)?;
        let direction = tokens.get(at + 1).filter(|token| token.is_word("desc"))?;
        self.edits.insert_behind(direction, " NULLS LAST".to_owned());
        Some(())
    }
}

/// Whether a condition that must hold is true only where the column is known.
fn is_compared(select: &Select, scope: &Scope<'_>, column: &(String, String)) -> bool {
    let mut found = false;
    let mut see = |expr: &Expr| {
        let is_own = |expr: &Expr| scope.column(expr).as_ref() == Some(column);
        found |= match expr {
            Expr::IsNotNull(inner) => is_own(inner),
            Expr::BinaryOp { left, op, right } => {
                (is_own(left) || is_own(right)) && is_comparison(op)
            }
            Expr::Between { expr, .. } | Expr::InList { expr, .. } => is_own(expr),
            _ => false,
        };
    };
    if let Some(condition) = &select.selection {
        conjuncts(condition, &mut see);
    }
    found
}
