//! How large and how deep a statement may be, told by its tokens.
//!
//! Everything behind this check recurses: our parser, its tree, the server's planner. The first
//! knows no measure of the stack, and a stack that overflows takes the whole server down, so
//! depth is bounded before it begins. Called by [`super::gate`].
//!
//! The limits are set by what the parser (sqlparser 0.59, x86-64) was measured to need: an
//! optimised build took 36 KiB of stack for each sub-query in FROM, 31 KiB in an expression,
//! 17 KiB for a join in parentheses, 5 to 9 KiB for a CASE, call or operator, and 80 bytes for
//! each further operand of a chain. At [`MAX_NESTING`] no construct, and no two mixed, took
//! more than 1 MiB. An unoptimised build of the parser needs four times as much, so the workspace never
//! makes one.

use super::policy::{Refusal, rule};
use super::token::{Token, TokenKind};

/// Most tokens of a statement.
pub(super) const MAX_TOKENS: usize = 20_000;
/// Deepest nesting of parentheses, brackets, CASE and prefix operators together. In 20,000
/// statements written by people for public data sets it is 4.
pub(super) const MAX_NESTING: usize = 24;
/// Most tokens that make a syntax tree deeper without nesting: operators, casts, AND, OR, set
/// operations, dimensions of arrays. The tree is dropped and walked recursively.
const MAX_DEEPENING: usize = 1_000;
/// Most JOINs in all, and most joins of one FROM: planning time grows with them (60 took seconds
/// on 15.20). The tree counts what commas join.
pub(super) const MAX_JOINS: usize = 48;

/// Words that make the tree of the expressions or queries around them deeper.
const DEEPENING_WORDS: &[&str] = &[
    "and",
    "at",
    "between",
    "collate",
    "except",
    "ilike",
    "in",
    "intersect",
    "is",
    "isnull",
    "like",
    "not",
    "notnull",
    "or",
    "similar",
    "union",
    "with",
];

/// Refuses what is too large or too deep.
pub(super) fn check(tokens: &[Token<'_>]) -> Result<(), Refusal> {
    if tokens.len() > MAX_TOKENS {
        return Err(too_complex(format!("the statement has more than {MAX_TOKENS} tokens")));
    }
    if is_too_deep(tokens) {
        return Err(too_deep());
    }
    let count = |counts: fn(&Token<'_>) -> bool| tokens.iter().filter(|t| counts(t)).count();
    let deepens = |t: &Token<'_>| {
        t.kind == TokenKind::Operator || t.is_punct("[") || t.is_any_word(DEEPENING_WORDS)
    };
    if count(deepens) > MAX_DEEPENING {
        return Err(too_complex(format!("the statement has more than {MAX_DEEPENING} operators")));
    }
    if count(|t| t.is_word("join")) > MAX_JOINS {
        return Err(too_many_joins());
    }
    Ok(())
}

/// The refusal of a statement that would overflow a stack.
pub(super) fn too_deep() -> Refusal {
    too_complex(format!("the statement is nested too deeply (more than {MAX_NESTING} levels)"))
}

/// The refusal of a statement that would take long to plan.
pub(super) fn too_many_joins() -> Refusal {
    too_complex(format!("the statement has more than {MAX_JOINS} joins"))
}

fn too_complex(what: String) -> Refusal {
    Refusal::new(rule::TOO_COMPLEX, what).hint("write a simpler statement")
}

/// What is open, one entry for each `(`, `[` or CASE: the levels it adds, which are itself and
/// the prefix operators before it.
struct Open {
    levels: usize,
    case: bool,
}

fn is_too_deep(tokens: &[Token<'_>]) -> bool {
    let mut open: Vec<Open> = Vec::new();
    let mut depth = 0usize;
    let mut prefixes = 0usize;
    let mut before: Option<&Token<'_>> = None;
    for token in tokens {
        // After a dot or AS any word is a name: `t.case`.
        let named = before.is_some_and(|b| b.is_punct(".") || b.is_word("as"));
        let opens_case = token.is_word("case") && !named;
        if opens_case || token.is_punct("(") || token.is_punct("[") {
            let levels = 1 + std::mem::take(&mut prefixes);
            depth += levels;
            open.push(Open { levels, case: opens_case });
        } else if token.is_word("end") && !named && open.last().is_some_and(|o| o.case) {
            depth -= open.pop().map_or(0, |o| o.levels);
            prefixes = 0;
        } else if token.is_punct(")") || token.is_punct("]") {
            // With it goes any CASE left open within.
            while let Some(closed) = open.pop() {
                depth -= closed.levels;
                if !closed.case {
                    break;
                }
            }
            prefixes = 0;
        } else if is_prefix(token, before) && !named {
            prefixes += 1;
        } else {
            prefixes = 0;
        }
        if depth + prefixes > MAX_NESTING {
            return true;
        }
        before = Some(token);
    }
    false
}

/// Whether an operand must follow and none stands before.
fn is_prefix(token: &Token<'_>, before: Option<&Token<'_>>) -> bool {
    if token.is_any_word(&["not", "interval"]) {
        return true;
    }
    // A star is a column list.
    token.kind == TokenKind::Operator
        && token.text != "*"
        && before.is_some_and(|b| {
            b.kind == TokenKind::Operator
                || ["(", "[", ","].iter().any(|mark| b.is_punct(mark))
                || b.is_any_word(&["and", "not", "or", "select", "then", "when", "where"])
        })
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn too_deep(sql: &str) -> bool {
        is_too_deep(&tokens(sql).unwrap())
    }

    #[test]
    fn nesting_adds_up_and_ends() {
        for (open, close) in
            [("(", ")"), ("a[", "]"), ("CASE WHEN ", " END"), ("f(", ")"), ("(SELECT ", ")")]
        {
            let nested = |n: usize| format!("SELECT {}1{}", open.repeat(n), close.repeat(n));
            assert!(!too_deep(&nested(MAX_NESTING)), "{open}");
            assert!(too_deep(&nested(MAX_NESTING + 1)), "{open}");
            let one = format!("{open}1{close}, ");
            assert!(!too_deep(&format!("SELECT {}1", one.repeat(1_000))), "{open}");
        }
    }

    #[test]
    fn prefix_operators_count_with_what_they_stand_before() {
        assert!(!too_deep(&format!("SELECT {}1", "- ".repeat(MAX_NESTING))));
        assert!(too_deep(&format!("SELECT {}1", "- ".repeat(MAX_NESTING + 1))));
        assert!(too_deep(&format!("SELECT {}true", "NOT ".repeat(MAX_NESTING + 1))));
        assert!(too_deep(&format!("SELECT {}1", "NOT (".repeat(MAX_NESTING / 2 + 1))));
        assert!(!too_deep(&format!("SELECT 1{}", " + 1".repeat(5_000))));
        assert!(!too_deep(&format!("SELECT true{}", " AND NOT a".repeat(300))));
    }

    #[test]
    fn names_and_stray_ends_open_and_close_nothing() {
        assert!(!too_deep(&"SELECT t.case, 1 AS case, ".repeat(100)));
        assert!(too_deep(&format!("SELECT {}", "(end ".repeat(MAX_NESTING + 1))));
        assert!(!too_deep(&"(CASE WHEN 1) ".repeat(100)));
        assert!(!too_deep("SELECT a) ] END) ("));
    }
}
