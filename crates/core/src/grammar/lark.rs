//! The grammar's text, in the Lark dialect of llguidance.
//!
//! Owns filling `syntax.lark`. The text depends on the functions a caller may use and on nothing
//! else of a catalog: what is compiled of it serves every request with the same ones, and keeps
//! what it learnt from request to request. Pure. Called by the engine.

use super::functions;
use super::words::{NO_LABEL, OPERATORS, RESERVED, TYPES};

const SYNTAX: &str = include_str!("syntax.lark");

/// Most functions besides the built-in ones that a grammar holds.
pub const MAX_FUNCTIONS: usize = 500;

/// The grammar for a caller who may use `extra` functions (unquoted names) besides the built-in
/// ones of the positive list.
pub fn lark(extra: &[String]) -> String {
    let mut functions = functions::built_in().clone();
    functions
        .extend(extra.iter().map(String::as_str).filter(|name| is_plain(name)).take(MAX_FUNCTIONS));
    let mut no_label = RESERVED.to_vec();
    no_label.extend(NO_LABEL);
    // A longer operator first means nothing to a regular expression that is matched to its end.
    let operators = OPERATORS.iter().map(|operator| escaped(operator)).collect::<Vec<_>>();
    ascii_keywords(SYNTAX)
        .replace("@@RESERVED@@", &RESERVED.join("|"))
        .replace("@@NO_LABEL@@", &no_label.join("|"))
        .replace("@@FUNCTIONS@@", &functions.into_iter().collect::<Vec<_>>().join("|"))
        .replace("@@TYPES@@", &TYPES.join("|"))
        .replace("@@OPERATORS@@", &operators.join("|"))
}

/// Every `"word"i` as an expression in which letters are ASCII: else `ſ` would be an `s`.
fn ascii_keywords(syntax: &str) -> String {
    let mut out = String::with_capacity(2 * syntax.len());
    for line in syntax.lines() {
        let mut rest = line;
        while let Some((before, quoted)) = rest.split_once('"') {
            out.push_str(before);
            match quoted.split_once("\"i") {
                Some((word, after)) if word.bytes().all(|b| b.is_ascii_lowercase()) => {
                    out.push_str(&format!("/(?i-u:{word})/"));
                    rest = after;
                }
                _ => {
                    out.push('"');
                    let (inside, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                    out.push_str(inside);
                    if inside.len() < quoted.len() {
                        out.push('"');
                    }
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

/// Whether a name can stand in the grammar as it is.
fn is_plain(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && RESERVED.binary_search(&name).is_err()
}

fn escaped(operator: &str) -> String {
    operator
        .chars()
        .flat_map(|c| ['\\', c])
        .collect::<String>()
        .replace("\\<", "<")
        .replace("\\>", ">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_filled_in() {
        let text = lark(&["my_function".into(), "x|y".into(), "Q".into()]);
        assert!(
            !text.lines().any(|l| !l.starts_with("//")
                && l.contains("@@")
                && !l.contains("OPERATOR:")
                && !l.contains("PREFIX")),
            "{text}"
        );
        assert!(!text.contains("\"i"), "keywords are ASCII: {text}");
        assert!(text.contains("|my_function|"));
        assert!(!text.contains("x|y"));
    }
}
