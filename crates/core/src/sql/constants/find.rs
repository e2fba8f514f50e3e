//! Comparisons of a column with a text, and which column it is.

use sqlparser::ast::{BinaryOperator, Expr, Ident, Query, Value, ValueWithSpan};
use sqlparser::tokenizer::Location;

use crate::schema::{Attribute, Relation, RelationKind, Snapshot, quote_ident};
use crate::sql::mend::scope::{self, Scope};
use crate::sql::scoped::each_expression;
use crate::sql::walk::folded;

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Equal,
    Differs,
    /// Without wildcards, whatever the case.
    Like,
    /// One of a list.
    Among,
}

impl Kind {
    /// The comparison with a stored value.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Equal | Self::Like | Self::Among => "=",
            Self::Differs => "<>",
        }
    }

    /// The comparison with a pattern.
    pub fn pattern_operator(self) -> &'static str {
        match self {
            Self::Equal | Self::Like | Self::Among => "ILIKE",
            Self::Differs => "NOT ILIKE",
        }
    }
}

/// `column = 'value'`, or the like.
pub(super) struct Comparison<'s> {
    pub relation: &'s Relation,
    pub column: &'s Attribute,
    pub kind: Kind,
    pub value: String,
    /// The column as it is written.
    pub text: String,
    /// Where that begins.
    pub column_at: Location,
    /// Where the constant stands.
    pub constant: Location,
    /// What is read beside the column, under the names it has there.
    items: Vec<(String, &'s Relation)>,
}

impl<'s> Comparison<'s> {
    /// The other columns of texts that are read, with the name to qualify them with.
    pub fn other_columns(&self) -> impl Iterator<Item = (&str, &'s Relation, &'s Attribute)> {
        self.items
            .iter()
            .flat_map(|(name, relation)| {
                relation.columns.iter().map(move |column| (name.as_str(), *relation, column))
            })
            .filter(|(_, _, column)| !std::ptr::eq(*column, self.column) && is_text(column))
    }
}

/// The comparisons of a statement whose column is known and can be looked up, in order.
pub(super) fn comparisons<'s>(query: &Query, snapshot: &'s Snapshot) -> Vec<Comparison<'s>> {
    let mut found = Vec::new();
    each_expression(query, snapshot, |scopes, expr| match expr {
        Expr::BinaryOp { left, op, right } => {
            let kind = match op {
                BinaryOperator::Eq => Kind::Equal,
                BinaryOperator::NotEq => Kind::Differs,
                _ => return,
            };
            found.extend(comparison(scopes, left, right, kind));
        }
        Expr::Like { negated: false, any: false, expr, pattern, escape_char: None }
        | Expr::ILike { negated: false, any: false, expr, pattern, escape_char: None } => {
            let like = comparison(scopes, expr, pattern, Kind::Like);
            found.extend(like.filter(|comparison| !comparison.value.contains(['%', '_'])));
        }
        Expr::InList { expr, list, negated: false } => {
            let each = list.iter().filter_map(|one| comparison(scopes, expr, one, Kind::Among));
            found.extend(each);
        }
        _ => {}
    });
    found
}

fn comparison<'s>(
    scopes: &[Scope<'s>],
    column: &Expr,
    constant: &Expr,
    kind: Kind,
) -> Option<Comparison<'s>> {
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(value), span }) = constant
    else {
        return None;
    };
    let parts: &[Ident] = match column {
        Expr::Identifier(name) => std::slice::from_ref(name),
        Expr::CompoundIdentifier(parts) => parts,
        _ => return None,
    };
    let (scope, relation, column) = resolve(scopes, parts)?;
    let text: Vec<String> = parts.iter().map(|part| quote_ident(&folded(part))).collect();
    let items = scope.items.iter();
    is_text(column).then(|| Comparison {
        relation,
        column,
        kind,
        value: value.clone(),
        text: text.join("."),
        column_at: parts.first().map_or(span.start, |first| first.span.start),
        constant: span.start,
        items: items
            .filter_map(|item| Some((item.name.clone(), item.relation.filter(|r| is_near(r))?)))
            .collect(),
    })
}

/// The column that a name means, with the SELECT whose FROM clause has it.
pub(super) fn resolve<'a, 's>(
    scopes: &'a [Scope<'s>],
    parts: &[Ident],
) -> Option<(&'a Scope<'s>, &'s Relation, &'s Attribute)> {
    scope::resolve(scopes, parts).filter(|(_, relation, _)| is_near(relation))
}

/// Whether reading a relation is no matter of another server.
pub(super) fn is_near(relation: &Relation) -> bool {
    relation.kind != RelationKind::ForeignTable
}

pub(super) fn is_text(column: &Attribute) -> bool {
    let bare = column.type_name.split('(').next().unwrap_or_default().trim();
    matches!(bare, "text" | "character varying" | "character" | "name" | "citext")
}
