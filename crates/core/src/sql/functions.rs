//! Functions that are refused by name, before the server sees the statement.
//!
//! A list of the known dangerous, not a licence for the rest: the server-side check has the
//! positive list, resolves names, and sees what no name shows (operators, casts, views). What is
//! here saves that trip, and gives the model a message it can use. Called by [`super::gate`].

/// Built-in `pg_*` functions a query about data may use; every other `pg_*` is refused.
const HARMLESS_PG: &[&str] = &["pg_collation_for", "pg_column_size", "pg_size_pretty", "pg_typeof"];

/// Families known by their first letters.
const DENIED_PREFIXES: &[&str] = &[
    "binary_upgrade_",
    "brin_",
    "connectby",
    "crosstab",
    "cursor_to_xml",
    "database_to_xml",
    "dblink",
    "gin_clean_",
    "http_",
    "inet_client_",
    "inet_server_",
    "lo_",
    "postgres_fdw_",
    "query_to_xml",
    "schema_to_xml",
    "ssl_",
    "table_to_xml",
    "to_reg",
    "txid_",
    "xml_is_well_formed",
    "xpath",
];

/// The rest, sorted: settings, sequences, sleeping, SQL text in strings, files, XML entities,
/// key stretching.
const DENIED: &[&str] = &[
    "col_description",
    "crypt",
    "current_query",
    "current_setting",
    "currval",
    "gen_salt",
    "get_raw_page",
    "heap_page_items",
    "lastval",
    "loread",
    "lowrite",
    "merge_action",
    "nextval",
    "normal_rand",
    "obj_description",
    "pgrowlocks",
    "pgstatindex",
    "pgstattuple",
    "set_config",
    "setseed",
    "setval",
    "shobj_description",
    "ts_rewrite",
    "ts_stat",
    "xml_valid",
    "xmlparse",
];

/// Types whose input looks objects up by name, which tells what exists; sorted.
const LOOKUP_TYPES: &[&str] = &[
    "regclass",
    "regcollation",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// Whether a function of this (folded, unquoted) name is refused, whatever its schema.
pub(super) fn is_denied(name: &str) -> bool {
    if name.starts_with("pg_") {
        return !HARMLESS_PG.contains(&name);
    }
    DENIED.binary_search(&name).is_ok()
        || DENIED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_privilege_inquiry(name)
}

/// `has_table_privilege()` and its family tell what exists that the caller may not read.
fn is_privilege_inquiry(name: &str) -> bool {
    name.starts_with("has_") && name.ends_with("_privilege")
}

/// Whether this (folded, unquoted) type name is one of the object lookup types.
pub(super) fn is_lookup_type(name: &str) -> bool {
    LOOKUP_TYPES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_binary_search() {
        for list in [DENIED, LOOKUP_TYPES, DENIED_PREFIXES, HARMLESS_PG] {
            assert!(list.is_sorted());
        }
    }

    #[test]
    fn names_are_told_apart() {
        for name in [
            "pg_sleep",
            "pg_read_file",
            "pg_advisory_xact_lock",
            "pg_notify",
            "set_config",
            "dblink_exec",
            "lo_import",
            "query_to_xml_and_xmlschema",
            "to_regclass",
            "nextval",
            "txid_current",
            "has_table_privilege",
            "pg_unheard_of",
        ] {
            assert!(is_denied(name), "{name}");
        }
        for name in [
            "count",
            "pg_typeof",
            "lower",
            "log",
            "loyalty",
            "has_stock",
            "current_database",
            "to_char",
            "string_agg",
            "generate_series",
            "brin",
            "httpx",
            "xmlagg",
        ] {
            assert!(!is_denied(name), "{name}");
        }
    }
}
