//! Arrays compared with what they have elements of.
//!
//! The server compares an array with an array. A model that sees `text[]` compares it with one text,
//! and means that it is among the elements. Where the statement says `<>`, it means that it is not.

use sqlparser::ast::{BinaryOperator, Expr, Query, Value, ValueWithSpan};
use sqlparser::tokenizer::Location;

use super::scope::{Scope, resolve};
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::scoped::each_expression;

/// Puts into `edits` what asks for elements.
pub(super) fn any(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    each_expression(query, snapshot, |scopes, expr| {
        if let Some(test) = Test::of(expr, scopes) {
            test.edit(source, edits);
        }
    });
}

/// A comparison of an array with a constant, by words of PostgreSQL.
struct Test {
    /// Places of the column's first and last name.
    array: (Location, Location),
    value: Location,
    operator: &'static str,
    /// Whether one element is enough, or all have to fulfil it.
    is_any: bool,
}

impl Test {
    fn of(expr: &Expr, scopes: &[Scope<'_>]) -> Option<Self> {
        let (array, value, operator, is_any) = match expr {
            Expr::BinaryOp { left, op, right } => {
                let (operator, is_any) = match op {
                    BinaryOperator::Eq => ("=", true),
                    BinaryOperator::NotEq => ("<>", false),
                    _ => return None,
                };
                let (array, value) =
                    if constant(right).is_some() { (left, right) } else { (right, left) };
                (array, value, operator, is_any)
            }
            // Without wildcards, both sides may change places.
            Expr::ILike { negated, any: false, expr, pattern, escape_char: None }
                if !is_pattern(pattern) =>
            {
                (expr, pattern, if *negated { "NOT ILIKE" } else { "ILIKE" }, !negated)
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None }
                if !is_pattern(pattern) =>
            {
                (expr, pattern, if *negated { "<>" } else { "=" }, !negated)
            }
            _ => return None,
        };
        let parts = match array.as_ref() {
            Expr::Identifier(name) => std::slice::from_ref(name),
            Expr::CompoundIdentifier(parts) => parts,
            _ => return None,
        };
        let (_, _, column) = resolve(scopes, parts)?;
        if !column.type_name.ends_with("[]") {
            return None;
        }
        let array = (parts.first()?.span.start, parts.last()?.span.start);
        Some(Self { array, value: constant(value)?, operator, is_any })
    }

    fn edit(&self, source: &Source<'_>, edits: &mut Edits) -> Option<()> {
        let value = source.text_between(self.value, self.value)?;
        let array = source.text_between(self.array.0, self.array.1)?;
        let quantifier = if self.is_any { "ANY" } else { "ALL" };
        let text = format!("{value} {} {quantifier}({array})", self.operator);
        let (first, last) = if source.token(self.array.0)? < source.token(self.value)? {
            (self.array.0, self.value)
        } else {
            (self.value, self.array.1)
        };
        edits.replace_at(source, first, last, text);
        Some(())
    }
}

/// Where a constant that is no array stands.
fn constant(expr: &Expr) -> Option<Location> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span })
            if !text.starts_with('{') =>
        {
            Some(span.start)
        }
        Expr::Value(ValueWithSpan { value: Value::Number(..), span }) => Some(span.start),
        _ => None,
    }
}

fn is_pattern(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => {
            text.contains(['%', '_', '\\'])
        }
        _ => true,
    }
}
