//! What a question says of time, and what the model should be told because of it.
//!
//! A date in the prompt makes small models compare with it, and advice about periods makes them
//! add some, asked or not; so both are given to questions that need them and to no other. Knows
//! the question and the columns shown with it. Called by [`super::build`].

use crate::schema::Attribute;

/// Words whose meaning depends on the day wherever they stand. Lower-case.
#[rustfmt::skip]
const NOW: &[&str] = &[
    "ago", "expired", "future", "now", "nowadays", "overdue", "recently", "so far", "soon",
    "to date", "today", "tomorrow", "tonight", "upcoming", "yesterday", "ytd",
];

/// Words that do so in front of a unit of time: `last month`, but not `last name`.
const BEFORE_UNITS: &[&str] = &[
    "coming", "current", "last", "latest", "next", "past", "present", "previous", "prior",
    "recent", "this", "within",
];

/// Words about age: that of a column, or one that follows from a birthday and the day it is.
const AGE: &[&str] =
    &["age", "aged", "ages", "old", "older", "oldest", "young", "younger", "youngest"];

/// Parts of the names of columns from which an age follows.
const BIRTH: &[&str] = &["birth", "born", "dob"];

#[rustfmt::skip]
const UNITS: &[&str] = &[
    "second", "minute", "hour", "day", "night", "week", "weekend", "month", "quarter", "year",
    "decade", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
];

/// Names of months; `may` is a verb more often.
#[rustfmt::skip]
const MONTHS: &[&str] = &[
    "january", "february", "march", "april", "june", "july", "august", "september", "october",
    "november", "december",
];

/// Years of our time, as questions write them.
const YEARS: std::ops::Range<u32> = 1900..2100;

/// A question's words, and the columns it may be about.
pub(super) struct Time<'a> {
    words: Vec<String>,
    columns: Vec<&'a Attribute>,
}

impl<'a> Time<'a> {
    /// Of a question asked of these columns.
    pub fn new(question: &str, columns: impl Iterator<Item = &'a Attribute>) -> Self {
        let words = question
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        Self { words, columns: columns.collect() }
    }

    /// Whether the answer may depend on what day it is.
    pub fn is_about_now(&self) -> bool {
        let text = format!(" {} ", self.words.join(" "));
        let of_units = |words: &[&str], within: usize| {
            self.words.iter().enumerate().any(|(at, word)| {
                words.contains(&word.as_str())
                    && self.words.iter().skip(at + 1).take(within).any(|word| is_unit(word))
            })
        };
        NOW.iter().any(|word| text.contains(&format!(" {word} ")))
            || of_units(BEFORE_UNITS, 2)
            || of_units(AGE, 3)
            || (self.says_any(AGE) && self.has_birthdays())
    }

    /// Whether the answer is likely to compare dates with a period, or to group by one.
    pub fn is_about_periods(&self) -> bool {
        let is_date = |column: &&Attribute| {
            column.type_name == "date" || column.type_name.starts_with("timestamp")
        };
        let says_period = self.words.iter().any(|word| {
            let year = word.len() == 4 && word.parse().is_ok_and(|year| YEARS.contains(&year));
            let stem = word.strip_suffix("ly").unwrap_or(word);
            year || MONTHS.contains(&word.as_str())
                || ["month", "quarter"].contains(&stem.strip_suffix('s').unwrap_or(stem))
        });
        says_period && !self.says_day() && self.columns.iter().any(is_date)
    }

    /// Whether there is a day of a month: such a date is compared as it is.
    fn says_day(&self) -> bool {
        let is_day = |word: &String| {
            let number = word.trim_end_matches(|c: char| c.is_alphabetic());
            number.len() <= 2 && number.parse().is_ok_and(|day: u32| (1..=31).contains(&day))
        };
        let is_month = |word: &String| MONTHS.contains(&word.as_str());
        self.words.windows(2).any(|pair| match pair {
            [one, other] => (is_day(one) && is_month(other)) || (is_month(one) && is_day(other)),
            _ => false,
        })
    }

    fn says_any(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    fn has_birthdays(&self) -> bool {
        self.columns.iter().any(|column| {
            let name = column.name.to_lowercase();
            BIRTH.iter().any(|part| name.contains(part))
        })
    }
}

fn is_unit(word: &str) -> bool {
    UNITS.contains(&word.strip_suffix('s').unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    /// Whether a question is about the present, and whether about periods, in the shop with a
    /// column of that name.
    fn told(question: &str, column: &str) -> (bool, bool) {
        let mut snapshot = shop();
        snapshot.relations[0].columns[1].name = column.to_owned();
        let columns = snapshot.relations.iter().flat_map(|relation| &relation.columns);
        let time = Time::new(question, columns);
        (time.is_about_now(), time.is_about_periods())
    }

    #[test]
    fn questions_about_the_present_are_told_apart() {
        for yes in [
            "Sales of the LAST 30 days?",
            "revenue, year to date",
            "new customers this month",
            "Which orders are more than 30 days old and were due last week?",
            "What was ordered yesterday?",
            "accounts older than two years",
        ] {
            assert!(told(yes, "name").0, "{yes}");
        }
        for no in [
            "How many visits in 2023?",
            "Which medicines are controlled?",
            "lasting",
            "What is the last name of this customer?",
            "songs that last more than 3 minutes",
            "Who is older than 40?",
            "the latest order",
        ] {
            assert!(!told(no, "age").0, "{no}");
        }
    }

    #[test]
    fn an_age_depends_on_the_day_if_there_is_a_birthday() {
        assert!(told("Who is older than 40?", "BirthDate").0);
        assert!(told("the average age", "dob").0);
        assert!(!told("the average age", "age").0);
    }

    #[test]
    fn periods_need_dates() {
        for yes in ["sales in 2023", "Customers since March", "revenue by month", "monthly revenue"]
        {
            assert!(told(yes, "name").1, "{yes}");
            let none = Time::new(yes, std::iter::empty());
            assert!(!none.is_about_periods(), "{yes}");
        }
        for no in [
            "more than 3000 orders",
            "who may order",
            "How long is a year?",
            "the dates",
            "overdue on 30 June 2025",
            "before March 3rd 2024",
        ] {
            assert!(!told(no, "name").1, "{no}");
        }
    }
}
