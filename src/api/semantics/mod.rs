//! Functions by which people tell what their database means.
//!
//! Owns who may define what: members of `text2sql_admin` everything, and owners of a relation what
//! reads nothing else, as they could with COMMENT; rules, examples and templates are for the former. What a definition may be is decided by
//! `core::semantics` and by the server's analyser and planner ([`probe`]); none is run here but an
//! example for whose sake somebody asks for it. Called by SQL.

mod exchange;
mod list;
mod probe;
mod store;
pub(super) mod target;

pub use list::{problems, warn_of_unused};

use std::collections::BTreeMap;

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use text2sql_core::schema::ForeignKey;
use text2sql_core::semantics::import::Place;
use text2sql_core::semantics::template::ParameterKind;
use text2sql_core::semantics::{Definition, Kind, entry, expression};
use text2sql_core::sql::qualify;

use super::admin::require_preload;
use crate::error::{DefineError, Error, raise};
use target::{Target, only_home};

pgrx::extension_sql_file!("../../../sql/semantics.sql", name = "semantics_table");

/// Says what a relation holds, in place of its comment, and what else people call it.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.describe(relation regclass, description text DEFAULT NULL, synonyms text[] DEFAULT '{}')
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn describe(
    relation: Option<Oid>,
    description: Option<&str>,
    synonyms: Option<Vec<Option<String>>>,
) -> String {
    done(|| {
        let target = Target::of(relation)?;
        described(&target, "", description, &given(synonyms))
    })
}

/// The same of a column.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.describe_column(relation regclass, column_name text, description text DEFAULT NULL, synonyms text[] DEFAULT '{}')
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn describe_column(
    relation: Option<Oid>,
    column_name: Option<&str>,
    description: Option<&str>,
    synonyms: Option<Vec<Option<String>>>,
) -> String {
    done(|| {
        let target = Target::of(relation)?;
        let column = column_name.ok_or(DefineError::Missing("column"))?;
        target.column(column)?;
        described(&target, column, description, &given(synonyms))
    })
}

/// Gives an expression over the rows of a relation a name.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.define_metric(name text, relation regclass, expression text, description text DEFAULT NULL, synonyms text[] DEFAULT '{}')
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn define_metric(
    name: Option<&str>,
    relation: Option<Oid>,
    expression: Option<&str>,
    description: Option<&str>,
    synonyms: Option<Vec<Option<String>>>,
) -> String {
    done(|| {
        let name = name.ok_or(DefineError::Missing("name"))?;
        let text = expression.ok_or(DefineError::Missing("expression"))?;
        term(Kind::Metric, name, &Target::of(relation)?, text, description, &given(synonyms))
    })
}

/// Gives a condition on the rows of a relation a name.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.define_filter(name text, relation regclass, condition text, description text DEFAULT NULL, synonyms text[] DEFAULT '{}')
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn define_filter(
    name: Option<&str>,
    relation: Option<Oid>,
    condition: Option<&str>,
    description: Option<&str>,
    synonyms: Option<Vec<Option<String>>>,
) -> String {
    done(|| {
        let name = name.ok_or(DefineError::Missing("name"))?;
        let text = condition.ok_or(DefineError::Missing("condition"))?;
        term(Kind::Filter, name, &Target::of(relation)?, text, description, &given(synonyms))
    })
}

/// Says along which columns two relations are joined, where no foreign key does.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.define_join(relation regclass, columns text[], referenced regclass, referenced_columns text[])
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn define_join(
    relation: Option<Oid>,
    columns: Option<Vec<Option<String>>>,
    referenced: Option<Oid>,
    referenced_columns: Option<Vec<Option<String>>>,
) -> String {
    done(|| {
        let (target, other) = (Target::of(relation)?, Target::of(referenced)?);
        joined(&target, given(columns), other, given(referenced_columns))
    })
}

/// A sentence that the model is told with every question, or with those about a relation.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.define_rule(name text, rule text, relation regclass DEFAULT NULL)
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn define_rule(name: Option<&str>, rule: Option<&str>, relation: Option<Oid>) -> String {
    done(|| {
        let target = match relation {
            Some(_) => Target::of(relation)?,
            None => Target::database()?,
        };
        let name = name.ok_or(DefineError::Missing("name"))?;
        ruled(&target, name, rule.ok_or(DefineError::Missing("rule"))?)
    })
}

/// Keeps a question with a statement that answers it; for administrators. With `run` it is run once,
/// as `run` would, and not kept if it fails.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.add_example(question text, sql text, run boolean DEFAULT false)
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn add_example(question: Option<&str>, sql: Option<&str>, run: Option<bool>) -> String {
    done(|| {
        let question = question.ok_or(DefineError::Missing("question"))?;
        let sql = sql.ok_or(DefineError::Missing("statement"))?;
        example(question, sql, run.unwrap_or_default())
    })
}

/// Keeps questions with places for values, and the statement that answers them.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"], sql = r#"
CREATE FUNCTION text2sql.add_template(name text, questions text[], sql text, parameters jsonb DEFAULT '{}')
RETURNS text VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#)]
fn add_template(
    name: Option<&str>,
    questions: Option<Vec<Option<String>>>,
    sql: Option<&str>,
    parameters: Option<pgrx::JsonB>,
) -> String {
    done(|| {
        let name = name.ok_or(DefineError::Missing("name"))?;
        let sql = sql.ok_or(DefineError::Missing("statement"))?;
        let parameters = parameters.map(|pgrx::JsonB(given)| kinds(given)).transpose()?;
        template(name, &given(questions), sql, &parameters.unwrap_or_default())
    })
}

/// Takes a definition away; false if there is none. Kind, relation and name are as `semantics` has
/// them.
#[pg_extern(volatile, parallel_unsafe, requires = ["semantics_table"])]
#[search_path(pg_catalog, pg_temp)]
fn drop_semantic(kind: Option<&str>, relation: Option<&str>, name: Option<&str>) -> bool {
    require_preload();
    let dropped = || {
        let kind = kind.ok_or(DefineError::Missing("kind"))?;
        store::remove(kind, relation, name.ok_or(DefineError::Missing("name"))?)
    };
    dropped().unwrap_or_else(|error| raise(Error::Define(error)))
}

/// What was defined, or the error.
fn done(define: impl FnOnce() -> Result<String, DefineError>) -> String {
    require_preload();
    define().unwrap_or_else(|error| raise(Error::Define(error)))
}

fn new(kind: Kind, target: &Target, name: String) -> Definition {
    Definition {
        kind,
        relation: target.relation(),
        name,
        definition: None,
        description: None,
        synonyms: Vec::new(),
        key: None,
        parameters: BTreeMap::new(),
        reads: Vec::new(),
    }
}

/// The elements of an array that are there.
fn given(texts: Option<Vec<Option<String>>>) -> Vec<String> {
    texts.into_iter().flatten().flatten().collect()
}

fn described(
    target: &Target,
    column: &str,
    description: Option<&str>,
    synonyms: &[String],
) -> Result<String, DefineError> {
    let description = entry::description(description)?;
    let synonyms = entry::synonyms(synonyms.iter().map(String::as_str))?;
    if description.is_none() && synonyms.is_empty() {
        return Err(entry::EntryError::Nothing.into());
    }
    let definition = new(Kind::Description, target, column.to_owned());
    let reads = probe::reads(target, &definition)?;
    store::put(target, &Definition { description, synonyms, reads, ..definition })
}

fn term(
    kind: Kind,
    name: &str,
    target: &Target,
    text: &str,
    description: Option<&str>,
    synonyms: &[String],
) -> Result<String, DefineError> {
    let name = entry::name(name)?;
    let definition =
        Definition { definition: Some(expression::tidy(text)?), ..new(kind, target, name) };
    let reads = probe::reads(target, &definition)?;
    if !target.is_admin && reads.iter().any(|read| read.relation != target.name) {
        return Err(DefineError::NotAllowed("what reads other relations".to_owned()));
    }
    let definition = Definition {
        description: entry::description(description)?,
        synonyms: entry::synonyms(synonyms.iter().map(String::as_str))?,
        reads,
        ..definition
    };
    store::put(target, &definition)
}

fn joined(
    target: &Target,
    columns: Vec<String>,
    other: Target,
    others: Vec<String>,
) -> Result<String, DefineError> {
    other.require_rights()?;
    if columns.is_empty() || columns.len() != others.len() {
        return Err(DefineError::Columns);
    }
    for (end, names) in [(target, &columns), (&other, &others)] {
        names.iter().try_for_each(|name| end.column(name))?;
    }
    let name = format!("{} = {}", columns.join(", "), other.qualified(&others));
    let key = ForeignKey {
        from: target.name.clone(),
        from_columns: columns,
        to: other.name,
        to_columns: others,
    };
    let definition = Definition { key: Some(key), ..new(Kind::Join, target, name) };
    let reads = probe::reads(target, &definition)?;
    store::put(target, &Definition { reads, ..definition })
}

fn ruled(target: &Target, name: &str, rule: &str) -> Result<String, DefineError> {
    // It speaks to the model in everybody's name, as a comment does not.
    if !target.is_admin {
        return Err(DefineError::NotAllowed("rules".to_owned()));
    }
    let name = entry::name(name)?;
    let text = entry::line(rule, "rule", entry::MAX_RULE)?;
    let definition = Definition { definition: Some(text), ..new(Kind::Rule, target, name) };
    if target.relation().is_some() {
        probe::reads(target, &definition)?;
    }
    store::put(target, &definition)
}

fn example(question: &str, sql: &str, run: bool) -> Result<String, DefineError> {
    let target = Target::database()?;
    let name = entry::line(question, "question", entry::MAX_QUESTION)?;
    let sql = expression::tidy_statement(sql)?;
    let whole = qualify(&expression::statement(&sql)?, only_home);
    let sql = whole.map_or(sql, |whole| whole.text().to_owned());
    let definition = Definition { definition: Some(sql), ..new(Kind::Example, &target, name) };
    let reads = probe::reads(&target, &definition)?;
    if run {
        let rows = probe::run(&definition)?;
        pgrx::notice!("the statement returns {rows}");
    }
    store::put(&target, &Definition { reads, ..definition })
}

/// Kinds of parameters by name, as a JSON object has them.
fn kinds(given: serde_json::Value) -> Result<BTreeMap<String, String>, DefineError> {
    serde_json::from_value(given).map_err(|_| DefineError::Parameters)
}

fn template(
    name: &str,
    questions: &[String],
    sql: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<String, DefineError> {
    let target = Target::database()?;
    let name = entry::name(name)?;
    let line = |question: &String| entry::line(question, "question", entry::MAX_QUESTION);
    let questions = questions.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let sql = expression::tidy_statement(sql)?;
    let parameters = parameters
        .iter()
        .map(|(name, kind)| Ok((name.clone(), as_it_is_called(kind)?)))
        .collect::<Result<BTreeMap<_, _>, DefineError>>()?;
    let definition = Definition {
        definition: Some(sql),
        synonyms: questions,
        parameters,
        ..new(Kind::Template, &target, name)
    };
    let reads = probe::reads(&target, &definition)?;
    store::put(&target, &Definition { reads, ..definition })
}

/// The kind of a parameter, a column by its full name; what is no kind stays as it is.
fn as_it_is_called(kind: &str) -> Result<String, DefineError> {
    let Some(ParameterKind::Value(mut of)) = ParameterKind::parse(kind) else {
        return Ok(kind.trim().to_owned());
    };
    let place = Place { schema: Some(of.relation.schema), name: of.relation.name };
    let relation = Target::called(&place, None)?;
    of.column = relation.column_called(&of.column)?;
    of.relation = relation.name;
    Ok(ParameterKind::Value(of).to_string())
}
