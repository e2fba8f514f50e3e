//! Keys of the snapshot, declared and guessed, for columns that are one key away and conditions that are none.

use std::collections::HashSet;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, TableFactor,
};

use super::scope::{Item, Scope, attribute, ends};
use crate::schema::{ForeignKey, Relation, Snapshot, quote_ident, quote_qualified};
use crate::sql::edits::Source;
use crate::sql::walk::folded;

/// Words before JOIN that leave the rows of what stands before.
const KINDS: &[&str] = &["inner", "left", "outer"];
/// Most keys on the way to a column: what is further away is hardly meant.
const MAX_STEPS: usize = 3;
/// Most ways looked at: a schema where everything references everything has no one way.
const MAX_WAYS: usize = 200;

/// The way along keys to a relation that has a column.
#[derive(Debug, Clone)]
pub(super) struct Way<'s> {
    /// Name of the item it begins at.
    pub from: String,
    /// Each key references the relation that has the next one.
    pub keys: Vec<&'s ForeignKey>,
    end: &'s Relation,
}

/// The one shortest way from `items`, along keys they have, to a relation with that column; of
/// several as short the one from the item that is `meant`. What a key references is unique there,
/// so the joins repeat no row.
pub(super) fn way_to<'s>(
    snapshot: &'s Snapshot,
    items: &[Item<'s>],
    meant: Option<&str>,
    column: &str,
) -> Option<Way<'s>> {
    let begin = |item: &Item<'s>| {
        Some(Way { from: item.name.clone(), keys: Vec::new(), end: item.relation? })
    };
    let mut ways: Vec<Way<'s>> = items.iter().filter_map(begin).collect();
    for _ in 0..MAX_STEPS {
        ways = ways.iter().flat_map(|way| way.further(snapshot)).take(MAX_WAYS + 1).collect();
        if ways.len() > MAX_WAYS {
            return None;
        }
        let there: Vec<&Way<'s>> =
            ways.iter().filter(|way| attribute(way.end, column).is_some()).collect();
        let mut meant = there.iter().filter(|way| Some(way.from.as_str()) == meant);
        match (there.as_slice(), meant.next(), meant.next()) {
            ([], ..) => {}
            ([way], ..) | (_, Some(way), None) => return Some((*way).clone()),
            _ => return None,
        }
    }
    None
}

/// The one key that leads to one of `items` from a relation with that column, and the item's name.
/// An item can have many rows of that relation.
pub(super) fn key_to<'s>(
    snapshot: &'s Snapshot,
    items: &[Item<'s>],
    column: &str,
) -> Option<(String, &'s ForeignKey)> {
    let mut keys = items.iter().flat_map(|item| {
        let own = snapshot.all_keys().filter(|key| item.relation.is_some_and(|r| r.name == key.to));
        own.filter_map(|key| {
            let (from, to) = (snapshot.relation(&key.from)?, item.relation?);
            let has = attribute(from, column).is_some() && is_readable(key, from, to);
            has.then(|| (item.name.clone(), key))
        })
    });
    let first = keys.next()?;
    keys.next().is_none().then_some(first)
}

impl<'s> Way<'s> {
    /// With one more key.
    fn further(&self, snapshot: &'s Snapshot) -> Vec<Self> {
        let own = snapshot.all_keys().filter(|key| key.from == self.end.name);
        own.filter_map(|key| {
            let end = snapshot.relation(&key.to)?;
            let keys = self.keys.iter().copied().chain([key]).collect();
            is_readable(key, self.end, end).then(|| Self { from: self.from.clone(), keys, end })
        })
        .collect()
    }
}

/// Whether the caller may read both ends' columns.
fn is_readable(key: &ForeignKey, from: &Relation, to: &Relation) -> bool {
    key.from_columns.len() == key.to_columns.len()
        && key.from_columns.iter().all(|name| attribute(from, name).is_some())
        && key.to_columns.iter().all(|name| attribute(to, name).is_some())
}

/// The join to what a key of `from` references, under the name `alias`.
pub(super) fn join(key: &ForeignKey, from: &str, alias: &str) -> String {
    let alias = quote_ident(alias);
    let condition = condition(key, from, &alias);
    format!(" JOIN {} AS {alias} ON {condition}", quote_qualified(&key.to))
}

/// The join to the relation whose key leads to `to`, under the name `alias`.
pub(super) fn join_from(key: &ForeignKey, to: &str, alias: &str) -> String {
    let condition = condition(key, alias, &quote_ident(to));
    format!(" JOIN {} AS {} ON {condition}", quote_qualified(&key.from), quote_ident(alias))
}

/// The columns of a key, equal. `from` is quoted here, `to` already.
fn condition(key: &ForeignKey, from: &str, to: &str) -> String {
    let from = quote_ident(from);
    let pairs = key.from_columns.iter().zip(&key.to_columns);
    let equal = pairs
        .map(|(own, other)| format!("{to}.{} = {from}.{}", quote_ident(other), quote_ident(own)));
    equal.collect::<Vec<_>>().join(" AND ")
}

/// An equality of two columns that cannot hold, with the names it begins and ends with.
pub(super) struct Broken<'e> {
    pub first: &'e Ident,
    pub last: &'e Ident,
    /// What should stand there instead.
    pub instead: String,
}

/// The condition of `join`, where it names a column that is not there, or compares what cannot be
/// equal or stands for rows of different relations, and one key connects what is joined with what it is
/// joined to.
pub(super) fn broken<'e>(
    join: &'e Join,
    scope: &Scope<'_>,
    snapshot: &Snapshot,
) -> Option<Broken<'e>> {
    let (left, right) = equality(condition_of(&join.join_operator)?)?;
    let sides = [resolve(left, scope)?, resolve(right, scope)?];
    let [(left_item, left_column), (right_item, right_column)] = &sides;
    let (own, other) = (left_item.relation?, right_item.relation?);
    if left_item.name == right_item.name {
        return None;
    }
    let can_hold = match (attribute(own, left_column), attribute(other, right_column)) {
        (Some(left), Some(right)) => comparable(&left.type_name, &right.type_name),
        _ => false,
    };
    let (first, last) = (left.first()?, right.last()?);
    let between = |one: &Item<'_>, two: &Item<'_>| keys_between(snapshot, one, two);
    if !can_hold {
        let instead = only(between(left_item, right_item))?;
        return Some(Broken { first, last, instead });
    }
    if !leads_elsewhere(snapshot, (own, left_column), (other, right_column)) {
        return None;
    }
    if let Some(instead) = only(between(left_item, right_item)) {
        return Some(Broken { first, last, instead });
    }
    // What is joined may have a key to, or from, another that was read before.
    let (_, joined) = ends(&join.relation)?;
    let joined = scope.item(&folded(joined))?;
    let before = scope.items.iter().take_while(|item| item.name != joined.name);
    let instead = only(before.flat_map(|item| between(joined, item)).collect())?;
    Some(Broken { first, last, instead })
}

fn only(mut conditions: Vec<String>) -> Option<String> {
    let first = conditions.pop()?;
    conditions.is_empty().then_some(first)
}

/// The conditions of the keys between two items, in either direction.
fn keys_between(snapshot: &Snapshot, one: &Item<'_>, two: &Item<'_>) -> Vec<String> {
    let (Some(own), Some(other)) = (one.relation, two.relation) else { return Vec::new() };
    let keys = snapshot.all_keys().filter_map(|key| {
        if key.from == own.name && key.to == other.name && is_readable(key, own, other) {
            Some(condition(key, &one.name, &quote_ident(&two.name)))
        } else if key.from == other.name && key.to == own.name && is_readable(key, other, own) {
            Some(condition(key, &two.name, &quote_ident(&one.name)))
        } else {
            None
        }
    });
    keys.collect()
}

/// Whether two columns of different names are equal although a key of one of them leads to another
/// relation than the other is of, or references. Numbers of customers are no numbers of services.
fn leads_elsewhere(
    snapshot: &Snapshot,
    (own, left): (&Relation, &str),
    (other, right): (&Relation, &str),
) -> bool {
    let stands_for = |relation: &Relation, column: &str| {
        let own = snapshot.all_keys().filter(|key| {
            key.from == relation.name && key.from_columns.iter().any(|name| name == column)
        });
        let own = own.flat_map(|key| {
            let at = key.from_columns.iter().position(|name| name == column);
            at.and_then(|at| Some((key.to.clone(), key.to_columns.get(at)?.clone())))
        });
        let itself = (relation.name.clone(), column.to_owned());
        own.chain([itself]).collect::<HashSet<_>>()
    };
    let (ours, theirs) = (stands_for(own, left), stands_for(other, right));
    let is_key = ours.len() > 1 || theirs.len() > 1;
    left != right && is_key && ours.is_disjoint(&theirs)
}

/// The condition behind ON.
pub(in crate::sql) fn condition_of(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on))
        | JoinOperator::Right(JoinConstraint::On(on))
        | JoinOperator::RightOuter(JoinConstraint::On(on))
        | JoinOperator::FullOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// The condition of a join that keeps what stands before it, or loses rows of it at most.
pub(in crate::sql) fn phrase(join: &Join) -> Option<&Expr> {
    match join.join_operator {
        JoinOperator::Join(_)
        | JoinOperator::Inner(_)
        | JoinOperator::Left(_)
        | JoinOperator::LeftOuter(_) => condition_of(&join.join_operator),
        _ => None,
    }
}

/// Position of the first word of the phrase that joins `factor`, of such a join.
pub(in crate::sql) fn begin_of(factor: &TableFactor, source: &Source<'_>) -> Option<usize> {
    let tokens = source.tokens();
    let (first, _) = ends(factor)?;
    let mut at = source.token(first.span.start)?.checked_sub(1)?;
    tokens.get(at).filter(|token| token.is_word("join"))?;
    while let Some(before) = at.checked_sub(1)
        && tokens.get(before).is_some_and(|token| token.is_any_word(KINDS))
    {
        at = before;
    }
    Some(at)
}

/// Both sides of `a.b = c.d`.
pub(in crate::sql) fn equality(expr: &Expr) -> Option<(&[Ident], &[Ident])> {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return None };
    match (left.as_ref(), right.as_ref()) {
        (Expr::CompoundIdentifier(left), Expr::CompoundIdentifier(right)) => Some((left, right)),
        _ => None,
    }
}

fn resolve<'a, 's>(parts: &[Ident], scope: &'a Scope<'s>) -> Option<(&'a Item<'s>, String)> {
    let [qualifier, column] = parts else { return None };
    Some((scope.item(&folded(qualifier))?, folded(column)))
}

/// Whether the server has an equality for two types, as far as can be told from their names.
fn comparable(one: &str, other: &str) -> bool {
    match (family(one), family(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other || family(one).is_none() || family(other).is_none(),
    }
}

/// Types among which everything compares; `None` for those this code does not know.
pub(in crate::sql) fn family(type_name: &str) -> Option<&'static str> {
    const FAMILIES: &[(&str, &[&str])] = &[
        ("number", &["smallint", "integer", "bigint", "numeric", "real", "double precision"]),
        ("text", &["text", "character", "character varying", "name"]),
        ("time", &["date", "timestamp without time zone", "timestamp with time zone"]),
        ("boolean", &["boolean"]),
        ("uuid", &["uuid"]),
    ];
    let bare = type_name.split('(').next().unwrap_or_default().trim();
    FAMILIES.iter().find(|(_, types)| types.contains(&bare)).map(|(family, _)| *family)
}
