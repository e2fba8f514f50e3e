//! Texts for relations and columns.
//!
//! Made of what people say of them, never of data: names split into words, other names, comments.
//! Called by [`super`].

use sha2::{Digest, Sha256};

use crate::link::spelled;
use crate::protocol::EmbedRequest;
use crate::schema::{Attribute, Relation, Snapshot};

/// What the vector of a text is kept under: the same text has the same key in every snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    /// Of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let mut key = [0; 16];
        key.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(key)
    }

    /// As it is kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<Vec<u8>> for Key {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        bytes.as_slice().try_into().map(Self)
    }
}

/// All texts of a snapshot, each once, in the order of their first place.
#[must_use]
pub fn texts(snapshot: &Snapshot) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let of_relation = |relation: &Relation| {
        let columns = relation.columns.iter().map(|column| column_text(relation, column));
        [relation_text(relation)].into_iter().chain(columns).collect::<Vec<_>>()
    };
    let all = snapshot.relations.iter().flat_map(of_relation);
    all.filter(|text| seen.insert(Key::of(text))).collect()
}

/// The text of a relation. Its columns are part of it, which finds more than its name alone.
pub(crate) fn relation_text(relation: &Relation) -> String {
    let mut text = described(&relation.name.name, &relation.synonyms, relation.comment.as_deref());
    for (at, column) in relation.columns.iter().enumerate() {
        text.push_str(if at == 0 { ": " } else { ", " });
        text.push_str(&words(&column.name));
    }
    cut(text)
}

/// The text of a column, with the name of its relation: a `name` is of something.
pub(crate) fn column_text(relation: &Relation, column: &Attribute) -> String {
    let described = described(&column.name, &column.synonyms, column.comment.as_deref());
    cut(format!("{} {described}", words(&relation.name.name)))
}

/// The text as far as it can be sent: an encoder reads the beginning of it.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(EmbedRequest::MOST_BYTES));
    text
}

fn described(name: &str, others: &[String], comment: Option<&str>) -> String {
    let mut text = words(name);
    for other in others {
        text.push_str(", ");
        text.push_str(other);
    }
    if let Some(comment) = comment {
        text.push_str(" (");
        text.push_str(comment);
        text.push(')');
    }
    text
}

/// A name as words: `OrderItems` and `order_items` are both `order items`.
fn words(name: &str) -> String {
    let words: Vec<String> = spelled(name).iter().map(|w| w.written.to_lowercase()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    #[test]
    fn texts_are_made_of_names_other_names_and_comments() {
        let mut snapshot = shop();
        snapshot.relations[1].synonyms = vec!["line".into()];
        snapshot.relations[1].comment = Some("What was bought".into());
        let items = &snapshot.relations[1];
        assert!(relation_text(items).starts_with("order items, line (What was bought): "));
        let city = snapshot.relations[0].columns.iter().find(|c| c.name == "city").unwrap();
        assert_eq!(
            column_text(&snapshot.relations[0], city),
            "customers city (Where the parcels go)"
        );
        assert_eq!(words("OrderItems2"), "order items 2");
    }

    #[test]
    fn a_table_of_very_many_columns_was_refused_with_all_others() {
        let mut snapshot = shop();
        let column = snapshot.relations[0].columns[0].clone();
        snapshot.relations[0].columns = (0..1_600)
            .map(|n| Attribute { name: format!("größe_of_part_{n}"), ..column.clone() })
            .collect();
        snapshot.relations[0].columns[0].synonyms = vec!["é".repeat(1 << 14)];
        let request = EmbedRequest { texts: texts(&snapshot), deadline_ms: 1 };
        let longest = request.texts.iter().map(String::len).max().unwrap();
        assert!(((1 << 14) - 1..=1 << 14).contains(&longest), "{longest}");
    }

    #[test]
    fn values_are_in_no_text() {
        let all = texts(&shop()).join("\n");
        assert!(!all.contains("Berlin") && !all.contains("paid"), "{all}");
    }

    #[test]
    fn the_same_text_is_there_once() {
        let mut snapshot = shop();
        let once = texts(&snapshot).len();
        let mut copy = snapshot.relations[0].clone();
        copy.name.schema = "other".into();
        snapshot.relations.push(copy);
        assert_eq!(texts(&snapshot).len(), once);
    }
}
