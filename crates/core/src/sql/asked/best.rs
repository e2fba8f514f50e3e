//! "The best seller of each region", answered with all of them in order, or with the best of all.
//!
//! Ranks within groups take a window function in a sub-query, which small models do not write: they
//! order everything, or take the first row. Where the question wants the superlative of each of some
//! things, and the statement orders rows by it that are of several of each, they are ranked within
//! each, and those ranked first are taken; several where they are level. The same where it takes
//! `max(day)` in groups of what is of that day. What "each" is of is a relation that is read, or a
//! column that is shown or grouped by.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, LimitClause, OrderByKind, Query, Select,
    SelectItem, SetExpr, Value, ValueWithSpan,
};

use super::projection::{groups, places};
use super::words::{Asked, ends_like_superlative};
use crate::link::{is_stop_word, split};
use crate::schema::{Snapshot, quote_ident};
use crate::sql::CandidateSql;
use crate::sql::edits::Source;
use crate::sql::mend::scope::{Item, Scope, attribute};
use crate::sql::parsed::ParsedSql;
use crate::sql::policy::check;
use crate::sql::walk::calls;

/// Superlatives that do not end like one.
const SUPERLATIVES: &[&str] = &["most", "least", "best", "worst", "last", "top"];
/// Words behind "each" that may name what it is of.
const NAMING: usize = 2;
/// What the rank is called: a name that hardly a column has.
const PLACE: &str = "place_in_each";

/// `sql` with the first of each in the place of all, or of the first of all.
pub(super) fn of_each(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let nouns = each(asked.words())?;
    if !has_superlative(asked.words()) || asked.order().is_some() {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let scope = Scope::of(select, snapshot, &Default::default());
    let is_ranked = calls(query.as_ref(), |function| function.over.is_some());
    if query.with.is_some() || select.distinct.is_some() || scope.open || is_ranked {
        return None;
    }
    let whole = Statement { source: &source, query: &query, select, scope: &scope };
    let each = whole.each(&nouns)?;
    let text = whole.ordered(&each).or_else(|| whole.greatest(&each))?;
    check(CandidateSql::from_user(&text).ok()?).ok()
}

/// Stems of the words behind "each" or "every"; none where it is not of each that something is asked.
fn each(words: &[String]) -> Option<Vec<String>> {
    const BEFORE: &[&str] = &["of", "in", "for", "within", "from", "at", "on", "and", "to"];
    let is_each = |word: &str| ["each", "every"].contains(&word);
    let at = words.iter().position(|word| is_each(word))?;
    let before = at.checked_sub(1).and_then(|at| words.get(at));
    if before.is_some_and(|word| !BEFORE.contains(&word.as_str())) {
        return None;
    }
    let nouns = words.iter().skip(at + 1).take(NAMING).flat_map(|word| split(word));
    Some(nouns.filter(|word| !is_stop_word(word)).collect())
}

/// Whether the end of something is asked for, not of the order: "at least two", "highest first".
fn has_superlative(words: &[String]) -> bool {
    (0..words.len()).any(|at| {
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        let before = at.checked_sub(1).map_or("", word);
        (ends_like_superlative(word(at)) || SUPERLATIVES.contains(&word(at)))
            && before != "at"
            && !["first", "last", "of"].contains(&word(at + 1))
            && !(word(at) == "last" && word(at + 1).parse::<u32>().is_ok())
    })
}

/// What something is asked of each of.
struct Each {
    /// The item, where it is one.
    item: Option<String>,
    /// Columns that tell one from another, as text.
    columns: Vec<String>,
    /// The same, item and name.
    names: Vec<(String, String)>,
}

struct Statement<'a> {
    source: &'a Source<'a>,
    query: &'a Query,
    select: &'a Select,
    scope: &'a Scope<'a>,
}

impl Statement<'_> {
    fn shown(&self) -> impl Iterator<Item = &Expr> {
        self.select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        })
    }

    /// Columns by which rows, or groups, can be told apart.
    fn telling(&self) -> Vec<(String, String)> {
        let columns = |exprs: &mut dyn Iterator<Item = &Expr>| {
            exprs.filter_map(|expr| self.scope.column(expr)).collect()
        };
        match groups(self.select) {
            [] => columns(&mut self.shown()),
            groups => columns(&mut groups.iter()),
        }
    }

    /// What "each" is of: the one relation called so, or the one column.
    fn each(&self, nouns: &[String]) -> Option<Each> {
        let is_said = |text: &str| split(text).iter().any(|word| nouns.contains(word));
        let is_called = |item: &&Item<'_>| {
            let begins = |text: &str| split(text).first().is_some_and(|word| nouns.contains(word));
            item.relation.is_some_and(|relation| {
                let mut names = relation.synonyms.iter().chain([&relation.name.name]);
                names.any(|name| split(name).last().is_some_and(|word| nouns.contains(word)))
                    || relation.comment.as_deref().is_some_and(begins)
            })
        };
        let telling = self.telling();
        let written = |(item, name): &(String, String)| {
            format!("{}.{}", quote_ident(item), quote_ident(name))
        };
        let mut items = self.scope.items.iter().filter(is_called);
        if let Some(item) = items.next() {
            let own = |name: &String| (item.name.clone(), name.clone());
            let key: Vec<_> = item.relation?.primary_key.iter().map(own).collect();
            let has_key = !key.is_empty() && key.iter().all(|column| telling.contains(column));
            let names: Vec<_> = if has_key || (groups(self.select).is_empty() && !key.is_empty()) {
                key
            } else {
                telling.iter().filter(|(own, _)| *own == item.name).cloned().collect()
            };
            return (items.next().is_none() && !names.is_empty()).then(|| Each {
                item: Some(item.name.clone()),
                columns: names.iter().map(written).collect(),
                names,
            });
        }
        let is_meant = |(item, name): &&(String, String)| {
            let relation = self.scope.item(item).and_then(|item| item.relation);
            let column = relation.and_then(|relation| attribute(relation, name));
            column.is_some_and(|column| {
                is_said(&column.name) || column.synonyms.iter().any(|name| is_said(name))
            })
        };
        let mut columns = telling.iter().filter(is_meant);
        let column = columns.next()?;
        columns.next().is_none().then(|| Each {
            item: None,
            columns: vec![written(column)],
            names: vec![column.clone()],
        })
    }

    /// Whether a column is one of those of "each".
    fn is_of(&self, each: &Each, expr: &Expr) -> bool {
        self.scope.column(expr).is_some_and(|column| {
            each.names.contains(&column) || each.item.as_ref() == Some(&column.0)
        })
    }

    /// Whether something is shown that there are several of in each.
    fn shows_several(&self, each: &Each) -> bool {
        self.shown().any(|expr| match self.scope.column(expr) {
            Some(_) => !self.is_of(each, expr),
            None => groups(self.select).contains(expr),
        })
    }

    /// Rows in the order of what is wanted.
    fn ordered(&self, each: &Each) -> Option<String> {
        let OrderByKind::Expressions(keys) = &self.query.order_by.as_ref()?.kind else {
            return None;
        };
        let is_first = match &self.query.limit_clause {
            None => true,
            Some(LimitClause::LimitOffset { limit: Some(limit), offset: None, limit_by }) => {
                limit_by.is_empty()
                    && matches!(limit, Expr::Value(ValueWithSpan { value: Value::Number(n, _), .. })
                        if n == "1")
            }
            Some(_) => false,
        };
        let key = keys.iter().find(|key| !self.is_of(each, &key.expr))?;
        // What is ordered by a name or by day is listed.
        let is_listed = key.options.asc != Some(false) && self.query.limit_clause.is_none();
        if !is_first || is_listed || !self.shows_several(each) || self.query.fetch.is_some() {
            return None;
        }
        let labelled = match &key.expr {
            Expr::Identifier(name) => self.select.projection.iter().find_map(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } if alias.value == name.value => {
                    Some(expr)
                }
                _ => None,
            }),
            Expr::Value(_) => return None,
            _ => None,
        };
        let by = labelled.unwrap_or(&key.expr).to_string();
        let is_highest = key.options.asc == Some(false);
        let order = self.clause("order")?;
        self.ranked(each, &by, is_highest, |_, text| text.to_owned(), order.checked_sub(1)?)
    }

    /// Groups by what is of one row, with the highest or lowest of something.
    fn greatest(&self, each: &Each) -> Option<String> {
        if self.query.order_by.is_some() || self.query.limit_clause.is_some() {
            return None;
        }
        let mut ends = self.shown().enumerate().filter_map(|(at, expr)| Some((at, end(expr)?)));
        let ((at, (column, is_highest)), None) = (ends.next()?, ends.next()) else { return None };
        let mut aggregates = self.shown().filter(|expr| matches!(expr, Expr::Function(_)));
        let own = self.scope.column(column)?;
        // Of a relation that nothing else is shown of, the day alone is wanted.
        let is_shown = self.shown().any(|expr| {
            !self.is_of(each, expr)
                && self.scope.column(expr).is_some_and(|(item, _)| item == own.0)
        });
        if self.select.having.is_some() || aggregates.nth(1).is_some() || !is_shown {
            return None;
        }
        let group = self.clause("group")?;
        let column = column.to_string();
        let text = |number: usize, text: &str| {
            if number == at { column.clone() } else { text.to_owned() }
        };
        self.ranked(each, &column, is_highest, text, group.checked_sub(1)?)
    }

    /// What the server would call a column of the result, where that says something.
    fn name(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Function(function) => {
                let [name] = function.name.0.as_slice() else { return None };
                Some(quote_ident(&name.as_ident()?.value.to_lowercase()))
            }
            _ => self.scope.column(expr).map(|(_, name)| quote_ident(&name)),
        }
    }

    /// The position of the word that begins a clause.
    fn clause(&self, word: &str) -> Option<usize> {
        let mut depth = 0usize;
        self.source.tokens().iter().position(|token| {
            match token.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.is_word(word)
        })
    }

    /// The statement up to a token, ranked by `by` within each, and of it what is ranked first.
    fn ranked(
        &self,
        each: &Each,
        by: &str,
        is_highest: bool,
        shown: impl Fn(usize, &str) -> String,
        last: usize,
    ) -> Option<String> {
        let places = places(self.source, self.select)?;
        let mut inner = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (number, (item, place)) in self.select.projection.iter().zip(&places).enumerate() {
            let text = self.source.text_of_tokens(place.start() + 1, *place.end())?;
            let text = shown(number, text);
            let (name, text) = match item {
                SelectItem::ExprWithAlias { alias, .. } => (quote_ident(&alias.value), text),
                SelectItem::UnnamedExpr(expr) => {
                    let name = self.name(expr).filter(|name| !names.contains(name));
                    let name = name.unwrap_or_else(|| format!("column_{}", number + 1));
                    (name.clone(), format!("{text} AS {name}"))
                }
                _ => return None,
            };
            names.push(name);
            inner.push(text);
        }
        if let ([(_, name)], [column], None) =
            (each.names.as_slice(), each.columns.as_slice(), &each.item)
            && !self.shown().any(|expr| self.is_of(each, expr))
            && !names.contains(&quote_ident(name))
        {
            names.insert(0, quote_ident(name));
            inner.insert(0, format!("{column} AS {}", quote_ident(name)));
        }
        let from = self.source.text_of_tokens(*places.last()?.end() + 1, last)?;
        let direction = if is_highest { "DESC NULLS LAST" } else { "ASC" };
        Some(format!(
            "SELECT {} FROM (SELECT {}, rank() OVER (PARTITION BY {} ORDER BY {by} {direction}) \
             AS {PLACE} {from}) AS ranked WHERE {PLACE} = 1",
            names.join(", "),
            inner.join(", "),
            each.columns.join(", "),
        ))
    }
}

/// The column whose highest or lowest value an expression is.
fn end(expr: &Expr) -> Option<(&Expr, bool)> {
    let Expr::Function(function) = expr else { return None };
    let is_highest = match function.name.to_string().to_ascii_lowercase().as_str() {
        "max" => true,
        "min" => false,
        _ => return None,
    };
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(column))] => Some((column, is_highest)),
        _ => None,
    }
}
