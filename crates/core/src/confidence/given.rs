//! Coefficients that an administrator gives for models of his own.
//!
//! Owns the form of `text2sql.confidence_curves`, reading and writing it, and what is refused there: a
//! feature that would push the other way than it may. Called by the extension and `text2sql-cli calibrate`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ALL, Curve, FEATURES, FITTED, Term};

/// Most curves that are given.
pub const MAX_CURVES: usize = 32;

/// What is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CurvesError {
    /// It is no list of curves.
    #[error("it is no list of curves: {0}")]
    Form(String),
    /// There are too many.
    #[error("it has {0} curves, more than {MAX_CURVES}")]
    TooMany(usize),
    /// Two are of one model.
    #[error("it has two curves of the model \"{0}\"")]
    Twice(String),
    /// A feature is none of [`ALL`].
    #[error("\"{feature}\" of the model \"{model}\" is no feature; there are {}", names())]
    Unknown {
        /// The model.
        model: String,
        /// What is written.
        feature: String,
    },
    /// A number cannot be what it is.
    #[error("\"{feature}\" of the model \"{model}\": {why}")]
    Number {
        /// The model.
        model: String,
        /// The feature, or `intercept`.
        feature: String,
        /// Why.
        why: &'static str,
    },
}

fn names() -> String {
    ALL.map(|feature| feature.name).join(", ")
}

/// A curve as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    model: String,
    intercept: f64,
    /// Mean, scale and coefficient of features; those that are missing do not count.
    terms: BTreeMap<String, [f64; 3]>,
}

/// The curves of models: those that are given, and for other models those that are built in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curves {
    given: Vec<(String, Curve)>,
}

impl Curves {
    /// Reads a JSON array of objects with `model` (the name a model has itself), `intercept` and `terms`
    /// (by feature: mean, standard deviation, log odds for each standard deviation).
    ///
    /// # Errors
    /// Where it is something else, or a coefficient pushes the other way than its feature may.
    pub fn parse(text: &str) -> Result<Self, CurvesError> {
        let all: Vec<Written> =
            serde_json::from_str(text).map_err(|error| CurvesError::Form(error.to_string()))?;
        if all.len() > MAX_CURVES {
            return Err(CurvesError::TooMany(all.len()));
        }
        let mut given: Vec<(String, Curve)> = Vec::with_capacity(all.len());
        for written in all {
            if given.iter().any(|(model, _)| *model == written.model) {
                return Err(CurvesError::Twice(written.model));
            }
            let curve = read(&written)?;
            given.push((written.model, curve));
        }
        Ok(Self { given })
    }

    /// The curve of the model of that name; for one that nothing was fitted to, the first that is built in:
    /// that orders its statements, but may be off in what it promises (docs/evaluation/saying-no.md has by how much).
    #[must_use]
    pub fn of(&self, model: Option<&str>) -> &Curve {
        let given = self.given.iter().find(|(name, _)| Some(name.as_str()) == model);
        let built_in = FITTED.iter().find(|(name, _)| Some(*name) == model);
        given.map(|(_, curve)| curve).or(built_in.map(|(_, curve)| curve)).unwrap_or(&FITTED[0].1)
    }
}

fn read(written: &Written) -> Result<Curve, CurvesError> {
    let model = &written.model;
    let number = |feature: &str, why| CurvesError::Number {
        model: model.clone(),
        feature: feature.to_owned(),
        why,
    };
    if !written.intercept.is_finite() {
        return Err(number("intercept", "it is no number"));
    }
    let unused = Term { mean: 0.0, scale: 1.0, coefficient: 0.0 };
    let mut curve = Curve { intercept: written.intercept, terms: [unused; FEATURES] };
    for (name, [mean, scale, coefficient]) in &written.terms {
        let mut all = ALL.iter().zip(&mut curve.terms);
        let Some((feature, term)) = all.find(|(feature, _)| feature.name == name) else {
            return Err(CurvesError::Unknown { model: model.clone(), feature: name.clone() });
        };
        if !(mean.is_finite() && coefficient.is_finite()) {
            return Err(number(name, "it is no number"));
        }
        if !(scale.is_finite() && *scale > 0.0) {
            return Err(number(name, "its standard deviation must be above 0"));
        }
        if feature.speaks_for && *coefficient < 0.0 {
            return Err(number(name, "it may only speak for a statement, so from 0 up"));
        }
        if !feature.speaks_for && *coefficient > 0.0 {
            return Err(number(name, "it may only speak against a statement, so from 0 down"));
        }
        *term = Term { mean: *mean, scale: *scale, coefficient: *coefficient };
    }
    Ok(curve)
}

/// A model's curve as [`Curves::parse`] reads it, in one line, numbers with four digits after the point.
#[must_use]
pub fn written(model: &str, curve: &Curve) -> String {
    // No sign on a zero.
    let rounded = |value: f64| (value * 1e4).round() / 1e4 + 0.0;
    let terms = ALL.iter().zip(&curve.terms).filter(|(_, term)| rounded(term.coefficient) != 0.0);
    let terms = terms.map(|(feature, term)| {
        // A small one is above 0 still.
        let scale = rounded(term.scale).max(1e-4);
        (feature.name.to_owned(), [rounded(term.mean), scale, rounded(term.coefficient)])
    });
    let written = Written {
        model: model.to_owned(),
        intercept: rounded(curve.intercept),
        terms: terms.collect(),
    };
    serde_json::to_string(&[written]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_model_has_the_curve_that_is_given_for_it() {
        let text =
            r#"[{"model": "mine", "intercept": 0.5, "terms": {"surprisal": [0.1, 0.2, -0.3]}}]"#;
        let curves = Curves::parse(text).unwrap();
        let mine = curves.of(Some("mine"));
        assert_eq!(mine.intercept, 0.5);
        assert_eq!(mine.terms[0], Term { mean: 0.1, scale: 0.2, coefficient: -0.3 });
        assert!(mine.terms[1..].iter().all(|term| term.coefficient == 0.0 && term.scale == 1.0));
        assert_eq!(curves.of(Some("another")), &FITTED[0].1);
        assert_eq!(curves.of(None), &FITTED[0].1);
    }

    #[test]
    fn what_is_given_goes_before_what_is_built_in() {
        let (name, fitted) = &FITTED[1];
        let text = format!(r#"[{{"model": "{name}", "intercept": 9, "terms": {{}}}}]"#);
        assert_eq!(Curves::default().of(Some(name)), fitted);
        assert_eq!(Curves::parse(&text).unwrap().of(Some(name)).intercept, 9.0);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let one = |terms: &str| format!(r#"[{{"model": "m", "intercept": 0, "terms": {terms}}}]"#);
        for (text, why) in [
            ("", "no list of curves"),
            ("{}", "no list of curves"),
            (r#"[{"model": "m", "intercept": 0}]"#, "missing field `terms`"),
            (r#"[{"model": "m", "intercept": 0, "terms": {}, "arm": 1}]"#, "unknown field `arm`"),
            (r#"[{"model": "m", "intercept": 1e999, "terms": {}}]"#, "number out of range"),
            (
                &one(r#"{"luck": [0, 1, 0]}"#),
                "\"luck\" of the model \"m\" is no feature; there are surprisal, ",
            ),
            (&one(r#"{"surprisal": [0, 0, -1]}"#), "must be above 0"),
            (&one(r#"{"surprisal": [0, -1, -1]}"#), "must be above 0"),
            (&one(r#"{"surprisal": [0, 1, 1]}"#), "only speak against"),
            (&one(r#"{"covered": [0, 1, -1]}"#), "only speak for"),
            (&one(r#"{"covered": [0, 1]}"#), "no list of curves"),
        ] {
            let error = Curves::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let one = r#"{"model": "m", "intercept": 0, "terms": {}}"#;
        let twice = Curves::parse(&format!("[{one}, {one}]"));
        assert_eq!(twice, Err(CurvesError::Twice("m".to_owned())));
        let many = vec![one; MAX_CURVES + 1].join(",");
        assert_eq!(Curves::parse(&format!("[{many}]")), Err(CurvesError::TooMany(MAX_CURVES + 1)));
    }

    #[test]
    fn what_is_built_in_can_be_written_and_read() {
        for (name, fitted) in &FITTED {
            let curves = Curves::parse(&written(name, fitted)).unwrap();
            let read = curves.of(Some(name));
            assert_eq!(read.intercept, fitted.intercept);
            for (read, term) in read.terms.iter().zip(&fitted.terms) {
                assert_eq!(read.coefficient, term.coefficient);
                assert!(term.coefficient == 0.0 || read == term);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Curves::parse(&text);
        }
    }
}
