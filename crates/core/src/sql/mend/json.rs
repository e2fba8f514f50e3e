//! Fields of JSON that are numbers.
//!
//! `->>` gives a text, whatever the field is. Compared with a number, added up or averaged, it has to be
//! read as one.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Value,
};

use super::scope::Scope;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::scoped::each_expression;
use crate::sql::walk::is_comparison;

/// Puts into `edits` the reading as numbers.
pub(super) fn numbers(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    each_expression(query, snapshot, |_: &[Scope<'_>], expr| match expr {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => {
            if is_number(right) {
                read(source, left, edits);
            } else if is_number(left) {
                read(source, right, edits);
            }
        }
        Expr::Between { expr, low, high, .. } if is_number(low) && is_number(high) => {
            read(source, expr, edits);
        }
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            if let FunctionArguments::List(list) = &function.args
                && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] =
                    list.args.as_slice()
                && ["sum", "avg"].contains(&name.as_str())
            {
                read(source, argument, edits);
            }
        }
        _ => {}
    });
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Value::Number(..)))
}

/// Makes a number of a field.
fn read(source: &Source<'_>, expr: &Expr, edits: &mut Edits) -> Option<()> {
    let (is_nested, field) = match expr {
        Expr::Nested(inner) => (true, inner.as_ref()),
        _ => (false, expr),
    };
    let Expr::BinaryOp { left, op: BinaryOperator::LongArrow, right } = field else { return None };
    let Expr::Value(key) = right.as_ref() else { return None };
    let (first, last) = (begin(left)?, key.span.start);
    let last_token = source.token(last)?;
    if is_nested {
        let end = source.tokens().get(last_token + 1).filter(|token| token.is_punct(")"))?;
        edits.insert_behind(end, "::numeric".to_owned());
    } else {
        let text = source.text_between(first, last)?;
        edits.replace_at(source, first, last, format!("({text})::numeric"));
    }
    Some(())
}

/// Where what holds the field begins.
fn begin(expr: &Expr) -> Option<sqlparser::tokenizer::Location> {
    match expr {
        Expr::Identifier(name) => Some(name.span.start),
        Expr::CompoundIdentifier(parts) => Some(parts.first()?.span.start),
        Expr::BinaryOp { left, op: BinaryOperator::Arrow | BinaryOperator::LongArrow, .. } => {
            begin(left)
        }
        _ => None,
    }
}
