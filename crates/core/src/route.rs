//! Which model a question goes to.
//!
//! Owns the estimate of how hard a question is, from its words and the schema, and the order in
//! which models are tried. It knows neither engines nor whether one is up: the worker does, and
//! takes the first of the order that can answer.

use serde::{Deserialize, Serialize};

use crate::link;
use crate::schema::Snapshot;

/// How models are chosen where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// The first model, and no other.
    #[default]
    Off,
    /// The first that can answer; a repair goes one tier up.
    Fallback,
    /// As [`Self::Fallback`], beginning at a tier for how hard the question looks.
    Complexity,
}

/// How hard a question looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// One relation, no condition on groups.
    #[default]
    Easy,
    /// A join or a group.
    Medium,
    /// Several of these, or a question within the question.
    Hard,
}

/// What a request says about the model it wants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Route {
    /// The policy for the one who asks.
    pub routing: Routing,
    /// A model by name: this one and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How hard the question looks.
    pub level: Level,
    /// Generations made before for the same question.
    pub attempt: u32,
    /// Whether the question may leave this server.
    pub remote: bool,
}

/// A model of the registry, as far as the order depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether questions to it leave this server.
    pub remote: bool,
}

/// Positions of the models to try, in order. `models` are sorted by tier, the least able first.
/// Where the model begun with cannot answer, more able ones come first, then less able ones.
#[must_use]
pub fn order(route: &Route, models: &[Choice<'_>]) -> Vec<usize> {
    let allowed: Vec<usize> = (0..models.len())
        .filter(|i| models.get(*i).is_some_and(|m| route.remote || !m.remote))
        .collect();
    if let Some(name) = &route.model {
        let is_it = |i: &usize| models.get(*i).is_some_and(|m| m.name == name);
        return allowed.into_iter().filter(is_it).take(1).collect();
    }
    let Some(last) = allowed.len().checked_sub(1) else { return Vec::new() };
    let begin = match route.routing {
        Routing::Off => return allowed.into_iter().take(1).collect(),
        Routing::Fallback => 0,
        // Rounded up: with two models a question that is not easy goes to the second.
        Routing::Complexity => (route.level as usize * last).div_ceil(Level::Hard as usize),
    };
    let begin = begin.saturating_add(route.attempt as usize).min(last);
    let (less, more) = allowed.split_at(begin);
    more.iter().chain(less.iter().rev()).copied().collect()
}

/// Words, stemmed, that ask for a group, an extreme, a share, a complement or a comparison: what
/// needs more than a filter. A question counts each group of words once.
#[rustfmt::skip]
const SIGNS: [&[&str]; 6] = [
    &["each", "per", "every", "respective", "grouped", "group"],
    &["most", "least", "highest", "lowest", "largest", "smallest", "biggest", "top", "best", "worst",
      "oldest", "youngest", "longest", "shortest", "maximum", "minimum", "earliest", "latest", "fewest"],
    &["percent", "percentage", "share", "ratio", "rate", "proportion", "median", "running", "cumulative"],
    &["not", "never", "no", "without", "except", "neither", "nor", "missing", "excluding"],
    &["than", "compared", "versus", "difference", "both", "increase", "decrease", "growth"],
    &["also", "again", "whose", "those", "their", "such"],
];

/// Longer questions ask for more; in words.
const LONG: usize = 16;

/// How hard a question looks: by signs in its words, and by how many relations it names.
///
/// The words were written down, not fitted to questions.
#[must_use]
pub fn level(snapshot: &Snapshot, question: &str) -> Level {
    let words: Vec<String> = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let signs =
        SIGNS.iter().filter(|signs| words.iter().any(|w| signs.contains(&w.as_str()))).count();
    let joins = link::named(snapshot, question).saturating_sub(1).min(2);
    match signs + joins + usize::from(words.len() > LONG) {
        0 => Level::Easy,
        1 | 2 => Level::Medium,
        _ => Level::Hard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture;
    use proptest::prelude::*;

    const LOCAL_AND_FAR: [Choice<'static>; 3] = [
        Choice { name: "small", remote: false },
        Choice { name: "large", remote: false },
        Choice { name: "far", remote: true },
    ];

    fn tried(routing: Routing, level: Level, attempt: u32, remote: bool) -> Vec<&'static str> {
        let route = Route { routing, level, attempt, remote, model: None };
        order(&route, &LOCAL_AND_FAR).into_iter().map(|i| LOCAL_AND_FAR[i].name).collect()
    }

    #[test]
    fn models_are_tried_from_small_to_large_to_remote() {
        use Level::{Easy, Hard, Medium};
        use Routing::{Complexity, Fallback, Off};
        assert_eq!(tried(Off, Hard, 1, true), ["small"]);
        assert_eq!(tried(Fallback, Hard, 0, true), ["small", "large", "far"]);
        assert_eq!(tried(Fallback, Easy, 1, true), ["large", "far", "small"]);
        assert_eq!(tried(Fallback, Easy, 9, false), ["large", "small"]);
        assert_eq!(tried(Complexity, Easy, 0, true), ["small", "large", "far"]);
        assert_eq!(tried(Complexity, Medium, 0, true), ["large", "far", "small"]);
        assert_eq!(tried(Complexity, Hard, 0, true), ["far", "large", "small"]);
        assert_eq!(tried(Complexity, Medium, 0, false), ["large", "small"]);
    }

    #[test]
    fn a_model_by_name_stands_for_itself() {
        let of = |name: &str, remote| {
            let route = Route { model: Some(name.to_owned()), remote, ..Route::default() };
            order(&route, &LOCAL_AND_FAR)
        };
        assert_eq!(of("large", false), [1]);
        assert_eq!(of("far", true), [2]);
        assert!(of("far", false).is_empty() && of("other", true).is_empty());
    }

    #[test]
    fn more_signs_make_a_question_harder() {
        let shop = fixture::shop();
        for (question, is) in [
            ("How many customers are there?", Level::Easy),
            ("How many orders has each customer placed?", Level::Medium),
            ("Which customers have never placed an order?", Level::Medium),
            (
                "Which customers without orders this year bought more than the average last year, per month?",
                Level::Hard,
            ),
        ] {
            assert_eq!(level(&shop, question), is, "{question}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_server_unless_it_may(
            routing in prop_oneof![Just(Routing::Off), Just(Routing::Fallback), Just(Routing::Complexity)],
            level in prop_oneof![Just(Level::Easy), Just(Level::Medium), Just(Level::Hard)],
            attempt: u32,
            remote in prop::collection::vec(any::<bool>(), 0..8),
            name in prop::option::of("[a-c]"),
        ) {
            let models: Vec<Choice<'_>> =
                remote.iter().map(|remote| Choice { name: "a", remote: *remote }).collect();
            let route = Route { routing, model: name, level, attempt, remote: false };
            let tried = order(&route, &models);
            prop_assert!(tried.iter().all(|i| !remote[*i]));
            let unique: std::collections::HashSet<_> = tried.iter().collect();
            prop_assert_eq!(unique.len(), tried.len());
        }
    }
}
