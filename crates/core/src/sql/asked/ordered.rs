//! Columns that are there for the order alone.
//!
//! "Brands and names, sorted by aperture" wants two columns and gets three: models select what they
//! order by. Where a column of the result is a key of the order, and the question names it nowhere but
//! behind the words that ask for the order, it goes. Names stay: they stand for what is listed. Where
//! every column would go, all stay; so they do where they are counted (`ORDER BY 2`), and where they
//! are DISTINCT, which must be ordered by what is selected.

use sqlparser::ast::{Expr, GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr};

use super::projection::{places, without_label};
use super::words::Asked;
use crate::link::{is_stop_word, split};
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::parsed::ParsedSql;
use crate::sql::walk::folded;

/// Words by which questions ask for what a function gives.
const CALLED: &[(&str, &[&str])] = &[
    ("count", &["count", "number", "total", "amount", "frequency", "many", "often"]),
    ("sum", &["sum", "total", "amount", "much"]),
    ("avg", &["avg", "average", "mean"]),
    ("min", &["min", "minimum", "lowest", "least", "smallest"]),
    ("max", &["max", "maximum", "highest", "most", "largest", "greatest"]),
];

/// Words of columns by which things are shown, whether or not they are called so.
const SHOWN: &[&str] = &["name", "title"];

/// `sql` without the columns that the question only orders by.
pub(super) fn unasked(sql: &ParsedSql, _: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let (order, others) = asked.order()?;
    let (order, others) = (stems(order), stems(&others));
    // Groups are told apart by what they are ordered by.
    if others.iter().any(|word| word == "group") {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let (select, keys) = ordered(&query)?;
    let places = places(&source, select)?;
    let is_key = |expr: &Expr| keys.iter().any(|key| is_same(key, expr));
    let goes: Vec<bool> = select
        .projection
        .iter()
        .map(|item| {
            let (expr, label) = match item {
                SelectItem::UnnamedExpr(expr) => (expr, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(folded(alias))),
                _ => return false,
            };
            let by_label =
                label.as_ref().is_some_and(|label| keys.iter().any(|key| names(key, label)));
            let words = words(expr);
            // A label of one word says what the column is; one of several, how it came about.
            let called = label.as_deref().map(stems).filter(|words| words.len() == 1);
            (by_label || is_key(expr))
                && !words.iter().any(|word| SHOWN.contains(&word.as_str()))
                && words.iter().any(|word| order.contains(word))
                && !words.iter().chain(called.iter().flatten()).any(|word| others.contains(word))
        })
        .collect();
    if !goes.contains(&true) || !goes.contains(&false) {
        return None;
    }
    let columns = select.projection.iter().zip(&places).zip(goes);
    let mut edits = Edits::default();
    let mut kept = Vec::new();
    for ((item, place), goes) in columns {
        match item {
            _ if !goes => kept.push(source.text_of_tokens(place.start() + 1, *place.end())?),
            SelectItem::ExprWithAlias { alias, .. } => {
                let (first, last) = without_label(&source, item, place)?;
                let text = source.text_of_tokens(first, last)?;
                spell_out(&source, &query, &folded(alias), text, &mut edits);
            }
            _ => {}
        }
    }
    let (first, last) = (source.tokens().get(1)?, source.tokens().get(*places.last()?.end())?);
    edits.replace_tokens(first, last, kept.join(", "));
    source.with(edits)
}

/// A SELECT whose rows are ordered, and by what.
fn ordered(query: &Query) -> Option<(&Select, Vec<&Expr>)> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let OrderByKind::Expressions(keys) = &query.order_by.as_ref()?.kind else { return None };
    let GroupByExpr::Expressions(groups, _) = &select.group_by else { return None };
    let keys: Vec<&Expr> = keys.iter().map(|key| &key.expr).collect();
    // A number is that of a column, which another has once one is gone.
    let counts = keys.iter().copied().chain(groups).any(|expr| matches!(expr, Expr::Value(_)));
    let is_plain = query.with.is_none() && select.distinct.is_none() && !counts;
    is_plain.then_some((select.as_ref(), keys))
}

/// Whether two expressions are written alike.
fn is_same(one: &Expr, other: &Expr) -> bool {
    one.to_string().eq_ignore_ascii_case(&other.to_string())
}

/// Whether a key of the order is a label of the result.
fn names(key: &Expr, label: &str) -> bool {
    matches!(key, Expr::Identifier(name) if folded(name) == *label)
}

/// Words by which a question can ask for an expression's values.
fn words(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::Nested(inner) => words(inner),
        Expr::Identifier(name) => telling(&name.value),
        Expr::CompoundIdentifier(parts) => {
            parts.last().map(|name| telling(&name.value)).unwrap_or_default()
        }
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            let called = CALLED.iter().filter(|(own, _)| *own == name);
            let called = called.flat_map(|(_, words)| words.iter().map(|word| (*word).to_owned()));
            called.collect()
        }
        _ => Vec::new(),
    }
}

fn telling(name: &str) -> Vec<String> {
    stems(name).into_iter().filter(|word| !is_stop_word(word)).collect()
}

/// Words without their endings: "seatings" is "seating" is "seat".
fn stems(text: &str) -> Vec<String> {
    split(&split(text).join(" "))
}

/// Writes what a label stands for where the order has the label.
fn spell_out(
    source: &Source<'_>,
    query: &Query,
    label: &str,
    text: &str,
    edits: &mut Edits,
) -> Option<()> {
    let OrderByKind::Expressions(keys) = &query.order_by.as_ref()?.kind else { return None };
    for key in keys {
        if let Expr::Identifier(name) = &key.expr
            && folded(name) == label
        {
            edits.replace(source, name, name, text.to_owned());
        }
    }
    Some(())
}
