//! Comparing what the guard gave with what the caller could have selected.
//!
//! Owns reading rows that are JSON objects as text. Names are not compared, for the guard makes
//! them unique; values are, as text, in the order of the select list.

use std::collections::HashMap;

/// How two results differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The guard gave a row that the caller does not get: the worst that can be.
    More(String),
    /// The caller gets a row that the guard kept back.
    Less(String),
}

/// Compares two results as multisets of rows.
pub fn compare(guard: &[String], plain: &[String]) -> Option<Difference> {
    let mut counts: HashMap<Vec<&str>, i64> = HashMap::new();
    for row in plain {
        *counts.entry(values(row)).or_default() += 1;
    }
    for row in guard {
        let count = counts.entry(values(row)).or_default();
        *count -= 1;
        if *count < 0 {
            return Some(Difference::More(row.clone()));
        }
    }
    let left = counts.into_iter().find(|(_, count)| *count > 0);
    left.map(|(row, _)| Difference::Less(row.join(", ")))
}

/// The values of a JSON object as they are written. What is none is one value.
fn values(row: &str) -> Vec<&str> {
    let trimmed = row.trim();
    let Some(inside) = trimmed.strip_prefix('{').and_then(|r| r.strip_suffix('}')) else {
        return vec![row];
    };
    let value = |pair| split(pair, b':').get(1).map(|value| value.trim());
    split(inside, b',').into_iter().filter_map(value).collect()
}

/// Splits at a mark outside of strings and nested values.
fn split(text: &str, mark: u8) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut depth, mut in_string, mut escaped) = (0, 0_i32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ if byte == mark && depth == 0 => {
                parts.extend(text.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(text.get(begin..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(list: &[&str]) -> Vec<String> {
        list.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn names_do_not_count_but_values_and_their_order_do() {
        let guard = rows(&[r#"{"a":1,"a_2":"x,y:\"{","j":{"k": [1, 2]}}"#]);
        assert_eq!(compare(&guard, &rows(&[r#"{"a":1,"a":"x,y:\"{","j":{"k": [1, 2]}}"#])), None);
        let swapped = rows(&[r#"{"a":"x,y:\"{","a":1,"j":{"k": [1, 2]}}"#]);
        assert_eq!(compare(&guard, &swapped), Some(Difference::More(guard[0].clone())));
        assert_eq!(values(r#"{"a:b":1, "c":[2]}"#), ["1", "[2]"]);
        assert_eq!(values("{}"), Vec::<&str>::new());
    }

    #[test]
    fn rows_are_counted() {
        let (one, two) = (rows(&[r#"{"a":1}"#]), rows(&[r#"{"a":1}"#, r#"{"a":1}"#]));
        assert_eq!(compare(&two, &one), Some(Difference::More(r#"{"a":1}"#.to_owned())));
        assert_eq!(compare(&one, &two), Some(Difference::Less("1".to_owned())));
        assert_eq!(compare(&two, &two.clone()), None);
        assert_eq!(compare(&rows(&["{}"]), &rows(&[])), Some(Difference::More("{}".to_owned())));
    }
}
