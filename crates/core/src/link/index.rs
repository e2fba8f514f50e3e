//! What linking knows of a snapshot before a question is asked.
//!
//! Owns the words of all names, comments, labels and common values with their places, the keys as
//! neighbourhood, the schemas, and the size of each relation's text. Made once for a snapshot and
//! kept with it, so that a question does not read the schema's words again. Holds nothing that the
//! snapshot does not. Called by [`super::rank`], [`super::select()`] and [`super::values`].

use std::collections::HashMap;

use super::graph::Graph;
use super::values::Values;
use super::words::split;
use crate::schema::{Detail, Relation, Renderer, Snapshot};

/// Where in a relation a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In its name.
    Name,
    /// In another name of it.
    OtherName(u32),
    /// In the name of a column.
    Column(u32),
    /// In another name of a column.
    OtherColumnName(u32, u32),
    /// In what is said of it.
    Comment,
    /// In what is said of a column.
    ColumnComment(u32),
    /// In a label of a column.
    Label(u32),
    /// In the name of its schema.
    Schema,
    /// In a name of a metric or filter that is defined on it.
    Term,
}

/// A place of a word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub relation: u32,
    pub place: Place,
}

/// A word of the schema.
#[derive(Debug)]
pub(super) struct Word {
    /// Stemmed.
    pub text: String,
    /// In the order of the snapshot.
    pub postings: Vec<Posting>,
}

/// Words of a relation's names, as positions in [`Index::words`].
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Of its own name.
    pub name: Vec<usize>,
    /// Of each of its other names.
    pub others: Vec<Vec<usize>>,
    /// Of each column's.
    pub columns: Vec<Vec<usize>>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Index {
    /// All words, sorted.
    pub(super) words: Vec<Word>,
    /// By position in the snapshot.
    pub(super) relations: Vec<Names>,
    /// Relations of each schema.
    pub(super) schemas: Vec<Vec<usize>>,
    /// Keys between relations.
    pub(super) graph: Graph,
    /// Common values by their first word.
    pub(super) values: Values,
    /// Bytes of each relation's text with all its keys, by [`LEVELS`].
    pub(super) sizes: [Vec<usize>; LEVELS.len()],
}

/// From all that can be said to the least.
pub(super) const LEVELS: [Detail; 3] = [Detail::Full, Detail::NoValues, Detail::NamesOnly];

impl Index {
    pub fn new(snapshot: &Snapshot) -> Self {
        let renderer = Renderer::new(snapshot);
        let mut builder = Builder::default();
        let mut schemas: Vec<Vec<usize>> = Vec::new();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (position, relation) in snapshot.relations.iter().enumerate() {
            let schema = *numbers.entry(&relation.name.schema).or_insert_with(|| {
                schemas.push(Vec::new());
                schemas.len() - 1
            });
            if let Some(members) = schemas.get_mut(schema) {
                members.push(position);
            }
            builder.relation(position, relation);
            for name in snapshot.semantics.terms_of(&relation.name).flat_map(|term| term.names()) {
                builder.add(name, Posting { relation: number(position), place: Place::Term });
            }
        }
        let (words, relations) = builder.finish();
        Self {
            words,
            relations,
            schemas,
            graph: Graph::new(snapshot.relations.len(), renderer.edges()),
            values: Values::new(snapshot),
            sizes: LEVELS.map(|detail| sizes(&renderer, snapshot, detail)),
        }
    }

    /// The position of a word.
    pub(super) fn position(&self, word: &str) -> Option<usize> {
        self.words.binary_search_by(|other| other.text.as_str().cmp(word)).ok()
    }
}

fn sizes(renderer: &Renderer<'_>, snapshot: &Snapshot, detail: Detail) -> Vec<usize> {
    let mut text = String::new();
    (0..snapshot.relations.len())
        .map(|index| {
            text.clear();
            renderer.relation(index, detail, |_| true, None, &mut text);
            text.len()
        })
        .collect()
}

/// Collects words in the order they are met.
#[derive(Default)]
struct Builder {
    numbers: HashMap<String, usize>,
    words: Vec<Word>,
    relations: Vec<Names>,
}

impl Builder {
    fn relation(&mut self, position: usize, relation: &Relation) {
        let at = |place| Posting { relation: number(position), place };
        self.add(&relation.name.schema, at(Place::Schema));
        let name = self.add(&relation.name.name, at(Place::Name));
        let others = (0..).zip(&relation.synonyms);
        let others = others.map(|(n, other)| self.add(other, at(Place::OtherName(n)))).collect();
        if let Some(comment) = &relation.comment {
            self.add(comment, at(Place::Comment));
        }
        let mut columns = Vec::with_capacity(relation.columns.len());
        for (column, attribute) in relation.columns.iter().enumerate() {
            let column = number(column);
            columns.push(self.add(&attribute.name, at(Place::Column(column))));
            for (n, other) in (0..).zip(&attribute.synonyms) {
                self.add(other, at(Place::OtherColumnName(column, n)));
            }
            if let Some(comment) = &attribute.comment {
                self.add(comment, at(Place::ColumnComment(column)));
            }
            for label in &attribute.enum_labels {
                self.add(label, at(Place::Label(column)));
            }
        }
        self.relations.push(Names { name, others, columns });
    }

    /// The text's words, by number.
    fn add(&mut self, text: &str, posting: Posting) -> Vec<usize> {
        let words = split(text);
        words.into_iter().map(|word| self.word(word, posting)).collect()
    }

    fn word(&mut self, text: String, posting: Posting) -> usize {
        let next = self.words.len();
        let at = *self.numbers.entry(text).or_insert_with_key(|text| {
            self.words.push(Word { text: text.clone(), postings: Vec::new() });
            next
        });
        if let Some(word) = self.words.get_mut(at) {
            word.postings.push(posting);
        }
        at
    }

    /// Sorted words, and names with their positions there.
    fn finish(self) -> (Vec<Word>, Vec<Names>) {
        let Self { mut words, mut relations, numbers } = self;
        words.sort_by(|a, b| a.text.cmp(&b.text));
        let mut moved = vec![0; words.len()];
        for (to, word) in words.iter().enumerate() {
            if let Some(place) = numbers.get(&word.text).and_then(|from| moved.get_mut(*from)) {
                *place = to;
            }
        }
        let mut follow = |positions: &mut Vec<usize>| {
            for position in positions {
                *position = moved.get(*position).copied().unwrap_or_default();
            }
        };
        for names in &mut relations {
            follow(&mut names.name);
            names.others.iter_mut().for_each(&mut follow);
            names.columns.iter_mut().for_each(&mut follow);
        }
        (words, relations)
    }
}

fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    #[test]
    fn every_word_is_found_with_its_places() {
        let snapshot = shop();
        let index = snapshot.index();
        assert!(index.words.is_sorted_by(|a, b| a.text < b.text));
        let places = |word: &str| -> Vec<(u32, Place)> {
            let word = index.position(word).and_then(|at| index.words.get(at));
            word.into_iter().flat_map(|w| &w.postings).map(|p| (p.relation, p.place)).collect()
        };
        assert_eq!(places("customer"), [(0, Place::Name), (2, Place::Column(1))]);
        assert_eq!(places("parcel"), [(0, Place::ColumnComment(2))]);
        assert_eq!(places("bought"), [(0, Place::Comment)]);
        assert_eq!(places("paid"), [(2, Place::Label(2))]);
        assert!(places("unheard").is_empty());
        let name = |at: usize| index.words[at].text.as_str();
        let words: Vec<&str> = index.relations[1].name.iter().map(|at| name(*at)).collect();
        assert_eq!(words, ["order", "item"]);
        assert_eq!(index.schemas, [[0, 1, 2, 3]]);
    }

    #[test]
    fn a_copy_that_is_changed_has_an_index_of_its_own() {
        let snapshot = shop();
        assert!(snapshot.index().position("zebra").is_none());
        let mut copy = snapshot.clone();
        copy.relations[0].name.name = "zebra".into();
        assert!(copy.index().position("zebra").is_some());
    }
}
