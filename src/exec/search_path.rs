//! The search path of a sandbox.
//!
//! Owns the choice of schemas: the server's own, then those of allowed extensions into which
//! only trusted roles can put objects, for their operators have no other name. Runs inside the
//! sandbox, under `pg_catalog` alone.

use pgrx::prelude::*;

use super::functions::ALLOWED_EXTENSIONS;
use crate::pg::subxact::Scope;

/// Schemas of installed extensions of the list where nobody but superusers, the owner of the
/// database and the schema's owner, being one of them, may create.
const SCHEMAS: &str = "
SELECT pg_catalog.quote_ident(n.nspname)
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = ANY ($1)
  AND n.nspname <> 'pg_catalog'
  AND NOT EXISTS (
    SELECT 1
    FROM pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
    WHERE a.privilege_type = 'CREATE'
      AND r.rolsuper IS NOT TRUE
      AND r.rolname IS DISTINCT FROM 'pg_database_owner'
      AND a.grantee <> (SELECT datdba FROM pg_catalog.pg_database
                        WHERE datname = pg_catalog.current_database()))
GROUP BY 1 ORDER BY 1";

/// Value of `search_path`.
pub(super) fn with_extensions(_: &Scope) -> String {
    let names: Vec<String> = ALLOWED_EXTENSIONS.iter().map(|name| (*name).to_owned()).collect();
    let schemas = Spi::connect(|client| {
        let mut found = Vec::new();
        for row in client.select(SCHEMAS, None, &[names.into()])? {
            found.extend(row.get::<String>(1)?);
        }
        Ok::<_, pgrx::spi::Error>(found)
    });
    // Without them a statement that needs one of their operators is refused, nothing else.
    let mut path = String::from("pg_catalog");
    for schema in schemas.unwrap_or_default() {
        path.push_str(", ");
        path.push_str(&schema);
    }
    path.push_str(", pg_temp");
    path
}
