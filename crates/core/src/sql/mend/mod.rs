//! Names put right without asking the model again.
//!
//! Most failures of small models are columns: taken from the wrong one of the tables they are
//! reading, from a table that foreign keys lead to and that they forgot to join, or written without the
//! quotes they need. Where the catalog leaves one reading, it is written into the text, which then
//! goes through the policy and the server's analyser like any other. Touches only names that
//! cannot be resolved as they stand, so a statement the server would take stays as it is. Must not
//! guess between several readings, and knows nothing but the caller's snapshot. Called by the
//! extension, before a statement is given to the server.
//!
//! | what is wrong | what is written |
//! |---|---|
//! | `t2.city`, and of all tables read only `t1` has `city` | `t1.city` |
//! | `t1.city`, which only a table has to which keys of `t1` lead | that table, joined along the keys |
//! | `name`, where the column is `"Name"` | `"Name"` |
//! | `JOIN b ON a.x = b.x`, and keys of `b` lead to the one table that has `x` | `b` with that table, joined along the keys |
//! | `ON a.x = b.y`, with no such column or types that cannot be equal, and a key between both | the key's columns |
//! | `t1.since`, which only a table has whose key leads to `t1` | that table, joined along the key |
//! | `assessment_code`, where the column is `asessment_code` | the column |
//! | `HAVING n > 5`, where `n` is only the name of an output column | what it is the name of |
//! | `SELECT a.x, a.y, count(*) … GROUP BY a.x` | `GROUP BY a.y, a.x` |
//! | `a.x < (SELECT b.y FROM b …)`, of many rows | `min(b.y)`, `max` for `>`, `IN` for `=` |
//! | `FROM a JOIN b ON … JOIN a ON …` | `a` once |
//! | `a.x = 5`, where `x` is text | `a.x = '5'` |
//! | `a.tags = 'x'`, where `tags` is an array | `'x' = ANY(a.tags)` |
//! | `a.doc->>'age' < 18`, `sum(a.doc->>'fee')` | `(a.doc->>'age')::numeric` |
//! | `SELECT DISTINCT a.x … ORDER BY a.y` | `GROUP BY a.x ORDER BY min(a.y)` |
//! | `WHERE a.x > avg(a.x)`, `WHERE count(*) > 3 GROUP BY …` | a sub-query, HAVING |

mod aggregates;
mod arrays;
mod between;
mod distinct;
mod grouping;
pub(super) mod joins;
mod json;
mod labels;
mod scalar;
pub(super) mod scope;
mod twice;
mod types;
mod walk;

use sqlparser::ast::{Query, Visit};

use super::edits::{Edits, Source};
use super::parsed::ParsedSql;
use crate::schema::Snapshot;

/// What notes the changes of one kind.
type Step = fn(&Source<'_>, &Snapshot, &Query, &mut Edits);

/// Labels before columns: what is copied may have some that are wrong. Columns twice: what one joined
/// may have others that could not be told before. Groups once all columns are known.
const STEPS: [Step; 11] = [
    |source, _, query, edits| twice::read_once(source, query, edits),
    labels::spell_out,
    mend_columns,
    mend_columns,
    types::fit,
    arrays::any,
    json::numbers,
    scalar::bound,
    aggregates::placed,
    grouping::complete,
    distinct::grouped,
];

/// `sql` with its columns put right; `None` where nothing is wrong with them, nothing can be done
/// about it, or the statement is not understood.
pub fn mend(sql: &ParsedSql, snapshot: &Snapshot) -> Option<ParsedSql> {
    let mut steps = STEPS.iter();
    let mut mended: Option<ParsedSql> = None;
    while let Some(next) = changed(mended.as_ref().unwrap_or(sql), snapshot, &mut steps) {
        mended = Some(next);
    }
    mended
}

/// What the first of `steps` that changes anything makes of it; the others are left.
fn changed<'a>(
    sql: &ParsedSql,
    snapshot: &Snapshot,
    steps: &mut impl Iterator<Item = &'a Step>,
) -> Option<ParsedSql> {
    let source = Source::new(sql)?;
    let query = source.query()?;
    steps.find_map(|step| {
        let mut edits = Edits::default();
        step(&source, snapshot, &query, &mut edits);
        source.with(edits)
    })
}

fn mend_columns(source: &Source<'_>, snapshot: &Snapshot, query: &Query, edits: &mut Edits) {
    let mut walker = walk::Walker::new(source, snapshot, query);
    let _ = query.visit(&mut walker);
    *edits = walker.into_edits();
}

#[cfg(test)]
mod tests;
