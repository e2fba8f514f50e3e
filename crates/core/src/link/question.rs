//! A question, with what an index of stored values has for it.
//!
//! Owns nothing but the pair: which values were found, and that the caller may read them, is the
//! extension's. Called by everything in [`super`] that looks at a question's words.

/// A value of a column that was found in the index of stored values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundValue {
    /// Position of the relation in the snapshot.
    pub relation: usize,
    /// Position of the column in the relation.
    pub column: usize,
    /// As it is stored.
    pub value: String,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// The words.
    pub text: &'q str,
    /// Values it names besides the common ones in the snapshot, best first.
    pub found: &'q [FoundValue],
}

impl<'q> From<&'q str> for Question<'q> {
    fn from(text: &'q str) -> Self {
        Self { text, found: &[] }
    }
}

impl<'q> From<&'q String> for Question<'q> {
    fn from(text: &'q String) -> Self {
        text.as_str().into()
    }
}
