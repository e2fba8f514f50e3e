//! What is looked for, and which of what is there is told.

use proptest::prelude::*;

use super::super::stored;
use super::*;
use crate::schema::fixture::shop;

/// What a question is told of values in columns.
fn told(columns: &[&[&str]], question: &str) -> Vec<(usize, String)> {
    let lookup = Lookup::new(&shop(), question);
    let all: Vec<Hit> = columns
        .iter()
        .enumerate()
        .flat_map(|(column, values)| {
            values.iter().filter_map(move |value| {
                Some(Hit { column, key: stored::key(value)?, value: (*value).to_owned() })
            })
        })
        .collect();
    let keys = lookup.keys();
    let exact: Vec<Hit> =
        all.iter().filter(|hit| keys.contains(&hit.key.as_str())).cloned().collect();
    let ranges = lookup.prefixes(&exact);
    let is_near =
        |hit: &&Hit| ranges.iter().any(|range| range.from <= hit.key && hit.key < range.to);
    let near: Vec<Hit> = all.iter().filter(is_near).cloned().collect();
    lookup.choose(&exact, &near)
}

fn values(values: &[&str], question: &str) -> Vec<String> {
    told(&[values], question).into_iter().map(|(_, value)| value).collect()
}

#[test]
fn case_number_accents_and_punctuation_do_not_matter() {
    for (value, question) in [
        ("Berlin", "customers in berlin"),
        ("São Paulo", "Who lives in Sao Paulo?"),
        ("Malmo", "Who lives in Malmö?"),
        ("Comp. Sci.", "students of comp sci"),
        ("The Beatles", "albums of the beatles"),
        ("Guinea Pigs", "Is there a guinea pig?"),
        ("WA", "clinics in WA"),
        ("Out of Stock", "what is out of stock?"),
        ("Ann O'Hara", "orders of Ann O'Hara"),
    ] {
        assert_eq!(values(&[value], question), [value], "{question}");
    }
}

#[test]
fn slips_are_forgiven_where_the_word_is_nobodys() {
    for (value, question) in [
        ("Berlin", "Who lives in Berln?"),
        ("Mississippi", "boats on the misissippi"),
        ("Harbor Veterinary Clinic", "Where is the Harbor Clinic?"),
    ] {
        assert_eq!(values(&[value], question), [value], "{question}");
    }
    for (value, question) in [
        ("Customs", "How many customers?"),
        ("Averaged", "the average price"),
        ("Long Beach", "the longest names"),
        ("Population", "the most popular ones"),
        ("Berlin", "Who lives in Bern?"),
    ] {
        assert_eq!(values(&[value], question), [""; 0], "{question}");
    }
}

#[test]
fn a_slip_is_not_looked_for_where_the_word_itself_is_stored() {
    assert_eq!(values(&["Berlin", "Berline"], "Who lives in Berlin?"), ["Berlin"]);
}

#[test]
fn the_longest_is_told_and_not_its_parts() {
    assert_eq!(values(&["York", "New York"], "people in new york"), ["New York"]);
    assert_eq!(values(&["Salem"], "What is in stock at Harbor Salem?"), [""; 0]);
    let both = values(&["York", "New York"], "people in new york and people in york");
    assert_eq!(both, ["New York"], "a key is looked for where it stands first");
}

#[test]
fn of_many_columns_with_one_value_the_first_are_told() {
    let columns: [&[&str]; 5] = [&["Oslo"], &[], &["OSLO", "Oslo"], &["oslo"], &["Oslo"]];
    let found: Vec<usize> = told(&columns, "in oslo").into_iter().map(|(at, _)| at).collect();
    assert_eq!(found, [0, 2, 2, 3]);
}

#[test]
fn the_work_is_bounded() {
    let words: Vec<String> = (0..1000).map(|n| format!("word{}", "x".repeat(n % 50))).collect();
    let lookup = Lookup::new(&shop(), &words.join(" "));
    assert!(lookup.keys().len() <= MAX_WORDS * (MAX_PHRASE + 1));
    assert!(lookup.keys().len() * lookup.room() <= MAX_PROBES);
    let prefixes = lookup.prefixes(&[]);
    assert!(!prefixes.is_empty() && prefixes.len() * Lookup::room_for(&prefixes) <= MAX_RANGES);
    assert_eq!(Lookup::new(&shop(), "?").room(), MAX_PROBES);
}

proptest! {
    #[test]
    fn a_value_that_stands_in_the_question_is_found(
        value in "[A-Za-z]{3,8}( [A-Za-z]{3,8}){0,2}",
    ) {
        // In lower case no word next to it makes it part of a name.
        let question = format!("which rows have {} there", value.to_lowercase());
        if let Some(key) = stored::key(&value.to_lowercase()) {
            let lookup = Lookup::new(&shop(), &question);
            let hit = Hit { column: 0, key: key.clone(), value: value.clone() };
            prop_assert!(lookup.keys().contains(&key.as_str()), "{key}");
            prop_assert!(lookup.choose(&[hit], &[]).contains(&(0, value)));
        }
    }

    #[test]
    fn no_question_breaks_it(question in "\\PC{0,80}|[a-zA-Z ,']{0,80}") {
        let lookup = Lookup::new(&shop(), &question);
        let keys: HashSet<&str> = lookup.keys().into_iter().collect();
        prop_assert_eq!(keys.len(), lookup.keys().len());
        for range in lookup.prefixes(&[]) {
            prop_assert!(range.from < range.to);
        }
        prop_assert!(lookup.choose(&[], &[]).is_empty());
    }
}
