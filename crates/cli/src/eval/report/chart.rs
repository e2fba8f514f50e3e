//! The charts of the HTML report, as SVG.
//!
//! Owns how figures are drawn; plotters writes the SVG and escapes its text. Pure. Called by
//! [`super::html`].

use std::error::Error;
use std::fmt::Display;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::super::class::Class;
use super::super::tally::ArmTally;

/// Width of every chart, pixels.
const WIDTH: u32 = 920;
/// Room for names at the left, and for figures at the right.
const LEFT: u32 = 230;
const RIGHT: u32 = 170;
/// Room for a name at the left, hundredths of the height of its letters.
const NAME: u32 = 1690;
const FONT: (&str, i32) = ("sans-serif", 16);
const INK: RGBColor = RGBColor(51, 51, 51);
const FAINT: RGBColor = RGBColor(214, 214, 214);
/// A colour for each arm, in turn.
const ARMS: [RGBColor; 6] = [
    RGBColor(47, 101, 167),
    RGBColor(217, 119, 6),
    RGBColor(21, 128, 91),
    RGBColor(168, 50, 107),
    RGBColor(99, 88, 176),
    RGBColor(107, 114, 128),
];

type Drawn = Result<String, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A horizontal bar.
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// From 0 to 100.
    pub percent: f64,
    /// Ends of its 95 % interval, if one is drawn.
    pub interval: Option<(f64, f64)>,
    /// What stands behind it.
    pub figure: String,
    /// Which colour it has.
    pub arm: usize,
}

/// The colour of an arm, for the web.
pub fn colour_of_arm(arm: usize) -> String {
    web(arm_colour(arm))
}

/// The colour of a class, for the web.
pub fn colour_of_class(class: Class) -> String {
    web(class_colour(class))
}

fn web(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn arm_colour(arm: usize) -> RGBColor {
    ARMS.get(arm % ARMS.len()).copied().unwrap_or(INK)
}

/// Green is right; warm colours are wrong rows, cold ones answers that did not come about.
fn class_colour(class: Class) -> RGBColor {
    match class {
        Class::Right => RGBColor(46, 139, 87),
        Class::OtherOrder => RGBColor(250, 214, 110),
        Class::Columns => RGBColor(246, 186, 80),
        Class::Rows => RGBColor(240, 152, 62),
        Class::Empty => RGBColor(228, 119, 54),
        Class::Filter => RGBColor(214, 84, 50),
        Class::Join => RGBColor(184, 52, 52),
        Class::Aggregate => RGBColor(142, 34, 58),
        Class::UnknownName => RGBColor(86, 110, 178),
        Class::Error => RGBColor(118, 140, 200),
        Class::Timeout => RGBColor(152, 160, 180),
        Class::Refused => RGBColor(110, 116, 128),
        Class::GoldError => RGBColor(200, 200, 200),
    }
}

/// Dark on light colours, white on dark ones.
fn legible_on(RGBColor(red, green, blue): RGBColor) -> RGBColor {
    let light = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    if light > 150_000 { INK } else { WHITE }
}

/// Bars of shares, one below the other; an empty name continues the group above.
pub fn bars(bars: &[Bar]) -> Drawn {
    let gaps = bars.iter().filter(|bar| !bar.name.is_empty()).count() as u32;
    draw(20 * bars.len() as u32 + 8 * gaps + 34, |root| {
        let mut top = 0;
        scale(root)?;
        for bar in bars {
            top += if bar.name.is_empty() { 0 } else { 8 };
            let middle = top + 9;
            let colour = arm_colour(bar.arm);
            name(root, &bar.name, middle)?;
            let ends = [(at(0.0), top), (at(bar.percent), top + 17)];
            root.draw(&Rectangle::new(ends, colour.filled()))?;
            if let Some((low, high)) = bar.interval {
                let (low, high) = (at(low), at(high));
                for line in [
                    [(low, middle), (high, middle)],
                    [(low, middle - 4), (low, middle + 4)],
                    [(high, middle - 4), (high, middle + 4)],
                ] {
                    root.draw(&PathElement::new(line.to_vec(), INK.stroke_width(1)))?;
                }
            }
            let beside = bar.interval.map_or(bar.percent, |(_, high)| high.max(bar.percent));
            text(root, &bar.figure, (at(beside) + 8, middle - 8))?;
            top += 20;
        }
        Ok(())
    })
}

/// For each arm one bar of all its questions, with a piece for each class.
pub fn classes(arms: &[ArmTally]) -> Drawn {
    draw(34 * arms.len() as u32 + 34, |root| {
        scale(root)?;
        for (row, arm) in arms.iter().enumerate() {
            let top = 34 * row as i32 + 6;
            name(root, &arm.name, top + 12)?;
            let all = arm.questions.max(1) as f64;
            let mut before = 0.0;
            for (class, count) in arm.classes.iter().filter(|(_, count)| *count > 0) {
                let after = before + 100.0 * *count as f64 / all;
                let (left, right) = (at(before), at(after));
                let piece =
                    Rectangle::new([(left, top), (right, top + 24)], class_colour(*class).filled());
                root.draw(&piece)?;
                let figure = count.to_string();
                if right - left > 9 * figure.len() as i32 {
                    let style = FONT.into_font().color(&legible_on(class_colour(*class)));
                    root.draw(&Text::new(figure, (left + 4, top + 5), style))?;
                }
                before = after;
            }
        }
        Ok(())
    })
}

/// Share of questions answered within a time, for each arm: its sorted seconds.
pub fn times(seconds: &[Vec<f64>]) -> Drawn {
    let all = || seconds.iter().flatten().copied().filter(|s| *s > 0.0);
    let least = all().fold(f64::INFINITY, f64::min).clamp(0.001, 1e6);
    let most = all().fold(0.0, f64::max).clamp(least * 2.0, 1e7);
    draw(300, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin_right(20)
            .margin_top(10)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d((least * 0.9..most * 1.1).log_scale(), 0f64..100f64)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .label_style(FONT.into_font().color(&INK))
            .x_desc("seconds to the statement")
            .y_label_formatter(&|percent| format!("{percent:.0} %"))
            .x_label_formatter(&|seconds| plain(*seconds))
            .draw()?;
        for (arm, seconds) in seconds.iter().enumerate() {
            let all = seconds.len().max(1) as f64;
            let mut line: Vec<(f64, f64)> = Vec::with_capacity(2 * seconds.len());
            for (rank, second) in seconds.iter().enumerate() {
                let second = second.max(least);
                line.push((second, 100.0 * rank as f64 / all));
                line.push((second, 100.0 * (rank + 1) as f64 / all));
            }
            if !line.is_empty() {
                let style = arm_colour(arm).stroke_width(2);
                chart.plotting_area().draw(&PathElement::new(line, style))?;
            }
        }
        Ok(())
    })
}

/// A number of seconds in as few digits as tell it.
fn plain(seconds: f64) -> String {
    let digits = if seconds >= 10.0 {
        0
    } else if seconds >= 1.0 {
        1
    } else if seconds >= 0.01 {
        2
    } else {
        3
    };
    let text = format!("{seconds:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

fn draw(height: u32, what: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn Error>>) -> Drawn {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        what(&root)?;
        root.present()?;
    }
    Ok(svg)
}

/// Where a share lies, pixels.
fn at(percent: f64) -> i32 {
    let width = f64::from(WIDTH - LEFT - RIGHT);
    LEFT as i32 + (width * percent.clamp(0.0, 100.0) / 100.0).round() as i32
}

/// Lines of the scale from 0 to 100 %, with their figures below.
fn scale(root: &Area<'_>) -> Result<(), Box<dyn Error>> {
    let bottom = root.dim_in_pixel().1 as i32 - 24;
    for percent in [0, 25, 50, 75, 100] {
        let x = at(f64::from(percent));
        root.draw(&PathElement::new(vec![(x, 0), (x, bottom)], FAINT))?;
        text(root, format!("{percent} %"), (x - 14, bottom + 6))?;
    }
    Ok(())
}

fn name(root: &Area<'_>, name: &str, middle: i32) -> Result<(), Box<dyn Error>> {
    text(root, shortened(name), (2, middle - 8))
}

/// A name, or as much of it as has room.
fn shortened(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.chars().map(width).sum::<u32>() <= NAME {
        return name;
    }
    let mut left = NAME - width('…');
    let fits = |c: &char| match left.checked_sub(width(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    name.chars().take_while(fits).chain(['…']).collect()
}

/// How wide a character is, hundredths of the height of the letters. Which font there is only the
/// browser knows, so these are of a wide one.
fn width(c: char) -> u32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' | '/' | '-' => 37,
        '_' | '(' | ')' | '[' | ']' | 's' | 'c' | 'r' | 't' | 'f' | 'z' => 55,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 102,
        'A'..='Z' | '+' | '=' | '~' | '#' | '<' | '>' | '&' => 80,
        c if c.is_ascii() => 64,
        // Chinese and other scripts whose characters are squares, and pictures.
        c if c >= '\u{1100}' => 130,
        _ => 85,
    }
}

fn text(root: &Area<'_>, text: impl Display, at: (i32, i32)) -> Result<(), Box<dyn Error>> {
    let style = FONT.into_font().color(&INK);
    root.draw(&Text::new(text.to_string(), at, style))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::answer;
    use super::super::super::tally::Tally;
    use super::*;

    #[test]
    fn names_are_text_in_charts() {
        let name = "<script>alert(1)</script>&\"'";
        let bar = Bar {
            name: name.into(),
            percent: 50.0,
            interval: Some((40.0, 60.0)),
            figure: "<b>1</b>".into(),
            arm: 0,
        };
        let answers = [answer(name, "1", Class::Right)];
        let arms = Tally::of(&[name.into()], &answers).arms;
        for svg in [bars(&[bar]).unwrap(), classes(&arms).unwrap()] {
            assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
            assert!(svg.contains("&lt;script&gt;") && !svg.contains("<script"), "{svg}");
            assert!(!svg.contains("<b>"), "{svg}");
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let bar = |percent| Bar {
            name: "a".into(),
            percent,
            interval: None,
            figure: String::new(),
            arm: 0,
        };
        let svg = bars(&[bar(0.0), bar(50.0), bar(250.0)]).unwrap();
        let full = WIDTH - LEFT - RIGHT;
        for width in [0, full / 2, full] {
            assert!(svg.contains(&format!("width=\"{width}\"")), "{width}\n{svg}");
        }
    }

    #[test]
    fn names_are_cut_to_the_room_they_have() {
        for name in ["a".repeat(20), "i".repeat(40), "ÅÄÖ".into(), String::new()] {
            assert_eq!(shortened(&name), name);
        }
        for (letter, kept) in [("W", 15), ("n", 24), ("東", 12), ("I", 42)] {
            assert_eq!(shortened(&letter.repeat(60)), letter.repeat(kept) + "…");
        }
        assert_eq!(shortened("a\nb\u{7f}c"), "abc");
    }

    #[test]
    fn figures_in_bars_can_be_read() {
        assert_eq!(legible_on(class_colour(Class::Aggregate)), WHITE);
        assert_eq!(legible_on(class_colour(Class::Right)), WHITE);
        assert_eq!(legible_on(class_colour(Class::OtherOrder)), INK);
        assert_eq!(legible_on(class_colour(Class::GoldError)), INK);
    }

    #[test]
    fn extreme_times_can_be_drawn() {
        for seconds in [vec![], vec![vec![]], vec![vec![0.0, 0.0]], vec![vec![1e-9, 5.0, 1e12]]] {
            assert!(times(&seconds).unwrap().contains("seconds to the statement"));
        }
        assert_eq!(
            [0.001, 0.05, 0.5, 2.0, 2.5, 10.0].map(plain),
            ["0.001", "0.05", "0.5", "2", "2.5", "10"]
        );
    }
}
