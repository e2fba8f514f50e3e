//! Which type of PostgreSQL a column of SQLite gets.
//!
//! SQLite lets every row of a column hold what it likes, so the declared type is a wish: what the
//! rows hold decides whether it is granted. Owns that decision. Pure. Called by [`super::plan`]
//! and [`super::source`].

use std::fmt;

/// What a value is, as SQLite stores it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stored<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text, in whatever encoding.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

/// What the rows of a column hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    /// Rows without a value.
    pub nulls: u64,
    integers: u64,
    /// Whole numbers beyond four bytes.
    large: u64,
    reals: u64,
    blobs: u64,
    /// Blobs that are no text.
    binary: u64,
    texts: u64,
    /// Texts that stand for no value: empty, or NULL spelt out.
    blank: u64,
    dates: u64,
    timestamps: u64,
}

impl Held {
    /// Looks at one more row.
    pub fn see(&mut self, value: Stored<'_>) {
        match value {
            Stored::Null => self.nulls += 1,
            Stored::Integer(number) => {
                self.integers += 1;
                self.large += u64::from(i32::try_from(number).is_err());
            }
            Stored::Real(_) => self.reals += 1,
            Stored::Blob(bytes) => {
                self.blobs += 1;
                self.binary += u64::from(std::str::from_utf8(bytes).is_err());
            }
            Stored::Text(bytes) => {
                self.texts += 1;
                let text = String::from_utf8_lossy(bytes);
                self.blank += u64::from(is_blank(&text));
                self.dates += u64::from(is_date(&text));
                self.timestamps += u64::from(is_date(&text) || is_timestamp(&text));
            }
        }
    }
}

/// A type of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PgType {
    /// Four bytes.
    Integer,
    /// Eight bytes.
    Bigint,
    /// Binary floating point.
    Double,
    /// Decimal digits.
    Numeric,
    /// Text.
    Text,
    /// Bytes.
    Bytea,
    /// A day.
    Date,
    /// A day and a time.
    Timestamp,
}

impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "integer",
            Self::Bigint => "bigint",
            Self::Double => "double precision",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Bytea => "bytea",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        })
    }
}

impl PgType {
    /// Whether a text that stands for no value is none in such a column.
    pub fn takes_blank_for_null(self) -> bool {
        !matches!(self, Self::Text | Self::Bytea)
    }
}

/// What SQLite makes of a declared type, by its own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    None,
    Real,
    Numeric,
}

fn affinity(declared: &str) -> Affinity {
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if has("BLOB") || declared.is_empty() {
        Affinity::None
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The type of a column that is declared and holds what it does. A declared truth value stays a
/// number or a text: statements that were written for SQLite compare it with one.
pub fn of_column(declared: &str, held: &Held) -> PgType {
    let declared = declared.to_ascii_uppercase();
    let affinity = affinity(&declared);
    let is_moment = declared.contains("DATE") || declared.contains("TIME");
    let texts = held.texts - held.blank;
    let numbers = held.integers + held.reals;
    if held.binary > 0
        || (held.blobs > 0 && (texts == 0 && numbers == 0) && affinity == Affinity::None)
    {
        return PgType::Bytea;
    }
    if held.blobs > 0 {
        return PgType::Text;
    }
    if is_moment && numbers == 0 && texts > 0 {
        if held.dates == texts && !declared.contains("TIME") {
            return PgType::Date;
        }
        if held.timestamps == texts {
            return PgType::Timestamp;
        }
    }
    if texts > 0 || affinity == Affinity::Text {
        return PgType::Text;
    }
    if numbers == 0 {
        return of_nothing(&declared, affinity, held.texts > 0);
    }
    match affinity {
        Affinity::Real => PgType::Double,
        Affinity::Numeric if declared.contains("DEC") || declared.contains("NUM") => {
            PgType::Numeric
        }
        _ if held.reals > 0 => PgType::Double,
        _ if held.large > 0 || declared.contains("BIGINT") => PgType::Bigint,
        _ => PgType::Integer,
    }
}

/// The type of a column without values: as declared.
fn of_nothing(declared: &str, affinity: Affinity, has_blanks: bool) -> PgType {
    match affinity {
        Affinity::Integer if declared.contains("BIGINT") => PgType::Bigint,
        Affinity::Integer => PgType::Integer,
        Affinity::Real => PgType::Double,
        Affinity::None if declared.contains("BLOB") && !has_blanks => PgType::Bytea,
        Affinity::None | Affinity::Text => PgType::Text,
        Affinity::Numeric if declared.contains("TIME") => PgType::Timestamp,
        Affinity::Numeric if declared.contains("DATE") => PgType::Date,
        Affinity::Numeric if declared.contains("DEC") || declared.contains("NUM") => {
            PgType::Numeric
        }
        Affinity::Numeric if declared.contains("BOOL") => PgType::Integer,
        Affinity::Numeric => PgType::Text,
    }
}

/// Whether a text stands for no value.
pub fn is_blank(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.eq_ignore_ascii_case("null")
}

/// `2024-02-29`; a day that there is.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
        if is_number { text.parse::<u32>().ok() } else { None }
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    };
    // There is no year 0 in PostgreSQL.
    year > 0 && (1..=days).contains(&day)
}

/// `2024-02-29 13:30:00`, or with a T, without seconds, with parts of a second.
fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_once([' ', 'T']) else { return false };
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let parts: Vec<&str> = time.split(':').collect();
    let below = |text: &str, limit: u32| {
        text.len() == 2
            && text.bytes().all(|b| b.is_ascii_digit())
            && text.parse().is_ok_and(|number: u32| number < limit)
    };
    let is_time = match parts.as_slice() {
        [hours, minutes] => below(hours, 24) && below(minutes, 60),
        [hours, minutes, seconds] => below(hours, 24) && below(minutes, 60) && below(seconds, 60),
        _ => false,
    };
    is_date(date)
        && is_time
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Stored<'_> {
        Stored::Text(text.as_bytes())
    }

    fn of(declared: &str, values: &[Stored<'_>]) -> PgType {
        let mut held = Held::default();
        values.iter().for_each(|value| held.see(*value));
        of_column(declared, &held)
    }

    #[test]
    fn what_the_rows_hold_decides() {
        use Stored::{Blob, Integer, Null, Real};
        for (declared, values, expected) in [
            ("INTEGER", &[Integer(1), Null][..], PgType::Integer),
            ("int", &[Integer(1 << 40)], PgType::Bigint),
            ("BIGINT", &[Integer(1)], PgType::Bigint),
            ("INTEGER", &[Integer(1), Real(1.5)], PgType::Double),
            ("INTEGER", &[Integer(1), text("n/a")], PgType::Text),
            ("INTEGER", &[Integer(1), text("")], PgType::Integer),
            ("INTEGER", &[Integer(1), text("null")], PgType::Integer),
            ("varchar(20)", &[text("1"), text("2")], PgType::Text),
            ("", &[Integer(1), Integer(2)], PgType::Integer),
            ("", &[text("a")], PgType::Text),
            ("REAL", &[Real(1.0)], PgType::Double),
            ("double", &[Integer(1)], PgType::Double),
            ("DECIMAL(10,2)", &[Integer(1), Real(1.5)], PgType::Numeric),
            ("NUMERIC", &[Integer(1)], PgType::Numeric),
            ("BOOLEAN", &[Integer(1), Integer(0)], PgType::Integer),
            ("bool", &[text("T"), text("F")], PgType::Text),
            ("DATE", &[text("2024-02-29")], PgType::Date),
            ("DATE", &[text("2024-02-29"), text("")], PgType::Date),
            ("DATE", &[text("2023-02-29")], PgType::Text),
            ("DATE", &[text("2024-02-29 10:00:00")], PgType::Timestamp),
            ("DATETIME", &[text("2024-02-29 10:00:00"), text("2024-01-01")], PgType::Timestamp),
            ("DATETIME", &[text("2024-02-29")], PgType::Timestamp),
            ("DATETIME", &[text("yesterday")], PgType::Text),
            ("timestamp", &[Integer(1_700_000_000)], PgType::Integer),
            ("TEXT", &[text("2024-02-29")], PgType::Text),
            ("BLOB", &[Blob(&[0xff])], PgType::Bytea),
            ("BLOB", &[Blob(b"abc")], PgType::Bytea),
            ("TEXT", &[Blob(b"abc")], PgType::Text),
            ("TEXT", &[Blob(&[0xff]), text("a")], PgType::Bytea),
            ("BLOB", &[Blob(b"abc"), text("a")], PgType::Text),
        ] {
            assert_eq!(of(declared, values), expected, "{declared} {values:?}");
        }
    }

    #[test]
    fn a_column_without_values_is_what_it_is_declared() {
        for (declared, expected) in [
            ("INTEGER", PgType::Integer),
            ("bigint", PgType::Bigint),
            ("VARCHAR(3)", PgType::Text),
            ("", PgType::Text),
            ("BLOB", PgType::Bytea),
            ("FLOAT", PgType::Double),
            ("DECIMAL(3,1)", PgType::Numeric),
            ("DATE", PgType::Date),
            ("DATETIME", PgType::Timestamp),
            ("BOOLEAN", PgType::Integer),
            ("YEAR", PgType::Text),
        ] {
            assert_eq!(of(declared, &[Stored::Null]), expected, "{declared}");
        }
    }

    #[test]
    fn only_days_and_times_that_there_are_count() {
        for yes in ["2024-02-29", "1999-12-31", "0001-01-01"] {
            assert!(is_date(yes), "{yes}");
        }
        for no in [
            "2023-02-29",
            "2024-13-01",
            "2024-1-1",
            "24-01-01",
            "2024-01-00",
            "0000-01-01",
            "2024-01-01x",
            "+024-01-01",
            "",
        ] {
            assert!(!is_date(no), "{no}");
        }
        for yes in ["2024-01-01 00:00", "2024-01-01T23:59:59", "2024-01-01 12:00:00.123456"] {
            assert!(is_timestamp(yes), "{yes}");
        }
        for no in [
            "2024-01-01",
            "2024-01-01 24:00:00",
            "2024-01-01 1:00",
            "2024-01-01 12:00:00.",
            "2024-01-01 12",
        ] {
            assert!(!is_timestamp(no), "{no}");
        }
    }
}
