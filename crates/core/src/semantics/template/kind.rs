//! What may stand in the place of a parameter.
//!
//! Called by [`super`] and the extension.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::schema::{RelationName, quote_ident, quote_qualified};
use crate::sql::{TokenKind, tokens};

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnName {
    /// The relation.
    pub relation: RelationName,
    /// The column.
    pub column: String,
}

/// Kinds of value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// `12`, `-1.5`, `1,000`; a numeric.
    Number,
    /// The same without a fraction; an integer.
    Integer,
    /// Four digits; an integer.
    Year,
    /// `March 2024`, `2024-03`; a date, the first of the month.
    Month,
    /// `2024-03-31`, `31 March 2024`, `March 31st, 2024`; a date.
    Date,
    /// A text that is in the column when it is asked for.
    Value(ColumnName),
}

impl ParameterKind {
    /// As a definition has it: a word, or the name of a column with relation and schema.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "number" => return Some(Self::Number),
            "integer" => return Some(Self::Integer),
            "year" => return Some(Self::Year),
            "month" => return Some(Self::Month),
            "date" => return Some(Self::Date),
            _ => {}
        }
        let all = tokens(text).ok()?;
        let name = |at: usize| {
            let token = all.get(at)?;
            let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
            is_name.then(|| token.name().map(|name| name.into_owned()))?
        };
        let has_dots = all.get(1)?.is_punct(".") && all.get(3)?.is_punct(".");
        if all.len() != 5 || !has_dots {
            return None;
        }
        let relation = RelationName { schema: name(0)?, name: name(2)? };
        Some(Self::Value(ColumnName { relation, column: name(4)? }))
    }
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number => f.write_str("number"),
            Self::Integer => f.write_str("integer"),
            Self::Year => f.write_str("year"),
            Self::Month => f.write_str("month"),
            Self::Date => f.write_str("date"),
            Self::Value(ColumnName { relation, column }) => {
                write!(f, "{}.{}", quote_qualified(relation), quote_ident(column))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for text in ["number", "integer", "year", "month", "date", "s.t.c", "s.\"T x\".\"c\"\"d\""]
        {
            assert_eq!(ParameterKind::parse(text).unwrap().to_string(), text);
        }
        let folded = ParameterKind::parse(" Shop . Orders . \"City\" ").unwrap();
        assert_eq!(folded.to_string(), "shop.orders.\"City\"");
        for text in ["", "text", "t.c", "a.b.c.d", "a.b.c, d", "a.b.'c'", "a.b.", "a b c d e", "{"]
        {
            assert_eq!(ParameterKind::parse(text), None, "{text}");
        }
    }
}
