//! From the tables of a file to those that are made.
//!
//! Owns which names, types and keys they get. Pure. Called by [`super::sqlite`] and [`super::wikisql`].

use std::collections::HashMap;

use super::names::{Style, quoted, renamed};
use super::source::{Foreign, Table};
use super::types::{Held, PgType, of_column};

/// A table to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Where its rows come from.
    pub from: Table,
    /// Its name.
    pub name: String,
    /// Its columns, in the order of the file.
    pub columns: Vec<MadeColumn>,
    /// Rows of it.
    pub rows: u64,
}

/// A column to make.
#[derive(Debug, Clone, PartialEq)]
pub struct MadeColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_: PgType,
    /// Whether it has a value in every row, as declared.
    pub is_required: bool,
}

/// A key or reference to add, each by itself, since rows may not keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// What it is, for people.
    pub told: String,
    /// What follows ALTER TABLE.
    pub sql: String,
    /// The table.
    pub table: String,
}

/// Tables to make of those of a file, with what their rows hold.
pub fn tables(read: Vec<(Table, Vec<Held>, u64)>, style: Style) -> Vec<Made> {
    let names: Vec<String> = read.iter().map(|(table, ..)| table.name.clone()).collect();
    renamed(&names, style)
        .into_iter()
        .zip(read)
        .map(|(name, (from, held, rows))| Made { name, ..table(from, &held, rows, style) })
        .collect()
}

/// One table to make, by itself.
pub fn table(from: Table, held: &[Held], rows: u64, style: Style) -> Made {
    let names: Vec<String> = from.columns.iter().map(|column| column.name.clone()).collect();
    let columns = renamed(&names, style).into_iter().zip(&from.columns).zip(held);
    let columns = columns
        .map(|((name, column), held)| MadeColumn {
            name,
            type_: of_column(&column.declared, held),
            is_required: column.is_required,
        })
        .collect();
    let name = renamed(std::slice::from_ref(&from.name), style).concat();
    Made { name, columns, rows, from }
}

impl Made {
    /// The statement that makes it.
    pub fn create(&self, schema: &str) -> String {
        let columns = self.columns.iter().map(|c| format!("{} {}", quoted(&c.name), c.type_));
        let columns: Vec<String> = columns.collect();
        format!("CREATE TABLE {} ({})", self.qualified(schema), columns.join(", "))
    }

    /// Its whole name.
    pub fn qualified(&self, schema: &str) -> String {
        format!("{}.{}", quoted(schema), quoted(&self.name))
    }

    /// The new name of a column; SQLite does not tell upper from lower case in names.
    fn column(&self, old: &str) -> Option<&str> {
        let columns = self.from.columns.iter().zip(&self.columns);
        columns
            .filter(|(from, _)| from.name.eq_ignore_ascii_case(old))
            .map(|(_, made)| made.name.as_str())
            .next()
    }

    fn columns_of(&self, old: &[String]) -> Option<Vec<String>> {
        old.iter().map(|name| self.column(name).map(quoted)).collect()
    }

    /// Required columns, then keys: what references need comes first.
    pub fn keys(&self) -> Vec<Constraint> {
        let mut all = Vec::new();
        let mut add = |told: String, sql: String| {
            all.push(Constraint { told, sql, table: self.name.clone() });
        };
        for column in self.columns.iter().filter(|column| column.is_required) {
            let name = quoted(&column.name);
            add(format!("{name} NOT NULL"), format!("ALTER COLUMN {name} SET NOT NULL"));
        }
        let primary = (!self.from.primary.is_empty()).then_some(&self.from.primary);
        let keys = primary.into_iter().map(|key| ("PRIMARY KEY", key));
        for (kind, key) in keys.chain(self.from.unique.iter().map(|key| ("UNIQUE", key))) {
            if let Some(columns) = self.columns_of(key) {
                let sql = format!("{kind} ({})", columns.join(", "));
                add(sql.clone(), format!("ADD {sql}"));
            }
        }
        all
    }
}

/// References between tables; what refers to nothing that is there comes as a message.
pub fn references(tables: &[Made], schema: &str) -> Vec<Result<Constraint, String>> {
    let by_name: HashMap<String, &Made> =
        tables.iter().map(|made| (made.from.name.to_lowercase(), made)).collect();
    let one = |made: &Made, foreign: &Foreign| {
        let told = |to: &str| format!("FOREIGN KEY ({}) REFERENCES {to}", foreign.from.join(", "));
        let missing = || format!("{}: {}", made.name, told(&foreign.table));
        let other = by_name.get(&foreign.table.to_lowercase()).ok_or_else(missing)?;
        let to = if foreign.to.is_empty() { &other.from.primary } else { &foreign.to };
        let from = made.columns_of(&foreign.from).ok_or_else(missing)?;
        let to = other.columns_of(to).filter(|to| !to.is_empty()).ok_or_else(missing)?;
        let sql = format!(
            "ADD FOREIGN KEY ({}) REFERENCES {} ({})",
            from.join(", "),
            other.qualified(schema),
            to.join(", ")
        );
        Ok(Constraint { told: told(&other.name), sql, table: made.name.clone() })
    };
    tables
        .iter()
        .flat_map(|made| made.from.foreign.iter().map(move |foreign| one(made, foreign)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::Column;
    use super::*;

    fn written(name: &str, columns: &[&str], primary: &[&str], foreign: Vec<Foreign>) -> Table {
        let text = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let column = |name: &&str| Column {
            name: name.to_string(),
            declared: "INT".into(),
            is_required: *name == "Id",
        };
        Table {
            name: name.into(),
            columns: columns.iter().map(column).collect(),
            primary: text(primary),
            unique: Vec::new(),
            foreign,
        }
    }

    fn made() -> Vec<Made> {
        let foreign = |table: &str, from: &str, to: &[&str]| Foreign {
            table: table.into(),
            from: vec![from.into()],
            to: to.iter().map(ToString::to_string).collect(),
        };
        let pet = written(
            "Pet",
            &["Id", "ownerid", "x"],
            &["Id"],
            vec![
                foreign("OWNER", "OwnerId", &[]),
                foreign("nowhere", "x", &["id"]),
                foreign("owner", "x", &["no such"]),
            ],
        );
        let owner = written("Owner", &["Id"], &["Id"], Vec::new());
        let read = [owner, pet].map(|table| {
            let held = vec![Held::default(); table.columns.len()];
            (table, held, 0)
        });
        tables(read.into(), Style::Snake)
    }

    #[test]
    fn statements_have_the_new_names() {
        let made = made();
        assert_eq!(
            made[1].create("public"),
            "CREATE TABLE \"public\".\"pet\" (\"id\" integer, \"ownerid\" integer, \"x\" integer)"
        );
        let keys: Vec<String> = made[0].keys().into_iter().map(|key| key.sql).collect();
        assert_eq!(keys, ["ALTER COLUMN \"id\" SET NOT NULL", "ADD PRIMARY KEY (\"id\")"]);
    }

    #[test]
    fn references_to_what_is_not_there_are_told() {
        let all = references(&made(), "s");
        assert_eq!(
            all[0].as_ref().unwrap().sql,
            "ADD FOREIGN KEY (\"ownerid\") REFERENCES \"s\".\"owner\" (\"id\")"
        );
        assert_eq!(all[1], Err("pet: FOREIGN KEY (x) REFERENCES nowhere".to_owned()));
        assert_eq!(all[2], Err("pet: FOREIGN KEY (x) REFERENCES owner".to_owned()));
    }
}
