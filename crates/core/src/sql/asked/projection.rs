//! What a SELECT groups by, and where the columns of its result stand in the text.

use std::ops::RangeInclusive;

use sqlparser::ast::{Expr, GroupByExpr, Select, SelectItem};

use crate::sql::edits::Source;

/// Where each column of the result stands, the comma or SELECT before it and its label included;
/// `None` where the statement begins with something else than its SELECT.
pub(super) fn places(source: &Source<'_>, select: &Select) -> Option<Vec<RangeInclusive<usize>>> {
    let tokens = source.tokens();
    let mut begins = vec![0];
    let mut depth = 0usize;
    let end = tokens.iter().enumerate().skip(1).find_map(|(at, token)| {
        if token.is_any_word(&["from"]) && depth == 0 {
            return Some(at);
        }
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => begins.push(at),
            _ => {}
        }
        None
    })?;
    let ends = begins.iter().skip(1).copied().chain([end]);
    let places: Vec<_> = begins.iter().zip(ends).map(|(from, to)| *from..=to - 1).collect();
    (tokens.first()?.is_word("select") && places.len() == select.projection.len()).then_some(places)
}

/// The first and the last token of a column of the result, its label left out.
pub(super) fn without_label(
    source: &Source<'_>,
    item: &SelectItem,
    place: &RangeInclusive<usize>,
) -> Option<(usize, usize)> {
    let last = match item {
        SelectItem::ExprWithAlias { alias, .. } => {
            let before = source.token(alias.span.start)?.checked_sub(1)?;
            let is_as = source.tokens().get(before)?.is_word("as");
            if is_as { before.checked_sub(1)? } else { before }
        }
        _ => *place.end(),
    };
    Some((place.start() + 1, last))
}

/// What is grouped by, one by one.
pub(super) fn groups(select: &Select) -> &[Expr] {
    match &select.group_by {
        GroupByExpr::Expressions(by, _) => by,
        GroupByExpr::All(_) => &[],
    }
}
