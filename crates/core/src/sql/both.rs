//! Conditions that no row can satisfy, where the question wants two kinds of row.
//!
//! "Parties with members in Ohio and in Texas" is easily written `state = 'Ohio' AND state =
//! 'Texas'`, which holds for no row. A question that says "both" means what is found for the one and
//! for the other: an INTERSECT. One that does not means either: an OR. Only conditions of one column
//! are taken apart, that exclude each other by their constants alone; the answer would be empty on
//! every database. Called by the extension, before a statement is given to the server.

use std::collections::{HashMap, HashSet};

use sqlparser::ast::{
    BinaryOperator, Distinct, Expr, GroupByExpr, Ident, Query, Select, SelectItem, SetExpr, Value,
    ValueWithSpan,
};
use sqlparser::tokenizer::Location;

use super::edits::{Edits, Source};
use super::mend::joins::{condition_of, equality};
use super::mend::scope::Scope;
use super::parsed::ParsedSql;
use super::policy::check;
use super::walk::{calls, cte_names, folded};
use crate::link::split;
use crate::schema::Snapshot;
use crate::sql::CandidateSql;

/// Most kinds of row a question asks for at once.
const MAX_KINDS: usize = 4;

/// Words that ask for what is found for each of several kinds.
const BOTH: &[&str] = &["both", "shared", "common"];

/// `sql` with conditions that exclude each other taken apart; `None` where there are none.
pub fn take_apart(sql: &ParsedSql, snapshot: &Snapshot, question: &str) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let select = plain_select(&query)?;
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let same = same_rows(select, &scope);
    let mut tests = Vec::new();
    collect(select.selection.as_ref()?, &scope, &same, &mut tests);
    let excluding = excluding(&tests)?;
    let both = split(question).iter().any(|word| BOTH.contains(&word.as_str()));
    if both && !counts(select) {
        return intersection(&source, &excluding);
    }
    let are_equalities = excluding.iter().all(|test| matches!(test.bound, Bound::Is(_)));
    (!both && are_equalities).then(|| either(&source, &excluding))?
}

/// A comparison of a column with a constant.
struct Test {
    /// Item and column.
    column: (String, String),
    bound: Bound,
    first: Location,
    last: Location,
}

#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Is(String),
    Above(f64),
    Below(f64),
}

/// The one SELECT of a query that has nothing around it that an INTERSECT would change.
pub(super) fn plain_select(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let alone = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none();
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
        && select.having.is_none()
        && !matches!(select.distinct, Some(Distinct::On(_)));
    (alone && ungrouped).then_some(select)
}

/// Names of items that are the same row as another: a table joined to itself by its primary key.
fn same_rows(select: &Select, scope: &Scope<'_>) -> HashMap<String, String> {
    let joins = select.from.iter().flat_map(|from| &from.joins);
    let mut same = HashMap::new();
    for on in joins.filter_map(|join| condition_of(&join.join_operator)) {
        let Some(([left, column], [right, other])) = equality(on) else { continue };
        let (left, right, column) = (folded(left), folded(right), folded(column));
        let relation = |name: &str| scope.item(name).and_then(|item| item.relation);
        if let (Some(own), Some(others)) = (relation(&left), relation(&right))
            && own.name == others.name
            && column == folded(other)
            && own.primary_key == [column]
        {
            same.insert(right, left);
        }
    }
    same
}

/// The comparisons that must all hold.
fn collect(expr: &Expr, scope: &Scope<'_>, same: &HashMap<String, String>, tests: &mut Vec<Test>) {
    match expr {
        Expr::Nested(inner) => collect(inner, scope, same, tests),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            collect(left, scope, same, tests);
            collect(right, scope, same, tests);
        }
        Expr::BinaryOp { left, op, right } => {
            tests.extend(test(left, right, scope, same, |value| {
                Some(match (op, value) {
                    (BinaryOperator::Eq, Value::SingleQuotedString(text)) => {
                        Bound::Is(text.clone())
                    }
                    (BinaryOperator::Gt | BinaryOperator::GtEq, Value::Number(number, _)) => {
                        Bound::Above(number.parse().ok()?)
                    }
                    (BinaryOperator::Lt | BinaryOperator::LtEq, Value::Number(number, _)) => {
                        Bound::Below(number.parse().ok()?)
                    }
                    _ => return None,
                })
            }))
        }
        Expr::ILike { negated: false, any: false, expr, pattern, escape_char: None } => {
            tests.extend(test(expr, pattern, scope, same, |value| match value {
                Value::SingleQuotedString(text) if !text.contains(['%', '_', '\\']) => {
                    Some(Bound::Is(text.to_lowercase()))
                }
                _ => None,
            }));
        }
        _ => {}
    }
}

fn test(
    column: &Expr,
    constant: &Expr,
    scope: &Scope<'_>,
    same: &HashMap<String, String>,
    bound: impl FnOnce(&Value) -> Option<Bound>,
) -> Option<Test> {
    let Expr::Value(ValueWithSpan { value, span }) = constant else { return None };
    let (item, column, first): (String, &Ident, &Ident) = match column {
        Expr::Identifier(name) => {
            let bare = folded(name);
            let having: Vec<_> = scope.having(&bare).collect();
            let [only] = having.as_slice() else { return None };
            (only.name.clone(), name, name)
        }
        Expr::CompoundIdentifier(parts) => {
            let [.., item, name] = parts.as_slice() else { return None };
            (folded(item), name, parts.first()?)
        }
        _ => return None,
    };
    let item = same.get(&item).cloned().unwrap_or(item);
    Some(Test {
        column: (item, folded(column)),
        bound: bound(value)?,
        first: first.span.start,
        last: span.start,
    })
}

/// The tests of the one column whose tests exclude each other.
fn excluding(tests: &[Test]) -> Option<Vec<&Test>> {
    let mut found: Option<Vec<&Test>> = None;
    for test in tests {
        let of_column: Vec<&Test> = tests.iter().filter(|t| t.column == test.column).collect();
        if of_column.first().is_none_or(|first| !std::ptr::eq(*first, test))
            || !excludes(&of_column)
        {
            continue;
        }
        if found.is_some() || of_column.len() > MAX_KINDS {
            return None;
        }
        found = Some(of_column);
    }
    found
}

/// Whether any two of these tests exclude each other, and they are nothing else.
fn excludes(tests: &[&Test]) -> bool {
    let exclude = |one: &Test, other: &Test| match (&one.bound, &other.bound) {
        (Bound::Is(one), Bound::Is(other)) => one.to_lowercase() != other.to_lowercase(),
        (Bound::Above(low), Bound::Below(high)) | (Bound::Below(high), Bound::Above(low)) => {
            low >= high
        }
        _ => false,
    };
    tests.len() > 1
        && tests
            .iter()
            .enumerate()
            .all(|(at, one)| tests.iter().skip(at + 1).all(|other| exclude(one, other)))
}

/// Whether a row of the result is not made of one row alone.
pub(super) fn counts(select: &Select) -> bool {
    select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            calls(expr, |_| true)
        }
        _ => true,
    })
}

/// What is found for each of the tests alone.
fn intersection(source: &Source<'_>, tests: &[&Test]) -> Option<ParsedSql> {
    let branch = |own: usize| {
        let mut edits = Edits::default();
        let others = tests.iter().enumerate().filter(|(at, _)| *at != own);
        remove(source, others.map(|(_, test)| *test), &mut edits);
        source.text_with(edits)
    };
    let branches: Option<Vec<String>> = (0..tests.len()).map(branch).collect();
    check(CandidateSql::from_user(&branches?.join(" INTERSECT ")).ok()?).ok()
}

/// What is found for any of the tests.
fn either(source: &Source<'_>, tests: &[&Test]) -> Option<ParsedSql> {
    let text = |test: &Test| source.text_between(test.first, test.last);
    let all: Option<Vec<&str>> = tests.iter().map(|test| text(test)).collect();
    let (first, others) = tests.split_first()?;
    let mut edits = Edits::default();
    edits.replace_at(source, first.first, first.last, format!("({})", all?.join(" OR ")));
    remove(source, others.iter().copied(), &mut edits);
    source.with(edits)
}

/// Takes tests out, each with an AND beside it that no other was taken out with.
fn remove<'t>(source: &Source<'_>, tests: impl Iterator<Item = &'t Test>, edits: &mut Edits) {
    let tokens = source.tokens();
    let is_and = |at: &usize| tokens.get(*at).is_some_and(|token| token.is_word("and"));
    let mut taken = HashSet::new();
    for test in tests {
        let (Some(first), Some(last)) = (source.token(test.first), source.token(test.last)) else {
            continue;
        };
        let before = first.checked_sub(1).filter(|at| is_and(at) && !taken.contains(at));
        let behind = Some(last + 1).filter(|at| is_and(at) && !taken.contains(at));
        let (begin, end) = match (before, behind) {
            (Some(before), _) => (before, last),
            (None, Some(behind)) => (first, behind),
            (None, None) => {
                edits.replace_at(source, test.first, test.last, "true".to_owned());
                continue;
            }
        };
        taken.extend(before.or(behind));
        if let (Some(begin), Some(end)) = (tokens.get(begin), tokens.get(end)) {
            edits.remove(begin, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::table;
    use crate::sql::policy;
    use proptest::prelude::*;

    fn apart(sql: &str, question: &str) -> Option<String> {
        let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
        let mut snapshot = Snapshot::default();
        let mut member = table("s", "member", &["id", "name", "party", "state", "age"]);
        member.primary_key = vec!["id".into()];
        snapshot.relations.push(member);
        take_apart(&parsed, &snapshot, question).map(|sql| sql.text().to_owned())
    }

    const BOTH: &str = "Which parties have members in both states?";
    const EITHER: &str = "Which parties have members in Ohio and Texas?";

    #[test]
    fn both_is_an_intersection() {
        assert_eq!(
            apart("SELECT DISTINCT m.party FROM s.member m WHERE m.state = 'Ohio' AND m.state = 'Texas' AND m.age > 3", BOTH).as_deref(),
            Some("SELECT DISTINCT m.party FROM s.member m WHERE m.state = 'Ohio'  AND m.age > 3 INTERSECT \
                  SELECT DISTINCT m.party FROM s.member m WHERE  m.state = 'Texas' AND m.age > 3")
        );
        assert_eq!(
            apart("SELECT party FROM s.member WHERE age > 60 AND age < 30", BOTH).as_deref(),
            Some(
                "SELECT party FROM s.member WHERE age > 60  INTERSECT SELECT party FROM s.member WHERE  age < 30"
            )
        );
        assert_eq!(
            apart("SELECT a.party FROM s.member a JOIN s.member b ON a.id = b.id WHERE a.state ILIKE 'Ohio' AND b.state ILIKE 'Texas'", BOTH).as_deref(),
            Some("SELECT a.party FROM s.member a JOIN s.member b ON a.id = b.id WHERE a.state ILIKE 'Ohio'  INTERSECT \
                  SELECT a.party FROM s.member a JOIN s.member b ON a.id = b.id WHERE  b.state ILIKE 'Texas'")
        );
    }

    #[test]
    fn any_number_goes_from_any_place() {
        let condition = "state = 'a' AND state = 'b' AND (state = 'c' AND (state = 'd'))";
        let apart = apart(&format!("SELECT party FROM s.member WHERE {condition}"), BOTH).unwrap();
        let branches: Vec<String> = apart
            .split("INTERSECT")
            .map(|branch| branch.split("WHERE").nth(1).unwrap().split_whitespace().collect())
            .collect();
        assert_eq!(
            branches,
            [
                "state='a'AND((true))",
                "state='b'AND((true))",
                "(state='c'AND(true))",
                "((state='d'))"
            ]
        );
    }

    #[test]
    fn without_both_it_is_either() {
        assert_eq!(
            apart("SELECT count(*) FROM s.member WHERE age > 3 AND state = 'Ohio' AND state = 'Texas'", EITHER).as_deref(),
            Some("SELECT count(*) FROM s.member WHERE age > 3 AND (state = 'Ohio' OR state = 'Texas')")
        );
    }

    #[test]
    fn what_some_row_may_satisfy_stays() {
        for (sql, question) in [
            ("SELECT party FROM s.member WHERE state = 'Ohio' AND name = 'Texas'", BOTH),
            ("SELECT party FROM s.member WHERE state = 'Ohio' OR state = 'Texas'", BOTH),
            ("SELECT party FROM s.member WHERE state = 'Ohio' AND state = 'Ohio'", BOTH),
            ("SELECT party FROM s.member WHERE age > 30 AND age < 60", BOTH),
            ("SELECT party FROM s.member WHERE age > 60 AND age < 30", EITHER),
            (
                "SELECT a.party FROM s.member a JOIN s.member b ON a.party = b.party WHERE a.state = 'Ohio' AND b.state = 'Texas'",
                BOTH,
            ),
            ("SELECT count(*) FROM s.member WHERE state = 'Ohio' AND state = 'Texas'", BOTH),
            ("SELECT party FROM s.member WHERE state = 'Ohio' AND state = 'Texas' LIMIT 1", BOTH),
            (
                "SELECT party FROM s.member WHERE state = 'Ohio' AND state = 'Texas' GROUP BY party",
                BOTH,
            ),
            ("SELECT party FROM s.member WHERE state LIKE 'O%' AND state LIKE 'T%'", BOTH),
            ("SELECT 1", BOTH),
        ] {
            assert_eq!(apart(sql, question), None, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_statement_makes_it_fail(
            sql in "SELECT (party|m[.]age|count\\(1\\)) FROM s[.]member m( WHERE (m[.])?(age|state) (=|<|>|ILIKE) ('[ab%é]?'|[0-9]e?[0-9]?)( AND (m[.])?(age|state) (=|<|>) ('[ab]'|[0-9])){0,5})?",
            both in any::<bool>(),
        ) {
            if let Ok(parsed) = policy::check(CandidateSql::from_user(&sql).unwrap()) {
                let snapshot = Snapshot {
                    relations: vec![table("s", "member", &["party", "age", "state"])],
                    ..Snapshot::default()
                };
                let question = if both { "both" } else { "any" };
                if let Some(apart) = take_apart(&parsed, &snapshot, question) {
                    prop_assert!(apart.is_understood());
                    prop_assert_eq!(apart.relations(), parsed.relations());
                }
            }
        }
    }
}
