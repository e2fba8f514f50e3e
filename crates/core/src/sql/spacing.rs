//! What stands between two tokens of a statement laid out on one line.
//!
//! Must keep tokens apart that would join, and may not part what the server reads as one.
//! Called by [`super::format`].

use super::token::{Token, TokenKind};

/// Reserved words: none of them can be a name without quotes.
#[rustfmt::skip]
pub(super) const CAPITALS: &[&str] = &[
    "all", "and", "any", "as", "asc", "between", "case", "cross", "desc", "distinct", "else",
    "end", "except", "exists", "fetch", "from", "group", "having", "ilike", "in", "inner",
    "intersect", "is", "join", "lateral", "like", "limit", "natural", "not", "null", "offset",
    "on", "or", "order", "select", "some", "then", "union", "using", "when", "where", "window",
    "with",
];

/// Whether a space is to stand between two tokens.
pub(super) fn needs_space(before: &Token<'_>, token: &Token<'_>) -> bool {
    let apart = token.start > before.end();
    if before.is_punct("(") || before.is_punct("[") || token.is_punct(",") || token.is_punct("]") {
        return false;
    }
    if [before, token].iter().any(|t| t.is_punct(".") || t.text == "::") {
        return false;
    }
    if before.is_punct(",") {
        return true;
    }
    if token.is_punct("(") && before.is_any_word(CAPITALS) {
        return true;
    }
    let infix = |t: &Token<'_>| {
        t.kind == TokenKind::Operator
            && matches!(t.text, "=" | "<" | ">" | "<=" | ">=" | "<>" | "!=" | "||")
    };
    apart || infix(before) || infix(token)
}
