//! Names of the functions a statement may call.
//!
//! Owns their extraction from the positive list the second gate has (`sql/functions/pg15.tsv`),
//! which knows signatures; which signature is meant is decided there. Called by [`super::lark`]
//! and [`super::catalog`].

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Lines of `oid<TAB>signature<TAB>decision`.
const LIST: &str = include_str!("../../../../sql/functions/pg15.tsv");

/// What can be called without quotes though its name is a keyword, and the expressions that look
/// like functions but are none.
const KEYWORDS: &[&str] = &[
    "coalesce",
    "greatest",
    "grouping",
    "least",
    "left",
    "normalize",
    "nullif",
    "overlay",
    "right",
    "substring",
];

/// The names, sorted.
pub fn built_in() -> &'static BTreeSet<&'static str> {
    static NAMES: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let listed = LIST.lines().filter_map(|line| {
            let (_, rest) = line.split_once('\t')?;
            let (signature, decision) = rest.rsplit_once('\t')?;
            // The rest may be called by views and aggregates, not by a statement.
            (decision.starts_with("short_text:")
                || matches!(decision, "allow" | "constant_length" | "constant_format" | "series"))
            .then(|| signature.split('(').next().unwrap_or_default())
            .filter(|name| !name.starts_with('"'))
        });
        listed.chain(KEYWORDS.iter().copied()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_statements_call_is_there() {
        for name in
            ["count", "sum", "date_trunc", "generate_series", "left", "coalesce", "row_number"]
        {
            assert!(built_in().contains(name), "{name}");
        }
        for name in ["pg_sleep", "pg_read_file", "set_config", "dblink"] {
            assert!(!built_in().contains(name), "{name}");
        }
    }
}
