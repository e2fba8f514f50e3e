//! What a run says: a table for each set of settings, and whether they differ.
//!
//! Owns the layout. Pure. Called by [`super`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::ask::{Answer, Verdict};
use super::stats::{interval, mcnemar, percentile};

const VERDICTS: [(Verdict, &str); 7] = [
    (Verdict::Right, "right"),
    (Verdict::WrongRows, "wrong rows"),
    (Verdict::RunError, "fails when run"),
    (Verdict::NoStatement, "no valid statement"),
    (Verdict::Refused, "refused by the guard"),
    (Verdict::Timeout, "out of time"),
    (Verdict::AskedBack, "asked back"),
];

/// The report in Markdown. `arms` are in the order in which they were given.
pub fn markdown(arms: &[String], answers: &[Answer]) -> String {
    let mut text = String::new();
    let of = |arm: &str| -> Vec<&Answer> { answers.iter().filter(|a| a.arm == arm).collect() };
    let row = |text: &mut String, name: &str, cell: &dyn Fn(&[&Answer]) -> String| {
        let _ = write!(text, "| {name} |");
        for arm in arms {
            let _ = write!(text, " {} |", cell(&of(arm)));
        }
        text.push('\n');
    };
    let _ = writeln!(text, "| | {} |", arms.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(arms.len()));
    row(&mut text, "questions", &|all| all.len().to_string());
    for (verdict, name) in VERDICTS {
        row(&mut text, name, &|all| share(all, |a| a.verdict == verdict));
    }
    row(&mut text, "right, 95 % interval", &|all| {
        let (low, high) = interval(right(all), all.len());
        format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high)
    });
    let levels: BTreeSet<&str> = answers.iter().map(|a| a.difficulty.as_str()).collect();
    for level in levels.into_iter().filter(|level| !level.is_empty()) {
        row(&mut text, &format!("right of {level}"), &|all| {
            let of_level: Vec<&Answer> =
                all.iter().filter(|a| a.difficulty == level).copied().collect();
            share(&of_level, |a| a.verdict == Verdict::Right)
        });
    }
    for (name, part) in [("median seconds", 0.5), ("95 % within seconds", 0.95)] {
        row(&mut text, name, &|all| {
            let mut times: Vec<f64> = all.iter().map(|a| a.ms / 1e3).collect();
            times.sort_unstable_by(f64::total_cmp);
            format!("{:.2}", percentile(&times, part))
        });
    }
    row(&mut text, "needed a repair", &|all| share(all, |a| a.attempts > 1));
    row(&mut text, "tokens written, mean", &|all| {
        let sum: f64 = all.iter().map(|a| f64::from(a.generated_tokens)).sum();
        format!("{:.0}", sum / all.len().max(1) as f64)
    });
    if let Some((first, others)) = arms.split_first() {
        for other in others {
            let _ = writeln!(text, "\n{}", difference(first, other, answers));
        }
    }
    text
}

/// Two arms on the questions that both were asked.
fn difference(first: &str, second: &str, answers: &[Answer]) -> String {
    let verdicts = |arm: &str| -> BTreeMap<&str, bool> {
        let of_arm = answers.iter().filter(|answer| answer.arm == arm);
        of_arm.map(|a| (a.id.as_str(), a.verdict == Verdict::Right)).collect()
    };
    let (ours, theirs) = (verdicts(first), verdicts(second));
    let count = |wanted: (bool, bool)| {
        ours.iter()
            .filter(|(id, ok)| theirs.get(*id).map(|other| (**ok, *other)) == Some(wanted))
            .count()
    };
    let (only_first, only_second) = (count((true, false)), count((false, true)));
    format!(
        "{first} alone has {only_first} right, {second} alone {only_second}: \
         p = {:.3} (McNemar, exact).",
        mcnemar(only_first, only_second)
    )
}

/// Questions that `before` had right and `now` has not, by arm: names, sorted.
pub fn lost(before: &[Answer], now: &[Answer]) -> Vec<String> {
    let was_right: BTreeSet<(&str, &str)> = before
        .iter()
        .filter(|answer| answer.verdict == Verdict::Right)
        .map(|answer| (answer.arm.as_str(), answer.id.as_str()))
        .collect();
    let mut lost: Vec<String> = now
        .iter()
        .filter(|a| {
            a.verdict != Verdict::Right && was_right.contains(&(a.arm.as_str(), a.id.as_str()))
        })
        .map(|a| format!("{} {} ({:?})", a.arm, a.id, a.verdict))
        .collect();
    lost.sort_unstable();
    lost
}

fn right(all: &[&Answer]) -> usize {
    all.iter().filter(|answer| answer.verdict == Verdict::Right).count()
}

fn share(all: &[&Answer], which: impl Fn(&Answer) -> bool) -> String {
    let count = all.iter().filter(|answer| which(answer)).count();
    match all.len() {
        0 => "–".to_owned(),
        n => format!("{count} ({:.1} %)", 100.0 * count as f64 / n as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(arm: &str, id: &str, verdict: Verdict) -> Answer {
        Answer {
            arm: arm.into(),
            id: id.into(),
            db: "d".into(),
            difficulty: "easy".into(),
            verdict,
            said: String::new(),
            model: None,
            ms: 1500.0,
            attempts: 1,
            prompt_tokens: 1,
            cached_tokens: 1,
            generated_tokens: 10,
            signals: None,
        }
    }

    #[test]
    fn a_report_counts_each_question_once() {
        let answers = [
            answer("a", "1", Verdict::Right),
            answer("a", "2", Verdict::WrongRows),
            answer("b", "1", Verdict::Right),
            answer("b", "2", Verdict::Right),
        ];
        let text = markdown(&["a".into(), "b".into()], &answers);
        for line in [
            "| | a | b |",
            "| questions | 2 | 2 |",
            "| right | 1 (50.0 %) | 2 (100.0 %) |",
            "| wrong rows | 1 (50.0 %) | 0 (0.0 %) |",
            "| right of easy | 1 (50.0 %) | 2 (100.0 %) |",
            "| median seconds | 1.50 | 1.50 |",
            "a alone has 0 right, b alone 1: p = 1.000 (McNemar, exact).",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_used_to_be_right_is_named() {
        let before = [answer("a", "1", Verdict::Right), answer("a", "2", Verdict::WrongRows)];
        let now = [answer("a", "1", Verdict::NoStatement), answer("a", "2", Verdict::WrongRows)];
        assert_eq!(lost(&before, &now), ["a 1 (NoStatement)"]);
        assert!(lost(&now, &before).is_empty());
    }
}
