//! The way through a statement: which SELECT a name stands in, and what is wrong with it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, Query, Select, SetExpr, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::Location;

use super::joins::{broken, equality, join, join_from, key_to, way_to};
use super::scope::{Item, Scope, attribute};
use crate::schema::{ForeignKey, Relation, Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::scoped::EachSelect;
use crate::sql::walk::{cte_names, folded};

/// Most wrong names that are looked into: each is sought in all that is read, and along the keys.
const MAX_WRONG: usize = 64;

/// A join that was added.
struct Joined<'s> {
    /// Position of the token it was added behind.
    end: usize,
    key: &'s ForeignKey,
    /// Name of the item that has the key.
    from: String,
    alias: String,
}

/// Goes through a statement once and notes what to change.
pub(super) struct Walker<'a, 's> {
    pub(super) source: &'a Source<'a>,
    pub(super) snapshot: &'s Snapshot,
    ctes: HashSet<String>,
    /// From the outermost SELECT to the one being read.
    scopes: Vec<Scope<'s>>,
    /// Queries within one whose parts were read on their own.
    skipping: usize,
    /// Names compared with others: one of them with another's table would be compared with itself.
    settled: HashSet<(u64, u64)>,
    /// Names that are written anew.
    replaced: HashSet<(u64, u64)>,
    joined: Vec<Joined<'s>>,
    /// Wrong names that may still be looked into.
    left: usize,
    /// Names given to what was joined.
    pub(super) names: Vec<String>,
    pub(super) edits: Edits,
}

impl<'a, 's> Walker<'a, 's> {
    pub fn new(source: &'a Source<'a>, snapshot: &'s Snapshot, query: &Query) -> Self {
        Self {
            source,
            snapshot,
            ctes: cte_names(query),
            scopes: Vec::new(),
            skipping: 0,
            settled: HashSet::new(),
            replaced: HashSet::new(),
            joined: Vec::new(),
            left: MAX_WRONG,
            names: Vec::new(),
            edits: Edits::default(),
        }
    }

    pub fn into_edits(self) -> Edits {
        self.edits
    }

    /// A column with its qualifier. `is_compared` with another column, it stays one of its table.
    fn qualified(&mut self, qualifier: &Ident, column: &Ident, is_compared: bool) {
        let (wanted, name) = (folded(qualifier), folded(column));
        let Some((depth, item)) = self.named(&wanted) else {
            if !is_compared && self.one_more() {
                self.unknown_qualifier(qualifier, column);
            }
            return;
        };
        if !item.lacks(&name) || !self.one_more() {
            return;
        }
        if let Some(real) = item.called_otherwise(&name) {
            let real = quote_ident(&real.name);
            return self.edits.replace(self.source, column, column, real);
        }
        let Some(scope) = self.scopes.get(depth).filter(|_| !is_compared) else { return };
        let others: Vec<&Item<'_>> = scope.having(&name).collect();
        if let [other] = others.as_slice() {
            let other = quote_ident(&other.name);
            return self.edits.replace(self.source, qualifier, qualifier, other);
        }
        if others.is_empty() {
            let all = scope.items.clone();
            if let Some(alias) = self.join_for(depth, &all, Some(&wanted), &name) {
                self.edits.replace(self.source, qualifier, qualifier, quote_ident(&alias));
            }
        }
    }

    /// A qualifier that no FROM clause around has.
    fn unknown_qualifier(&mut self, qualifier: &Ident, column: &Ident) {
        let name = folded(column);
        let Some(scope) = self.scopes.last().filter(|scope| !scope.open) else { return };
        let having: Vec<String> = scope.having(&name).map(|item| item.name.clone()).collect();
        let instead = match having.as_slice() {
            [only] => Some(only.clone()),
            [] => {
                let all = scope.items.clone();
                self.join_for(self.scopes.len() - 1, &all, None, &name)
            }
            _ => None,
        };
        if let Some(instead) = instead {
            self.edits.replace(self.source, qualifier, qualifier, quote_ident(&instead));
        }
    }

    fn bare(&mut self, column: &Ident) {
        let name = folded(column);
        let known = |scope: &Scope<'_>| {
            scope.open
                || scope.labels.contains(&name)
                || scope.item(&name).is_some()
                || scope.items.iter().any(|item| !item.lacks(&name))
        };
        if self.scopes.iter().any(known) {
            if let Some(scope) = self.scopes.last_mut().filter(|s| !s.labels.contains(&name)) {
                let having: Vec<String> =
                    scope.having(&name).map(|item| item.name.clone()).collect();
                if let [only] = having.as_slice() {
                    scope.bare.push((column.clone(), only.clone()));
                }
            }
            return;
        }
        let Some(all) = self.scopes.last().map(|scope| scope.items.clone()) else { return };
        if !self.one_more() {
            return;
        }
        let otherwise: Vec<_> =
            all.iter().filter_map(|item| Some((item, item.called_otherwise(&name)?))).collect();
        let both = match otherwise.as_slice() {
            [(item, real)] => (item.name.clone(), real.name.clone()),
            [] => match self.join_for(self.scopes.len() - 1, &all, None, &name) {
                Some(alias) => (alias, name),
                None => return,
            },
            _ => return,
        };
        let both = format!("{}.{}", quote_ident(&both.0), quote_ident(&both.1));
        self.edits.replace(self.source, column, column, both);
    }

    /// Whether another wrong name may be looked into.
    fn one_more(&mut self) -> bool {
        let more = self.left > 0;
        self.left = self.left.saturating_sub(1);
        more
    }

    /// The innermost item of that name, and which SELECT it is of.
    fn named(&self, name: &str) -> Option<(usize, Item<'s>)> {
        let scopes = self.scopes.iter().enumerate().rev();
        scopes.into_iter().find_map(|(depth, scope)| Some((depth, scope.item(name)?.clone())))
    }

    /// Joins what leads to the one relation that has the column; tells its name.
    fn join_for(
        &mut self,
        depth: usize,
        items: &[Item<'s>],
        meant: Option<&str>,
        column: &str,
    ) -> Option<String> {
        let end = self.scopes.get(depth)?.end?;
        let token = self.source.tokens().get(end)?;
        let Some(way) = way_to(self.snapshot, items, meant, column) else {
            return self.join_many(depth, items, column);
        };
        let mut from = way.from;
        let mut added = String::new();
        for key in way.keys {
            let is_there = |joined: &&Joined<'_>| {
                joined.end == end && joined.key == key && joined.from == from
            };
            if let Some(joined) = self.joined.iter().find(is_there) {
                from = joined.alias.clone();
                continue;
            }
            let alias = self.free_name(&key.to.name, self.scopes.get(depth)?);
            self.names.push(alias.clone());
            if let Some(scope) = self.scopes.get_mut(depth) {
                scope.added.push(key.to.clone());
            }
            added.push_str(&join(key, &from, &alias));
            self.joined.push(Joined { end, key, from, alias: alias.clone() });
            from = alias;
        }
        if !added.is_empty() {
            self.edits.insert_behind(token, added);
        }
        Some(from)
    }

    /// Joins the one relation that has the column and a key to one of `items`; tells its name.
    fn join_many(&mut self, depth: usize, items: &[Item<'s>], column: &str) -> Option<String> {
        let end = self.scopes.get(depth)?.end?;
        let token = self.source.tokens().get(end)?;
        let (item, key) = key_to(self.snapshot, items, column)?;
        let is_there =
            |joined: &&Joined<'_>| joined.end == end && joined.key == key && joined.from == item;
        if let Some(joined) = self.joined.iter().find(is_there) {
            return Some(joined.alias.clone());
        }
        let alias = self.free_name(&key.from.name, self.scopes.get(depth)?);
        self.names.push(alias.clone());
        self.scopes.get_mut(depth)?.added.push(key.from.clone());
        self.edits.insert_behind(token, join_from(key, &item, &alias));
        self.joined.push(Joined { end, key, from: item, alias: alias.clone() });
        Some(alias)
    }

    /// `wanted`, or with a number behind it, as nothing in `scope` or around it is called.
    pub(super) fn free_name(&self, wanted: &str, scope: &Scope<'_>) -> String {
        let is_taken = |name: &str| {
            scope.item(name).is_some()
                || self.scopes.iter().any(|scope| scope.item(name).is_some())
                || self.names.iter().any(|given| given == name)
                || self.ctes.contains(name)
        };
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !is_taken(name)).unwrap_or_default()
    }
}

impl Visitor for Walker<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.skipping > 0 {
            self.skipping += 1;
            return ControlFlow::Continue(());
        }
        match query.body.as_ref() {
            SetExpr::Select(select) => self.enter(select),
            SetExpr::SetOperation { .. } => {
                // The names of its SELECTs would come without a word of which one they stand in.
                let _ = query.with.visit(self);
                self.branches(&query.body);
                self.skipping = 1;
            }
            _ => self.scopes.push(Scope { open: true, ..Scope::default() }),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        if self.skipping > 0 {
            self.skipping -= 1;
        } else {
            self.leave();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.skipping > 0 {
            return ControlFlow::Continue(());
        }
        if let Some(([left, _], [right, _])) = equality(expr)
            && folded(left) != folded(right)
        {
            self.settled.extend(columns_in(expr));
        }
        match expr {
            Expr::Identifier(column) if !self.is_settled(column) => self.bare(column),
            Expr::CompoundIdentifier(parts) => {
                if let [qualifier, column] = parts.as_slice()
                    && !self.replaced.contains(&place(column.span.start))
                {
                    self.qualified(qualifier, column, self.is_settled(column));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl EachSelect for Walker<'_, '_> {
    /// Makes a SELECT the innermost one, and looks at the conditions of its joins.
    fn enter(&mut self, select: &Select) {
        let mut scope = Scope::of(select, self.snapshot, &self.ctes);
        // A join behind a comma could not name what stands before the comma.
        if let [from] = select.from.as_slice() {
            scope.end = first_name(&from.relation)
                .and_then(|at| self.source.end_of_from(self.source.token(at)?));
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            self.settled.extend(columns_in(&join.join_operator));
            if let Some(broken) = broken(join, &scope, self.snapshot) {
                self.replaced.extend(columns_in(&join.join_operator));
                self.edits.replace(self.source, broken.first, broken.last, broken.instead);
            } else if let Some(joined) = self.join_between(join, &scope) {
                scope.added.extend(joined);
                self.replaced.extend(columns_in(&join.join_operator));
            }
        }
        self.scopes.push(scope);
    }

    /// Leaves the innermost SELECT. What was joined to it may have columns that others have too.
    fn leave(&mut self) {
        let Some(Scope { bare, added, .. }) = self.scopes.pop() else { return };
        let added: Vec<&Relation> =
            added.iter().filter_map(|name| self.snapshot.relation(name)).collect();
        for (column, item) in bare {
            let name = folded(&column);
            if added.iter().any(|relation| attribute(relation, &name).is_some()) {
                let both = format!("{}.{}", quote_ident(&item), quote_ident(&name));
                self.edits.replace(self.source, &column, &column, both);
            }
        }
    }
}

impl Walker<'_, '_> {
    fn is_settled(&self, name: &Ident) -> bool {
        self.settled.contains(&place(name.span.start))
    }
}

/// Where the columns of an expression stand.
fn columns_in(expr: &impl Visit) -> HashSet<(u64, u64)> {
    struct Places(HashSet<(u64, u64)>);
    impl Visitor for Places {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(name) => drop(self.0.insert(place(name.span.start))),
                Expr::CompoundIdentifier(parts) => {
                    self.0.extend(parts.iter().map(|part| place(part.span.start)));
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut places = Places(HashSet::new());
    let _ = expr.visit(&mut places);
    places.0
}

fn place(at: Location) -> (u64, u64) {
    (at.line, at.column)
}

/// Where a name of an item stands.
fn first_name(factor: &TableFactor) -> Option<Location> {
    let name = match factor {
        TableFactor::Table { name, .. } => name.0.first()?.as_ident()?,
        TableFactor::Derived { alias: Some(alias), .. } => &alias.name,
        _ => return None,
    };
    Some(name.span.start)
}
