//! Texts compared with a key that stands for a row of another table.
//!
//! `degrees.campus = 'San Jose State University'`, where `campus` is a number that references the
//! table with the names: the server refuses the text. `documents.agent_code = 'US Mail'`, where the
//! codes are 'USM' and the like: no row has it. Where one column of the table that the key references
//! has the text, the keys of the rows with it are meant.

use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, Value, ValueWithSpan};
use sqlparser::tokenizer::Location;

use super::find::{is_text, resolve};
use super::look::{How, Look};
use super::{MAX_COLUMNS, is_plain, stored};
use crate::schema::{Attribute, Relation, Snapshot, quote_ident, quote_literal, quote_qualified};
use crate::sql::scoped::each_expression;
use crate::sql::walk::folded;

/// `key = 'text'`, and what the key references.
pub(super) struct Reference<'s> {
    /// The column as it is written.
    text: String,
    is_denied: bool,
    value: String,
    target: Target<'s>,
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
        if let (Some(target), Some(first)) = (target_of(snapshot, relation, own), parts.first()) {
            let text: Vec<String> = parts.iter().map(|part| quote_ident(&folded(part))).collect();
            found.push(Reference {
                text: text.join("."),
                is_denied,
                value: value.trim_matches('%').to_owned(),
                target,
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
        self.target.resolved(&self.text, self.is_denied, &self.value, look)
    }
}

/// What a column of a key references.
#[derive(Clone, Copy)]
pub(super) struct Target<'s> {
    relation: &'s Relation,
    /// The column of `relation` that the key has the values of.
    column: &'s str,
}

/// What a column references by itself, if that is one thing.
pub(super) fn target_of<'s>(
    snapshot: &'s Snapshot,
    relation: &Relation,
    own: &Attribute,
) -> Option<Target<'s>> {
    let mut keys = snapshot
        .all_keys()
        .filter(|key| key.from == relation.name && key.from_columns == [own.name.as_str()]);
    let (Some(key), None) = (keys.next(), keys.next()) else { return None };
    let [column] = key.to_columns.as_slice() else { return None };
    snapshot.relation(&key.to).map(|relation| Target { relation, column })
}

impl Target<'_> {
    /// The comparison that is meant by `text = value`, or by `text <> value`, if one column of the table
    /// has the value, which is not the one referenced; `None` where that cannot be told.
    pub fn resolved(
        &self,
        text: &str,
        is_denied: bool,
        value: &str,
        look: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
    ) -> Option<Option<String>> {
        let mut there = Vec::new();
        let columns = self.relation.columns.iter().filter(|column| is_text(column));
        for column in columns.take(MAX_COLUMNS) {
            let found = stored(look, self.relation, column, value, How::Alike)?;
            if !found.is_empty() {
                there.push((column, found));
            }
        }
        let [(column, found)] = there.as_slice() else { return Some(None) };
        let [spelt] = found.as_slice() else { return Some(None) };
        // A key that no row has is one still.
        if column.name == self.column {
            return Some(None);
        }
        let operator = if is_denied { "NOT IN" } else { "IN" };
        Some(Some(format!(
            "{text} {operator} (SELECT {} FROM {} WHERE {} = {})",
            quote_ident(self.column),
            quote_qualified(&self.relation.name),
            quote_ident(&column.name),
            quote_literal(spelt)
        )))
    }
}
