//! What a definition is about, and whether the caller may define anything about it.
//!
//! Reads the catalogs as the caller, under the search path of the functions. Called by
//! [`super`] and [`super::store`].

use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use text2sql_core::schema::{RelationName, quote_ident, quote_qualified};
use text2sql_core::semantics::import::Place;
use text2sql_core::sql::RelationRef;

use crate::api::limits;
use crate::error::DefineError;

const RELATION: &str = "
    SELECT n.nspname::text, c.relname::text, pg_has_role(c.relowner, 'USAGE'),
           pg_has_role('text2sql_admin', 'USAGE'),
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = $1";

/// Relations of that name, and whether it is theirs to the letter.
const CALLED: &str = "
    SELECT c.oid, n.nspname = ANY ($1) AND c.relname = $2
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND lower(c.relname) = lower($2)
       AND lower(n.nspname) IN (SELECT lower(s) FROM unnest($1) AS s)
     ORDER BY 2 DESC";

/// Schemas of relations of that name.
const HOMES: &str = "
    SELECT n.nspname::text
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = $1 AND n.nspname !~ '^pg_'
       AND n.nspname NOT IN ('information_schema', 'text2sql')";

/// The relation that a name without a schema can only mean: one alone in the database has it. The
/// functions have a search path of their own, so that the caller's says nothing here.
pub fn only_home(name: &RelationRef) -> Option<RelationName> {
    if name.schema.is_some() {
        return None;
    }
    let homes = Spi::connect(|client| {
        let mut homes = Vec::new();
        for row in client.select(HOMES, Some(2), &[name.name.as_str().into()])? {
            homes.extend(row.get::<String>(1)?);
        }
        Ok::<_, pgrx::spi::Error>(homes)
    });
    // Where that cannot be found out, the server says what is missing.
    match homes.unwrap_or_default().as_slice() {
        [schema] => Some(RelationName { schema: schema.clone(), name: name.name.clone() }),
        _ => None,
    }
}

/// A relation, or the whole database.
pub struct Target {
    /// Its name; both parts empty for the database.
    pub name: RelationName,
    /// Whether the caller is an administrator.
    pub is_admin: bool,
    /// Whether the caller owns it.
    is_owner: bool,
    columns: Vec<String>,
}

/// Whether the caller is an administrator of text2sql.
pub fn is_admin() -> Result<bool, DefineError> {
    let query = "SELECT pg_has_role('text2sql_admin', 'USAGE')";
    Spi::connect(|client| client.select(query, Some(1), &[])?.first().get_one::<bool>())
        .map(|answer| answer.unwrap_or_default())
        .map_err(|error| DefineError::Store(error.to_string()))
}

impl Target {
    /// The relation, which the caller may define things about.
    pub fn of(relation: Option<Oid>) -> Result<Self, DefineError> {
        let relation = relation.ok_or(DefineError::Missing("relation"))?;
        let found = Spi::connect(|client| {
            let row = client.select(RELATION, Some(1), &[relation.into()])?.first();
            if row.is_empty() {
                return Ok(None);
            }
            Ok::<_, pgrx::spi::Error>(Some(Self {
                name: RelationName {
                    schema: row.get::<String>(1)?.unwrap_or_default(),
                    name: row.get::<String>(2)?.unwrap_or_default(),
                },
                is_owner: row.get::<bool>(3)?.unwrap_or_default(),
                is_admin: row.get::<bool>(4)?.unwrap_or_default(),
                columns: row.get::<Vec<String>>(5)?.unwrap_or_default(),
            }))
        });
        let target = found
            .map_err(|error| DefineError::Store(error.to_string()))?
            .ok_or(DefineError::NoRelation)?;
        target.require_rights()?;
        Ok(target)
    }

    /// The database, which administrators may define things about.
    pub fn database() -> Result<Self, DefineError> {
        let name = RelationName { schema: String::new(), name: String::new() };
        let target = Self { name, is_admin: is_admin()?, is_owner: false, columns: Vec::new() };
        target.require_rights()?;
        Ok(target)
    }

    /// Refuses who neither administers text2sql nor owns this.
    pub fn require_rights(&self) -> Result<(), DefineError> {
        if self.is_admin || self.is_owner {
            return Ok(());
        }
        Err(DefineError::NotAllowed(match self.relation() {
            Some(name) => format!("what {} means", quote_qualified(&name)),
            None => "rules and examples".to_owned(),
        }))
    }

    /// Refuses names that are no columns of it.
    pub fn column(&self, name: &str) -> Result<(), DefineError> {
        if self.columns.iter().any(|column| column == name) {
            return Ok(());
        }
        let relation = quote_qualified(&self.name);
        Err(DefineError::NoColumn { relation, column: name.to_owned() })
    }

    /// The relation that a document names so, in `schema` if one is given: exactly, or but for the
    /// case of letters where one is meant. The caller may define things about it.
    pub fn called(place: &Place, schema: Option<&str>) -> Result<Self, DefineError> {
        let schemas = match schema.map(str::to_owned).or_else(|| place.schema.clone()) {
            Some(schema) => vec![schema],
            None => limits::schemas().unwrap_or_else(|| vec!["public".to_owned()]),
        };
        let arguments = [schemas.into(), place.name.clone().into()];
        let found = Spi::connect(|client| {
            let mut found = Vec::new();
            for row in client.select(CALLED, Some(2), &arguments)? {
                found.push((row.get::<Oid>(1)?, row.get::<bool>(2)?.unwrap_or_default()));
            }
            Ok::<_, pgrx::spi::Error>(found)
        });
        match found.map_err(|error| DefineError::Store(error.to_string()))?.as_slice() {
            [(relation, _)] | [(relation, true), (_, false)] => Self::of(*relation),
            _ => Err(DefineError::NoRelation),
        }
    }

    /// The column that a document names so: exactly, or but for the case of letters.
    pub fn column_called(&self, name: &str) -> Result<String, DefineError> {
        let exact = self.columns.iter().find(|column| *column == name);
        let alike = |column: &&String| column.to_lowercase() == name.to_lowercase();
        let found = exact.or_else(|| self.columns.iter().find(alike));
        found.cloned().ok_or_else(|| DefineError::NoColumn {
            relation: quote_qualified(&self.name),
            column: name.to_owned(),
        })
    }

    /// The relation, if it is one.
    pub fn relation(&self) -> Option<RelationName> {
        (!self.name.schema.is_empty()).then(|| self.name.clone())
    }

    /// `schema.relation (a, b)`.
    pub fn qualified(&self, columns: &[String]) -> String {
        let columns: Vec<String> = columns.iter().map(|name| quote_ident(name)).collect();
        format!("{} ({})", quote_qualified(&self.name), columns.join(", "))
    }
}
