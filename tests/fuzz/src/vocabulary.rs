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
    /// Calls that fit: a constant or NULL of the right type for every argument.
    pub calls: Vec<String>,
    /// Those of functions that are no built-ins.
    pub added_calls: Vec<String>,
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
/// An argument is a constant that most types of its kind can read, else NULL.
const CALLS: &str = "
SELECT CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE quote_ident(n.nspname) || '.' END
       || quote_ident(p.proname) || '(' || coalesce((
         SELECT string_agg(CASE
             WHEN t.typname IN ('any', 'anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray') THEN '1'
             WHEN t.typname IN ('anyarray', 'anycompatiblearray') THEN 'ARRAY[1, 2]'
             WHEN t.typname IN ('anyrange', 'anycompatiblerange') THEN 'int4range(1, 3)'
             WHEN t.typname IN ('anymultirange', 'anycompatiblemultirange') THEN '''{[1,3)}''::int4multirange'
             WHEN t.typname = 'anyenum' THEN '''new''::shop.order_status'
             WHEN t.typcategory = 'N' AND t.typname !~ '^reg' THEN '2::' || format_type(t.oid, NULL)
             WHEN t.typcategory = 'S' THEN '''a''::' || format_type(t.oid, NULL)
             WHEN t.typcategory = 'B' THEN 'true'
             WHEN t.typname IN ('json', 'jsonb') THEN '''{\"a\": [1]}''::' || t.typname
             WHEN t.typcategory IN ('D') THEN '''2024-02-03 04:05:06''::' || format_type(t.oid, NULL)
             WHEN t.typname = 'interval' THEN '''1 day''::interval'
             ELSE 'NULL::' || format_type(t.oid, NULL) END, ', ' ORDER BY a.n)
         FROM unnest(p.proargtypes) WITH ORDINALITY a(oid, n) JOIN pg_type t ON t.oid = a.oid), '') || ')'
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE p.prokind <> 'p' AND p.provariadic = 0
  AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a JOIN pg_type t ON t.oid = a
                  WHERE t.typname IN ('internal', 'trigger', 'event_trigger', 'language_handler', 'fdw_handler'))";
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
            let sorted =
                format!("SELECT DISTINCT name COLLATE \"C\" FROM ({query}) q(name) ORDER BY 1");
            let rows = client.query(sorted.as_str(), &[])?;
            Ok(rows.iter().map(|row| row.get(0)).collect())
        };
        Ok(Self {
            functions: names(FUNCTIONS)?,
            added_functions: names(&format!("{FUNCTIONS} WHERE NOT {OF_SERVER}"))?,
            calls: names(CALLS)?,
            added_calls: names(&format!("{CALLS} AND NOT {OF_SERVER}"))?,
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
            functions: list(
                "count sum lower upper coalesce now pg_sleep set_config query_to_xml generate_series lo_import array_agg row_number",
            ),
            added_functions: list("mallory.vol public.upper shop.run_sql"),
            calls: list(
                "lower('a'::text) now() pg_sleep(1) round(2::numeric) current_setting('role')",
            ),
            added_calls: list("mallory.vol('a'::text) shop.run_sql('TABLE\tt')"),
            relations: list(
                "shop.customers shop.orders shop.employees shop.secrets mallory.loot shop.\"order\"",
            ),
            system_relations: list(
                "pg_catalog.pg_class pg_catalog.pg_authid information_schema.tables pg_shadow",
            ),
            types: list(
                "int text regclass numeric jsonb shop.customers[] mallory.dom timestamptz oid",
            ),
            operators: list("pg_catalog.= pg_catalog.|| mallory.= public.==="),
            columns: list("id name salary email \"Mixed\""),
            roles: list("postgres app_user"),
        }
    }
}
