//! What became of a question: right, or exactly one way of not being right.
//!
//! Owns the classes and the rules by which an answer falls into one. What the rows tell goes first;
//! where they tell nothing, the statements are compared part by part. Pure, and no chance in it.
//! Called by [`super::ask`].

use serde::{Deserialize, Serialize};
use text2sql_core::score::{self, Rows};
use text2sql_core::shape::{Cause, Difference};

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The rows are those of a known answer.
    Right,
    /// They are, in another order than the one asked for.
    OtherOrder,
    /// A column is missing, too many, or another one.
    Columns,
    /// Rows are missing, or too many; the others are right.
    Rows,
    /// There are no rows where there should be some.
    Empty,
    /// Other rows, from other tables or by other joins.
    Join,
    /// Other rows, by another aggregate or grouping.
    Aggregate,
    /// Other rows, by another condition, value, order or limit.
    Filter,
    /// The statement names a table, a column or an alias that is not there.
    UnknownName,
    /// The statement fails for another reason, or is none.
    Error,
    /// The time was over.
    Timeout,
    /// The guard refused what was written, or the product refused to answer.
    Refused,
    /// The known answer failed.
    GoldError,
}

impl Class {
    /// All, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Right,
        Self::OtherOrder,
        Self::Columns,
        Self::Rows,
        Self::Empty,
        Self::Filter,
        Self::Join,
        Self::Aggregate,
        Self::UnknownName,
        Self::Error,
        Self::Timeout,
        Self::Refused,
        Self::GoldError,
    ];

    /// What reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::OtherOrder => "right rows, other order",
            Self::Columns => "extra or missing columns",
            Self::Rows => "extra or missing rows",
            Self::Empty => "empty while the known answer is not",
            Self::Filter => "wrong value or filter",
            Self::Join => "wrong join",
            Self::Aggregate => "wrong aggregate",
            Self::UnknownName => "unknown table or column",
            Self::Error => "other execution error",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::GoldError => "the known answer fails",
        }
    }

    /// The statement ran, and its rows are wrong: the dangerous kind.
    pub fn is_wrong_rows(self) -> bool {
        matches!(
            self,
            Self::OtherOrder
                | Self::Columns
                | Self::Rows
                | Self::Empty
                | Self::Filter
                | Self::Join
                | Self::Aggregate
        )
    }

    /// Of a statement that ran. `differences` are those from the known statement; none where one of
    /// the two was not understood.
    pub fn of_rows(
        golds: &[Rows],
        got: &Rows,
        ordered: bool,
        differences: Option<&[Difference]>,
    ) -> Self {
        match score::least_difference(golds, got, ordered) {
            score::Difference::Nothing => Self::Right,
            score::Difference::Order => Self::OtherOrder,
            score::Difference::Empty => Self::Empty,
            score::Difference::Columns => Self::Columns,
            score::Difference::Rows => Self::Rows,
            score::Difference::Values => match Cause::of(differences.unwrap_or_default()) {
                Cause::Join => Self::Join,
                Cause::Aggregate => Self::Aggregate,
                Cause::Filter => Self::Filter,
                Cause::Columns => Self::Columns,
            },
        }
    }

    /// Of an error by its SQLSTATE; nothing where it says nothing of the question, because the
    /// server or the model does not work.
    pub fn of_state(code: &str) -> Option<Self> {
        // Two of class 42 that are about names of columns, tables and aliases.
        const NAMES: [&str; 2] = ["42703", "42P01"];
        Some(match code {
            "42501" => Self::Refused,
            // The extension's own class: it says why it would rather not answer.
            code if code.starts_with("TS") => Self::Refused,
            "57014" => Self::Timeout,
            // Too costly, too complex.
            "54000" | "54001" => Self::Error,
            code if NAMES.contains(&code) => Self::UnknownName,
            code if ["0A", "21", "22", "2F", "42"].iter().any(|class| code.starts_with(class)) => {
                Self::Error
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use text2sql_core::score::{Kind, Value};
    use text2sql_core::shape::{Catalog, Shape};

    use super::*;

    fn class(gold: (&str, &[&[&str]]), got: (&str, &[&[&str]]), ordered: bool) -> Class {
        let rows = |text: &[&[&str]]| -> Rows {
            let row = |row: &&[&str]| row.iter().map(|v| Value::new(Kind::Text, Some(v))).collect();
            text.iter().map(row).collect()
        };
        let shape = |sql| Shape::of(sql, &Catalog::default()).unwrap();
        let differences = shape(gold.0).differences(&shape(got.0));
        Class::of_rows(&[rows(gold.1)], &rows(got.1), ordered, Some(&differences))
    }

    #[test]
    fn rows_decide_where_they_tell() {
        let gold = ("SELECT a, b FROM t", &[&["1", "x"][..], &["2", "y"]][..]);
        for (got, ordered, expected) in [
            (&[&["2", "y"][..], &["1", "x"]][..], false, Class::Right),
            (&[&["2", "y"], &["1", "x"]], true, Class::OtherOrder),
            (&[&["1"], &["2"]], false, Class::Columns),
            (&[&["1", "x", "9"], &["2", "y", "9"]], false, Class::Columns),
            (&[&["1", "x"]], false, Class::Rows),
            (&[&["1", "x"], &["2", "y"], &["3", "z"]], false, Class::Rows),
            (&[], false, Class::Empty),
        ] {
            // The statement is that of another table: the rows come first.
            assert_eq!(class(gold, ("SELECT c FROM u", got), ordered), expected, "{got:?}");
        }
    }

    #[test]
    fn statements_decide_where_rows_tell_nothing() {
        let gold = "SELECT max(a) FROM t JOIN u ON t.id = u.t_id WHERE b = 'x'";
        for (got, expected) in [
            ("SELECT max(a) FROM t WHERE b = 'x'", Class::Join),
            ("SELECT max(a) FROM t JOIN u ON t.id = u.id WHERE b = 'x'", Class::Join),
            ("SELECT min(a) FROM t JOIN u ON t.id = u.t_id WHERE b = 'x'", Class::Aggregate),
            ("SELECT max(a) FROM t JOIN u ON t.id = u.t_id WHERE b = 'y'", Class::Filter),
            ("SELECT max(a) FROM t JOIN u ON t.id = u.t_id", Class::Filter),
            ("SELECT min(a) FROM t JOIN u ON t.id = u.t_id WHERE b = 'y'", Class::Aggregate),
            (gold, Class::Filter),
        ] {
            assert_eq!(class((gold, &[&["1"]]), (got, &[&["2"]]), false), expected, "{got}");
        }
        let (gold, got) = ("SELECT a FROM t", "SELECT b FROM t");
        assert_eq!(class((gold, &[&["1"]]), (got, &[&["2"]]), false), Class::Columns);
    }

    #[test]
    fn one_of_several_known_answers_will_do() {
        let row = |text: &str| vec![vec![Value::new(Kind::Text, Some(text))]];
        let golds = [row("a"), row("b")];
        assert_eq!(Class::of_rows(&golds, &row("b"), true, None), Class::Right);
        assert_eq!(Class::of_rows(&golds, &row("c"), true, None), Class::Filter);
        let golds = [row("a"), Vec::new()];
        assert_eq!(Class::of_rows(&golds, &Vec::new(), true, None), Class::Right);
    }

    #[test]
    fn errors_that_say_nothing_of_the_question_have_no_class() {
        for (code, expected) in [
            ("42501", Some(Class::Refused)),
            ("TS001", Some(Class::Refused)),
            ("TS002", Some(Class::Refused)),
            ("57014", Some(Class::Timeout)),
            ("42703", Some(Class::UnknownName)),
            ("42P01", Some(Class::UnknownName)),
            ("42883", Some(Class::Error)),
            ("22012", Some(Class::Error)),
            ("21000", Some(Class::Error)),
            ("58000", None),
            ("57P03", None),
            ("53400", None),
            ("XX000", None),
        ] {
            assert_eq!(Class::of_state(code), expected, "{code}");
        }
    }

    #[test]
    fn every_class_is_in_the_reports_once() {
        let names: std::collections::HashSet<&str> =
            Class::ALL.iter().map(|class| class.name()).collect();
        assert_eq!(names.len(), Class::ALL.len());
        // The last one declared has the number of those before it.
        assert_eq!(Class::GoldError as usize + 1, Class::ALL.len());
    }
}
