//! "Both", answered with either.
//!
//! "Cities that have both schools of over 2000 pupils and schools of under 100" is written as the UNION of
//! two SELECTs that differ in their condition. What is in both is their INTERSECT. Where they read
//! different relations ("names of both customers and staff"), all of them are wanted, and the statement
//! stays.

use sqlparser::ast::{Select, SetExpr, SetOperator, SetQuantifier};

use super::words::Asked;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::parsed::ParsedSql;

/// `sql` with INTERSECT for the UNION of two kinds of the same rows.
pub(super) fn in_both(sql: &ParsedSql, _: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    if !asked.wants_both() {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right } =
        query.body.as_ref()
    else {
        return None;
    };
    let (SetExpr::Select(left), SetExpr::Select(right)) = (left.as_ref(), right.as_ref()) else {
        return None;
    };
    let read = |select: &Select| {
        let from: Vec<String> = select.from.iter().map(ToString::to_string).collect();
        let shown: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
        (from, shown)
    };
    let is_plain = matches!(set_quantifier, SetQuantifier::None) && query.with.is_none();
    if !is_plain || read(left) != read(right) || left.selection == right.selection {
        return None;
    }
    let mut edits = Edits::default();
    let mut unions = source.tokens().iter().filter(|token| token.is_word("union"));
    let (Some(union), None) = (unions.next(), unions.next()) else { return None };
    edits.replace_tokens(union, union, "INTERSECT".to_owned());
    source.with(edits)
}
