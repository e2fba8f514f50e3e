//! Puts into a snapshot what its reader may know of the stored definitions.
//!
//! A definition counts only if everything it touched when it was defined is in the snapshot, with
//! the type it had: the snapshot holds what the reader may SELECT and nothing else, so there is no
//! second list of rights that could differ from the first. The names in a definition's text are
//! among those it touched then, whatever has become of the catalog since. Called where a snapshot
//! is read from the catalog.

use std::collections::{HashMap, HashSet};

use super::template::Template;
use super::{Definition, Example, Kind, Read, Rule, Semantics, Term};
use crate::schema::{ForeignKey, Relation, RelationKind, RelationName, Snapshot};
use crate::sql::{TokenKind, tokens};

/// Most terms of a snapshot: each is compared with each question.
const MAX_TERMS: usize = 1_000;
/// Most examples of a snapshot: each is compared with each question.
const MAX_EXAMPLES: usize = 200;
/// Most templates of a snapshot: each is compared with each question.
const MAX_TEMPLATES: usize = 200;
/// Most rules told.
const MAX_RULES: usize = 16;
/// Most bytes of rules told, all together: about 500 tokens.
const MAX_RULE_BYTES: usize = 2_000;

/// Adds those of `definitions` that the snapshot's reader may use.
pub fn apply(snapshot: &mut Snapshot, definitions: Vec<Definition>) {
    if definitions.is_empty() {
        return;
    }
    let usable: Vec<Definition> = {
        let readable = Readable::new(snapshot);
        definitions.into_iter().filter(|definition| readable.has(definition)).collect()
    };
    let mut semantics = Semantics::default();
    let mut positions = HashMap::new();
    for (position, relation) in snapshot.relations.iter().enumerate() {
        positions.insert(relation.name.clone(), position);
    }
    let mut keys = Vec::new();
    for definition in usable {
        let Definition { kind, relation, name, definition: text, description, .. } = definition;
        let synonyms = definition.synonyms;
        match (kind, relation, text) {
            (Kind::Description, Some(relation), _) => {
                let position = positions.get(&relation);
                if let Some(relation) = position.and_then(|at| snapshot.relations.get_mut(*at)) {
                    describe(relation, &name, description, synonyms);
                }
            }
            (Kind::Metric | Kind::Filter, Some(relation), Some(sql))
                if semantics.terms.len() < MAX_TERMS =>
            {
                semantics.terms.push(Term { kind, relation, name, synonyms, sql, description });
            }
            (Kind::Example, _, Some(sql)) if semantics.examples.len() < MAX_EXAMPLES => {
                semantics.examples.push(example(name, sql, &definition.reads));
            }
            (Kind::Template, _, Some(sql)) if semantics.templates.len() < MAX_TEMPLATES => {
                let made = Template::new(&name, &synonyms, &definition.parameters, &sql);
                semantics.templates.extend(made);
            }
            (Kind::Join, ..) => keys.extend(definition.key),
            (Kind::Rule, relation, Some(text)) => semantics.rules.push(Rule { relation, text }),
            _ => {}
        }
    }
    keep_few(&mut semantics.rules);
    add_keys(snapshot, keys);
    snapshot.semantics = semantics;
    // Its words are of what was there before.
    snapshot.index = Default::default();
}

fn example(question: String, sql: String, reads: &[Read]) -> Example {
    let mut relations: Vec<RelationName> = Vec::new();
    for read in reads {
        if !relations.contains(&read.relation) {
            relations.push(read.relation.clone());
        }
    }
    Example::new(question, sql, relations)
}

/// Whether a statement holds a constant that may have come out of a row: any text, and any number of
/// more than two digits. What cannot be read does.
fn has_constants(sql: &str) -> bool {
    let Ok(tokens) = tokens(sql) else { return true };
    tokens.iter().any(|token| match token.kind {
        TokenKind::String => true,
        TokenKind::Number => token.text.len() > 2,
        _ => false,
    })
}

fn describe(
    relation: &mut Relation,
    column: &str,
    description: Option<String>,
    synonyms: Vec<String>,
) {
    let (comment, known) = if column.is_empty() {
        (&mut relation.comment, &mut relation.synonyms)
    } else {
        match relation.columns.iter_mut().find(|c| c.name == column) {
            Some(column) => (&mut column.comment, &mut column.synonyms),
            None => return,
        }
    };
    if description.is_some() {
        *comment = description;
    }
    *known = synonyms;
}

/// The first ones, as many as may be told.
fn keep_few(rules: &mut Vec<Rule>) {
    let mut bytes = 0usize;
    rules.retain(|rule| {
        let more = bytes.saturating_add(rule.text.len());
        let keep = more <= MAX_RULE_BYTES;
        if keep {
            bytes = more;
        }
        keep
    });
    rules.truncate(MAX_RULES);
}

/// Defined joins count as declared keys. A guess that says the same is none any more.
fn add_keys(snapshot: &mut Snapshot, keys: Vec<ForeignKey>) {
    if keys.is_empty() {
        return;
    }
    for key in keys {
        if key.from_columns.len() == key.to_columns.len() && !snapshot.foreign_keys.contains(&key) {
            snapshot.foreign_keys.push(key);
        }
    }
    snapshot.infer_keys();
}

/// What the reader of a snapshot may SELECT, with types.
struct Readable<'s> {
    columns: HashMap<&'s RelationName, HashMap<&'s str, String>>,
    /// Relations that may hide rows from the reader: by policies, or because they are views.
    filtered: HashSet<&'s RelationName>,
}

impl<'s> Readable<'s> {
    fn new(snapshot: &'s Snapshot) -> Self {
        let relations = snapshot.relations.iter().map(|relation| {
            let columns = relation.columns.iter();
            let columns = columns.map(|c| (c.name.as_str(), bare_type(&c.type_name)));
            (&relation.name, columns.collect())
        });
        let hides =
            |relation: &&Relation| relation.filtered || matches!(relation.kind, RelationKind::View);
        let filtered = snapshot.relations.iter().filter(hides).map(|relation| &relation.name);
        Self { columns: relations.collect(), filtered: filtered.collect() }
    }

    fn has(&self, definition: &Definition) -> bool {
        let ends = definition.key.iter().flat_map(|key| [&key.from, &key.to]);
        let named: HashSet<&RelationName> = definition.relation.iter().chain(ends).collect();
        named.iter().all(|name| self.columns.contains_key(name))
            && definition.reads.iter().all(|read| self.has_read(read))
            && !(definition.kind == Kind::Example && self.may_tell_rows(definition))
    }

    /// Whether an example could tell the reader what stands in rows that are hidden from him: nobody
    /// chose its constants to be published, as those of a filter were.
    fn may_tell_rows(&self, definition: &Definition) -> bool {
        let hidden = definition.reads.iter().any(|read| self.filtered.contains(&read.relation));
        hidden && definition.definition.as_deref().is_none_or(has_constants)
    }

    fn has_read(&self, read: &Read) -> bool {
        let Some(columns) = self.columns.get(&read.relation) else { return false };
        let Some(column) = &read.column else { return true };
        columns
            .get(column.as_str())
            .is_some_and(|now| read.type_name.as_ref().is_none_or(|then| bare_type(then) == *now))
    }
}

/// What a definition reads now that it did not read when it was defined, in words.
#[must_use]
pub fn changed(then: &[Read], now: &[Read]) -> Option<String> {
    let is_same = |a: &Read, b: &Read| a.relation == b.relation && a.column == b.column;
    now.iter().find_map(|read| {
        let column = read.column.as_deref()?;
        let type_name = read.type_name.as_deref().unwrap_or_default();
        match then.iter().find(|then| is_same(then, read)) {
            None => Some(format!("column {column}, which it did not when it was defined")),
            Some(then) => {
                let before = then.type_name.as_deref().unwrap_or_default();
                (bare_type(before) != bare_type(type_name)).then(|| {
                    format!("column {column} of type {type_name}, which was {before} when it was defined")
                })
            }
        }
    })
}

/// A type without its modifiers: a longer `varchar` means the same.
fn bare_type(name: &str) -> String {
    match (name.find('('), name.find(')')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (name.get(..open), name.get(close + 1..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;

    fn name(relation: &str) -> RelationName {
        RelationName { schema: "shop".into(), name: relation.into() }
    }

    fn read(relation: &str, column: &str, type_name: &str) -> Read {
        Read {
            relation: name(relation),
            column: Some(column.into()),
            type_name: Some(type_name.into()),
        }
    }

    fn metric(sql: &str, reads: Vec<Read>) -> Definition {
        Definition {
            kind: Kind::Metric,
            relation: Some(name("orders")),
            name: "revenue".into(),
            definition: Some(sql.into()),
            description: None,
            synonyms: vec!["turnover".into()],
            key: None,
            parameters: Default::default(),
            reads,
        }
    }

    fn rule(relation: Option<&str>, text: &str) -> Definition {
        Definition {
            kind: Kind::Rule,
            relation: relation.map(name),
            name: text.into(),
            definition: Some(text.into()),
            ..metric("", vec![])
        }
    }

    fn terms(definitions: Vec<Definition>) -> Vec<String> {
        let mut snapshot = shop();
        apply(&mut snapshot, definitions);
        snapshot.semantics.terms.iter().map(|term| term.sql.clone()).collect()
    }

    #[test]
    fn what_touches_something_unreadable_is_not_there() {
        for (reads, there) in [
            (vec![read("orders", "total", "numeric(12,2)")], true),
            (vec![read("orders", "total", "numeric")], true),
            (vec![read("orders", "total", "text")], false),
            (vec![read("orders", "hidden", "text")], false),
            (vec![read("hidden", "id", "bigint")], false),
            (vec![read("orders", "total", "numeric"), read("customers", "hidden", "text")], false),
            (vec![Read { relation: name("orders"), column: None, type_name: None }], true),
            (vec![Read { relation: name("hidden"), column: None, type_name: None }], false),
        ] {
            assert_eq!(
                terms(vec![metric("x", reads.clone())]).len(),
                usize::from(there),
                "{reads:?}"
            );
        }
        let elsewhere = Definition { relation: Some(name("hidden")), ..metric("x", vec![]) };
        assert!(terms(vec![elsewhere]).is_empty());
    }

    #[test]
    fn descriptions_take_the_place_of_comments() {
        let mut snapshot = shop();
        let of = |column: &str, description: Option<&str>, synonyms: &[&str]| Definition {
            kind: Kind::Description,
            relation: Some(name("customers")),
            name: column.into(),
            description: description.map(str::to_owned),
            synonyms: synonyms.iter().map(|s| (*s).to_owned()).collect(),
            ..metric("", vec![])
        };
        let definitions = vec![
            of("", Some("Buyers"), &["client"]),
            of("city", None, &["town"]),
            of("gone", Some("x"), &[]),
        ];
        apply(&mut snapshot, definitions);
        let customers = &snapshot.relations[0];
        assert_eq!(customers.comment.as_deref(), Some("Buyers"));
        assert_eq!(customers.synonyms, ["client"]);
        assert_eq!(customers.columns[2].comment.as_deref(), Some("Where the parcels go"));
        assert_eq!(customers.columns[2].synonyms, ["town"]);
    }

    #[test]
    fn joins_are_keys_between_readable_ends() {
        let join = |to: &str| Definition {
            kind: Kind::Join,
            key: Some(ForeignKey {
                from: name("v_revenue"),
                from_columns: vec!["month".into()],
                to: name(to),
                to_columns: vec!["created_at".into()],
            }),
            ..metric("", vec![])
        };
        let mut snapshot = shop();
        apply(&mut snapshot, vec![join("customers"), join("customers"), join("hidden")]);
        assert_eq!(snapshot.foreign_keys.len(), 3);
    }

    #[test]
    fn rules_are_few_and_about_what_is_readable() {
        let mut snapshot = shop();
        let mut definitions = vec![rule(Some("hidden"), "a"), rule(Some("orders"), "b")];
        definitions.extend((0..30).map(|_| rule(None, "c")));
        apply(&mut snapshot, definitions);
        let rules = &snapshot.semantics.rules;
        assert_eq!((rules.len(), rules[0].text.as_str()), (MAX_RULES, "b"));
        apply(&mut snapshot, (0..10).map(|_| rule(None, &"x".repeat(300))).collect());
        assert_eq!(snapshot.semantics.rules.len(), 6);
    }

    #[test]
    fn examples_with_constants_tell_nothing_of_hidden_rows() {
        let of = |sql: &str, reads| Definition {
            kind: Kind::Example,
            relation: None,
            name: "How many orders?".into(),
            ..metric(sql, reads)
        };
        let orders = || vec![read("orders", "total", "numeric")];
        let view = || vec![read("v_revenue", "month", "date")];
        for (sql, reads, filtered, there) in [
            ("SELECT total FROM shop.orders WHERE status = 'ACME'", orders(), false, true),
            ("SELECT total FROM shop.orders WHERE status = 'ACME'", orders(), true, false),
            ("SELECT total FROM shop.orders WHERE total = 12345", orders(), true, false),
            ("SELECT total FROM shop.orders LIMIT 5", orders(), true, true),
            ("SELECT month FROM shop.v_revenue WHERE month = '2020-01-01'", view(), false, false),
            ("SELECT month FROM shop.v_revenue", view(), false, true),
            ("SELECT hidden", vec![read("orders", "hidden", "text")], false, false),
        ] {
            let mut snapshot = shop();
            snapshot.relations[2].filtered = filtered;
            apply(&mut snapshot, vec![of(sql, reads)]);
            assert_eq!(snapshot.semantics.examples.len(), usize::from(there), "{sql} {filtered}");
        }
    }

    #[test]
    fn templates_need_all_that_they_read() {
        let city = read("customers", "city", "character varying(80)");
        for (parameters, reads, there) in [
            (vec![("x".into(), "shop.customers.city".into())], vec![city.clone()], true),
            (
                vec![("x".into(), "shop.customers.city".into())],
                vec![read("orders", "hidden", "text")],
                false,
            ),
            // Nothing that could be stored by hand makes a template that cannot be compared.
            (vec![("x".into(), "nonsense".into())], vec![city.clone()], false),
            (vec![], vec![city], false),
        ] {
            let mut snapshot = shop();
            let template = Definition {
                kind: Kind::Template,
                relation: None,
                synonyms: vec!["in {x}".into()],
                parameters: parameters.into_iter().collect(),
                ..metric("SELECT :x", reads)
            };
            apply(&mut snapshot, vec![template]);
            assert_eq!(snapshot.semantics.templates.len(), usize::from(there));
        }
    }

    #[test]
    fn nothing_defined_changes_nothing() {
        let mut snapshot = shop();
        apply(&mut snapshot, vec![]);
        assert_eq!(snapshot, shop());
    }

    #[test]
    fn other_columns_and_types_are_changes() {
        let then = [read("orders", "total", "numeric(12,2)")];
        for (now, is_changed) in [
            (read("orders", "total", "numeric"), false),
            (read("orders", "total", "text"), true),
            (read("orders", "id", "bigint"), true),
            (read("customers", "total", "numeric"), true),
        ] {
            assert_eq!(changed(&then, std::slice::from_ref(&now)).is_some(), is_changed, "{now:?}");
        }
        assert_eq!(changed(&then, &[]), None);
    }

    #[test]
    fn types_are_compared_without_modifiers() {
        for (full, bare) in [
            ("numeric(12,2)", "numeric"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("text", "text"),
            (")odd(", ")odd("),
        ] {
            assert_eq!(bare_type(full), bare);
        }
    }
}
