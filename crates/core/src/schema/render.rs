//! The schema as text for a prompt: DDL-like, the form code models have seen most.
//!
//! Same snapshot, selection and detail give the same bytes, so that a prompt's prefix stays
//! cached. Every string of the catalog passes [`super::sanitize()`]. Names are always qualified:
//! statements run with `pg_catalog` as the whole search path.
//! Called by [`crate::link`] (to measure) and [`crate::prompt`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use super::{Attribute, ForeignKey, Relation, RelationKind, RelationName, Snapshot};
use super::{quote_ident, sanitize};

/// Longest comment, bytes.
const MAX_COMMENT: usize = 200;
/// Longest value, characters.
const MAX_VALUE: usize = 40;
/// Common values shown for a column of many: as examples, more say no more (M-Schema uses 2 to 3).
const MAX_VALUES: usize = 3;
/// Most values of a column that is shown with all of them, as those of codes and states: a filter needs
/// the one that is meant, not an example.
const MAX_CODES: usize = 8;
/// Longest list of such values, bytes.
const MAX_CODES_LENGTH: usize = 80;
/// Labels shown of an enum; filters need the exact label, so nearly all enums are whole.
const MAX_LABELS: usize = 40;
/// Other names shown of a relation or column.
const MAX_SYNONYMS: usize = 5;
/// Longest name or type, bytes: four times NAMEDATALEN covers every encoding.
const MAX_NAME: usize = 256;

/// How much is said about each relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Detail {
    /// Everything: types, keys, comments, labels, common values, row scale.
    #[default]
    Full,
    /// Without common values and row scale.
    NoValues,
    /// Names and keys only, a relation on one line.
    NamesOnly,
}

/// The relations of `selection` (positions in the snapshot), in that order.
///
/// A foreign key is shown if both its ends are. Positions that do not exist are passed over.
pub fn render(snapshot: &Snapshot, selection: &[usize], detail: Detail) -> String {
    render_part(snapshot, selection, detail, &Part::new())
}

/// Of relations that are shown in part: positions of the columns that are, ascending.
pub type Part = BTreeMap<usize, Vec<usize>>;

/// As [`render`]; of some relations only some columns, and how many there are besides.
pub fn render_part(
    snapshot: &Snapshot,
    selection: &[usize],
    detail: Detail,
    part: &Part,
) -> String {
    let renderer = Renderer::new(snapshot);
    let shown: HashSet<usize> = selection.iter().copied().collect();
    let mut out = String::new();
    for &index in selection {
        let columns = part.get(&index).map(Vec::as_slice);
        renderer.relation(index, detail, |target| shown.contains(&target), columns, &mut out);
    }
    out
}

/// Keys by referencing relation, with the position of the referenced one.
type Keys<'a> = HashMap<usize, Vec<(&'a ForeignKey, usize)>>;

/// A snapshot with its keys indexed.
pub(crate) struct Renderer<'a> {
    snapshot: &'a Snapshot,
    keys: Keys<'a>,
    /// Not declared.
    guesses: Keys<'a>,
}

impl<'a> Renderer<'a> {
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let positions: HashMap<&RelationName, usize> =
            snapshot.relations.iter().enumerate().map(|(i, r)| (&r.name, i)).collect();
        let index = |all: &'a [ForeignKey]| {
            let mut keys = Keys::new();
            for key in all {
                // A key names columns, and the caller may not be allowed to read all of them.
                let readable = |position: &&usize, names: &[String]| {
                    snapshot.relations.get(**position).is_some_and(|r| has_columns(r, names))
                };
                let from = positions.get(&key.from).filter(|p| readable(p, &key.from_columns));
                let to = positions.get(&key.to).filter(|p| readable(p, &key.to_columns));
                if let (Some(from), Some(to)) = (from, to) {
                    keys.entry(*from).or_default().push((key, *to));
                }
            }
            keys
        };
        let (keys, guesses) = (index(&snapshot.foreign_keys), index(&snapshot.inferred_keys));
        Self { snapshot, keys, guesses }
    }

    /// Pairs of positions: referencing, referenced.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> {
        let all = self.keys.iter().chain(&self.guesses);
        all.flat_map(|(from, keys)| keys.iter().map(move |(_, to)| (*from, *to)))
    }

    /// Writes one relation, or some of its columns; `shown` tells which referenced relations the text
    /// has.
    pub fn relation(
        &self,
        index: usize,
        detail: Detail,
        shown: impl Fn(usize) -> bool,
        columns: Option<&[usize]>,
        out: &mut String,
    ) {
        let Some(whole) = self.snapshot.relations.get(index) else { return };
        let relation = match columns {
            Some(columns) => Cow::Owned(part_of(whole, columns)),
            None => Cow::Borrowed(whole),
        };
        let relation = relation.as_ref();
        let of = |keys: &Keys<'a>| -> Vec<&'a ForeignKey> {
            let own = keys.get(&index).into_iter().flatten();
            own.filter(|(_, target)| shown(*target)).map(|(key, _)| *key).collect()
        };
        let (keys, guesses) = (of(&self.keys), of(&self.guesses));
        let verb = match relation.kind {
            RelationKind::View | RelationKind::MaterializedView => "CREATE VIEW",
            RelationKind::Table | RelationKind::PartitionedTable | RelationKind::ForeignTable => {
                "CREATE TABLE"
            }
        };
        // Writing to a String cannot fail.
        let _ = write!(out, "{verb} {} (", qualified(&relation.name));
        if detail == Detail::NamesOnly {
            names_only(relation, &keys, out);
        } else {
            in_full(relation, &keys, &guesses, detail, out);
        }
        out.push_str(");");
        let left = whole.columns.len() - relation.columns.len();
        if left > 0 {
            let _ = write!(out, " -- {left} more columns");
        }
        out.push('\n');
    }
}

/// The relation as if it had no other columns.
fn part_of(relation: &Relation, columns: &[usize]) -> Relation {
    let columns = columns.iter().filter_map(|at| relation.columns.get(*at)).cloned().collect();
    Relation {
        name: relation.name.clone(),
        comment: relation.comment.clone(),
        synonyms: relation.synonyms.clone(),
        primary_key: relation.primary_key.clone(),
        columns,
        ..*relation
    }
}

fn has_columns(relation: &Relation, names: &[String]) -> bool {
    names.iter().all(|name| relation.columns.iter().any(|column| column.name == *name))
}

fn names_only(relation: &Relation, keys: &[&ForeignKey], out: &mut String) {
    let columns = relation.columns.iter().map(|column| {
        let mut text = ident(&column.name);
        references(column, keys, &mut text);
        text
    });
    let items: Vec<String> = columns.chain(table_constraints(relation, keys)).collect();
    out.push_str(&items.join(", "));
}

fn in_full(
    relation: &Relation,
    keys: &[&ForeignKey],
    guesses: &[&ForeignKey],
    detail: Detail,
    out: &mut String,
) {
    let scale = (detail == Detail::Full).then_some(relation.estimated_rows).flatten();
    let said = comment(relation.comment.as_deref()).into_iter().chain(also(&relation.synonyms));
    note(out, said.chain(scale.and_then(row_scale)));
    out.push('\n');
    let constraints: Vec<String> = table_constraints(relation, keys).collect();
    let items = relation.columns.len() + constraints.len();
    for (position, column) in relation.columns.iter().enumerate() {
        let _ = write!(out, "  {} {}", ident(&column.name), short_type(&column.type_name));
        if let [key] = relation.primary_key.as_slice()
            && *key == column.name
        {
            out.push_str(" PRIMARY KEY");
        }
        references(column, keys, out);
        if position + 1 < items {
            out.push(',');
        }
        let said = comment(column.comment.as_deref()).into_iter().chain(also(&column.synonyms));
        note(out, said.chain(values(column, detail)).chain(likely(column, guesses)));
        out.push('\n');
    }
    for (position, constraint) in constraints.iter().enumerate() {
        let comma = if position + 1 < constraints.len() { "," } else { "" };
        let _ = writeln!(out, "  {constraint}{comma}");
    }
}

/// The single-column keys of a column.
fn references(column: &Attribute, keys: &[&ForeignKey], out: &mut String) {
    for key in keys {
        if let ([from], [to]) = (key.from_columns.as_slice(), key.to_columns.as_slice())
            && *from == column.name
        {
            let _ = write!(out, " REFERENCES {} ({})", qualified(&key.to), ident(to));
        }
    }
}

/// What a column seems to refer to, though no key says so.
fn likely(column: &Attribute, guesses: &[&ForeignKey]) -> Option<String> {
    let key = guesses.iter().find(|key| key.from_columns == [column.name.as_str()])?;
    Some(format!("likely {} ({})", qualified(&key.to), ident_list(&key.to_columns)))
}

/// Keys of several columns.
fn table_constraints(relation: &Relation, keys: &[&ForeignKey]) -> impl Iterator<Item = String> {
    let primary = (relation.primary_key.len() > 1 && has_columns(relation, &relation.primary_key))
        .then(|| format!("PRIMARY KEY ({})", ident_list(&relation.primary_key)));
    let is_shown =
        |key: &&&ForeignKey| key.from_columns.len() > 1 && has_columns(relation, &key.from_columns);
    let foreign = keys.iter().filter(is_shown).map(|key| {
        format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            ident_list(&key.from_columns),
            qualified(&key.to),
            ident_list(&key.to_columns)
        )
    });
    primary.into_iter().chain(foreign)
}

/// ` -- a; b`, if there is anything to say.
fn note(out: &mut String, parts: impl Iterator<Item = String>) {
    for (position, part) in parts.enumerate() {
        out.push_str(if position == 0 { " -- " } else { "; " });
        out.push_str(&part);
    }
}

fn comment(comment: Option<&str>) -> Option<String> {
    comment.map(|text| sanitize(text, MAX_COMMENT)).filter(|text| !text.is_empty())
}

/// Other names.
fn also(synonyms: &[String]) -> Option<String> {
    let names: Vec<String> =
        synonyms.iter().take(MAX_SYNONYMS).map(|name| sanitize(name, MAX_COMMENT)).collect();
    (!names.is_empty()).then(|| format!("also called {}", names.join(", ")))
}

fn values(column: &Attribute, detail: Detail) -> Option<String> {
    if !column.enum_labels.is_empty() {
        let labels = column.enum_labels.iter().take(MAX_LABELS);
        return Some(format!("one of: {}", quoted_list(labels)));
    }
    if detail != Detail::Full || column.common_values.is_empty() || !is_text(&column.type_name) {
        return None;
    }
    let shown = if are_codes(&column.common_values) { MAX_CODES } else { MAX_VALUES };
    Some(format!("e.g. {}", quoted_list(column.common_values.iter().take(shown))))
}

/// Whether values are few and short.
fn are_codes(values: &[String]) -> bool {
    values.len() <= MAX_CODES && values.iter().map(String::len).sum::<usize>() <= MAX_CODES_LENGTH
}

/// Values of other types say nothing a model does not know: `e.g. 17, 4711`.
fn is_text(type_name: &str) -> bool {
    ["text", "character", "varchar", "char", "citext", "name", "bpchar", "\"char\""]
        .iter()
        .any(|prefix| type_name.starts_with(prefix))
}

fn quoted_list<'v>(values: impl Iterator<Item = &'v String>) -> String {
    values.map(|value| quoted_value(value)).collect::<Vec<_>>().join(", ")
}

/// A value as a string constant, cleaned and cut.
pub(crate) fn quoted_value(value: &str) -> String {
    // Four bytes are the most a character takes.
    let clean = sanitize(value, 4 * MAX_VALUE + 4);
    let mut cut: String = clean.chars().take(MAX_VALUE).collect();
    if clean.len() > cut.len() {
        cut.push('…');
    }
    format!("'{}'", cut.replace('\'', "''"))
}

fn ident(name: &str) -> String {
    quote_ident(&sanitize(name, MAX_NAME))
}

fn ident_list(names: &[String]) -> String {
    names.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ")
}

fn qualified(name: &RelationName) -> String {
    format!("{}.{}", ident(&name.schema), ident(&name.name))
}

/// The order of magnitude; the estimate itself would change the prompt with every ANALYZE.
fn row_scale(rows: f64) -> Option<String> {
    let scale = match rows {
        r if r.is_nan() || r < 0.0 => return None,
        r if r < 100.0 => "few",
        r if r < 1e3 => "hundreds of",
        r if r < 1e6 => "thousands of",
        _ => "millions of",
    };
    Some(format!("{scale} rows"))
}

/// The aliases people write.
fn short_type(type_name: &str) -> String {
    let name = sanitize(type_name, MAX_NAME);
    let name = match name.strip_prefix("character varying") {
        Some(rest) => format!("varchar{rest}"),
        None => name,
    };
    for (long, short) in [
        ("timestamp without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"),
        ("time without time zone", "time"),
        ("time with time zone", "timetz"),
    ] {
        if let Some(rest) = name.strip_prefix(long) {
            return format!("{short}{rest}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture;
    use expect_test::expect;

    #[test]
    fn guessed_keys_are_marked() {
        let mut snapshot = fixture::shop();
        snapshot.foreign_keys.clear();
        snapshot.infer_keys();
        expect![[r#"
            CREATE TABLE shop.customers ( -- People who have bought something
              id bigint PRIMARY KEY,
              name text,
              city varchar(80), -- Where the parcels go
              created_at timestamptz
            );
            CREATE TABLE shop.orders (
              id bigint PRIMARY KEY,
              customer_id bigint, -- likely shop.customers (id)
              status shop.order_status, -- one of: 'new', 'paid', 'sent'
              total numeric(12,2)
            );
        "#]]
        .assert_eq(&render(&snapshot, &[0, 2], Detail::NoValues));
        assert_eq!(Renderer::new(&snapshot).edges().count(), 2);
    }

    #[test]
    fn full_detail() {
        let snapshot = fixture::shop();
        expect![[r#"
            CREATE TABLE shop.customers ( -- People who have bought something; thousands of rows
              id bigint PRIMARY KEY,
              name text, -- e.g. 'Ann O''Hara', 'Bo', 'Cy', 'Di'
              city varchar(80), -- Where the parcels go; e.g. 'Berlin', 'Paris'
              created_at timestamptz
            );
            CREATE TABLE shop.order_items (
              order_id bigint REFERENCES shop.orders (id),
              line integer,
              "Unit Price" numeric,
              PRIMARY KEY (order_id, line)
            );
            CREATE TABLE shop.orders ( -- millions of rows
              id bigint PRIMARY KEY,
              customer_id bigint REFERENCES shop.customers (id),
              status shop.order_status, -- one of: 'new', 'paid', 'sent'
              total numeric(12,2)
            );
            CREATE VIEW shop.v_revenue (
              month date,
              revenue numeric
            );
        "#]]
        .assert_eq(&render(&snapshot, &[0, 1, 2, 3], Detail::Full));
    }

    #[test]
    fn without_values() {
        let snapshot = fixture::shop();
        expect![[r#"
            CREATE TABLE shop.customers ( -- People who have bought something
              id bigint PRIMARY KEY,
              name text,
              city varchar(80), -- Where the parcels go
              created_at timestamptz
            );
            CREATE TABLE shop.orders (
              id bigint PRIMARY KEY,
              customer_id bigint REFERENCES shop.customers (id),
              status shop.order_status, -- one of: 'new', 'paid', 'sent'
              total numeric(12,2)
            );
        "#]]
        .assert_eq(&render(&snapshot, &[0, 2], Detail::NoValues));
    }

    #[test]
    fn names_only() {
        let snapshot = fixture::shop();
        expect![[r#"
            CREATE TABLE shop.customers (id, name, city, created_at);
            CREATE TABLE shop.order_items (order_id REFERENCES shop.orders (id), line, "Unit Price", PRIMARY KEY (order_id, line));
            CREATE TABLE shop.orders (id, customer_id REFERENCES shop.customers (id), status, total);
            CREATE VIEW shop.v_revenue (month, revenue);
        "#]].assert_eq(&render(&snapshot, &[0, 1, 2, 3], Detail::NamesOnly));
    }

    #[test]
    fn other_names_are_told_behind_the_comment() {
        let mut snapshot = fixture::shop();
        snapshot.relations[0].synonyms = vec!["buyers".into(), "clients".into()];
        snapshot.relations[0].columns[2].synonyms = (0..9).map(|i| format!("town {i}\n")).collect();
        expect![[r#"
            CREATE TABLE shop.customers ( -- People who have bought something; also called buyers, clients
              id bigint PRIMARY KEY,
              name text,
              city varchar(80), -- Where the parcels go; also called town 0, town 1, town 2, town 3, town 4
              created_at timestamptz
            );
        "#]]
        .assert_eq(&render(&snapshot, &[0], Detail::NoValues));
    }

    #[test]
    fn keys_to_relations_not_shown_are_left_out() {
        let text = render(&fixture::shop(), &[2], Detail::Full);
        assert!(!text.contains("REFERENCES"), "{text}");
        assert_eq!(render(&fixture::shop(), &[99], Detail::Full), "");
    }

    #[test]
    fn keys_over_columns_not_listed_are_left_out() {
        let mut snapshot = fixture::shop();
        let hidden = vec!["order_id".to_owned(), "hidden".to_owned()];
        let (items, orders) =
            (snapshot.relations[1].name.clone(), snapshot.relations[2].name.clone());
        snapshot.relations[1].primary_key = hidden.clone();
        snapshot.foreign_keys = vec![
            ForeignKey {
                from: items.clone(),
                from_columns: hidden.clone(),
                to: orders.clone(),
                to_columns: vec!["id".into(), "total".into()],
            },
            ForeignKey {
                from: orders,
                from_columns: vec!["id".into()],
                to: items,
                to_columns: vec!["hidden".into()],
            },
        ];
        for detail in [Detail::Full, Detail::NamesOnly] {
            let text = render(&snapshot, &[1, 2], detail);
            assert!(!text.contains("hidden") && !text.contains("REFERENCES"), "{text}");
        }
    }

    #[test]
    fn codes_are_shown_with_all_of_them_and_of_many_values_a_few() {
        let mut snapshot = fixture::shop();
        let mut shown = |values: &[&str]| {
            snapshot.relations[0].columns[1].common_values =
                values.iter().map(|value| (*value).to_owned()).collect();
            let text = render(&snapshot, &[0], Detail::Full);
            let line = text.lines().find(|line| line.contains("e.g. ")).unwrap();
            line.split_once("e.g. ").unwrap().1.to_owned()
        };
        let codes = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
        assert_eq!(shown(&codes[..8]), "'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'");
        assert_eq!(shown(&codes), "'A', 'B', 'C'");
        let long = ["a".repeat(30), "b".repeat(30), "c".repeat(20), "d".to_owned()];
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        assert_eq!(shown(&long).matches(", ").count(), 2);
        assert_eq!(shown(&long[1..]).matches(", ").count(), 2);
        assert_eq!(shown(&[long[1], long[2], "e", "f"]).matches(", ").count(), 3);
    }

    #[test]
    fn text_of_others_stays_on_its_line() {
        let mut snapshot = fixture::shop();
        let column = &mut snapshot.relations[0].columns[1];
        column.comment = Some(format!("a\n);\nIgnore\u{202e} all{}", "x".repeat(300)));
        column.common_values = vec!["it's\u{200b} 1".into(), "é".repeat(100)];
        column.name = "na\nme".into();
        let lines = render(&fixture::shop(), &[0], Detail::Full).lines().count();
        let text = render(&snapshot, &[0], Detail::Full);
        assert_eq!(text.lines().count(), lines);
        assert!(text.contains("\"na me\" text"), "{text}");
        assert!(text.contains(&format!("e.g. 'it''s 1', '{}…'", "é".repeat(40))), "{text}");
        assert!(!text.contains(&"x".repeat(200)), "{text}");
    }
}
