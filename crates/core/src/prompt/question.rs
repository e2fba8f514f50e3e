//! The checks on a question before anything is done with it.
//!
//! Called by the extension with the limit of its settings, and by [`super::build`].

/// Why a question is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionError {
    /// Nothing but white space.
    #[error("the question is empty")]
    Empty,
    /// Longer than allowed.
    #[error("the question has {bytes} bytes, more than the {max} allowed")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A control character other than a tab or a line end.
    #[error("the question is not text: it holds the control character U+{code:04X} at byte {at}")]
    NotText {
        /// The character.
        code: u32,
        /// Where it stands.
        at: usize,
    },
}

/// The question without white space around it, if it is one.
pub fn check_question(question: &str, max_bytes: usize) -> Result<&str, QuestionError> {
    // Before anything reads the text: it may be huge.
    if question.len() > max_bytes {
        return Err(QuestionError::TooLong { bytes: question.len(), max: max_bytes });
    }
    let control = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if let Some((at, c)) = question.char_indices().find(|(_, c)| control(c)) {
        return Err(QuestionError::NotText { code: u32::from(c), at });
    }
    let trimmed = question.trim();
    // Text that shows nothing asks nothing.
    if trimmed.chars().all(|c| c.is_whitespace() || crate::schema::is_invisible(c)) {
        return Err(QuestionError::Empty);
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_text_of_limited_length() {
        assert_eq!(check_question("  how many\n orders? ", 100), Ok("how many\n orders?"));
        assert_eq!(check_question("größte Städte", 100), Ok("größte Städte"));
        assert_eq!(check_question(" \n\t", 100), Err(QuestionError::Empty));
        assert_eq!(check_question("\u{200b}\u{feff}", 100), Err(QuestionError::Empty));
        assert_eq!(
            check_question("abcd", 3).unwrap_err().to_string(),
            "the question has 4 bytes, more than the 3 allowed"
        );
        assert_eq!(
            check_question("a\0b", 9).unwrap_err().to_string(),
            "the question is not text: it holds the control character U+0000 at byte 1"
        );
        assert!(check_question("a\u{1b}[0m", 99).is_err());
    }
}
