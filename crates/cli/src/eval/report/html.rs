//! The report as one HTML file that needs nothing else: no script, no font, no picture from
//! elsewhere.
//!
//! Owns the layout. Questions, statements, names and messages come from suites, models and servers:
//! all text is escaped, and the page forbids itself everything but its own style. Pure. Called by
//! [`super`].

use std::error::Error;
use std::fmt::Write as _;

use super::super::ask::Answer;
use super::super::class::Class;
use super::super::tally::{ArmTally, Breakdown, Tally};
use super::chart::{self, Bar, colour_of_arm, colour_of_class};
use super::{About, percent, points, share};

const STYLE: &str = include_str!("style.css");

/// The whole page.
///
/// # Errors
/// Where a chart cannot be drawn.
pub fn render(about: &About, tally: &Tally, answers: &[Answer]) -> Result<String, Box<dyn Error>> {
    let mut page = String::new();
    let title = escaped(&about.suite);
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main>\n\
         <h1>{title}</h1>\n<p class=\"about\">text2sql {}, {}, {} processors here</p>\n",
        escaped(&about.version),
        escaped(&about.date),
        about.processors,
    );
    legend_of_arms(&mut page, about, tally);
    overview(&mut page, tally)?;
    classes(&mut page, tally)?;
    breakdowns(&mut page, tally)?;
    effort(&mut page, tally, answers)?;
    comparisons(&mut page, tally);
    tally.arms.iter().for_each(|arm| clusters(&mut page, arm));
    failures(&mut page, tally, answers);
    page.push_str("</main></body></html>\n");
    Ok(page)
}

fn legend_of_arms(page: &mut String, about: &About, tally: &Tally) {
    page.push_str("<ul class=\"arms\">\n");
    for (at, arm) in tally.arms.iter().enumerate() {
        let settings = about.settings.get(at).map_or("", String::as_str);
        let models: Vec<&str> = arm.models.iter().map(String::as_str).collect();
        let _ = writeln!(
            page,
            "<li><i style=\"background:{}\"></i><b>{}</b> {} <code>{}</code></li>",
            colour_of_arm(at),
            escaped(&arm.name),
            escaped(&models.join(", ")),
            escaped(settings)
        );
    }
    page.push_str("</ul>\n");
}

fn overview(page: &mut String, tally: &Tally) -> Result<(), Box<dyn Error>> {
    let bar = |(at, arm): (usize, &ArmTally)| Bar {
        name: arm.name.clone(),
        percent: 100.0 * arm.right as f64 / arm.questions.max(1) as f64,
        interval: Some((100.0 * arm.interval.0, 100.0 * arm.interval.1)),
        figure: share(arm.right, arm.questions),
        arm: at,
    };
    let bars: Vec<Bar> = tally.arms.iter().enumerate().map(bar).collect();
    let _ = write!(
        page,
        "<h2>Right answers</h2>\n<p>Share of questions with the rows of a known answer, with its \
         95 % interval (Wilson).</p>\n<figure>{}</figure>\n",
        chart::bars(&bars)?
    );
    let mut table = Table::of(page, tally);
    table.row("questions", |arm| arm.questions.to_string());
    table.row("right", |arm| share(arm.right, arm.questions));
    table.row("same parts as a known statement", |arm| share(arm.exact, arm.questions));
    table.row("wrong rows, all kinds", |arm| share(arm.wrong_rows(), arm.questions));
    table.end();
    Ok(())
}

fn classes(page: &mut String, tally: &Tally) -> Result<(), Box<dyn Error>> {
    let _ = write!(
        page,
        "<h2>What became of the questions</h2>\n<figure>{}</figure>\n<ul class=\"legend\">",
        chart::classes(&tally.arms)?
    );
    let some: Vec<Class> = Class::ALL
        .into_iter()
        .filter(|class| tally.arms.iter().any(|arm| arm.of_class(*class) > 0))
        .collect();
    for class in &some {
        let _ = write!(
            page,
            "<li><i style=\"background:{}\"></i>{}</li>",
            colour_of_class(*class),
            class.name()
        );
    }
    page.push_str("</ul>\n");
    let mut table = Table::of(page, tally);
    for class in some {
        table.row(class.name(), |arm| share(arm.of_class(class), arm.questions));
    }
    table.end();
    Ok(())
}

fn breakdowns(page: &mut String, tally: &Tally) -> Result<(), Box<dyn Error>> {
    let mut kinds: Vec<&str> = Vec::new();
    for breakdown in tally.arms.iter().flat_map(|arm| &arm.breakdowns) {
        if !kinds.contains(&breakdown.by) {
            kinds.push(breakdown.by);
        }
    }
    for by in kinds {
        let of = |arm: &ArmTally| -> Vec<(String, usize, usize)> {
            let of_kind = |breakdown: &&Breakdown| breakdown.by == by;
            let groups = arm.breakdowns.iter().filter(of_kind).flat_map(|b| &b.groups);
            groups.map(|group| (group.name.clone(), group.right, group.questions)).collect()
        };
        let mut names: Vec<String> = Vec::new();
        for (name, ..) in tally.arms.iter().flat_map(of) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut bars = Vec::new();
        for name in names {
            let mut shown = name.clone();
            for (at, arm) in tally.arms.iter().enumerate() {
                let group = of(arm).into_iter().find(|(of, ..)| *of == name);
                let (_, right, questions) = group.unwrap_or_default();
                bars.push(Bar {
                    name: std::mem::take(&mut shown),
                    percent: 100.0 * right as f64 / questions.max(1) as f64,
                    interval: None,
                    figure: format!("{right} of {questions}"),
                    arm: at,
                });
            }
        }
        let chart = chart::bars(&bars)?;
        let _ = writeln!(page, "<h2>Right, by {}</h2>\n<figure>{chart}</figure>", escaped(by));
    }
    Ok(())
}

fn effort(page: &mut String, tally: &Tally, answers: &[Answer]) -> Result<(), Box<dyn Error>> {
    let seconds = |arm: &ArmTally| -> Vec<f64> {
        let of_arm = answers.iter().filter(|a| a.arm == arm.name && a.class != Class::GoldError);
        let mut seconds: Vec<f64> = of_arm.map(|a| a.ms / 1e3).collect();
        seconds.sort_unstable_by(f64::total_cmp);
        seconds
    };
    let seconds: Vec<Vec<f64>> = tally.arms.iter().map(seconds).collect();
    let _ = write!(
        page,
        "<h2>Time and tokens</h2>\n<p>Share of questions whose statement was there within a \
         time.</p>\n<figure>{}</figure>\n",
        chart::times(&seconds)?
    );
    let mut table = Table::of(page, tally);
    table.row("seconds, median", |arm| format!("{:.2}", arm.seconds.p50));
    table.row("seconds, 95 % within", |arm| format!("{:.2}", arm.seconds.p95));
    table.row("seconds, slowest", |arm| format!("{:.2}", arm.seconds.max));
    table.row("tokens of a prompt, mean", |arm| format!("{:.0}", arm.effort.prompt_tokens));
    table.row("of these cached", |arm| percent(arm.effort.cached_share));
    table.row("questions with cached tokens", |arm| {
        share(arm.effort.cache_hits, arm.effort.answered)
    });
    table.row("tokens written, mean", |arm| format!("{:.0}", arm.effort.generated_tokens));
    table.row("generations", |arm| {
        let each = arm.effort.attempts.iter().map(|(n, count)| format!("{n}: {count}"));
        each.collect::<Vec<_>>().join(", ")
    });
    table.end();
    Ok(())
}

fn comparisons(page: &mut String, tally: &Tally) {
    if tally.comparisons.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Is there a difference?</h2>\n<p>On the questions that both were asked: the exact test of \
         McNemar, and how many percentage points more the second has right, with the 95 % interval \
         (Newcombe).</p>\n<div class=\"scroll\"><table><tr><th>first<th>second<th>questions<th>right in \
         the first alone<th>right in the second alone<th>p<th>points more<th>interval</tr>\n",
    );
    for comparison in &tally.comparisons {
        let (low, high) = comparison.interval;
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.3}<td>{}<td>{} to {}</tr>",
            escaped(&comparison.first),
            escaped(&comparison.second),
            comparison.questions,
            comparison.only_first,
            comparison.only_second,
            comparison.p,
            points(comparison.difference),
            points(low),
            points(high)
        );
    }
    page.push_str("</table></div>\n");
}

fn clusters(page: &mut String, arm: &ArmTally) {
    if arm.clusters.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<h2>Failures of {} that are alike</h2>\n<p>By the parts in which the statement differs from \
         the known one: what is missing (−), what is extra (+).</p>\n<div class=\"scroll\"><table>\
         <tr><th>failures<th>parts<th>classes<th>questions</tr>\n",
        escaped(&arm.name)
    );
    for cluster in &arm.clusters {
        let classes: Vec<String> =
            cluster.classes.iter().map(|(class, n)| format!("{} {n}", class.name())).collect();
        let _ = writeln!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{}</tr>",
            cluster.size,
            escaped(&cluster.signature),
            escaped(&classes.join(", ")),
            escaped(&cluster.examples.join(", "))
        );
    }
    page.push_str("</table></div>\n");
}

fn failures(page: &mut String, tally: &Tally, answers: &[Answer]) {
    for arm in &tally.arms {
        let mut failed: Vec<&Answer> =
            answers.iter().filter(|a| a.arm == arm.name && a.class != Class::Right).collect();
        if failed.is_empty() {
            continue;
        }
        failed.sort_by_key(|a| (a.class, &a.id));
        let _ = writeln!(page, "<h2>Every failure of {}</h2>", escaped(&arm.name));
        failed.into_iter().for_each(|answer| failure(page, answer));
    }
}

fn failure(page: &mut String, answer: &Answer) {
    let _ = writeln!(
        page,
        "<details><summary><i style=\"background:{}\"></i>{} <small>{}, {}</small> {}</summary>",
        colour_of_class(answer.class),
        answer.class.name(),
        escaped(&answer.id),
        escaped(&answer.db),
        escaped(&answer.question)
    );
    let mut part = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = write!(page, "<h4>{name}</h4><pre>{}</pre>", escaped(text));
        }
    };
    part("known", &answer.gold);
    part("written", answer.sql.as_deref().unwrap_or_default());
    part("error", answer.message.as_deref().unwrap_or_default());
    let lines = answer.differences.iter().flat_map(|difference| {
        let name = difference.part.name();
        let missing = difference.missing.iter().map(move |what| format!("− {name}: {what}"));
        missing.chain(difference.extra.iter().map(move |what| format!("+ {name}: {what}")))
    });
    part("difference", &lines.collect::<Vec<_>>().join("\n"));
    page.push_str("</details>\n");
}

/// A table with a column for each arm.
struct Table<'a> {
    page: &'a mut String,
    arms: &'a [ArmTally],
}

impl<'a> Table<'a> {
    fn of(page: &'a mut String, tally: &'a Tally) -> Self {
        page.push_str("<div class=\"scroll\"><table class=\"figures\"><tr><th>");
        for arm in &tally.arms {
            let _ = write!(page, "<th>{}", escaped(&arm.name));
        }
        page.push_str("</tr>\n");
        Self { page, arms: &tally.arms }
    }

    fn row(&mut self, name: &str, of: impl Fn(&ArmTally) -> String) {
        let _ = write!(self.page, "<tr><th>{}", escaped(name));
        for arm in self.arms {
            let _ = write!(self.page, "<td>{}", escaped(&of(arm)));
        }
        self.page.push_str("</tr>\n");
    }

    fn end(self) {
        self.page.push_str("</table></div>\n");
    }
}

/// Text that means nothing to a browser, in an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Characters that are not shown, or turn the direction of the text around them.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push('\u{fffd}'),
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::answer;
    use super::*;
    use text2sql_core::shape::{Difference, Part};

    const HOSTILE: &str = "</pre></details><script src=\"https://x.example/x.js\">alert(1)</script><img src=x onerror='x()'>\u{202e}";

    fn about(suite: &str) -> About {
        About {
            suite: suite.into(),
            version: "0.1".into(),
            date: "2026-11-26".into(),
            processors: 2,
            settings: vec![HOSTILE.into()],
        }
    }

    fn page(answers: &[Answer], arms: &[&str]) -> String {
        let arms: Vec<String> = arms.iter().map(ToString::to_string).collect();
        render(&about(HOSTILE), &Tally::of(&arms, answers), answers).unwrap()
    }

    /// Names of the elements of a page in their order; closing ones begin with a slash.
    fn elements(page: &str) -> Vec<&str> {
        page.split('<')
            .skip(1)
            .filter_map(|rest| rest.split(['>', ' ', '\n', '/']).next().map(|name| (rest, name)))
            .map(|(rest, name)| {
                if rest.starts_with('/') {
                    rest.split('>').next().unwrap_or_default()
                } else {
                    name
                }
            })
            .collect()
    }

    #[test]
    fn hostile_text_stays_text() {
        let hostile = Answer {
            id: HOSTILE.into(),
            db: HOSTILE.into(),
            question: HOSTILE.into(),
            gold: HOSTILE.into(),
            difficulty: HOSTILE.into(),
            aggregation: HOSTILE.into(),
            nesting: HOSTILE.into(),
            differences: vec![Difference {
                part: Part::Filters,
                missing: vec![HOSTILE.into()],
                extra: vec![HOSTILE.into()],
            }],
            sql: Some(HOSTILE.into()),
            message: Some(HOSTILE.into()),
            model: Some(HOSTILE.into()),
            ..answer(HOSTILE, "1", Class::Filter)
        };
        let page = page(&[hostile, answer("b", "2", Class::Rows)], &[HOSTILE, "b"]);
        let known = [
            "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h4",
            "p", "ul", "li", "i", "b", "code", "figure", "svg", "text", "rect", "polyline", "line",
            "div", "table", "tr", "th", "td", "details", "summary", "small", "pre", "circle",
            "polygon",
        ];
        for name in elements(&page) {
            assert!(known.contains(&name.trim_start_matches('/')), "{name}");
        }
        assert!(!page.contains("onerror='"), "an attribute of hostile text");
        assert!(!page.contains('\u{202e}'), "text that turns the text around it");
    }

    #[test]
    fn a_page_needs_nothing_from_elsewhere() {
        let page = page(&[answer("a", "1", Class::Right)], &["a"]);
        let rest = page.replace("http://www.w3.org/2000/svg", "");
        for what in ["http:", "//", "url(", "@import", "<script", "<link", " src=", " href="] {
            assert!(!rest.replace(&escaped(HOSTILE), "").contains(what), "{what}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn elements_that_open_are_closed() {
        let answers = [answer("a", "1", Class::Right), answer("a", "2", Class::Join)];
        let page = page(&answers, &["a"]);
        let elements = elements(&page);
        for name in [
            "html", "head", "body", "main", "h2", "figure", "svg", "table", "tr", "details", "pre",
            "ul", "div",
        ] {
            let count = |wanted: String| elements.iter().filter(|e| **e == wanted).count();
            assert_eq!(count(name.to_owned()), count(format!("/{name}")), "{name}");
        }
    }

    #[test]
    fn charts_and_failures_are_there() {
        let answers = [
            answer("a", "1", Class::Right),
            answer("a", "2", Class::Join),
            answer("b", "1", Class::Timeout),
            answer("b", "2", Class::Right),
        ];
        let page = page(&answers, &["a", "b"]);
        // Right answers, classes, times, and the five properties of questions.
        assert_eq!(page.matches("<svg ").count(), 8);
        assert_eq!(page.matches("<details>").count(), 2);
        assert_eq!(page.matches("McNemar").count(), 1);
        assert!(page.contains("<td>1.000<td>0.0<td>−"), "a difference with its interval");
    }
}
