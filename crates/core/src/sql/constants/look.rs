//! What is asked of the server about a constant.

use crate::schema::{RelationName, quote_ident, quote_literal, quote_qualified};

/// Which stored values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The very same.
    Exactly,
    /// The same but for case.
    Alike,
    /// Those it is a part of, but for case.
    Within,
}

/// A question to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look<'a> {
    /// Where to look.
    pub relation: &'a RelationName,
    /// In which column.
    pub column: &'a str,
    /// For what; without backslashes and control characters.
    pub value: &'a str,
    /// How it may be stored.
    pub how: How,
}

impl Look<'_> {
    /// The statement that answers it with up to two rows of one column, `v`: a SELECT like any
    /// other, to be checked and run as the caller, within limits.
    pub fn sql(&self) -> String {
        let (relation, column) = (quote_qualified(self.relation), quote_ident(self.column));
        let value = quote_literal(self.value);
        let (distinct, condition) = match self.how {
            How::Exactly => ("", format!("{column} = {value}")),
            How::Alike => ("DISTINCT ", format!("lower({column}) = lower({value})")),
            How::Within => {
                let pattern = quote_literal(&format!("%{}%", self.value));
                ("", format!("{column} ILIKE {pattern}"))
            }
        };
        let limit = if distinct.is_empty() { 1 } else { 2 };
        format!(
            "SELECT {distinct}CAST({column} AS text) AS v FROM {relation} WHERE {condition} LIMIT {limit}"
        )
    }
}
