//! "A and B", where a row has only one of both.
//!
//! "Students allergic to milk and to cats" have both in two rows; `IN ('Milk', 'Cat')` finds those
//! with either. Where one row of the result can have many of what is compared, each value gets a
//! statement of its own, with INTERSECT between; where it has one only ("in grades 9 and 10"), "and"
//! can but mean either, and the statement stays.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem, Value, ValueWithSpan};

use super::many::{first_of, last_of, many_of};
use super::words::Asked;
use crate::schema::Snapshot;
use crate::sql::CandidateSql;
use crate::sql::both::{counts, plain_select};
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::scope::Scope;
use crate::sql::parsed::ParsedSql;
use crate::sql::policy::check;
use crate::sql::walk::{conjuncts, cte_names};

/// Most values that are wanted together.
const MAX_VALUES: usize = 4;

/// Values that a column may have, any of them.
struct Among<'e> {
    /// Item and name.
    column: (String, String),
    expr: &'e Expr,
    values: Vec<&'e str>,
    /// Positions of the first and last token.
    first: usize,
    last: usize,
}

/// `sql` for each value alone, with INTERSECT between.
pub(super) fn each_alone(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let select = plain_select(&query)?;
    if counts(select) {
        return None;
    }
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let mut found = Vec::new();
    conjuncts(select.selection.as_ref()?, &mut |expr| found.extend(among(expr, &scope, &source)));
    let [among] = found.as_slice() else { return None };
    let selected: Option<Vec<String>> = select
        .projection
        .iter()
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                scope.column(expr).map(|(item, _)| item)
            }
            _ => None,
        })
        .collect();
    let is_many = |item: &String| many_of(select, &scope, item).contains(&among.column.0);
    if !selected?.iter().all(is_many) || !asked.wants_all_of(&among.values) {
        return None;
    }
    let first = first_of(among.expr)?;
    let last = last_of(among.expr)?;
    let column = source.text_between(first.span.start, last.span.start)?;
    let branch = |value: &&str| {
        let mut edits = Edits::default();
        let value = crate::schema::quote_literal(value);
        let (first, last) = (source.tokens().get(among.first)?, source.tokens().get(among.last)?);
        edits.replace_tokens(first, last, format!("{column} = {value}"));
        source.text_with(edits)
    };
    let branches: Option<Vec<String>> = among.values.iter().map(branch).collect();
    check(CandidateSql::from_user(&branches?.join(" INTERSECT ")).ok()?).ok()
}

/// `column IN ('a', 'b')`, or `(column = 'a' OR column = 'b')`.
fn among<'e>(expr: &'e Expr, scope: &Scope<'_>, source: &Source<'_>) -> Option<Among<'e>> {
    let (column, values, last) = match expr {
        Expr::InList { expr, list, negated: false } => {
            let values: Option<Vec<_>> = list.iter().map(text).collect();
            let values = values?;
            let (_, last) = values.last()?;
            let last = source.token(*last)? + 1;
            source.tokens().get(last).filter(|token| token.is_punct(")"))?;
            (expr.as_ref(), values, last)
        }
        Expr::Nested(inner) if matches!(inner.as_ref(), Expr::BinaryOp { .. }) => {
            return among(inner, scope, source);
        }
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => {
            let mut tests = Vec::new();
            alternatives(expr, &mut tests)?;
            let (column, _) = tests.first()?;
            let own = scope.column(column)?;
            if !tests.iter().all(|(other, _)| scope.column(other).as_ref() == Some(&own)) {
                return None;
            }
            let values: Vec<_> = tests.iter().map(|(_, value)| *value).collect();
            let last = source.token(values.last()?.1)?;
            (*column, values, last)
        }
        _ => return None,
    };
    if !(2..=MAX_VALUES).contains(&values.len()) {
        return None;
    }
    Some(Among {
        column: scope.column(column)?,
        expr: column,
        first: source.token(first_of(column)?.span.start)?,
        last,
        values: values.into_iter().map(|(value, _)| value).collect(),
    })
}

type Test<'e> = (&'e Expr, (&'e str, sqlparser::tokenizer::Location));

/// The equalities that an OR has between.
fn alternatives<'e>(expr: &'e Expr, tests: &mut Vec<Test<'e>>) -> Option<()> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            alternatives(left, tests)?;
            alternatives(right, tests)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            tests.push((left, text(right)?));
            Some(())
        }
        Expr::ILike { negated: false, any: false, expr, pattern, escape_char: None } => {
            let text = text(pattern).filter(|(text, _)| !text.contains(['%', '_', '\\']))?;
            tests.push((expr, text));
            Some(())
        }
        _ => None,
    }
}

/// A text, and where it stands.
fn text(expr: &Expr) -> Option<(&str, sqlparser::tokenizer::Location)> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span }) => {
            Some((text, span.start))
        }
        _ => None,
    }
}
