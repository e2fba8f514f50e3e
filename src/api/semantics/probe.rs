//! Whether a definition holds, by the server's own parser and analyser.
//!
//! The statement made of a definition goes through the gate with the rights of whoever defines or
//! lists definitions, powerful or not: names, types and functions are decided by the judged tree. It
//! is planned as a role that may do nothing but ask, for planning calls functions, and it is not
//! run. Called by [`super`] and [`super::list`].

use pgrx::prelude::*;
use text2sql_core::schema::{RelationName, quote_ident, quote_literal};
use text2sql_core::semantics::expression::{self, Probe};
use text2sql_core::semantics::template::{
    ColumnName, Parameter, ParameterKind, Template, TemplateError,
};
use text2sql_core::semantics::{Definition, Kind, Read, changed};
use text2sql_core::sql::ParsedSql;

use super::target::Target;
use crate::api::limits;
use crate::error::{DefineError, Error};
use crate::exec;

/// Names and types of the columns with these relations and numbers, as the snapshot has them.
const COLUMNS: &str = "
    SELECT n.nspname::text, c.relname::text, a.attname::text,
           format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END,
                       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END)
      FROM unnest($1::oid[], $2::int2[]) AS r(relation, number)
      JOIN pg_class c ON c.oid = r.relation
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = r.relation AND a.attnum = r.number AND r.number > 0
      LEFT JOIN pg_type t ON t.oid = a.atttypid
     ORDER BY 1, 2, a.attnum";

/// Whether a column holds texts or labels, and its type's first label.
const TEXTS: &str = "
    SELECT b.typcategory IN ('S', 'E'),
           (SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.oid
             ORDER BY e.enumsortorder LIMIT 1)
      FROM pg_namespace n
      JOIN pg_class c ON c.relnamespace = n.oid
      JOIN pg_attribute a ON a.attrelid = c.oid
      JOIN pg_type t ON t.oid = a.atttypid
      JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
     WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3";

/// What of the database a definition about `target` reads, if it holds.
pub fn reads(target: &Target, definition: &Definition) -> Result<Vec<Read>, DefineError> {
    of_relation(&target.name, definition)
}

/// Whether a stored definition still holds, and reads what it read.
pub fn again(definition: &Definition) -> Result<(), DefineError> {
    let database = RelationName { schema: String::new(), name: String::new() };
    let relation = match (&definition.relation, definition.kind) {
        (Some(relation), _) => relation,
        (None, Kind::Example | Kind::Template) => &database,
        (None, _) => return Ok(()),
    };
    let now = of_relation(relation, definition)?;
    let is_typed = !matches!(definition.kind, Kind::Description | Kind::Rule);
    match changed(&definition.reads, &now) {
        Some(what) if is_typed => Err(DefineError::Reads(what)),
        _ => Ok(()),
    }
}

/// Runs an example's statement as `run` would, and says how many rows it returns.
pub fn run(example: &Definition) -> Result<String, DefineError> {
    let sql = expression::statement(example.definition.as_deref().unwrap_or_default())?;
    let guard = limits::Guard::of_caller().map_err(|error| match error {
        Error::Exec(error) => DefineError::Exec(error),
        other => store(other),
    })?;
    let result = guard.run(&sql)?;
    Ok(match (result.rows.len(), result.truncated) {
        (1, None) => "1 row".to_owned(),
        (rows, None) => format!("{rows} rows"),
        (rows, Some(_)) => format!("more than {rows} rows"),
    })
}

fn of_relation(relation: &RelationName, definition: &Definition) -> Result<Vec<Read>, DefineError> {
    limits::require_stack().map_err(store)?;
    if definition.kind == Kind::Template {
        return of_template(definition);
    }
    let column = quote_ident(&definition.name);
    let what = match (definition.kind, &definition.definition, &definition.key) {
        (Kind::Metric, Some(text), _) => Probe::Expression(text),
        (Kind::Filter, Some(text), _) => Probe::Condition(text),
        (Kind::Join, _, Some(key)) => Probe::Join(&key.from_columns, &key.to, &key.to_columns),
        (Kind::Description, ..) if !definition.name.is_empty() => Probe::Expression(&column),
        _ => Probe::Relation,
    };
    let sql = match (definition.kind, &definition.definition) {
        (Kind::Example, Some(text)) => expression::statement(text)?,
        _ => expression::probe(relation, what)?,
    };
    of_statement(&sql)
}

/// What a template reads: in its statement, whatever values it gets, and to look these up.
fn of_template(definition: &Definition) -> Result<Vec<Read>, DefineError> {
    let text = definition.definition.as_deref().unwrap_or_default();
    let Definition { name, synonyms, parameters, .. } = definition;
    let template = Template::new(name, synonyms, parameters, text)?;
    let mut literals = Vec::new();
    let mut reads = Vec::new();
    for Parameter { name, kind } in template.parameters() {
        let literal = match kind {
            ParameterKind::Number => "NUMERIC '1.5'".to_owned(),
            ParameterKind::Integer | ParameterKind::Year => "2000".to_owned(),
            ParameterKind::Month | ParameterKind::Date => "DATE '2000-01-01'".to_owned(),
            ParameterKind::Value(column) => {
                let sql = expression::probe(
                    &column.relation,
                    Probe::Expression(&quote_ident(&column.column)),
                )?;
                add(&mut reads, of_statement(&sql)?);
                text_of(name, column)?
            }
        };
        literals.push(literal);
    }
    let sql = expression::statement(&template.with(&literals)?)?;
    add(&mut reads, of_statement(&sql)?);
    Ok(reads)
}

/// A literal that is a text of the column's type.
fn text_of(parameter: &str, column: &ColumnName) -> Result<String, DefineError> {
    let ColumnName { relation, column } = column;
    let arguments =
        [relation.schema.as_str().into(), relation.name.as_str().into(), column.as_str().into()];
    let (is_text, label) = Spi::connect(|client| {
        let row = client.select(TEXTS, Some(1), &arguments)?.first();
        let is_text = row.get::<bool>(1)?.unwrap_or_default();
        Ok::<_, pgrx::spi::Error>((is_text, row.get::<String>(2)?))
    })
    .map_err(|error| DefineError::Store(error.to_string()))?;
    if !is_text {
        let problem = "is of a column that holds no text";
        return Err(TemplateError::of_parameter(parameter, problem).into());
    }
    Ok(quote_literal(label.as_deref().unwrap_or("x")))
}

fn add(reads: &mut Vec<Read>, others: Vec<Read>) {
    for read in others {
        if !reads.contains(&read) {
            reads.push(read);
        }
    }
}

fn of_statement(sql: &ParsedSql) -> Result<Vec<Read>, DefineError> {
    let policy = limits::policy().map_err(store)?;
    let uses = exec::rehearse(sql.text(), &policy)?;
    let (mut relations, mut numbers) = (Vec::new(), Vec::new());
    for (oid, columns) in uses {
        match columns.iter().find(|number| **number <= 0) {
            Some(0) => return Err(DefineError::Reads("whole rows".to_owned())),
            Some(_) => return Err(DefineError::Reads("a system column".to_owned())),
            None => {}
        }
        let columns = if columns.is_empty() { vec![0] } else { columns };
        relations.extend(columns.iter().map(|_| oid));
        numbers.extend(columns);
    }
    Spi::connect(|client| {
        let mut reads = Vec::new();
        for row in client.select(COLUMNS, None, &[relations.into(), numbers.into()])? {
            let relation = RelationName {
                schema: row.get::<String>(1)?.unwrap_or_default(),
                name: row.get::<String>(2)?.unwrap_or_default(),
            };
            let read = Read { relation, column: row.get(3)?, type_name: row.get(4)? };
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
        Ok::<_, pgrx::spi::Error>(reads)
    })
    .map_err(|error| DefineError::Store(error.to_string()))
}

fn store(error: Error) -> DefineError {
    DefineError::Store(error.to_string())
}
