//! The table of coefficients as Rust, and figures as text.
//!
//! Owns their layout; computes nothing. Called by [`super`].

use text2sql_core::confidence::{ALL, Curve};

use super::measure::Measured;

/// The source text of a model's curve in `core::confidence::fitted`.
pub fn table(curve: &Curve, model: &str, note: &str) -> String {
    let terms = curve.terms.iter().zip(ALL).map(|(term, feature)| {
        format!(
            "                // {}\n                \
             Term {{ mean: {:.4}, scale: {:.4}, coefficient: {:.4} }},\n",
            feature.name,
            // No sign on a zero.
            term.mean + 0.0,
            term.scale,
            term.coefficient + 0.0
        )
    });
    format!(
        "    // {note}\n    (\n        {model:?},\n        Curve {{\n            intercept: {:.4},\n            \
         terms: [\n{}            ],\n        }},\n    ),\n",
        curve.intercept,
        terms.collect::<String>()
    )
}

/// Figures for people.
pub fn figures(title: &str, measured: &Measured) -> String {
    let Measured { statements, right, without, unrelated: [(none, no), (some, yes)], .. } =
        measured;
    let mut text = format!(
        "{title}: {statements} statements, {right} right; {without} questions without\n\
         Refused unasked: {none} of {no} unanswerable, {some} of {yes} answerable\n"
    );
    if *statements == 0 {
        return text;
    }
    text.push_str(&format!(
        "Brier score {:.4} (always the share of right ones: {:.4}), calibration error {:.4}, area {}\n\n\
         confidence     statements  mean   right\n",
        measured.brier,
        measured.brier_of_share,
        measured.calibration_error,
        measured.area.map_or("-".to_owned(), |area| format!("{area:.3}")),
    ));
    for bin in &measured.bins {
        text.push_str(&format!(
            "               {:>10}  {:.3}  {:.3}\n",
            bin.statements, bin.confidence, bin.right
        ));
    }
    text.push_str("\nthreshold  precision  refused: unanswerable   answerable   right ones\n");
    for at in &measured.thresholds {
        let share = |(refused, of): (usize, usize)| {
            format!("{refused:>4}/{of:<4} {:>3.0} %", refused as f64 * 100.0 / of.max(1) as f64)
        };
        text.push_str(&format!(
            "{:>9.2}  {:>9}  {:>21}  {}  {}\n",
            at.least,
            at.precision.map_or("-".to_owned(), |p| format!("{p:.3}")),
            share(at.unanswerable),
            share(at.answerable),
            share(at.right)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use text2sql_core::confidence::{FEATURES, Term};

    use super::super::measure::{Outcome, measure};
    use super::*;

    #[test]
    fn the_table_is_what_the_source_has() {
        let term = Term { mean: 0.25, scale: 0.5, coefficient: -0.0 };
        let text = table(&Curve { intercept: 1.5, terms: [term; FEATURES] }, "tiny", "From tests.");
        assert!(
            text.starts_with("    // From tests.\n    (\n        \"tiny\",\n        Curve {\n")
        );
        assert!(text.contains("            intercept: 1.5000,\n"));
        let line = "                Term { mean: 0.2500, scale: 0.5000, coefficient: 0.0000 },\n";
        assert_eq!(text.matches(line).count(), FEATURES);
    }

    #[test]
    fn thresholds_are_told_with_what_they_refuse() {
        let outcome = |confidence, is_right, is_answerable| Outcome {
            is_unrelated: false,
            confidence: Some(confidence),
            is_right,
            is_answerable,
        };
        let measured = measure(&[outcome(0.9, true, true), outcome(0.2, false, false)]);
        let text = figures("Here", &measured);
        assert!(text.starts_with("Here: 2 statements, 1 right; 0 questions without\n"), "{text}");
        assert!(
            text.contains("     0.50      1.000           1/1    100 %     0/1      0 %"),
            "{text}"
        );
    }
}
