//! Aggregates in a WHERE clause, where rows have not been put together yet.
//!
//! | what is written | what is meant |
//! |---|---|
//! | `WHERE a.fee > avg(a.fee)` | `WHERE a.fee > (SELECT avg(fee) FROM a)`: of all rows |
//! | `WHERE count(*) > 3 GROUP BY a.x` | `GROUP BY a.x HAVING count(*) > 3`: of each group |
//! | `SELECT a.x … WHERE count(*) > 3` | the same, in groups of what is selected |
//!
//! Only comparisons that stand beside others with AND, of one call with a column or a number: nothing
//! else has one reading.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, Query,
    Select, SelectItem, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Location;

use super::scope::Scope;
use crate::schema::{Snapshot, quote_ident, quote_qualified};
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{conjuncts, cte_names, each_select, folded};

/// Functions that are aggregates wherever they are called.
const AGGREGATES: &[&str] = &["avg", "count", "max", "min", "sum"];

/// Puts into `edits` where each aggregate of a WHERE clause belongs.
pub(super) fn placed(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    let mut wheres = Wheres { source, snapshot, ctes: cte_names(query), edits };
    each_select(query, |select, _| {
        let _ = wheres.select(select);
    });
}

struct Wheres<'a> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    ctes: HashSet<String>,
    edits: &'a mut Edits,
}

/// A comparison of an aggregate.
struct Compared<'e> {
    call: Call<'e>,
    with: &'e Expr,
    /// Positions of the first and the last token of the whole.
    place: RangeInclusive<usize>,
}

/// A call of an aggregate.
struct Call<'e> {
    name: &'e Ident,
    /// Its argument, where that is one column.
    column: Option<&'e Expr>,
    place: RangeInclusive<usize>,
}

impl Wheres<'_> {
    fn select(&mut self, select: &Select) -> Option<()> {
        let mut compared = Vec::new();
        conjuncts(select.selection.as_ref()?, &mut |expr| compared.extend(self.compared(expr)));
        let scope = Scope::of(select, self.snapshot, &self.ctes);
        let mut of_groups = Vec::new();
        for one in compared {
            // A column of a query around is aggregated there.
            let is_own = one.call.column.is_none_or(|column| scope.column(column).is_some());
            match one.with {
                Expr::Value(_) if is_own => of_groups.push(one),
                _ => drop(self.of_all_rows(&one, &scope)),
            }
        }
        self.of_groups(select, &of_groups)
    }

    fn compared<'e>(&self, expr: &'e Expr) -> Option<Compared<'e>> {
        let Expr::BinaryOp { left, op: _, right } = expr else { return None };
        let (left_call, right_call) = (self.call(left), self.call(right));
        let (call, with) = match (left_call, right_call) {
            (Some(call), None) => (call, right.as_ref()),
            (None, Some(call)) => (call, left.as_ref()),
            _ => return None,
        };
        let (first, last) = ends_of(with)?;
        let (first, last) = (self.source.token(first)?, self.source.token(last)?);
        let place = first.min(*call.place.start())..=last.max(*call.place.end());
        Some(Compared { call, with, place })
    }

    fn call<'e>(&self, expr: &'e Expr) -> Option<Call<'e>> {
        let Expr::Function(Function { name, args, filter: None, over: None, .. }) = expr else {
            return None;
        };
        let [name] = name.0.as_slice() else { return None };
        let name = name.as_ident()?;
        let FunctionArguments::List(list) = args else { return None };
        let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else { return None };
        let first = self.source.token(name.span.start)?;
        let last = self.closing(first + 1)?;
        let column = match argument {
            FunctionArgExpr::Expr(column) => Some(column),
            _ => None,
        };
        AGGREGATES.contains(&folded(name).as_str()).then_some(Call {
            name,
            column,
            place: first..=last,
        })
    }

    /// Position of the parenthesis that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.source.tokens().iter().enumerate().skip(open) {
            if token.is_punct("(") {
                depth += 1;
            } else if token.is_punct(")") {
                depth = depth.checked_sub(1)?;
            }
            if depth == 0 {
                return (index > open).then_some(index);
            }
        }
        None
    }

    /// A row's column is compared with the aggregate of the whole relation.
    fn of_all_rows(&mut self, compared: &Compared<'_>, scope: &Scope<'_>) -> Option<()> {
        scope.column(compared.with)?;
        let (item, column) = scope.column(compared.call.column?)?;
        let relation = scope.item(&item).filter(|item| item.has(&column))?.relation?;
        let text = format!(
            "(SELECT {}({}) FROM {})",
            folded(compared.call.name),
            quote_ident(&column),
            quote_qualified(&relation.name)
        );
        self.replace(&compared.call.place, text)
    }

    /// The group's aggregate is compared with a constant.
    fn of_groups(&mut self, select: &Select, compared: &[Compared<'_>]) -> Option<()> {
        if compared.is_empty() || select.having.is_some() || select.distinct.is_some() {
            return None;
        }
        let GroupByExpr::Expressions(groups, modifiers) = &select.group_by else { return None };
        let (first, by) = match groups.first() {
            Some(group) if modifiers.is_empty() => (ends_of(group)?.0, String::new()),
            Some(_) => return None,
            None => (self.begin_of_where(compared)?, self.selected_columns(select)?),
        };
        let end = self.source.end_of_from(self.source.token(first)?)?;
        let conditions: Option<Vec<&str>> = compared
            .iter()
            .map(|one| self.source.text_of_tokens(*one.place.start(), *one.place.end()))
            .collect();
        let having = format!("{by} HAVING {}", conditions?.join(" AND "));
        // Their text is copied; where they stood, nothing is asked any more.
        for one in compared {
            if *one.place.end() == end {
                let last = self.source.tokens().get(end)?;
                let first = self.source.tokens().get(*one.place.start())?;
                self.edits.replace_tokens(first, last, format!("true{having}"));
            } else {
                self.replace(&one.place, "true".to_owned())?;
            }
        }
        if compared.iter().all(|one| *one.place.end() != end) {
            self.edits.insert_behind(self.source.tokens().get(end)?, having);
        }
        Some(())
    }

    /// A place in the WHERE clause, behind which nothing of another query begins.
    fn begin_of_where(&self, compared: &[Compared<'_>]) -> Option<Location> {
        compared.first().map(|one| one.call.name.span.start)
    }

    /// The clause that groups by all that is selected, where that is columns.
    fn selected_columns(&self, select: &Select) -> Option<String> {
        let columns: Option<Vec<&str>> = select
            .projection
            .iter()
            .map(|item| match item {
                SelectItem::UnnamedExpr(column) => {
                    let (first, last) = ends_of(column)?;
                    (!matches!(column, Expr::Value(_))).then_some(())?;
                    self.source.text_between(first, last)
                }
                _ => None,
            })
            .collect();
        Some(format!(" GROUP BY {}", columns.filter(|columns| !columns.is_empty())?.join(", ")))
    }

    fn replace(&mut self, place: &RangeInclusive<usize>, text: String) -> Option<()> {
        let tokens = self.source.tokens();
        let (first, last) = (tokens.get(*place.start())?, tokens.get(*place.end())?);
        self.edits.replace_tokens(first, last, text);
        Some(())
    }
}

/// Where the first and the last token of a column or a constant are.
fn ends_of(expr: &Expr) -> Option<(Location, Location)> {
    match expr {
        Expr::Identifier(name) => Some((name.span.start, name.span.start)),
        Expr::CompoundIdentifier(parts) => {
            Some((parts.first()?.span.start, parts.last()?.span.start))
        }
        Expr::Value(ValueWithSpan {
            value: Value::Number(..) | Value::SingleQuotedString(_),
            span,
        }) => Some((span.start, span.start)),
        _ => None,
    }
}
