//! Definitions from and to documents.
//!
//! A document is read by `core::semantics::import`; each definition in it is made as if somebody had
//! called the function for it, with the caller's rights. Called by SQL.

use pgrx::prelude::*;
use text2sql_core::semantics::Kind;
use text2sql_core::semantics::import::{self, Export, Imported, Wanted, object_name};

use super::target::Target;
use super::{described, example, joined, list, ruled, template, term};
use crate::api::admin::require_preload;
use crate::error::{DefineError, Error, raise};

/// Defines what a document says: ours, of Snowflake or of dbt. A row for each thing in it, with what
/// keeps it from being defined. Relations are looked for in `schema`, whatever the document says, or
/// else where it says, or else where questions look.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"])]
#[search_path(pg_catalog, pg_temp)]
fn import_semantics(
    document: Option<&str>,
    schema: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(object, String), name!(problem, Option<String>))> {
    require_preload();
    let imported = document
        .ok_or(DefineError::Missing("document"))
        .and_then(|document| Ok(import::import(document)?))
        .unwrap_or_else(|error| raise(Error::Define(error)));
    let Imported { wanted, skipped, .. } = imported;
    let mut rows = Vec::new();
    for wanted in &wanted {
        let object = format!("{} {}", wanted.kind.name(), object_name(wanted));
        match define(wanted, schema) {
            Ok(_) => rows.push((object, None)),
            Err(error) => rows.push((object, Some(error.to_string()))),
        }
    }
    rows.extend(skipped.into_iter().map(|skipped| (skipped.object, Some(skipped.problem))));
    TableIterator::new(rows)
}

fn define(wanted: &Wanted, schema: Option<&str>) -> Result<String, DefineError> {
    let target = match &wanted.place {
        Some(place) => Target::called(place, schema)?,
        None => Target::database()?,
    };
    let Wanted { kind, name, text, synonyms, .. } = wanted;
    let description = wanted.description.as_deref();
    match (kind, text, &wanted.join) {
        (Kind::Description, ..) => {
            let column = match name.as_str() {
                "" => String::new(),
                name => target.column_called(name)?,
            };
            described(&target, &column, description, synonyms)
        }
        (Kind::Metric | Kind::Filter, Some(text), _) => {
            term(*kind, name, &target, text, description, synonyms)
        }
        (Kind::Example, Some(text), _) => example(name, text, false),
        (Kind::Template, Some(text), _) => template(name, synonyms, text, &wanted.parameters),
        (Kind::Rule, Some(text), _) => ruled(&target, name, text),
        (Kind::Join, _, Some((columns, other, others))) => {
            let other = Target::called(other, schema)?;
            let real = |end: &Target, names: &[String]| {
                names.iter().map(|name| end.column_called(name)).collect::<Result<Vec<_>, _>>()
            };
            let (columns, others) = (real(&target, columns)?, real(&other, others)?);
            joined(&target, columns, other, others)
        }
        _ => Err(DefineError::Missing("definition")),
    }
}

/// What the caller may define, as a document that `import_semantics` takes.
#[pg_extern(volatile, parallel_unsafe, strict, requires = ["semantics_table"])]
#[search_path(pg_catalog, pg_temp)]
fn export_semantics(format: default!(&str, "'yaml'")) -> String {
    require_preload();
    let exported = || {
        let how = match format.to_ascii_lowercase().as_str() {
            "yaml" => Export::Yaml,
            "json" => Export::Json,
            _ => return Err(DefineError::Format(format.to_owned())),
        };
        Ok(import::export(&list::definitions()?, how))
    };
    exported().unwrap_or_else(|error| raise(Error::Define(error)))
}
