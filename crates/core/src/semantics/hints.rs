//! The metrics and filters that a question names.
//!
//! Compares words as [`crate::link`] does, whatever their case and number. All words of a name must
//! be in the question, close together; a name within a longer one that is there too is not meant.
//! Called by the extension and the tools, before [`crate::prompt`].

use std::collections::BTreeSet;

use super::Term;
use crate::link::{is_stop_word, split};
use crate::schema::Snapshot;

/// Most terms told.
const MAX_HINTS: usize = 6;
/// Words of a question that are compared: it may be long, and terms are many.
const MAX_ASKED: usize = 256;
/// Words that may stand between those of a name: "customers who are still active".
const MAX_GAP: usize = 3;

/// A term that a question names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint<'s> {
    /// The term.
    pub term: &'s Term,
    /// By which of its names.
    pub called: &'s str,
}

/// Terms about the given relations that the question names, in the snapshot's order.
#[must_use]
pub fn hints<'s>(snapshot: &'s Snapshot, relations: &[usize], question: &str) -> Vec<Hint<'s>> {
    let terms = &snapshot.semantics.terms;
    if terms.is_empty() {
        return Vec::new();
    }
    let mut asked = split(question);
    asked.truncate(MAX_ASKED);
    let shown = |term: &Term| {
        let shown = relations.iter().filter_map(|&at| snapshot.relations.get(at));
        shown.into_iter().any(|relation| relation.name == term.relation)
    };
    let mut found: Vec<(Hint<'s>, BTreeSet<usize>)> = Vec::new();
    for term in terms.iter().filter(|term| shown(term)) {
        let called = term.names().filter_map(|name| Some((name, places(&asked, name)?)));
        let longest = called.max_by_key(|(_, places)| places.len());
        found.extend(longest.map(|(called, places)| (Hint { term, called }, places)));
    }
    let all: Vec<BTreeSet<usize>> = found.iter().map(|(_, places)| places.clone()).collect();
    let within_another = |places: &BTreeSet<usize>| {
        all.iter().any(|o| o.len() > places.len() && places.is_subset(o))
    };
    found.retain(|(_, places)| !within_another(places));
    found.truncate(MAX_HINTS);
    found.into_iter().map(|(hint, _)| hint).collect()
}

/// Whether the question names a term so.
pub(crate) fn is_named(asked: &[String], name: &str) -> bool {
    places(asked, name).is_some()
}

/// Where in the question the words of `name` stand, close together.
fn places(asked: &[String], name: &str) -> Option<BTreeSet<usize>> {
    let all = split(name);
    let telling: BTreeSet<&String> = all.iter().filter(|word| !is_stop_word(word)).collect();
    let wanted: BTreeSet<&String> = if telling.is_empty() { all.iter().collect() } else { telling };
    if wanted.is_empty() {
        return None;
    }
    if !wanted.iter().all(|word| asked.contains(word)) {
        return None;
    }
    let width = wanted.len() + if wanted.len() > 1 { MAX_GAP } else { 0 };
    let from = |start: usize| {
        let window = asked.iter().enumerate().skip(start).take(width);
        let mut found: Vec<(&String, usize)> = Vec::new();
        for (at, word) in window {
            if wanted.contains(word) && !found.iter().any(|(known, _)| *known == word) {
                found.push((word, at));
            }
        }
        let places: BTreeSet<usize> = found.into_iter().map(|(_, at)| at).collect();
        (places.len() == wanted.len()).then_some(places)
    };
    let span = |places: &BTreeSet<usize>| Some(places.last()? - places.first()?);
    (0..asked.len()).filter_map(from).min_by_key(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;
    use crate::semantics::{Kind, Semantics};

    fn named(terms: &[(&str, &[&str])], question: &str) -> Vec<String> {
        let mut snapshot = shop();
        let term = |(name, synonyms): &(&str, &[&str])| Term {
            kind: Kind::Filter,
            relation: snapshot.relations[0].name.clone(),
            name: (*name).into(),
            synonyms: synonyms.iter().map(|s| (*s).to_owned()).collect(),
            sql: "true".into(),
            description: None,
        };
        let terms = terms.iter().map(term).collect();
        snapshot.semantics = Semantics { terms, ..Semantics::default() };
        assert!(hints(&snapshot, &[1, 99], question).is_empty(), "not shown");
        hints(&snapshot, &[0], question).iter().map(|hint| hint.called.to_owned()).collect()
    }

    #[test]
    fn case_number_and_order_do_not_matter() {
        let terms: &[(&str, &[&str])] = &[("active customer", &["live account"])];
        for (question, called) in [
            ("How many Active Customers are there?", Some("active customer")),
            ("customers who are still active", Some("active customer")),
            ("list live accounts", Some("live account")),
            ("How many customers are there?", None),
            ("customers with at least one order last year and active", None),
            ("activities", None),
        ] {
            assert_eq!(named(terms, question).first().map(String::as_str), called, "{question}");
        }
    }

    #[test]
    fn a_name_within_a_longer_one_is_not_meant() {
        let terms: &[(&str, &[&str])] = &[("revenue", &[]), ("net revenue", &[])];
        assert_eq!(named(terms, "net revenue by month"), ["net revenue"]);
        assert_eq!(named(terms, "revenue by month"), ["revenue"]);
        assert_eq!(named(terms, "revenue and net revenue by month"), ["revenue", "net revenue"]);
    }

    #[test]
    fn hints_are_few_and_names_of_nothing_are_none() {
        let names: Vec<String> = (0..20).map(|i| format!("term{}", "x".repeat(i))).collect();
        let terms: Vec<(&str, &[&str])> = names.iter().map(|n| (n.as_str(), &[][..])).collect();
        assert_eq!(named(&terms, &names.join(" ")).len(), MAX_HINTS);
        assert!(named(&[("?!", &[])], "what?!").is_empty());
    }
}
