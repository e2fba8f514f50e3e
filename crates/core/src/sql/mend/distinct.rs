//! What is different, ordered by something that is not shown.
//!
//! `SELECT DISTINCT d.name FROM district d ORDER BY d.area DESC`: PostgreSQL refuses it, since rows with
//! one name may have many areas; SQLite and MySQL take it. Groups of what is shown have the same rows,
//! and an order by the least of each group's values, or by the greatest where it is descending, is the
//! one that was meant.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, OrderBy, OrderByExpr, OrderByKind, Query, Select,
    SelectItem,
};

use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{calls, each_select, folded};

/// Makes groups of what is DISTINCT and ordered by something else.
pub(super) fn grouped(source: &Source<'_>, _: &Snapshot, query: &Query, edits: &mut Edits) {
    let mut orders = Orders { source, edits };
    each_select(query, |select, order| {
        let _ = orders.select(select, order);
    });
}

struct Orders<'a> {
    source: &'a Source<'a>,
    edits: &'a mut Edits,
}

impl Orders<'_> {
    fn select(&mut self, select: &Select, order: Option<&OrderBy>) -> Option<()> {
        let ungrouped =
            matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
        let is_distinct = matches!(select.distinct, Some(Distinct::Distinct));
        if !is_distinct || !ungrouped || calls(&select.projection, |_| true) {
            return None;
        }
        let OrderByKind::Expressions(keys) = &order?.kind else { return None };
        let shown: Option<Vec<Shown<'_>>> = select.projection.iter().map(Shown::of).collect();
        let shown = shown?;
        let other: Vec<&OrderByExpr> =
            keys.iter().filter(|key| !shown.iter().any(|shown| shown.is(&key.expr))).collect();
        // What is no column may be the number of one, or anything.
        let columns: Option<Vec<&[Ident]>> = other.iter().map(|key| column(&key.expr)).collect();
        let columns = columns.filter(|columns| !columns.is_empty())?;
        let tokens = self.source.tokens();
        let first = self.source.token(shown.first()?.parts.first()?.span.start)?;
        let distinct = first.checked_sub(1)?;
        let key = column(&keys.first()?.expr)?.first()?;
        let order = self.source.token(key.span.start)?.checked_sub(2)?;
        if !tokens.get(distinct)?.is_word("distinct") || !tokens.get(order)?.is_word("order") {
            return None;
        }
        for (key, parts) in other.iter().zip(columns) {
            let function = if key.options.asc == Some(false) { "max(" } else { "min(" };
            let (first, last) = (parts.first()?, parts.last()?);
            self.edits.insert_around(self.source, first, last, function, ")".to_owned());
        }
        let groups: Option<Vec<&str>> = shown
            .iter()
            .map(|shown| {
                let (first, last) = (shown.parts.first()?, shown.parts.last()?);
                self.source.text_between(first.span.start, last.span.start)
            })
            .collect();
        let before = tokens.get(order.checked_sub(1)?)?;
        self.edits.remove(tokens.get(distinct)?, tokens.get(distinct)?);
        self.edits.insert_behind(before, format!(" GROUP BY {}", groups?.join(", ")));
        Some(())
    }
}

/// A column of the result.
struct Shown<'e> {
    parts: &'e [Ident],
    label: Option<String>,
}

impl<'e> Shown<'e> {
    /// `None` where it is no column.
    fn of(item: &'e SelectItem) -> Option<Self> {
        match item {
            SelectItem::UnnamedExpr(expr) => Some(Self { parts: column(expr)?, label: None }),
            SelectItem::ExprWithAlias { expr, alias } => {
                Some(Self { parts: column(expr)?, label: Some(folded(alias)) })
            }
            _ => None,
        }
    }

    /// Whether a key of the order is this.
    fn is(&self, key: &Expr) -> bool {
        let Some(parts) = column(key) else { return false };
        let last = |parts: &[Ident]| parts.last().map(folded);
        let is_bare = parts.len() == 1 || self.parts.len() == 1;
        let same: Vec<String> = parts.iter().map(folded).collect();
        let own: Vec<String> = self.parts.iter().map(folded).collect();
        same == own
            || (is_bare && last(parts) == last(self.parts))
            || (parts.len() == 1 && last(parts) == self.label)
    }
}

fn column(expr: &Expr) -> Option<&[Ident]> {
    match expr {
        Expr::Identifier(name) => Some(std::slice::from_ref(name)),
        Expr::CompoundIdentifier(parts) => Some(parts),
        _ => None,
    }
}
