//! Our own documents: what `export_semantics` writes, as YAML or JSON.
//!
//! ```yaml
//! text2sql: 1
//! descriptions:
//!   - {relation: shop.orders, column: city, description: where it goes, synonyms: [town]}
//! metrics:
//!   - {name: revenue, relation: shop.orders, expression: sum(amount)}
//! filters:
//!   - {name: open order, relation: shop.orders, condition: "status = 'new'"}
//! joins:
//!   - {relation: shop.orders, columns: [customer_id], referenced: shop.customers, referenced_columns: [id]}
//! rules:
//!   - {name: year, rule: The year begins in April.}
//! examples:
//!   - {question: How many orders?, sql: SELECT count(*) FROM shop.orders}
//! templates:
//!   - name: orders of a city
//!     questions: ["How many orders come from {city}?"]
//!     parameters: {city: shop.customers.city}
//!     sql: SELECT count(*) FROM shop.orders AS o WHERE o.city = :city
//! ```
//!
//! Called by [`super::import`] and the extension.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{list, text, texts};
use super::{Imported, Place, Wanted};
use crate::schema::{RelationName, quote_qualified};
use crate::semantics::{Definition, Kind};
use crate::sql::{TokenKind, tokens};

/// Version of the form.
const VERSION: u64 = 1;

/// Lists of a document, with what the text of their entries is called.
const LISTS: [(&str, Kind, &str); 7] = [
    ("descriptions", Kind::Description, ""),
    ("metrics", Kind::Metric, "expression"),
    ("filters", Kind::Filter, "condition"),
    ("joins", Kind::Join, ""),
    ("rules", Kind::Rule, "rule"),
    ("examples", Kind::Example, "sql"),
    ("templates", Kind::Template, "sql"),
];

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

pub(super) fn read(document: &Value) -> Imported {
    let mut out = Imported::default();
    if document.get("text2sql").and_then(Value::as_u64) != Some(VERSION) {
        out.skip("text2sql", format!("only version {VERSION} of the form is known"));
        return out;
    }
    for (field, kind, what) in LISTS {
        for (at, item) in list(document, field).enumerate() {
            match entry(item, kind, what) {
                Ok(wanted) => out.want(wanted),
                Err(problem) => out.skip(format!("{field}[{at}]"), problem),
            }
        }
    }
    let known = |key: &String| key == "text2sql" || LISTS.iter().any(|(field, ..)| field == key);
    for key in document.as_object().into_iter().flat_map(Map::keys).filter(|key| !known(key)) {
        out.skip(key, "it is not known");
    }
    out
}

fn entry(item: &Value, kind: Kind, what: &str) -> Result<Wanted, String> {
    let relation = |field: &str| {
        text(item, field).map(|name| place(&name).ok_or(format!("{name} is no relation's name")))
    };
    let about = relation("relation").transpose()?;
    if about.is_none() && !matches!(kind, Kind::Rule | Kind::Example | Kind::Template) {
        return Err("it has no relation".to_owned());
    }
    let name = text(item, name_field(kind));
    let mut wanted = Wanted::new(kind, about.as_ref(), &name.unwrap_or_default());
    wanted.description = text(item, "description");
    wanted.synonyms = texts(item, synonyms_field(kind));
    wanted.parameters = parameters(item)?;
    if kind == Kind::Join {
        let other = relation("referenced").transpose()?.ok_or("it has no referenced relation")?;
        wanted.join = Some((texts(item, "columns"), other, texts(item, "referenced_columns")));
    } else if kind != Kind::Description {
        wanted.text = Some(text(item, what).ok_or(format!("it has no {what}"))?);
        if wanted.name.is_empty() {
            return Err(format!("it has no {}", name_field(kind)));
        }
    }
    Ok(wanted)
}

/// What the name of an entry is called.
fn name_field(kind: Kind) -> &'static str {
    match kind {
        Kind::Description => "column",
        Kind::Example => "question",
        _ => "name",
    }
}

/// What the other names of an entry are called.
fn synonyms_field(kind: Kind) -> &'static str {
    if kind == Kind::Template { "questions" } else { "synonyms" }
}

/// The parameters of a template, by name.
fn parameters(item: &Value) -> Result<BTreeMap<String, String>, String> {
    let Some(all) = item.get("parameters").filter(|all| !all.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let all = all.as_object().ok_or("its parameters are no names with kinds")?;
    let one = |(name, kind): (&String, &Value)| {
        let kind = kind.as_str().ok_or(format!("the kind of its parameter {name} is no text"))?;
        Ok((name.clone(), kind.to_owned()))
    };
    all.iter().map(one).collect()
}

/// `schema.name` or `name`, each part quoted or not.
fn place(written: &str) -> Option<Place> {
    let all = tokens(written).ok()?;
    let name = |at: usize| {
        let token = all.get(at)?;
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName);
        is_name.then(|| token.name().map(|name| name.into_owned()))?
    };
    match all.len() {
        1 => Some(Place { schema: None, name: name(0)? }),
        3 if all.get(1)?.is_punct(".") => Some(Place { schema: Some(name(0)?), name: name(2)? }),
        _ => None,
    }
}

/// A document with these definitions.
#[must_use]
pub fn export(definitions: &[Definition], how: Export) -> String {
    let mut document = Map::new();
    document.insert("text2sql".to_owned(), json!(VERSION));
    for (field, kind, what) in LISTS {
        let of_kind = definitions.iter().filter(|definition| definition.kind == kind);
        let entries: Vec<Value> = of_kind.map(|definition| written(definition, what)).collect();
        if !entries.is_empty() {
            document.insert(field.to_owned(), Value::Array(entries));
        }
    }
    let document = Value::Object(document);
    let text = match how {
        Export::Json => serde_json::to_string_pretty(&document).ok(),
        Export::Yaml => serde_saphyr::to_string(&document).ok(),
    };
    text.unwrap_or_default()
}

fn written(definition: &Definition, what: &str) -> Value {
    let mut entry = Map::new();
    let mut put = |field: &str, value: Value| {
        entry.insert(field.to_owned(), value);
    };
    let quoted = |name: &RelationName| json!(quote_qualified(name));
    match definition.kind {
        Kind::Description if definition.name.is_empty() => {}
        Kind::Join => {}
        kind => put(name_field(kind), json!(definition.name)),
    }
    if let Some(relation) = &definition.relation {
        put("relation", quoted(relation));
    }
    if let Some(key) = &definition.key {
        put("columns", json!(key.from_columns));
        put("referenced", quoted(&key.to));
        put("referenced_columns", json!(key.to_columns));
    }
    if let Some(text) = definition.definition.as_ref().filter(|_| !what.is_empty()) {
        put(what, json!(text));
    }
    if let Some(description) = &definition.description {
        put("description", json!(description));
    }
    if !definition.synonyms.is_empty() {
        put(synonyms_field(definition.kind), json!(definition.synonyms));
    }
    if !definition.parameters.is_empty() {
        put("parameters", json!(definition.parameters));
    }
    Value::Object(entry)
}
