//! Constants that no row has.
//!
//! A model knows the question's spelling of a value and not the table's, and takes a value for one
//! of another column: `country = 'usa'` where 'USA' is stored, or where only the other table's
//! `country` has it. Such a condition holds for no row, so the answer is empty and wrong. Each text
//! a column is compared with is looked for, as the caller; where it is not there, what is
//! stored instead is written into the statement, if there is one such thing. A comparison that
//! some row satisfies stays as it is, and so does a code that the column's comment explains: nothing may be
//! cancelled today. What is to differ from a constant does differ from one that no row has, so it is not
//! looked for in other columns. Reads nothing itself: what is looked up, and what that may
//! cost, is the caller's. Called by the extension, before a statement is given to the server.
//!
//! | the column has | and | what is written |
//! |---|---|---|
//! | the constant | | nothing |
//! | it in one other spelling | | that spelling |
//! | not it | one other column that is read has it | that column, as it is spelt there |
//! | not "Yes" | "Y", "true", or another word for the same | that word |
//! | not it, but longer values with it | | `ILIKE '%constant%'` |
//! | (`LIKE` with a pattern) | | `ILIKE` |
//! | a number, or not it, and references a table | one column of that table has it | `IN` the keys of its rows with it |

mod find;
mod look;
mod patterns;
mod referenced;
mod unmet;

pub use look::{How, Look};
pub use unmet::{Unmet, unmet};

use self::find::{Comparison, Kind};
use super::edits::{Edits, Source};
use super::parsed::ParsedSql;
use crate::schema::{Attribute, Relation, Snapshot, quote_ident, quote_literal};

/// Most comparisons looked into.
const MAX_COMPARISONS: usize = 8;
/// Most columns a constant is looked for in.
const MAX_COLUMNS: usize = 12;
/// Shortest constant that is looked for within others.
const MIN_WITHIN: usize = 3;
/// Shortest constant that is looked for in other columns: a letter is a code of many.
const MIN_MOVED: usize = 2;
/// Words for the same truth.
const TRUTHS: &[&[&str]] = &[&["yes", "y", "true", "t", "1"], &["no", "n", "false", "f", "0"]];

/// `sql` with constants, or the columns they are compared with, as they are stored; `None` where
/// there is nothing to change. `look` gives up to two stored values, or `None` where it cannot
/// tell; then nothing more is asked.
pub fn fit_constants(
    sql: &ParsedSql,
    snapshot: &Snapshot,
    mut look: impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    let mut edits = Edits::default();
    patterns::any_case(&source, snapshot, &query, &mut edits);
    for comparison in find::comparisons(&query, snapshot).into_iter().take(MAX_COMPARISONS) {
        match fitted(&comparison, snapshot, &mut look) {
            Fit::Unknown => break,
            Fit::Stays => {}
            Fit::Spelt(value) => edits.replace_at(
                &source,
                comparison.constant,
                comparison.constant,
                quote_literal(&value),
            ),
            Fit::Rewritten(text) => {
                edits.replace_at(&source, comparison.column_at, comparison.constant, text);
            }
        }
    }
    for reference in referenced::comparisons(&query, snapshot).into_iter().take(MAX_COMPARISONS) {
        match reference.resolved(&mut look) {
            Some(Some(text)) => {
                edits.replace_at(&source, reference.column_at, reference.constant, text);
            }
            Some(None) => {}
            None => break,
        }
    }
    source.with(edits)
}

/// What becomes of a comparison.
enum Fit {
    /// It could not be looked up.
    Unknown,
    Stays,
    /// The constant is spelt otherwise.
    Spelt(String),
    /// The whole of it is written anew.
    Rewritten(String),
}

fn fitted(
    comparison: &Comparison<'_>,
    snapshot: &Snapshot,
    look: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
) -> Fit {
    let Comparison { value, kind, column, relation, .. } = comparison;
    if column.common_values.contains(value) || is_explained(column, value) || !is_plain(value) {
        return Fit::Stays;
    }
    let first = if *kind == Kind::Like { How::Alike } else { How::Exactly };
    match stored(look, relation, column, value, first) {
        None => return Fit::Unknown,
        Some(found) if !found.is_empty() => return Fit::Stays,
        Some(_) => {}
    }
    if first == How::Exactly {
        match stored(look, relation, column, value, How::Alike).as_deref() {
            None => return Fit::Unknown,
            Some([one]) => return Fit::Spelt(one.clone()),
            Some([]) => {}
            Some(_) => return Fit::Stays,
        }
    }
    if *kind == Kind::Among {
        return Fit::Stays;
    }
    let is_denied = *kind == Kind::Differs;
    let mut there = Vec::new();
    let can_move = !is_denied && value.chars().count() >= MIN_MOVED;
    let columns = comparison.other_columns().take(if can_move { MAX_COLUMNS } else { 0 });
    for (name, relation, column) in columns {
        match stored(look, relation, column, value, How::Alike) {
            None => return Fit::Unknown,
            Some(found) if !found.is_empty() => there.push((name, relation, column, found)),
            Some(_) => {}
        }
    }
    // A key has the values of what it references: where both are read, they are one.
    if let [(_, from, own, _), (_, to, other, _)] = there.as_slice()
        && (is_key(snapshot, (from, own), (to, other))
            || is_key(snapshot, (to, other), (from, own)))
    {
        there.truncate(1);
    }
    match there.as_slice() {
        [(name, _, column, found)] => {
            let [spelt] = found.as_slice() else { return Fit::Stays };
            let column = format!("{}.{}", quote_ident(name), quote_ident(&column.name));
            return Fit::Rewritten(format!(
                "{column} {} {}",
                kind.operator(),
                quote_literal(spelt)
            ));
        }
        [] => {}
        _ => return Fit::Stays,
    }
    if let Some(target) = referenced::target_of(snapshot, relation, column) {
        match target.resolved(&comparison.text, is_denied, value, look) {
            None => return Fit::Unknown,
            Some(Some(text)) => return Fit::Rewritten(text),
            Some(None) => {}
        }
    }
    if let Some(words) = TRUTHS.iter().find(|words| words.contains(&&*value.to_lowercase())) {
        for word in words.iter().filter(|word| !value.eq_ignore_ascii_case(word)) {
            match stored(look, relation, column, word, How::Alike).as_deref() {
                None => return Fit::Unknown,
                Some([one]) => return Fit::Spelt(one.clone()),
                Some(_) => {}
            }
        }
        return Fit::Stays;
    }
    if value.chars().count() < MIN_WITHIN || value.contains(['%', '_']) {
        return Fit::Stays;
    }
    // A laptop is one of "Laptops", but nothing is paid that is "unpaid"; who is not from Frankfurt is not
    // from Frankfurt am Main either, but what is not paid may be "partly paid".
    let means = |one: &String| {
        let (one, value) = (one.to_lowercase(), value.to_lowercase());
        let begins = ends_of(&one, &value).any(|(begins, _)| begins);
        begins && (!is_denied || one.starts_with(&value))
    };
    match stored(look, relation, column, value, How::Within) {
        None => Fit::Unknown,
        Some(found) if found.is_empty() || !found.iter().all(means) => Fit::Stays,
        Some(_) => {
            let pattern = quote_literal(&format!("%{value}%"));
            Fit::Rewritten(format!("{} {} {pattern}", comparison.text, kind.pattern_operator()))
        }
    }
}

/// Whether the comment of a column has the value as a word, spelt alike: a code and what it means.
fn is_explained(column: &Attribute, value: &str) -> bool {
    let comment = column.comment.as_deref().unwrap_or_default();
    !value.is_empty() && ends_of(comment, value).any(|(begins, ends)| begins && ends)
}

/// For each place where a text has another one, whether words begin and end with it.
fn ends_of<'t>(text: &'t str, part: &'t str) -> impl Iterator<Item = (bool, bool)> + 't {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(part).map(move |(at, _)| {
        let (before, behind) = (text.get(..at), text.get(at + part.len()..));
        (
            !is_part(before.and_then(|text| text.chars().next_back())),
            !is_part(behind.and_then(|text| text.chars().next())),
        )
    })
}

/// Up to two values that a column has; `None` where that cannot be told.
fn stored(
    look: &mut impl FnMut(&Look<'_>) -> Option<Vec<String>>,
    relation: &Relation,
    column: &Attribute,
    value: &str,
    how: How,
) -> Option<Vec<String>> {
    look(&Look { relation: &relation.name, column: &column.name, value, how })
        .filter(|stored| stored.iter().all(|value| is_plain(value)))
}

/// Whether one column is a key that references the other.
fn is_key(
    snapshot: &Snapshot,
    (from, own): (&Relation, &Attribute),
    (to, other): (&Relation, &Attribute),
) -> bool {
    snapshot.all_keys().any(|key| {
        key.from == from.name
            && key.to == to.name
            && key.from_columns == [own.name.as_str()]
            && key.to_columns == [other.name.as_str()]
    })
}

/// Whether a text is the same in every kind of quotes, and nothing that is not seen.
fn is_plain(value: &str) -> bool {
    value.len() <= 200 && !value.contains('\\') && !value.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
