//! What answers were asked with, so that no run goes on in the file of another.
//!
//! Owns what is kept of it, and when two are the same. The settings are kept as they were given; what
//! the server adds of its own (`ALTER SYSTEM`, `ALTER ROLE`) is not, nor where it is, since there may
//! be a password in it. Pure. Called by [`super::run`] and [`super::results`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};
use text2sql_core::protocol::Failure;

use super::arm::Arm;
use super::ask::Answer;
use super::failed;
use super::suite::Question;

/// What answers of an arm were asked with. What is not known is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedWith {
    /// Settings of the arm, by name.
    pub settings: BTreeMap<String, String>,
    /// Version of the extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Name that the model of the server has itself; nothing where the arm names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The first twelve digits of the sha256 of that model's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
}

/// What a server says that it answers with; nothing of what it does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// Version of the extension.
    pub extension: Option<String>,
    /// Name of the model, from its file.
    pub model: Option<String>,
    /// The first digits of the sum of that file.
    pub model_sha256: Option<String>,
}

impl AskedWith {
    /// Of an arm on a server.
    pub fn of(arm: &Arm, served: Served) -> Self {
        let settings: BTreeMap<String, String> = arm.settings.iter().cloned().collect();
        // The server tells of one of its models only.
        let is_named = settings.contains_key("text2sql.model");
        let Served { extension, model, model_sha256 } = served;
        Self {
            settings,
            extension,
            model: model.filter(|_| !is_named),
            model_sha256: model_sha256.filter(|_| !is_named),
        }
    }

    /// What is another now, each in words; nothing where all is the same as far as it is known.
    fn changes(&self, now: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.settings.keys().chain(now.settings.keys()).collect();
        let set = |with: &Self, name: &String| {
            with.settings.get(name).map_or_else(|| "not set".to_owned(), |v| format!("\"{v}\""))
        };
        let settings = names.into_iter().filter_map(|name| {
            let (then, now) = (set(self, name), set(now, name));
            (then != now).then(|| format!("{name} was {then} and is {now}"))
        });
        let known = [
            ("the extension's version", &self.extension, &now.extension),
            ("the model", &self.model, &now.model),
            ("the sha256 of the model's file", &self.model_sha256, &now.model_sha256),
        ];
        let known = known.into_iter().filter_map(|(name, then, now)| {
            let (then, now) = then.as_ref().zip(now.as_ref())?;
            (then != now).then(|| format!("{name} was \"{then}\" and is \"{now}\""))
        });
        settings.chain(known).collect()
    }
}

/// Whether the answers of an arm that a file has were asked with what is asked with now.
///
/// # Errors
/// Says what is another.
pub fn require_same(
    file: &Path,
    arm: &str,
    answers: &[Answer],
    now: &AskedWith,
) -> Result<(), Failure> {
    let of_arm = answers.iter().filter(|answer| answer.arm == arm);
    let mut before = of_arm.filter_map(|answer| answer.asked_with.as_ref());
    let Some(changes) = before.find_map(|then| {
        let changes = then.changes(now);
        (!changes.is_empty()).then_some(changes)
    }) else {
        return Ok(());
    };
    let message = format!(
        "\"{}\" has answers of the arm \"{arm}\" that were asked otherwise: {}",
        file.display(),
        changes.join(", ")
    );
    let hint = "answers of both would be counted as of one: name another file with --results";
    Err(Failure { hint: Some(hint.to_owned()), ..failed(&message) })
}

/// Whether answers that a file has are to the questions of this suite, and judged by its known answers.
///
/// # Errors
/// Names the questions that are others.
pub fn require_same_questions<'q>(
    file: &Path,
    answers: &[Answer],
    questions: impl Iterator<Item = &'q Question>,
) -> Result<(), Failure> {
    let by_id: HashMap<&str, &Question> = questions.map(|q| (q.id.as_str(), q)).collect();
    let is_other = |answer: &&Answer| {
        by_id.get(answer.id.as_str()).is_some_and(|question| {
            answer.question != question.text || question.golds.first() != Some(&answer.gold)
        })
    };
    let others: BTreeSet<&str> =
        answers.iter().filter(is_other).map(|answer| answer.id.as_str()).collect();
    if others.is_empty() {
        return Ok(());
    }
    let message = format!(
        "\"{}\" has answers to questions with other words or another known answer: {}",
        file.display(),
        others.into_iter().collect::<Vec<_>>().join(", ")
    );
    let hint = "take their lines out, or name another file with --results";
    Err(Failure { hint: Some(hint.to_owned()), ..failed(&message) })
}

#[cfg(test)]
mod tests {
    use super::super::arm::matrix;
    use super::super::class::Class;
    use super::super::fixture::answer;
    use super::*;

    fn asked_with(arm: &str, model: Option<&str>, sha256: Option<&str>) -> AskedWith {
        let served = Served {
            extension: Some("0.1.0".into()),
            model: model.map(str::to_owned),
            model_sha256: sha256.map(str::to_owned),
        };
        AskedWith::of(&matrix(&[arm.to_owned()], &[]).unwrap()[0], served)
    }

    fn refusal(before: &AskedWith, now: &AskedWith) -> Option<Failure> {
        let said = Answer { asked_with: Some(before.clone()), ..answer("a", "1", Class::Right) };
        let answers = [said, answer("a", "2", Class::Right)];
        require_same(Path::new("r.jsonl"), "a", &answers, now).err()
    }

    #[test]
    fn another_setting_is_named() {
        let before = asked_with("a:x.one=1;x.two=2;x.four=4", None, None);
        let now = asked_with("a:x.three=3;x.two=5;x.four=4", None, None);
        let failure = refusal(&before, &now).unwrap();
        assert_eq!(
            failure.message,
            "\"r.jsonl\" has answers of the arm \"a\" that were asked otherwise: \
             x.one was \"1\" and is not set, x.three was not set and is \"3\", \
             x.two was \"2\" and is \"5\""
        );
        assert!(failure.hint.unwrap().contains("--results"));
    }

    #[test]
    fn the_order_of_settings_says_nothing() {
        let before = asked_with("a:x.one=1;x.two=2", None, None);
        assert_eq!(refusal(&before, &asked_with("a:x.two=2;x.one=1", None, None)), None);
        // As for the server, the last value holds.
        assert_eq!(refusal(&before, &asked_with("a:x.two=9;x.one=1;x.two=2", None, None)), None);
    }

    #[test]
    fn another_model_is_named_where_both_are_known() {
        let before = asked_with("a", Some("small"), Some("0123"));
        let told = |now: &AskedWith| refusal(&before, now).map(|failure| failure.message);
        let told_of = |model, sha256| told(&asked_with("a", Some(model), Some(sha256)));
        assert!(told_of("large", "0123").unwrap().ends_with("was \"small\" and is \"large\""));
        assert!(told_of("small", "4567").unwrap().contains("sha256 of the model's file"));
        assert_eq!(told(&asked_with("a", None, None)), None, "a server that loads it");
        assert_eq!(told(&before), None);
        let other = AskedWith { extension: Some("0.2.0".into()), ..before.clone() };
        assert!(told(&other).unwrap().contains("the extension's version"));
    }

    #[test]
    fn of_an_arm_that_names_its_model_the_servers_is_not_kept() {
        let named = asked_with("a:text2sql.model=small", Some("m"), Some("0123"));
        assert_eq!((named.model, named.model_sha256), (None, None));
        assert_eq!(named.settings["text2sql.model"], "small");
    }

    #[test]
    fn answers_that_say_nothing_and_those_of_others_are_no_reason() {
        let now = asked_with("a:x.one=1", Some("m"), None);
        let other =
            Answer { asked_with: Some(AskedWith::default()), ..answer("b", "1", Class::Right) };
        let old = answer("a", "1", Class::Right);
        assert_eq!(require_same(Path::new("r.jsonl"), "a", &[other, old], &now), Ok(()));
    }

    #[test]
    fn a_question_that_was_changed_is_named() {
        let question = |id: &str, text: &str, gold: &str| Question {
            id: id.into(),
            db: "d".into(),
            schema: None,
            text: text.into(),
            golds: vec![gold.into()],
            ordered: false,
            difficulty: String::new(),
        };
        let suite = [
            question("same", "How many?", "SELECT 1"),
            question("words", "How few?", "SELECT 1"),
            question("gold", "How many?", "SELECT 2"),
        ];
        let ids = ["same", "words", "gold", "gone"];
        let answers = ids.map(|id| answer("a", id, Class::Right));
        let file = Path::new("r.jsonl");
        let failure = require_same_questions(file, &answers, suite.iter()).unwrap_err();
        assert!(failure.message.ends_with(": gold, words"), "{}", failure.message);
        assert_eq!(require_same_questions(file, &answers[..1], suite.iter()), Ok(()));
    }
}
