//! Statements nested as deeply as each construct allows, on a stack of the size the policy asks
//! for. An overflow ends the test process, as it would end the server.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fmt::Write as _;

use proptest::prelude::*;
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{
    CandidateSql, MAX_SQL_BYTES, Refusal, fit_constants, mend, policy, prune, take_apart, unmet,
};

/// How a construct nests: what opens a level, what stands innermost, what closes one; around
/// it, the statement's beginning; and the most levels that pass.
struct Construct {
    head: &'static str,
    open: &'static str,
    inner: &'static str,
    close: &'static str,
    most: usize,
}

const fn nests(
    head: &'static str,
    open: &'static str,
    inner: &'static str,
    close: &'static str,
    most: usize,
) -> Construct {
    Construct { head, open, inner, close, most }
}

/// What opens parentheses, brackets, CASE or begins with an operator.
const CONSTRUCTS: &[Construct] = &[
    nests("SELECT ", "(", "1", ")", 24),
    nests("", "(", "SELECT 1", ")", 24),
    nests("SELECT ", "(SELECT ", "1", ")", 24),
    nests("SELECT * FROM ", "(SELECT * FROM ", "s.t", ") a", 24),
    nests("SELECT * FROM ", "LATERAL (SELECT * FROM ", "s.t", ") a", 24),
    nests("SELECT * FROM ", "(", "s.t", " JOIN s.u ON true)", 24),
    nests("SELECT * FROM ", "((SELECT * FROM ", "s.t", ") a JOIN s.u ON true)", 12),
    nests("SELECT * FROM s.t WHERE ", "EXISTS (SELECT 1 WHERE ", "true", ")", 24),
    nests("SELECT * FROM s.t WHERE ", "NOT EXISTS (SELECT 1 WHERE ", "true", ")", 24),
    nests("SELECT * FROM s.t WHERE ", "1 IN (SELECT 1 WHERE ", "true", ")", 24),
    nests("SELECT * FROM s.t WHERE ", "1 = ANY (SELECT 1 WHERE ", "true", ")", 24),
    nests("", "WITH a AS (", "SELECT 1", ") SELECT 1", 24),
    nests("", "(SELECT 1 UNION ", "SELECT 1", ")", 24),
    nests("", "(VALUES (1) EXCEPT ", "SELECT 1", ")", 23),
    nests("SELECT ", "CASE WHEN true THEN ", "1", " END", 24),
    nests("SELECT ", "CASE WHEN ", "true", " THEN true END", 24),
    nests("SELECT ", "CASE ", "1", " WHEN 1 THEN 1 ELSE 1 END", 24),
    nests("SELECT ", "f(", "1", ")", 24),
    nests("SELECT ", "coalesce(1, 2 + ", "1", ", 3)", 24),
    nests("SELECT ", "floor(", "1", ")", 24),
    nests("SELECT ", "substring(", "'x'", " FROM 1)", 24),
    nests("SELECT ", "CAST(", "1", " AS int)", 24),
    nests("SELECT ", "ARRAY[", "1", "]", 24),
    nests("SELECT ", "a[", "1", "]", 24),
    nests("SELECT ", "- ", "1", "", 24),
    nests("SELECT true AND ", "NOT ", "true", "", 24),
    nests("SELECT ", "- (", "1", ")", 12),
    nests("SELECT ", "f() OVER (ORDER BY ", "1", ")", 24),
    nests("SELECT 1 FROM s.t GROUP BY ", "ROLLUP (", "1", ")", 24),
    nests("SELECT ", "(1, ", "1", ")", 24),
    // Each operator binds tighter than the one before, so each nests: the parser's own limit.
    nests("SELECT ", "(a OR b AND c = d + e * ", "f", ")", 16),
];

/// What makes a tree deeper without opening anything.
const CHAINS: &[Construct] = &[
    nests("SELECT 1", " + 1", "", "", 1_000),
    nests("SELECT true", " AND true", "", "", 1_000),
    nests("SELECT true", " OR NOT true", "", "", 500),
    nests("SELECT a", "::int", "", "", 1_000),
    nests("SELECT 1", " UNION ALL SELECT 1", "", "", 1_000),
    nests("SELECT a", " IS NULL", "", "", 1_000),
    nests("SELECT a", " COLLATE \"C\"", "", "", 1_000),
    nests("SELECT a", " AT TIME ZONE 'x'", "", "", 1_000),
    nests("SELECT 1::", "array<", "", "", 999),
    nests("SELECT a", "[1]", "", "", 1_000),
    nests("SELECT 1::int", "[]", "", "", 999),
    nests("SELECT 1 FROM s.t", ", LATERAL (SELECT 1) b", "", "", 48),
    nests("SELECT 1 FROM s.t", " JOIN s.t ON true", "", "", 48),
];

impl Construct {
    fn statement(&self, levels: usize) -> String {
        let mut sql = self.head.to_owned();
        let _ = write!(sql, "{}{}", self.open.repeat(levels), self.inner);
        sql + &self.close.repeat(levels)
    }
}

/// The verdict, reached on a stack of [`policy::STACK_BYTES`].
fn check(sql: String) -> Result<bool, Refusal> {
    let work = move || {
        policy::check(CandidateSql::from_user(&sql).unwrap()).map(|parsed| {
            parsed.pretty();
            let _ = mend(&parsed, &Snapshot::default());
            let _ = take_apart(&parsed, &Snapshot::default(), "both");
            let _ = prune(&parsed, &Snapshot::default(), "");
            let _ = fit_constants(&parsed, &Snapshot::default(), |_| Some(Vec::new()));
            let _ = unmet(&parsed, &Snapshot::default(), |_| Some(Vec::new()));
            parsed.is_understood()
        })
    };
    let thread = std::thread::Builder::new().stack_size(policy::STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap()
}

#[test]
fn what_the_limit_allows_fits_the_stack() {
    for construct in CONSTRUCTS {
        let verdict = check(construct.statement(construct.most));
        assert_eq!(verdict, Ok(true), "{}{}", construct.head, construct.open);
    }
    for chain in CHAINS {
        let verdict = check(chain.statement(chain.most));
        assert!(verdict.is_ok(), "{}{}: {verdict:?}", chain.head, chain.open);
    }
}

#[test]
fn what_is_beyond_the_limit_is_refused() {
    for construct in CONSTRUCTS {
        let refusal = check(construct.statement(construct.most + 1)).unwrap_err();
        let shown = format!("{}{}", construct.head, construct.open);
        assert_eq!(refusal.rule, "too-complex", "{shown}");
        assert!(refusal.message.contains("nested too deeply"), "{shown}: {refusal}");
    }
}

/// As many levels as a statement of the allowed size has.
#[test]
fn the_deepest_text_there_can_be_does_no_harm() {
    for construct in CONSTRUCTS.iter().chain(CHAINS) {
        let level = construct.open.len() + construct.close.len();
        let room = MAX_SQL_BYTES - construct.head.len() - construct.inner.len();
        let full = construct.statement(room / level);
        let refusal = check(full).unwrap_err();
        assert_eq!(refusal.rule, "too-complex", "{}{}", construct.head, construct.open);
        let unclosed = construct.head.to_owned() + &construct.open.repeat(room / level);
        assert!(check(unclosed).is_err(), "{}{}", construct.head, construct.open);
        let huge = construct.statement(100_000);
        assert!(CandidateSql::from_user(&huge).is_err());
    }
}

/// Every kind of level within every other, at the depth of all of them together.
#[test]
fn mixtures_fit_the_stack_too() {
    for outer in CONSTRUCTS {
        for inner in CONSTRUCTS.iter().filter(|c| c.head.starts_with("SELECT ")) {
            // Not every pair is SQL; what is not ends early, which is no harm.
            let mut sql = outer.head.to_owned();
            for _ in 0..12 {
                sql += outer.open;
                sql += inner.open;
            }
            sql += inner.inner;
            for _ in 0..12 {
                sql += inner.close;
                sql += outer.close;
            }
            if let Err(refusal) = check(sql) {
                let expected = ["too-complex", "not-a-select"].contains(&refusal.rule);
                assert!(expected, "{} {}: {refusal}", outer.open, inner.open);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_mixture_fits_the_stack(
        levels in prop::collection::vec(0..CONSTRUCTS.len(), 12..30), chain in 0..CHAINS.len(),
    ) {
        let levels: Vec<&Construct> = levels.iter().filter_map(|i| CONSTRUCTS.get(*i)).collect();
        let mut sql = "SELECT ".to_owned();
        sql.extend(levels.iter().map(|c| c.open));
        sql += "a";
        // A long chain at the deepest place.
        sql.extend(CHAINS.get(chain).map(|c| c.open.repeat(300)));
        sql.extend(levels.iter().rev().map(|c| c.close));
        if let Err(refusal) = check(sql) {
            prop_assert_eq!(refusal.rule, "too-complex");
        }
    }
}

/// Without an end to the parser's attempts these take hours: each level is read twice.
#[test]
fn readings_within_readings_come_to_an_end() {
    for name in ["f", "coalesce", "floor", "extract", "position", "trim", "overlay"] {
        for inner in ["1", "!", "CASE", "SELECT", "1 FROM 2", "year FROM 3"] {
            let open = format!("{name}(");
            let _ = check(format!("SELECT {}{inner}{}", open.repeat(24), ")".repeat(24)));
            let joins = format!("SELECT * FROM {}{inner}", "((SELECT 1 FROM ".repeat(12));
            let _ = check(joins);
        }
    }
}
