//! Mutations of the syntax tree.
//!
//! Owns the places of a query that are replaced, and by what. What is put in is text under the
//! name of an identifier, which the tree prints as it is: so a template can be anything, also
//! what the parser of the tree cannot read. The server reads the result with its own.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, ObjectName, Query, SelectItem, SetExpr, visit_expressions,
    visit_expressions_mut, visit_relations, visit_relations_mut,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::Ground;
use super::fill::{fill, function, relation};
use crate::rng::Rng;

/// Deepest nesting that is parsed: the parser reads an argument of a function twice, so the time
/// doubles with every level.
const MAX_NESTING: usize = 14;

/// The query a text is, if the parser knows all of it.
pub fn parse(sql: &str) -> Option<Query> {
    if nesting(sql) > MAX_NESTING {
        return None;
    }
    let sql = sql.trim().trim_end_matches(';');
    let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).ok()?;
    let query = parser.parse_query().ok()?;
    parser.expect_token(&Token::EOF).ok()?;
    Some(*query)
}

fn nesting(sql: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in sql.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// One mutation; nothing if the parser cannot read the text.
pub fn mutate(sql: &str, ground: &Ground, rng: &mut Rng) -> Option<String> {
    let mut query = parse(sql)?;
    match rng.below(100) {
        0..=44 => expression(&mut query, ground, rng),
        45..=54 => function_name(&mut query, ground, rng),
        55..=69 => relation_name(&mut query, ground, rng),
        70..=79 => clause(&mut query, ground, rng),
        _ => return Some(fill(line(WHOLE, rng), &query.to_string(), ground, rng)),
    }
    Some(query.to_string())
}

/// Replaces an expression, or puts another around it.
fn expression(query: &mut Query, ground: &Ground, rng: &mut Rng) {
    let mut count = 0_usize;
    let _ = visit_expressions(query, |_| {
        count += 1;
        ControlFlow::<()>::Continue(())
    });
    let mut left = rng.below(count);
    let _ = visit_expressions_mut(query, |expression| {
        if left == 0 {
            *expression = raw(fill(line(EXPRESSIONS, rng), &expression.to_string(), ground, rng));
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    });
}

/// Calls another function.
fn function_name(query: &mut Query, ground: &Ground, rng: &mut Rng) {
    let mut count = 0_usize;
    let _ = visit_expressions(query, |expression| {
        count += usize::from(matches!(expression, Expr::Function(_)));
        ControlFlow::<()>::Continue(())
    });
    if count == 0 {
        return expression(query, ground, rng);
    }
    let mut left = rng.below(count);
    let _ = visit_expressions_mut(query, |expression| {
        let Expr::Function(call) = expression else { return ControlFlow::Continue(()) };
        if left == 0 {
            call.name = name(function(ground, rng).to_owned());
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    });
}

/// Reads another relation, or something else in its place.
fn relation_name(query: &mut Query, ground: &Ground, rng: &mut Rng) {
    let mut count = 0_usize;
    let _ = visit_relations(query, |_| {
        count += 1;
        ControlFlow::<()>::Continue(())
    });
    let mut left = rng.below(count);
    let _ = visit_relations_mut(query, |found| {
        if left == 0 {
            let text = if rng.percent(50) {
                relation(ground, rng).to_owned()
            } else {
                fill(line(SOURCES, rng), &found.to_string(), ground, rng)
            };
            *found = name(text);
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    });
}

/// Adds or replaces a clause of the outermost SELECT.
fn clause(query: &mut Query, ground: &Ground, rng: &mut Rng) {
    let SetExpr::Select(select) = query.body.as_mut() else {
        return expression(query, ground, rng);
    };
    let made = |template: &str, own: &str, rng: &mut Rng| raw(fill(template, own, ground, rng));
    match rng.below(6) {
        0 => {
            let before = select.selection.take().map_or("true".to_owned(), |e| e.to_string());
            select.selection = Some(made(line(CONDITIONS, rng), &before, rng));
        }
        1 => {
            let before = select.having.take().map_or("true".to_owned(), |e| e.to_string());
            select.having = Some(made(line(CONDITIONS, rng), &before, rng));
        }
        2 => select.distinct = Some(Distinct::Distinct),
        3 => select.distinct = Some(Distinct::On(vec![made("§x", "", rng)])),
        4 => {
            let by = vec![made(line(GROUPS, rng), "1", rng)];
            select.group_by = GroupByExpr::Expressions(by, Vec::new());
        }
        _ => {
            let item = SelectItem::UnnamedExpr(made(line(ITEMS, rng), "1", rng));
            select.projection.push(item);
        }
    }
}

/// A template; one that stands there twice is taken twice as often.
fn line(list: &'static str, rng: &mut Rng) -> &'static str {
    let count = list.lines().count();
    list.lines().nth(rng.below(count)).unwrap_or_default()
}

fn raw(text: String) -> Expr {
    Expr::Identifier(Ident::new(text))
}

fn name(text: String) -> ObjectName {
    ObjectName::from(vec![Ident::new(text)])
}

/// In place of an expression, `§e`.
const EXPRESSIONS: &str = include_str!("templates/expressions.txt");

/// In place of a relation, `§e`, whose alias follows.
const SOURCES: &str = include_str!("templates/sources.txt");

const CONDITIONS: &str = include_str!("templates/conditions.txt");
const GROUPS: &str = include_str!("templates/groups.txt");
const ITEMS: &str = include_str!("templates/items.txt");

/// Around the whole query, `§e`.
const WHOLE: &str = include_str!("templates/whole.txt");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;
    use crate::vocabulary::Vocabulary;

    #[test]
    fn every_place_of_a_template_is_known() {
        let ground = Ground {
            corpus: Corpus::of(&["SELECT 2"], &["SELECT a FROM s.t"]),
            vocabulary: Vocabulary::small(),
        };
        let mut rng = Rng::new(1, 1);
        for list in [EXPRESSIONS, SOURCES, CONDITIONS, GROUPS, ITEMS, WHOLE] {
            for template in list.lines() {
                for part in template.split('§').skip(1) {
                    assert!("exqvlkfrtocawns".contains(part.chars().next().unwrap()), "{template}");
                }
                assert!(!fill(template, "own", &ground, &mut rng).contains('§'), "{template}");
            }
        }
    }

    #[test]
    fn what_is_put_in_is_printed_as_it_is() {
        let mut query = parse("SELECT a FROM s.t WHERE b = 1").unwrap();
        let _ = visit_expressions_mut(&mut query, |e| {
            if e.to_string() == "a" {
                *e = raw("nothing (a parser) knows".to_owned());
            }
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(query.to_string(), "SELECT nothing (a parser) knows FROM s.t WHERE b = 1");
    }

    #[test]
    fn deep_nesting_is_left_to_the_tokens() {
        let deep = format!("SELECT {}1{}", "f(".repeat(40), ")".repeat(40));
        assert!(parse(&deep).is_none());
    }
}
