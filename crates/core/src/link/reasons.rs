//! Why relations were chosen for a question, in words.
//!
//! Called by the extension, for people who wonder about an answer.

use std::collections::HashSet;
use std::fmt;

use super::rank::rank;
use super::select::Selection;
use super::values::value_hits;
use super::words::{is_stop_word, split};
use crate::schema::{Relation, Snapshot};
use crate::semantics::is_named;

/// Most reasons told for a relation.
const MAX_REASONS: usize = 12;

/// A relation that has to do with a question, or is shown all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked<'s> {
    /// The relation.
    pub relation: &'s Relation,
    /// What its shared words count together; 0 where it shares none. Comparable within one
    /// question only.
    pub score: f32,
    /// Whether the model is shown it.
    pub shown: bool,
    /// What it shares with the question.
    pub reasons: Vec<Reason<'s>>,
}

/// Something a relation shares with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason<'s> {
    /// A word is in the relation's name.
    Name(String),
    /// A word is in the name of a column.
    Column(String, &'s str),
    /// A word is in another name of the relation.
    OtherName(String, &'s str),
    /// A word is in another name of a column.
    OtherColumnName(String, &'s str, &'s str),
    /// A metric or filter defined on the relation is named.
    Term(&'s str, &'static str),
    /// A word is in what is said of the relation.
    Comment(String),
    /// A word is in what is said of a column.
    ColumnComment(String, &'s str),
    /// A stored value or label of a column is named.
    Value(&'s str, &'s str),
    /// It shares nothing, but keys connect it with one that does, or everything is shown.
    Connected,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(word) => write!(f, "\"{word}\" is in its name"),
            Self::Column(word, column) => write!(f, "\"{word}\" is in the column {column}"),
            Self::OtherName(word, name) => write!(f, "\"{word}\" is in its other name {name}"),
            Self::OtherColumnName(word, column, name) => {
                write!(f, "\"{word}\" is in {name}, another name of the column {column}")
            }
            Self::Term(name, kind) => write!(f, "the {kind} {name} is defined on it"),
            Self::Comment(word) => write!(f, "\"{word}\" is in its comment"),
            Self::ColumnComment(word, column) => {
                write!(f, "\"{word}\" is in the comment of the column {column}")
            }
            Self::Value(value, column) => write!(f, "the column {column} has '{value}'"),
            Self::Connected => write!(f, "shares no word, but fits in"),
        }
    }
}

/// The relations that share a word with the question, best first, and the others that are shown.
pub fn linked<'s>(
    snapshot: &'s Snapshot,
    question: &str,
    selection: &Selection,
) -> Vec<Linked<'s>> {
    let words = split(question);
    let asked: HashSet<String> = words.iter().filter(|w| !is_stop_word(w)).cloned().collect();
    let ranked = rank(snapshot, question);
    let shown: HashSet<usize> = selection.relations.iter().copied().collect();
    let with_score: HashSet<usize> = ranked.iter().map(|(position, _)| *position).collect();
    let rest = selection.relations.iter().filter(|position| !with_score.contains(position));
    let all = ranked.iter().copied().chain(rest.map(|position| (*position, 0.0)));
    all.filter_map(|(position, score)| {
        let relation = snapshot.relations.get(position)?;
        let mut reasons = reasons(relation, &asked);
        let terms = snapshot.semantics.terms_of(&relation.name);
        let named = terms.filter(|term| term.names().any(|name| is_named(&words, name)));
        reasons.splice(0..0, named.map(|term| Reason::Term(&term.name, term.kind.name())));
        let values = value_hits(snapshot, &[position], question);
        reasons.extend(values.iter().filter_map(|hit| {
            Some(Reason::Value(hit.value, &relation.columns.get(hit.column)?.name))
        }));
        if reasons.is_empty() && shown.contains(&position) {
            reasons.push(Reason::Connected);
        }
        reasons.truncate(MAX_REASONS);
        Some(Linked { relation, score, shown: shown.contains(&position), reasons })
    })
    .collect()
}

fn reasons<'s>(relation: &'s Relation, asked: &HashSet<String>) -> Vec<Reason<'s>> {
    let shared = |text: &str| -> Vec<String> {
        let mut seen = HashSet::new();
        let words = split(text).into_iter();
        words.filter(|word| asked.contains(word) && seen.insert(word.clone())).collect()
    };
    let mut reasons: Vec<Reason<'s>> =
        shared(&relation.name.name).into_iter().map(Reason::Name).collect();
    for other in &relation.synonyms {
        reasons.extend(shared(other).into_iter().map(|word| Reason::OtherName(word, other)));
    }
    for column in &relation.columns {
        let name = column.name.as_str();
        reasons.extend(shared(name).into_iter().map(|word| Reason::Column(word, name)));
        for other in &column.synonyms {
            let words = shared(other).into_iter();
            reasons.extend(words.map(|word| Reason::OtherColumnName(word, name, other)));
        }
    }
    let said = relation.comment.iter().flat_map(|comment| shared(comment));
    reasons.extend(said.map(Reason::Comment));
    for column in &relation.columns {
        let name = column.name.as_str();
        let said = column.comment.iter().flat_map(|comment| shared(comment));
        reasons.extend(said.map(|word| Reason::ColumnComment(word, name)));
        let labels = column.enum_labels.iter().filter(|label| !shared(label).is_empty());
        reasons.extend(labels.map(|label| Reason::Value(label, name)));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Budget, select};
    use crate::schema::fixture::shop;

    fn told(question: &str, tokens: u32) -> Vec<(String, bool, Vec<String>)> {
        let snapshot = shop();
        let selection = select(&snapshot, question, Budget { tokens });
        linked(&snapshot, question, &selection)
            .iter()
            .map(|linked| {
                let reasons = linked.reasons.iter().map(ToString::to_string).collect();
                (linked.relation.name.name.clone(), linked.shown, reasons)
            })
            .collect()
    }

    #[test]
    fn each_place_of_a_word_is_told() {
        let told = told("Which customers in Berlin have paid orders, by city?", 10_000);
        let of = |name: &str| &told.iter().find(|(relation, ..)| relation == name).unwrap().2;
        assert_eq!(
            of("customers"),
            &[
                "\"customer\" is in its name",
                "\"city\" is in the column city",
                "the column city has 'Berlin'"
            ]
        );
        assert!(of("orders").contains(&"the column status has 'paid'".to_owned()), "{told:?}");
        assert_eq!(of("v_revenue"), &["shares no word, but fits in"]);
        assert!(told.iter().all(|(_, shown, _)| *shown));
    }

    #[test]
    fn other_names_and_terms_are_told() {
        let mut snapshot = shop();
        snapshot.relations[0].synonyms = vec!["loyal patrons".into()];
        snapshot.relations[0].columns[2].synonyms = vec!["town".into()];
        snapshot.semantics.terms.push(crate::semantics::Term {
            kind: crate::semantics::Kind::Filter,
            relation: snapshot.relations[0].name.clone(),
            name: "active customer".into(),
            synonyms: vec![],
            sql: "true".into(),
            description: None,
        });
        let question = "active patrons and customers by town";
        let selection = select(&snapshot, question, Budget { tokens: 10_000 });
        let linked = linked(&snapshot, question, &selection);
        let reasons: Vec<String> = linked[0].reasons.iter().map(ToString::to_string).collect();
        assert_eq!(
            reasons,
            [
                "the filter active customer is defined on it",
                "\"customer\" is in its name",
                "\"patron\" is in its other name loyal patrons",
                "\"town\" is in town, another name of the column city",
            ]
        );
    }

    #[test]
    fn what_shares_a_word_and_finds_no_room_is_told_too() {
        let told = told("Which customers have orders?", 60);
        assert!(told.iter().any(|(_, shown, _)| *shown));
        assert!(told.iter().any(|(_, shown, reasons)| !shown && !reasons.is_empty()), "{told:?}");
    }
}
