//! From YAML or JSON text to a tree, and careful ways to look into it.
//!
//! The text is hostile input: nesting, aliases and nodes are bounded before they cost anything.
//! Called by the readers of the known kinds of document.

use serde_json::Value;

use super::ImportError;

/// Deepest nesting.
const MAX_DEPTH: usize = 32;
/// Most nodes, those that aliases repeat among them.
const MAX_NODES: usize = 200_000;

/// The tree of a document. JSON is YAML, but for the errors it is given its own parser.
pub(super) fn read(text: &str) -> Result<Value, ImportError> {
    if text.trim_start().starts_with('{') {
        // Its depth is bounded by the library, at 128.
        return serde_json::from_str(text).map_err(|error| ImportError::Syntax(error.to_string()));
    }
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        max_nodes: MAX_NODES,
        max_events: 4 * MAX_NODES,
        max_documents: 1,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        with_snippet: false,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: MAX_DEPTH,
        },
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| ImportError::Syntax(first_line(&error.to_string())))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// The text of a field, a number or flag as it is written.
pub(super) fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The elements of a field that is a list; one element where it is something else.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    let found = value.get(field).filter(|found| !found.is_null());
    let (many, one) = match found {
        Some(Value::Array(many)) => (many.as_slice(), None),
        one => (&[][..], one),
    };
    many.iter().chain(one)
}

/// The texts of a list.
pub(super) fn texts(value: &Value, field: &str) -> Vec<String> {
    let texts = list(value, field).filter_map(Value::as_str).map(str::trim);
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// Whether a text is the name of a column and nothing else; without its quotes.
pub(super) fn column(expression: &str) -> Option<String> {
    let text = expression.trim();
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return (!quoted.contains('"')).then(|| quoted.to_owned());
    }
    let is_name = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| text.to_owned())
}
