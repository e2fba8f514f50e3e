//! Fits a schema into a budget of tokens.
//!
//! Leaving relations out loses answers, so it comes last: first the whole schema in full, then
//! with less detail, and only then the relations that rank best, with those that connect them. Of one
//! that would take most of the room the columns are shown that the question is about. Room that is
//! left then is for what a join leads to from the best, and for what is unlikely.
//! Called by the extension and the tools through [`super`].

use std::cell::LazyCell;

use super::columns::Columns;
use super::index::LEVELS;
use super::nearness::Nearness;
use super::order::Order;
use super::question::Question;
use crate::schema::{Detail, Part, Snapshot, render_part};

/// Relations that should be shown in good detail: the recall of a question's tables among as
/// many is what linkers are judged by.
const WANTED: usize = 15;
/// A relation whose text takes more than this part of the budget is shown in part. Of relations with 600
/// columns, of which a database has five, halves leave no room for the third
/// (docs/evaluation/linking.md).
const WIDE: usize = 8;

/// What the schema's text may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Most tokens, as [`estimate_tokens`] counts them.
    pub tokens: u32,
}

/// What a prompt shows of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Positions in the snapshot, ascending.
    pub relations: Vec<usize>,
    /// How much is said about each.
    pub detail: Detail,
    /// Of those that are too wide: which columns are shown.
    pub part: Part,
    /// Estimate for the text. It exceeds the budget only if a single relation does.
    pub estimated_tokens: u32,
}

impl Selection {
    /// Whether a column of a relation is shown, by their positions.
    pub fn shows(&self, relation: usize, column: usize) -> bool {
        self.relations.binary_search(&relation).is_ok()
            && self.part.get(&relation).is_none_or(|columns| columns.contains(&column))
    }
}

/// Upper estimate of the tokens of a text, without a tokenizer: a third of its bytes. On the
/// qwen2 vocabulary English text has 4 to 5 bytes per token and DDL 3 to 4.
pub fn estimate_tokens(text: &str) -> u32 {
    tokens_of(text.len())
}

/// Bytes that are counted as one token.
const BYTES: usize = 3;

fn tokens_of(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(BYTES)).unwrap_or(u32::MAX)
}

/// Chooses relations and detail so that the schema's text fits the budget, by words alone.
pub fn select<'s>(
    snapshot: &'s Snapshot,
    question: impl Into<Question<'s>>,
    budget: Budget,
) -> Selection {
    select_near(snapshot, question, budget, Nearness::default)
}

/// As [`select()`], with what an encoder says. It is asked only where the schema does not fit.
pub fn select_near<'s>(
    snapshot: &'s Snapshot,
    question: impl Into<Question<'s>>,
    budget: Budget,
    near: impl FnOnce() -> Nearness,
) -> Selection {
    let index = snapshot.index();
    for (detail, sizes) in LEVELS.into_iter().zip(&index.sizes) {
        let all = sizes.iter().sum();
        if tokens_of(all) <= budget.tokens {
            let relations = (0..snapshot.relations.len()).collect();
            let part = Part::new();
            return Selection { relations, detail, part, estimated_tokens: tokens_of(all) };
        }
    }

    let question = question.into();
    let Order { ranked, besides } = Order::new(snapshot, question, &near());
    let likely = ranked.get(..WANTED.min(ranked.len())).unwrap_or_default();
    let columns = LazyCell::new(|| Columns::new(snapshot, question, likely));
    let room = budget.tokens as usize * BYTES;
    let limit = room / WIDE;
    let mut filled = Filled::default();
    for (detail, sizes) in LEVELS.into_iter().zip(&index.sizes) {
        filled = Filled { detail, sizes, room, ..Filled::default() };
        filled.take(&ranked, |at| {
            let is_wide = sizes.get(at).is_some_and(|size| *size > limit) && likely.contains(&at);
            is_wide.then(|| columns.within(at, detail, limit)).flatten()
        });
        // Not by their number: where a likely one is passed over, smaller ones take its place.
        if likely.iter().all(|at| filled.chosen.contains(at)) {
            break;
        }
    }
    if filled.chosen.is_empty() {
        // Not even the best fits: it goes alone, and the caller sees the estimate.
        let best: Vec<usize> = ranked.iter().copied().take(1).collect();
        let least = |at: &usize| columns.within(*at, Detail::NamesOnly, limit);
        let part = best.iter().filter_map(|at| Some((*at, least(at)?.0))).collect();
        return finish(snapshot, best, part, Detail::NamesOnly);
    }
    let detail = filled.detail;
    filled.widen(|at, bytes| columns.within(at, detail, bytes));
    filled.take(&besides, |_| None);
    finish(snapshot, filled.chosen, filled.part, detail)
}

/// What is taken into a prompt.
#[derive(Default)]
struct Filled<'i> {
    detail: Detail,
    /// Bytes of each relation's text.
    sizes: &'i [usize],
    /// Most bytes.
    room: usize,
    bytes: usize,
    chosen: Vec<usize>,
    part: Part,
    /// The first that is shown in part, and its bytes.
    widest: Option<(usize, usize)>,
}

impl Filled<'_> {
    /// As many relations, in order, as there is room for, those in part that `narrowed` has columns
    /// for; one that does not fit is passed over for smaller ones.
    fn take(&mut self, order: &[usize], narrowed: impl Fn(usize) -> Option<(Vec<usize>, usize)>) {
        for &at in order {
            let (columns, size) = narrowed(at).unzip();
            let size = size.or(self.sizes.get(at).copied()).unwrap_or_default();
            if self.bytes + size <= self.room {
                self.bytes += size;
                self.chosen.push(at);
                if let Some(columns) = columns {
                    self.widest.get_or_insert((at, size));
                    self.part.insert(at, columns);
                }
            }
        }
    }

    /// As many columns of the first relation that is shown in part as there is room for.
    fn widen(&mut self, within: impl FnOnce(usize, usize) -> Option<(Vec<usize>, usize)>) {
        let Some((at, size)) = self.widest else { return };
        let others = self.bytes - size;
        if let Some((columns, size)) = within(at, self.room - others) {
            self.bytes = others + size;
            self.part.insert(at, columns);
        }
    }
}

fn finish(snapshot: &Snapshot, mut relations: Vec<usize>, part: Part, detail: Detail) -> Selection {
    relations.sort_unstable();
    let estimated_tokens = estimate_tokens(&render_part(snapshot, &relations, detail, &part));
    Selection { relations, detail, part, estimated_tokens }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{RelationName, fixture, render};
    use proptest::prelude::*;

    fn many(tables: usize) -> Snapshot {
        let words = ["customer", "invoice", "payment", "ship", "order", "price", "city", "album"];
        let relations: Vec<_> = (0..tables)
            .map(|i| {
                let name = format!("{}_{i:04}", words[i % words.len()]);
                let columns: Vec<String> = (0..12)
                    .map(|c| format!("{}_{}", words[(i + c) % words.len()], c * i))
                    .collect();
                let columns: Vec<&str> = ["id", "parent_id"]
                    .into_iter()
                    .chain(columns.iter().map(String::as_str))
                    .collect();
                fixture::table("lake", &name, &columns)
            })
            .collect();
        let foreign_keys = relations
            .windows(2)
            .map(|pair| fixture::key(&pair[1].name, "parent_id", &pair[0].name))
            .collect();
        Snapshot { relations, foreign_keys, ..Snapshot::default() }
    }

    #[test]
    fn a_small_schema_goes_whole_with_as_much_detail_as_fits() {
        let snapshot = fixture::shop();
        let full = select(&snapshot, "x", Budget { tokens: 10_000 });
        assert_eq!(full.relations, [0, 1, 2, 3]);
        assert_eq!(full.detail, Detail::Full);
        let budget =
            |detail| Budget { tokens: estimate_tokens(&render(&snapshot, &[0, 1, 2, 3], detail)) };
        assert_eq!(select(&snapshot, "x", budget(Detail::NoValues)).detail, Detail::NoValues);
        let names = select(&snapshot, "x", budget(Detail::NamesOnly));
        assert_eq!((names.relations.len(), names.detail), (4, Detail::NamesOnly));
    }

    #[test]
    fn a_large_schema_is_cut_to_what_the_question_is_about() {
        let snapshot = many(1_100);
        let selection =
            select(&snapshot, "payments of customer 0016 per city", Budget { tokens: 3_000 });
        assert!(selection.estimated_tokens <= 3_000);
        assert!(selection.relations.len() >= WANTED, "{}", selection.relations.len());
        assert!(selection.relations.is_sorted());
        let wanted = RelationName { schema: "lake".into(), name: "customer_0016".into() };
        assert!(selection.relations.iter().any(|&i| snapshot.relations[i].name == wanted));
    }

    #[test]
    fn a_relation_between_two_others_comes_along() {
        let mut snapshot = many(400);
        let link = fixture::table("zoo", "xref", &["id", "a", "b"]);
        let left = fixture::table("zoo", "zebra", &["id"]);
        let right = fixture::table("zoo", "giraffe", &["id"]);
        snapshot.foreign_keys.push(fixture::key(&link.name, "a", &left.name));
        snapshot.foreign_keys.push(fixture::key(&link.name, "b", &right.name));
        snapshot.relations.extend([right, link, left]);
        let selection = select(&snapshot, "zebras with a giraffe", Budget { tokens: 300 });
        assert_eq!(names(&snapshot, &selection), ["giraffe", "xref", "zebra"]);
        assert_eq!(selection.detail, Detail::Full);
    }

    fn names<'s>(snapshot: &'s Snapshot, selection: &Selection) -> Vec<&'s str> {
        selection.relations.iter().map(|&at| snapshot.relations[at].name.name.as_str()).collect()
    }

    /// [`many`], and `zebra` with `meal` that references it and has `values` common ones; and the tokens
    /// that `zebra` takes alone.
    fn with_zebra(values: usize) -> (Snapshot, u32) {
        let mut snapshot = many(400);
        let zebra = fixture::table("lake", "zebra", &["id"]);
        let mut meal = fixture::table("lake", "meal", &["id", "a"]);
        meal.columns[1].type_name = "text".into();
        meal.columns[1].common_values = vec!["v".repeat(40); values];
        snapshot.foreign_keys.push(fixture::key(&meal.name, "a", &zebra.name));
        snapshot.relations.extend([zebra, meal]);
        let alone = estimate_tokens(&render(&snapshot, &[400], Detail::Full));
        (snapshot, alone)
    }

    #[test]
    fn room_that_is_left_is_for_what_a_join_leads_to() {
        let (snapshot, alone) = with_zebra(0);
        let chosen = |tokens| select(&snapshot, "zebras", Budget { tokens });
        assert_eq!(names(&snapshot, &chosen(300)), ["zebra", "meal"]);
        assert_eq!(names(&snapshot, &chosen(alone)), ["zebra"]);
    }

    #[test]
    fn what_a_join_leads_to_costs_no_detail() {
        let (snapshot, alone) = with_zebra(3);
        let selection = select(&snapshot, "zebras", Budget { tokens: alone + 15 });
        assert_eq!((names(&snapshot, &selection), selection.detail), (vec!["zebra"], Detail::Full));
    }

    #[test]
    fn room_that_is_left_is_for_what_shares_a_word_in_a_large_schema() {
        let mut snapshot = many(400);
        snapshot.relations[200].comment = Some("Stock of a depot".into());
        snapshot.relations.push(fixture::table("fleet", "depot", &["id"]));
        snapshot.foreign_keys.clear();
        let selection = select(&snapshot, "depots", Budget { tokens: 1_000 });
        assert_eq!(selection.relations, [200, 400]);
    }

    #[test]
    fn detail_goes_where_the_likely_do_not_fit_though_as_many_others_do() {
        let mut snapshot = many(400);
        snapshot.foreign_keys.clear();
        let wanted: Vec<usize> = (0..WANTED).map(|n| n * 4).collect();
        for (at, relation) in snapshot.relations.iter_mut().enumerate() {
            if wanted.contains(&at) {
                relation.name.name = format!("freight_{at:04}");
                relation.columns.truncate(2);
                relation.columns[1].type_name = "text".into();
                relation.columns[1].common_values = vec!["v".repeat(40); 3];
            } else {
                relation.columns.truncate(1);
                relation.comment = Some("Freight".into());
            }
        }
        // All of them but a little, which others fill that are smaller.
        let tokens = estimate_tokens(&render(&snapshot, &wanted, Detail::Full)) - 2;
        let selection = select(&snapshot, "all freight", Budget { tokens });
        assert!(wanted.iter().all(|at| selection.relations.contains(at)), "{selection:?}");
        assert_eq!(selection.detail, Detail::NoValues);
        assert!(selection.relations.len() > WANTED, "others are there, too: {selection:?}");
    }

    #[test]
    fn the_best_relation_is_there_even_if_it_is_too_large() {
        let selection = select(&fixture::shop(), "customers", Budget { tokens: 1 });
        assert_eq!(selection.relations, [0]);
        assert!(selection.estimated_tokens > 1);
        assert_eq!(select(&Snapshot::default(), "x", Budget { tokens: 0 }).relations, [0usize; 0]);
    }

    #[test]
    fn a_question_without_a_known_word_still_gets_relations() {
        let selection = select(&many(300), "qqq", Budget { tokens: 2_000 });
        assert!(!selection.relations.is_empty());
    }

    /// [`many`], and a relation of 900 columns.
    fn with_wide(tables: usize) -> Snapshot {
        let mut snapshot = many(tables);
        let names: Vec<String> = (0..900).map(|n| format!("measure_{n:03}")).collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.extend(["id", "humidity", "parent_id"]);
        let wide = fixture::table("lake", "weather", &names);
        snapshot.foreign_keys.push(fixture::key(
            &wide.name,
            "parent_id",
            &snapshot.relations[0].name,
        ));
        snapshot.relations.push(wide);
        snapshot
    }

    #[test]
    fn a_relation_of_very_many_columns_is_shown_in_part() {
        let snapshot = with_wide(100);
        let at = snapshot.relations.len() - 1;
        let question = "What was the highest humidity in the weather when customers paid invoices?";
        let selection = select(&snapshot, question, Budget { tokens: 4_000 });
        assert!(selection.relations.contains(&at), "{selection:?}");
        assert!(selection.relations.len() >= WANTED, "{selection:?}");
        assert!(selection.estimated_tokens <= 4_000, "{selection:?}");
        let shown = &selection.part[&at];
        let name = |column: &usize| snapshot.relations[at].columns[*column].name.as_str();
        let names: Vec<&str> = shown.iter().map(name).collect();
        assert!(names.contains(&"humidity") && names.contains(&"id"), "{names:?}");
        assert!(selection.shows(at, 901) && !selection.shows(at, 899), "the humidity");
        assert!(shown.len() < 600 && shown.is_sorted(), "{}", shown.len());
        // Where nothing else is asked about, more of it is.
        let alone = select(&snapshot, "highest humidity of the weather", Budget { tokens: 4_000 });
        assert!(alone.part[&at].len() > shown.len() + 50, "{alone:?}");
        assert!(alone.estimated_tokens <= 4_000);
        // Where all fits, all is shown.
        let whole = select(&snapshot, question, Budget { tokens: 50_000 });
        assert_eq!((whole.part.len(), whole.relations.len()), (0, 101));
    }

    #[test]
    fn a_schema_of_one_relation_that_is_too_wide_has_a_prompt() {
        let mut snapshot = with_wide(1);
        snapshot.relations.remove(0);
        let selection = select(&snapshot, "humidity", Budget { tokens: 500 });
        assert_eq!(selection.relations, [0]);
        assert!(selection.estimated_tokens <= 500, "{selection:?}");
    }

    proptest! {
        #[test]
        fn any_budget_is_kept(tokens in 60u32..5_000, question in "[a-z ]{0,40}", wide: bool) {
            let snapshot = if wide { with_wide(40) } else { many(40) };
            let selection = select(&snapshot, &question, Budget { tokens });
            prop_assert!(selection.estimated_tokens <= tokens || selection.relations.len() == 1);
            prop_assert!(selection.relations.is_sorted());
        }
    }
}
