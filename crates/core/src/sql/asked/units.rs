//! "In euros", where a column holds cents.
//!
//! What a column's values are in, its comment or name says; models read it and forget it. Where the
//! question names the unit it wants, and a column of the result holds another one of the same
//! dimension, the result is converted, and so is a number that is compared with such a column. An
//! expression in which a number is multiplied or divided is left alone: whoever wrote it converts.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query,
    SelectItem, SetExpr, UnaryOperator, Value, ValueWithSpan,
};

use super::measures::{Factor, Unit, quantities, wanted};
use super::projection::{places, without_label};
use super::words::Asked;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::joins::family;
use crate::sql::mend::scope::{Scope, attribute};
use crate::sql::parsed::ParsedSql;
use crate::sql::scoped::each_expression;
use crate::sql::walk::{cte_names, is_comparison};

/// Functions whose result is in the unit of their first argument.
const KEEPING: &[&str] = &["sum", "avg", "min", "max", "abs", "round", "coalesce", "nullif"];

/// Numbers that lead from one unit to another.
const FACTORS: &[&str] = &["10", "60", "100", "1000", "3600", "1000000"];

/// `sql` with results and numbers in the units of the question.
pub(super) fn converted(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let (wanted, quantities) = (wanted(asked.text()), quantities(asked.text()));
    if wanted.is_empty() && quantities.is_empty() {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let mut edits = Edits::default();
    if !wanted.is_empty() {
        results(&source, &query, snapshot, &wanted, &mut edits);
    }
    each_expression(&query, snapshot, |scopes, expr| {
        if let (Some(scope), Expr::BinaryOp { left, op, right }) = (scopes.last(), expr)
            && is_comparison(op)
        {
            number(&source, scope, left, right, &quantities, &mut edits);
            number(&source, scope, right, left, &quantities, &mut edits);
        }
    });
    source.with(edits)
}

/// Converts the columns of the result.
fn results(
    source: &Source<'_>,
    query: &Query,
    snapshot: &Snapshot,
    wanted: &[Unit],
    edits: &mut Edits,
) -> Option<()> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    // Rows that are distinct are ordered by what is selected, as it is written.
    if select.distinct.is_some() && query.order_by.is_some() {
        return None;
    }
    let scope = Scope::of(select, snapshot, &cte_names(query));
    let places = places(source, select)?;
    for (item, place) in select.projection.iter().zip(&places) {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else {
            continue;
        };
        let (first, last) = without_label(source, item, place)?;
        let text = source.text_of_tokens(first, last)?;
        let new = needless(expr, &scope, wanted).map(ToString::to_string).or_else(|| {
            let own = unit_of(expr, &scope)?;
            let factor = wanted.iter().find_map(|wanted| own.to(*wanted))?;
            Some(in_other_unit(expr, text, factor))
        });
        if let Some(new) = new {
            let tokens = source.tokens();
            edits.replace_tokens(tokens.get(first)?, tokens.get(last)?, new);
        }
    }
    Some(())
}

/// What is in the unit wanted and divided by, or multiplied with, what only another one would be.
fn needless<'e>(expr: &'e Expr, scope: &Scope<'_>, wanted: &[Unit]) -> Option<&'e Expr> {
    let Expr::BinaryOp { left, op: BinaryOperator::Divide | BinaryOperator::Multiply, right } =
        expr
    else {
        return None;
    };
    let Expr::Value(ValueWithSpan { value: Value::Number(number, _), .. }) = right.as_ref() else {
        return None;
    };
    let is_factor = FACTORS.contains(&number.trim_end_matches(".0"));
    let own = unit_of(left, scope)?;
    (is_factor && wanted.contains(&own)).then_some(left)
}

/// An expression in another unit; what is rounded is converted before.
fn in_other_unit(expr: &Expr, text: &str, factor: Factor) -> String {
    let converted = |text: &str| match factor {
        Factor::Times(factor) => format!("{text} * {factor}"),
        Factor::By(factor) => format!("{text} / {factor}.0"),
    };
    match expr {
        Expr::Function(function) if name_of(function).as_deref() == Some("round") => {
            match arguments(function).as_slice() {
                [inner, digits] => {
                    format!("round({}, {digits})", in_other_unit(inner, &inner.to_string(), factor))
                }
                [inner] => format!("round({})", in_other_unit(inner, &inner.to_string(), factor)),
                _ => converted(text),
            }
        }
        // A quotient of whole numbers would be cut off before.
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => {
            format!("{} / {right}", in_other_unit(left, &left.to_string(), factor))
        }
        Expr::BinaryOp { .. } => converted(&format!("({text})")),
        _ => converted(text),
    }
}

/// What an expression's values are in; `None` where that cannot be told, or a number in it converts.
fn unit_of(expr: &Expr, scope: &Scope<'_>) -> Option<Unit> {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
            let (item, column) = scope.column(expr)?;
            let column = attribute(scope.item(&item)?.relation?, &column)?;
            (family(&column.type_name) == Some("number")).then(|| Unit::of(column))?
        }
        Expr::Nested(inner)
        | Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner }
        | Expr::Cast { expr: inner, .. } => unit_of(inner, scope),
        Expr::Function(function) => {
            let name = name_of(function)?;
            let first = *arguments(function).first()?;
            KEEPING.contains(&name.as_str()).then(|| unit_of(first, scope))?
        }
        Expr::BinaryOp { left, op, right } => {
            let (one, other) = (unit_of(left, scope), unit_of(right, scope));
            let converts = has_number(left) || has_number(right);
            match op {
                BinaryOperator::Plus | BinaryOperator::Minus => one.filter(|_| one == other),
                BinaryOperator::Multiply if !converts => one.xor(other),
                BinaryOperator::Divide if !converts && other.is_none() => one,
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a number stands in it, but for the digits that `round` keeps.
fn has_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => has_number(inner),
        Expr::UnaryOp { expr, .. } => has_number(expr),
        Expr::BinaryOp { left, right, .. } => has_number(left) || has_number(right),
        Expr::Function(function) => arguments(function).first().is_some_and(|arg| has_number(arg)),
        _ => false,
    }
}

fn name_of(function: &Function) -> Option<String> {
    let [name] = function.name.0.as_slice() else { return None };
    Some(name.as_ident()?.value.to_ascii_lowercase())
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let argument = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    let all: Option<Vec<&Expr>> = list.args.iter().map(argument).collect();
    all.unwrap_or_default()
}

/// Converts a number of the question that is compared with what is in another unit.
fn number(
    source: &Source<'_>,
    scope: &Scope<'_>,
    measured: &Expr,
    number: &Expr,
    quantities: &[(f64, Unit)],
    edits: &mut Edits,
) -> Option<()> {
    let Expr::Value(ValueWithSpan { value: Value::Number(text, _), span }) = number else {
        return None;
    };
    let value: f64 = text.parse().ok()?;
    let own = unit_of(measured, scope)?;
    let (_, given) = quantities
        .iter()
        .find(|(number, unit)| *number == value && unit.dimension == own.dimension)?;
    let new = match given.to(own)? {
        Factor::Times(factor) => value * factor as f64,
        Factor::By(factor) => value / factor as f64,
    };
    edits.replace_at(source, span.start, span.start, new.to_string());
    Some(())
}
