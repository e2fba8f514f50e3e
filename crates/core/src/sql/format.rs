//! Lays a statement out over lines.
//!
//! Works on tokens and changes nothing but white space between them and the case of keywords,
//! so what is shown is what runs; comments are left out. It knows no grammar and must not fail:
//! whatever it cannot lay out stays as it is. Called by [`super::parsed`].
//!
//! (The printer of the SQL parser puts every operand on a line of its own and rewrites types
//! and operators, so that the text shown would differ from the text run.)

use super::lexer::tokens;
use super::spacing::{CAPITALS, needs_space};
use super::token::{Token, TokenKind};

/// A select list up to this many bytes stays on one line.
const LIST_WIDTH: usize = 72;

/// `sql` over lines, or as it is if that would change a token.
pub(super) fn pretty(sql: &str) -> String {
    let Ok(all) = tokens(sql) else { return sql.to_owned() };
    let significant: Vec<_> = all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    let text = Printer::new(&significant).print();
    if same_tokens(&text, &significant) { text } else { sql.to_owned() }
}

fn same_tokens(text: &str, expected: &[Token<'_>]) -> bool {
    let same = |a: &Token<'_>, b: &Token<'_>| {
        a.kind == b.kind
            && if a.kind == TokenKind::Word {
                a.text.eq_ignore_ascii_case(b.text)
            } else {
                a.text == b.text
            }
    };
    tokens(text).is_ok_and(|now| {
        now.len() == expected.len() && now.iter().zip(expected).all(|(a, b)| same(a, b))
    })
}

/// Where in a query we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clause {
    With,
    Select { broken: bool },
    Filter,
    Other,
}

/// A pair of parentheses, or the whole statement.
struct Frame {
    /// Whether a query stands in it, so that clauses begin lines.
    query: bool,
    /// Indentation of its clauses.
    indent: usize,
    /// Indentation of the line it was opened on.
    outer: usize,
    clause: Clause,
    /// CASE not yet ended, BETWEEN whose AND is still to come.
    cases: usize,
    betweens: usize,
}

enum Gap {
    None,
    Space,
    Line(usize),
}

struct Printer<'t, 'a> {
    tokens: &'t [Token<'a>],
    out: String,
    frames: Vec<Frame>,
    line_indent: usize,
}

impl<'t, 'a> Printer<'t, 'a> {
    fn new(tokens: &'t [Token<'a>]) -> Self {
        let statement = Frame {
            query: true,
            indent: 0,
            outer: 0,
            clause: Clause::Other,
            cases: 0,
            betweens: 0,
        };
        Self { tokens, out: String::new(), frames: vec![statement], line_indent: 0 }
    }

    fn print(mut self) -> String {
        for (at, token) in self.tokens.iter().enumerate() {
            match self.gap(at, token) {
                Gap::None => {}
                Gap::Space => self.out.push(' '),
                Gap::Line(indent) => {
                    self.out.push('\n');
                    self.out.extend(std::iter::repeat_n(' ', indent));
                    self.line_indent = indent;
                }
            }
            if self.is_keyword(at, token) {
                self.out.push_str(&token.text.to_ascii_uppercase());
            } else {
                self.out.push_str(token.text);
            }
            self.after(at, token);
        }
        self.out
    }

    fn get(&self, at: usize) -> Option<&'t Token<'a>> {
        self.tokens.get(at)
    }

    fn before(&self, at: usize) -> Option<&'t Token<'a>> {
        at.checked_sub(1).and_then(|i| self.tokens.get(i))
    }

    fn next_is(&self, at: usize, words: &[&str]) -> bool {
        self.get(at + 1).is_some_and(|t| t.is_any_word(words))
    }

    /// Keeps track of clauses and parentheses, once the token is written.
    fn after(&mut self, at: usize, token: &Token<'_>) {
        if token.is_punct("(") {
            let query = self.next_is(at, &["select", "with"]);
            let outer = self.line_indent;
            self.frames.push(Frame {
                query,
                indent: outer + 2,
                outer,
                clause: Clause::Other,
                cases: 0,
                betweens: 0,
            });
            return;
        }
        if token.is_punct(")") {
            if self.frames.len() > 1 {
                self.frames.pop();
            }
            return;
        }
        let broken = token.is_word("select") && self.has_wide_list(at);
        let in_join = self.is_join_part(at, token);
        let Some(frame) = self.frames.last_mut() else { return };
        if token.is_word("case") {
            frame.cases += 1;
        } else if token.is_word("end") {
            frame.cases = frame.cases.saturating_sub(1);
        } else if token.is_word("between") {
            frame.betweens += 1;
        } else if token.is_word("and") {
            frame.betweens = frame.betweens.saturating_sub(1);
        } else if token.is_word("with") && frame.clause == Clause::Other {
            frame.clause = Clause::With;
        } else if token.is_word("select") {
            frame.clause = Clause::Select { broken };
        } else if token.is_any_word(&["where", "having"]) {
            frame.clause = Clause::Filter;
        } else if in_join || token.is_any_word(&["from", "group", "order", "limit", "union"]) {
            frame.clause = Clause::Other;
        }
    }

    fn gap(&self, at: usize, token: &Token<'_>) -> Gap {
        let (Some(before), Some(frame)) = (self.before(at), self.frames.last()) else {
            return Gap::None;
        };
        if token.is_punct(")") {
            return if frame.query { Gap::Line(frame.outer) } else { Gap::None };
        }
        if frame.query {
            if before.is_punct("(") {
                return Gap::Line(frame.indent);
            }
            if self.begins_clause(at, token, before) {
                return Gap::Line(frame.indent);
            }
            if self.begins_join(at, token) {
                return Gap::Line(frame.indent + 2);
            }
            match frame.clause {
                Clause::Filter
                    if frame.cases == 0
                        && (token.is_word("or")
                            || (token.is_word("and") && frame.betweens == 0)) =>
                {
                    return Gap::Line(frame.indent + 2);
                }
                Clause::Select { broken: true } if before.is_punct(",") => {
                    return Gap::Line(frame.indent + "SELECT ".len());
                }
                Clause::With if before.is_punct(",") => return Gap::Line(frame.indent),
                _ => {}
            }
        }
        if needs_space(before, token) { Gap::Space } else { Gap::None }
    }

    fn begins_clause(&self, at: usize, token: &Token<'_>, before: &Token<'_>) -> bool {
        if before.is_punct(".") || before.is_word("as") {
            return false;
        }
        if token.is_word("from") {
            return !before.is_word("distinct");
        }
        token.is_any_word(&[
            "select",
            "where",
            "having",
            "limit",
            "offset",
            "fetch",
            "union",
            "intersect",
            "except",
            "window",
        ]) || (token.is_any_word(&["group", "order"]) && self.next_is(at, &["by"]))
    }

    /// Whether the token is one of the words of a join, rather than a function such as `left()`.
    fn is_join_part(&self, at: usize, token: &Token<'_>) -> bool {
        token.is_word("join")
            || (token.is_any_word(&["left", "right", "full", "inner", "cross", "natural"])
                && self.next_is(at, &["join", "outer", "left", "right", "full", "inner"]))
    }

    fn begins_join(&self, at: usize, token: &Token<'_>) -> bool {
        self.is_join_part(at, token)
            && !self.before(at).is_some_and(|b| {
                b.is_any_word(&["left", "right", "full", "inner", "cross", "natural", "outer"])
            })
    }

    /// Whether a SELECT takes more than [`LIST_WIDTH`] bytes to its FROM, on one line.
    fn has_wide_list(&self, select: usize) -> bool {
        let (mut depth, mut width) = (0usize, 0usize);
        for token in self.tokens.iter().skip(select + 1) {
            if token.is_punct("(") {
                depth += 1;
            } else if token.is_punct(")") {
                match depth.checked_sub(1) {
                    Some(outer) => depth = outer,
                    None => return false,
                }
            } else if depth == 0 && token.is_word("from") {
                return false;
            }
            width += token.text.len() + 1;
            if width > LIST_WIDTH {
                return true;
            }
        }
        false
    }

    /// Whether the token is a keyword to be written in capitals: only words no name can be, or
    /// that their neighbours prove to be keywords.
    fn is_keyword(&self, at: usize, token: &Token<'_>) -> bool {
        if token.kind != TokenKind::Word {
            return false;
        }
        let before = self.before(at);
        if before.is_some_and(|b| b.is_punct(".") || b.is_word("as"))
            || self.get(at + 1).is_some_and(|t| t.is_punct("."))
        {
            return false;
        }
        let follows = |words: &[&str]| before.is_some_and(|b| b.is_any_word(words));
        token.is_any_word(CAPITALS)
            || self.is_join_part(at, token)
            || (token.is_word("outer") && self.next_is(at, &["join"]))
            || (token.is_word("by") && follows(&["group", "order", "partition"]))
            || (token.is_word("partition") && self.next_is(at, &["by"]))
            || (token.is_word("nulls") && self.next_is(at, &["first", "last"]))
            || (token.is_any_word(&["first", "last"]) && follows(&["nulls"]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    #[track_caller]
    fn check(sql: &str, expected: Expect) {
        expected.assert_eq(&pretty(sql));
    }

    #[test]
    fn a_short_statement() {
        check(
            "select count( * ) from shop.customers where a=1 and b between 2 and 3 or c ;",
            expect![[r#"
                SELECT count(*)
                FROM shop.customers
                WHERE a = 1
                  AND b BETWEEN 2 AND 3
                  OR c ;"#]],
        );
    }

    #[test]
    fn joins_groups_and_a_long_list() {
        check(
            "SELECT c.name, count(*) FILTER (WHERE o.status = 'paid') AS paid, sum(o.total)::numeric(12,2) AS revenue FROM shop.customers AS c LEFT JOIN shop.orders AS o ON o.customer_id = c.id AND left(o.note, 1) <> 'x' CROSS JOIN shop.regions r GROUP BY c.id, c.name HAVING count(*) > 3 ORDER BY revenue DESC NULLS LAST, c.name LIMIT 5",
            expect![[r#"
                SELECT c.name,
                       count(*) FILTER (WHERE o.status = 'paid') AS paid,
                       sum(o.total)::numeric(12, 2) AS revenue
                FROM shop.customers AS c
                  LEFT JOIN shop.orders AS o ON o.customer_id = c.id AND left(o.note, 1) <> 'x'
                  CROSS JOIN shop.regions r
                GROUP BY c.id, c.name
                HAVING count(*) > 3
                ORDER BY revenue DESC NULLS LAST, c.name
                LIMIT 5"#]],
        );
    }

    #[test]
    fn common_table_expressions_and_sub_queries() {
        check(
            "WITH t AS (SELECT customer_id, sum(total) AS s FROM shop.orders GROUP BY 1), u AS (SELECT 1) SELECT * FROM t WHERE t.s > (SELECT avg(s) FROM t) AND EXISTS (SELECT FROM u) UNION ALL SELECT 1, 2",
            expect![[r#"
                WITH t AS (
                  SELECT customer_id, sum(total) AS s
                  FROM shop.orders
                  GROUP BY 1
                ),
                u AS (
                  SELECT 1
                )
                SELECT *
                FROM t
                WHERE t.s > (
                  SELECT avg(s)
                  FROM t
                )
                  AND EXISTS (
                    SELECT
                    FROM u
                  )
                UNION ALL
                SELECT 1, 2"#]],
        );
    }

    #[test]
    fn case_and_windows_stay_inline() {
        check(
            "SELECT CASE WHEN a > 1 AND b THEN 'x' ELSE 'y' END, rank() OVER (PARTITION BY c ORDER BY d DESC), extract(year from e) FROM s.t WHERE a IS DISTINCT FROM b -- why\n AND CASE WHEN a AND b THEN true ELSE false END",
            expect![[r#"
                SELECT CASE WHEN a > 1 AND b THEN 'x' ELSE 'y' END,
                       rank() OVER (PARTITION BY c ORDER BY d DESC),
                       extract(year FROM e)
                FROM s.t
                WHERE a IS DISTINCT FROM b AND CASE WHEN a AND b THEN true ELSE false END"#]],
        );
    }

    #[test]
    fn what_is_no_sql_stays_as_it_is() {
        for text in ["SELECT 'a", "", "\\d"] {
            assert_eq!(pretty(text), text);
        }
    }

    proptest! {
        #[test]
        fn tokens_never_change(
            sql in "(SELECT|FROM|\\(|\\)|,|\\.|::|:|=|-|--x\n|a|\"A\"|1|1\\.5|'s'|E'\\\\''|\\$\\$x\\$\\$| |\n|\\[|\\]|AND|CASE|END|WITH|/\\*c\\*/|;|JOIN|LEFT|\\*){0,40}"
        ) {
            if let Ok(before) = tokens(&sql) {
                let before: Vec<_> =
                    before.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
                let after = pretty(&sql);
                let after = tokens(&after).unwrap();
                let after: Vec<_> =
                    after.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
                prop_assert_eq!(before.len(), after.len());
                for (a, b) in before.iter().zip(&after) {
                    prop_assert_eq!(a.kind, b.kind);
                    prop_assert!(a.text.eq_ignore_ascii_case(b.text));
                }
            }
        }
    }
}
