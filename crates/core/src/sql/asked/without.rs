//! "Do not", "never", "without", where a row has many of what it shall not have.
//!
//! "Tracks that do not have a race of class GT" is easily written as a join with `class <> 'GT'`,
//! which finds the tracks that have another one. Where one row of the result can have many rows of what
//! is denied, and these serve nothing else, they go into a NOT EXISTS with the condition as it is
//! without the denial. Not where the question denies it of them: "clients with invoices that are not paid". Where each has one at most, `<>` says the same, and the statement stays.

use std::collections::HashSet;
use std::ops::{ControlFlow, RangeInclusive};

use sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, Join, Query, Select, SelectItem, SetExpr, Value,
    ValueWithSpan, Visit, Visitor,
};

use super::many::{first_of, last_of, many_of};
use super::words::Asked;
use crate::link::split;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::joins::{begin_of, phrase};
use crate::sql::mend::scope::{Scope, ends};
use crate::sql::parsed::ParsedSql;
use crate::sql::walk::{conjuncts, cte_names, folded};

/// `sql` with what is denied in a NOT EXISTS.
pub(super) fn none_of(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    if !asked.denies() {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let select = single(&query)?;
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let [from] = select.from.as_slice() else { return None };
    let mut denials = Vec::new();
    conjuncts(select.selection.as_ref()?, &mut |expr| {
        denials.extend(denial(expr, &scope, &source))
    });
    // As much as serves nothing else: whoever owns no horse that ran may own none.
    let moved = (0..from.joins.len()).find_map(|at| {
        let joins = from.joins.get(at..)?;
        Moved::of(joins, &denials, &scope, select, (&query, &source), asked)
    })?;
    let edits = moved.edits(&denials, &source)?;
    source.with(edits)
}

/// The SELECT of a query that does not group.
fn single(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
        && select.having.is_none();
    let is_all = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_));
    (query.with.is_none() && ungrouped && !select.projection.iter().any(is_all)).then_some(select)
}

/// A condition that denies.
struct Denial {
    item: String,
    /// The column it is of, as it is written.
    column: String,
    /// Positions of its first and last token.
    place: RangeInclusive<usize>,
    /// The same without the denial.
    affirmed: String,
}

fn denial(expr: &Expr, scope: &Scope<'_>, source: &Source<'_>) -> Option<Denial> {
    let (column, value, operator) = match expr {
        Expr::Nested(inner) => return denial(inner, scope, source),
        Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } => (left, right, "="),
        Expr::Like { negated: true, any: false, expr, pattern, escape_char: None } => {
            (expr, pattern, "LIKE")
        }
        Expr::ILike { negated: true, any: false, expr, pattern, escape_char: None } => {
            (expr, pattern, "ILIKE")
        }
        _ => return None,
    };
    let Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(_) | Value::Number(..),
        span,
    }) = value.as_ref()
    else {
        return None;
    };
    let (item, _) = scope.column(column)?;
    let first = first_of(column)?.span.start;
    let last = last_of(column)?.span.start;
    let column = source.text_between(first, last)?;
    let value = source.text_between(span.start, span.start)?;
    Some(Denial {
        item,
        place: source.token(first)?..=source.token(span.start)?,
        affirmed: format!("{column} {operator} {value}"),
        column: column.to_lowercase(),
    })
}

/// The joins that go into the NOT EXISTS.
struct Moved {
    /// Items that go.
    items: HashSet<String>,
    /// From the word that begins the first of them to the end of the FROM clause.
    place: RangeInclusive<usize>,
    /// What becomes the FROM clause within.
    from: String,
    /// The condition that connects it with what stays.
    on: String,
}

impl Moved {
    fn of(
        joins: &[Join],
        denials: &[Denial],
        scope: &Scope<'_>,
        select: &Select,
        (query, source): (&Query, &Source<'_>),
        asked: &Asked,
    ) -> Option<Self> {
        let first = joins.first()?;
        if !joins.iter().all(|join| phrase(join).is_some()) {
            return None;
        }
        let items: Option<HashSet<String>> =
            joins.iter().map(|join| ends(&join.relation).map(|(_, last)| folded(last))).collect();
        let items = items?;
        let own: Vec<&Denial> =
            denials.iter().filter(|denial| items.contains(&denial.item)).collect();
        // "Neither in Kent nor in Essex": nothing is in both.
        let columns: HashSet<&str> = own.iter().map(|denial| denial.column.as_str()).collect();
        if columns.len() < own.len() || is_denied_of_them(&items, scope, asked) {
            return None;
        }
        let stays = scope.items.iter().find(|item| !items.contains(&item.name))?;
        let can_have_many =
            own.iter().any(|denial| many_of(select, scope, &stays.name).contains(&denial.item));
        if own.is_empty() || !(can_have_many || own.len() > 1) {
            return None;
        }
        let place = place_of(joins, source)?;
        let is_free = |at: usize| {
            !place.contains(&at) && !own.iter().any(|denial| denial.place.contains(&at))
        };
        if is_used(query, &items, scope, source, is_free) {
            return None;
        }
        let (begin, name) = ends(&first.relation)?;
        let (begin, name) = (source.token(begin.span.start)?, source.token(name.span.start)?);
        source.tokens().get(name + 1).filter(|token| token.is_word("on"))?;
        let relation = source.text_of_tokens(begin, name)?;
        let next = match joins.get(1) {
            Some(next) => begin_of(&next.relation, source)?,
            None => place.end() + 1,
        };
        let on = source.text_of_tokens(name + 2, next.checked_sub(1)?)?.to_owned();
        let rest = if joins.len() > 1 { source.text_of_tokens(next, *place.end())? } else { "" };
        Some(Self { items, place, from: format!("{relation} {rest}"), on })
    }

    fn edits(&self, denials: &[Denial], source: &Source<'_>) -> Option<Edits> {
        let tokens = source.tokens();
        let mut own = denials.iter().filter(|denial| self.items.contains(&denial.item));
        let first = own.next()?;
        let rest: Vec<&Denial> = own.collect();
        let affirmed: Vec<&str> = std::iter::once(first)
            .chain(rest.iter().copied())
            .map(|denial| denial.affirmed.as_str())
            .collect();
        let mut edits = Edits::default();
        let (begin, end) = (tokens.get(*self.place.start())?, tokens.get(*self.place.end())?);
        edits.remove(begin, end);
        let exists = format!(
            "NOT EXISTS (SELECT 1 FROM {} WHERE {} AND {})",
            self.from.trim_end(),
            self.on,
            affirmed.join(" AND ")
        );
        let (begin, end) = (tokens.get(*first.place.start())?, tokens.get(*first.place.end())?);
        edits.replace_tokens(begin, end, exists);
        for denial in rest {
            let (begin, end) =
                (tokens.get(*denial.place.start())?, tokens.get(*denial.place.end())?);
            edits.replace_tokens(begin, end, "true".to_owned());
        }
        Some(edits)
    }
}

/// Whether what is denied is said of the items themselves: "invoices that have not been paid" are there,
/// but "who has not paid an invoice" has none that is paid.
fn is_denied_of_them(items: &HashSet<String>, scope: &Scope<'_>, asked: &Asked) -> bool {
    let named = scope.items.iter().filter(|item| items.contains(&item.name));
    let names = named.filter_map(|item| Some(split(&item.relation?.name.name)));
    let words: HashSet<String> = names.flatten().collect();
    asked.denies_of(|word| split(word).iter().any(|word| words.contains(word)))
}

/// From the phrase of the first of `joins`, which are the last of a FROM clause, to its end.
fn place_of(joins: &[Join], source: &Source<'_>) -> Option<RangeInclusive<usize>> {
    let begin = begin_of(&joins.first()?.relation, source)?;
    Some(begin..=source.end_of_from(begin)?)
}

/// Whether a column anywhere that `is_free` is one of the items'.
fn is_used(
    query: &Query,
    items: &HashSet<String>,
    scope: &Scope<'_>,
    source: &Source<'_>,
    is_free: impl Fn(usize) -> bool,
) -> bool {
    struct Uses<'a, F> {
        items: &'a HashSet<String>,
        scope: &'a Scope<'a>,
        source: &'a Source<'a>,
        is_free: F,
    }
    impl<F: Fn(usize) -> bool> Visitor for Uses<'_, F> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Some(first) = first_of(expr) else { return ControlFlow::Continue(()) };
            let at = self.source.token(first.span.start);
            let is_elsewhere = at.is_none_or(|at| (self.is_free)(at));
            let is_theirs = match self.scope.column(expr) {
                Some((item, _)) => self.items.contains(&item),
                None => true,
            };
            if is_elsewhere && is_theirs {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
    }
    query.visit(&mut Uses { items, scope, source, is_free }).is_break()
}
