//! Names for the columns of a result that becomes JSON, where each may occur once.
//!
//! Called by the extension's result shaping.

use std::collections::HashSet;

use serde::Serialize;

/// A column whose name had to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Position in the result, from 1.
    pub position: usize,
    /// The name the statement gave it.
    pub from: String,
    /// The name it has in the answer.
    pub to: String,
}

/// Distinct names for columns, in order, and which of them changed.
///
/// The first of several equal names keeps it, the others become `name_2`, `name_3`, …, passing
/// over names the statement uses itself. A column without a name (empty, or `?column?`) becomes
/// `column_N`, N being its position.
pub fn unique_columns(names: &[String]) -> (Vec<String>, Vec<Renamed>) {
    let given: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut used: HashSet<String> = HashSet::with_capacity(names.len());
    let mut unique = Vec::with_capacity(names.len());
    let mut renamed = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let position = index + 1;
        let unnamed = name.is_empty() || name == "?column?";
        let base = if unnamed { format!("column_{position}") } else { name.clone() };
        let taken = |candidate: &str, used: &HashSet<String>| {
            used.contains(candidate) || (candidate != name && given.contains(candidate))
        };
        let mut to = base.clone();
        let mut suffix = 2usize;
        while taken(&to, &used) {
            to = format!("{base}_{suffix}");
            suffix += 1;
        }
        if to != *name {
            renamed.push(Renamed { position, from: name.clone(), to: to.clone() });
        }
        used.insert(to.clone());
        unique.push(to);
    }
    (unique, renamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unique(names: &[&str]) -> Vec<String> {
        unique_columns(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).0
    }

    #[test]
    fn equal_names_are_counted() {
        assert_eq!(unique(&["id", "name", "id", "id"]), ["id", "name", "id_2", "id_3"]);
        assert_eq!(unique(&["id", "id_2", "id"]), ["id", "id_2", "id_3"]);
        assert_eq!(unique(&["id", "id", "id_2"]), ["id", "id_3", "id_2"]);
        assert_eq!(unique(&["?column?", "", "column_2"]), ["column_1", "column_2_2", "column_2"]);
    }

    #[test]
    fn changes_are_reported() {
        let (_, renamed) = unique_columns(&["n".into(), "n".into()]);
        assert_eq!(renamed, [Renamed { position: 2, from: "n".into(), to: "n_2".into() }]);
    }

    proptest! {
        #[test]
        fn names_are_distinct_and_kept_where_possible(
            names in prop::collection::vec("(a|b|a_2|b_2|column_1|\\?column\\?|)", 0..12)
        ) {
            let (unique, renamed) = unique_columns(&names);
            let distinct: HashSet<_> = unique.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
            let changed = names.iter().zip(&unique).filter(|(a, b)| a != b).count();
            prop_assert_eq!(changed, renamed.len());
        }
    }
}
