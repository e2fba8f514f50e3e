//! An earlier run that a new one must not fall behind.
//!
//! Owns what of it counts, and the short form in which that is kept: arm, question and class, without
//! the questions and known answers of a results file, which not every suite lets one pass on. A
//! question that was right and is not any more is as much a loss as one that is not asked any more,
//! since whoever renames an arm or drops a question would otherwise see a run without losses. Called
//! by [`super`].

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use text2sql_core::protocol::Failure;

use super::ask::Answer;
use super::class::Class;
use super::comparison::{Comparison, Rights};
use super::failed;

/// What comparisons call the earlier run.
const BASELINE: &str = "the baseline";

/// What of an answer counts: a line of the short form. A line of a results file has all of it, too.
#[derive(Debug, Serialize, Deserialize)]
struct Verdict<'a> {
    arm: Cow<'a, str>,
    id: Cow<'a, str>,
    class: Class,
}

/// What became of the questions of an earlier run.
#[derive(Debug, PartialEq, Eq)]
pub struct Baseline {
    /// By arm and question.
    classes: BTreeMap<(String, String), Class>,
}

/// What an earlier run had and this one has not: arms with questions, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Regressions {
    /// Right then and wrong now, with what became of them.
    pub lost: Vec<String>,
    /// Right then and not asked now.
    pub not_asked: Vec<String>,
}

impl Baseline {
    /// Of the answers of this run's arms; of one question's answers the last.
    pub fn of(arms: &[String], answers: &[Answer]) -> Self {
        let ours = answers.iter().filter(|answer| arms.contains(&answer.arm));
        let key = |answer: &Answer| (answer.arm.clone(), answer.id.clone());
        Self { classes: ours.map(|answer| (key(answer), answer.class)).collect() }
    }

    /// Reads the short form, or a results file. A last line that was cut off is left out, as in a run
    /// that goes on.
    ///
    /// # Errors
    /// Where there is no such file, a line is no result, or there is none at all: held against
    /// nothing, every run would pass.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let in_file = |why: String| failed(&format!("\"{}\"{why}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| in_file(format!(": {error}")))?;
        let mut classes = BTreeMap::new();
        let lines = text.split_inclusive('\n').enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(Verdict { arm, id, class }) => {
                    classes.insert((arm.into_owned(), id.into_owned()), class);
                }
                Err(error) if error.is_eof() && !line.ends_with('\n') => {}
                Err(error) => {
                    return Err(in_file(format!(", line {}, is no result: {error}", at + 1)));
                }
            }
        }
        if classes.is_empty() {
            return Err(in_file(" has no results".to_owned()));
        }
        Ok(Self { classes })
    }

    /// Writes the short form: a line for each question, by arm and question in the order of their
    /// bytes, so that two runs differ in the lines of the questions whose class has changed.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let in_file = |why: &dyn Display| failed(&format!("\"{}\": {why}", path.display()));
        let mut text = String::new();
        for ((arm, id), class) in &self.classes {
            let verdict = Verdict { arm: arm.into(), id: id.into(), class: *class };
            text += &serde_json::to_string(&verdict).map_err(|error| in_file(&error))?;
            text.push('\n');
        }
        fs::write(path, text).map_err(|error| in_file(&error))
    }

    /// Ends a run that does not ask under all arms of this one, before it has asked anything.
    ///
    /// # Errors
    /// Names the arms that are missing.
    pub fn require_arms(&self, arms: &[&str]) -> Result<(), Failure> {
        let of_baseline: BTreeSet<&str> =
            self.classes.keys().map(|(arm, _)| arm.as_str()).collect();
        let missing: Vec<String> = of_baseline
            .into_iter()
            .filter(|arm| !arms.contains(arm))
            .map(|arm| format!("\"{arm}\""))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!(
            "the baseline has answers under arms that this run does not have: {}",
            missing.join(", ")
        );
        let hint = format!(
            "this run has: {}; the names of --arm and --model have to be those of the baseline",
            arms.join(", ")
        );
        Err(Failure { hint: Some(hint), ..failed(&message) })
    }

    /// Each of these arms that it has, then and now.
    pub fn compared(&self, arms: &[String], now: &[Answer]) -> Vec<Comparison> {
        let now = Self::of(arms, now);
        arms.iter()
            .filter_map(|arm| {
                let then = self.rights(arm);
                let is_there = !then.is_empty();
                is_there.then(|| Comparison::of((BASELINE, &then), (arm, &now.rights(arm))))
            })
            .collect()
    }

    fn rights(&self, arm: &str) -> Rights<'_> {
        let of_arm = self.classes.iter().filter(|((of, _), _)| of == arm);
        of_arm.map(|((_, id), class)| (id.as_str(), *class == Class::Right)).collect()
    }

    /// What of it `now` has not. Questions of the suite that this run was told not to ask
    /// (`left_out`) are held against nobody.
    pub fn held_against(&self, now: &[Answer], left_out: &HashSet<&str>) -> Regressions {
        let now: HashMap<(&str, &str), Class> =
            now.iter().map(|a| ((a.arm.as_str(), a.id.as_str()), a.class)).collect();
        let mut found = Regressions::default();
        for ((arm, id), _) in self.classes.iter().filter(|(_, class)| **class == Class::Right) {
            match now.get(&(arm.as_str(), id.as_str())) {
                Some(Class::Right) => {}
                Some(class) => found.lost.push(format!("{arm} {id} ({})", class.name())),
                None if left_out.contains(id.as_str()) => {}
                None => found.not_asked.push(format!("{arm} {id}")),
            }
        }
        found
    }
}

impl Regressions {
    /// Whether there are none.
    ///
    /// # Errors
    /// Says how many there are.
    pub fn require_none(&self) -> Result<(), Failure> {
        let mut told = Vec::new();
        if !self.lost.is_empty() {
            told.push(format!("{} questions are no longer right", self.lost.len()));
        }
        if !self.not_asked.is_empty() {
            told.push(format!("{} that were right are no longer asked", self.not_asked.len()));
        }
        if told.is_empty() {
            return Ok(());
        }
        let hint = "they are not in the suite; --write-baseline makes a baseline that fits it";
        let hint = (!self.not_asked.is_empty()).then(|| hint.to_owned());
        Err(Failure { hint, ..failed(&told.join(", ")) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::answer;
    use super::*;

    fn lines(answers: &[Answer]) -> String {
        answers.iter().map(|a| serde_json::to_string(a).unwrap() + "\n").collect()
    }

    fn read(text: &str) -> Result<Baseline, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("before.jsonl");
        fs::write(&path, text).unwrap();
        Baseline::read(&path)
    }

    fn baseline(answers: &[Answer]) -> Baseline {
        read(&lines(answers)).unwrap()
    }

    #[test]
    fn what_used_to_be_right_is_named() {
        let before = [answer("a", "1", Class::Right), answer("a", "2", Class::Filter)];
        let now = [answer("a", "1", Class::UnknownName), answer("a", "2", Class::Filter)];
        let found = baseline(&before).held_against(&now, &HashSet::new());
        assert_eq!(found.lost, ["a 1 (unknown table or column)"]);
        assert!(found.not_asked.is_empty());
        let failure = found.require_none().unwrap_err();
        assert_eq!(failure.message, "1 questions are no longer right");
        assert_eq!(failure.hint, None);
        let found = baseline(&now).held_against(&before, &HashSet::new());
        assert_eq!((&found, found.require_none().is_ok()), (&Regressions::default(), true));
    }

    #[test]
    fn what_used_to_be_right_and_is_not_asked_is_named() {
        let before = [
            answer("a", "1", Class::Right),
            answer("a", "2", Class::Filter),
            answer("a", "3", Class::Right),
            answer("b", "1", Class::Right),
        ];
        let now = [answer("a", "1", Class::Right), answer("b", "2", Class::Right)];
        let found = baseline(&before).held_against(&now, &HashSet::new());
        assert_eq!(found.not_asked, ["a 3", "b 1"]);
        let failure = found.require_none().unwrap_err();
        assert_eq!(failure.message, "2 that were right are no longer asked");
        assert!(failure.hint.unwrap().contains("not in the suite"));
    }

    #[test]
    fn questions_outside_of_a_sample_are_held_against_nobody() {
        let before = [
            answer("a", "1", Class::Right),
            answer("a", "in the suite", Class::Right),
            answer("a", "renamed", Class::Right),
        ];
        let now = [answer("a", "1", Class::Right)];
        let found = baseline(&before).held_against(&now, &HashSet::from(["in the suite"]));
        assert_eq!(found.not_asked, ["a renamed"]);
        assert!(found.lost.is_empty());
    }

    #[test]
    fn a_baseline_that_is_kept_has_neither_questions_nor_known_answers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.jsonl");
        let answers = [
            answer("b", "1", Class::Right),
            answer("a", "2", Class::UnknownName),
            answer("a", "10", Class::Filter),
            answer("other", "1", Class::Right),
            answer("a", "10", Class::Right),
        ];
        let kept = Baseline::of(&["a".into(), "b".into()], &answers);
        kept.write(&path).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"arm\":\"a\",\"id\":\"10\",\"class\":\"right\"}\n\
             {\"arm\":\"a\",\"id\":\"2\",\"class\":\"unknown_name\"}\n\
             {\"arm\":\"b\",\"id\":\"1\",\"class\":\"right\"}\n"
        );
        assert_eq!(Baseline::read(&path).unwrap(), kept);
        let of_results = [&answers[..3], &answers[4..]].concat();
        assert_eq!(baseline(&of_results), kept, "a results file says the same");
    }

    #[test]
    fn names_are_kept_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.jsonl");
        let name = "it's \"é\\\n\u{1f600}";
        let kept = Baseline::of(&[name.into()], &[answer(name, name, Class::GoldError)]);
        kept.write(&path).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), kept);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn arms_of_both_runs_are_compared() {
        let before = baseline(&[
            answer("a", "1", Class::Right),
            answer("a", "2", Class::Filter),
            answer("a", "3", Class::Right),
            answer("gone", "1", Class::Right),
        ]);
        let now = [
            answer("a", "1", Class::Rows),
            answer("a", "2", Class::Right),
            answer("new", "1", Class::Right),
        ];
        let found = before.compared(&["new".into(), "a".into()], &now);
        assert_eq!(found.len(), 1);
        let comparison = &found[0];
        assert_eq!((comparison.first.as_str(), comparison.second.as_str()), (BASELINE, "a"));
        assert_eq!((comparison.only_first, comparison.only_second), (1, 1));
        assert_eq!(comparison.questions, 2, "what was not asked twice is not compared");
    }

    #[test]
    fn an_arm_of_the_baseline_that_is_missing_is_named() {
        let before = baseline(&[answer("a", "1", Class::Rows), answer("b c", "1", Class::Right)]);
        assert!(before.require_arms(&["b c", "d", "a"]).is_ok());
        let failure = before.require_arms(&["a", "b"]).unwrap_err();
        assert!(failure.message.ends_with(": \"b c\""), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("this run has: a, b;"));
    }

    #[test]
    fn a_baseline_that_says_nothing_is_refused() {
        assert!(read("").unwrap_err().message.ends_with(" has no results"));
        assert!(read("{}\n").unwrap_err().message.contains("line 1, is no result"));
        let missing = Baseline::read(Path::new("/nowhere/before.jsonl")).unwrap_err();
        assert!(missing.message.starts_with("\"/nowhere/before.jsonl\": "), "{}", missing.message);
    }

    #[test]
    fn a_last_line_that_was_cut_off_is_left_out() {
        let whole = lines(&[answer("a", "1", Class::Right), answer("a", "2", Class::Right)]);
        let all = read(&whole).unwrap();
        assert_eq!(read(whole.trim_end()).unwrap(), all, "a line needs no end");
        let cut = read(&whole[..whole.len() - 9]).unwrap();
        assert_eq!(cut.classes.len(), 1);
        assert!(read(&whole.replacen('}', "", 1)).is_err(), "in the middle it is a mistake");
    }
}
