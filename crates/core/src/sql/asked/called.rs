//! "The names of the mountains", where several things that are read have names.
//!
//! Models select the name of what stands first. Where the question says whose it is, "names of the
//! mountains" or "mountain names", and does not say it of the relation whose column is selected, the
//! column of the other relation is meant.

use sqlparser::ast::{Expr, GroupByExpr, Ident, OrderByKind, Query, Select, SelectItem, SetExpr};

use super::projection::groups;
use super::words::Asked;
use crate::link::split;
use crate::schema::{Relation, Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::scope::{Item, Scope};
use crate::sql::parsed::ParsedSql;
use crate::sql::token::Token;
use crate::sql::walk::{cte_names, folded};

/// Words that may stand between "names of" and whose they are.
const BETWEEN: &[&str] = &[
    "the",
    "all",
    "each",
    "every",
    "any",
    "different",
    "distinct",
    "these",
    "those",
    "unique",
    "a",
    "an",
];

/// `sql` with selected columns of the relation that the question says.
pub(super) fn whose(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let words = split(asked.text());
    let mut edits = Edits::default();
    for item in &select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        if let Some((own, column)) = qualified(expr)
            && let Some(other) = meant(&folded(own), &folded(column), &scope, &words)
            // Where both are shown, both are wanted; where the other is ordered or found by, that is
            // what the question speaks of.
            && !is_shown(select, &other, &folded(column))
            && !is_written(&source, &other, &folded(column))
            && can_change(select, expr)
        {
            let used = columns(select, &query).filter(|used| {
                qualified(used).is_some_and(|(item, name)| {
                    (folded(item), folded(name)) == (folded(own), folded(column))
                })
            });
            for (qualifier, _) in used.filter_map(qualified) {
                edits.replace(&source, qualifier, qualifier, quote_ident(&other));
            }
        }
    }
    source.with(edits)
}

fn is_shown(select: &Select, item: &str, column: &str) -> bool {
    select.projection.iter().any(|shown| match shown {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            qualified(expr).is_some_and(|(own, name)| folded(own) == item && folded(name) == column)
        }
        _ => true,
    })
}

/// Whether a column stands anywhere with its item's name.
fn is_written(source: &Source<'_>, item: &str, column: &str) -> bool {
    source.tokens().windows(3).any(|three| match three {
        [own, dot, name] => {
            let is =
                |token: &Token<'_>, text: &str| token.name().is_some_and(|name| *name == *text);
            dot.is_punct(".") && is(own, item) && is(name, column)
        }
        _ => false,
    })
}

/// Whether groups allow another column in the place of this one: they are by itself, and no
/// condition on them may name it.
fn can_change(select: &Select, expr: &Expr) -> bool {
    match &select.group_by {
        GroupByExpr::Expressions(by, _) => {
            by.is_empty() || (by.contains(expr) && select.having.is_none())
        }
        GroupByExpr::All(_) => false,
    }
}

/// The name of the other item whose column of that name the question wants instead of `own`'s.
fn meant(own: &str, column: &str, scope: &Scope<'_>, words: &[String]) -> Option<String> {
    let relation = scope.item(own)?.relation?;
    let is_said = |relation: &Relation| says(words, relation, column);
    if is_said(relation) {
        return None;
    }
    let is_other = |item: &&Item<'_>| {
        item.has(column)
            && item.relation.is_some_and(|other| other.name != relation.name && is_said(other))
    };
    let mut others = scope.items.iter().filter(is_other);
    let first = others.next()?;
    others.next().is_none().then(|| first.name.clone())
}

/// Whether a question says "names of the mountains", or "mountain names".
fn says(words: &[String], relation: &Relation, column: &str) -> bool {
    let (whose, what) = (split(&relation.name.name), split(column));
    if whose.is_empty() || what.is_empty() {
        return false;
    }
    (0..words.len()).any(|at| {
        let rest = words.get(at..).unwrap_or_default();
        if let Some(behind) = rest.strip_prefix(what.as_slice())
            && let Some(behind) = behind.strip_prefix(&["of".to_owned()])
        {
            let far = behind.iter().take_while(|word| BETWEEN.contains(&word.as_str())).count();
            return behind.get(far..).is_some_and(|named| named.starts_with(&whose));
        }
        rest.strip_prefix(whose.as_slice()).is_some_and(|behind| {
            // "The mountain's name".
            let behind = behind.strip_prefix(&["s".to_owned()]).unwrap_or(behind);
            behind.starts_with(&what)
        })
    })
}

/// A column with the name of its item.
fn qualified(expr: &Expr) -> Option<(&Ident, &Ident)> {
    match expr {
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [item, column] => Some((item, column)),
            _ => None,
        },
        _ => None,
    }
}

/// What is selected, grouped by and ordered by.
fn columns<'q>(select: &'q Select, query: &'q Query) -> impl Iterator<Item = &'q Expr> {
    let selected = select.projection.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    });
    let ordered = query.order_by.iter().flat_map(|order| match &order.kind {
        OrderByKind::Expressions(keys) => keys.as_slice(),
        OrderByKind::All(_) => &[],
    });
    selected.chain(groups(select)).chain(ordered.map(|key| &key.expr))
}
