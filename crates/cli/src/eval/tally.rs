//! From answers to figures.
//!
//! Owns what is counted; the JSON of a run is this, and the other reports only lay it out. Pure.
//! Called by [`super::report`] and [`super`].

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use text2sql_core::shape::signature;

use super::ask::Answer;
use super::class::Class;
use super::comparison::{Comparison, Rights};
use super::stats::{interval, percentile};

/// Clusters that are told, and questions of each.
const CLUSTERS: usize = 12;
const EXAMPLES: usize = 5;

/// A run in figures.
#[derive(Debug, Serialize)]
pub struct Tally {
    /// Each arm, in the order in which they were given.
    pub arms: Vec<ArmTally>,
    /// Each arm beside the first.
    pub comparisons: Vec<Comparison>,
}

/// An arm in figures.
#[derive(Debug, Serialize)]
pub struct ArmTally {
    /// Its name.
    pub name: String,
    /// Models that answered.
    pub models: BTreeSet<String>,
    /// Questions asked.
    pub questions: usize,
    /// Of these, with the right rows.
    pub right: usize,
    /// The 95 % interval of the share of right ones.
    pub interval: (f64, f64),
    /// Questions whose statement has the parts of a known one.
    pub exact: usize,
    /// Questions of each class, all classes.
    pub classes: Vec<(Class, usize)>,
    /// Right ones by what the questions are.
    pub breakdowns: Vec<Breakdown>,
    /// Seconds from question to statement.
    pub seconds: Seconds,
    /// Tokens and generations.
    pub effort: Effort,
    /// Failures that are alike.
    pub clusters: Vec<Cluster>,
}

/// Right ones by one property of the questions.
#[derive(Debug, Serialize)]
pub struct Breakdown {
    /// The property.
    pub by: &'static str,
    /// Its values, with their questions.
    pub groups: Vec<Group>,
}

/// Questions with one property.
#[derive(Debug, Serialize)]
pub struct Group {
    /// The value.
    pub name: String,
    /// Questions.
    pub questions: usize,
    /// Right ones.
    pub right: usize,
}

/// Percentiles of the time.
#[derive(Debug, Serialize)]
pub struct Seconds {
    /// Half of the questions took no longer.
    pub p50: f64,
    /// 95 % took no longer.
    pub p95: f64,
    /// None took longer.
    pub max: f64,
}

/// Means for each question that the model answered.
#[derive(Debug, Serialize)]
pub struct Effort {
    /// Questions with a statement that was taken.
    pub answered: usize,
    /// Tokens of the prompts.
    pub prompt_tokens: f64,
    /// Tokens written.
    pub generated_tokens: f64,
    /// Share of the prompts' tokens that did not have to be computed.
    pub cached_share: f64,
    /// Questions of which a part of the prompt did not have to be computed.
    pub cache_hits: usize,
    /// Questions that took 1, 2, … generations.
    pub attempts: BTreeMap<i32, usize>,
}

/// Failures whose statements differ from the known ones in the same parts.
#[derive(Debug, Serialize)]
pub struct Cluster {
    /// The parts.
    pub signature: String,
    /// Failures.
    pub size: usize,
    /// Their classes.
    pub classes: BTreeMap<Class, usize>,
    /// The first questions.
    pub examples: Vec<String>,
}

impl Tally {
    /// Of answers; `arms` are those to tell of.
    pub fn of(arms: &[String], answers: &[Answer]) -> Self {
        let of_arm = |name: &String| {
            let of_arm: Vec<&Answer> = answers.iter().filter(|a| a.arm == *name).collect();
            ArmTally::of(name, &of_arm)
        };
        let comparisons = match arms.split_first() {
            Some((first, others)) => {
                let ours = rights(first, answers);
                let beside = |other: &String| {
                    Comparison::of((first, &ours), (other, &rights(other, answers)))
                };
                others.iter().map(beside).collect()
            }
            None => Vec::new(),
        };
        Self { arms: arms.iter().map(of_arm).collect(), comparisons }
    }
}

fn rights<'a>(arm: &str, answers: &'a [Answer]) -> Rights<'a> {
    let of_arm = answers.iter().filter(|answer| answer.arm == arm);
    of_arm.map(|answer| (answer.id.as_str(), answer.class == Class::Right)).collect()
}

impl ArmTally {
    fn of(name: &str, all: &[&Answer]) -> Self {
        let count = |which: &dyn Fn(&Answer) -> bool| all.iter().filter(|a| which(a)).count();
        let right = count(&|a| a.class == Class::Right);
        let mut seconds: Vec<f64> =
            all.iter().filter(|a| a.class != Class::GoldError).map(|a| a.ms / 1e3).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        Self {
            name: name.to_owned(),
            models: all.iter().filter_map(|a| a.model.clone()).collect(),
            questions: all.len(),
            right,
            interval: interval(right, all.len()),
            exact: count(&|a| a.exact),
            classes: Class::ALL.map(|class| (class, count(&|a| a.class == class))).into(),
            breakdowns: breakdowns(all),
            seconds: Seconds {
                p50: percentile(&seconds, 0.5),
                p95: percentile(&seconds, 0.95),
                max: percentile(&seconds, 1.0),
            },
            effort: Effort::of(all),
            clusters: clusters(all),
        }
    }

    /// Questions whose statement ran and gave wrong rows: the dangerous kind.
    pub fn wrong_rows(&self) -> usize {
        let wrong = self.classes.iter().filter(|(class, _)| class.is_wrong_rows());
        wrong.map(|(_, count)| count).sum()
    }

    /// Questions of a class.
    pub fn of_class(&self, class: Class) -> usize {
        self.classes.iter().find(|(of, _)| *of == class).map_or(0, |(_, count)| *count)
    }
}

impl Effort {
    fn of(all: &[&Answer]) -> Self {
        let answered: Vec<&&Answer> = all.iter().filter(|a| a.attempts > 0).collect();
        let sum = |of: fn(&Answer) -> i32| -> f64 {
            answered.iter().map(|a| f64::from(of(a))).sum::<f64>()
        };
        let count = answered.len().max(1) as f64;
        let prompt = sum(|a| a.prompt_tokens);
        let mut attempts = BTreeMap::new();
        answered.iter().for_each(|a| *attempts.entry(a.attempts).or_default() += 1);
        Self {
            answered: answered.len(),
            prompt_tokens: prompt / count,
            generated_tokens: sum(|a| a.generated_tokens) / count,
            cached_share: sum(|a| a.cached_tokens) / prompt.max(1.0),
            cache_hits: answered.iter().filter(|a| a.cached_tokens > 0).count(),
            attempts,
        }
    }
}

fn tables(answer: &Answer) -> String {
    match answer.tables {
        0 => String::new(),
        n @ 1..=3 => n.to_string(),
        _ => "4 and more".to_owned(),
    }
}

fn breakdowns(all: &[&Answer]) -> Vec<Breakdown> {
    type Property = fn(&Answer) -> String;
    let by: [(&'static str, Property); 5] = [
        ("difficulty", |a| a.difficulty.clone()),
        ("tables read", tables),
        ("aggregation", |a| a.aggregation.clone()),
        ("nesting", |a| a.nesting.clone()),
        ("database", |a| a.db.clone()),
    ];
    by.into_iter()
        .map(|(by, value)| {
            let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
            for answer in all {
                let group = groups.entry(value(answer)).or_default();
                group.0 += 1;
                group.1 += usize::from(answer.class == Class::Right);
            }
            let groups = groups.into_iter().filter(|(name, _)| !name.is_empty());
            let groups = groups.map(|(name, (questions, right))| Group { name, questions, right });
            let mut groups: Vec<Group> = groups.collect();
            groups.sort_by_key(|group| level(&group.name));
            Breakdown { by, groups }
        })
        .filter(|breakdown| !breakdown.groups.is_empty())
        .collect()
}

/// Where a word for how hard something is stands among its like; other words keep their places.
fn level(name: &str) -> usize {
    const LEVELS: [&str; 7] =
        ["simple", "easy", "medium", "moderate", "hard", "challenging", "extra"];
    LEVELS.iter().position(|level| *level == name).unwrap_or(0)
}

/// Failures by the parts in which they differ: the largest clusters first, then by name.
fn clusters(all: &[&Answer]) -> Vec<Cluster> {
    let mut found: BTreeMap<String, Cluster> = BTreeMap::new();
    for answer in all.iter().filter(|a| a.class != Class::Right && a.sql.is_some()) {
        let signature = if answer.differences.is_empty() && !answer.exact {
            "not understood".to_owned()
        } else {
            signature(&answer.differences)
        };
        let cluster = found.entry(signature.clone()).or_insert_with(|| Cluster {
            signature,
            size: 0,
            classes: BTreeMap::new(),
            examples: Vec::new(),
        });
        cluster.size += 1;
        *cluster.classes.entry(answer.class).or_default() += 1;
        cluster.examples.push(answer.id.clone());
    }
    let mut clusters: Vec<Cluster> = found.into_values().collect();
    for cluster in &mut clusters {
        cluster.examples.sort_unstable();
        cluster.examples.truncate(EXAMPLES);
    }
    clusters.sort_by(|a, b| (b.size, &a.signature).cmp(&(a.size, &b.signature)));
    clusters.truncate(CLUSTERS);
    clusters
}

#[cfg(test)]
mod tests {
    use super::super::fixture::answer;
    use super::*;
    use text2sql_core::shape::{Difference, Part};

    #[test]
    fn every_question_is_counted_in_one_class() {
        let answers: Vec<Answer> = Class::ALL
            .iter()
            .enumerate()
            .map(|(at, class)| answer("a", &at.to_string(), *class))
            .collect();
        let tally = Tally::of(&["a".into()], &answers);
        assert!(tally.arms[0].classes.iter().all(|(_, count)| *count == 1));
        assert_eq!(tally.arms[0].questions, Class::ALL.len());
        assert_eq!(tally.arms[0].right, 1);
    }

    #[test]
    fn right_ones_are_broken_down() {
        let hard = Answer { difficulty: "hard".into(), tables: 5, ..answer("a", "2", Class::Rows) };
        let unread = Answer { nesting: String::new(), ..answer("a", "3", Class::Right) };
        let tally = Tally::of(&["a".into()], &[answer("a", "1", Class::Right), hard, unread]);
        let told: Vec<String> = tally.arms[0]
            .breakdowns
            .iter()
            .flat_map(|b| b.groups.iter().map(move |g| (b.by, g)))
            .map(|(by, g)| format!("{by} {}: {} of {}", g.name, g.right, g.questions))
            .collect();
        assert_eq!(
            told,
            [
                "difficulty easy: 2 of 2",
                "difficulty hard: 0 of 1",
                "tables read 1: 2 of 2",
                "tables read 4 and more: 0 of 1",
                "aggregation none: 2 of 3",
                "nesting flat: 1 of 2",
                "database d: 2 of 3",
            ]
        );
    }

    #[test]
    fn effort_counts_what_was_answered() {
        let answers = [
            Answer { prompt_tokens: 100, cached_tokens: 60, ..answer("a", "1", Class::Right) },
            Answer {
                prompt_tokens: 300,
                cached_tokens: 0,
                attempts: 2,
                ..answer("a", "2", Class::Rows)
            },
            Answer { attempts: 0, sql: None, ..answer("a", "3", Class::Timeout) },
        ];
        let effort = &Tally::of(&["a".into()], &answers).arms[0].effort;
        assert_eq!((effort.answered, effort.cache_hits), (2, 1));
        assert!((effort.prompt_tokens - 200.0).abs() < 1e-9);
        assert!((effort.cached_share - 0.15).abs() < 1e-9);
        assert_eq!(effort.attempts, BTreeMap::from([(1, 1), (2, 1)]));
    }

    #[test]
    fn failures_that_are_alike_are_together() {
        let with = |id: &str, part| Answer {
            differences: vec![Difference { part, missing: vec![id.into()], extra: Vec::new() }],
            ..answer("a", id, Class::Filter)
        };
        let unread = Answer { exact: false, ..answer("a", "5", Class::Refused) };
        let answers = [
            unread,
            with("3", Part::Filters),
            with("1", Part::Joins),
            with("2", Part::Filters),
            answer("a", "4", Class::Right),
        ];
        let clusters = &Tally::of(&["a".into()], &answers).arms[0].clusters;
        let told: Vec<(&str, usize, Vec<String>)> =
            clusters.iter().map(|c| (c.signature.as_str(), c.size, c.examples.clone())).collect();
        assert_eq!(
            told,
            [
                ("filters −1", 2, vec!["2".to_owned(), "3".to_owned()]),
                ("joins −1", 1, vec!["1".to_owned()]),
                ("not understood", 1, vec!["5".to_owned()]),
            ]
        );
    }

    #[test]
    fn two_arms_are_compared_on_what_both_were_asked() {
        let answers = [
            answer("a", "1", Class::Right),
            answer("a", "2", Class::Rows),
            answer("a", "3", Class::Right),
            answer("b", "1", Class::Right),
            answer("b", "2", Class::Right),
        ];
        let comparison = &Tally::of(&["a".into(), "b".into()], &answers).comparisons[0];
        assert_eq!((comparison.only_first, comparison.only_second), (0, 1));
        assert!((comparison.p - 1.0).abs() < 1e-9);
        assert_eq!((comparison.questions, comparison.difference), (2, 0.5));
    }
}
