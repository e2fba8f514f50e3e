//! Which values out of the server's statistics are told to a model.
//!
//! Owns the rule: none that an administrator denies, and unless one allows them, none that look like
//! something to be kept from people. Called by the extension when it has read the catalog.

use serde::Deserialize;

use super::stored::looks_secret;
use crate::schema::{Attribute, RelationName, Snapshot};

/// First letters of what may stand between the numbers of a date.
const IN_DATES: [&str; 16] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "am", "pm",
    "t", "z",
];
/// Years that a date can be of.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=2099;
/// Most of them in one value.
const MAX_YEARS: usize = 3;

/// What an administrator says of a column's values, or of all of a table's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ValueSetting {
    /// The table.
    pub relation: RelationName,
    /// The column; empty for all of them.
    pub column: String,
    /// Whether its values may be told.
    pub allowed: bool,
}

/// Takes out of the snapshot which values are not to be told. A word on a column goes before one on
/// its table.
pub fn withhold_values(snapshot: &mut Snapshot, settings: &[ValueSetting]) {
    for relation in &mut snapshot.relations {
        let name = &relation.name;
        let of_it: Vec<_> = settings.iter().filter(|setting| setting.relation == *name).collect();
        for column in &mut relation.columns {
            let word = |name: &str| of_it.iter().find(|setting| setting.column == name);
            withhold(column, word(&column.name).or(word("")).map(|setting| setting.allowed));
        }
    }
}

fn withhold(column: &mut Attribute, allowed: Option<bool>) {
    match allowed {
        Some(true) => {}
        Some(false) => column.common_values.clear(),
        None => column.common_values.retain(|value| is_date(value) || !looks_secret(value)),
    }
}

/// Whether a value is a date, a time on a day, or some years: they have as many digits as numbers of
/// accounts, and a model has to know how they are written.
fn is_date(value: &str) -> bool {
    let words = |is_in: fn(char) -> bool| value.split(move |c| !is_in(c)).filter(|w| !w.is_empty());
    let is_year = |digits: &str| {
        digits.len() == 4 && digits.parse().is_ok_and(|year: u32| YEARS.contains(&year))
    };
    let numbers: Vec<&str> = words(|c| c.is_ascii_digit()).collect();
    let years = numbers.iter().filter(|number| is_year(number)).count();
    (1..=MAX_YEARS).contains(&years)
        && numbers.iter().all(|number| number.len() <= 2 || is_year(number))
        && words(char::is_alphabetic).all(|word| {
            let word = word.to_lowercase();
            IN_DATES.iter().any(|part| word == *part || part.len() == 3 && word.starts_with(part))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{shop, table};

    fn told(values: &[&str], allowed: Option<bool>) -> Vec<String> {
        let mut column = table("s", "t", &["c"]).columns.remove(0);
        column.common_values = values.iter().map(|&value| value.to_owned()).collect();
        withhold(&mut column, allowed);
        column.common_values
    }

    #[test]
    fn what_looks_secret_is_told_only_where_it_is_allowed() {
        let values = ["Berlin", "ann@example.org", "+49 30 1234567", "4x4"];
        assert_eq!(told(&values, None), ["Berlin", "4x4"]);
        assert_eq!(told(&values, Some(true)), values);
        assert_eq!(told(&values, Some(false)), [""; 0]);
    }

    #[test]
    fn dates_are_no_secrets() {
        for date in [
            "2018-03-24",
            "04/12/2005 05:30",
            "2018-03-24T07:15:09Z",
            "1987–1991, 1996",
            "October 12–16, 1992",
            "9:41:59 PM, 24 Mar 2018",
        ] {
            assert_eq!(told(&[date], None), [date]);
        }
        for other in [
            "555-123-4567",
            "12 34 56 78 90",
            "1234 1678 1234 1234",
            "DE89 2004 1044 1532",
            "20180324",
            "(262)347-9364x516",
        ] {
            assert_eq!(told(&[other], None), [""; 0], "{other}");
        }
    }

    #[test]
    fn a_word_on_a_column_goes_before_one_on_its_table() {
        let mut snapshot = shop();
        let relation = snapshot.relations[0].name.clone();
        let setting = |column: &str, allowed| {
            let (relation, column) = (relation.clone(), column.to_owned());
            ValueSetting { relation, column, allowed }
        };
        let before = snapshot.clone();
        withhold_values(&mut snapshot, &[setting("city", true), setting("", false)]);
        let values = |snapshot: &Snapshot, of: usize, column: &str| {
            let columns = &snapshot.relations[of].columns;
            columns.iter().find(|other| other.name == column).unwrap().common_values.clone()
        };
        assert_eq!(values(&snapshot, 0, "city"), ["Berlin", "Paris"]);
        assert!(!values(&before, 0, "name").is_empty() && values(&snapshot, 0, "name").is_empty());
        assert_eq!(snapshot.relations[1], before.relations[1]);
    }
}
