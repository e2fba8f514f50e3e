//! `calibrate`: how likely an answer is right, by what is known of how it came about.
//!
//! Reads results files of `eval`, fits the curve of `core::confidence` to some of them and measures it,
//! or the one that is built in, on others. Which questions have no answer in their database is said by
//! which argument a file is given with: whatever is answered to them is wrong. Owns reading and report.
//!
//! | module | owns |
//! |---|---|
//! | [`fit`] | from judged answers to coefficients |
//! | [`measure`] | how good probabilities are |
//! | [`report`] | the table of coefficients, and figures for people |

mod fit;
mod measure;
mod report;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use text2sql_core::confidence::given::{Curves, written};
use text2sql_core::confidence::{ALL, Curve, features};
use text2sql_core::doubt::unrelated;
use text2sql_core::protocol::{Failure, FailureCode};
use text2sql_core::schema::Snapshot;
use text2sql_core::signals::Signals;

use crate::eval::{Answer, Class, read_results};
use fit::{Sample, fit};
use measure::{Measured, Outcome, measure};

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
pub struct Calibrate {
    /// Results to fit to, of one model; without any, the coefficients of the model of each answer are
    /// measured.
    #[arg(long)]
    fit: Vec<PathBuf>,
    /// Results to fit to, of questions that have no answer.
    #[arg(long)]
    fit_unanswerable: Vec<PathBuf>,
    /// Results to measure on, of other databases than those fitted to.
    #[arg(long)]
    check: Vec<PathBuf>,
    /// Results to measure on, of questions that have no answer.
    #[arg(long)]
    check_unanswerable: Vec<PathBuf>,
    /// Only answers under these settings, as `eval` called them. May be given several times.
    #[arg(long = "arm")]
    arms: Vec<String>,
    /// Leave out whether there were rows, which `generate` and `explain` do not know.
    #[arg(long)]
    without_rows: bool,
    /// Folder of snapshots, DB.json each, to tell the questions that have little to do with their
    /// database: they are refused before a statement is written.
    #[arg(long)]
    snapshots: Option<PathBuf>,
    /// File of what `text2sql.confidence_curves` is, to measure that rather than only what is built in.
    #[arg(long)]
    curves: Option<PathBuf>,
    /// How much coefficients are drawn to 0.
    #[arg(long, default_value_t = 1.0)]
    ridge: f64,
    /// Print the coefficients as source text too, with this said of them: where they are from.
    #[arg(long)]
    note: Option<String>,
    /// Write the figures there, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// An answer that was judged.
struct Judged {
    model: Option<String>,
    is_unrelated: bool,
    signals: Option<Signals>,
    is_right: bool,
    is_answerable: bool,
}

/// Everything that is found out.
#[derive(Debug, Serialize)]
struct Found {
    /// Features with mean, scale and coefficient, where they were fitted.
    features: Vec<(&'static str, f64, f64, f64)>,
    intercept: Option<f64>,
    /// Of what was fitted to.
    fitted: Option<Measured>,
    /// Of what was not.
    checked: Option<Measured>,
}

impl Calibrate {
    /// Fits, measures and reports.
    pub fn run(&self) -> Result<(), Failure> {
        let train = self.judged(&self.fit, &self.fit_unanswerable)?;
        let test = self.judged(&self.check, &self.check_unanswerable)?;
        let model = one_model(&train)?;
        let known = self.known()?;
        let new = if train.is_empty() {
            None
        } else {
            let samples: Vec<Sample> = train.iter().filter_map(sample).collect();
            let fitted = fit(&samples, self.ridge);
            Some(fitted.ok_or_else(|| failed("there must be right and wrong answers to fit to"))?)
        };
        let measured = |judged: &[Judged]| {
            let outcome = |one| outcome(one, new.as_ref(), &known);
            let outcomes: Vec<Outcome> = judged.iter().map(outcome).collect();
            (!outcomes.is_empty()).then(|| measure(&outcomes))
        };
        let found = Found {
            features: ALL
                .iter()
                .zip(new.iter().flat_map(|curve| &curve.terms))
                .map(|(feature, term)| (feature.name, term.mean, term.scale, term.coefficient))
                .collect(),
            intercept: new.as_ref().map(|curve| curve.intercept),
            fitted: measured(&train),
            checked: measured(&test),
        };
        if let Some(curve) = &new {
            let model = model.unwrap_or_default();
            println!("For text2sql.confidence_curves:\n{}\n", written(model, curve));
            if let Some(note) = &self.note {
                println!("{}", report::table(curve, model, note));
            }
        }
        for (title, measured) in
            [("Fitted to", &found.fitted), ("Measured on others", &found.checked)]
        {
            if let Some(measured) = measured {
                println!("{}", report::figures(title, measured));
            }
        }
        let Some(path) = &self.json else { return Ok(()) };
        let text =
            serde_json::to_string_pretty(&found).map_err(|error| failed(&error.to_string()))?;
        fs::write(path, text + "\n")
            .map_err(|error| failed(&format!("\"{}\": {error}", path.display())))
    }

    /// What is fitted already.
    fn known(&self) -> Result<Curves, Failure> {
        let Some(path) = &self.curves else { return Ok(Curves::default()) };
        let in_file = |error: &dyn Display| failed(&format!("\"{}\": {error}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| in_file(&error))?;
        Curves::parse(&text).map_err(|error| in_file(&error))
    }

    fn judged(&self, answerable: &[PathBuf], not: &[PathBuf]) -> Result<Vec<Judged>, Failure> {
        let mut all = Vec::new();
        let mut snapshots = BTreeMap::new();
        for (files, is_answerable) in [(answerable, true), (not, false)] {
            for file in files {
                for answer in answers(file)? {
                    let is_wanted = self.arms.is_empty() || self.arms.contains(&answer.arm);
                    if is_wanted && answer.class != Class::GoldError {
                        let is_unrelated = self.is_unrelated(&answer, &mut snapshots)?;
                        all.push(self.judge(&answer, is_answerable, is_unrelated));
                    }
                }
            }
        }
        Ok(all)
    }

    /// Rows like those of the known answer are no merit where there is none.
    fn judge(&self, answer: &Answer, is_answerable: bool, is_unrelated: bool) -> Judged {
        let signals = answer.signals.map(|signals| Signals {
            empty: signals.empty.filter(|_| !self.without_rows),
            ..signals
        });
        let is_right = is_answerable && answer.class == Class::Right;
        Judged { model: answer.model.clone(), is_unrelated, signals, is_right, is_answerable }
    }

    /// Whether the question would be refused unasked; false where there are no snapshots.
    fn is_unrelated(
        &self,
        answer: &Answer,
        snapshots: &mut BTreeMap<String, Snapshot>,
    ) -> Result<bool, Failure> {
        let Some(folder) = &self.snapshots else { return Ok(false) };
        if !snapshots.contains_key(&answer.db) {
            let path = folder.join(format!("{}.json", answer.db));
            let in_file = |error: &dyn Display| failed(&format!("\"{}\": {error}", path.display()));
            let text = fs::read_to_string(&path).map_err(|error| in_file(&error))?;
            let snapshot = Snapshot::parse(&text).map_err(|error| in_file(&error))?;
            snapshots.insert(answer.db.clone(), snapshot);
        }
        let snapshot = snapshots.get(&answer.db);
        Ok(snapshot.is_some_and(|snapshot| unrelated(snapshot, &answer.question).is_some()))
    }
}

/// The answers of a file, which must be there.
fn answers(file: &Path) -> Result<Vec<Answer>, Failure> {
    match read_results(file)? {
        answers if answers.is_empty() => {
            Err(failed(&format!("\"{}\" has no answers", file.display())))
        }
        answers => Ok(answers),
    }
}

fn sample(judged: &Judged) -> Option<Sample> {
    let signals = judged.signals.filter(|signals| signals.surprisal.is_some())?;
    Some(Sample { features: features(&signals), is_right: judged.is_right })
}

/// The model that gave all of them.
fn one_model(judged: &[Judged]) -> Result<Option<&str>, Failure> {
    let mut models = judged.iter().filter_map(|one| one.model.as_deref());
    let first = models.next();
    match models.find(|other| Some(*other) != first) {
        None => Ok(first),
        Some(other) => Err(failed(&format!(
            "the answers to fit to are of two models, \"{}\" and \"{other}\"",
            first.unwrap_or_default()
        ))),
    }
}

/// By what was fitted just now, if it was, else by what is known for the model.
fn outcome(judged: &Judged, new: Option<&Curve>, known: &Curves) -> Outcome {
    let curve = new.unwrap_or_else(|| known.of(judged.model.as_deref()));
    Outcome {
        is_unrelated: judged.is_unrelated,
        confidence: sample(judged).map(|sample| curve.at(&sample.features)),
        is_right: judged.is_right,
        is_answerable: judged.is_answerable,
    }
}

fn failed(message: &str) -> Failure {
    Failure { code: FailureCode::Internal, message: message.to_owned(), detail: None, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::fixture::answer;

    fn calibrate(folder: &Path) -> Calibrate {
        let at = |name: &str| vec![folder.join(name)];
        Calibrate {
            fit: at("train.jsonl"),
            fit_unanswerable: at("cross.jsonl"),
            check: at("train.jsonl"),
            check_unanswerable: at("cross.jsonl"),
            arms: Vec::new(),
            without_rows: false,
            snapshots: None,
            curves: None,
            ridge: 1.0,
            note: None,
            json: Some(folder.join("figures.json")),
        }
    }

    /// A results file as `eval` writes it: a line for each answer.
    fn write(path: &Path, answers: &[Answer]) {
        let lines = answers.iter().map(|answer| serde_json::to_string(answer).unwrap() + "\n");
        fs::write(path, lines.collect::<String>()).unwrap();
    }

    fn answered(n: u32, class: Class, surprisal: Option<f64>) -> Answer {
        let signals = Signals { surprisal, empty: Some(false), tokens: 9, ..Signals::default() };
        Answer { signals: Some(signals), ..answer("a", &n.to_string(), class) }
    }

    #[test]
    fn results_of_eval_become_figures() {
        let folder = tempfile::tempdir().unwrap();
        let mut train: Vec<Answer> = (0..60)
            .map(|n| {
                let class = if n % 3 == 0 { Class::Filter } else { Class::Right };
                answered(n, class, Some(if n % 3 == 0 { 0.5 } else { 0.02 } + f64::from(n) / 1e3))
            })
            .collect();
        train.push(answered(90, Class::GoldError, Some(0.1)));
        train.push(Answer { signals: None, ..answered(91, Class::Error, None) });
        train.push(answered(92, Class::Right, None));
        write(&folder.path().join("train.jsonl"), &train);
        // Right rows are none where there is no answer.
        let mut cross: Vec<Answer> =
            (0..20).map(|n| answered(n, Class::Right, Some(0.6 + f64::from(n) / 1e3))).collect();
        cross[7].question = "How is the weather tomorrow?".into();
        write(&folder.path().join("cross.jsonl"), &cross);
        // Nothing is readable, so what has words enough has nothing to do with it.
        let questions = folder.path().join("d.json");
        fs::write(questions, r#"{"relations": [], "foreign_keys": []}"#).unwrap();
        let snapshots = Some(folder.path().to_owned());
        Calibrate { snapshots, ..calibrate(folder.path()) }.run().unwrap();
        let figures = fs::read_to_string(folder.path().join("figures.json")).unwrap();
        let figures: serde_json::Value = serde_json::from_str(&figures).unwrap();
        let checked = &figures["checked"];
        assert_eq!(checked["statements"], 80);
        assert_eq!(checked["right"], 40);
        assert_eq!(checked["without"], 2);
        assert_eq!(checked["unrelated"], serde_json::json!([[1, 20], [0, 62]]));
        assert_eq!(checked["area"], 1.0);
        let half = &checked["thresholds"][9];
        assert_eq!((&half["least"], &half["precision"]), (&0.5.into(), &1.0.into()));
        assert_eq!(half["unanswerable"], serde_json::json!([20, 20]));
        assert!(figures["features"][0][3].as_f64().unwrap() < -1.0, "{figures}");
    }

    #[test]
    fn a_curve_is_fitted_to_one_model() {
        let folder = tempfile::tempdir().unwrap();
        let of = |n, model: &str| Answer {
            model: Some(model.to_owned()),
            ..answered(n, if n % 2 == 0 { Class::Right } else { Class::Filter }, Some(0.1))
        };
        let mut all: Vec<Answer> = (0..8).map(|n| of(n, "one")).collect();
        write(&folder.path().join("train.jsonl"), &all);
        let only = || Calibrate {
            fit_unanswerable: Vec::new(),
            check_unanswerable: Vec::new(),
            ..calibrate(folder.path())
        };
        only().run().unwrap();
        all.push(of(9, "two"));
        write(&folder.path().join("train.jsonl"), &all);
        let refused = only().run().unwrap_err().message;
        assert_eq!(refused, "the answers to fit to are of two models, \"one\" and \"two\"");
    }

    #[test]
    fn what_is_built_in_is_measured_with_the_curve_of_each_model() {
        let with = |model: &str, known: &Curves| {
            let answer =
                Answer { model: Some(model.to_owned()), ..answered(1, Class::Right, Some(0.1)) };
            let judged = calibrate(Path::new("")).judge(&answer, true, false);
            outcome(&judged, None, known).confidence.unwrap()
        };
        let of = |model: &str| with(model, &Curves::default());
        let adapted = "Qwen2.5 Coder 0.5B Instruct for text2sql";
        assert_eq!(of("another"), of("Qwen2.5 Coder 1.5B Instruct GGUF"));
        assert!((of(adapted) - of("another")).abs() > 0.01);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("curves.json");
        let of_file =
            || Calibrate { curves: Some(path.clone()), ..calibrate(Path::new("")) }.known();
        assert!(of_file().is_err());
        fs::write(&path, r#"[{"model": "another", "intercept": 0, "terms": {}}]"#).unwrap();
        assert_eq!(with("another", &of_file().unwrap()), 0.5);
        fs::write(&path, "[{}]").unwrap();
        assert!(of_file().unwrap_err().message.contains("curves.json"));
    }

    #[test]
    fn only_the_arms_that_are_named_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.jsonl");
        let other = Answer { arm: "b".into(), ..answered(1, Class::Right, Some(0.1)) };
        write(&path, &[answered(1, Class::Right, Some(0.1)), other]);
        let mut calibrate = calibrate(folder.path());
        calibrate.arms = vec!["b".into()];
        assert_eq!(calibrate.judged(&[path], &[]).unwrap().len(), 1);
        assert!(calibrate.judged(&[folder.path().join("none")], &[]).is_err());
    }
}
