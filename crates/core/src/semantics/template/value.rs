//! From the words of a question to a value of a kind, and to the literal that stands for it.
//!
//! Every literal of a statement is written here: from parsed numbers and days, or as a quoted text.
//! What is no value of the kind in full is none. Called by [`super`] and [`super::pattern`].

use std::ops::Range;

use super::kind::{ColumnName, ParameterKind};
use super::words::Word;
use crate::schema::{is_invisible, quote_literal};

/// Most words of a value.
pub(super) const MAX_WORDS: usize = 12;
/// Longest value, bytes.
const MAX_BYTES: usize = 100;
/// Most digits of a number.
const MAX_DIGITS: usize = 30;

#[rustfmt::skip]
const MONTHS: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
];

/// A value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// As it is written in the statement.
    Literal(String),
    /// A text that has yet to be found in a column, spelt in one of these ways.
    Stored { column: ColumnName, spellings: Vec<String> },
}

/// The words in `range` of the question as a value.
pub(super) fn read(
    kind: &ParameterKind,
    question: &str,
    asked: &[Word],
    range: Range<usize>,
) -> Option<Value> {
    let (first, last) = (asked.get(range.start)?, asked.get(range.end.checked_sub(1)?)?);
    let written = question.get(first.start..last.end)?;
    if written.len() > MAX_BYTES {
        return None;
    }
    let literal = match kind {
        ParameterKind::Number => format!("NUMERIC '{}'", number(written)?),
        ParameterKind::Integer => integer(written)?,
        ParameterKind::Year => year(written)?.to_string(),
        ParameterKind::Month => {
            let (year, month) = month_of(written)?;
            format!("DATE '{year:04}-{month:02}-01'")
        }
        ParameterKind::Date => {
            let (year, month, day) = day_of(written)?;
            format!("DATE '{year:04}-{month:02}-{day:02}'")
        }
        ParameterKind::Value(column) => {
            let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut spellings = vec![text];
            // It may end the sentence, or an abbreviation.
            if question.get(last.end..)?.starts_with('.') {
                spellings.push(format!("{}.", spellings.first()?));
            }
            let column = column.clone();
            return spellings
                .iter()
                .all(|text| is_plain(text))
                .then_some(Value::Stored { column, spellings });
        }
    };
    Some(Value::Literal(literal))
}

/// A text as a literal, which is the same in every mode of the server; none where there is no such.
pub(super) fn text(value: &str) -> Option<String> {
    is_plain(value).then(|| quote_literal(value))
}

/// Whether a text is the same in every kind of quotes, and nothing that is not seen.
fn is_plain(value: &str) -> bool {
    !value.contains('\\') && !value.chars().any(is_invisible)
}

/// Digits with an optional sign and fraction; thousands may be set off by commas.
fn number(written: &str) -> Option<String> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", written),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(',');
    let leading = groups.next()?;
    let is_grouped = whole.contains(',');
    if !are_digits(leading) || (is_grouped && leading.len() > 3) {
        return None;
    }
    if !groups.all(|group| group.len() == 3 && are_digits(group)) {
        return None;
    }
    if fraction.is_some_and(|fraction| !are_digits(fraction)) {
        return None;
    }
    let whole = whole.replace(',', "");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    if whole.len() + fraction.map_or(0, str::len) > MAX_DIGITS {
        return None;
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    Some(format!("{sign}{whole}{fraction}"))
}

/// Between parentheses where it is negative: a sign before it must not make a comment of it.
fn integer(written: &str) -> Option<String> {
    let value: i64 = number(written)?.parse().ok()?;
    Some(if value < 0 { format!("({value})") } else { value.to_string() })
}

fn year(written: &str) -> Option<u32> {
    let is_year = written.len() == 4 && written.bytes().all(|b| b.is_ascii_digit());
    written.parse().ok().filter(|year| is_year && *year >= 1000)
}

fn month_of(written: &str) -> Option<(u32, u32)> {
    if let Some((year_, month)) = written.split_once('-') {
        return Some((year(year_)?, two_digits(month, 12)?));
    }
    match parts(written).as_slice() {
        [name, year_] => Some((year(year_)?, month_named(name)?)),
        _ => None,
    }
}

fn day_of(written: &str) -> Option<(u32, u32, u32)> {
    let (year, month, day) = match written.split('-').collect::<Vec<_>>().as_slice() {
        [year_, month, day] => (year(year_)?, two_digits(month, 12)?, two_digits(day, 31)?),
        _ => match parts(written).as_slice() {
            [first, second, year_] => match month_named(first) {
                Some(month) => (year(year_)?, month, day_named(second)?),
                None => (year(year_)?, month_named(second)?, day_named(first)?),
            },
            _ => return None,
        },
    };
    (day <= days(year, month)).then_some((year, month, day))
}

/// The words of a date.
fn parts(written: &str) -> Vec<String> {
    let parts = written.split(|c: char| c.is_whitespace() || c == ',');
    let says = |part: &&str| !part.is_empty() && !matches!(*part, "of" | "the");
    parts.filter(says).map(str::to_lowercase).collect()
}

fn two_digits(written: &str, most: u32) -> Option<u32> {
    let is_number = written.len() == 2 && written.bytes().all(|b| b.is_ascii_digit());
    written.parse().ok().filter(|number| is_number && (1..=most).contains(number))
}

fn month_named(name: &str) -> Option<u32> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_it = |month: &&str| {
        *month == name || month.get(..3) == Some(name) || (*month, name) == ("september", "sept")
    };
    let at = MONTHS.iter().position(is_it)?;
    u32::try_from(at + 1).ok()
}

fn day_named(written: &str) -> Option<u32> {
    let ending = ["st", "nd", "rd", "th"].iter().find_map(|ending| written.strip_suffix(ending));
    let digits = ending.unwrap_or(written);
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|day| is_number && (1..=31).contains(day))
}

fn days(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn literal(kind: &ParameterKind, written: &str) -> Option<String> {
        let asked: Vec<Word> = words(written).collect();
        match read(kind, written, &asked, 0..asked.len())? {
            Value::Literal(literal) => Some(literal),
            Value::Stored { spellings, .. } => Some(spellings.join("|")),
        }
    }

    #[test]
    fn values_are_literals_of_their_type() {
        use ParameterKind::{Date, Integer, Month, Number, Year};
        for (kind, written, expected) in [
            (Number, "12", "NUMERIC '12'"),
            (Number, "-1,234,567.80", "NUMERIC '-1234567.80'"),
            (Number, "007.5", "NUMERIC '7.5'"),
            (Number, "0", "NUMERIC '0'"),
            (Integer, "1,000", "1000"),
            (Integer, "-5", "(-5)"),
            (Year, "2024", "2024"),
            (Month, "March 2024", "DATE '2024-03-01'"),
            (Month, "sept 2024", "DATE '2024-09-01'"),
            (Month, "Dec, 1999", "DATE '1999-12-01'"),
            (Month, "2024-03", "DATE '2024-03-01'"),
            (Date, "2024-02-29", "DATE '2024-02-29'"),
            (Date, "31 March 2024", "DATE '2024-03-31'"),
            (Date, "March 3rd, 2024", "DATE '2024-03-03'"),
            (Date, "the 1st of may 2024", "DATE '2024-05-01'"),
        ] {
            assert_eq!(literal(&kind, written).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn what_is_no_value_in_full_is_none() {
        use ParameterKind::{Date, Integer, Month, Number, Year};
        for (kind, written) in [
            (Number, "twelve"),
            (Number, "1,00"),
            (Number, "1000,000"),
            (Number, "1.2.3"),
            (Number, "5%"),
            (Number, "- 5"),
            (Number, "1e5"),
            (Number, "٣"),
            (Number, "1234567890123456789012345678901"),
            (Integer, "2.5"),
            (Integer, "9223372036854775808"),
            (Year, "24"),
            (Year, "0024"),
            (Year, "20245"),
            (Month, "2024-13"),
            (Month, "2024"),
            (Month, "Marching 2024"),
            (Month, "ma 2024"),
            (Date, "2023-02-29"),
            (Date, "03/04/2024"),
            (Date, "31 April 2024"),
            (Date, "March 2024"),
            (Date, "0 March 2024"),
        ] {
            assert_eq!(literal(&kind, written), None, "{written}");
        }
    }

    #[test]
    fn texts_are_as_they_are_written() {
        let kind = ParameterKind::parse("s.t.c").unwrap();
        assert_eq!(literal(&kind, "O'Brien  & Sons").as_deref(), Some("O'Brien & Sons"));
        assert_eq!(literal(&kind, "Acme Inc.").as_deref(), Some("Acme Inc|Acme Inc."));
        for hostile in ["a\\b", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(literal(&kind, hostile), None, "{hostile}");
        }
        assert_eq!(text("O'Brien").as_deref(), Some("'O''Brien'"));
        assert_eq!(text("a\\'b"), None);
    }
}
