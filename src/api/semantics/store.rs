//! Writes the table of definitions, as its owner.
//!
//! With statements of our own, under the search path of the functions, after the caller's right to
//! define was looked at by [`super::target`]. Every change tells all sessions that their snapshots
//! are out of date. Called by [`super`].

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use text2sql_core::schema::quote_qualified;
use text2sql_core::semantics::Definition;

use super::target::{self, Target};
use crate::error::DefineError;
use crate::pg::{facts, invalidation, role, server};

const PUT: &str = "
    INSERT INTO text2sql.semantic AS s
      (kind, schema_name, relation_name, name, definition, description, synonyms, key, parameters,
       reads, added_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10::jsonb, $11::name)
    ON CONFLICT ON CONSTRAINT semantic_pkey DO UPDATE
      SET definition = EXCLUDED.definition, description = EXCLUDED.description,
          synonyms = EXCLUDED.synonyms, key = EXCLUDED.key, parameters = EXCLUDED.parameters,
          reads = EXCLUDED.reads, added_by = EXCLUDED.added_by, added_at = EXCLUDED.added_at";

const REMOVE: &str = "
    DELETE FROM text2sql.semantic s
     WHERE s.kind = $1 AND s.name = $3
       AND CASE WHEN s.schema_name = '' THEN '' ELSE format('%I.%I', s.schema_name, s.relation_name) END
         = coalesce($2, '')
    RETURNING 1";

/// Stores a definition in place of one of the same kind and name; what it is about.
pub fn put(target: &Target, definition: &Definition) -> Result<String, DefineError> {
    target.require_rights()?;
    let json = |value: serde_json::Result<String>| {
        value.map_err(|error| DefineError::Store(error.to_string()))
    };
    let key = definition.key.as_ref().map(serde_json::to_string).map(json).transpose()?;
    let arguments = [
        definition.kind.name().into(),
        target.name.schema.clone().into(),
        target.name.name.clone().into(),
        definition.name.clone().into(),
        definition.definition.clone().into(),
        definition.description.clone().into(),
        definition.synonyms.clone().into(),
        key.into(),
        json(serde_json::to_string(&definition.parameters))?.into(),
        json(serde_json::to_string(&definition.reads))?.into(),
        role::name(server::current_role()).into(),
    ];
    as_owner(|client| client.update(PUT, None, &arguments).map(|_| ()))?;
    let about = target.relation().map(|name| quote_qualified(&name));
    let names =
        about.into_iter().chain((!definition.name.is_empty()).then(|| definition.name.clone()));
    Ok(format!("{} {}", definition.kind.name(), names.collect::<Vec<_>>().join(": ")))
}

/// Removes a definition; whether there was one.
pub fn remove(kind: &str, relation: Option<&str>, name: &str) -> Result<bool, DefineError> {
    if !target::is_admin()? {
        let oid = relation.map(relation_of).transpose()?.flatten();
        match oid {
            Some(_) => drop(Target::of(oid)?),
            None => return Err(DefineError::NotAllowed("this".to_owned())),
        }
    }
    let arguments = [kind.into(), relation.into(), name.into()];
    as_owner(|client| Ok(!client.update(REMOVE, None, &arguments)?.is_empty()))
}

fn relation_of(name: &str) -> Result<Option<Oid>, DefineError> {
    Spi::connect(|client| {
        client
            .select("SELECT to_regclass($1)::oid", Some(1), &[name.into()])?
            .first()
            .get_one::<Oid>()
    })
    .map_err(|error| DefineError::Store(error.to_string()))
}

/// Runs a change of the table as its owner. An error of the server ends the caller's statement, and
/// with it the owner's rights.
fn as_owner<R>(
    change: impl FnOnce(&mut pgrx::spi::SpiClient<'_>) -> Result<R, pgrx::spi::Error>,
) -> Result<R, DefineError> {
    let owner = facts::own_table_owner(c"text2sql", c"semantic")
        .ok_or_else(|| DefineError::Store("there is no table text2sql.semantic".to_owned()))?;
    let result = role::read_as(owner, || Spi::connect_mut(change));
    let result = result.map_err(|error| DefineError::Store(error.to_string()))?;
    invalidation::announce(c"text2sql", c"semantic");
    Ok(result)
}
