//! `schema.yml` of dbt, and the semantic models and metrics of MetricFlow.
//!
//! Models and sources describe tables; measures and metrics become metrics; entities that share a
//! name, and tests of relationships, become joins. Templates in filters are resolved where they name
//! a dimension of the same model. Called by [`super::import`].

use std::collections::HashMap;

use serde_json::Value;

use super::document::{column, list, text, texts};
use super::{Imported, Place, Wanted};
use crate::semantics::Kind;

/// Fields that make a document one of dbt.
pub(super) const KEYS: [&str; 4] = ["models", "sources", "semantic_models", "metrics"];

pub(super) fn read(document: &Value) -> Imported {
    let mut out = Imported::default();
    for model in list(document, "models") {
        read_table(model, None, &mut out);
    }
    for source in list(document, "sources") {
        let schema = text(source, "schema").or_else(|| text(source, "name"));
        for table in list(source, "tables") {
            read_table(table, schema.as_deref(), &mut out);
        }
    }
    let models: Vec<Model<'_>> =
        list(document, "semantic_models").filter_map(|model| Model::new(model, &mut out)).collect();
    for model in &models {
        model.read(&mut out);
    }
    join_entities(&models, &mut out);
    for metric in list(document, "metrics") {
        let name = text(metric, "name").unwrap_or_default();
        if let Err(problem) = read_metric(metric, &name, &models, &mut out) {
            out.skip(format!("metric {name}"), problem);
        }
    }
    for field in ["saved_queries", "exposures", "macros", "seeds", "snapshots"] {
        for item in list(document, field) {
            let name = text(item, "name").unwrap_or_default();
            out.skip(format!("{field} {name}"), "it has no counterpart");
        }
    }
    out
}

/// A model or a table of a source.
fn read_table(table: &Value, schema: Option<&str>, out: &mut Imported) {
    let names = ["identifier", "alias", "name"].into_iter();
    let own = names.filter_map(|field| text(table, field)).next();
    let Some(name) = own else {
        return out.skip("a model", "it has no name");
    };
    let config = table.get("config").unwrap_or(&Value::Null);
    let schema = text(config, "schema").or_else(|| schema.map(str::to_owned));
    let place = Place { schema, name };
    out.want(described(table, &place, ""));
    for item in list(table, "columns") {
        let Some(column) = text(item, "name") else { continue };
        out.want(described(item, &place, &column));
        for test in list(item, "tests").chain(list(item, "data_tests")) {
            if let Some(relationship) = test.get("relationships") {
                read_relationship(relationship, &place, &column, out);
            }
        }
    }
}

fn described(item: &Value, place: &Place, name: &str) -> Wanted {
    let metas = [item.get("meta"), item.get("config").and_then(|config| config.get("meta"))];
    let mut synonyms = texts(item, "synonyms");
    synonyms.extend(metas.into_iter().flatten().flat_map(|meta| texts(meta, "synonyms")));
    synonyms.extend(text(item, "label"));
    synonyms.dedup();
    let description = text(item, "description");
    Wanted { description, synonyms, ..Wanted::new(Kind::Description, Some(place), name) }
}

fn read_relationship(test: &Value, place: &Place, column: &str, out: &mut Imported) {
    let arguments = test.get("arguments").unwrap_or(test);
    let to = text(arguments, "to").and_then(|to| referenced(&to));
    match (to, text(arguments, "field")) {
        (Some(to), Some(field)) => {
            let wanted = Wanted::new(Kind::Join, Some(place), column);
            out.want(Wanted { join: Some((vec![column.to_owned()], to, vec![field])), ..wanted });
        }
        _ => out.skip(
            format!("relationship of {}.{column}", place.name),
            "it does not say which column of which model",
        ),
    }
}

/// `ref('model')` or `source('schema', 'table')`, in a template or not.
fn referenced(written: &str) -> Option<Place> {
    let text = written.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
    let (function, rest) = text.split_once('(')?;
    let arguments: Vec<&str> = rest
        .trim_end()
        .strip_suffix(')')?
        .split(',')
        .map(|argument| argument.trim().trim_matches(['\'', '"']))
        .collect();
    let place = |schema: Option<&str>, name: &str| Place {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
    };
    match (function.trim(), arguments.as_slice()) {
        ("ref", [name]) => Some(place(None, name)),
        // The first argument is a package, which is no schema.
        ("ref", [_, name]) => Some(place(None, name)),
        ("source", [schema, name]) => Some(place(Some(schema), name)),
        _ => None,
    }
}

/// A semantic model.
struct Model<'v> {
    value: &'v Value,
    place: Place,
}

impl<'v> Model<'v> {
    fn new(value: &'v Value, out: &mut Imported) -> Option<Self> {
        let name = text(value, "name").unwrap_or_default();
        let place = match text(value, "model") {
            Some(model) => referenced(&model),
            None => (!name.is_empty()).then(|| Place { schema: None, name: name.clone() }),
        };
        if place.is_none() {
            out.skip(format!("semantic model {name}"), "it does not say which model it is about");
        }
        Some(Self { value, place: place? })
    }

    fn read(&self, out: &mut Imported) {
        out.want(described(self.value, &self.place, ""));
        for item in list(self.value, "dimensions") {
            let Some(name) = text(item, "name") else { continue };
            let expression = text(item, "expr").unwrap_or_else(|| name.clone());
            match column(&expression) {
                Some(column) => {
                    let mut wanted = described(item, &self.place, &column);
                    if column != name {
                        wanted.synonyms.push(name);
                    }
                    out.want(wanted);
                }
                None => out.want(Wanted {
                    kind: Kind::Metric,
                    name,
                    text: Some(expression),
                    ..described(item, &self.place, "")
                }),
            }
        }
        for item in list(self.value, "measures") {
            let Some(name) = text(item, "name") else { continue };
            match measured(item, &name, None) {
                Some(expression) => out.want(Wanted {
                    kind: Kind::Metric,
                    name: name.clone(),
                    text: Some(expression),
                    ..described(item, &self.place, "")
                }),
                None => out.skip(
                    format!("measure {}.{name}", self.place.name),
                    "its aggregation has no counterpart",
                ),
            }
        }
    }

    fn measure(&self, name: &str) -> Option<&'v Value> {
        list(self.value, "measures").find(|item| text(item, "name").as_deref() == Some(name))
    }

    /// The expression of a dimension that a template names.
    fn dimension(&self, name: &str) -> Option<String> {
        let item = list(self.value, "dimensions")
            .find(|item| text(item, "name").as_deref() == Some(name))?;
        text(item, "expr").or_else(|| text(item, "name"))
    }
}

/// The expression of a measure, of the rows that satisfy `condition`.
fn measured(item: &Value, name: &str, condition: Option<&str>) -> Option<String> {
    let expression = text(item, "expr").unwrap_or_else(|| name.to_owned());
    let call = match text(item, "agg")?.to_ascii_lowercase().as_str() {
        known @ ("sum" | "min" | "max" | "count") => format!("{known}({expression})"),
        "average" | "avg" => format!("avg({expression})"),
        "count_distinct" => format!("count(DISTINCT {expression})"),
        "sum_boolean" => format!("sum(({expression})::int)"),
        "median" => format!("percentile_cont(0.5) WITHIN GROUP (ORDER BY {expression})"),
        _ => return None,
    };
    Some(match condition {
        Some(condition) => format!("{call} FILTER (WHERE {condition})"),
        None => call,
    })
}

/// Foreign entities refer to the model that has the entity of the same name as its primary one.
fn join_entities(models: &[Model<'_>], out: &mut Imported) {
    let entity = |item: &Value| {
        let name = text(item, "name")?;
        let expression = text(item, "expr").unwrap_or_else(|| name.clone());
        Some((name, text(item, "type").unwrap_or_default(), column(&expression)?))
    };
    let mut primary: HashMap<String, (&Place, String)> = HashMap::new();
    for model in models {
        for (name, kind, column) in list(model.value, "entities").filter_map(entity) {
            if matches!(kind.as_str(), "primary" | "unique") {
                primary.entry(name).or_insert((&model.place, column));
            }
        }
    }
    for model in models {
        for (name, kind, column) in list(model.value, "entities").filter_map(entity) {
            let Some((to, key)) = primary.get(&name).filter(|_| kind == "foreign") else {
                continue;
            };
            let join = Some((vec![column], (*to).clone(), vec![key.clone()]));
            out.want(Wanted { join, ..Wanted::new(Kind::Join, Some(&model.place), &name) });
        }
    }
}

fn read_metric(
    metric: &Value,
    name: &str,
    models: &[Model<'_>],
    out: &mut Imported,
) -> Result<(), String> {
    let kind = text(metric, "type").unwrap_or_else(|| "simple".to_owned());
    let parameters = metric.get("type_params").unwrap_or(&Value::Null);
    let part = |field: &str| {
        let given = parameters.get(field).ok_or(format!("it has no {field}"))?;
        input(given, metric, models)
    };
    let (place, expression) = match kind.as_str() {
        "simple" => part("measure")?,
        "ratio" => {
            let (place, above) = part("numerator")?;
            let (other, below) = part("denominator")?;
            if place != other {
                return Err("its measures belong to different models".to_owned());
            }
            (place, format!("({above})::numeric / nullif({below}, 0)"))
        }
        other => return Err(format!("metrics of type {other} have no counterpart")),
    };
    let said = described(metric, &place, "");
    out.want(Wanted { kind: Kind::Metric, name: name.to_owned(), text: Some(expression), ..said });
    Ok(())
}

/// The place and expression of a measure that a metric uses.
fn input(given: &Value, metric: &Value, models: &[Model<'_>]) -> Result<(Place, String), String> {
    let name = given.as_str().map(str::to_owned).or_else(|| text(given, "name"));
    let name = name.ok_or("it does not name a measure")?;
    let found = models.iter().find_map(|model| Some((model, model.measure(&name)?)));
    let (model, item) = found.ok_or(format!("the document has no measure {name}"))?;
    let filters = [text(metric, "filter"), text(given, "filter")].into_iter().flatten();
    let conditions: Vec<String> =
        filters.map(|filter| resolved(&filter, model)).collect::<Result<_, _>>()?;
    let condition = (!conditions.is_empty()).then(|| conditions.join(" AND "));
    let expression = measured(item, &name, condition.as_deref())
        .ok_or(format!("the aggregation of measure {name} has no counterpart"))?;
    Ok((model.place.clone(), expression))
}

/// A filter with its templates replaced.
fn resolved(filter: &str, model: &Model<'_>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = filter;
    while let Some((before, after)) = rest.split_once("{{") {
        let (template, after) =
            after.split_once("}}").ok_or("a template in its filter does not end")?;
        let named = template.trim();
        let inside = ["Dimension(", "TimeDimension("]
            .iter()
            .find_map(|function| named.strip_prefix(function)?.split(',').next());
        let name = inside.unwrap_or_default().trim().trim_matches([')', '\'', '"', ' ']);
        let bare = name.rsplit("__").next().unwrap_or_default();
        let expression = model.dimension(bare).ok_or(format!(
            "its filter has the template {named}, which is no dimension of its model"
        ))?;
        out.push_str(before);
        out.push_str(&expression);
        rest = after;
    }
    out.push_str(rest);
    Ok(format!("({})", out.trim()))
}
