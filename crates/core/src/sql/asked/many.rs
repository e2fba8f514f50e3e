//! How many rows of one item a row of another can have.

use std::collections::HashSet;

use sqlparser::ast::{BinaryOperator, Expr, Ident, Select};

use crate::sql::mend::joins::{condition_of, equality};
use crate::sql::mend::scope::Scope;
use crate::sql::walk::folded;

/// The identifier a column's text begins with.
pub(super) fn first_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.first(),
        _ => None,
    }
}

/// The identifier it ends with.
pub(in crate::sql) fn last_of(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => first_of(expr),
    }
}

/// Columns of two items that are equal: item and column of either.
type Pair = ((String, String), (String, String));

/// The names of the items of which one row of `from` can have many rows.
pub(super) fn many_of(select: &Select, scope: &Scope<'_>, from: &str) -> HashSet<String> {
    let pairs: Vec<Vec<Pair>> = select
        .from
        .iter()
        .flat_map(|from| &from.joins)
        .filter_map(|join| condition_of(&join.join_operator))
        .map(|on| {
            let mut pairs = Vec::new();
            equalities(on, &mut pairs);
            pairs
        })
        .collect();
    let mut reached: Vec<(String, bool)> = vec![(from.to_owned(), false)];
    let mut at = 0;
    while let Some((item, is_many)) = reached.get(at).cloned() {
        at += 1;
        for joined in &pairs {
            for next in next_to(joined, &item) {
                if reached.iter().any(|(known, _)| *known == next) {
                    continue;
                }
                let many = is_many || !is_one_row(joined, &next, scope);
                reached.push((next, many));
            }
        }
    }
    reached.into_iter().filter(|(_, is_many)| *is_many).map(|(name, _)| name).collect()
}

fn equalities(on: &Expr, pairs: &mut Vec<Pair>) {
    match on {
        Expr::Nested(inner) => equalities(inner, pairs),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            equalities(left, pairs);
            equalities(right, pairs);
        }
        _ => {
            if let Some(([left, own], [right, other])) = equality(on) {
                pairs.push(((folded(left), folded(own)), (folded(right), folded(other))));
            }
        }
    }
}

/// Items that a join's condition connects with `item`.
fn next_to(pairs: &[Pair], item: &str) -> HashSet<String> {
    let ends = pairs.iter().filter_map(|((left, _), (right, _))| {
        if left == item {
            Some(right.clone())
        } else if right == item {
            Some(left.clone())
        } else {
            None
        }
    });
    ends.collect()
}

/// Whether the pairs give each column of the item's primary key a value.
fn is_one_row(pairs: &[Pair], item: &str, scope: &Scope<'_>) -> bool {
    let columns: HashSet<&str> = pairs
        .iter()
        .flat_map(|(left, right)| [left, right])
        .filter(|(name, _)| name == item)
        .map(|(_, column)| column.as_str())
        .collect();
    let relation = scope.item(item).and_then(|item| item.relation);
    relation.is_some_and(|relation| relation.is_one_row(|column| columns.contains(column)))
}
