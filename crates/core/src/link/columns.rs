//! Which columns of a relation are shown where there is no room for all of them.
//!
//! Owns their order: the primary key, the columns that join the relations beside it, then those that
//! share most with the question, then the others as the relation has them. Called by
//! [`super::select()`].

use std::collections::HashSet;

use super::index::Place;
use super::question::Question;
use super::rank::{IN_COLUMN_NAME, IN_COMMENT, IN_LABEL, VALUE, WHOLE_COLUMN, count, rarity};
use super::rank::{Likeness, asked, likenesses};
use super::values;
use crate::schema::{Detail, Relation, RelationName, Renderer, Snapshot};

/// What of a snapshot's wide relations is shown to a question.
pub(super) struct Columns<'s> {
    snapshot: &'s Snapshot,
    renderer: Renderer<'s>,
    likenesses: Vec<Likeness>,
    /// Number of the words asked.
    words: usize,
    /// Relation and column of each stored value that the question names.
    values: Vec<(usize, usize)>,
    /// Relations that are likely to be shown, too.
    beside: HashSet<&'s RelationName>,
}

impl<'s> Columns<'s> {
    /// For a question; `beside` are positions of relations that are likely to be shown.
    pub fn new(snapshot: &'s Snapshot, question: Question<'s>, beside: &[usize]) -> Self {
        let asked = asked(question.text);
        let named = values::named(snapshot, question);
        let relations = beside.iter().filter_map(|at| snapshot.relations.get(*at));
        Self {
            snapshot,
            renderer: Renderer::new(snapshot),
            likenesses: likenesses(snapshot.index(), &asked),
            words: asked.len(),
            values: named.iter().map(|hit| (hit.relation, hit.column)).collect(),
            beside: relations.map(|relation| &relation.name).collect(),
        }
    }

    /// Positions of the columns of a relation that `bytes` have room for, ascending, and the bytes they
    /// take; one at least.
    pub fn within(&self, at: usize, detail: Detail, bytes: usize) -> Option<(Vec<usize>, usize)> {
        let relation = self.snapshot.relations.get(at)?;
        let size = |columns: &[usize]| {
            let mut text = String::new();
            self.renderer.relation(at, detail, |_| true, Some(columns), &mut text);
            text.len()
        };
        let empty = size(&[]);
        let mut taken = Vec::new();
        let mut total = empty;
        for column in self.order(at, relation) {
            // A separator more than by itself.
            let more = size(&[column]).saturating_sub(empty) + 2;
            if total + more > bytes && !taken.is_empty() {
                break;
            }
            total += more;
            taken.push(column);
        }
        // Keys of several columns take a line that no column took by itself.
        let mut all = size(&taken);
        while all > bytes && taken.len() > 1 {
            taken.pop();
            all = size(&taken);
        }
        taken.sort_unstable();
        Some((taken, all))
    }

    fn order(&self, at: usize, relation: &Relation) -> Vec<usize> {
        let keys: HashSet<&str> = self.keys(relation).collect();
        let scores = self.scores(at, relation.columns.len());
        let rank = |column: usize| {
            let name = relation.columns.get(column).map_or("", |column| column.name.as_str());
            let is_primary = relation.primary_key.iter().any(|key| key == name);
            let score = scores.get(column).copied().unwrap_or_default();
            (is_primary, keys.contains(name), score)
        };
        let mut order: Vec<usize> = (0..relation.columns.len()).collect();
        order.sort_by(|a, b| {
            let ((a_primary, a_key, a_score), (b_primary, b_key, b_score)) = (rank(*a), rank(*b));
            let keys = (b_primary, b_key).cmp(&(a_primary, a_key));
            keys.then(b_score.total_cmp(&a_score)).then(a.cmp(b))
        });
        order
    }

    /// Columns that refer to relations beside this one, or are referred to by them.
    fn keys<'r>(&'r self, relation: &'r Relation) -> impl Iterator<Item = &'r str> {
        self.snapshot.all_keys().flat_map(move |key| {
            let from = key.from == relation.name && self.beside.contains(&key.to);
            let to = key.to == relation.name && self.beside.contains(&key.from);
            let from = key.from_columns.iter().filter(move |_| from);
            from.chain(key.to_columns.iter().filter(move |_| to)).map(String::as_str)
        })
    }

    /// What each column shares with the question; a word that many columns have counts less.
    fn scores(&self, at: usize, columns: usize) -> Vec<f32> {
        let index = self.snapshot.index();
        let mut weights = vec![vec![0.0f32; self.words]; columns];
        let mut whole: HashSet<usize> = HashSet::new();
        for found in &self.likenesses {
            if found.factor >= 1.0 {
                whole.insert(found.word);
            }
            let postings = index.words.get(found.word).into_iter().flat_map(|word| &word.postings);
            for posting in postings.filter(|posting| posting.relation as usize == at) {
                let (column, weight) = match posting.place {
                    Place::Column(column) | Place::OtherColumnName(column, _) => {
                        (column, IN_COLUMN_NAME)
                    }
                    Place::Label(column) => (column, IN_LABEL),
                    Place::ColumnComment(column) => (column, IN_COMMENT),
                    Place::Name
                    | Place::OtherName(_)
                    | Place::Comment
                    | Place::Schema
                    | Place::Term => continue,
                };
                let best = weights.get_mut(column as usize).and_then(|w| w.get_mut(found.asked));
                if let Some(best) = best {
                    *best = best.max(weight * found.factor);
                }
            }
        }
        let rarity = rarity(&weights, self.words);
        let mut scores: Vec<f32> = weights.iter().map(|weights| count(weights, &rarity)).collect();
        let names = index.relations.get(at).into_iter().flat_map(|names| &names.columns);
        for (score, words) in scores.iter_mut().zip(names) {
            if !words.is_empty() && words.iter().all(|word| whole.contains(word)) {
                *score += WHOLE_COLUMN;
            }
        }
        for (_, column) in self.values.iter().filter(|(relation, _)| *relation == at) {
            if let Some(score) = scores.get_mut(*column) {
                *score += VALUE;
            }
        }
        scores
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{key, table};
    use crate::schema::render_part;

    /// A relation of 600 columns that refers to another one, and that one.
    fn wide() -> Snapshot {
        let names: Vec<String> = (0..600).map(|n| format!("attr_{n:03}")).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.extend(["owner_id", "id", "billing_city", "shipping_city", "colour"]);
        let account = table("crm", "account", &names);
        let person = table("crm", "person", &["id", "name"]);
        let foreign_keys = vec![key(&account.name, "owner_id", &person.name)];
        Snapshot { relations: vec![account, person], foreign_keys, ..Snapshot::default() }
    }

    fn shown(question: &str, beside: &[usize], bytes: usize) -> Vec<String> {
        let snapshot = wide();
        let columns = Columns::new(&snapshot, question.into(), beside);
        let (taken, size) = columns.within(0, Detail::NoValues, bytes).unwrap();
        let part = [(0, taken.clone())].into();
        let text = render_part(&snapshot, &[0, 1], Detail::NoValues, &part);
        assert!(text.contains(&format!("; -- {} more columns\n", 605 - taken.len())), "{text}");
        assert!(size <= bytes || taken.len() == 1, "{size} of {bytes}");
        taken.iter().map(|at| snapshot.relations[0].columns[*at].name.clone()).collect()
    }

    #[test]
    fn what_is_asked_about_and_what_joins_is_shown() {
        let question = "accounts by billing city and colour";
        assert_eq!(
            shown(question, &[0, 1], 200),
            ["owner_id", "id", "billing_city", "shipping_city", "colour"]
        );
        let some = shown(question, &[0, 1], 400);
        assert_eq!(some[..2], ["attr_000", "attr_001"]);
        assert!(some.contains(&"owner_id".to_owned()));
        // Nothing is joined with what is not there.
        assert!(!shown("colour", &[0], 120).contains(&"owner_id".to_owned()));
    }

    #[test]
    fn keys_of_several_columns_do_not_break_the_bound() {
        let mut snapshot = wide();
        let names: Vec<String> = (0..40).map(|n| format!("attr_{n:03}")).collect();
        snapshot.relations[0].primary_key = names;
        let columns = Columns::new(&snapshot, "colour".into(), &[0, 1]);
        for bytes in (100..3_000).step_by(50) {
            let (taken, size) = columns.within(0, Detail::Full, bytes).unwrap();
            let part = [(0, taken)].into();
            assert!(render_part(&snapshot, &[0], Detail::Full, &part).len() <= size);
            assert!(size <= bytes, "{size} of {bytes}");
        }
    }

    #[test]
    fn one_column_is_there_however_little_room_is() {
        assert_eq!(shown("colour", &[0], 1), ["id"]);
    }
}
