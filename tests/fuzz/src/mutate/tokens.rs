//! Mutations of tokens and characters, for texts with and without a tree.
//!
//! Owns a rough cutting into tokens: it must lose no character, and need not agree with the
//! server about where a string ends, for the difference is what is being looked for.

use super::Ground;
use super::fill::{fill, function, relation};
use crate::rng::Rng;

/// One to three changes.
pub fn mutate(sql: &str, ground: &Ground, rng: &mut Rng) -> String {
    let mut tokens = cut(sql);
    for _ in 0..=rng.below(3) {
        change(&mut tokens, ground, rng);
    }
    let text = tokens.concat();
    if rng.percent(20) { character(&text, rng) } else { text }
}

fn change(tokens: &mut Vec<String>, ground: &Ground, rng: &mut Rng) {
    let at = rng.below(tokens.len());
    let other = rng.below(tokens.len());
    match rng.below(16) {
        0 if tokens.len() > 1 => {
            tokens.remove(at);
        }
        1 => {
            if let Some(token) = tokens.get(at).cloned() {
                tokens.insert(at, token);
            }
        }
        2 if !tokens.is_empty() => tokens.swap(at, other),
        3 => splice(tokens, at, ground, rng),
        4 => tokens.insert(at, rng.word(COMMENTS).to_owned()),
        5 => tokens.insert(at, rng.word(SPACES).to_owned()),
        6 => tokens.insert(at, rng.word(WORDS).to_owned()),
        7 => tokens.insert(at, fill(rng.word(SNIPPETS), "", ground, rng)),
        8 => tokens.truncate(at.max(1)),
        _ => rewrite(tokens, at, ground, rng),
    }
}

/// Puts a run of tokens of another statement in.
fn splice(tokens: &mut Vec<String>, at: usize, ground: &Ground, rng: &mut Rng) {
    let list = if rng.percent(50) { &ground.corpus.attacks } else { &ground.corpus.benign };
    let from = cut(rng.name(list));
    let begin = rng.below(from.len());
    let run = from.into_iter().skip(begin).take(1 + rng.below(12));
    let end = if rng.percent(50) { at } else { (at + rng.below(6)).min(tokens.len()) };
    tokens.splice(at..end, run);
}

/// Writes the token at or behind `at` that can be written in another way.
fn rewrite(tokens: &mut [String], at: usize, ground: &Ground, rng: &mut Rng) {
    let candidates = tokens.iter_mut().skip(at);
    let Some(token) = candidates.into_iter().find(|t| is_word(t) || t.starts_with('\'')) else {
        return;
    };
    *token = if token.starts_with('\'') {
        string(token, rng)
    } else {
        match rng.below(8) {
            0 => swap_case(token),
            1 => format!("\"{token}\""),
            2 => format!("U&\"{}\"", escaped(token)),
            3 => relation(ground, rng).to_owned(),
            4 => function(ground, rng).to_owned(),
            5 => rng.name(&ground.vocabulary.columns).to_owned(),
            6 => rng.word(WORDS).to_owned(),
            _ => format!("pg_catalog.{token}"),
        }
    };
}

/// The same or nearly the same string, written in another way.
fn string(token: &str, rng: &mut Rng) -> String {
    let inside = token.trim_matches('\'').replace("''", "'");
    let quoted = inside.replace('\'', "''");
    match rng.below(8) {
        0 => format!("$${inside}$$"),
        1 => format!("$a${inside}$a$"),
        2 => format!("E'{}'", inside.replace('\\', "\\\\").replace('\'', "\\'")),
        3 => format!("U&'{}'", escaped(&inside)),
        4 => format!("'{quoted}'\n'x'"),
        5 => format!("'{quoted}' UESCAPE '!'"),
        6 => format!("N'{quoted}'"),
        _ => format!("B'{quoted}'"),
    }
}

/// Every character as an escape of `U&`, but every third one as it is.
fn escaped(text: &str) -> String {
    let escape = |(n, c): (usize, char)| match c as u32 {
        _ if n % 3 == 2 && c.is_ascii_alphanumeric() => c.to_string(),
        code if code <= 0xffff => format!("\\{code:04x}"),
        code => format!("\\+{code:06x}"),
    };
    text.chars().enumerate().map(escape).collect()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
    };
    text.chars().map(swap).collect()
}

/// Puts in, takes out or replaces a character.
fn character(text: &str, rng: &mut Rng) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = rng.below(chars.len());
    let new = rng.word(CHARACTERS).chars().next();
    match (rng.below(3), new) {
        (0, _) if at < chars.len() => {
            chars.remove(at);
        }
        (1, Some(new)) if at < chars.len() => chars.splice(at..=at, [new]).for_each(drop),
        (_, Some(new)) => chars.insert(at, new),
        _ => {}
    }
    chars.into_iter().collect()
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, numbers, quoted things, comments, runs of spaces; every other character alone.
fn cut(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => rest.get(1..).and_then(|r| r.find(first)).map_or(rest.len(), |n| n + 2),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |n| n + 2),
            _ if word_character(first) => rest.find(|c| !word_character(c)).unwrap_or(rest.len()),
            _ if first.is_whitespace() => {
                rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(token.to_owned());
        rest = after;
    }
    tokens
}

fn word_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

const COMMENTS: &[&str] = &[
    "/**/",
    "/* x */",
    "--\n",
    "-- x\r",
    "/* /* */ */",
    "/* /* */",
    "--",
    "/*!1*/",
    "*/",
    "/*\u{0b}*/",
    "-- \u{2028}",
];
const SPACES: &[&str] = &[
    "\t", "\n", "\r", "\u{0c}", "\u{0b}", "\u{a0}", "\u{2003}", "\u{200b}", "\u{feff}", "\u{3000}",
    "\u{85}", "\u{1}", "\u{7f}",
];
const WORDS: &[&str] = &[
    " SELECT ",
    " FROM ",
    " WHERE ",
    " UNION ALL ",
    " INTO ",
    " FOR UPDATE ",
    " LATERAL ",
    " ONLY ",
    " TABLE ",
    " VALUES ",
    " WITH ",
    " RECURSIVE ",
    " AS ",
    " AND ",
    " OR ",
    " NOT ",
    " NULL ",
    " IN ",
    " EXISTS ",
    " DISTINCT ",
    " ORDER BY ",
    " GROUP BY ",
    " LIMIT ",
    " OVER ",
    " DELETE FROM ",
    " SET ",
    " COMMIT ",
    " EXPLAIN ",
    " COPY ",
    " CAST ",
    " OPERATOR ",
    " RETURNING ",
    " USING ",
    " COLLATE ",
    " UESCAPE ",
    " VARIADIC ",
    " TABLESAMPLE ",
    " OVERLAPS ",
    " ISNULL ",
    " SIMILAR TO ",
];
const SNIPPETS: &[&str] = &[
    ";",
    "; §q",
    "(",
    ")",
    ",",
    ".",
    "::§t",
    "[1]",
    "[1:2]",
    ".*",
    "*",
    "'",
    "\"",
    "$$",
    "$a$",
    "\\",
    "§x",
    "(§q)",
    "§f(",
    "§r",
    "§c",
    "'§s'",
    " = ",
    " || ",
    " AND §x",
    ", §x",
    " UNION §q",
    "$1",
    ":x",
    "?",
    "@",
    "#",
    "!",
    "%",
    "^",
    "E'\\'",
    "U&'",
    "/*",
    "*/",
    "--",
    "B'",
    "X'",
    "N'",
    "1e",
    "0x1F",
    "1_000",
    ".5",
    "5.",
    "=>",
    ":=",
    "..",
    "<>",
    "!=",
    "~~*",
    "->>",
    "?|",
];
const CHARACTERS: &[&str] = &[
    "'",
    "\"",
    "$",
    "\\",
    ";",
    "(",
    ")",
    "*",
    "-",
    "/",
    "\n",
    "\r",
    "\t",
    "\u{a0}",
    "\u{202e}",
    "\u{2019}",
    "\u{ff07}",
    "\u{37e}",
    "é",
    "ß",
    "İ",
    "ı",
    "ſ",
    "\u{1f600}",
    "0",
    "e",
    "E",
    "_",
    ".",
    ",",
    ":",
    "=",
    "@",
    "`",
    "\u{1b}",
    "\u{fffd}",
    "\u{301}",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_loses_nothing() {
        for sql in ["SELECT 'a''b', \"c\" -- d\n, /* e */ $$f$$ é'", "'", "/*", "", "a\u{a0}b--"] {
            assert_eq!(cut(sql).concat(), sql);
        }
        assert_eq!(cut("a1 = 'x'").len(), 5);
    }

    #[test]
    fn escapes_stand_for_the_same_text() {
        assert_eq!(escaped("abc\u{1f600}"), "\\0061\\0062c\\+01f600");
    }
}
