//! "In the third quarter of 2026", answered with other months.
//!
//! Models know that a period is a range of days and write the wrong ones, or only where it begins.
//! Where the question names one period of whole months, and the statement bounds one column of days, the
//! bounds become those of the period. Nothing is done where the question speaks of several years, of a
//! fiscal one, or of what was before or since.

use sqlparser::ast::{BinaryOperator, Expr, SetExpr, Value, ValueWithSpan};
use sqlparser::tokenizer::Location;

use super::words::Asked;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::mend::joins::family;
use crate::sql::mend::scope::{Scope, attribute};
use crate::sql::parsed::ParsedSql;
use crate::sql::walk::{conjuncts, cte_names};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const ORDINALS: [&[&str]; 4] =
    [&["first", "1st"], &["second", "2nd"], &["third", "3rd"], &["fourth", "4th", "last"]];

/// Words in front of a period that make another one of it.
const OTHERWISE: &[&str] = &[
    "before",
    "after",
    "since",
    "until",
    "till",
    "by",
    "early",
    "late",
    "mid",
    "than",
    "to",
    "through",
    "fiscal",
    "financial",
];
/// Words that hold a period against another one, and those that do behind the name of one.
const AGAINST: &[&str] =
    &["previous", "prior", "preceding", "compare", "compared", "versus", "vs", "than"];
const BEFORE: &[&str] = &["month before", "quarter before", "half before"];
/// Most months of a period that is held against the one before: of more, each is against its own.
const FEW: u32 = 3;
/// Words that name a part of what "of" connects them with.
const PARTS: &[&str] = &[
    "end",
    "beginning",
    "start",
    "middle",
    "day",
    "week",
    "eve",
    "half",
    "third",
    "part",
    "days",
    "weeks",
];

/// `sql` with the bounds of the question's period.
pub(super) fn bounded(sql: &ParsedSql, snapshot: &Snapshot, asked: &Asked) -> Option<ParsedSql> {
    let period = Period::of(asked.words())?;
    let is_against = asked.words().iter().any(|word| AGAINST.contains(&word.as_str()))
        || BEFORE.iter().any(|words| asked.text().contains(words));
    if is_against && period.1 - period.0 <= FEW {
        return None;
    }
    let source = Source::new(sql)?;
    let query = source.query()?;
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let scope = Scope::of(select, snapshot, &cte_names(&query));
    let mut bounds = Vec::new();
    let mut other = false;
    conjuncts(select.selection.as_ref()?, &mut |expr| {
        if !bounds_of(expr, &scope, &mut bounds) {
            other |= speaks_of_days(expr);
        }
    });
    let (first, _) = bounds.split_first()?;
    if other || bounds.iter().any(|bound| bound.column != first.column) {
        return None;
    }
    let mut edits = Edits::default();
    let mut put = |bound: &Bound, day: String| {
        if !is_day(bound.text, &day) {
            edits.replace_at(&source, bound.at, bound.at, format!("'{day}'"));
        }
    };
    match bounds.as_slice() {
        [low, high] if low.end == End::From && high.end != End::From => {
            put(low, period.first_day());
            let is_before = high.end == End::Before;
            put(high, if is_before { period.day_behind() } else { period.last_day() });
        }
        [low] if low.end == End::From && is_day(low.text, &period.first_day()) => {
            let token = source.tokens().get(source.token(low.at)?)?;
            let column = source.text_between(low.names.0, low.names.1)?;
            edits.insert_behind(token, format!(" AND {column} < '{}'", period.day_behind()));
        }
        _ => return None,
    }
    source.with(edits)
}

/// Whole months, counted from January of the year 0; the second is behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period(u32, u32);

impl Period {
    /// The one period that a question names.
    fn of(words: &[String]) -> Option<Self> {
        let year = |word: &String| {
            word.parse::<u32>().ok().filter(|year| word.len() == 4 && (1900..2100).contains(year))
        };
        let mut years = words.iter().enumerate().filter_map(|(at, word)| Some((at, year(word)?)));
        let (at, year) = years.next()?;
        if years.next().is_some() || words.iter().any(|word| word == "fiscal") {
            return None;
        }
        let month = |month: usize| year * 12 + u32::try_from(month).unwrap_or_default();
        let word = |at: usize| words.get(at).map_or("", String::as_str);
        // Of "the third quarter of 2026" the place of "quarter".
        let behind = at.checked_sub(1)?;
        let last =
            if ["of", "in"].contains(&word(behind)) { behind.checked_sub(1)? } else { behind };
        let ordinal = |at: usize| ORDINALS.iter().position(|names| names.contains(&word(at)));
        let named = |at: usize| MONTHS.iter().position(|name| *name == word(at));
        let (begin, period) = if word(last) == "quarter" {
            let begin = last.checked_sub(1)?;
            let from = 3 * ordinal(begin)?;
            (begin, Self(month(from), month(from + 3)))
        } else if word(last) == "half" {
            let begin = last.checked_sub(1)?;
            let from = 6 * ordinal(begin).filter(|half| *half < 2)?;
            (begin, Self(month(from), month(from + 6)))
        } else if let Some(number) = word(last).strip_prefix('q') {
            let from = 3 * number.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < 4)?;
            (last, Self(month(from), month(from + 3)))
        } else {
            let until = named(last)?;
            let range = || {
                let between = last.checked_sub(1)?;
                let begin = last.checked_sub(2)?;
                let joined = ["to", "through", "until", "till"].contains(&word(between))
                    || (word(between) == "and"
                        && begin.checked_sub(1).map(word) == Some("between"));
                named(begin).filter(|from| joined && *from < until).map(|from| (begin, from))
            };
            let (begin, from) = range().unwrap_or((last, until));
            (begin, Self(month(from), month(until + 1)))
        };
        let before = begin.checked_sub(1).map_or("", word);
        let is_day = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let is_one_month = period.1 - period.0 == 1;
        let before = if before == "the" { begin.checked_sub(2).map_or("", word) } else { before };
        let of = || begin.checked_sub(2).map_or("", word);
        let is_other = OTHERWISE.contains(&before)
            || is_day(before)
            || (before == "of" && PARTS.contains(&of()))
            || (is_one_month && ["from", "and", "or", "between"].contains(&before));
        (!is_other).then_some(period)
    }

    fn first_day(self) -> String {
        day(self.0, 1)
    }

    fn day_behind(self) -> String {
        day(self.1, 1)
    }

    fn last_day(self) -> String {
        let last = self.1 - 1;
        let (year, month) = (last / 12, last % 12 + 1);
        let leap =
            (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        day(
            last,
            match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            },
        )
    }
}

fn day(month: u32, day: u32) -> String {
    format!("{:04}-{:02}-{day:02}", month / 12, month % 12 + 1)
}

/// Whether a constant is that day, or its midnight.
fn is_day(text: &str, day: &str) -> bool {
    text.strip_prefix(day).is_some_and(|rest| ["", " 00:00", " 00:00:00"].contains(&rest))
}

/// Which end of a period a comparison gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    From,
    Before,
    /// That day included.
    Until,
}

struct Bound<'e> {
    column: (String, String),
    /// Where the column's first and last name stand.
    names: (Location, Location),
    end: End,
    text: &'e str,
    at: Location,
}

/// Takes a condition that bounds a column by days.
fn bounds_of<'e>(expr: &'e Expr, scope: &Scope<'_>, bounds: &mut Vec<Bound<'e>>) -> bool {
    let mut take = |column: &Expr, end: End, value: &'e Expr| -> Option<()> {
        let (item, name) = scope.column(column)?;
        let attribute = attribute(scope.item(&item)?.relation?, &name)?;
        let (text, at) = constant(value)?;
        let first = super::many::first_of(column)?.span.start;
        let names = (first, super::many::last_of(column)?.span.start);
        (family(&attribute.type_name) == Some("time")).then_some(())?;
        bounds.push(Bound { column: (item, name), names, end, text, at });
        Some(())
    };
    match expr {
        Expr::Nested(inner) => bounds_of(inner, scope, bounds),
        Expr::BinaryOp { left, op: BinaryOperator::GtEq, right } => {
            take(left, End::From, right).is_some()
        }
        Expr::BinaryOp { left, op: BinaryOperator::Lt, right } => {
            take(left, End::Before, right).is_some()
        }
        Expr::BinaryOp { left, op: BinaryOperator::LtEq, right } => {
            take(left, End::Until, right).is_some()
        }
        Expr::Between { expr, negated: false, low, high } => {
            take(expr, End::From, low).and_then(|()| take(expr, End::Until, high)).is_some()
        }
        _ => false,
    }
}

/// A constant, and where it stands.
fn constant(expr: &Expr) -> Option<(&str, Location)> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), span }) => {
            Some((text, span.start))
        }
        Expr::Cast { expr, .. } | Expr::Nested(expr) => constant(expr),
        _ => None,
    }
}

/// Whether another condition says something of days, too: then nobody knows what the period is of.
fn speaks_of_days(expr: &Expr) -> bool {
    let text = expr.to_string().to_lowercase();
    let is_date = |part: &str| {
        let digits: Vec<&str> = part.split('-').collect();
        matches!(digits.as_slice(), [year, month, ..] if year.len() == 4
            && month.len() == 2
            && year.chars().chain(month.chars()).all(|c| c.is_ascii_digit()))
    };
    text.contains("extract(")
        || text.contains("date_trunc")
        || text.contains("current_date")
        || text.split('\'').any(is_date)
}
