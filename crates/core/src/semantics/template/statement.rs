//! The statement of a template: where its parameters stand, and literals in their place.
//!
//! Works on tokens as the server cuts them, so that a parameter within a string or comment is none,
//! and a literal stays one wherever it is put. Called by [`super`] and the extension.

use std::collections::HashMap;

use super::TemplateError;
use crate::sql::{Token, TokenKind, tokens};

/// Whether the statement has these parameters, as `:name`, and no other.
pub(super) fn check(sql: &str, names: &[&str]) -> Result<(), TemplateError> {
    let all = cut(sql)?;
    let used: Vec<&str> = (0..all.len()).filter_map(|at| parameter(&all, at)).collect();
    if let Some(unknown) = used.iter().find(|name| !names.contains(name)) {
        let problem = "is in the statement, and is not declared";
        return Err(TemplateError::of_parameter(unknown, problem));
    }
    match names.iter().find(|name| !used.contains(name)) {
        Some(unused) => Err(TemplateError::of_parameter(unused, "is not in the statement")),
        None => Ok(()),
    }
}

/// The statement with literals in the place of its parameters.
///
/// # Errors
/// Where it cannot be read, or has another parameter.
pub fn bind(sql: &str, literals: &HashMap<&str, &str>) -> Result<String, TemplateError> {
    let all = cut(sql)?;
    let mut bound = String::new();
    let mut end = 0;
    let mut at = 0;
    while let Some(token) = all.get(at) {
        bound.push_str(sql.get(end..token.start).unwrap_or_default());
        match parameter(&all, at) {
            Some(name) => {
                let literal = literals.get(name).ok_or_else(|| {
                    TemplateError::of_parameter(name, "is in the statement, and has no value")
                })?;
                // What stands beside it must not become a part of it.
                if !bound.ends_with([' ', '(', ',']) {
                    bound.push(' ');
                }
                bound.push_str(literal);
                end = all.get(at + 1).map_or(sql.len(), Token::end);
                if !matches!(
                    sql.get(end..).and_then(|rest| rest.chars().next()),
                    None | Some(' ' | ')' | ',')
                ) {
                    bound.push(' ');
                }
                at += 2;
            }
            None => {
                bound.push_str(token.text);
                end = token.end();
                at += 1;
            }
        }
    }
    Ok(bound)
}

fn cut(sql: &str) -> Result<Vec<Token<'_>>, TemplateError> {
    tokens(sql).map_err(|error| TemplateError::Statement(error.to_string()))
}

/// The name of the parameter that begins with this token: a colon, and a word right behind it.
fn parameter<'t>(all: &[Token<'t>], at: usize) -> Option<&'t str> {
    let (colon, name) = (all.get(at)?, all.get(at + 1)?);
    let is_one = colon.is_punct(":") && name.kind == TokenKind::Word && name.start == colon.end();
    is_one.then_some(name.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bound(sql: &str, literal: &str) -> String {
        bind(sql, &HashMap::from([("x", literal)])).unwrap()
    }

    #[test]
    fn literals_stand_apart() {
        for (sql, expected) in [
            ("SELECT a FROM t WHERE b = :x", "SELECT a FROM t WHERE b = 5"),
            ("SELECT f(:x,:x)", "SELECT f(5,5)"),
            ("SELECT 1-:x-1", "SELECT 1- 5 -1"),
            ("SELECT a[1:x]", "SELECT a[1 5 ]"),
            ("SELECT E:x", "SELECT E 5"),
            ("SELECT :x::text", "SELECT 5 ::text"),
            ("SELECT ':x', \":x\", a::x, $$:x$$ -- :x", "SELECT ':x', \":x\", a::x, $$:x$$ -- :x"),
        ] {
            assert_eq!(bound(sql, "5"), expected);
        }
    }

    #[test]
    fn parameters_are_declared_and_used() {
        assert_eq!(check("SELECT :x, :y, :x", &["x", "y"]), Ok(()));
        assert!(check("SELECT :x, :z", &["x"]).is_err());
        assert!(check("SELECT ':x'", &["x"]).is_err());
        assert!(check("SELECT :X", &["x"]).is_err());
        assert!(check("SELECT 'open", &[]).is_err());
        assert!(bind("SELECT :y", &HashMap::new()).is_err());
    }

    proptest! {
        /// Whatever a value is, the statement has the tokens it had, and the literal's where the
        /// parameter was.
        #[test]
        fn no_value_leaves_its_literal(
            value in "[ -~\n'\"$éß]{0,20}",
            pieces in prop::collection::vec(prop::sample::select(vec![
                ":x", "a", "'s'", "E'x'", "\"q\"", "=", "-", "::", "(", ")", ",", "1", "e", "U&", "$$d$$", " ", ":",
            ]), 0..12),
        ) {
            let sql = pieces.concat();
            let Some(literal) = super::super::value::text(&value) else { return Ok(()) };
            let Ok(before) = tokens(&sql) else { return Ok(()) };
            let result = bind(&sql, &HashMap::from([("x", literal.as_str())]));
            let mut expected = Vec::new();
            let mut at = 0;
            while at < before.len() {
                match parameter(&before, at) {
                    Some("x") => {
                        expected.push(literal.as_str());
                        at += 2;
                    }
                    Some(_) => {
                        prop_assert!(result.is_err());
                        return Ok(());
                    }
                    None => {
                        expected.push(before[at].text);
                        at += 1;
                    }
                }
            }
            let bound = result.unwrap();
            let found: Vec<&str> = tokens(&bound).unwrap().iter().map(|t| t.text).collect();
            prop_assert_eq!(found, expected, "{}", bound);
        }
    }
}
