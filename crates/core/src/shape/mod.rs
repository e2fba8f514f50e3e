//! What a statement is made of, so that two can be compared part by part.
//!
//! Owns the parts, their comparison, and what it says of an answer whose rows are wrong. Names are
//! resolved, aliases, case and order of conditions do not count, so that statements with the same parts
//! are taken for the same, and those with different ones differ in a way that has a name. Knows
//! statements and columns of tables, no rows. Called by `text2sql.evaluate` and `text2sql-cli eval`.

mod expression;
mod scope;
mod walk;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

pub use scope::Catalog;

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Tables read.
    Tables,
    /// Columns that tables are joined by, and joins that are no inner ones.
    Joins,
    /// Output columns.
    Columns,
    /// Calls of aggregate functions.
    Aggregates,
    /// Conditions on rows.
    Filters,
    /// What is grouped by.
    Grouping,
    /// Conditions on groups.
    Having,
    /// DISTINCT.
    Distinct,
    /// Orders.
    Order,
    /// LIMIT and OFFSET.
    Limit,
    /// UNION, EXCEPT, INTERSECT.
    SetOperations,
    /// Sub-queries: what they are for, and their columns.
    Nesting,
}

impl Part {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Joins => "joins",
            Self::Columns => "columns",
            Self::Aggregates => "aggregates",
            Self::Filters => "filters",
            Self::Grouping => "grouping",
            Self::Having => "having",
            Self::Distinct => "distinct",
            Self::Order => "order",
            Self::Limit => "limit",
            Self::SetOperations => "set operations",
            Self::Nesting => "nesting",
        }
    }
}

/// A part in which a statement differs from the known one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Difference {
    /// The part.
    pub part: Part,
    /// What the known statement has and the other has not.
    pub missing: Vec<String>,
    /// What the other has and the known one has not.
    pub extra: Vec<String>,
}

/// The parts of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Entries of each part, sorted.
    parts: BTreeMap<Part, Vec<String>>,
}

impl Shape {
    /// Of a statement; nothing where it is no single query, or none that the parser understands.
    pub fn of(sql: &str, catalog: &Catalog) -> Option<Self> {
        Self::in_dialect(&PostgreSqlDialect {}, sql, catalog)
    }

    /// As [`Self::of`], also of a statement that only SQLite understands.
    pub fn of_published(sql: &str, catalog: &Catalog) -> Option<Self> {
        Self::of(sql, catalog).or_else(|| Self::in_dialect(&SQLiteDialect {}, sql, catalog))
    }

    fn in_dialect(dialect: &dyn Dialect, sql: &str, catalog: &Catalog) -> Option<Self> {
        let parsed = Parser::parse_sql(dialect, sql).ok()?;
        let [Statement::Query(query)] = parsed.as_slice() else { return None };
        let mut walk = walk::Walk::default();
        walk.statement(query, catalog);
        let mut parts = walk.parts;
        parts.values_mut().for_each(|entries| entries.sort_unstable());
        Some(Self { parts })
    }

    fn entries(&self, part: Part) -> &[String] {
        self.parts.get(&part).map_or(&[], Vec::as_slice)
    }

    /// Distinct tables it reads.
    pub fn tables(&self) -> usize {
        let mut tables = self.entries(Part::Tables).to_vec();
        tables.dedup();
        tables.len()
    }

    /// How it aggregates.
    pub fn aggregation(&self) -> &'static str {
        match (self.entries(Part::Grouping).is_empty(), self.entries(Part::Aggregates).is_empty()) {
            (false, _) => "grouped",
            (true, false) => "aggregate",
            (true, true) => "none",
        }
    }

    /// How its queries stand to each other.
    pub fn nesting(&self) -> &'static str {
        if !self.entries(Part::SetOperations).is_empty() {
            "set operation"
        } else if !self.entries(Part::Nesting).is_empty() {
            "nested"
        } else {
            "flat"
        }
    }

    /// The parts in which `other` is not as this one; none where the two say the same.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut parts: Vec<Part> = self.parts.keys().chain(other.parts.keys()).copied().collect();
        parts.sort_unstable();
        parts.dedup();
        parts
            .into_iter()
            .map(|part| {
                let (ours, theirs) = (self.entries(part), other.entries(part));
                Difference { part, missing: without(ours, theirs), extra: without(theirs, ours) }
            })
            .filter(|difference| !difference.missing.is_empty() || !difference.extra.is_empty())
            .collect()
    }
}

/// How a statement differs from that of the known ones which is nearest to it; nothing where there is none.
pub fn nearest(golds: &[Shape], got: &Shape) -> Option<Vec<Difference>> {
    let size = |all: &Vec<Difference>| {
        all.iter().map(|one| one.missing.len() + one.extra.len()).sum::<usize>()
    };
    golds.iter().map(|gold| gold.differences(got)).min_by_key(size)
}

/// What is wrong with a statement whose rows do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It reads other tables, or joins them otherwise.
    Join,
    /// It aggregates or groups otherwise.
    Aggregate,
    /// Another condition, value, order or limit.
    Filter,
    /// Other columns.
    Columns,
}

impl Cause {
    /// By its differences from the known statement, of which there may be none. What is read decides
    /// before what is computed of it, and that before what is kept of it.
    pub fn of(differences: &[Difference]) -> Self {
        let differ = |parts: &[Part]| differences.iter().any(|d| parts.contains(&d.part));
        if differ(&[Part::Tables, Part::Joins]) {
            Self::Join
        } else if differ(&[Part::Aggregates, Part::Grouping]) {
            Self::Aggregate
        } else if differences.iter().any(|d| d.part != Part::Columns) {
            Self::Filter
        } else if differ(&[Part::Columns]) {
            Self::Columns
        } else {
            Self::Filter
        }
    }
}

/// Entries of `of`, without as many as `other` has of each.
fn without(of: &[String], other: &[String]) -> Vec<String> {
    let mut left = other.to_vec();
    let mut rest = Vec::new();
    for entry in of {
        match left.iter().position(|there| there == entry) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => rest.push(entry.clone()),
        }
    }
    rest
}

/// The kind of a set of differences: the parts, and how many entries are missing and extra.
/// Answers that are wrong in the same way have the same one, whatever the names in them.
pub fn signature(differences: &[Difference]) -> String {
    let words: Vec<String> = differences
        .iter()
        .map(|Difference { part, missing, extra }| {
            let part = part.name();
            match (missing.len(), extra.len()) {
                (0, extra) => format!("{part} +{extra}"),
                (missing, 0) => format!("{part} −{missing}"),
                (missing, extra) => format!("{part} −{missing} +{extra}"),
            }
        })
        .collect();
    if words.is_empty() { "no difference in the parts".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests;
