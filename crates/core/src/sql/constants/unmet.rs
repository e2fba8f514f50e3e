//! Constants that no rule puts right: no row has them, and perhaps other columns do.
//!
//! What was meant is not for a rule to say: another relation, or nothing at all. Called by
//! [`super`]'s callers, for a statement whose constants were fitted.

use super::find::{self, Comparison, Kind, is_near, is_text};
use super::look::{How, Look};
use super::{MAX_COMPARISONS, MIN_WITHIN, is_explained, is_plain};
use crate::link::FoundValue;
use crate::schema::{Attribute, Relation, Snapshot};
use crate::sql::edits::Source;
use crate::sql::parsed::ParsedSql;

/// Most columns of the same name in which a constant is looked for.
const MAX_NAMESAKES: usize = 4;

/// A text that a column is compared with and no row of it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet<'s> {
    /// Whose column.
    pub relation: &'s Relation,
    /// The column.
    pub column: &'s Attribute,
    /// The text.
    pub value: String,
}

/// The constants of `sql` that the columns they are compared with do not have, whatever the case.
/// `look` is that of [`super::fit_constants`]; what it cannot tell counts as stored.
pub fn unmet<'s>(
    sql: &ParsedSql,
    snapshot: &'s Snapshot,
    mut look: impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Vec<Unmet<'s>> {
    let Some(query) = Source::new(sql).and_then(|source| source.query()) else { return Vec::new() };
    let all = find::comparisons(&query, snapshot).into_iter().take(MAX_COMPARISONS);
    let unmet = all.filter(|comparison| is_unmet(comparison, &mut look));
    unmet
        .map(|Comparison { relation, column, value, .. }| Unmet { relation, column, value })
        .collect()
}

impl Unmet<'_> {
    /// The columns of other relations that have the name of this one, and the text.
    pub fn elsewhere(
        &self,
        snapshot: &Snapshot,
        mut look: impl FnMut(&Look<'_>) -> Option<Vec<String>>,
    ) -> Vec<FoundValue> {
        let has_it = |(at, number, relation, column): (_, _, &Relation, &Attribute)| {
            let (relation, column) = (&relation.name, column.name.as_str());
            let wanted = Look { relation, column, value: &self.value, how: How::Alike };
            let value = look(&wanted)?.into_iter().find(|value| is_plain(value))?;
            Some(FoundValue { relation: at, column: number, value })
        };
        namesakes(self.relation, self.column, snapshot).filter_map(has_it).collect()
    }
}

fn is_unmet(
    comparison: &Comparison<'_>,
    look: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> bool {
    let Comparison { relation, column, kind, value, .. } = comparison;
    let is_asked_for = matches!(kind, Kind::Equal | Kind::Like);
    if !is_asked_for
        || value.chars().count() < MIN_WITHIN
        || !is_plain(value)
        || column.common_values.contains(value)
        || is_explained(column, value)
    {
        return false;
    }
    let mut is_stored = |how| {
        let wanted = Look { relation: &relation.name, column: &column.name, value, how };
        look(&wanted).is_none_or(|stored| !stored.is_empty())
    };
    !is_stored(How::Exactly) && !is_stored(How::Alike)
}

/// Columns of other relations that have the name of one, with their places in the snapshot.
fn namesakes<'s>(
    relation: &'s Relation,
    column: &'s Attribute,
    snapshot: &'s Snapshot,
) -> impl Iterator<Item = (usize, usize, &'s Relation, &'s Attribute)> {
    let others = snapshot.relations.iter().enumerate();
    let others = others.filter(move |(_, other)| other.name != relation.name && is_near(other));
    others
        .filter_map(move |(at, other)| {
            let number = other.columns.iter().position(|it| it.name == column.name)?;
            Some((at, number, other, other.columns.get(number)?))
        })
        .filter(|(_, _, _, column)| is_text(column))
        .take(MAX_NAMESAKES)
}
