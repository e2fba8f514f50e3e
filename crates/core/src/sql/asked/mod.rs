//! What a question says in words whose SQL small models get wrong, and the statement does not.
//!
//! Some words change the whole statement and are often answered by one of its conditions: "the
//! oldest" by an order the wrong way round, "A and B" of things that one row is only one of by
//! `IN ('A', 'B')`, and "never" by `<> 'A'`, which other rows fulfil. Each rule looks for the words
//! in the question and for the form in the statement, and rewrites only where it finds both. Must
//! not change what a statement reads. Called by the extension, before a statement is given to the
//! server.
//!
//! | the question says | the statement has | what is written |
//! |---|---|---|
//! | "the oldest", "the youngest" | `ORDER BY age` the other way round, or by something else, `min` for `max` | the age or birth that is meant, the right way round |
//! | "to milk and to cats" | `h.allergy IN ('Milk', 'Cat')`, many rows of `h` for one of the result | one statement for each, INTERSECT between |
//! | "both … and" | `… UNION …` of the same rows | `… INTERSECT …` |
//! | "names of the mountains" | the name of another relation that is read | that of the mountain |
//! | "brand and name, sorted by aperture" | the aperture, too | brand and name |
//! | "in euros", "over 30 kg" | a column of cents, of grams | `… / 100.0`, `> 30000` |
//! | "in the third quarter of 2026" | other months | those |
//! | "the best seller of each region" | all sellers and regions, best first | those ranked first in each |
//! | "different guests" | `count(*)` of what guests have many of | `count(DISTINCT g.id)` |
//! | "do not", "never", "without" | `JOIN race r … WHERE r.class <> 'GT'`, many rows of `r` for one of the result | `NOT EXISTS (… r.class = 'GT')` |

mod best;
mod called;
mod different;
mod every;
mod extreme;
mod many;
mod measures;
mod ordered;
mod period;
mod projection;
mod shared;
mod units;
mod without;
mod words;

pub(super) use many::last_of;

use super::parsed::ParsedSql;
use crate::schema::Snapshot;
use words::Asked;

/// `sql` as the question's words want it; `None` where it already says that, no rule knows the words, or
/// the statement is not understood.
pub fn conform(sql: &ParsedSql, snapshot: &Snapshot, question: &str) -> Option<ParsedSql> {
    let asked = Asked::new(question);
    let rules = [
        extreme::turn,
        every::each_alone,
        shared::in_both,
        without::none_of,
        called::whose,
        ordered::unasked,
        units::converted,
        period::bounded,
        different::counted,
        best::of_each,
    ];
    let mut changed: Option<ParsedSql> = None;
    for rule in rules {
        if let Some(next) = rule(changed.as_ref().unwrap_or(sql), snapshot, &asked) {
            changed = Some(next);
        }
    }
    changed
}

#[cfg(test)]
mod tests;
