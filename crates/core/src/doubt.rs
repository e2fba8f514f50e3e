//! Why a question is not answered, in plain words, and what there is instead.
//!
//! Owns the rule by which a question has little to do with a schema, and what those who asked are told.
//! Everything told is from the question, from figures about the statement, from the snapshot, and, in
//! quotation marks, from a model that was shown no more: it can name nothing that the caller may not read. How sure is sure enough is the extension's; called by
//! it before a statement is generated and after.

use crate::link::{self, Question, Sought, sought};
use crate::schema::{Relation, Snapshot, quote_ident, quote_qualified};
use crate::signals::Signals;

/// Words that are nowhere, at least, of a question that has little to do with a schema: one alone may
/// be another name for something.
const MISSING: usize = 2;
/// And that many for each word that is somewhere. Figures are in docs/evaluation/saying-no.md.
const MISSING_FOR_EACH: usize = 3;
/// Most words told.
const WORDS: usize = 6;
/// Most relations told, and columns of each.
const RELATIONS: usize = 3;
const COLUMNS: usize = 6;

/// Why `question` has little to do with what can be read, if it has; a detail for an error.
#[must_use]
pub fn unrelated<'s>(snapshot: &'s Snapshot, question: impl Into<Question<'s>>) -> Option<String> {
    let question = question.into();
    let Sought { found, missing } = sought(snapshot, question);
    (missing.len() >= MISSING.max(found * MISSING_FOR_EACH)).then(|| {
        format!("{} {}", nowhere(&missing).unwrap_or_default(), there_is(snapshot, question.text))
    })
}

/// What a model that was shown so many relations says is missing (`what`, on one line), and what there
/// is; a detail for an error.
#[must_use]
pub fn missing(what: &str, shown: usize, snapshot: &Snapshot, question: &str) -> String {
    let all = snapshot.relations.len();
    let among = if shown < all { format!(" among {shown} of {all} tables") } else { String::new() };
    let what = what.replace('"', "'");
    format!("The model does not find{among}: \"{what}\". {}", there_is(snapshot, question))
}

/// Why a statement is not taken whose confidence is below `wanted`; a detail for an error.
#[must_use]
pub fn uncertain(
    snapshot: &Snapshot,
    question: &str,
    signals: &Signals,
    confidence: f64,
    wanted: f64,
) -> String {
    let mut told = vec![format!("Its confidence is {confidence:.2}; {wanted:.2} is wanted.")];
    told.extend(nowhere(&sought(snapshot, question).missing));
    if let (Some(mean), Some(worst)) = (signals.surprisal, signals.worst_surprisal) {
        told.push(format!(
            "To the model its tokens were {} likely on average, the least likely one {}.",
            percent((-mean).exp()),
            percent((-worst).exp())
        ));
    }
    if signals.candidates > 1 {
        let Signals { votes, candidates, .. } = signals;
        told.push(format!("{votes} of {candidates} candidates have its result."));
    }
    if signals.empty == Some(true) {
        told.push("It returns no row.".to_owned());
    }
    told.push(there_is(snapshot, question));
    told.join(" ")
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        less if less < 1.0 => "less than 1 %".to_owned(),
        more => format!("{more:.0} %"),
    }
}

/// Words that are nowhere, as a sentence.
fn nowhere(missing: &[String]) -> Option<String> {
    let words: Vec<String> = missing.iter().take(WORDS).map(|word| format!("\"{word}\"")).collect();
    let word = if words.len() == 1 { "word" } else { "words" };
    (!words.is_empty())
        .then(|| format!("Nothing that this role may read has the {word} {}.", words.join(", ")))
}

/// What comes nearest to the question, as a sentence.
fn there_is(snapshot: &Snapshot, question: &str) -> String {
    let mut nearest = link::best(snapshot, question, RELATIONS);
    for relation in &snapshot.relations {
        if nearest.len() < RELATIONS && !nearest.iter().any(|other| other.name == relation.name) {
            nearest.push(relation);
        }
    }
    let each: Vec<String> = nearest.into_iter().map(|relation| told(relation, question)).collect();
    format!("There is: {}.", each.join("; "))
}

/// A relation with those of its columns first that the question speaks of.
fn told(relation: &Relation, question: &str) -> String {
    let asked = link::split(question);
    let is_asked = |name: &str| link::split(name).iter().any(|word| asked.contains(word));
    let mut columns: Vec<&str> =
        relation.columns.iter().map(|column| column.name.as_str()).collect();
    // Stable: the others keep their order.
    columns.sort_by_key(|name| !is_asked(name));
    let more = if columns.len() > COLUMNS { ", …" } else { "" };
    let columns: Vec<_> = columns.into_iter().take(COLUMNS).map(quote_ident).collect();
    format!("{} ({}{more})", quote_qualified(&relation.name), columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    #[test]
    fn a_question_about_something_else_is_told_what_there_is() {
        let told = unrelated(&shop(), "Will there be rain in the mountains tomorrow?").unwrap();
        assert_eq!(
            told,
            "Nothing that this role may read has the words \"rain\", \"mountains\", \"tomorrow\". \
             There is: shop.customers (id, name, city, created_at); shop.order_items (order_id, \
             line, \"Unit Price\"); shop.orders (id, customer_id, status, total)."
        );
    }

    #[test]
    fn what_a_model_does_not_find_is_told_with_what_there_is() {
        assert_eq!(
            missing("phone numbers", 4, &shop(), "Phone numbers of customers in Paris?"),
            "The model does not find: \"phone numbers\". There is: shop.customers (id, name, city, \
             created_at); shop.orders (customer_id, id, status, total); shop.order_items \
             (order_id, line, \"Unit Price\")."
        );
        let told = missing("phone numbers", 2, &shop(), "Phone numbers?");
        assert!(
            told.starts_with("The model does not find among 2 of 4 tables: \"phone numbers\". ")
        );
    }

    #[test]
    fn one_word_of_many_makes_no_question_about_the_schema() {
        let few = "Will there be rain over the mountains for our customers?";
        assert_eq!(unrelated(&shop(), few), None);
        let told = unrelated(&shop(), &format!("{few} And tomorrow?")).unwrap();
        assert!(told.contains("the words \"rain\", \"mountains\", \"tomorrow\"."), "{told}");
        assert!(told.contains("There is: shop.customers ("), "{told}");
    }

    #[test]
    fn a_question_is_given_a_chance() {
        for question in [
            // One word may be another name for something.
            "Show me the inventory",
            "How many gadgets in total?",
            "Will there be rain for our customers tomorrow?",
            "Who is Kyle Miller?",
            "",
        ] {
            assert_eq!(unrelated(&shop(), question), None, "{question}");
        }
    }

    #[test]
    fn an_uncertain_statement_is_told_with_its_figures() {
        let signals = Signals {
            surprisal: Some(0.5),
            worst_surprisal: Some(9.0),
            votes: 2,
            candidates: 5,
            empty: Some(true),
            ..Signals::default()
        };
        let question = "Which customers like the weather in their city?";
        let told = uncertain(&shop(), question, &signals, 0.1234, 0.5);
        for part in [
            "Its confidence is 0.12; 0.50 is wanted. ",
            "has the words \"like\", \"weather\". ",
            "61 % likely on average, the least likely one less than 1 %. ",
            "2 of 5 candidates have its result. It returns no row. ",
            "There is: shop.customers (city, id, name, created_at); ",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let told = uncertain(&shop(), "customers", &Signals::default(), 0.2, 0.5);
        assert!(told.starts_with("Its confidence is 0.20; 0.50 is wanted. There is: "), "{told}");
    }

    #[test]
    fn what_is_not_in_the_snapshot_is_not_told() {
        let mut readable = shop();
        readable.relations.truncate(1);
        readable.relations[0].columns.truncate(2);
        let question = "the status of orders by revenue in a month";
        let told = unrelated(&readable, question).unwrap();
        assert!(told.ends_with("There is: shop.customers (id, name)."), "{told}");
    }

    #[test]
    fn long_lists_are_cut() {
        let mut snapshot = shop();
        let columns: Vec<String> = (0..20).map(|n| format!("c{n}")).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        snapshot.relations = vec![crate::schema::fixture::table("shop", "wide", &columns)];
        let question: String = (b'a'..=b'z')
            .map(|letter| format!("{} ", char::from(letter).to_string().repeat(5)))
            .collect();
        let told = unrelated(&snapshot, &question).unwrap();
        assert!(told.contains("(c0, c1, c2, c3, c4, c5, …)"), "{told}");
        assert_eq!(told.matches('"').count(), 2 * WORDS);
    }
}
