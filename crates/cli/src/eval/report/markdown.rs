//! The report as Markdown tables, one column for each arm.
//!
//! Owns the layout. Pure. Called by [`super`].

use std::fmt::Write as _;

use super::super::class::Class;
use super::super::comparison::Comparison;
use super::super::tally::{ArmTally, Tally};
use super::{difference, percent, share};

/// The whole report.
pub fn render(tally: &Tally) -> String {
    let mut table = Table { text: String::new(), arms: &tally.arms };
    let names: Vec<String> = tally.arms.iter().map(|arm| cell(&arm.name)).collect();
    let _ = writeln!(table.text, "| | {} |", names.join(" | "));
    let _ = writeln!(table.text, "|---|{}", "---|".repeat(names.len()));
    table.row("questions", |arm| arm.questions.to_string());
    table.row("right", |arm| format!("**{}**", share(arm.right, arm.questions)));
    table.row("right, 95 % interval", |arm| {
        let (low, high) = arm.interval;
        format!("{:.1} to {:.1} %", 100.0 * low, 100.0 * high)
    });
    table.row("same parts as a known statement", |arm| share(arm.exact, arm.questions));
    table.row("wrong rows, all kinds", |arm| share(arm.wrong_rows(), arm.questions));
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Right) {
        if tally.arms.iter().any(|arm| arm.of_class(class) > 0) {
            table.row(class.name(), |arm| share(arm.of_class(class), arm.questions));
        }
    }
    breakdowns(&mut table);
    table.row("seconds, median", |arm| format!("{:.2}", arm.seconds.p50));
    table.row("seconds, 95 % within", |arm| format!("{:.2}", arm.seconds.p95));
    table.row("tokens of a prompt, mean", |arm| format!("{:.0}", arm.effort.prompt_tokens));
    table.row("of these cached", |arm| percent(arm.effort.cached_share));
    table.row("questions with cached tokens", |arm| {
        share(arm.effort.cache_hits, arm.effort.answered)
    });
    table.row("tokens written, mean", |arm| format!("{:.0}", arm.effort.generated_tokens));
    table.row("more than one generation", |arm| {
        let more: usize = arm.effort.attempts.range(2..).map(|(_, count)| count).sum();
        share(more, arm.effort.answered)
    });
    let mut text = table.text;
    for comparison in &tally.comparisons {
        let Comparison { first, second, questions, only_first, only_second, p, .. } = comparison;
        let _ = writeln!(
            text,
            "\nOf {questions} questions, {first} alone has {only_first} right, {second} alone \
             {only_second}: p = {p:.3} (McNemar, exact); {second} less {first}: {}.",
            difference(comparison)
        );
    }
    for arm in &tally.arms {
        clusters(&mut text, arm);
    }
    text
}

struct Table<'a> {
    text: String,
    arms: &'a [ArmTally],
}

impl Table<'_> {
    fn row(&mut self, name: &str, of: impl Fn(&ArmTally) -> String) {
        let _ = write!(self.text, "| {} |", cell(name));
        for arm in self.arms {
            let _ = write!(self.text, " {} |", of(arm));
        }
        self.text.push('\n');
    }
}

/// What an arm has won and lost since the first of two runs.
pub fn since(comparison: &Comparison) -> String {
    let Comparison { first, second, questions, only_first, only_second, p, .. } = comparison;
    format!(
        "{second} since {first}: {questions} questions in common, {only_second} won, {only_first} \
         lost: p = {p:.3} (McNemar, exact); {}",
        difference(comparison)
    )
}

/// Right ones by the properties of questions; databases are in the other reports.
fn breakdowns(table: &mut Table<'_>) {
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for breakdown in table.arms.iter().flat_map(|arm| &arm.breakdowns) {
        for group in &breakdown.groups {
            if breakdown.by != "database" && !rows.contains(&(breakdown.by, &group.name)) {
                rows.push((breakdown.by, &group.name));
            }
        }
    }
    for (by, name) in rows {
        table.row(&format!("right, {by}: {name}"), |arm| {
            let groups = arm.breakdowns.iter().filter(|b| b.by == by).flat_map(|b| &b.groups);
            let group = groups.into_iter().find(|group| group.name == name);
            group.map_or_else(
                || "–".to_owned(),
                |group| format!("{} of {}", share(group.right, group.questions), group.questions),
            )
        });
    }
}

fn clusters(text: &mut String, arm: &ArmTally) {
    if arm.clusters.is_empty() {
        return;
    }
    let _ =
        writeln!(text, "\nFailures of {} by what differs from the known statement:\n", arm.name);
    let _ = writeln!(text, "| failures | missing (−) and extra (+) | questions |\n|---|---|---|");
    for cluster in &arm.clusters {
        let examples = cell(&cluster.examples.join(", "));
        let _ = writeln!(text, "| {} | {} | {examples} |", cluster.size, cluster.signature);
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::super::super::ask::Answer;
    use super::super::super::fixture::answer;
    use super::*;

    #[test]
    fn a_report_has_a_column_for_each_arm() {
        let answers = [
            answer("a", "1", Class::Right),
            answer("a", "2", Class::Filter),
            answer("b", "1", Class::Right),
            Answer { exact: false, ..answer("b", "2", Class::Right) },
        ];
        let text = render(&Tally::of(&["a".into(), "b".into()], &answers));
        for line in [
            "| | a | b |",
            "| questions | 2 | 2 |",
            "| right | **1 (50.0 %)** | **2 (100.0 %)** |",
            "| same parts as a known statement | 1 (50.0 %) | 1 (50.0 %) |",
            "| wrong value or filter | 1 (50.0 %) | 0 (0.0 %) |",
            "| right, difficulty: easy | 1 (50.0 %) of 2 | 2 (100.0 %) of 2 |",
            "| seconds, median | 1.50 | 1.50 |",
            "Of 2 questions, a alone has 0 right, b alone 1: p = 1.000 (McNemar, exact); \
             b less a: +50.0 points (95 % interval −27.3 to +90.5, Newcombe).",
            "| 1 | not understood | 2 |",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("timeout"), "a class without answers takes no row\n{text}");
    }

    #[test]
    fn a_name_cannot_break_the_table() {
        let text = render(&Tally::of(&["a|b\nc".into()], &[answer("a|b\nc", "1", Class::Rows)]));
        assert!(text.starts_with("| | a\\|b c |\n"), "{text}");
    }
}
