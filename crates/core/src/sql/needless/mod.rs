//! Joins that nothing asks for.
//!
//! Small models read along keys: a question about one table becomes a join with its neighbour,
//! which repeats rows, and loses those without a partner. A relation is taken out of the statement
//! where none of its columns is used but to join it, and the question speaks neither of it nor of
//! anything it has. A join that the question asks for ("customers with orders") so stays, and so does one
//! whose rows are counted, or found at all (DISTINCT, NOT IN), or that reads a relation a second time: of
//! managers and employees each is somebody else. Must not touch outer joins whose other side would go, or
//! conditions that are more than equal columns.
//! Called by the extension, before a statement is given to the server.

use std::collections::HashSet;
use std::ops::{ControlFlow, RangeInclusive};

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr,
    Join, JoinOperator, Query, Select, SelectItem, SetExpr, SetOperator, TableFactor, Visit,
    Visitor,
};

use crate::link::{is_stop_word, split};
use crate::schema::{Relation, Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::joins::{begin_of, condition_of, equality, phrase};
use crate::sql::mend::scope::{Item, Scope, attribute, ends};
use crate::sql::parsed::ParsedSql;
use crate::sql::token::Token;
use crate::sql::walk::{calls, cte_names, folded};

/// Numbers that are words.
const NUMBERS: &[&str] =
    &["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// Most joins taken out: a table between two is needless only once the second is gone.
const MAX_PRUNED: usize = 8;

/// `sql` without the joins that neither it nor the question needs; `None` where it needs all.
pub fn prune(sql: &ParsedSql, snapshot: &Snapshot, question: &str) -> Option<ParsedSql> {
    let asked = Asked::new(question);
    let mut pruned: Option<ParsedSql> = None;
    for _ in 0..MAX_PRUNED {
        match without_one(pruned.as_ref().unwrap_or(sql), snapshot, &asked) {
            Some(next) => pruned = Some(next),
            None => break,
        }
    }
    pruned
}

/// What a question speaks of.
struct Asked {
    words: HashSet<String>,
    /// What it wants the number of.
    counted: HashSet<String>,
}

impl Asked {
    fn new(question: &str) -> Self {
        let words = split(question);
        let counted = (0..words.len()).flat_map(|at| {
            let rest: Vec<&str> = words.iter().skip(at).take(3).map(String::as_str).collect();
            let (behind, near) = begin_of_counted(&rest).unwrap_or_default();
            words.iter().skip(at + behind).take(near)
        });
        let counted = counted.cloned().collect();
        Self { words: words.into_iter().collect(), counted }
    }

    /// Whether it has a word of a name, or one that the name shortens: "repositories" for `repo`.
    fn says(&self, word: &str) -> bool {
        /// Fewer letters begin words that are nothing to each other.
        const SHORTENED: usize = 3;
        self.words.contains(word)
            || (word.len() >= SHORTENED && self.words.iter().any(|own| own.starts_with(word)))
    }
}

/// How many words ask for the number of what stands behind them, if these do, and among how many words
/// behind them that is: "the number of its drivers", but "the most popular drivers" by what makes them so.
fn begin_of_counted(words: &[&str]) -> Option<(usize, usize)> {
    let is_number = |word: &str| word.parse::<u32>().is_ok() || NUMBERS.contains(&word);
    match words {
        ["how", "many", ..] | ["number" | "count", "of", ..] | ["count", "the" | "all", ..] => {
            Some((2, 2))
        }
        ["at", "least" | "most", number] | ["more" | "less" | "fewer", "than", number]
            if is_number(number) =>
        {
            Some((3, 2))
        }
        ["exactly", number, ..] if is_number(number) => Some((2, 2)),
        ["most" | "fewest", ..] => Some((1, 1)),
        _ => None,
    }
}

fn without_one(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let ctes = cte_names(&query);
    let mut finder =
        Finder { source: &source, snapshot, ctes, asked, denied: HashSet::new(), edits: None };
    let _ = query.visit(&mut finder);
    let edits = finder.edits?;
    source.with(edits)
}

/// Looks for the first needless join.
struct Finder<'a> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    ctes: HashSet<String>,
    asked: &'a Asked,
    /// Queries whose rows are denied, by where they are in memory.
    denied: HashSet<*const Query>,
    edits: Option<Edits>,
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::InSubquery { subquery, negated: true, .. }
        | Expr::Exists { subquery, negated: true } = expr
        {
            self.denied.insert(std::ptr::from_ref(subquery.as_ref()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        // "Drugs that were never prescribed" are not those whose join finds a prescription.
        if self.denied.contains(&std::ptr::from_ref(query)) {
            return ControlFlow::Continue(());
        }
        let mut bodies = vec![query.body.as_ref()];
        while let Some(body) = bodies.pop() {
            match body {
                // "Services that were never used" are those of EXCEPT whose join finds a use.
                SetExpr::SetOperation { op: SetOperator::Except, left, .. } => {
                    bodies.push(left.as_ref());
                }
                SetExpr::SetOperation { left, right, .. } => {
                    bodies.extend([left.as_ref(), right.as_ref()])
                }
                SetExpr::Select(select) => self.edits = self.needless(select),
                _ => {}
            }
            if self.edits.is_some() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// Another item's name for the one at a position.
struct Instead {
    at: usize,
    qualifier: String,
}

/// Tokens by position.
type Places = Vec<RangeInclusive<usize>>;

impl Finder<'_> {
    /// What to take out of a SELECT.
    fn needless(&self, select: &Select) -> Option<Edits> {
        let [from] = select.from.as_slice() else { return None };
        let is_all = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_));
        if from.joins.iter().any(|join| phrase(join).is_none())
            || select.projection.iter().any(is_all)
        {
            return None;
        }
        let scope = Scope::of(select, self.snapshot, &self.ctes);
        let joined = (0..from.joins.len()).rev().filter_map(|at| {
            let places = vec![self.place_of(&from.joins, at)?];
            Some((&from.joins.get(at)?.relation, from.joins.get(at)?, places))
        });
        let first = from.joins.first().and_then(|join| {
            let places = self.place_of_first(&from.relation, &from.joins)?;
            is_inner(join).then_some((&from.relation, join, places))
        });
        joined.chain(first).find_map(|(factor, join, places)| {
            let instead = self.instead(factor, join, &places, &scope, select)?;
            Some(self.removal(&places, instead))
        })
    }

    /// What to write instead of what is used of `factor`, if it can go with all that stands at `places`;
    /// `join` connects it with the rest.
    fn instead(
        &self,
        factor: &TableFactor,
        join: &Join,
        places: &Places,
        scope: &Scope<'_>,
        select: &Select,
    ) -> Option<Vec<Instead>> {
        let item = scope.item(&named(factor)?)?;
        let (relation, on) = (item.relation?, condition_of(&join.join_operator)?);
        let is_needless = connects(on, &item.name)
            && !is_read_again(item, relation, scope)
            && (is_one_row(on, item, relation)
                || !(finds(select) || counts_rows(select))
                || self.counts_others(item, scope))
            && !self.is_asked_for(item, relation, scope);
        if !is_needless {
            return None;
        }
        let used: Vec<usize> = self.used_besides(item, relation, places).collect();
        if used.is_empty() {
            return Some(Vec::new());
        }
        // What another join leads on from is on the way to something.
        let (first, _) = ends(factor)?;
        let first = self.source.token(first.span.start)?;
        let end = self.source.end_of_from(first)?;
        let is_on_the_way = |at: &usize| (first..=end).contains(at);
        if self.is_named(relation) || used.iter().any(is_on_the_way) {
            return None;
        }
        used.into_iter().map(|used| self.at_hand(used, item, relation, scope)).collect()
    }

    /// Whether the question has a word of the relation's name.
    fn is_named(&self, relation: &Relation) -> bool {
        split(&relation.name.name).iter().any(|word| self.asked.says(word))
    }

    /// Tokens anywhere else that can mean the item or a column of it.
    fn used_besides<'p>(
        &'p self,
        item: &'p Item<'_>,
        relation: &'p Relation,
        places: &'p Places,
    ) -> impl Iterator<Item = usize> + 'p {
        let tokens = self.source.tokens();
        let is_use = move |(at, token): (usize, &Token<'_>)| {
            if places.iter().any(|place| place.contains(&at)) {
                return None;
            }
            let is_part = at.checked_sub(1).and_then(|before| tokens.get(before));
            let is_part = is_part.is_some_and(|before| before.is_punct("."));
            let name = token.name()?;
            let is_used = *name == item.name
                || (!is_part && relation.columns.iter().any(|column| column.name == *name));
            is_used.then_some(at)
        };
        tokens.iter().enumerate().filter_map(is_use)
    }

    /// The column of the same name and type that the first other item has, instead of the item's column
    /// whose qualifier is at a position.
    fn at_hand(
        &self,
        at: usize,
        item: &Item<'_>,
        relation: &Relation,
        scope: &Scope<'_>,
    ) -> Option<Instead> {
        let tokens = self.source.tokens();
        tokens.get(at + 1).filter(|dot| dot.is_punct("."))?;
        let column = tokens.get(at + 2)?.name()?;
        let own = attribute(relation, &column)?;
        let other = scope.items.iter().find(|other| {
            let same = other.relation.and_then(|relation| attribute(relation, &column));
            other.name != item.name && same.is_some_and(|same| same.type_name == own.type_name)
        })?;
        // Where both are named, they are not the same.
        let is_there = tokens.windows(3).any(|three| match three {
            [one, dot, two] => {
                dot.is_punct(".")
                    && one.name().is_some_and(|name| *name == other.name)
                    && two.name().as_ref() == Some(&column)
            }
            _ => false,
        });
        if is_there {
            return None;
        }
        Some(Instead { at, qualifier: quote_ident(&other.name) })
    }

    /// Whether the question has the relation's whole name, or a word that only this relation explains.
    fn is_asked_for(&self, item: &Item<'_>, relation: &Relation, scope: &Scope<'_>) -> bool {
        let others = || {
            let others = scope.items.iter().filter(|other| other.name != item.name);
            others.filter_map(|other| other.relation)
        };
        let known: HashSet<String> = others().flat_map(words).collect();
        let own: Vec<String> = words(relation).collect();
        let mut telling = own.iter().filter(|word| !known.contains(*word));
        let name = split(&relation.name.name);
        name.iter().all(|word| self.asked.says(word))
            || telling.any(|word| self.asked.words.contains(word))
    }

    /// Whether the question wants the number of something else that is read.
    fn counts_others(&self, item: &Item<'_>, scope: &Scope<'_>) -> bool {
        let others = scope.items.iter().filter(|other| other.name != item.name);
        let mut names = others.filter_map(|other| Some(split(&other.relation?.name.name)));
        names.any(|name| name.iter().any(|word| self.asked.counted.contains(word)))
    }

    /// Where a join stands, from the first word of its phrase to the end of its condition.
    fn place_of(&self, joins: &[Join], at: usize) -> Option<RangeInclusive<usize>> {
        let begin = |join: &Join| begin_of(&join.relation, self.source);
        let first = begin(joins.get(at)?)?;
        let last = match joins.get(at + 1) {
            Some(next) => begin(next)?.checked_sub(1)?,
            None => self.source.end_of_from(first)?,
        };
        Some(first..=last)
    }

    /// Where the first relation stands, with the word JOIN behind it, and the condition of that join.
    fn place_of_first(&self, factor: &TableFactor, joins: &[Join]) -> Option<Places> {
        let tokens = self.source.tokens();
        let (first, _) = ends(factor)?;
        let join = self.place_of(joins, 0)?;
        let (begin, alias) = ends(&joins.first()?.relation)?;
        let on = self.source.token(alias.span.start)? + 1;
        tokens.get(on).filter(|token| token.is_word("on"))?;
        let begin = self.source.token(begin.span.start)?;
        let before = self.source.token(first.span.start)?..=begin.checked_sub(1)?;
        Some(vec![before, on..=*join.end()])
    }

    fn removal(&self, places: &Places, instead: Vec<Instead>) -> Edits {
        let mut edits = Edits::default();
        for Instead { at, qualifier } in instead {
            if let Some(token) = self.source.tokens().get(at) {
                edits.replace_tokens(token, token, qualifier);
            }
        }
        let token = |at: usize| -> Option<&Token<'_>> { self.source.tokens().get(at) };
        for place in places {
            if let (Some(first), Some(last)) = (token(*place.start()), token(*place.end())) {
                edits.remove(first, last);
            }
        }
        edits
    }
}

/// Words of a relation's names and of what is said of it.
fn words(relation: &Relation) -> impl Iterator<Item = String> {
    let columns = relation.columns.iter().flat_map(|column| split(&column.name));
    let others = relation.columns.iter().flat_map(|column| &column.synonyms);
    let others = others.chain(&relation.synonyms).flat_map(|name| split(name));
    let said = relation.comment.iter().flat_map(|comment| split(comment));
    let all = split(&relation.name.name).into_iter().chain(columns).chain(others).chain(said);
    all.filter(|word| !is_stop_word(word)).collect::<Vec<_>>().into_iter()
}

fn is_inner(join: &Join) -> bool {
    matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_))
}

/// Whether a condition is nothing but columns of `name` that equal columns of others.
fn connects(on: &Expr, name: &str) -> bool {
    if let Expr::BinaryOp { left, op: BinaryOperator::And, right } = on {
        return connects(left, name) && connects(right, name);
    }
    let is_of = |parts: &[sqlparser::ast::Ident]| {
        parts.iter().rev().nth(1).is_some_and(|qualifier| folded(qualifier) == name)
    };
    equality(on).is_some_and(|(left, right)| is_of(left) != is_of(right))
}

/// Whether the condition joins one row of `item` at most: it gives a value to each column of its
/// primary key.
fn is_one_row(on: &Expr, item: &Item<'_>, relation: &Relation) -> bool {
    fn own_columns(on: &Expr, name: &str, columns: &mut HashSet<String>) {
        if let Expr::BinaryOp { left, op: BinaryOperator::And, right } = on {
            own_columns(left, name, columns);
            own_columns(right, name, columns);
        } else if let Some((left, right)) = equality(on) {
            for side in [left, right] {
                if let [.., qualifier, column] = side
                    && folded(qualifier) == name
                {
                    columns.insert(folded(column));
                }
            }
        }
    }
    let mut columns = HashSet::new();
    own_columns(on, &item.name, &mut columns);
    relation.is_one_row(|column| columns.contains(column))
}

/// Whether rows are counted: then those of what is joined may be what is counted ("who has won most
/// often"), though nothing of them is named.
fn counts_rows(select: &Select) -> bool {
    let grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    // ORDER BY is the query's: counting only there is seen by the groups alone.
    calls(select, is_count_of_rows) || (grouped && !calls(select, |_| true))
}

/// Whether equal rows are made one: then a join is there to find who has a row ("products that were
/// sold"), and nobody minds how many.
fn finds(select: &Select) -> bool {
    select.distinct.is_some()
}

/// Whether the relation of an item is read as another item too.
fn is_read_again(item: &Item<'_>, relation: &Relation, scope: &Scope<'_>) -> bool {
    scope.items.iter().any(|other| {
        other.name != item.name && other.relation.is_some_and(|other| other.name == relation.name)
    })
}

fn is_count_of_rows(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    function.name.to_string().eq_ignore_ascii_case("count")
        && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
}

/// The name an item goes by.
fn named(factor: &TableFactor) -> Option<String> {
    ends(factor).map(|(_, last)| folded(last))
}

#[cfg(test)]
mod tests;
