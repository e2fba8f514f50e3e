//! Names of tables and columns as people write them in PostgreSQL: lower-case, without quotes.
//!
//! Owns the rules of renaming, and that no two things get one name. Pure. Called by [`super::plan`].

use std::collections::HashSet;

use clap::ValueEnum;

/// Longest name, bytes.
const MAX: usize = 63;

/// How names are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// `StuID` becomes `stu_id`: words apart, as people name things in PostgreSQL.
    Snake,
    /// `StuID` becomes `stuid`: what PostgreSQL makes of an unquoted `StuID`, so that published
    /// statements find it.
    Lower,
}

/// New names for `names`, in their order; no two are alike.
pub fn renamed(names: &[String], style: Style) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .iter()
        .map(|name| {
            let plain = plain(name, style);
            let mut free = plain.clone();
            let mut next = 2;
            while !taken.insert(free.clone()) {
                let suffix = format!("_{next}");
                free = format!("{}{suffix}", cut(&plain, MAX - suffix.len()));
                next += 1;
            }
            free
        })
        .collect()
}

fn plain(name: &str, style: Style) -> String {
    let chars: Vec<char> = name.trim().chars().collect();
    let mut plain = String::new();
    for (at, c) in chars.iter().enumerate() {
        let (before, after) = (at.checked_sub(1).and_then(|i| chars.get(i)), chars.get(at + 1));
        if !c.is_alphanumeric() {
            if !plain.is_empty() && !plain.ends_with('_') {
                plain.push('_');
            }
            continue;
        }
        let begins_word = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || before.is_some_and(|b| b.is_uppercase())
                    && after.is_some_and(|a| a.is_lowercase()));
        if style == Style::Snake && begins_word && !plain.ends_with('_') {
            plain.push('_');
        }
        plain.extend(c.to_lowercase());
    }
    let plain = plain.trim_end_matches('_');
    let plain = match plain.chars().next() {
        None => "unnamed".to_owned(),
        // Without quotes a name cannot begin with a digit.
        Some(first) if first.is_numeric() => format!("_{plain}"),
        Some(_) => plain.to_owned(),
    };
    cut(&plain, MAX).to_owned()
}

fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

/// A name as part of a statement.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(names: &[&str], style: Style) -> Vec<String> {
        renamed(&names.iter().map(ToString::to_string).collect::<Vec<_>>(), style)
    }

    #[test]
    fn words_are_told_apart() {
        for (name, snake, lower) in [
            ("StuID", "stu_id", "stuid"),
            ("singer_in_concert", "singer_in_concert", "singer_in_concert"),
            ("HTTPServer", "http_server", "httpserver"),
            ("County Name", "county_name", "county_name"),
            ("Free Meal Count (K-12)", "free_meal_count_k_12", "free_meal_count_k_12"),
            ("2010 census", "_2010_census", "_2010_census"),
            ("T-BIL", "t_bil", "t_bil"),
            ("", "unnamed", "unnamed"),
            ("%", "unnamed", "unnamed"),
            ("Größe", "größe", "größe"),
            ("_rowid_", "rowid", "rowid"),
            ("a\"; DROP TABLE b", "a_drop_table_b", "a_drop_table_b"),
        ] {
            assert_eq!(all(&[name], Style::Snake), [snake], "{name}");
            assert_eq!(all(&[name], Style::Lower), [lower], "{name}");
        }
    }

    #[test]
    fn names_that_become_alike_are_told_apart() {
        assert_eq!(
            all(&["Id", "id", "ID", "id_2"], Style::Snake),
            ["id", "id_2", "id_3", "id_2_2"]
        );
        let long = "x".repeat(70);
        let names = all(&[&long, &format!("{long}y")], Style::Snake);
        assert_eq!((names[0].len(), names[1].len()), (MAX, MAX));
        assert_ne!(names[0], names[1]);
    }

    proptest! {
        #[test]
        fn every_name_is_good_without_quotes(names in prop::collection::vec(any::<String>(), 1..8)) {
            let new = renamed(&names, Style::Snake);
            let distinct: HashSet<&String> = new.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            for name in new {
                prop_assert!(name.len() <= MAX && !name.is_empty());
                prop_assert!(!name.starts_with(|c: char| c.is_numeric()));
                prop_assert!(name.chars().all(|c| c.is_alphanumeric() || c == '_' || !c.is_ascii()));
            }
        }
    }
}
