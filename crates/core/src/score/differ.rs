//! How a result that is not the known one differs from it.
//!
//! Owns what the rows alone tell: the order, the columns, the rows. Why it came to that is in the
//! statements, not here. Called by the extension's `evaluate` and the tools' `eval`.

use std::collections::HashSet;

use super::{Rows, Value, assign, same};

/// Values that are compared at most while an assignment of columns is looked for.
const MAX_WORK: usize = 5_000_000;

/// What is different; the first of these that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Nothing.
    Nothing,
    /// The rows are right, their order is not the one that was asked for.
    Order,
    /// There are no rows, and each known result has some.
    Empty,
    /// With columns left out of one of the two, they have the same distinct rows.
    Columns,
    /// All rows of the one are in the other, which has more of them.
    Rows,
    /// Neither holds the other.
    Values,
}

/// How `got` differs from the known result that it differs least from.
pub fn least_difference(golds: &[Rows], got: &Rows, ordered: bool) -> Difference {
    let found: Vec<Difference> = golds.iter().map(|gold| difference(gold, got, ordered)).collect();
    let is_empty = got.is_empty() && golds.iter().all(|gold| !gold.is_empty());
    let holds = |kind: &Difference| match kind {
        Difference::Empty => is_empty,
        kind => found.contains(kind),
    };
    use Difference::{Columns, Empty, Nothing, Order, Rows};
    [Nothing, Order, Empty, Columns, Rows].into_iter().find(holds).unwrap_or(Difference::Values)
}

/// How `got` differs from `gold`.
fn difference(gold: &Rows, got: &Rows, ordered: bool) -> Difference {
    if same(gold, got, ordered) {
        return Difference::Nothing;
    }
    if ordered && same(gold, got, false) {
        return Difference::Order;
    }
    let Some((gold_width, got_width)) = gold.first().map(Vec::len).zip(got.first().map(Vec::len))
    else {
        return Difference::Rows;
    };
    let (fewer, more) =
        if gold_width < got_width || (gold_width == got_width && gold.len() <= got.len()) {
            (gold, got)
        } else {
            (got, gold)
        };
    if gold_width != got_width {
        let fits = |order: &[usize]| distinct(fewer) == moved(more, order);
        return if placed(fewer, more, |a, b| a == b, fits) {
            Difference::Columns
        } else {
            Difference::Values
        };
    }
    let fits = |order: &[usize]| {
        let more = moved(more, order);
        fewer.iter().all(|row| more.contains(row.as_slice()))
    };
    if placed(fewer, more, |a, b| a.is_subset(b), fits) {
        Difference::Rows
    } else {
        Difference::Values
    }
}

/// Whether each column of `fewer` can be taken for another one of `more`, so that it `fits`.
fn placed(
    fewer: &Rows,
    more: &Rows,
    may_be: impl Fn(&HashSet<&Value>, &HashSet<&Value>) -> bool,
    mut fits: impl FnMut(&[usize]) -> bool,
) -> bool {
    let (ours, theirs) = (columns(fewer), columns(more));
    let choices: Vec<Vec<usize>> = ours
        .iter()
        .map(|ours| {
            let fitting = theirs.iter().enumerate().filter(|(_, theirs)| may_be(ours, theirs));
            fitting.map(|(at, _)| at).collect()
        })
        .collect();
    let size = (fewer.len() + more.len()) * ours.len().max(1);
    let mut tries = 1 + MAX_WORK / size.max(1);
    let mut is_given_up = false;
    let found = assign(&choices, &mut Vec::new(), &mut |order| {
        tries -= 1;
        is_given_up = tries == 0;
        is_given_up || fits(order)
    });
    found && !is_given_up
}

/// Distinct values of each column.
fn columns(rows: &Rows) -> Vec<HashSet<&Value>> {
    let mut columns = vec![HashSet::new(); rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.insert(value);
        }
    }
    columns
}

fn distinct(rows: &Rows) -> HashSet<Vec<Value>> {
    rows.iter().cloned().collect()
}

/// Distinct rows of the columns `order`.
fn moved(rows: &Rows, order: &[usize]) -> HashSet<Vec<Value>> {
    rows.iter()
        .map(|row| order.iter().filter_map(|column| row.get(*column)).cloned().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn rows(text: &[&[&str]]) -> Rows {
        text.iter()
            .map(|row| row.iter().map(|value| Value::new(Kind::Text, Some(value))).collect())
            .collect()
    }

    #[test]
    fn what_the_rows_tell_is_told() {
        let gold = rows(&[&["a", "1"], &["b", "2"], &["b", "2"]]);
        for (got, ordered, expected) in [
            (rows(&[&["b", "2"], &["a", "1"], &["b", "2"]]), false, Difference::Nothing),
            (rows(&[&["b", "2"], &["a", "1"], &["b", "2"]]), true, Difference::Order),
            (rows(&[&["a"], &["b"], &["b"]]), false, Difference::Columns),
            (rows(&[&["x", "2", "b"], &["y", "1", "a"]]), false, Difference::Columns),
            (rows(&[&["x", "2", "c"], &["y", "1", "a"]]), false, Difference::Values),
            (rows(&[&["2", "b"], &["1", "a"]]), false, Difference::Rows),
            (rows(&[&["a", "1"]]), true, Difference::Rows),
            (Vec::new(), false, Difference::Rows),
            (rows(&[&["a", "2"], &["b", "2"], &["b", "2"]]), false, Difference::Values),
            (rows(&[&["a", "2"]]), false, Difference::Values),
        ] {
            assert_eq!(difference(&gold, &got, ordered), expected, "{got:?}");
        }
    }

    #[test]
    fn more_rows_than_the_known_ones_are_extra() {
        let gold = rows(&[&["a"]]);
        assert_eq!(difference(&gold, &rows(&[&["b"], &["a"]]), false), Difference::Rows);
        assert_eq!(difference(&gold, &rows(&[&["b"]]), false), Difference::Values);
        assert_eq!(difference(&Vec::new(), &gold, false), Difference::Rows);
    }

    #[test]
    fn many_columns_alike_do_not_take_for_ever() {
        let cells = |odd: &str| -> Rows {
            let mut rows: Rows =
                (0..200).map(|_| vec![Value::new(Kind::Text, Some("a")); 14]).collect();
            rows.extend((0..200).map(|_| vec![Value::new(Kind::Text, Some("b")); 14]));
            if let Some(value) = rows.first_mut().and_then(|row| row.first_mut()) {
                *value = Value::new(Kind::Text, Some(odd));
            }
            rows
        };
        assert_eq!(difference(&cells("b"), &cells("a"), false), Difference::Values);
    }

    #[test]
    fn of_several_known_results_the_nearest_counts() {
        let cells = |text: &str| vec![vec![Value::new(Kind::Text, Some(text))]];
        let (a, b) = (cells("a"), cells("b"));
        let least = |golds: &[Rows], got: &Rows| least_difference(golds, got, true);
        assert_eq!(least(&[a.clone(), b.clone()], &b), Difference::Nothing);
        assert_eq!(least(&[a.clone(), b.clone()], &cells("c")), Difference::Values);
        assert_eq!(least(&[a.clone(), b.clone()], &Vec::new()), Difference::Empty);
        assert_eq!(least(&[a.clone(), Vec::new()], &Vec::new()), Difference::Nothing);
        assert_eq!(least(&[b, [a.clone(), cells("d")].concat()], &a), Difference::Rows);
    }
}
