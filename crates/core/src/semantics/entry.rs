//! The checks on the texts of a definition when it is made.
//!
//! Owns their limits. What is cut or cleaned here is what the model could not be shown as it is.
//! Called by the extension for what users define, and by imports.

use crate::schema::sanitize;

/// Longest name or synonym, bytes.
pub const MAX_NAME: usize = 100;
/// Longest description, bytes: as much as is shown of a comment.
pub const MAX_DESCRIPTION: usize = 200;
/// Longest rule, bytes.
pub const MAX_RULE: usize = 300;
/// Longest question of an example, bytes.
pub const MAX_QUESTION: usize = 300;
/// Most synonyms.
pub const MAX_SYNONYMS: usize = 16;

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Nothing visible in it.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Longer than allowed.
    #[error("the {what} has {bytes} bytes, more than the {max} allowed")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// More synonyms than allowed.
    #[error("there are {0} synonyms, more than the {MAX_SYNONYMS} allowed")]
    TooManySynonyms(usize),
    /// Nothing is said at all.
    #[error("neither a description nor a synonym is given")]
    Nothing,
}

/// One line of visible text.
///
/// # Errors
/// Where nothing is left of it, or more than `max` bytes.
pub fn line(text: &str, what: &'static str, max: usize) -> Result<String, EntryError> {
    if text.len() > 16 * max {
        return Err(EntryError::TooLong { what, bytes: text.len(), max });
    }
    let clean = sanitize(text, text.len());
    match clean.len() {
        0 => Err(EntryError::Empty(what)),
        bytes if bytes > max => Err(EntryError::TooLong { what, bytes, max }),
        _ => Ok(clean),
    }
}

/// A name of a metric, filter or rule.
///
/// # Errors
/// As [`line`].
pub fn name(text: &str) -> Result<String, EntryError> {
    line(text, "name", MAX_NAME)
}

/// What is said of something; blank is nothing.
///
/// # Errors
/// Where it is too long.
pub fn description(text: Option<&str>) -> Result<Option<String>, EntryError> {
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => line(text, "description", MAX_DESCRIPTION).map(Some),
        None => Ok(None),
    }
}

/// Other names, each once.
///
/// # Errors
/// Where there are too many, or one is empty or too long.
pub fn synonyms<'t>(given: impl IntoIterator<Item = &'t str>) -> Result<Vec<String>, EntryError> {
    let mut all = Vec::new();
    let mut count = 0usize;
    for text in given {
        count += 1;
        if count > MAX_SYNONYMS {
            continue;
        }
        let text = line(text, "synonym", MAX_NAME)?;
        if !all.contains(&text) {
            all.push(text);
        }
    }
    if count > MAX_SYNONYMS { Err(EntryError::TooManySynonyms(count)) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_one_visible_line() {
        assert_eq!(name(" net\n rev\u{200b}enue "), Ok("net revenue".into()));
        assert_eq!(name("\u{200b} "), Err(EntryError::Empty("name")));
        assert_eq!(description(Some("  ")), Ok(None));
        assert_eq!(description(Some("a  b")), Ok(Some("a b".into())));
        let long = "x".repeat(MAX_DESCRIPTION + 1);
        assert!(matches!(description(Some(&long)), Err(EntryError::TooLong { .. })));
        assert!(matches!(name(&" ".repeat(1 << 20)), Err(EntryError::TooLong { .. })));
    }

    #[test]
    fn synonyms_are_few_and_distinct() {
        assert_eq!(synonyms(["a", "b", "a "]), Ok(vec!["a".into(), "b".into()]));
        assert_eq!(synonyms(["a", ""]), Err(EntryError::Empty("synonym")));
        assert_eq!(synonyms(std::iter::repeat_n("a", 40)), Err(EntryError::TooManySynonyms(40)));
    }
}
