//! Words with a meaning in the grammar: what may not be a name, and which types and operators
//! stand in a statement.
//!
//! Owns lists only, each sorted; from `kwlist.h` of PostgreSQL 15. Called by [`super::lark`] and
//! [`super::scope`].

/// Reserved words, and those that can name only functions and types: no column is called so
/// without quotes.
#[rustfmt::skip]
pub(super) const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "binary", "both", "case", "cast", "check", "collate", "collation", "column", "concurrently",
    "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "default", "deferrable",
    "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign",
    "freeze", "from", "full", "grant", "group", "having", "ilike", "in", "initially", "inner",
    "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit",
    "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only",
    "or", "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right",
    "select", "session_user", "similar", "some", "symmetric", "table", "tablesample", "then", "to",
    "trailing", "true", "union", "unique", "user", "using", "variadic", "verbose", "when", "where",
    "window", "with",
];

/// What may follow `AS` only, besides the reserved words (`AS_LABEL` in `kwlist.h`).
#[rustfmt::skip]
pub(super) const NO_LABEL: &[&str] = &[
    "char", "character", "day", "filter", "hour", "minute", "month", "over", "precision", "second",
    "varying", "within", "without", "year",
];

/// Words of the grammar that are no reserved words and can stand where an expression does,
/// though they name nothing: what such a word means is left to the server.
#[rustfmt::skip]
pub(super) const SYNTAX: &[&str] = &[
    "at", "between", "breadth", "by", "coalesce", "cube", "current", "cycle", "depth", "document",
    "double", "escape", "exclude", "exists", "extract", "filter", "first", "following", "greatest",
    "grouping", "groups", "interval", "last", "least", "local", "materialized", "national", "next",
    "nfc", "nfd", "nfkc", "nfkd", "no", "normalize", "normalized", "nullif", "nulls", "ordinality",
    "others", "over", "overlay", "partition", "position", "preceding", "precision", "range",
    "recursive", "repeatable", "rollup", "row", "rows", "search", "set", "sets", "substring",
    "ties", "time", "treat", "trim", "unbounded", "unknown", "values", "varying", "within",
    "without", "zone",
];

/// Fields of an interval: they follow the string or `TO`.
pub(super) const INTERVAL_FIELDS: &[&str] = &["day", "hour", "minute", "month", "second", "year"];

/// Types that can stand in front of a string: `DATE '2024-01-01'`.
#[rustfmt::skip]
pub(super) const TYPES: &[&str] = &[
    "bigint", "bit", "bool", "boolean", "box", "bpchar", "bytea", "char", "character", "cidr",
    "circle", "date", "datemultirange", "daterange", "dec", "decimal", "float", "float4", "float8",
    "inet", "int", "int2", "int4", "int4multirange", "int4range", "int8", "int8multirange",
    "int8range", "integer", "json", "jsonb", "jsonpath", "line", "lseg", "macaddr", "macaddr8",
    "money", "name", "numeric", "nummultirange", "numrange", "path", "point", "polygon", "real",
    "smallint", "text", "time", "timestamp", "timestamptz", "timetz", "tsmultirange", "tsquery",
    "tsrange", "tstzmultirange", "tstzrange", "tsvector", "uuid", "varchar", "xml",
];

/// Names of arguments of built-ins, written before `=>`.
#[rustfmt::skip]
pub(super) const ARGUMENTS: &[&str] = &[
    "create_if_missing", "day", "days", "hour", "hours", "if_missing", "min", "mins", "month",
    "months", "null_value_treatment", "sec", "secs", "silent", "target", "timezone", "vars",
    "weeks", "year", "years",
];

/// Columns every table has.
pub(super) const SYSTEM_COLUMNS: &[&str] = &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"];

/// Binary operators.
#[rustfmt::skip]
pub(super) const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "^", "=", "<", ">", "<=", ">=", "<>", "!=", "||", "&", "|", "#", "<<",
    ">>", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "->", "->>", "#>", "#>>", "#-", "@>",
    "<@", "?", "?|", "?&", "@?", "@@", "@@@", "&&", "-|-", "&<", "&>", "<<=", ">>=", "<->", "<#>",
    "<=>", "<%", "%>", "<<%", "%>>", "<<|", "|>>", "&<|", "|&>", "<^", ">^", "?-", "?#", "?-|",
    "?||", "~=", "^@", "##", "*<", "*>", "*=", "*<>", "~<~", "~>~", "~<=~", "~>=~",
];

/// Whether a folded word is in a sorted list.
pub(super) fn is_in(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_binary_search() {
        let lists = [RESERVED, NO_LABEL, SYNTAX, INTERVAL_FIELDS, TYPES, ARGUMENTS, SYSTEM_COLUMNS];
        for list in lists {
            assert!(list.is_sorted(), "{list:?}");
        }
    }
}
