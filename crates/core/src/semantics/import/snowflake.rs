//! Semantic models of Snowflake (Cortex Analyst).
//!
//! Dimensions, facts and measures that are a column describe it; those that compute something become
//! metrics, with their default aggregation where they have one. Called by [`super::import`].

use serde_json::Value;

use super::document::{column, list, text, texts};
use super::{Imported, Place, Wanted};
use crate::semantics::Kind;
use crate::semantics::entry::MAX_RULE;

pub(super) fn read(document: &Value) -> Imported {
    let mut out = Imported::default();
    for table in list(document, "tables") {
        read_table(table, &mut out);
    }
    for relationship in list(document, "relationships") {
        read_relationship(document, relationship, &mut out);
    }
    for metric in list(document, "metrics") {
        let name = text(metric, "name").unwrap_or_default();
        out.skip(format!("metric {name}"), "metrics of several tables have no counterpart");
    }
    let instructions = [
        text(document, "custom_instructions"),
        document.get("module_custom_instructions").and_then(|all| text(all, "sql_generation")),
    ];
    for (at, rule) in instructions.into_iter().flatten().enumerate() {
        read_instruction(at, &rule, &mut out);
    }
    for query in list(document, "verified_queries") {
        match (text(query, "question"), text(query, "sql")) {
            (Some(question), sql @ Some(_)) => {
                out.want(Wanted { text: sql, ..Wanted::new(Kind::Example, None, &question) });
            }
            (question, _) => out.skip(
                format!("verified query {}", question.unwrap_or_default()),
                "it has no question or no statement",
            ),
        }
    }
    out
}

fn read_instruction(at: usize, rule: &str, out: &mut Imported) {
    for (line, text) in rule.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let name = format!("custom instruction {}.{}", at + 1, line + 1);
        if text.len() > MAX_RULE {
            out.skip(name, format!("it is longer than the {MAX_RULE} bytes of a rule"));
        } else {
            let rule = Some(text.trim_start_matches(['-', '*', ' ']).to_owned());
            out.want(Wanted { text: rule, ..Wanted::new(Kind::Rule, None, &name) });
        }
    }
}

/// The table that a logical one stands for.
fn place(table: &Value) -> Option<Place> {
    match table.get("base_table") {
        Some(base) => Some(Place { schema: text(base, "schema"), name: text(base, "table")? }),
        None => Some(Place { schema: None, name: text(table, "name")? }),
    }
}

fn read_table(table: &Value, out: &mut Imported) {
    let logical = text(table, "name").unwrap_or_default();
    let Some(place) = place(table) else {
        return out.skip(format!("table {logical}"), "it names no base table");
    };
    let mut synonyms = texts(table, "synonyms");
    add_name(&mut synonyms, &logical, &place.name);
    out.want(Wanted {
        description: text(table, "description"),
        synonyms,
        ..Wanted::new(Kind::Description, Some(&place), "")
    });
    for field in ["dimensions", "time_dimensions", "facts", "measures"] {
        for item in list(table, field) {
            read_item(item, &place, out);
        }
    }
    for (field, kind) in [("metrics", Kind::Metric), ("filters", Kind::Filter)] {
        for item in list(table, field) {
            read_term(item, kind, &place, out);
        }
    }
}

fn read_item(item: &Value, place: &Place, out: &mut Imported) {
    let Some(name) = text(item, "name") else {
        return out.skip(format!("an item of {}", place.name), "it has no name");
    };
    let expression = text(item, "expr").unwrap_or_else(|| name.clone());
    let aggregate = text(item, "default_aggregation");
    let Some(column) = column(&expression) else {
        let expression = match &aggregate {
            None => Some(expression),
            Some(function) => aggregated(function, &expression),
        };
        return match expression {
            Some(text) => {
                out.want(Wanted { text: Some(text), ..said(item, Kind::Metric, place, &name) })
            }
            None => out.skip(
                format!("measure {}.{name}", place.name),
                format!("the aggregation {} has no counterpart", aggregate.unwrap_or_default()),
            ),
        };
    };
    let mut wanted = said(item, Kind::Description, place, &column);
    add_name(&mut wanted.synonyms, &name, &column);
    out.want(wanted);
}

fn read_term(item: &Value, kind: Kind, place: &Place, out: &mut Imported) {
    match (text(item, "name"), text(item, "expr")) {
        (Some(name), Some(expression)) => {
            out.want(Wanted { text: Some(expression), ..said(item, kind, place, &name) });
        }
        (name, _) => out.skip(
            format!("{} {}.{}", kind.name(), place.name, name.unwrap_or_default()),
            "it has no name or no expression",
        ),
    }
}

fn said(item: &Value, kind: Kind, place: &Place, name: &str) -> Wanted {
    Wanted {
        description: text(item, "description"),
        synonyms: texts(item, "synonyms"),
        ..Wanted::new(kind, Some(place), name)
    }
}

/// A name that differs by more than case and underscores is another name.
fn add_name(synonyms: &mut Vec<String>, name: &str, real: &str) {
    let plain = |text: &str| text.to_lowercase().replace(['_', ' '], "");
    if !name.is_empty() && plain(name) != plain(real) && !synonyms.iter().any(|s| s == name) {
        synonyms.push(name.to_owned());
    }
}

/// An expression under a default aggregation.
fn aggregated(function: &str, expression: &str) -> Option<String> {
    match function.to_ascii_lowercase().as_str() {
        known @ ("sum" | "avg" | "min" | "max" | "count") => Some(format!("{known}({expression})")),
        "count_distinct" => Some(format!("count(DISTINCT {expression})")),
        "median" => Some(format!("percentile_cont(0.5) WITHIN GROUP (ORDER BY {expression})")),
        _ => None,
    }
}

fn read_relationship(document: &Value, relationship: &Value, out: &mut Imported) {
    let name = text(relationship, "name").unwrap_or_default();
    let table = |field: &str| {
        let logical = text(relationship, field)?;
        list(document, "tables").find(|t| text(t, "name").as_deref() == Some(logical.as_str()))
    };
    let (Some(left), Some(right)) = (table("left_table"), table("right_table")) else {
        return out
            .skip(format!("relationship {name}"), "it names a table that the model does not have");
    };
    let pairs: Vec<(Option<String>, Option<String>)> = list(relationship, "relationship_columns")
        .map(|pair| {
            let of = |side: &str, table: &Value| physical(table, &text(pair, side)?);
            (of("left_column", left), of("right_column", right))
        })
        .collect();
    let (columns, others): (Option<Vec<_>>, Option<Vec<_>>) =
        (pairs.iter().map(|p| p.0.clone()).collect(), pairs.iter().map(|p| p.1.clone()).collect());
    match (place(left), place(right), columns, others) {
        (Some(from), Some(to), Some(columns), Some(others)) if !columns.is_empty() => {
            let wanted = Wanted::new(Kind::Join, Some(&from), &name);
            out.want(Wanted { join: Some((columns, to, others)), ..wanted });
        }
        _ => out.skip(format!("relationship {name}"), "it joins what are no columns"),
    }
}

/// The column that a logical one stands for.
fn physical(table: &Value, logical: &str) -> Option<String> {
    let fields = ["dimensions", "time_dimensions", "facts", "measures"].into_iter();
    let item = fields
        .flat_map(|field| list(table, field))
        .find(|item| text(item, "name").as_deref() == Some(logical));
    let expression = item.and_then(|item| text(item, "expr"));
    column(&expression.unwrap_or_else(|| logical.to_owned()))
}
