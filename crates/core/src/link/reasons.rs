//! Why relations were chosen for a question, in words.
//!
//! Called by the extension, for people who wonder about an answer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use super::index::{Index, Place};
use super::nearness::{Near, Nearness};
use super::order::VERIFIED;
use super::question::Question;
use super::rank::{Likeness, asked, likenesses, rank};
use super::select::Selection;
use super::values;
use super::words::{Spelled, split};
use crate::schema::{Relation, Snapshot};
use crate::semantics::{self, is_named};

/// Most reasons told for a relation.
const MAX_REASONS: usize = 12;

/// A relation that has to do with a question, or is shown all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked<'s> {
    /// The relation.
    pub relation: &'s Relation,
    /// What its shared words count together, at least 0; 0 where it shares none, or where the size of
    /// its schema counts for more. Comparable within one question only.
    pub score: f32,
    /// Whether the model is shown it.
    pub shown: bool,
    /// What it shares with the question.
    pub reasons: Vec<Reason<'s>>,
}

/// A word of the question that is in a text, or a word like it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// As it stands in the question.
    pub word: String,
    /// The word it is like, where it is not the same.
    pub like: Option<String>,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is ", self.word)?;
        self.like.as_ref().map_or(Ok(()), |like| write!(f, "like \"{like}\" "))
    }
}

/// Something a relation shares with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason<'s> {
    /// A word is in the relation's name.
    Name(Shared),
    /// A word is in the name of a column.
    Column(Shared, &'s str),
    /// A word is in another name of the relation.
    OtherName(Shared, &'s str),
    /// A word is in another name of a column.
    OtherColumnName(Shared, &'s str, &'s str),
    /// A metric or filter defined on the relation is named.
    Term(&'s str, &'static str),
    /// A word is in what is said of the relation.
    Comment(Shared),
    /// A word is in what is said of a column.
    ColumnComment(Shared, &'s str),
    /// A word is in the name of its schema.
    Schema(Shared),
    /// A stored value or label of a column is named.
    Value(&'s str, &'s str),
    /// The verified statement for a question like this one reads it.
    Verified(&'s str),
    /// By an encoder, it means something near the question.
    Meaning,
    /// By an encoder, a column of it does.
    ColumnMeaning(&'s str),
    /// It shares nothing, but keys connect it with one that does, or everything is shown.
    Connected,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(word) => write!(f, "{word}in its name"),
            Self::Column(word, column) => write!(f, "{word}in the column {column}"),
            Self::OtherName(word, name) => write!(f, "{word}in its other name {name}"),
            Self::OtherColumnName(word, column, name) => {
                write!(f, "{word}in {name}, another name of the column {column}")
            }
            Self::Term(name, kind) => write!(f, "the {kind} {name} is defined on it"),
            Self::Comment(word) => write!(f, "{word}in its comment"),
            Self::ColumnComment(word, column) => {
                write!(f, "{word}in the comment of the column {column}")
            }
            Self::Schema(word) => write!(f, "{word}in the name of its schema"),
            Self::Value(value, column) => write!(f, "the column {column} has '{value}'"),
            Self::Verified(question) => {
                write!(f, "the verified statement for \"{question}\" reads it")
            }
            Self::Meaning => write!(f, "means something near the question"),
            Self::ColumnMeaning(column) => {
                write!(f, "the column {column} means something near the question")
            }
            Self::Connected => write!(f, "shares no word, but fits in"),
        }
    }
}

/// The relations that share something with the question, best first, and the others that are
/// shown.
pub fn linked<'s>(
    snapshot: &'s Snapshot,
    question: impl Into<Question<'s>>,
    selection: &Selection,
    near: &Nearness,
) -> Vec<Linked<'s>> {
    let question = question.into();
    let index = snapshot.index();
    let asked = asked(question.text);
    let words = split(question.text);
    let likenesses = likenesses(index, &asked);
    let values = values::named(snapshot, question);
    let alike = semantics::alike(snapshot, question.text, VERIFIED, |_| true);
    let ranked = rank(index, question.text, &values, near);
    let shown: HashSet<usize> = selection.relations.iter().copied().collect();
    let with_score: HashSet<usize> = ranked.iter().map(|(position, _)| *position).collect();
    let rest = selection.relations.iter().filter(|position| !with_score.contains(position));
    let ranked = ranked.iter().map(|(position, score)| (*position, score.max(0.0)));
    let all = ranked.chain(rest.map(|position| (*position, 0.0)));
    let mut said = said(index, &asked, &likenesses);
    all.filter_map(|(position, score)| {
        let relation = snapshot.relations.get(position)?;
        let mut reasons = reasons(relation, said.remove(&position).unwrap_or_default());
        let terms = snapshot.semantics.terms_of(&relation.name);
        let named = terms.filter(|term| term.names().any(|name| is_named(&words, name)));
        reasons.splice(0..0, named.map(|term| Reason::Term(&term.name, term.kind.name())));
        let here = values.iter().filter(|hit| hit.relation == position);
        reasons.extend(here.filter_map(|hit| {
            Some(Reason::Value(hit.value, &relation.columns.get(hit.column)?.name))
        }));
        let reading = alike.iter().filter(|example| example.relations.contains(&relation.name));
        reasons.splice(0..0, reading.map(|example| Reason::Verified(&example.question)));
        reasons.extend(by_meaning(relation, near.of(position)));
        let shown = shown.contains(&position);
        if reasons.is_empty() && shown {
            reasons.push(Reason::Connected);
        }
        reasons.truncate(MAX_REASONS);
        (!reasons.is_empty()).then_some(Linked { relation, score, shown, reasons })
    })
    .collect()
}

/// What an encoder says of a relation, where that counts.
fn by_meaning(relation: &Relation, near: Near) -> impl Iterator<Item = Reason<'_>> {
    let column = near.column.and_then(|at| relation.columns.get(at));
    let own = (near.own > 0.0).then_some(Reason::Meaning);
    let of_column = column.filter(|_| near.columns > 0.0).map(|c| Reason::ColumnMeaning(&c.name));
    own.into_iter().chain(of_column)
}

/// Places of shared words by relation, each with the word asked that it is most like.
type Said = HashMap<usize, BTreeMap<(Place, usize), (f32, Shared)>>;

fn said(index: &Index, asked: &[Spelled<'_>], likenesses: &[Likeness]) -> Said {
    let mut said = Said::new();
    for found in likenesses {
        let (Some(word), Some(asked)) = (index.words.get(found.word), asked.get(found.asked))
        else {
            continue;
        };
        let shared = Shared {
            word: asked.written.to_owned(),
            like: (found.factor < 1.0).then(|| word.text.clone()),
        };
        for posting in &word.postings {
            let places = said.entry(posting.relation as usize).or_default();
            let best = places.entry((posting.place, found.word)).or_insert((0.0, shared.clone()));
            if found.factor > best.0 {
                *best = (found.factor, shared.clone());
            }
        }
    }
    said
}

/// The reasons: same words before those that are only alike, then by kind of place.
fn reasons(relation: &Relation, said: BTreeMap<(Place, usize), (f32, Shared)>) -> Vec<Reason<'_>> {
    let mut said: Vec<(Place, Shared)> =
        said.into_iter().map(|((place, _), (_, shared))| (place, shared)).collect();
    said.sort_by_key(|(place, shared)| (shared.like.is_some(), *place));
    said.into_iter().filter_map(|(place, shared)| reason(relation, place, shared)).collect()
}

fn reason(relation: &Relation, place: Place, shared: Shared) -> Option<Reason<'_>> {
    let column = |at: u32| relation.columns.get(at as usize);
    match place {
        Place::Name => Some(Reason::Name(shared)),
        Place::Column(at) => column(at).map(|c| Reason::Column(shared, &c.name)),
        Place::OtherName(at) => {
            relation.synonyms.get(at as usize).map(|name| Reason::OtherName(shared, name))
        }
        Place::OtherColumnName(at, other) => {
            let column = column(at)?;
            let other = column.synonyms.get(other as usize)?;
            Some(Reason::OtherColumnName(shared, &column.name, other))
        }
        // Told where the whole of it is named.
        Place::Term => None,
        Place::Comment => Some(Reason::Comment(shared)),
        Place::ColumnComment(at) => column(at).map(|c| Reason::ColumnComment(shared, &c.name)),
        Place::Schema => Some(Reason::Schema(shared)),
        Place::Label(at) => {
            let column = column(at)?;
            let asked = split(&shared.word);
            let has = |label: &&String| split(label).iter().any(|word| asked.contains(word));
            Some(Reason::Value(column.enum_labels.iter().find(has)?, &column.name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Budget, select};
    use crate::schema::fixture::{shop, table};
    use crate::semantics::Example;

    fn told(question: &str, tokens: u32) -> Vec<(String, bool, Vec<String>)> {
        let snapshot = shop();
        let selection = select(&snapshot, question, Budget { tokens });
        linked(&snapshot, question, &selection, &Nearness::default())
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
                "\"customers\" is in its name",
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
        let linked = linked(&snapshot, question, &selection, &Nearness::default());
        let reasons: Vec<String> = linked[0].reasons.iter().map(ToString::to_string).collect();
        assert_eq!(
            reasons,
            [
                "the filter active customer is defined on it",
                "\"customers\" is in its name",
                "\"patrons\" is in its other name loyal patrons",
                "\"town\" is in town, another name of the column city",
            ]
        );
    }

    #[test]
    fn what_the_verified_statement_for_such_a_question_reads_is_told() {
        let mut snapshot = shop();
        let name = snapshot.relations[2].name.clone();
        snapshot.semantics.examples =
            vec![Example::new("Who pays late?".into(), "SELECT 1".into(), vec![name.clone()])];
        let question = "Who pays too late?";
        let selection = select(&snapshot, question, Budget { tokens: 4096 });
        let found = linked(&snapshot, question, &selection, &Nearness::default());
        let here = found.iter().find(|linked| linked.relation.name == name).unwrap();
        let told = r#"the verified statement for "Who pays late?" reads it"#;
        assert_eq!(here.reasons[0].to_string(), told);
    }

    #[test]
    fn labels_are_told_whatever_their_case() {
        let mut snapshot = shop();
        snapshot.relations[2].columns[2].enum_labels = vec!["Paid".into(), "Sent".into()];
        let selection = select(&snapshot, "paid ones", Budget { tokens: 10_000 });
        let told = linked(&snapshot, "paid ones", &selection, &Nearness::default());
        assert_eq!(told[0].reasons, [Reason::Value("Paid", "status")]);
    }

    #[test]
    fn words_that_are_alike_are_told_with_both_spellings() {
        let told = told("Amount per cust", 10_000);
        assert!(
            told[0].2.contains(&"\"cust\" is like \"customer\" in its name".to_owned()),
            "{told:?}"
        );
    }

    #[test]
    fn what_shares_a_word_and_finds_no_room_is_told_too() {
        let told = told("Which customers have orders?", 60);
        assert!(told.iter().any(|(_, shown, _)| *shown));
        assert!(told.iter().any(|(_, shown, reasons)| !shown && !reasons.is_empty()), "{told:?}");
    }

    #[test]
    fn what_its_schema_counts_against_is_told_without_a_score() {
        let mut relations: Vec<_> =
            (0..200).map(|n| table("a", &format!("t{n}"), &["x"])).collect();
        relations[7].comment = Some("Stock of a depot".into());
        relations.push(table("b", "depot", &["id"]));
        let snapshot = Snapshot { relations, ..Snapshot::default() };
        let selection = select(&snapshot, "depots", Budget { tokens: 100 });
        let told = linked(&snapshot, "depots", &selection, &Nearness::default());
        let told: Vec<_> =
            told.iter().map(|l| (&*l.relation.name.name, l.score > 0.0, l.shown)).collect();
        assert_eq!(told, [("depot", true, true), ("t7", false, true)]);
    }
}
