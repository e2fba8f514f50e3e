//! Texts compared with a number that stands for a row of another table.
//!
//! `degrees.campus = 'San Jose State University'`, where `campus` is a number that references the
//! table with the names: the server refuses the text. Where one column of that table has it, the keys
//! of the rows with it are meant.

use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, Value, ValueWithSpan};
use sqlparser::tokenizer::Location;

use super::find::{is_text, resolve};
use super::look::{How, Look};
use super::{MAX_COLUMNS, is_plain, stored};
use crate::schema::{Relation, Snapshot, quote_ident, quote_literal, quote_qualified};
use crate::sql::scoped::each_expression;
use crate::sql::walk::folded;

/// `key = 'text'`, and what the key references.
pub(super) struct Reference<'s> {
    /// The column as it is written.
    text: String,
    is_denied: bool,
    value: String,
    target: &'s Relation,
    /// The column of `target` that the key has the values of.
    target_column: &'s str,
    /// Where the column begins.
    pub column_at: Location,
    /// Where the constant stands.
    pub constant: Location,
}

/// The comparisons of numbers that reference a table with texts that are none, in order.
pub(super) fn comparisons<'s>(query: &Query, snapshot: &'s Snapshot) -> Vec<Reference<'s>> {
    let mut found = Vec::new();
    each_expression(query, snapshot, |scopes, expr| {
        let (column, constant, is_denied) = match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => (left, right, false),
            Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } => (left, right, true),
            Expr::Like { negated, any: false, expr, pattern, escape_char: None }
            | Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                (expr, pattern, *negated)
            }
            _ => return,
        };
        let parts: &[Ident] = match column.as_ref() {
            Expr::Identifier(name) => std::slice::from_ref(name),
            Expr::CompoundIdentifier(parts) => parts,
            _ => return,
        };
        let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(value), span }) =
            constant.as_ref()
        else {
            return;
        };
        let Some((_, relation, own)) = resolve(scopes, parts) else { return };
        let is_number = ["smallint", "integer", "bigint"].contains(&own.type_name.as_str());
        if !is_number || value.parse::<f64>().is_ok() || !is_plain(value) {
            return;
        }
        let mut keys = snapshot
            .all_keys()
            .filter(|key| key.from == relation.name && key.from_columns == [own.name.as_str()]);
        if let (Some(key), None, Some(first)) = (keys.next(), keys.next(), parts.first())
            && let Some(target) = snapshot.relation(&key.to)
            && let [target_column] = key.to_columns.as_slice()
        {
            let text: Vec<String> = parts.iter().map(|part| quote_ident(&folded(part))).collect();
            found.push(Reference {
                text: text.join("."),
                is_denied,
                value: value.trim_matches('%').to_owned(),
                target,
                target_column,
                column_at: first.span.start,
                constant: span.start,
            });
        }
    });
    found
}

impl Reference<'_> {
    /// The comparison that is meant, if one column of the table has the text; `None` where that cannot
    /// be told.
    pub fn resolved(
        &self,
        look: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
    ) -> Option<Option<String>> {
        let mut there = Vec::new();
        let columns = self.target.columns.iter().filter(|column| is_text(column));
        for column in columns.take(MAX_COLUMNS) {
            let found = stored(look, self.target, column, &self.value, How::Alike)?;
            if !found.is_empty() {
                there.push((column, found));
            }
        }
        let [(column, found)] = there.as_slice() else { return Some(None) };
        let [spelt] = found.as_slice() else { return Some(None) };
        let operator = if self.is_denied { "NOT IN" } else { "IN" };
        Some(Some(format!(
            "{} {operator} (SELECT {} FROM {} WHERE {} = {})",
            self.text,
            quote_ident(self.target_column),
            quote_qualified(&self.target.name),
            quote_ident(&column.name),
            quote_literal(spelt)
        )))
    }
}
