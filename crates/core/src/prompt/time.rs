//! Whether a question is about the present.
//!
//! A date in the prompt makes small models compare with it, asked or not; so it is given to
//! questions that need it and to no other. Called by [`super::build`].

/// Words whose meaning depends on the day. Whole words, lower-case.
const RELATIVE: &[&str] = &[
    "ago",
    "age",
    "aged",
    "ages",
    "current",
    "currently",
    "elapsed",
    "expired",
    "expires",
    "future",
    "last",
    "latest",
    "next",
    "now",
    "nowadays",
    "old",
    "older",
    "oldest",
    "overdue",
    "past",
    "present",
    "previous",
    "prior",
    "recent",
    "recently",
    "since",
    "so far",
    "soon",
    "this",
    "to date",
    "today",
    "tomorrow",
    "tonight",
    "until",
    "upcoming",
    "within",
    "yesterday",
    "young",
    "younger",
    "youngest",
    "ytd",
];

/// Whether the answer may depend on what day it is.
pub(super) fn is_about_now(question: &str) -> bool {
    let words: Vec<String> = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let text = format!(" {} ", words.join(" "));
    RELATIVE.iter().any(|word| text.contains(&format!(" {word} ")))
}

#[cfg(test)]
mod tests {
    use super::is_about_now;

    #[test]
    fn questions_about_the_present_are_told_apart() {
        for yes in ["Sales of the LAST 30 days?", "Who is older than 40", "revenue, year to date"] {
            assert!(is_about_now(yes), "{yes}");
        }
        for no in ["How many visits in 2023?", "Which medicines are controlled?", "lasting"] {
            assert!(!is_about_now(no), "{no}");
        }
    }
}
