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
    SYNTAX
        .replace("@@RESERVED@@", &RESERVED.join("|"))
        .replace("@@NO_LABEL@@", &no_label.join("|"))
        .replace("@@FUNCTIONS@@", &functions.into_iter().collect::<Vec<_>>().join("|"))
        .replace("@@TYPES@@", &TYPES.join("|"))
        .replace("@@OPERATORS@@", &operators.join("|"))
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
        assert!(text.contains("|my_function|"));
        assert!(!text.contains("x|y"));
    }
}
