//! What a question leaves open that the schema offers several readings of.
//!
//! Owns the rules: a superlative that names no measure ("most popular"), a part of a year without
//! the year, a word that names several tables equally. They read the question and the snapshot only,
//! so a choice is never something the caller may not read; whether the data spans several years is
//! looked up by the caller. Few and narrow on purpose: a question that is clear must not be asked
//! back. Called by the extension before a statement is generated.

use std::collections::{BTreeSet, HashSet};

use crate::link::{best, split};
use crate::schema::{ForeignKey, Relation, Snapshot, quote_ident, quote_qualified};

/// Most choices that are offered.
pub const MAX_CHOICES: usize = 6;

/// Words of praise that name no measure, stemmed.
const SUPERLATIVES: &[&str] = &[
    "popular",
    "best",
    "worst",
    "important",
    "successful",
    "favorite",
    "favourite",
    "top",
    "valuable",
    "strongest",
    "weakest",
    "busiest",
];

/// With one of these a superlative has its measure: "top 5 by revenue".
const BY: &[&str] = &[
    "by", "per", "accord", "based", "measur", "term", "number", "amount", "most", "highest",
    "lowest", "fewest", "least", "largest", "longest",
];

/// Words by which a period is relative, so that no year is missing.
const RELATIVE: &[&str] = &[
    "this", "thi", "last", "current", "previous", "next", "past", "ago", "year", "yearly",
    "annual", "annually",
];

/// Before a part of a year, or a unit of time, they say that it repeats.
const REPEATING: &[&str] = &["each", "every", "per", "by"];
const UNITS: &[&str] = &["month", "quarter", "week", "day", "season"];

/// Parts of a year that may mean other things, stemmed and as they are written: open only where the
/// schema does not know them.
const SEASONS: &[(&str, &str)] = &[
    ("summer", "summer"),
    ("winter", "winter"),
    ("autumn", "autumn"),
    ("easter", "Easter"),
    ("christma", "Christmas"),
];

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Something a question leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// A superlative without a measure, and measures there are.
    Measure {
        /// The word.
        word: String,
        /// Numbers that could be meant.
        choices: Vec<String>,
    },
    /// A part of a year without the year; a reading if the column has several.
    Year {
        /// The part.
        word: String,
        /// The statement that gives the years, the latest first.
        years: String,
        /// The column.
        column: String,
    },
    /// A word that several tables have in their name, and nothing else decides.
    Relation {
        /// The word.
        word: String,
        /// The tables.
        choices: Vec<String>,
    },
}

/// What `question` leaves open, if anything.
#[must_use]
pub fn open(snapshot: &Snapshot, question: &str) -> Option<Open> {
    let words = split(question);
    measure(snapshot, question, &words)
        .or_else(|| relation(snapshot, question, &words))
        .or_else(|| year(snapshot, question, &words))
}

fn measure(snapshot: &Snapshot, question: &str, words: &[String]) -> Option<Open> {
    let has = |list: &[&str]| words.iter().find(|word| list.contains(&word.as_str()));
    let word = has(SUPERLATIVES)?;
    // "most popular" is a superlative; "with the most orders" is one with its measure.
    let measured = words.iter().enumerate().any(|(at, word)| {
        BY.contains(&word.as_str())
            && !(word == "most"
                && words.get(at + 1).is_some_and(|next| SUPERLATIVES.contains(&next.as_str())))
    });
    if measured || snapshot.relations.iter().any(|relation| mentions(relation, word)) {
        return None;
    }
    let ranked = best(snapshot, question, 1);
    let relation = ranked.first()?;
    // What is asked about has a number that is named.
    let named = |name: &str| split(name).iter().any(|part| words.contains(part));
    let numbers: Vec<&str> = numbers(snapshot, relation);
    if numbers.iter().any(|name| named(name)) {
        return None;
    }
    let numbers = numbers
        .iter()
        .map(|name| format!("{}.{}", quote_qualified(&relation.name), quote_ident(name)));
    let referencing: BTreeSet<String> = snapshot
        .all_keys()
        .filter(|key| key.to == relation.name && key.from != relation.name)
        .map(|key| format!("number of {}", quote_qualified(&key.from)))
        .collect();
    let choices: Vec<String> = referencing.into_iter().chain(numbers).take(MAX_CHOICES).collect();
    (choices.len() > 1).then(|| Open::Measure { word: word.clone(), choices })
}

/// Whether a word is somewhere in what is known of a relation.
fn mentions(relation: &Relation, word: &str) -> bool {
    let has = |text: &str| split(text).iter().any(|part| part == word);
    has(&relation.name.name)
        || relation.comment.as_deref().is_some_and(has)
        || relation.columns.iter().any(|column| {
            has(&column.name)
                || column.comment.as_deref().is_some_and(has)
                || column.enum_labels.iter().chain(&column.common_values).any(|text| has(text))
        })
}

/// Columns that hold a number, keys left out.
fn numbers<'s>(snapshot: &Snapshot, relation: &'s Relation) -> Vec<&'s str> {
    let in_key = |name: &String| {
        let of = |key: &ForeignKey| {
            (key.from == relation.name && key.from_columns.contains(name))
                || (key.to == relation.name && key.to_columns.contains(name))
        };
        relation.primary_key.contains(name)
            || snapshot.all_keys().any(of)
            || split(name).iter().any(|part| matches!(part.as_str(), "id" | "code" | "year"))
    };
    let is_number = |type_name: &str| {
        let base = type_name.split('(').next().unwrap_or_default();
        matches!(
            base,
            "smallint" | "integer" | "bigint" | "real" | "double precision" | "numeric" | "money"
        )
    };
    let columns = relation.columns.iter();
    columns
        .filter(|column| is_number(&column.type_name) && !in_key(&column.name))
        .map(|column| column.name.as_str())
        .collect()
}

fn relation(snapshot: &Snapshot, question: &str, words: &[String]) -> Option<Open> {
    let [first, second, ..] = best(snapshot, question, 2)[..] else { return None };
    let of = |relation: &Relation| -> HashSet<String> {
        split(&relation.name.name).into_iter().collect()
    };
    let (mine, its) = (of(first), of(second));
    // Neither is named in full, and what is named of them is the same.
    let named = |name: &HashSet<String>| -> BTreeSet<String> {
        name.iter().filter(|word| words.contains(word)).cloned().collect()
    };
    let shared = named(&mine);
    let whole = |name: &HashSet<String>| name.iter().all(|word| words.contains(word));
    if shared.is_empty() || shared != named(&its) || whole(&mine) || whole(&its) {
        return None;
    }
    // A word that only one of them has decides.
    let has = |relation: &Relation| -> BTreeSet<&String> {
        words.iter().filter(|word| mentions(relation, word)).collect()
    };
    let connected = snapshot.all_keys().any(|key| {
        (key.from == first.name && key.to == second.name)
            || (key.from == second.name && key.to == first.name)
    });
    if has(first) != has(second) || connected {
        return None;
    }
    let alike =
        |relation: &&&Relation| named(&of(relation)) == shared && has(relation) == has(first);
    let ranked = best(snapshot, question, MAX_CHOICES);
    let choices: Vec<String> =
        ranked.iter().filter(alike).map(|relation| quote_qualified(&relation.name)).collect();
    let word = shared.into_iter().next()?;
    (choices.len() > 1).then_some(Open::Relation { word, choices })
}

fn year(snapshot: &Snapshot, question: &str, words: &[String]) -> Option<Open> {
    let says_year = words.iter().any(|word| {
        RELATIVE.contains(&word.as_str())
            || (word.len() == 4 && word.parse::<u16>().is_ok_and(|n| (1000..2200).contains(&n)))
    });
    let season = |word: &str| SEASONS.iter().find(|(stem, _)| *stem == word);
    let is_time = |word: &str| {
        UNITS.contains(&word) || MONTHS.contains(&word) || season(word).is_some() || word == "q"
    };
    // "by month", "each March", but not "in March by clinic".
    let repeats = words.windows(2).any(|pair| match pair {
        [first, second] => REPEATING.contains(&first.as_str()) && is_time(second),
        _ => false,
    });
    if says_year
        || repeats
        || words.iter().any(|word| matches!(word.as_str(), "monthly" | "quarterly"))
    {
        return None;
    }
    let word = words.iter().enumerate().find_map(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str);
        let before = at.checked_sub(1).and_then(|at| words.get(at)).map(String::as_str);
        match word.as_str() {
            // Letters and digits are words of their own.
            "q" if next.is_some_and(|next| matches!(next, "1" | "2" | "3" | "4")) => {
                Some(format!("Q{}", next.unwrap_or_default()))
            }
            "quarter" => before
                .filter(|before| matches!(*before, "first" | "second" | "third" | "fourth"))
                .map(|before| format!("{before} quarter")),
            month if MONTHS.contains(&month) => Some(month.to_owned()),
            other => {
                let (stem, written) = season(other)?;
                let known = snapshot.relations.iter().any(|relation| mentions(relation, stem));
                (!known).then(|| (*written).to_owned())
            }
        }
    })?;
    let ranked = best(snapshot, question, 2);
    let dates: Vec<(&Relation, &str)> = ranked
        .iter()
        .flat_map(|relation| relation.columns.iter().map(move |column| (*relation, column)))
        .filter(|(_, column)| {
            column.type_name == "date" || column.type_name.starts_with("timestamp")
        })
        .map(|(relation, column)| (relation, column.name.as_str()))
        .collect();
    let (relation, column) = dates.first()?;
    let (table, name) = (quote_qualified(&relation.name), quote_ident(column));
    let years = format!(
        "SELECT DISTINCT EXTRACT(YEAR FROM {name})::text AS year FROM {table} \
         WHERE {name} IS NOT NULL ORDER BY 1 DESC LIMIT {MAX_CHOICES}"
    );
    Some(Open::Year { word, years, column: format!("{table}.{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture;

    fn of(question: &str) -> Option<Open> {
        open(&fixture::shop(), question)
    }

    #[test]
    fn a_superlative_without_a_measure_is_open() {
        let Some(Open::Measure { word, choices }) = of("Which are the best orders?") else {
            panic!("{:?}", of("Which are the best orders?"))
        };
        assert_eq!(word, "best");
        assert_eq!(choices, ["number of shop.order_items", "shop.orders.total"]);
        for clear in [
            "Which are the best orders by total?",
            "Which orders have the most items?",
            "Which orders have the best total?",
            "List the orders",
            "Which customers are popular according to their orders?",
            "The five orders with the highest price of their items, best first",
        ] {
            assert_eq!(of(clear), None, "{clear}");
        }
        for word in SUPERLATIVES {
            assert!(of(&format!("Which are the {word} orders?")).is_some(), "{word}");
        }
        let mut snapshot = fixture::shop();
        snapshot.relations[2].columns[3].name = "popular".into();
        assert_eq!(open(&snapshot, "What are the most popular orders?"), None);
    }

    #[test]
    fn a_part_of_a_year_lacks_the_year() {
        let Some(Open::Year { word, years, column }) = of("What was the revenue in Q3?") else {
            panic!("{:?}", of("What was the revenue in Q3?"))
        };
        assert_eq!((word.as_str(), column.as_str()), ("Q3", "shop.v_revenue.month"));
        assert!(years.contains("FROM shop.v_revenue WHERE month IS NOT NULL"), "{years}");
        assert!(of("revenue of the third quarter").is_some());
        assert!(of("What was the revenue in March?").is_some());
        assert!(of("What was the revenue in March by city?").is_some(), "by another thing");
        let Some(Open::Year { word, .. }) = of("revenue over Christmas") else {
            panic!("{:?}", of("revenue over Christmas"))
        };
        assert_eq!(word, "Christmas");
        let mut seasonal = fixture::shop();
        seasonal.relations[0].comment = Some("of winter and summer".into());
        assert_eq!(open(&seasonal, "revenue of the winter"), None, "the schema knows the word");
        for clear in [
            "What was the revenue in Q3 2024?",
            "What was the revenue in March of last year?",
            "revenue of March of each year",
            "revenue of each March",
            "revenue in March and April by month",
            "revenue",
            "order items in March",
        ] {
            assert_eq!(of(clear), None, "{clear}");
        }
    }

    #[test]
    fn a_word_that_names_two_tables_alike_is_open() {
        let mut snapshot = fixture::shop();
        let sales = |name: &str| fixture::table("shop", name, &["id", "price"]);
        snapshot.relations.extend([sales("sales_north"), sales("sales_south")]);
        let Some(Open::Relation { word, choices }) = open(&snapshot, "Show all sales") else {
            panic!("{:?}", open(&snapshot, "Show all sales"))
        };
        assert_eq!(word, "sale");
        assert_eq!(choices, ["shop.sales_north", "shop.sales_south"]);
        assert_eq!(open(&snapshot, "Show all sales in the north"), None);
        assert_eq!(open(&snapshot, "How many customers are there?"), None);
        assert_eq!(open(&snapshot, ""), None);
    }
}
