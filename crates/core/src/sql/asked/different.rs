//! "How many different guests", answered with the number of rows.
//!
//! Where the question counts different things of a relation that is joined with what it has many of,
//! `count(*)` counts these. What is different is the relation's key; a name may be another's, too.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Select,
    SetExpr, Visit, Visitor,
};
use std::ops::ControlFlow;

use super::many::{first_of, many_of};
use super::projection::groups;
use super::words::Asked;
use crate::link::split;
use crate::schema::{Relation, Snapshot, quote_ident};
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::scope::{Item, Scope};
use crate::sql::parsed::ParsedSql;
use crate::sql::walk::cte_names;

/// Words that say that nothing counts twice.
const DIFFERENT: &[&str] = &["different", "distinct", "unique"];

const NUMBERS: &[&str] =
    &["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve"];

/// `sql` counting keys where it counts rows.
pub(super) fn counted(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let (noun, behind) = noun(asked.words())?;
    let source = Source::new(sql)?;
    let query = source.query()?;
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let meant = |item: &&Item<'_>| item.relation.is_some_and(|relation| is_called(relation, &noun));
    let mut items = scope.items.iter().filter(meant);
    let (Some(item), None) = (items.next(), items.next()) else { return None };
    let relation = item.relation?;
    let [key] = relation.primary_key.as_slice() else { return None };
    // "Different template type codes" are no templates.
    let is_longer = relation.columns.iter().any(|column| split(&column.name).contains(&behind));
    let is_many = !many_of(select, &scope, &item.name).is_empty();
    let own = (item.name.clone(), key.clone());
    // Of each group by the key there is one.
    let is_grouped = groups(select).iter().any(|group| scope.column(group).as_ref() == Some(&own));
    if scope.open || is_longer || !is_many || is_grouped {
        return None;
    }
    let key = format!("{}.{}", quote_ident(&item.name), quote_ident(key));
    let mut edits = Edits::default();
    for count in counts(select, &scope, &item.name) {
        let at = source.token(count.name.0.first()?.as_ident()?.span.start)?;
        let tokens = source.tokens();
        let end = (at..tokens.len()).find(|at| tokens.get(*at).is_some_and(|t| t.is_punct(")")))?;
        edits.replace_tokens(tokens.get(at)?, tokens.get(end)?, format!("COUNT(DISTINCT {key})"));
    }
    source.with(edits)
}

/// What the question counts different ones of, and the word behind it.
fn noun(words: &[String]) -> Option<(String, String)> {
    let at = words.iter().position(|word| DIFFERENT.contains(&word.as_str()))?;
    let before = words.get(at.checked_sub(1)?)?;
    let is_number = || {
        let counted = at.checked_sub(2).and_then(|at| words.get(at));
        counted.is_some_and(|word| ["number", "numbers", "count"].contains(&word.as_str()))
    };
    let is_counted = ["many", "least", "most", "than", "exactly"].contains(&before.as_str())
        || (before == "of" && is_number())
        || NUMBERS.contains(&before.as_str())
        || before.parse::<u32>().is_ok();
    let noun = split(words.get(at + 1)?).into_iter().next().filter(|_| is_counted)?;
    let behind = words.get(at + 2).and_then(|word| split(word).into_iter().next());
    Some((noun, behind.unwrap_or_default()))
}

/// Whether a relation's things are called so.
fn is_called(relation: &Relation, noun: &str) -> bool {
    let is_last = |name: &str| split(name).last().is_some_and(|word| word == noun);
    is_last(&relation.name.name) || relation.synonyms.iter().any(|name| is_last(name))
}

/// `count(*)`, and the counts of what is no key of the item.
fn counts(select: &Select, scope: &Scope<'_>, item: &str) -> Vec<Function> {
    struct Counts<'a> {
        scope: &'a Scope<'a>,
        item: &'a str,
        found: Vec<Function>,
    }
    impl Visitor for Counts<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if let Expr::Function(function) = expr
                && function.name.to_string().eq_ignore_ascii_case("count")
                && let FunctionArguments::List(list) = &function.args
                && let [FunctionArg::Unnamed(argument)] = list.args.as_slice()
            {
                let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
                let is_meant = match argument {
                    FunctionArgExpr::Wildcard => true,
                    FunctionArgExpr::Expr(column) if first_of(column).is_some() => {
                        self.is_no_key(column) && (is_distinct || self.is_own(column))
                    }
                    _ => false,
                };
                if is_meant {
                    self.found.push(function.clone());
                }
            }
            ControlFlow::Continue(())
        }
    }
    impl Counts<'_> {
        fn is_own(&self, column: &Expr) -> bool {
            self.scope.column(column).is_some_and(|(own, _)| own == self.item)
        }

        fn is_no_key(&self, column: &Expr) -> bool {
            let Some((item, name)) = self.scope.column(column) else { return false };
            let relation = self.scope.item(&item).and_then(|item| item.relation);
            item == self.item && !relation.is_some_and(|r| r.primary_key.contains(&name))
        }
    }
    let mut counts = Counts { scope, item, found: Vec::new() };
    let _ = select.visit(&mut counts);
    counts.found
}
