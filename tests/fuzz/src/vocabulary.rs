//! Names that mutations put in place of others.
//!
//! Owns the questions to the catalogs of a server; names come sorted, so that a run can be
//! repeated in a cluster made in the same way.

use postgres::Client;

use crate::Failure;

/// Names, ready to be written into a statement.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Functions, aggregates, window functions and procedures.
    pub functions: Vec<String>,
    /// Functions that are no built-ins.
    pub added_functions: Vec<String>,
    /// Tables, views, foreign tables, sequences of users.
    pub relations: Vec<String>,
    /// Those of the server.
    pub system_relations: Vec<String>,
    /// Types, also row types and arrays.
    pub types: Vec<String>,
    /// Operators, as `OPERATOR(schema.op)` takes them.
    pub operators: Vec<String>,
    /// Columns.
    pub columns: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
}

const FUNCTIONS: &str = "
SELECT CASE WHEN n.nspname = 'pg_catalog' THEN quote_ident(p.proname)
            ELSE quote_ident(n.nspname) || '.' || quote_ident(p.proname) END
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace";
const RELATIONS: &str = "
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_(toast|temp)'";
const OF_SERVER: &str = "n.nspname IN ('pg_catalog', 'information_schema')";
const TYPES: &str = "
SELECT format_type(t.oid, NULL) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_(toast|temp)'
  AND (t.typtype <> 'p' OR t.typname IN ('anyelement', 'cstring', 'record', 'trigger', 'void'))
  AND (t.typrelid = 0 OR n.nspname <> 'information_schema')";
const OPERATORS: &str = "
SELECT quote_ident(n.nspname) || '.' || o.oprname
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace";
const COLUMNS: &str = "
SELECT quote_ident(a.attname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT a.attisdropped AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND c.relkind <> 'i'";

impl Vocabulary {
    /// Asks a server.
    ///
    /// # Errors
    /// The server's.
    pub fn ask(client: &mut Client) -> Result<Self, Failure> {
        let mut names = |query: &str| -> Result<Vec<String>, Failure> {
            let sorted = format!("SELECT DISTINCT name COLLATE \"C\" FROM ({query}) q(name) ORDER BY 1");
            let rows = client.query(sorted.as_str(), &[])?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        };
        Ok(Self {
            functions: names(FUNCTIONS)?,
            added_functions: names(&format!("{FUNCTIONS} WHERE NOT {OF_SERVER}"))?,
            relations: names(&format!("{RELATIONS} AND NOT {OF_SERVER}"))?,
            system_relations: names(&format!("{RELATIONS} AND {OF_SERVER}"))?,
            types: names(TYPES)?,
            operators: names(OPERATORS)?,
            columns: names(COLUMNS)?,
            roles: names("SELECT quote_ident(rolname) FROM pg_roles")?,
        })
    }

    /// A few names for runs without a server.
    pub fn small() -> Self {
        let list = |names: &str| names.split_whitespace().map(str::to_owned).collect();
        Self {
            functions: list("count sum lower upper coalesce now pg_sleep set_config query_to_xml generate_series lo_import array_agg row_number"),
            added_functions: list("mallory.vol public.upper shop.run_sql"),
            relations: list("shop.customers shop.orders shop.employees shop.secrets mallory.loot shop.\"order\""),
            system_relations: list("pg_catalog.pg_class pg_catalog.pg_authid information_schema.tables pg_shadow"),
            types: list("int text regclass numeric jsonb shop.customers[] mallory.dom timestamptz oid"),
            operators: list("pg_catalog.= pg_catalog.|| mallory.= public.==="),
            columns: list("id name salary email \"Mixed\""),
            roles: list("postgres app_user"),
        }
    }
}
