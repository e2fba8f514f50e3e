//! Templates: text with places that are filled with names, expressions and queries.
//!
//! A place is `§` and a letter, which PostgreSQL takes nowhere outside of strings. Names and
//! pieces come from the ground; `§e` is the text that is being replaced.

use super::Ground;
use crate::rng::Rng;

/// Fills the places of `template`.
pub fn fill(template: &str, own: &str, ground: &Ground, rng: &mut Rng) -> String {
    let mut parts = template.split('§');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        match letters.next() {
            Some('e') => out.push_str(own),
            Some(letter) => out.push_str(&piece(letter, ground, rng)),
            None => {}
        }
        out.push_str(letters.as_str());
    }
    out
}

fn piece(letter: char, ground: &Ground, rng: &mut Rng) -> String {
    let (corpus, vocabulary) = (&ground.corpus, &ground.vocabulary);
    match letter {
        'x' => expression(ground, rng),
        'q' => rng.name(&corpus.queries).to_owned(),
        // One value of a query, or many.
        'v' => format!("(SELECT y FROM ({}) z(y) LIMIT 1)", rng.name(&corpus.scalars)),
        'l' => rng.name(&corpus.scalars).to_owned(),
        'k' => call(ground, rng).to_owned(),
        'f' => function(ground, rng).to_owned(),
        'r' => relation(ground, rng).to_owned(),
        't' => type_(ground, rng),
        'o' => rng.name(&vocabulary.operators).to_owned(),
        'c' => rng.name(&vocabulary.columns).to_owned(),
        'a' => rng.word(AGGREGATES).to_owned(),
        'w' => rng.word(WINDOW_FUNCTIONS).to_owned(),
        'n' => rng.word(NUMBERS).to_owned(),
        's' => text(ground, rng),
        _ => String::new(),
    }
}

/// A function: one time of three one that somebody added.
pub fn function<'a>(ground: &'a Ground, rng: &mut Rng) -> &'a str {
    let vocabulary = &ground.vocabulary;
    if rng.percent(30) {
        rng.name(&vocabulary.added_functions)
    } else {
        rng.name(&vocabulary.functions)
    }
}

/// A call that fits the function's arguments.
fn call<'a>(ground: &'a Ground, rng: &mut Rng) -> &'a str {
    let vocabulary = &ground.vocabulary;
    if rng.percent(25) { rng.name(&vocabulary.added_calls) } else { rng.name(&vocabulary.calls) }
}

/// An expression that can stand here, or seldom one that may not.
fn expression(ground: &Ground, rng: &mut Rng) -> String {
    let corpus = &ground.corpus;
    match rng.below(10) {
        0 => rng.name(&corpus.open_expressions).to_owned(),
        1..=2 => call(ground, rng).to_owned(),
        3 => rng.name(&ground.vocabulary.columns).to_owned(),
        _ => rng.name(&corpus.expressions).to_owned(),
    }
}

/// A relation, seldom one of the server's.
pub fn relation<'a>(ground: &'a Ground, rng: &mut Rng) -> &'a str {
    let vocabulary = &ground.vocabulary;
    if rng.percent(15) {
        rng.name(&vocabulary.system_relations)
    } else {
        rng.name(&vocabulary.relations)
    }
}

fn type_(ground: &Ground, rng: &mut Rng) -> String {
    match rng.below(10) {
        0..=2 => rng.word(REG_TYPES).to_owned(),
        3..=5 => rng.word(PLAIN_TYPES).to_owned(),
        6 => format!("{}[]", rng.name(&ground.vocabulary.types)),
        7 => format!("{}[]", relation(ground, rng)),
        _ => rng.name(&ground.vocabulary.types).to_owned(),
    }
}

/// The inside of a string constant: something that a type or function could look up.
fn text(ground: &Ground, rng: &mut Rng) -> String {
    let vocabulary = &ground.vocabulary;
    let text = match rng.below(8) {
        0 => relation(ground, rng),
        1 => function(ground, rng),
        2 => rng.name(&vocabulary.roles),
        3 => rng.name(&vocabulary.types),
        4 => rng.name(&ground.corpus.queries),
        5 => rng.name(&ground.corpus.attacks),
        6 => rng.word(NUMBERS),
        _ => rng.word(STRINGS),
    };
    text.replace('\'', "''")
}

const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "array_agg",
    "json_agg",
    "jsonb_agg",
    "bool_and",
    "xmlagg",
    "bit_or",
    "range_agg",
    "mallory.concat_all",
    "stddev",
    "every",
    "json_object_agg",
];
const WINDOW_FUNCTIONS: &[&str] = &[
    "row_number()",
    "rank()",
    "ntile(3)",
    "lag(1)",
    "first_value(2)",
    "count(*)",
    "nth_value(1, 2)",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "3",
    "10",
    "200",
    "32768",
    "2147483647",
    "2147483648",
    "-9223372036854775808",
    "1e308",
    "0.1",
    "1e-300",
    "NaN",
    "'Infinity'::float8",
    "1260",
    "1259",
    "16384",
    "NULL",
];
const STRINGS: &[&str] = &[
    "",
    "a",
    "1",
    "{}",
    "{1,2}",
    "[]",
    "{\"a\":1}",
    "today",
    "now",
    "infinity",
    "role",
    "app.tenant",
    "statement_timeout",
    "acme",
    "(1,a)",
    "%s%s",
    "%1000000s",
    "a|b",
    "\\",
    "[1,2)",
    "1 day",
    "-",
    "<a>b</a>",
    "$.**",
    "/etc/passwd",
    "pg_authid",
    "exfil",
    "english",
    "UTC",
];
const REG_TYPES: &[&str] = &[
    "regclass",
    "regproc",
    "regprocedure",
    "regtype",
    "regrole",
    "regnamespace",
    "regoper",
    "regoperator",
    "regconfig",
    "regdictionary",
    "regcollation",
    "oid",
    "oidvector",
    "aclitem",
    "refcursor",
    "xml",
    "pg_lsn",
    "tid",
    "xid",
    "txid_snapshot",
    "pg_node_tree",
    "path",
    "polygon",
    "mallory.dom",
    "mallory.evil",
    "shop.email",
    "shop.customers",
    "mallory.evil[]",
    "regclass[]",
];
const PLAIN_TYPES: &[&str] = &[
    "text",
    "int",
    "bigint",
    "numeric",
    "numeric(1000,500)",
    "date",
    "timestamptz",
    "interval",
    "jsonb",
    "json",
    "bytea",
    "bool",
    "float8",
    "varchar(3)",
    "char",
    "\"char\"",
    "name",
    "uuid",
    "inet",
    "text[]",
    "int[]",
    "int4range",
    "money",
    "bit(8)",
    "tsvector",
    "tsquery",
    "jsonpath",
    "point",
    "time",
    "shop.order_status",
    "varchar",
    "hstore",
    "ltree",
    "citext",
];
