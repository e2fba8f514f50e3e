//! From the tree of a statement to its parts, level by level.
//!
//! Every level adds to the same parts: a table is read wherever it stands. Called by [`super`].

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, OrderBy,
    OrderByKind, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier, TableFactor,
    TableWithJoins, Value,
};

use super::Part;
use super::expression::{Found, canonical, conjuncts, joined};
use super::scope::{Catalog, Scope, Source, folded};

/// What is gathered.
#[derive(Default)]
pub(super) struct Walk {
    pub parts: BTreeMap<Part, Vec<String>>,
    ctes: HashSet<String>,
}

/// A level that was read: what its ORDER BY may name.
struct Level<'c> {
    scope: Scope<'c>,
    columns: Vec<String>,
    aliases: HashMap<String, String>,
}

impl Walk {
    /// Reads a whole statement.
    pub fn statement(&mut self, query: &Query, catalog: &Catalog) {
        let columns = self.query(query, &Scope::new(catalog));
        columns.into_iter().for_each(|column| self.add(Part::Columns, column));
    }

    fn add(&mut self, part: Part, what: String) {
        self.parts.entry(part).or_default().push(what);
    }

    /// Reads a query; returns what its columns are.
    fn query(&mut self, query: &Query, outer: &Scope<'_>) -> Vec<String> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.ctes.insert(folded(&cte.alias.name));
            self.nested("with", &cte.query, outer);
        }
        let level = self.body(&query.body, outer);
        if let Some(order) = &query.order_by {
            self.order(order, &level);
        }
        let none = HashMap::new();
        let mut limit = |name: &str, expr: &Expr| {
            let text = canonical(expr, outer, &none, &mut Found::default());
            self.add(Part::Limit, format!("{name} {text}"));
        };
        match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit: most, offset, .. }) => {
                most.iter().for_each(|expr| limit("limit", expr));
                offset.iter().for_each(|offset| limit("offset", &offset.value));
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit: most }) => {
                limit("limit", most);
                limit("offset", offset);
            }
            None => {}
        }
        let fetched = query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref());
        fetched.iter().for_each(|expr| limit("limit", expr));
        level.columns
    }

    fn nested(&mut self, kind: &str, query: &Query, outer: &Scope<'_>) {
        let columns = self.query(query, outer);
        self.add(Part::Nesting, format!("{kind}: {}", columns.join(", ")));
    }

    fn body<'c>(&mut self, body: &SetExpr, outer: &Scope<'c>) -> Level<'c> {
        match body {
            SetExpr::Select(select) => self.select(select, outer),
            SetExpr::Query(query) => {
                let columns = self.query(query, outer);
                Level { scope: outer.clone(), columns, aliases: HashMap::new() }
            }
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                let name = match op {
                    SetOperator::Union => "union",
                    SetOperator::Except | SetOperator::Minus => "except",
                    SetOperator::Intersect => "intersect",
                };
                let all = matches!(set_quantifier, SetQuantifier::All);
                self.add(Part::SetOperations, format!("{name}{}", if all { " all" } else { "" }));
                let left = self.body(left, outer);
                let right = self.body(right, outer);
                let columns = left.columns.iter().cloned().chain(right.columns).collect();
                Level { columns, ..left }
            }
            other => {
                let columns = vec![other.to_string()];
                Level { scope: outer.clone(), columns, aliases: HashMap::new() }
            }
        }
    }

    fn select<'c>(&mut self, select: &Select, outer: &Scope<'c>) -> Level<'c> {
        let mut sources = Vec::new();
        select.from.iter().for_each(|from| self.sources(from, outer, &mut sources));
        let scope = outer.within(sources);
        let mut found = Found::default();
        for from in &select.from {
            self.joins(from, &scope, &mut found);
        }

        let none = HashMap::new();
        let (mut columns, mut aliases) = (Vec::new(), HashMap::new());
        for item in &select.projection {
            let text = match item {
                SelectItem::UnnamedExpr(expr) => canonical(expr, &scope, &none, &mut found),
                SelectItem::ExprWithAlias { expr, alias } => {
                    let text = canonical(expr, &scope, &none, &mut found);
                    aliases.insert(folded(alias), text.clone());
                    text
                }
                SelectItem::QualifiedWildcard(kind, _) => {
                    let name = kind.to_string().trim_end_matches(".*").to_lowercase();
                    scope.column(Some(&name), "*")
                }
                SelectItem::Wildcard(_) => "*".to_owned(),
            };
            columns.push(text);
        }
        match &select.distinct {
            Some(Distinct::Distinct) => self.add(Part::Distinct, "distinct".to_owned()),
            Some(Distinct::On(exprs)) => {
                for expr in exprs {
                    let text = canonical(expr, &scope, &aliases, &mut found);
                    self.add(Part::Distinct, format!("on {text}"));
                }
            }
            None => {}
        }
        if let Some(condition) = &select.selection {
            self.conditions(condition, &scope, &mut found);
        }
        if let GroupByExpr::Expressions(exprs, _) = &select.group_by {
            for expr in exprs {
                let text = output(expr, &columns)
                    .unwrap_or_else(|| canonical(expr, &scope, &aliases, &mut found));
                self.add(Part::Grouping, text);
            }
        }
        if let Some(having) = &select.having {
            let mut all = Vec::new();
            conjuncts(having, &mut all);
            for condition in &all {
                let text = canonical(condition, &scope, &none, &mut found);
                self.add(Part::Having, text);
            }
        }
        self.found(found, &scope);
        Level { scope, columns, aliases }
    }

    /// What stood in expressions of a level.
    fn found(&mut self, found: Found, scope: &Scope<'_>) {
        found.aggregates.into_iter().for_each(|call| self.add(Part::Aggregates, call));
        for (kind, query) in &found.queries {
            self.nested(kind, query, scope);
        }
    }

    fn sources(&mut self, from: &TableWithJoins, outer: &Scope<'_>, into: &mut Vec<Source>) {
        let joined = from.joins.iter().map(|join| &join.relation);
        for factor in std::iter::once(&from.relation).chain(joined) {
            self.source(factor, outer, into);
        }
    }

    fn source(&mut self, factor: &TableFactor, outer: &Scope<'_>, into: &mut Vec<Source>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident());
                let table = parts.next().map(folded).unwrap_or_default();
                let alias = alias.as_ref().map_or_else(|| table.clone(), |a| folded(&a.name));
                if parts.next().is_none() && self.ctes.contains(&table) {
                    into.push(Source { alias, table: None, shown: table });
                    return;
                }
                let before = into.iter().filter(|s| s.table.as_ref() == Some(&table)).count();
                let shown = match before {
                    0 => table.clone(),
                    more => format!("{table}#{}", more + 1),
                };
                self.add(Part::Tables, table.clone());
                into.push(Source { alias, table: Some(table), shown });
            }
            TableFactor::Derived { subquery, alias, .. } => {
                self.nested("from", subquery, &outer.within(into.clone()));
                let alias = alias.as_ref().map(|a| folded(&a.name)).unwrap_or_default();
                into.push(Source { alias, table: None, shown: String::new() });
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.sources(table_with_joins, outer, into);
            }
            other => self.add(Part::Tables, other.to_string()),
        }
    }

    fn joins(&mut self, from: &TableWithJoins, scope: &Scope<'_>, found: &mut Found) {
        for factor in std::iter::once(&from.relation).chain(from.joins.iter().map(|j| &j.relation))
        {
            if let TableFactor::NestedJoin { table_with_joins, .. } = factor {
                self.joins(table_with_joins, scope, found);
            }
        }
        for Join { relation, join_operator, .. } in &from.joins {
            let (kind, constraint) = kind(join_operator);
            let name = match relation {
                TableFactor::Table { name, .. } => {
                    name.0.last().and_then(|part| part.as_ident()).map(folded)
                }
                _ => None,
            };
            if let Some(kind) = kind {
                let name = name.clone().unwrap_or_else(|| "(query)".to_owned());
                self.add(Part::Joins, format!("{kind} {name}"));
            }
            match constraint {
                Some(JoinConstraint::On(condition)) => self.conditions(condition, scope, found),
                Some(JoinConstraint::Using(columns)) => {
                    for column in columns {
                        let column = column.0.last().and_then(|part| part.as_ident());
                        let column = column.map(folded).unwrap_or_default();
                        let mut sides = [
                            scope.column(None, &column),
                            match &name {
                                Some(name) => format!("{name}.{column}"),
                                None => column.clone(),
                            },
                        ];
                        sides.sort_unstable();
                        self.add(Part::Joins, sides.join(" = "));
                    }
                }
                Some(JoinConstraint::Natural) => self.add(Part::Joins, "natural".to_owned()),
                Some(JoinConstraint::None) | None => {}
            }
        }
    }

    /// Conditions of WHERE and ON: which of the two they stand in makes no difference to an inner
    /// join.
    fn conditions(&mut self, condition: &Expr, scope: &Scope<'_>, found: &mut Found) {
        let mut all = Vec::new();
        conjuncts(condition, &mut all);
        for condition in &all {
            let part = if joined(condition) { Part::Joins } else { Part::Filters };
            let text = canonical(condition, scope, &HashMap::new(), found);
            self.add(part, text);
        }
    }

    fn order(&mut self, order: &OrderBy, level: &Level<'_>) {
        let OrderByKind::Expressions(exprs) = &order.kind else { return };
        let mut found = Found::default();
        let keys: Vec<String> = exprs
            .iter()
            .map(|key| {
                let text = output(&key.expr, &level.columns).unwrap_or_else(|| {
                    canonical(&key.expr, &level.scope, &level.aliases, &mut found)
                });
                let descending = key.options.asc == Some(false);
                let nulls = match key.options.nulls_first {
                    Some(first) if first != descending => {
                        if first {
                            " nulls first"
                        } else {
                            " nulls last"
                        }
                    }
                    _ => "",
                };
                format!("{text}{}{nulls}", if descending { " desc" } else { "" })
            })
            .collect();
        self.add(Part::Order, keys.join(", "));
        // An aggregate that only orders is one that the statement has elsewhere or not at all.
        for call in found.aggregates {
            if !level.columns.iter().any(|column| column.contains(&call)) {
                self.add(Part::Aggregates, call);
            }
        }
        for (kind, query) in &found.queries {
            self.nested(kind, query, &level.scope);
        }
    }
}

/// The output column that a number stands for.
fn output(expr: &Expr, columns: &[String]) -> Option<String> {
    let Expr::Value(value) = expr else { return None };
    let Value::Number(number, _) = &value.value else { return None };
    columns.get(number.parse::<usize>().ok()?.checked_sub(1)?).cloned()
}

/// What a join is called if it is not an inner one, and its condition.
fn kind(join: &JoinOperator) -> (Option<&'static str>, Option<&JoinConstraint>) {
    match join {
        JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
            (None, Some(on))
        }
        JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (Some("left join"), Some(on)),
        JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (Some("right join"), Some(on)),
        JoinOperator::FullOuter(on) => (Some("full join"), Some(on)),
        _ => (Some("other join"), None),
    }
}
