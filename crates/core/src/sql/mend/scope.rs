//! What can be named in one SELECT: the items of its FROM clause.
//!
//! Owns which relation of the snapshot an item is, and what is not known about the others.

use std::collections::HashSet;

use sqlparser::ast::{Expr, Ident, Select, SelectItem, TableFactor, TableWithJoins};

use crate::link::split;
use crate::schema::{Attribute, Relation, RelationName, Snapshot};
use crate::sql::walk::{folded, relation_parts};

/// Columns every relation has.
const SYSTEM_COLUMNS: &[&str] = &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Letters of a name that may have one wrong among them.
const LETTERS_A_SLIP: usize = 7;
/// Most letters that are wrong.
const MAX_SLIPS: usize = 2;

/// An item of a FROM clause.
#[derive(Debug, Clone)]
pub(in crate::sql) struct Item<'s> {
    /// The name its columns are qualified with.
    pub name: String,
    /// `None`: a sub-query, function or common table expression, whose columns are not known here.
    pub relation: Option<&'s Relation>,
}

/// A SELECT as its names see it.
#[derive(Debug, Default)]
pub(in crate::sql) struct Scope<'s> {
    /// In the order of the FROM clause.
    pub items: Vec<Item<'s>>,
    /// Names of output columns, which ORDER BY and GROUP BY may use.
    pub labels: HashSet<String>,
    /// Whether there may be names that are not known here.
    pub open: bool,
    /// Position of the last token of the FROM clause, where a join can be added behind it.
    pub end: Option<usize>,
    /// Relations that joins were added of.
    pub added: Vec<RelationName>,
    /// Columns without a qualifier, with the name of the one item that has them.
    pub bare: Vec<(Ident, String)>,
}

impl<'s> Item<'s> {
    /// Whether a column of that name is certainly there.
    pub fn has(&self, column: &str) -> bool {
        self.relation.is_some_and(|relation| attribute(relation, column).is_some())
    }

    /// Whether a column of that name is certainly not there.
    pub fn lacks(&self, column: &str) -> bool {
        self.relation.is_some() && !self.has(column) && !SYSTEM_COLUMNS.contains(&column)
    }

    /// The one column that a name can stand for although it is called otherwise: in other case, with
    /// other underscores, with the relation's name in front that one of both lacks (`customer_id` of
    /// `customers`, where the column is `id`), or with a letter or two misspelt.
    pub fn called_otherwise(&self, column: &str) -> Option<&'s Attribute> {
        let relation = self.relation?;
        let only = |is_meant: &dyn Fn(&str) -> bool| {
            let mut meant = relation.columns.iter().filter(|c| is_meant(&c.name));
            let first = meant.next()?;
            meant.next().is_none().then_some(first)
        };
        let own = split(&relation.name.name);
        let rest = |name: &str| -> Vec<String> {
            split(name).into_iter().filter(|word| !own.contains(word)).collect()
        };
        let (bare, wanted) = (letters(column), rest(column));
        only(&|name| name.eq_ignore_ascii_case(column))
            .or_else(|| only(&|name| letters(name) == bare))
            .or_else(|| only(&|name| !wanted.is_empty() && rest(name) == wanted))
            .or_else(|| only(&|name| is_misspelt(name, column)))
    }
}

/// A name without what is forgotten or added easily.
fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether two long names differ in a letter, or in two if they are longer still; numbers count as they
/// are (`line_1` is not `line_2`).
fn is_misspelt(one: &str, other: &str) -> bool {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let most = one.len().min(other.len()) / LETTERS_A_SLIP;
    most > 0
        && digits(one) == digits(other)
        && strsim::osa_distance(&one.to_lowercase(), &other.to_lowercase()) <= most.min(MAX_SLIPS)
}

pub(in crate::sql) fn attribute<'r>(relation: &'r Relation, column: &str) -> Option<&'r Attribute> {
    relation.columns.iter().find(|c| c.name == column)
}

impl<'s> Scope<'s> {
    /// Of a SELECT; `ctes` are names that are no relations.
    pub fn of(select: &Select, snapshot: &'s Snapshot, ctes: &HashSet<String>) -> Self {
        let mut scope = Self::default();
        for from in &select.from {
            scope.add(from, snapshot, ctes);
        }
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                scope.labels.insert(folded(alias));
            }
        }
        scope
    }

    fn add(&mut self, from: &TableWithJoins, snapshot: &'s Snapshot, ctes: &HashSet<String>) {
        self.add_factor(&from.relation, snapshot, ctes);
        for join in &from.joins {
            self.add_factor(&join.relation, snapshot, ctes);
        }
    }

    fn add_factor(&mut self, factor: &TableFactor, snapshot: &'s Snapshot, ctes: &HashSet<String>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let Some((schema, relation)) = relation_parts(name) else {
                    self.open = true;
                    return;
                };
                let is_cte = schema.is_none() && ctes.contains(&relation);
                let renamed = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
                let found = (!is_cte && !renamed)
                    .then(|| find(snapshot, schema.as_deref(), &relation))
                    .flatten();
                let name = alias.as_ref().map_or(relation, |alias| folded(&alias.name));
                self.open |= found.is_none();
                self.items.push(Item { name, relation: found });
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.add(table_with_joins, snapshot, ctes);
            }
            TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::Function { alias: Some(alias), .. }
            | TableFactor::UNNEST { alias: Some(alias), .. }
            | TableFactor::Table { alias: Some(alias), .. } => {
                self.open = true;
                self.items.push(Item { name: folded(&alias.name), relation: None });
            }
            _ => self.open = true,
        }
    }

    /// The item of that name.
    pub fn item(&self, name: &str) -> Option<&Item<'s>> {
        self.items.iter().find(|item| item.name == name)
    }

    /// The item a column is of, and its name; `None` where it cannot be told.
    pub fn column(&self, expr: &Expr) -> Option<(String, String)> {
        match expr {
            Expr::Nested(inner) => self.column(inner),
            Expr::Identifier(name) if !self.open => {
                let bare = folded(name);
                let having: Vec<&str> = self.having(&bare).map(|item| item.name.as_str()).collect();
                let [item] = having.as_slice() else { return None };
                let item = (*item).to_owned();
                Some((item, bare))
            }
            Expr::CompoundIdentifier(parts) => {
                let [.., item, name] = parts.as_slice() else { return None };
                let item = self.item(&folded(item))?;
                Some((item.name.clone(), folded(name)))
            }
            _ => None,
        }
    }

    /// The items that have a column of that name.
    pub fn having<'a>(&'a self, column: &'a str) -> impl Iterator<Item = &'a Item<'s>> {
        self.items.iter().filter(move |item| item.has(column))
    }
}

/// The column that a name means, with the SELECT whose FROM clause has it; `scopes` are those around,
/// the innermost last.
pub(in crate::sql) fn resolve<'a, 's>(
    scopes: &'a [Scope<'s>],
    parts: &[Ident],
) -> Option<(&'a Scope<'s>, &'s Relation, &'s Attribute)> {
    let (relation, scope, name) = match parts {
        [name] => {
            let scope = scopes.last().filter(|scope| !scope.open)?;
            let name = folded(name);
            let having: Vec<_> = scope.having(&name).collect();
            let [only] = having.as_slice() else { return None };
            (only.relation?, scope, name)
        }
        [.., qualifier, name] => {
            let qualifier = folded(qualifier);
            let scope = scopes.iter().rev().find(|scope| scope.item(&qualifier).is_some())?;
            (scope.item(&qualifier)?.relation?, scope, folded(name))
        }
        [] => return None,
    };
    Some((scope, relation, attribute(relation, &name)?))
}

/// The relation a name can only mean.
fn find<'s>(snapshot: &'s Snapshot, schema: Option<&str>, name: &str) -> Option<&'s Relation> {
    let mut named = snapshot.relations.iter().filter(|relation| {
        relation.name.name == name && schema.is_none_or(|schema| relation.name.schema == schema)
    });
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

/// The first and the last name of a relation in a FROM clause; the last is what it goes by.
pub(in crate::sql) fn ends(factor: &TableFactor) -> Option<(&Ident, &Ident)> {
    let TableFactor::Table { name, alias, args: None, sample: None, .. } = factor else {
        return None;
    };
    let first = name.0.first()?.as_ident()?;
    let last = match alias {
        Some(alias) if alias.columns.is_empty() => &alias.name,
        Some(_) => return None,
        None => name.0.last()?.as_ident()?,
    };
    Some((first, last))
}
