//! Comparisons between a text and a number, which the server does not know.
//!
//! A model sees no difference between `'5'` and `5`, and many tables keep numbers as text. A number
//! that a column of texts is compared with becomes a text; of two columns, that of numbers is compared as
//! text. Larger and smaller are asked of numbers: there the text is read as one.

use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, Value, ValueWithSpan};

use super::joins::family;
use super::scope::{Scope, resolve};
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::scoped::each_expression;

/// Puts into `edits` what makes each comparison one that the server knows.
pub(super) fn fit(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    each_expression(query, snapshot, |scopes, expr| match expr {
        Expr::BinaryOp { left, op, right } => {
            let equal = match op {
                BinaryOperator::Eq | BinaryOperator::NotEq => true,
                BinaryOperator::Lt
                | BinaryOperator::LtEq
                | BinaryOperator::Gt
                | BinaryOperator::GtEq => false,
                _ => return,
            };
            let both = (Side::of(left, scopes), Side::of(right, scopes));
            if let (Some(left), Some(right)) = both {
                let _ = compare(source, equal, &left, &right, edits)
                    .or_else(|| compare(source, equal, &right, &left, edits));
            }
        }
        Expr::InList { expr, list, .. } => {
            let Some(column) = Side::of(expr, scopes) else { return };
            for one in list.iter().filter_map(|one| Side::of(one, scopes)) {
                let _ = compare(source, true, &column, &one, edits);
            }
        }
        Expr::Between { expr, low, high, .. } => {
            let Some(column) = Side::of(expr, scopes) else { return };
            for one in [low, high].into_iter().filter_map(|one| Side::of(one, scopes)) {
                let _ = compare(source, false, &column, &one, edits);
            }
        }
        _ => {}
    });
}

/// One side of a comparison.
enum Side<'e> {
    /// A column of the family "text" or "number", with its names.
    Column(&'static str, &'e [Ident]),
    Number(&'e ValueWithSpan),
}

impl<'e> Side<'e> {
    fn of(expr: &'e Expr, scopes: &[Scope<'_>]) -> Option<Self> {
        let parts = match expr {
            Expr::Identifier(name) => std::slice::from_ref(name),
            Expr::CompoundIdentifier(parts) => parts,
            Expr::Value(value) if matches!(value.value, Value::Number(..)) => {
                return Some(Self::Number(value));
            }
            _ => return None,
        };
        let (_, _, column) = resolve(scopes, parts)?;
        let family = family(&column.type_name)?;
        matches!(family, "text" | "number").then_some(Self::Column(family, parts))
    }
}

/// Of a column of texts and a number: what makes them comparable.
fn compare(
    source: &Source<'_>,
    equal: bool,
    text: &Side<'_>,
    number: &Side<'_>,
    edits: &mut Edits,
) -> Option<()> {
    let Side::Column("text", names) = text else { return None };
    let (cast, names) = match (number, equal) {
        (Side::Number(value), true) => {
            let at = value.span.start;
            let quoted = format!("'{}'", source.text_between(at, at)?);
            edits.replace_at(source, at, at, quoted);
            return Some(());
        }
        (Side::Column("number", names), true) => ("text", *names),
        (Side::Number(_) | Side::Column("number", _), false) => ("numeric", *names),
        (Side::Column(..), _) => return None,
    };
    let last = source.tokens().get(source.token(names.last()?.span.start)?)?;
    edits.insert_behind(last, format!("::{cast}"));
    Some(())
}
