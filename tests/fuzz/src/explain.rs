//! Differences that mean nothing: why two right answers to one statement need not be equal.
//!
//! Owns the lists of words and codes. They are looked at only after two results differed, so a
//! statement with such a word is compared as any other; and a difference in what is marked is a
//! finding whatever words there are.

/// What depends on the moment or on chance.
const MOMENT: &[&str] = &[
    "random",
    "clock_timestamp",
    "timeofday",
    "gen_random_uuid",
    "tablesample",
    "now",
    "today",
    "tomorrow",
    "yesterday",
    "current_timestamp",
    "current_time",
    "current_date",
    "localtime",
    "localtimestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "age",
    "uuid_generate_v4",
    "ctid",
    "xmin",
    "xmax",
    "cmin",
    "cmax",
];

/// What depends on an order that the statement leaves open.
const ORDER: &[&str] = &[
    "limit",
    "offset",
    "fetch",
    "array_agg",
    "string_agg",
    "json_agg",
    "jsonb_agg",
    "xmlagg",
    "json_object_agg",
    "jsonb_object_agg",
    "row_number",
    "rank",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
    "over",
    "array",
    "distinct",
    "cume_dist",
    "union",
];

/// Built-in functions and operators that look at no interrupt while they work on a large value, as
/// SECURITY.md says under what is not promised.
const UNINTERRUPTIBLE: &[&str] = &[
    "translate",
    "replace",
    "strpos",
    "position",
    "split_part",
    "string_to_array",
    "btrim",
    "ltrim",
    "rtrim",
    "trim",
    "similar",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "regexp_count",
    "regexp_split_to_table",
    "regexp_split_to_array",
    "regexp_instr",
    "regexp_like",
    "regexp_substr",
    "<@",
    "@>",
    "&&",
    "~",
    "~*",
    "!~",
    "!~*",
    "levenshtein",
    "ts_headline",
    "jsonb_path_exists",
    "?|",
    "?&",
    "to_timestamp",
    "to_date",
    "similarity",
];

/// Whether a statement may take longer than its limit, for a while.
pub fn may_be_slow(sql: &str) -> bool {
    let lower = sql.to_lowercase();
    UNINTERRUPTIBLE.iter().any(|word| lower.contains(word))
}

/// A reason in the words of a statement; `more` if there are more rows than the caller gets, which
/// no order explains.
pub fn by_words(sql: &str, more: bool) -> Option<&'static str> {
    let lower = sql.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if any(MOMENT) {
        Some("depends on the moment")
    } else if !more && any(ORDER) {
        Some("depends on an open order")
    } else {
        None
    }
}

/// A reason in the code of the caller's own error. Not here: rights, writing, names and syntax,
/// which must be the same with and without the guard.
pub fn by_sqlstate(sqlstate: &str) -> Option<&'static str> {
    match sqlstate.get(..2)? {
        "57" | "53" | "54" => Some("too much for the plain session"),
        // Wrapped into another SELECT, other rows are computed first.
        "21" | "22" => Some("an error of a value"),
        "55" => Some("a lock"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole_words() {
        assert_eq!(by_words("SELECT Random()", true), Some("depends on the moment"));
        assert_eq!(by_words("SELECT a FROM t LIMIT 1", false), Some("depends on an open order"));
        assert_eq!(by_words("SELECT a FROM t LIMIT 1", true), None);
        assert_eq!(by_words("SELECT page, limits FROM nowhere", false), None);
    }

    #[test]
    fn what_cannot_be_interrupted_is_known_by_name() {
        assert!(may_be_slow("SELECT TRANSLATE(a, b, c)"));
        assert!(!may_be_slow("SELECT count(*) FROM a, b"));
    }

    #[test]
    fn rights_are_no_excuse() {
        for code in ["42501", "25006", "42P01", "42883", "42601", ""] {
            assert_eq!(by_sqlstate(code), None, "{code}");
        }
        assert!(by_sqlstate("57014").is_some());
    }
}
