//! Whether two results are the same answer.
//!
//! Owns the rules: rows as a multiset, as a sequence where the question asks for an order; columns
//! in any order, their names do not count; numbers to five digits; dates and times as values.
//! Called by the extension's `evaluate` and its choice among candidates, and by the tools' `eval`.

mod differ;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

pub use differ::{Difference, least_difference};

/// A value in a form in which equal ones are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(String);

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Number,
    /// A date, or a timestamp.
    Moment,
    /// Anything else, by its text.
    Text,
}

impl Value {
    /// Of the server's text for it.
    pub fn new(kind: Kind, text: Option<&str>) -> Self {
        let Some(text) = text else { return Self("null".to_owned()) };
        Self(match kind {
            Kind::Number => number(text).unwrap_or_else(|| format!("t:{text}")),
            Kind::Moment => format!("m:{}", moment(text)),
            Kind::Text => format!("t:{text}"),
        })
    }
}

impl Value {
    /// By what its text says, whatever its type: of values that two systems may type differently. An
    /// empty text, or one that spells NULL out, is none.
    pub fn said(text: Option<&str>) -> Self {
        let Some(text) = text.filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("null"))
        else {
            return Self("null".to_owned());
        };
        // "inf" and "nan" are words before they are numbers.
        let begins_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.contains(|c: char| c.is_ascii_digit());
        let as_number = begins_number.then(|| number(text)).flatten();
        Self(as_number.unwrap_or_else(|| format!("t:{}", moment(text))))
    }
}

/// A number to five significant digits.
fn number(text: &str) -> Option<String> {
    let number: f64 = text.parse().ok()?;
    Some(if number == 0.0 { "n:0".to_owned() } else { format!("n:{number:.4e}") })
}

/// A timestamp at midnight is its date.
fn moment(text: &str) -> &str {
    let date = text.split_once(' ');
    match date {
        Some((date, time)) if time.trim_end_matches(['0', ':', '.', '+']).is_empty() => date,
        _ => text,
    }
}

/// A result: rows of as many values each.
pub type Rows = Vec<Vec<Value>>;

/// Columns beyond which no other order of them is looked for.
const MAX_COLUMNS: usize = 30;
/// Orders of columns that are tried: equal columns can make very many.
const MAX_TRIES: usize = 10_000;

/// Whether `got` is the answer that `gold` is.
pub fn same(gold: &Rows, got: &Rows, ordered: bool) -> bool {
    if gold.len() != got.len() {
        return false;
    }
    let Some((width, other)) = gold.first().map(Vec::len).zip(got.first().map(Vec::len)) else {
        return true;
    };
    if width != other {
        return false;
    }
    if rows_same(gold, got, &(0..width).collect::<Vec<_>>(), ordered) {
        return true;
    }
    if width > MAX_COLUMNS {
        return false;
    }
    // A column of one can only be a column of the other that holds the same values.
    let of = |rows: &Rows, column: usize| -> Vec<Value> {
        let mut values: Vec<Value> =
            rows.iter().filter_map(|row| row.get(column)).cloned().collect();
        if !ordered {
            values.sort_unstable();
        }
        values
    };
    let got_columns: Vec<_> = (0..width).map(|column| of(got, column)).collect();
    let choices: Vec<Vec<usize>> = (0..width)
        .map(|column| {
            let gold = of(gold, column);
            (0..width).filter(|i| got_columns.get(*i) == Some(&gold)).collect()
        })
        .collect();
    let mut tries = 0;
    assign(&choices, &mut Vec::new(), &mut |order| {
        tries += 1;
        tries > MAX_TRIES || rows_same(gold, got, order, ordered)
    }) && tries <= MAX_TRIES
}

/// A number that two results have in common where they are the same but for the order of rows and
/// columns. Columns that hold the same values are told apart by their place: where only that
/// differs, so may the number.
#[must_use]
pub fn digest(rows: &Rows) -> u64 {
    let width = rows.first().map_or(0, Vec::len);
    // A sum does not depend on the order of what is added.
    let column = |at: usize| -> u64 {
        rows.iter().filter_map(|row| row.get(at)).map(hash).fold(0, u64::wrapping_add)
    };
    let mut columns: Vec<(u64, usize)> = (0..width).map(|at| (column(at), at)).collect();
    columns.sort_unstable();
    let row = |row: &Vec<Value>| {
        hash(&columns.iter().filter_map(|(_, at)| row.get(*at)).collect::<Vec<_>>())
    };
    let rows_hash = rows.iter().map(row).fold(0, u64::wrapping_add);
    if rows.is_empty() { 0 } else { hash(&(rows.len(), rows_hash)) }
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Calls `fits` with each order of columns that the choices allow, until it says so.
fn assign(
    choices: &[Vec<usize>],
    order: &mut Vec<usize>,
    fits: &mut impl FnMut(&[usize]) -> bool,
) -> bool {
    let Some(next) = choices.get(order.len()) else { return fits(order) };
    for &column in next {
        if !order.contains(&column) {
            order.push(column);
            if assign(choices, order, fits) {
                return true;
            }
            order.pop();
        }
    }
    false
}

/// Whether rows are the same if column `i` of `gold` is column `order[i]` of `got`.
fn rows_same(gold: &Rows, got: &Rows, order: &[usize], ordered: bool) -> bool {
    let moved = |row: &Vec<Value>| -> Vec<Value> {
        order.iter().filter_map(|column| row.get(*column)).cloned().collect()
    };
    if ordered {
        return gold.iter().zip(got).all(|(gold, got)| *gold == moved(got));
    }
    let mut counts: HashMap<Vec<Value>, i64> = HashMap::new();
    for row in gold {
        *counts.entry(row.clone()).or_default() += 1;
    }
    for row in got {
        *counts.entry(moved(row)).or_default() -= 1;
    }
    counts.values().all(|count| *count == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_said_counts_where_types_do_not() {
        let said = |text: &str| Value::said(Some(text));
        for (one, other) in [
            ("1", "1.0"),
            ("0.333333333", "0.33333333333"),
            ("-7", "-7.000"),
            ("2024-01-31", "2024-01-31 00:00:00"),
            ("", "NULL"),
            ("a b", "a b"),
        ] {
            assert_eq!(said(one), said(other), "{one} {other}");
        }
        assert_eq!(said("null"), Value::said(None));
        for (one, other) in [
            ("1", "1.1"),
            ("inf", "infinity"),
            ("nan", "NaN"),
            ("a", "A"),
            ("2024-01-31", "2024-01-31 10:00:00"),
            ("0", ""),
            ("-", "+"),
        ] {
            assert_ne!(said(one), said(other), "{one} {other}");
        }
    }

    fn rows(text: &[&[&str]]) -> Rows {
        text.iter()
            .map(|row| row.iter().map(|value| Value::new(Kind::Text, Some(value))).collect())
            .collect()
    }

    #[test]
    fn rows_are_a_multiset_unless_an_order_is_asked_for() {
        let (gold, turned) = (rows(&[&["a"], &["b"]]), rows(&[&["b"], &["a"]]));
        assert!(same(&gold, &turned, false));
        assert!(!same(&gold, &turned, true));
        assert!(!same(&gold, &rows(&[&["a"], &["a"]]), false));
        assert!(!same(&gold, &rows(&[&["a"]]), false));
        assert!(same(&Vec::new(), &Vec::new(), true));
    }

    #[test]
    fn one_order_of_columns_must_do_for_all_rows() {
        let gold = rows(&[&["a", "b"], &["c", "d"]]);
        assert!(same(&gold, &rows(&[&["b", "a"], &["d", "c"]]), true));
        assert!(!same(&gold, &rows(&[&["b", "a"], &["c", "d"]]), false));
        assert!(!same(&gold, &rows(&[&["a", "b", "x"], &["c", "d", "x"]]), false));
    }

    #[test]
    fn values_are_compared_by_what_they_are() {
        let of = Value::new;
        assert_eq!(of(Kind::Number, Some("1")), of(Kind::Number, Some("1.000004")));
        assert_ne!(of(Kind::Number, Some("1")), of(Kind::Number, Some("1.001")));
        assert_eq!(of(Kind::Number, Some("0.0")), of(Kind::Number, Some("-0")));
        assert_eq!(of(Kind::Number, Some("NaN")), of(Kind::Number, Some("NaN")));
        assert_eq!(
            of(Kind::Moment, Some("2024-01-01")),
            of(Kind::Moment, Some("2024-01-01 00:00:00+00"))
        );
        assert_ne!(
            of(Kind::Moment, Some("2024-01-01")),
            of(Kind::Moment, Some("2024-01-01 00:00:01"))
        );
        assert_ne!(of(Kind::Text, None), of(Kind::Text, Some("null")));
        assert_ne!(of(Kind::Text, Some("1")), of(Kind::Number, Some("1")));
    }

    #[test]
    fn a_digest_tells_results_apart() {
        let of = |text: &[&[&str]]| digest(&rows(text));
        assert_eq!(of(&[&["a", "x"], &["b", "y"]]), of(&[&["y", "b"], &["x", "a"]]));
        assert_ne!(of(&[&["a", "x"], &["b", "y"]]), of(&[&["a", "y"], &["b", "x"]]));
        assert_ne!(of(&[&["a"]]), of(&[&["a"], &["a"]]));
        assert_ne!(of(&[&["a"]]), of(&[&["a", "a"]]));
        assert_ne!(of(&[&["a"]]), of(&[]));
    }

    proptest! {
        #[test]
        fn an_answer_with_rows_and_columns_moved_is_the_same(
            cells in prop::collection::vec(prop::collection::vec("[ab]", 4), 0..8),
            columns in Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
            seed in any::<u64>(),
        ) {
            let gold: Rows = cells
                .iter()
                .map(|row| row.iter().map(|v| Value::new(Kind::Text, Some(v))).collect())
                .collect();
            let mut got: Rows =
                gold.iter().map(|row| columns.iter().map(|c| row[*c].clone()).collect()).collect();
            prop_assert!(same(&gold, &got, true));
            let sorted = |rows: &Rows| -> Vec<Vec<Value>> {
                (0..4).map(|at| {
                    let mut column: Vec<Value> = rows.iter().map(|row| row[at].clone()).collect();
                    column.sort();
                    column
                }).collect()
            };
            let different: std::collections::HashSet<_> = sorted(&gold).into_iter().collect();
            if different.len() == 4 {
                prop_assert_eq!(digest(&gold), digest(&got));
            }
            if !got.is_empty() {
                let by = seed as usize % got.len();
                got.rotate_left(by);
            }
            prop_assert!(same(&gold, &got, false));
            if let Some(value) = got.first_mut().and_then(|row| row.first_mut()) {
                *value = Value::new(Kind::Text, Some("c"));
                prop_assert!(!same(&gold, &got, false));
            }
        }
    }
}
