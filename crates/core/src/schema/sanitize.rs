//! Makes text of others fit for a prompt.
//!
//! Comments, values and names are written by whoever may create or fill a table, and reach the
//! model. What is removed here is what a reader of the prompt could not see, and what could end
//! a line. It cannot remove persuasion: the model is never a security boundary.
//! Called by [`super::render`], by [`crate::prompt`] and by [`crate::sql`].

/// Whether the character shows nothing, or changes how others are shown.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'                      // soft hyphen
            | '\u{61c}'                   // Arabic letter mark
            | '\u{115f}' | '\u{1160}'     // Hangul fillers
            | '\u{180b}'..='\u{180f}'     // Mongolian variation selectors and vowel separator
            | '\u{200b}'..='\u{200f}'     // zero width, direction marks
            | '\u{2028}'..='\u{202e}'     // line and paragraph separator, direction embedding
            | '\u{2060}'..='\u{206f}'     // word joiner, isolates, invisible operators
            | '\u{3164}' | '\u{ffa0}'     // Hangul fillers
            | '\u{fe00}'..='\u{fe0f}'     // variation selectors
            | '\u{feff}'                  // zero width no-break space
            | '\u{fff9}'..='\u{fffb}'     // interlinear annotation
            | '\u{1bca0}'..='\u{1bca3}'   // shorthand format controls
            | '\u{1d173}'..='\u{1d17a}'   // musical format controls
            | '\u{e0000}'..='\u{e0fff}'   // tags, variation selectors supplement
        )
}

/// One line of visible text, at most `max_bytes` long, cut between characters. Runs of white
/// space become one space.
pub fn sanitize(text: &str, max_bytes: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_bytes));
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() || matches!(c, '\u{2028}' | '\u{2029}') {
            space = !out.is_empty();
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        if out.len() + usize::from(space) + c.len_utf8() > max_bytes {
            break;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_visible_text_on_one_line_is_left() {
        for (text, clean) in [
            ("plain", "plain"),
            ("  two\r\n lines\t", "two lines"),
            ("a\u{202e}b\u{200b}c\u{feff}d\u{e0041}e\u{2066}", "abcde"),
            ("\u{1b}[31mred", "[31mred"),
            ("a\u{2028}b", "a b"),
            ("naïve 東京", "naïve 東京"),
        ] {
            assert_eq!(sanitize(text, 100), clean);
        }
    }

    #[test]
    fn the_cut_is_between_characters() {
        assert_eq!(sanitize("ééé", 5), "éé");
        assert_eq!(sanitize("ab cd", 3), "ab");
    }

    proptest! {
        #[test]
        fn output_is_short_and_clean(text in "\\PC{0,40}|(.|\n){0,40}", max in 0usize..40) {
            let clean = sanitize(&text, max);
            prop_assert!(clean.len() <= max);
            prop_assert!(!clean.chars().any(is_invisible));
            prop_assert_eq!(sanitize(&clean, max), clean);
        }
    }
}
