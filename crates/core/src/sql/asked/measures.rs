//! Units that questions ask for and columns hold.
//!
//! Owns which words are units, and what a column's comment or name says about its own. Metric units,
//! time, degrees, and money with its hundredth, whatever the currency is called; where a text names
//! several units of one dimension, it says nothing.

use crate::link::spelled;
use crate::schema::Attribute;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Money,
    Length,
    Mass,
    Time,
    Volume,
    Temperature,
}

/// A unit of measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub dimension: Dimension,
    /// In the dimension's smallest unit.
    size: u64,
}

use Dimension::{Length, Mass, Money, Temperature, Time, Volume};

/// Units that any text can name. Of time the singular counts nothing: "cost of a machine hour".
const WORDS: &[(Dimension, u64, &[&str])] = &[
    (Money, 1, &["cent", "cents", "penny", "pence", "pennies"]),
    (
        Money,
        100,
        &[
            "euro", "euros", "eur", "dollar", "dollars", "usd", "pound", "pounds", "gbp", "franc",
            "francs", "chf", "\u{20ac}", "$", "\u{a3}",
        ],
    ),
    (Length, 100, &["mm", "millimetre", "millimetres", "millimeter", "millimeters"]),
    (Length, 1_000, &["cm", "centimetre", "centimetres", "centimeter", "centimeters"]),
    (Length, 100_000, &["metre", "metres", "meters"]),
    (Length, 100_000_000, &["km", "kilometre", "kilometres", "kilometer", "kilometers"]),
    (Mass, 1, &["mg", "milligram", "milligrams"]),
    (Mass, 1_000, &["gram", "grams", "gramme", "grammes"]),
    (Mass, 1_000_000, &["kg", "kilo", "kilos", "kilogram", "kilograms"]),
    (Mass, 1_000_000_000, &["tonne", "tonnes"]),
    (Time, 1, &["ms", "milliseconds"]),
    (Time, 1_000, &["secs", "seconds"]),
    (Time, 60_000, &["mins", "minutes"]),
    (Time, 3_600_000, &["hrs", "hours"]),
    (Volume, 1, &["ml", "millilitre", "millilitres", "milliliter", "milliliters"]),
    (Volume, 10, &["cl", "centilitre", "centilitres", "centiliter", "centiliters"]),
    (Volume, 100, &["decilitre", "decilitres", "deciliter", "deciliters"]),
    (Volume, 1_000, &["litre", "litres", "liter", "liters"]),
    (Volume, 100_000, &["hl", "hectolitre", "hectolitres", "hectoliter", "hectoliters"]),
    (Temperature, 100, &["degree", "degrees"]),
];

/// Words in front of a unit that make another one of it, and by what: times or divided.
const SCALES: &[(&[&str], u64, bool)] = &[
    (&["thousand", "thousands"], 1_000, true),
    (&["million", "millions"], 1_000_000, true),
    (&["tenth", "tenths"], 10, false),
    (&["hundredth", "hundredths"], 100, false),
];

/// Words between a scale and its unit: "tenths of a degree".
const OF: &[&str] = &["of", "a", "an"];

/// Words behind which a unit is another's: "grams per square metre".
const COMPOUND: &[&str] = &["per", "square", "cubic"];

/// How to get from one unit to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    Times(u64),
    By(u64),
}

impl Unit {
    /// What a number in this unit takes to be in `other`; `None` where they are the same, or no whole
    /// number of either is the other.
    pub fn to(self, other: Self) -> Option<Factor> {
        if self.dimension != other.dimension || self.size == other.size {
            return None;
        }
        let whole = |of: u64, by: u64| (of.is_multiple_of(by)).then(|| of / by);
        whole(self.size, other.size)
            .map(Factor::Times)
            .or_else(|| whole(other.size, self.size).map(Factor::By))
    }

    /// What the values of a column are in.
    pub fn of(column: &Attribute) -> Option<Self> {
        let said = only(&named(&words(column.comment.as_deref().unwrap_or_default()), is_own));
        said.or_else(|| {
            let name = spelled(&column.name);
            let last = name.last()?.written.to_lowercase();
            unit(&last)
        })
    }
}

/// The units that a question wants results in: "in euros", "how many kilos". One of a dimension.
pub(super) fn wanted(question: &str) -> Vec<Unit> {
    let is_wanted = |before: &[String]| match before {
        [.., how, many] if how == "how" && many == "many" => true,
        [.., last] => last == "in",
        [] => false,
    };
    let units = named(&words(question), is_wanted);
    let of_one = |unit: &&Unit| {
        units.iter().all(|other| other == *unit || other.dimension != unit.dimension)
    };
    units.iter().filter(of_one).copied().collect()
}

/// Numbers that a question gives with their units: "30 kg", "$1,000".
pub(super) fn quantities(question: &str) -> Vec<(f64, Unit)> {
    let words = words(question);
    let number = |at: usize| words.get(at)?.replace(',', "").parse::<f64>().ok();
    (0..words.len())
        .filter_map(|at| {
            let value = number(at)?;
            let behind = words.get(at + 1..).and_then(begins_with_unit).map(|(unit, _)| unit);
            let before = || at.checked_sub(1).and_then(|at| words.get(at)).filter(is_sign);
            Some((value, behind.or_else(|| before().and_then(|word| unit(word)))?))
        })
        .collect()
}

fn is_sign(word: &&String) -> bool {
    ["\u{20ac}", "$", "\u{a3}"].contains(&word.as_str())
}

/// Words in lower case; signs of currencies are words, points and commas within numbers part of them.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let in_number = matches!(c, '.' | ',')
            && open
            && words.last().is_some_and(|word| word.ends_with(|c: char| c.is_ascii_digit()))
            && rest.peek().is_some_and(char::is_ascii_digit);
        if c.is_alphanumeric() || in_number {
            if !open {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
            open = true;
        } else {
            if matches!(c, '\u{20ac}' | '$' | '\u{a3}') {
                words.push(c.to_string());
            }
            open = false;
        }
    }
    words
}

fn unit(word: &str) -> Option<Unit> {
    let (dimension, size, _) = WORDS.iter().find(|(_, _, words)| words.contains(&word))?;
    Some(Unit { dimension: *dimension, size: *size })
}

/// The unit that words begin with, and of how many of them it is.
fn begins_with_unit(words: &[String]) -> Option<(Unit, usize)> {
    let first = words.first()?;
    let scale = SCALES.iter().find(|(names, ..)| names.contains(&first.as_str()));
    let Some((_, by, is_times)) = scale else {
        let unit = unit(first)?;
        // "Euro cents", "US dollars".
        return match words.get(1).and_then(|next| self::unit(next)) {
            Some(next) if next.dimension == unit.dimension => Some((next, 2)),
            _ => Some((unit, 1)),
        };
    };
    let between = words.iter().skip(1).take_while(|word| OF.contains(&word.as_str())).count();
    let unit = unit(words.get(1 + between)?)?;
    let size = if *is_times { unit.size.checked_mul(*by)? } else { unit.size / by };
    (size > 0).then_some((Unit { size, ..unit }, 2 + between))
}

/// Units in a text, but for those behind words that `is_meant` does not like.
fn named(words: &[String], is_meant: impl Fn(&[String]) -> bool) -> Vec<Unit> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        match begins_with_unit(rest) {
            Some((unit, count)) => {
                at += count;
                let is_rate = match words.get(at..) {
                    // "Grams per litre" are neither.
                    Some([per, next, ..]) => per == "per" && self::unit(next).is_some(),
                    _ => false,
                };
                let is_meant = words.get(..at - count).is_some_and(&is_meant);
                if is_meant && !is_rate && !found.contains(&unit) {
                    found.push(unit);
                }
            }
            None => at += 1,
        }
    }
    found
}

/// Whether a unit behind these words is what is measured: not "per kg", "per 100 km" or "24 hours".
fn is_own(before: &[String]) -> bool {
    let near = before.iter().rev().take(2);
    !near.clone().any(|word| COMPOUND.contains(&word.as_str()))
        && !near.take(1).any(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

fn only(units: &[Unit]) -> Option<Unit> {
    match units {
        [unit] => Some(*unit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    fn of(name: &str, comment: &str) -> Option<Unit> {
        let mut column = shop().relations.remove(0).columns.remove(0);
        column.name = name.into();
        column.comment = Some(comment.into()).filter(|text: &String| !text.is_empty());
        Unit::of(&column)
    }

    fn is(dimension: Dimension, size: u64) -> Option<Unit> {
        Some(Unit { dimension, size })
    }

    #[test]
    fn columns_say_what_they_are_in() {
        assert_eq!(of("amt_ct", "euro cents without VAT; negative on credit notes"), is(Money, 1));
        assert_eq!(of("v", "thousand euro; null = never valued"), is(Money, 100_000));
        assert_eq!(
            of("t", "tenths of a degree Celsius; null = sensor failed"),
            is(Temperature, 10)
        );
        assert_eq!(of("fresh", "new snow in the last 24 hours, millimetres"), is(Length, 100));
        assert_eq!(of("cost_ct", "purchase price per kg in cents"), is(Money, 1));
        assert_eq!(of("hr_ct", "internal cost of a machine hour, euro cents"), is(Money, 1));
        assert_eq!(of("response_seconds", "until the patrol arrived"), is(Time, 1_000));
        assert_eq!(of("price_cents", ""), is(Money, 1));
        assert_eq!(of("weight", "grams per square metre"), is(Mass, 1_000));
        assert_eq!(of("hb", "grams per litre"), None);
        assert_eq!(of("n", "points per 100 euros spent"), None);
        assert_eq!(of("n", "minutes, or hours where flagged"), None);
        assert_eq!(of("price_min", ""), None);
        assert_eq!(of("name", "what it is called"), None);
    }

    #[test]
    fn questions_say_what_they_want() {
        let euro = Unit { dimension: Money, size: 100 };
        assert_eq!(wanted("What was paid, in euros?"), [euro]);
        assert_eq!(wanted("what was paid in million euro"), [Unit { size: 100_000_000, ..euro }]);
        assert_eq!(wanted("How many kilos does it weigh?").len(), 1);
        assert_eq!(wanted("Haemoglobin in grams per decilitre"), []);
        assert_eq!(wanted("Fees in euros per month"), [euro]);
        assert_eq!(wanted("Amount in euros and in cents"), []);
        assert_eq!(wanted("Jobs of more than 500 euros"), []);
        assert_eq!(wanted("How many jobs in May?"), []);
        assert_eq!(
            quantities("over $1,500.50 or 30 kg"),
            [(1500.5, euro), (30.0, Unit { dimension: Mass, size: 1_000_000 })]
        );
    }

    #[test]
    fn only_whole_factors_are_taken() {
        let unit = |size| Unit { dimension: Money, size };
        assert_eq!(unit(1).to(unit(100)), Some(Factor::By(100)));
        assert_eq!(unit(100_000).to(unit(100)), Some(Factor::Times(1_000)));
        assert_eq!(unit(100).to(unit(100)), None);
        assert_eq!(unit(3).to(unit(2)), None);
        assert_eq!(unit(1).to(Unit { dimension: Mass, size: 1_000 }), None);
    }
}
