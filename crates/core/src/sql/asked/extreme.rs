//! "The oldest" and "the youngest", which models order the wrong way round.
//!
//! The oldest has the highest age and the earliest birth. Columns of other dates are left alone: what
//! makes something old is known of these two alone. Where the order is by neither although one
//! relation read has exactly one such column, and nothing else of the question is a superlative, it is
//! that column.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, OrderByExpr, OrderByKind,
    Query, SetExpr, Visit, Visitor,
};

use super::many::{first_of, last_of};
use super::words::{Age, Asked};
use crate::link::split;
use crate::schema::{Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::joins::family;
use crate::sql::mend::scope::{Scope, attribute};
use crate::sql::parsed::ParsedSql;
use crate::sql::scoped::each_expression;
use crate::sql::walk::cte_names;

/// Words of columns that hold when somebody was born.
const BIRTH: &[&str] = &["birth", "birthday", "birthdate", "dob", "born"];

/// `sql` with orders and bounds of ages as the question wants them.
pub(super) fn turn(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let age = asked.age()?;
    let source = Source::new(sql)?;
    let query = source.query()?;
    let mut edits = Edits::default();
    let other = asked.has_other_extreme();
    let mut orders =
        Orders { source: &source, snapshot, query: &query, age, other, edits: &mut edits };
    let _ = query.visit(&mut orders);
    if !other {
        each_expression(&query, snapshot, |scopes, expr| {
            bound(scopes, expr, age, &source, &mut edits);
        });
    }
    source.with(edits)
}

/// What the values of a column say about how old somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// More is older.
    Age,
    /// Later is younger.
    Birth,
}

impl Measure {
    fn of(column: &str) -> Option<Self> {
        let words = split(column);
        let has = |word: &str| words.iter().any(|own| own == word);
        if BIRTH.iter().any(|word| has(word)) {
            // `birth_place` is none.
            return (words.len() == 1
                || words.iter().any(|w| ["date", "day", "year", "dob"].contains(&w.as_str())))
            .then_some(Self::Birth);
        }
        has("age").then_some(Self::Age)
    }

    /// Whether the highest of its values is meant.
    fn is_highest(self, age: Age) -> bool {
        (self == Self::Age) == (age == Age::Oldest)
    }
}

struct Orders<'a, 'q> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    query: &'q Query,
    age: Age,
    other: bool,
    edits: &'a mut Edits,
}

impl Visitor for Orders<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let (SetExpr::Select(select), Some(order), Some(_)) =
            (query.body.as_ref(), &query.order_by, &query.limit_clause)
            && let OrderByKind::Expressions(keys) = &order.kind
            && let [key] = keys.as_slice()
        {
            let scope = Scope::of(select, self.snapshot, &cte_names(self.query));
            self.key(key, &scope);
        }
        ControlFlow::Continue(())
    }
}

impl Orders<'_, '_> {
    fn key(&mut self, key: &OrderByExpr, scope: &Scope<'_>) -> Option<()> {
        let (item, column) = scope.column(&key.expr)?;
        let begin = first_of(&key.expr)?.span.start;
        let end = last_of(&key.expr)?.span.start;
        let measure = match Measure::of(&column) {
            Some(measure) => measure,
            None if self.other => return None,
            // "The oldest order" is the first, whoever placed it.
            None if is_time(scope, &item, &column) => return None,
            None => {
                let (item, column, measure) = only_measure(scope)?;
                let column = format!("{}.{}", quote_ident(&item), quote_ident(&column));
                self.edits.replace_at(self.source, begin, end, column);
                measure
            }
        };
        let wanted = measure.is_highest(self.age);
        if wanted == (key.options.asc == Some(false)) {
            return None;
        }
        let tokens = self.source.tokens();
        let last = self.source.token(end)?;
        let direction = tokens.get(last + 1).filter(|token| token.is_any_word(&["asc", "desc"]));
        match direction {
            Some(token) => {
                let text = if wanted { "DESC" } else { "ASC" };
                self.edits.replace_tokens(token, token, text.to_owned());
            }
            None => self.edits.insert_behind(tokens.get(last)?, " DESC".to_owned()),
        }
        Some(())
    }
}

/// Whether a column says when something was.
fn is_time(scope: &Scope<'_>, item: &str, column: &str) -> bool {
    let relation = scope.item(item).and_then(|item| item.relation);
    let column = relation.and_then(|relation| attribute(relation, column));
    column.is_some_and(|column| family(&column.type_name) == Some("time"))
}

/// The one column of all that is read which says how old somebody is.
fn only_measure(scope: &Scope<'_>) -> Option<(String, String, Measure)> {
    let columns = scope.items.iter().flat_map(|item| {
        let columns = item.relation.into_iter().flat_map(|relation| &relation.columns);
        columns.filter_map(|column| {
            Some((item.name.clone(), column.name.clone(), Measure::of(&column.name)?))
        })
    });
    let mut columns = columns.fuse();
    let first = columns.next()?;
    (columns.next().is_none() && !scope.open).then_some(first)
}

/// `min(age)` where the oldest is wanted.
fn bound(
    scopes: &[Scope<'_>],
    expr: &Expr,
    age: Age,
    source: &Source<'_>,
    edits: &mut Edits,
) -> Option<()> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else {
        return None;
    };
    let [name] = name.0.as_slice() else { return None };
    let name = name.as_ident()?;
    let is_max = match name.value.to_ascii_lowercase().as_str() {
        "max" => true,
        "min" => false,
        _ => return None,
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(column))] = list.args.as_slice() else {
        return None;
    };
    let (_, column) = scopes.last()?.column(column)?;
    let wanted = Measure::of(&column)?.is_highest(age);
    if wanted != is_max {
        let text = if wanted { "max" } else { "min" };
        edits.replace(source, name, name, text.to_owned());
    }
    Some(())
}
