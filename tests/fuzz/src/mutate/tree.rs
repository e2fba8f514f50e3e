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
        _ => return Some(fill(rng.word(WHOLE), &query.to_string(), ground, rng)),
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
            *expression = raw(fill(rng.word(EXPRESSIONS), &expression.to_string(), ground, rng));
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
                fill(rng.word(SOURCES), &found.to_string(), ground, rng)
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
            select.selection = Some(made(rng.word(CONDITIONS), &before, rng));
        }
        1 => {
            let before = select.having.take().map_or("true".to_owned(), |e| e.to_string());
            select.having = Some(made(rng.word(CONDITIONS), &before, rng));
        }
        2 => select.distinct = Some(Distinct::Distinct),
        3 => select.distinct = Some(Distinct::On(vec![made("§x", "", rng)])),
        4 => {
            let by = vec![made(rng.word(GROUPS), "1", rng)];
            select.group_by = GroupByExpr::Expressions(by, Vec::new());
        }
        _ => {
            let item = SelectItem::UnnamedExpr(made(rng.word(ITEMS), "1", rng));
            select.projection.push(item);
        }
    }
}

fn raw(text: String) -> Expr {
    Expr::Identifier(Ident::new(text))
}

fn name(text: String) -> ObjectName {
    ObjectName::from(vec![Ident::new(text)])
}

/// In place of an expression, `§e`.
const EXPRESSIONS: &[&str] = &[
    "§x", "§x", "§x", "(§q)", "§c", "(§e)::§t", "CAST(§e AS §t)", "CAST((§x) AS §t)", "'§s'::§t",
    "§t '§s'", "§f(§e)", "§f(§e)", "§f(§e, §x)", "§f('§s')", "§f('§s', §e)", "§f()", "§f(§n, §n)",
    "§f(VARIADIC ARRAY[§e])", "(§f(§e)).*", "(SELECT §e)", "(SELECT §e FROM §r LIMIT 1)",
    "(SELECT z FROM §r z LIMIT 1)", "(SELECT to_jsonb(z) FROM §r z ORDER BY 1 LIMIT 1)",
    "(SELECT json_agg(z)::text FROM §r z)", "(SELECT array_agg(z.§c) FROM §r z)",
    "(SELECT count(*) FROM §r)", "(SELECT (z).§c FROM §r z LIMIT 1)", "(SELECT string_agg(z::text, '') FROM (§q) z)",
    "CASE WHEN (§x) IS NULL THEN §e ELSE §e END", "CASE §e WHEN §x THEN §n ELSE §e END",
    "COALESCE(§e, §x)", "COALESCE((§q), §e)", "NULLIF(§e, §x)", "GREATEST(§e, §x)", "LEAST(§n, §e)",
    "EXISTS (§q)", "NOT EXISTS (SELECT 1 FROM (§q) z)", "(§e) IN (§q)", "(§e) = ANY (§q)",
    "(§e) <> ALL (ARRAY[§x])", "(§e, §x) = (§x, §e)", "ROW(§e, §x)", "ROW(§e)::§t", "ARRAY[§e, §x]",
    "ARRAY(§q)", "(ARRAY[§e])[§n]", "(§e) IS DISTINCT FROM (§x)", "(§e) OPERATOR(§o) (§x)",
    "OPERATOR(§o) (§e)", "(§e) BETWEEN (§x) AND (§n)", "§e COLLATE \"C\"", "§e AT TIME ZONE '§s'",
    "§a(§e)", "§a(DISTINCT §e)", "§a(§e) FILTER (WHERE §x)", "§a(§e ORDER BY §x)",
    "§a(§e) OVER (ORDER BY §x)", "§w OVER (PARTITION BY §e)", "§f(§e) OVER ()",
    "§a(§n) OVER (ORDER BY §e RANGE BETWEEN §n PRECEDING AND CURRENT ROW)",
    "percentile_disc(0.5) WITHIN GROUP (ORDER BY §e)", "§f(§n) WITHIN GROUP (ORDER BY §e)",
    "(SELECT max(y) FROM (SELECT §e AS y UNION SELECT §n) z)", "(§e) + (§n)", "(§e) || (§x)", "-(§e)",
    "(§e) ~ '§s'", "(§e)::text LIKE '%§s%'", "(§e)->>'§s'", "jsonb_path_query(§e, '§s')",
    "(WITH w AS (§q) SELECT §n FROM w LIMIT 1)", "current_user", "CURRENT_CATALOG", "now()", "§e.§c",
    "(§r.*)::text", "§r", "U&'\\0061'", "E'\\x41'", "$1", "xmlelement(name a, §e)", "xmlforest(§e)",
    "json_build_object('k', §e)", "(jsonb_populate_record(NULL::§r, '{}')).*", "unnest(ARRAY[§e])",
    "generate_series(1, §n)", "GROUPING(§e)", "nextval('§r')", "currval('§r')", "setval('§r', §n)",
    "repeat(§e, §n)", "lpad(§e, §n)", "format('§s', §e)", "row_to_json(ROW(§e))", "EXTRACT(epoch FROM §e)",
    "overlay(§e placing 'x' from 1)", "SUBSTRING(§e FROM '§s' FOR '#')", "treat(§e AS §t)",
];

/// In place of a relation, `§e`, whose alias follows.
const SOURCES: &[&str] = &[
    "(§q)", "LATERAL (§q)", "LATERAL (SELECT §e.* FROM §e)", "(SELECT * FROM §r)", "(TABLE §r)",
    "§f()", "§f(§n)", "§f('§s')", "§f('§s', §n)", "LATERAL §f(§x)", "ROWS FROM (§f(§n), generate_series(1, 3))",
    "ROWS FROM (§f('§s') AS (a text))", "(VALUES (1, §x), (2, NULL))", "unnest(ARRAY[§x])",
    "ONLY §e", "§r *", "§e TABLESAMPLE bernoulli (50)", "§r TABLESAMPLE system_rows (3)",
    "§r TABLESAMPLE §f (1)", "generate_series(1, §n)", "(§q) z0 CROSS JOIN §e", "§r z0 NATURAL JOIN §e",
    "§r z0 CROSS JOIN LATERAL (SELECT §x) z1 CROSS JOIN §e", "(§r z0 JOIN §r z1 USING (id)) CROSS JOIN §e",
    "json_to_recordset('[{\"a\":1}]') z0(a §t) CROSS JOIN §e", "jsonb_to_record('{}') z0(a §t) CROSS JOIN §e",
    "xmltable('/a' PASSING '<a/>'::xml COLUMNS b text) z0 CROSS JOIN §e", "json_each('{\"a\":1}')",
    "(WITH w AS (DELETE FROM §r RETURNING *) SELECT * FROM w)", "(SELECT * FROM §e FOR UPDATE)",
    "jsonb_populate_recordset(NULL::§r, '[{}]')", "regexp_split_to_table('§s', ',')",
    "(SELECT §a(§c) FROM §r)", "json_table('{}', '$' COLUMNS (a int PATH '$'))", "dblink('§s', '§s') AS z0(a text) CROSS JOIN §e",
];

const CONDITIONS: &[&str] = &[
    "(§e) AND (§x)", "(§e) OR (§x)", "§x", "EXISTS (§q)", "(§e) AND §f(§n) IS NULL", "§f('§s') IS NOT NULL OR (§e)",
    "(§e) AND (SELECT §f(§n)) IS NULL", "NOT (§e)", "(§x) IN (§q)", "(§e) AND '§s'::§t IS NOT NULL",
    "(§e) AND CASE WHEN §x THEN true ELSE §f(§n)::text = '' END",
];
const GROUPS: &[&str] = &[
    "1", "§x", "ROLLUP (1, 2)", "CUBE (§x)", "GROUPING SETS ((), (§x), (1))", "DISTINCT 1", "()", "§c",
];
const ITEMS: &[&str] = &[
    "§x", "*", "(§q)", "§f(§n)", "§f('§s')", "1 INTO zz", "'§s'::§t", "§c", "§r.*", "(SELECT z FROM §r z LIMIT 1)",
    "§w OVER w WINDOW w AS (ORDER BY §x)", "§x AS §c", "count(*) OVER ()", "ctid", "xmin", "tableoid", "§f(§c)",
];

/// Around the whole query, `§e`.
const WHOLE: &[&str] = &[
    "SELECT * FROM (§e) z", "SELECT z FROM (§e) z", "SELECT z::text FROM (§e) z", "SELECT count(*) FROM (§e) z",
    "SELECT row_to_json(z) FROM (§e) z", "SELECT jsonb_agg(z) FROM (§e) z", "SELECT §f(z) FROM (§e) z",
    "SELECT §f(z::text) FROM (§e) z", "SELECT z.§c FROM (§e) z", "SELECT * FROM (§e) z WHERE §x",
    "WITH w AS (§q) §e", "WITH w AS MATERIALIZED (§e) SELECT * FROM w", "WITH w AS NOT MATERIALIZED (§e) SELECT w.*, v FROM w, w v",
    "WITH w AS (§e), v AS (§q) SELECT (SELECT count(*) FROM w), * FROM v",
    "WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w WHERE n < 4) SELECT * FROM w, (§e) z",
    "WITH RECURSIVE w(n) AS (SELECT 1 UNION SELECT n + 1 FROM w WHERE n < 4) SEARCH DEPTH FIRST BY n SET s SELECT * FROM w, (§e) z",
    "WITH d AS (DELETE FROM §r RETURNING *) SELECT * FROM d, (§e) z", "WITH d AS (INSERT INTO §r DEFAULT VALUES RETURNING *) §e",
    "WITH d AS (UPDATE §r SET id = 0 RETURNING *) §e", "§e UNION ALL §q", "§e UNION §q", "(§e) INTERSECT (§q)",
    "(§e) EXCEPT ALL (§q)", "(§q) UNION ALL (§e)", "(§e) UNION SELECT §x", "(§e) ORDER BY 1", "(§e) ORDER BY §x",
    "(§e) ORDER BY 1 USING OPERATOR(§o)", "(§e) ORDER BY 1 DESC NULLS LAST LIMIT §n", "(§e) OFFSET §n", "(§e) LIMIT (§q)",
    "(§e) FETCH FIRST §n ROWS WITH TIES", "§e FOR UPDATE", "§e FOR KEY SHARE SKIP LOCKED", "(§e) FOR SHARE NOWAIT",
    "SELECT * FROM (§e) z FOR NO KEY UPDATE OF z", "SELECT * INTO zz FROM (§e) z", "SELECT * INTO TEMP zz FROM (§e) z",
    "CREATE TABLE zz AS §e", "EXPLAIN ANALYZE §e", "DECLARE zz CURSOR FOR §e", "PREPARE zz AS §e", "COPY (§e) TO STDOUT",
    "INSERT INTO §r §e", "REFRESH MATERIALIZED VIEW §r", "§e; §q", "COMMIT; §e", "SELECT * FROM §r z0, LATERAL (§e) z",
    "SELECT * FROM §r z0 LEFT JOIN LATERAL (§e) z ON true", "SELECT z.* FROM (§e) z, §f(§n) y", "SELECT (§e)",
    "SELECT ARRAY(§e)", "SELECT EXISTS (§e)", "SELECT §a(z) OVER () FROM (§e) z", "SELECT DISTINCT z.* FROM (§e) z",
    "SELECT z.*, row_number() OVER (ORDER BY z) FROM (§e) z", "VALUES ((§e))", "TABLE §r", "SELECT * FROM (§e) z(a, b)",
    "SELECT * FROM (§e) z GROUP BY GROUPING SETS ((), (§x))", "SELECT pg_catalog.query_to_xml('§s', true, true, '') FROM (§e) z",
];

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
            for template in list {
                for part in template.split('§').skip(1) {
                    assert!("exqfrtocawns".contains(part.chars().next().unwrap()), "{template}");
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
