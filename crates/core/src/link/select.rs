//! Fits a schema into a budget of tokens.
//!
//! Leaving relations out loses answers, so it comes last: first the whole schema in full, then
//! with less detail, and only then the relations that rank best, with those that connect them. Of one
//! that would take most of the room the columns are shown that the question is about.
//! Called by the extension and the tools through [`super`].

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::columns::Columns;
use super::graph::Graph;
use super::index::LEVELS;
use super::nearness::Nearness;
use super::question::Question;
use super::rank::rank;
use super::values;
use crate::schema::{Detail, Part, Snapshot, render_part};

/// Relations that should be shown in good detail: the recall of a question's tables among as
/// many is what linkers are judged by.
const WANTED: usize = 15;
/// The question's own relations are nearly always among so many.
const CORE: usize = 6;
/// A relation whose text takes more than this part of the budget is shown in part. Of relations with 600
/// columns, of which a database has five, halves leave no room for the third
/// (docs/evaluation.md).
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
    let fits = |bytes: usize| tokens_of(bytes) <= budget.tokens;
    for (detail, sizes) in LEVELS.into_iter().zip(&index.sizes) {
        let all = sizes.iter().sum();
        if fits(all) {
            let relations = (0..snapshot.relations.len()).collect();
            let part = Part::new();
            return Selection { relations, detail, part, estimated_tokens: tokens_of(all) };
        }
    }

    let question = question.into();
    let order = order(snapshot, question, &near());
    let likely = order.get(..WANTED.min(order.len())).unwrap_or_default();
    let columns = LazyCell::new(|| Columns::new(snapshot, question, likely));
    let limit = budget.tokens as usize * BYTES / WIDE;
    let mut smallest = None;
    for (detail, sizes) in LEVELS.into_iter().zip(&index.sizes) {
        let narrowed = |at: usize| {
            let is_wide = sizes.get(at).is_some_and(|size| *size > limit) && likely.contains(&at);
            is_wide.then(|| columns.within(at, detail, limit)).flatten()
        };
        let mut filled = fill(&order, sizes, narrowed, fits);
        if let Some((at, size)) = filled.widest {
            let room = budget.tokens as usize * BYTES - filled.bytes;
            let more = columns.within(at, detail, size + room);
            filled.part.extend(more.map(|(columns, _)| (at, columns)));
        }
        let is_enough = filled.chosen.len() >= WANTED.min(order.len());
        smallest = Some((filled.chosen, filled.part, detail));
        if is_enough {
            break;
        }
    }
    match smallest {
        Some((chosen, part, detail)) if !chosen.is_empty() => {
            finish(snapshot, chosen, part, detail)
        }
        // Not even the best fits: it goes alone, and the caller sees the estimate.
        _ => {
            let best: Vec<usize> = order.iter().copied().take(1).collect();
            let least = |at: &usize| columns.within(*at, Detail::NamesOnly, limit);
            let part = best.iter().filter_map(|at| Some((*at, least(at)?.0))).collect();
            finish(snapshot, best, part, Detail::NamesOnly)
        }
    }
}

/// Positions of relations in the order in which they are taken into a prompt that cannot hold all.
pub fn order<'s>(
    snapshot: &'s Snapshot,
    question: impl Into<Question<'s>>,
    near: &Nearness,
) -> Vec<usize> {
    let question = question.into();
    let index = snapshot.index();
    let named = values::named(snapshot, question);
    let ranking: Vec<usize> =
        rank(index, question.text, &named, near).into_iter().map(|(at, _)| at).collect();
    with_connections(&index.graph, &ranking, snapshot.relations.len())
}

/// What is taken into a prompt.
#[derive(Default)]
struct Filled {
    chosen: Vec<usize>,
    part: Part,
    bytes: usize,
    /// The first that is shown in part, and its bytes: what room is left is for more of it.
    widest: Option<(usize, usize)>,
}

/// As many relations, in order, as fit, those in part that `narrowed` has columns for; one that does
/// not fit is passed over for smaller ones.
fn fill(
    order: &[usize],
    sizes: &[usize],
    narrowed: impl Fn(usize) -> Option<(Vec<usize>, usize)>,
    fits: impl Fn(usize) -> bool,
) -> Filled {
    let mut filled = Filled::default();
    for &index in order {
        let (columns, size) = narrowed(index).unzip();
        let size = size.or(sizes.get(index).copied()).unwrap_or_default();
        if fits(filled.bytes + size) {
            filled.bytes += size;
            filled.chosen.push(index);
            if let Some(columns) = columns {
                filled.widest.get_or_insert((index, size));
                filled.part.insert(index, columns);
            }
        }
    }
    filled
}

fn finish(snapshot: &Snapshot, mut relations: Vec<usize>, part: Part, detail: Detail) -> Selection {
    relations.sort_unstable();
    let estimated_tokens = estimate_tokens(&render_part(snapshot, &relations, detail, &part));
    Selection { relations, detail, part, estimated_tokens }
}

/// The ranking with what connects its best relations right behind them: first relations on the
/// way from one to another, then those they reference, then the rest. A question that shares
/// nothing with the schema gets the best connected relations.
fn with_connections(graph: &Graph, ranking: &[usize], relations: usize) -> Vec<usize> {
    if ranking.is_empty() {
        let mut all: Vec<usize> = (0..relations).collect();
        all.sort_by_key(|i| (std::cmp::Reverse(graph.degree(*i)), *i));
        return all;
    }
    let core: Vec<usize> = ranking.iter().copied().take(CORE).collect();
    let mut between = Vec::new();
    for (at, from) in core.iter().enumerate() {
        for to in core.iter().skip(at + 1) {
            between.extend(graph.between(*from, *to));
        }
    }
    let referenced = core.iter().flat_map(|c| graph.referenced(*c));
    let mut seen = BTreeSet::new();
    core.iter()
        .copied()
        .chain(between)
        .chain(referenced)
        .chain(ranking.iter().copied())
        .filter(|i| seen.insert(*i))
        .collect()
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
        let names: Vec<&str> =
            selection.relations.iter().map(|&i| snapshot.relations[i].name.name.as_str()).collect();
        assert_eq!(names, ["giraffe", "xref", "zebra"]);
        assert_eq!(selection.detail, Detail::Full);
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
