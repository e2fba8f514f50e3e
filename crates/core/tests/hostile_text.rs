//! Text that nobody meant as SQL: whatever comes in, a verdict comes out, and nothing panics,
//! hangs or overflows a stack of the size the policy asks for.
//!
//! No test here takes a time. What would take quadratic time takes so long at these sizes, or
//! hours, that it would be noticed.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use proptest::prelude::*;
use serde_json::json;
use text2sql_core::link::{Budget, select};
use text2sql_core::schema::Snapshot;
use text2sql_core::sql::{
    CandidateSql, How, MAX_SQL_BYTES, fit_constants, mend, policy, prune, take_apart, unmet,
};

/// Pieces of SQL, sound and broken.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "SELECT ", "FROM ", "WHERE ", "WITH a AS (", "WITH RECURSIVE ", "UNION ALL ", "EXCEPT ", "VALUES (1)",
    "TABLE ", "GROUP BY ", "ROLLUP (", "ORDER BY ", "LIMIT 1 ", "JOIN ", "LEFT JOIN ", "LATERAL ", "ON ",
    "USING (a) ", "NOT ", "AND ", "OR ", "IN (", "EXISTS (", "BETWEEN ", "IS DISTINCT FROM ", "LIKE ",
    "CASE ", "WHEN ", "THEN ", "ELSE ", "END ", "CAST(", "AS ", "AS int)", "::", "int", "[]", "array<",
    "ARRAY[", "[", "]", "(", ")", "(SELECT ", "((", "))", ",", ".", ";", ":", "a", "s.t", "\"A\"\"b\"",
    "f(", "floor(", "extract(", "substring(", "trim(", "interval ", "date '2000-01-01' ", "over (", "1",
    "1.5e3", "0x1F", "$1", "$$x$$", "$q$ ' $q$", "'it''s'", "E'\\'' ", "U&'\\0061'", "U&\"d\\0061t\"",
    "'open", "\"open", "$t$ open", "/* open", "/* c /* d */ */", "-- c\n", "--", "+ ", "- ", "* ", "-+", "@",
    "<@>", "||", "=", "?", "`", "{", "}", "\\", "#", "é", "\u{a0}", "\u{202e}", "\u{1f600}", "\r", "\n", "\t",
    " ", "into ", "for update ", "delete from ", "update x set ", "pg_sleep(", "pg_class ", "null ", "true ",
];

/// Statements that pass.
const SEEDS: &[&str] = &[
    "SELECT c.name, count(*) FILTER (WHERE o.status = 'paid') FROM shop.customers AS c \
     LEFT JOIN shop.orders o ON o.customer_id = c.id GROUP BY 1 HAVING count(*) > 3 \
     ORDER BY 2 DESC NULLS LAST LIMIT 5",
    "WITH t AS (SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d) AS s FROM s.u) SELECT * \
     FROM t WHERE s > (SELECT avg(s) FROM t) AND a NOT IN (1, 2) OR EXISTS (SELECT FROM v)",
    "SELECT CASE WHEN a BETWEEN 1 AND 2 THEN 'x''y' ELSE E'\\n' END::text || $q$z$q$, \
     extract(year FROM e), ARRAY[1, 2][1] FROM ((s.t JOIN s.u USING (id)) \
     CROSS JOIN LATERAL f(1) g) -- end",
    "(VALUES (1, 'one')) UNION ALL (SELECT 2, interval '1' day /* c */ \
     FROM generate_series(1, 3) WITH ORDINALITY) ORDER BY 1",
];

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|p| p.concat())
}

/// A sound statement with some of its characters removed, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..4u8, any::<char>()), 1..8);
    (prop::sample::select(SEEDS), edits).prop_map(|(seed, edits)| {
        let mut text: Vec<char> = seed.chars().collect();
        for (at, kind, c) in edits {
            let at = at.index(text.len());
            match kind {
                0 => drop(text.remove(at)),
                1 => text.insert(at, c),
                2 => text.truncate(at.max(1)),
                _ => text.extend_from_within(at..),
            }
            text.truncate(2_000);
            if text.is_empty() {
                text.push(c);
            }
        }
        text.into_iter().collect()
    })
}

/// Two tables with a key between them, called as those in [`pieces`].
fn snapshot() -> Snapshot {
    let column = |name: &str| json!({ "name": name, "type_name": "integer" });
    let table = |name: &str, columns: &[&str]| {
        let columns: Vec<_> = columns.iter().map(|name| column(name)).collect();
        json!({ "schema": "s", "name": name, "kind": "table", "columns": columns, "primary_key": ["id"] })
    };
    let name = |name: &str| json!({ "schema": "s", "name": name });
    serde_json::from_value(json!({
        "relations": [table("t", &["id", "a", "u_id"]), table("u", &["id", "b", "x"])],
        "foreign_keys": [{
            "from": name("t"), "from_columns": ["u_id"], "to": name("u"), "to_columns": ["id"]
        }]
    }))
    .unwrap()
}

fn judge(text: String) {
    let work = move || {
        let _ = CandidateSql::extract(&text);
        let Ok(candidate) = CandidateSql::from_user(&text) else { return };
        let Ok(parsed) = policy::check(candidate) else { return };
        let _ = mend(&parsed, &snapshot());
        let _ = take_apart(&parsed, &snapshot(), "both");
        let _ = prune(&parsed, &snapshot(), "");
        let _ = fit_constants(&parsed, &snapshot(), |look| {
            Some(if look.how == How::Within { vec!["x'y".to_owned()] } else { vec![] })
        });
        let _ = unmet(&parsed, &snapshot(), |_| Some(Vec::new()));
        let pretty = parsed.pretty();
        // What is shown passes as well, and reads the same tables; indentation may make it long.
        let Ok(shown) = CandidateSql::from_user(&pretty) else { return };
        let again = policy::check(shown).unwrap();
        assert_eq!(again.relations(), parsed.relations(), "{pretty}");
        assert_eq!(again.columns(), parsed.columns(), "{pretty}");
    };
    let thread = std::thread::Builder::new().stack_size(policy::STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        judge(text);
    }

    #[test]
    fn pieces_of_sql(text in pieces()) {
        judge(format!("SELECT {text}"));
        judge(text);
    }

    #[test]
    fn mutated_statements(text in mutated()) {
        judge(text);
    }
}

/// Statements as long as they may be, of what is slow to cut or to judge.
#[test]
fn long_text_of_one_kind() {
    let slow = [
        "+-",
        "=+-",
        "'\n'",
        "'a' -- x\n",
        "(a) update x ",
        "a, (b.c) ",
        "a.b, ",
        "a.b ",
        "SELECT 1 UNION ",
        "$a$ $b$ ",
        "E'\\",
        "''",
        "\"\"",
        "*/",
        "/*",
        "with pg_a as (",
    ];
    for piece in PIECES.iter().chain(&slow) {
        let body = piece.repeat(MAX_SQL_BYTES / piece.len());
        judge(body.clone());
        judge(cut(&format!("SELECT {body}"), MAX_SQL_BYTES));
        judge(cut(&format!("SELECT * FROM s.t WHERE a IN ({body}"), MAX_SQL_BYTES));
        let quoted = cut(&body.replace('\'', "''"), MAX_SQL_BYTES - 16);
        judge(format!("SELECT '{quoted}'"));
    }
}

fn cut(text: &str, max: usize) -> String {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default().to_owned()
}

/// What is longer than any statement is not read at all, whatever it holds.
#[test]
fn a_mebibyte_of_one_kind() {
    for piece in PIECES {
        let text = piece.repeat((1 << 20) / piece.len());
        assert!(CandidateSql::from_user(&text).is_err());
        assert!(CandidateSql::extract(&text).is_err());
        let _ = select(&Snapshot::default(), &text, Budget { tokens: 100 });
    }
}
