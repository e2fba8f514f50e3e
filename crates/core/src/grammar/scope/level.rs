//! What a query level knows: its common table expressions, its `FROM` items, its output.
//!
//! Owns looking a name up in one level; the way from level to level is [`super::walk`]'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::grammar::words::{SYSTEM_COLUMNS, TYPES, is_in};

/// Names the server gives to expressions, besides those of types.
const EXPRESSION_NAMES: &[&str] = &[
    "?column?",
    "array",
    "btrim",
    "case",
    "column1",
    "date_part",
    "exists",
    "extract",
    "grouping",
    "interval",
    "ltrim",
    "normalize",
    "overlaps",
    "overlay",
    "pg_collation_for",
    "position",
    "row",
    "rtrim",
    "substring",
    "timezone",
    "xmlexists",
];

/// Columns of an item: those known, and whether there may be more.
#[derive(Debug, Clone, Default)]
pub(super) struct Columns {
    pub names: Arc<BTreeSet<String>>,
    pub open: bool,
}

impl Columns {
    pub fn open() -> Self {
        Self { names: Arc::default(), open: true }
    }

    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: Arc::new(names.into_iter().collect()), open: false }
    }

    pub fn has(&self, name: &str) -> bool {
        self.open || self.names.contains(name) || is_in(SYSTEM_COLUMNS, name)
    }

    /// These and `name`.
    pub fn with(&self, name: &str) -> Self {
        let mut names = self.names.as_ref().clone();
        names.insert(name.to_owned());
        Self { names: Arc::new(names), open: self.open }
    }

    /// Of both.
    pub fn and(&self, other: &Columns) -> Self {
        let names = self.names.union(&other.names).cloned();
        Self { names: Arc::new(names.collect()), open: self.open || other.open }
    }
}

/// A common table expression.
#[derive(Debug, Clone)]
pub(super) struct Cte {
    pub name: String,
    pub columns: Columns,
    /// The columns have names of their own.
    pub named: bool,
}

/// Something behind `FROM`.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// Alias, else the relation's name, else nothing.
    pub name: Option<String>,
    /// The schema, where the relation has no alias.
    pub schema: Option<String>,
    pub columns: Columns,
    /// Made by a function.
    pub function: bool,
}

/// One column of a `SELECT` list.
#[derive(Debug, Clone)]
pub(super) enum Output {
    Named(String),
    /// `*` or `name.*`.
    Star(Option<String>),
    /// An expression, which the server names by itself.
    Unnamed,
    /// Any name.
    Open,
}

/// A use of a name.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// Parts with the offsets they begin at. The last is `*` for all columns.
    pub parts: Vec<(String, usize)>,
    /// Names of the output count too: in `ORDER BY` and `GROUP BY`.
    pub outputs: bool,
}

/// Where in its text a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Start,
    With(With),
    Targets,
    From(From),
    On,
    /// `WHERE`, `HAVING`, `LIMIT`, `VALUES`.
    Expression,
    /// `GROUP BY` and `ORDER BY`.
    Sort,
    Window,
}

/// Where in a `WITH` clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    Name,
    AfterName,
    Body,
    AfterBody,
}

/// Where in a `FROM` clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Item,
    AfterItem,
    AfterGroup,
    AfterAs,
    AfterAlias,
    Using,
    Sample,
}

/// What a level is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Top,
    Cte,
    Derived,
    Expression,
    /// One side of a set operation in parentheses.
    Operand,
}

/// A query level.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub role: Role,
    /// The level whose names count where this one has none, by number of its frame.
    pub outer: Option<usize>,
    pub ctes: Vec<Cte>,
    pub recursive: bool,
    pub clause: Clause,
    pub items: Vec<Item>,
    /// References written before the items are known.
    pub waiting: Vec<Reference>,
    pub outputs: Vec<Output>,
    /// The output column being written, if it has begun.
    pub output: Option<Output>,
    /// The common table expression being written.
    pub building: Option<Cte>,
    /// Output of the first side of a set operation.
    pub first: Option<Columns>,
}

/// What a level says about a reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Here,
    NotHere,
    /// The item is here, and has no such column.
    NoColumn,
}

impl Level {
    pub fn new(role: Role, outer: Option<usize>) -> Self {
        Self {
            role,
            outer,
            ctes: Vec::new(),
            recursive: false,
            clause: Clause::Start,
            items: Vec::new(),
            waiting: Vec::new(),
            outputs: Vec::new(),
            output: None,
            building: None,
            first: None,
        }
    }

    /// Whether the items a name can refer to are known.
    pub fn knows_items(&self) -> bool {
        !matches!(self.clause, Clause::Start | Clause::With(_) | Clause::Targets)
    }

    /// Columns of all items.
    pub fn all_columns(&self) -> Columns {
        self.items.iter().fold(Columns::default(), |all, item| all.and(&item.columns))
    }

    pub fn look_up(&self, reference: &Reference) -> Found {
        let parts: Vec<&str> = reference.parts.iter().map(|(name, _)| name.as_str()).collect();
        let found = |item: &Item, column: &str| {
            if column == "*" || item.columns.has(column) { Found::Here } else { Found::NoColumn }
        };
        match parts.as_slice() {
            [name] => {
                let here = self
                    .items
                    .iter()
                    .any(|item| item.columns.has(name) || item.name.as_deref() == Some(name))
                    || (reference.outputs && self.output_columns().has(name));
                if here { Found::Here } else { Found::NotHere }
            }
            [item, column] => {
                let named = self.items.iter().filter(|i| i.name.as_deref() == Some(item));
                let mut state = Found::NotHere;
                for item in named {
                    state = found(item, column);
                    if state == Found::Here {
                        break;
                    }
                }
                state
            }
            [schema, relation, column] => self
                .items
                .iter()
                .find(|i| {
                    i.name.as_deref() == Some(relation) && i.schema.as_deref() == Some(schema)
                })
                .map_or(Found::NotHere, |item| found(item, column)),
            _ => Found::Here,
        }
    }

    /// The columns of the result.
    pub fn output_columns(&self) -> Columns {
        if let Some(first) = &self.first {
            return first.clone();
        }
        let mut all = Columns::default();
        for output in &self.outputs {
            match output {
                Output::Named(name) => all = all.with(name),
                Output::Unnamed => {
                    let names = EXPRESSION_NAMES.iter().chain(TYPES).map(|name| (*name).to_owned());
                    all = all.and(&Columns::of(names));
                }
                Output::Open => all.open = true,
                Output::Star(None) => all = all.and(&self.all_columns()),
                Output::Star(Some(name)) => {
                    let mut items =
                        self.items.iter().filter(|i| i.name.as_ref() == Some(name)).peekable();
                    all.open |= items.peek().is_none();
                    for item in items {
                        all = all.and(&item.columns);
                    }
                }
            }
        }
        all
    }
}
