//! The first look at the expression of a metric or the condition of a filter.
//!
//! It must be what it is taken for: put between parentheses, it can neither end them nor hold a
//! second item or statement. Whether its names exist and what it reads is for the server's
//! analyser to say, on the statement that [`probe`] makes. Called by the extension.

use crate::schema::{RelationName, quote_ident, quote_qualified, sanitize};
use crate::sql::policy::{self, Refusal};
use crate::sql::{CandidateSql, ParsedSql, SqlError, Token, TokenKind, tokens};

/// Longest expression, bytes: it is told to the model whole.
pub const MAX_BYTES: usize = 500;

/// Longest statement of an example, bytes: it is told whole too.
pub const MAX_STATEMENT: usize = 1_500;

/// Why a text is no expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// It is nothing, too long or no text.
    #[error("{0}")]
    Text(String),
    /// It is more than one expression, or something else.
    #[error("it is not one expression: {0}")]
    NotOne(&'static str),
    /// A rule refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// The expression on one line, without comments.
///
/// # Errors
/// Where it is not one expression, or cannot be shown on a line as it is.
pub fn tidy(text: &str) -> Result<String, ExpressionError> {
    if text.len() > 4 * MAX_BYTES {
        return Err(too_long(text.len(), MAX_BYTES));
    }
    let all = tokens(text).map_err(|error| ExpressionError::Text(error.to_string()))?;
    let tokens: Vec<Token<'_>> = all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    if tokens.is_empty() {
        return Err(ExpressionError::Text("there is no expression".to_owned()));
    }
    check_shape(&tokens)?;
    on_one_line(&tokens, MAX_BYTES)
}

/// A statement on one line, without comments.
///
/// # Errors
/// Where it is too long, or cannot be shown on a line as it is.
pub fn tidy_statement(text: &str) -> Result<String, ExpressionError> {
    if text.len() > 4 * MAX_STATEMENT {
        return Err(too_long(text.len(), MAX_STATEMENT));
    }
    let all = tokens(text).map_err(|error| ExpressionError::Text(error.to_string()))?;
    let mut tokens: Vec<Token<'_>> =
        all.into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    while tokens.last().is_some_and(|token| token.is_punct(";")) {
        tokens.pop();
    }
    on_one_line(&tokens, MAX_STATEMENT)
}

fn on_one_line(tokens: &[Token<'_>], max: usize) -> Result<String, ExpressionError> {
    let mut line = String::new();
    let mut end = None;
    for token in tokens {
        if end.is_some_and(|end| token.start > end) {
            line.push(' ');
        }
        line.push_str(token.text);
        end = Some(token.end());
    }
    if line.len() > max {
        return Err(too_long(line.len(), max));
    }
    if sanitize(&line, line.len()) != line {
        let what =
            "a constant or name in it has line breaks, runs of spaces or invisible characters";
        return Err(ExpressionError::Text(what.to_owned()));
    }
    Ok(line)
}

fn too_long(bytes: usize, max: usize) -> ExpressionError {
    ExpressionError::Text(format!("it has {bytes} bytes, more than the {max} allowed"))
}

fn check_shape(tokens: &[Token<'_>]) -> Result<(), ExpressionError> {
    let mut open = Vec::new();
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Punct) {
        match token.text {
            "(" | "[" => open.push(token.text),
            ")" | "]" => {
                let closes = if token.text == ")" { "(" } else { "[" };
                if open.pop() != Some(closes) {
                    return Err(ExpressionError::NotOne("its parentheses do not match"));
                }
            }
            "," if open.is_empty() => return Err(ExpressionError::NotOne("it is a list")),
            ";" => return Err(ExpressionError::NotOne("it holds a semicolon")),
            _ => {}
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(ExpressionError::NotOne("its parentheses do not match"))
    }
}

/// What the server is asked to analyse.
#[derive(Debug, Clone, Copy)]
pub enum Probe<'t> {
    /// That the relation may be read at all.
    Relation,
    /// That the expression is one over its rows.
    Expression(&'t str),
    /// That the condition is one on its rows.
    Condition(&'t str),
    /// That these columns can equal those of another relation.
    Join(&'t [String], &'t RelationName, &'t [String]),
}

/// The statement that shows whether a definition over `relation` holds.
///
/// # Errors
/// Of the policy.
pub fn probe(relation: &RelationName, what: Probe<'_>) -> Result<ParsedSql, ExpressionError> {
    let from = quote_qualified(relation);
    let text = match what {
        Probe::Relation => format!("SELECT 1 FROM {from}"),
        Probe::Expression(text) => format!("SELECT ({text}) FROM {from}"),
        Probe::Condition(text) => format!("SELECT 1 FROM {from} WHERE ({text})"),
        Probe::Join(columns, other, others) => {
            let pairs = columns.iter().zip(others);
            let equal = pairs.map(|(a, b)| format!("a.{} = b.{}", quote_ident(a), quote_ident(b)));
            let on = equal.collect::<Vec<_>>().join(" AND ");
            format!("SELECT 1 FROM {from} AS a JOIN {} AS b ON {on}", quote_qualified(other))
        }
    };
    let candidate = CandidateSql::from_user(&text)
        .map_err(|error: SqlError| ExpressionError::Text(error.to_string()))?;
    Ok(policy::check(candidate)?)
}

/// The statement of an example, if it is one that may be run.
///
/// # Errors
/// Of the policy.
pub fn statement(text: &str) -> Result<ParsedSql, ExpressionError> {
    let candidate = CandidateSql::from_user(text)
        .map_err(|error: SqlError| ExpressionError::Text(error.to_string()))?;
    Ok(policy::check(candidate)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_expression_is_put_on_one_line() {
        for (text, tidied) in [
            ("sum(amount)", "sum(amount)"),
            ("  sum( amount )\n /* net */ - 1 -- x", "sum( amount ) - 1"),
            ("status = 'a b'", "status = 'a b'"),
            ("(SELECT max(x) FROM s.t)", "(SELECT max(x) FROM s.t)"),
            ("a[1]", "a[1]"),
        ] {
            assert_eq!(tidy(text), Ok(tidied.to_owned()));
        }
    }

    #[test]
    fn what_would_be_more_than_one_expression_is_refused() {
        for text in [
            "",
            " -- only this",
            "a, b",
            "a) FROM secrets --",
            "a) FROM secrets WHERE (b",
            "(a",
            "a[1)",
            "a; SELECT 1",
            "'open",
            "a = 'two\nlines'",
            "a = 'two  spaces'",
            "a = 'x\u{200b}'",
        ] {
            assert!(tidy(text).is_err(), "{text}");
        }
        assert!(tidy(&"1+".repeat(400)).is_err());
    }

    #[test]
    fn probes_are_single_selects() {
        let orders = RelationName { schema: "shop".into(), name: "Orders".into() };
        let text = |what| probe(&orders, what).map(|sql| sql.text().to_owned());
        let (a, b) = (["x".to_owned()], ["Y".to_owned()]);
        for (what, sql) in [
            (Probe::Relation, "SELECT 1 FROM shop.\"Orders\""),
            (Probe::Expression("sum(x)"), "SELECT (sum(x)) FROM shop.\"Orders\""),
            (Probe::Condition("x > 1"), "SELECT 1 FROM shop.\"Orders\" WHERE (x > 1)"),
            (
                Probe::Join(&a, &orders, &b),
                "SELECT 1 FROM shop.\"Orders\" AS a JOIN shop.\"Orders\" AS b ON a.x = b.\"Y\"",
            ),
        ] {
            assert_eq!(text(what).as_deref(), Ok(sql));
        }
        for hostile in ["pg_sleep(1)", "(DELETE FROM x RETURNING 1)", "$1"] {
            assert!(matches!(text(Probe::Expression(hostile)), Err(ExpressionError::Refused(_))));
        }
    }

    proptest! {
        #[test]
        fn no_tidied_text_leaves_its_parentheses(
            text in "([a-z]{1,3}|'[a-z;)]{0,3}'|\\(|\\)|,|;| |--|/\\*|\\*/|\\[|\\]|FROM|SELECT|\n){0,14}"
        ) {
            if let Ok(line) = tidy(&text) {
                let wrapped = format!("({line})");
                let mut depth = 0i32;
                let all = tokens(&wrapped).unwrap();
                let last = all.len() - 1;
                for (at, token) in all.iter().enumerate() {
                    prop_assert!(token.kind != TokenKind::Comment && !token.is_punct(";"));
                    depth += i32::from(token.is_punct("(")) - i32::from(token.is_punct(")"));
                    prop_assert!((depth > 0) == (at < last), "{wrapped}");
                }
                prop_assert_eq!(tidy(&line), Ok(line));
            }
        }
    }
}
