//! Which part of a model's text is the answer.
//!
//! Owns what stands in for making an answer begin with a given text, which no endpoint can be told
//! to: an opening fence that repeats that text is left out, and so are a thought and a remark before
//! it. The answer ends where the statement does. Everything else stays as it came, to be judged by
//! `core::sql`. Pure. Called by [`crate::reply`].

use text2sql_engine::stop::StatementEnd;

/// Most text that is read of one answer, thoughts included, bytes.
pub const MAX_READ: usize = 4 << 20;
/// Most text of an answer that is kept, bytes: more than the longest statement, and so little that
/// all of it may travel in the smallest of pieces.
pub const MAX_KEPT: usize = 96 << 10;

/// Bytes a piece that is told may have.
const PIECE: usize = 16 << 10;
/// Longest line that is looked at as the rest of an opening fence, bytes.
const MAX_FENCE_LINE: usize = 64;

const THOUGHT: &str = "<think>";
const THOUGHT_END: &str = "</think>";
const FENCE: &str = "```";
/// What a query can begin with, besides a parenthesis.
const QUERY: [&str; 4] = ["select", "with", "values", "table"];

/// The answer is longer than [`MAX_READ`] or [`MAX_KEPT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sent an answer that is too long")]
pub struct TooLong;

/// An answer as it grows.
#[derive(Debug)]
pub struct Answer {
    head: Head,
    /// Whether the answer was to begin with a fence.
    fenced: bool,
    scanner: StatementEnd,
    text: String,
    /// Bytes of `text` that were told.
    told: usize,
    read: usize,
    ended: bool,
    /// Bytes that came after the end.
    after: usize,
}

/// Where in the answer the text is.
#[derive(Debug)]
enum Head {
    /// Too little came to tell; white space in front is gone.
    Begin { text: String, may_think: bool },
    /// In a thought, of which the last bytes are kept.
    Thought(String),
    /// In words before a fence, if one comes.
    Remark(String),
    /// In the line of an opening fence.
    Fence(String),
    /// In the answer proper.
    Body,
}

impl Answer {
    /// Of a request whose answer was to begin with `prefix`.
    pub fn new(prefix: &str) -> Self {
        Self {
            head: Head::Begin { text: String::new(), may_think: true },
            fenced: prefix.contains(FENCE),
            scanner: StatementEnd::new(""),
            text: String::new(),
            told: 0,
            read: 0,
            ended: false,
            after: 0,
        }
    }

    /// Adds text.
    ///
    /// # Errors
    /// Nothing more is taken then.
    pub fn push(&mut self, text: &str) -> Result<(), TooLong> {
        self.read = self.read.saturating_add(text.len());
        if self.read > MAX_READ {
            return Err(TooLong);
        }
        let mut rest = Some(text.to_owned());
        while let Some(text) = rest {
            rest = self.step(text);
        }
        let held = match &self.head {
            Head::Remark(remark) => remark.len(),
            _ => 0,
        };
        if self.text.len().max(held) > MAX_KEPT { Err(TooLong) } else { Ok(()) }
    }

    /// Takes text; what is left belongs to the next part.
    fn step(&mut self, new: String) -> Option<String> {
        match &mut self.head {
            Head::Begin { text, may_think } => {
                text.push_str(&new);
                let begin = text.trim_start().to_owned();
                let open = |mark: &str| begin.len() < mark.len() && mark.starts_with(&begin);
                if begin.is_empty() || (*may_think && open(THOUGHT)) || (self.fenced && open(FENCE))
                {
                    *text = begin;
                    return None;
                }
                if let Some(thought) = begin.strip_prefix(THOUGHT).filter(|_| *may_think) {
                    self.head = Head::Thought(String::new());
                    return Some(thought.to_owned());
                }
                if let Some(line) = begin.strip_prefix(FENCE).filter(|_| self.fenced) {
                    self.head = Head::Fence(String::new());
                    return Some(line.to_owned());
                }
                if self.fenced {
                    match begins_query(&begin) {
                        None => {
                            *text = begin;
                            return None;
                        }
                        Some(false) => {
                            self.head = Head::Remark(String::new());
                            return Some(begin);
                        }
                        Some(true) => {}
                    }
                }
                self.head = Head::Body;
                Some(begin)
            }
            Head::Remark(remark) => {
                remark.push_str(&new);
                let (_, line) = remark.split_once(FENCE)?;
                let line = line.to_owned();
                self.head = Head::Fence(String::new());
                Some(line)
            }
            Head::Thought(tail) => {
                tail.push_str(&new);
                if let Some((_, after)) = tail.split_once(THOUGHT_END) {
                    let after = after.to_owned();
                    self.head = Head::Begin { text: String::new(), may_think: false };
                    return Some(after);
                }
                // What of the mark may have come.
                let from = tail.len().saturating_sub(THOUGHT_END.len() - 1);
                *tail = tail.split_off(tail.ceil_char_boundary(from));
                None
            }
            Head::Fence(line) => {
                line.push_str(&new);
                let Some((tag, body)) = line.split_once('\n') else {
                    return if line.len() > MAX_FENCE_LINE {
                        Some(self.open_fence())
                    } else {
                        None
                    };
                };
                let tag = tag.trim().to_ascii_lowercase();
                if !matches!(tag.as_str(), "" | "sql" | "postgresql") {
                    return Some(self.open_fence());
                }
                let body = body.to_owned();
                self.scanner = StatementEnd::new(FENCE);
                self.head = Head::Body;
                Some(body)
            }
            Head::Body => {
                if self.ended {
                    self.after = self.after.saturating_add(new.len());
                    return None;
                }
                let fed = self.scanner.feed(&new);
                self.text.push_str(&fed.text);
                self.ended = fed.ended;
                None
            }
        }
    }

    /// The fence is none that was asked for: it stays.
    fn open_fence(&mut self) -> String {
        match std::mem::replace(&mut self.head, Head::Body) {
            Head::Fence(line) => format!("{FENCE}{line}"),
            _ => String::new(),
        }
    }

    /// Whether the statement has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes of text that came after its end.
    pub fn after_end(&self) -> usize {
        self.after
    }

    /// Whether any of it was told.
    pub fn was_told(&self) -> bool {
        self.told > 0
    }

    /// The next piece that was not told yet.
    pub fn tell(&mut self) -> Option<String> {
        let new = self.text.get(self.told..)?;
        let piece = new.get(..new.floor_char_boundary(PIECE))?.to_owned();
        self.told += piece.len();
        (!piece.is_empty()).then_some(piece)
    }

    /// No text comes any more: completes the answer. What was not told yet can be told then.
    pub fn end(&mut self) {
        match std::mem::replace(&mut self.head, Head::Body) {
            Head::Begin { text, .. } | Head::Remark(text) => self.text.push_str(&text),
            // As much of it as says that it was not finished.
            Head::Thought(_) => self.text.push_str(THOUGHT),
            Head::Fence(line) => self.text.push_str(&format!("{FENCE}{line}")),
            Head::Body => self.text.push_str(&self.scanner.finish()),
        }
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// Whether a text begins as a query does; nothing while too little of it is there to tell.
fn begins_query(text: &str) -> Option<bool> {
    if text.starts_with('(') {
        return Some(true);
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic());
    let word = text.get(..end.unwrap_or(text.len()))?.to_ascii_lowercase();
    match end {
        Some(_) => Some(QUERY.contains(&word.as_str())),
        None if QUERY.iter().any(|query| query.starts_with(&word)) => None,
        None => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PREFIX: &str = "```sql\n";

    /// The answer that pieces make, and whether the statement ended; what is told is the same.
    fn answer<'a>(prefix: &str, pieces: impl IntoIterator<Item = &'a str>) -> (String, bool) {
        let mut answer = Answer::new(prefix);
        let mut told = String::new();
        for piece in pieces {
            answer.push(piece).unwrap();
            told.extend(answer.tell());
        }
        answer.end();
        told.extend(std::iter::from_fn(|| answer.tell()));
        let ended = answer.has_ended();
        let text = answer.into_text();
        assert_eq!(told, text);
        (text, ended)
    }

    fn of(text: &str) -> String {
        answer(PREFIX, [text]).0
    }

    #[test]
    fn a_fence_that_repeats_the_prefix_is_left_out() {
        for text in [
            "SELECT 1;",
            "```sql\nSELECT 1;\n```",
            "```sql\nSELECT 1;\n```\nThis counts.",
            "\n ```\nSELECT 1; SELECT 2",
            "```PostgreSQL \nSELECT 1;",
            "<think>\nHm; ```sql\nSELECT 0;\n```\n</think>\n\n```sql\nSELECT 1;\n```",
            "<think></think>SELECT 1;",
            "Here is the query:\n\n```sql\nSELECT 1;\n```\nIt counts.",
            "Selected: ```SQL\nSELECT 1;\n```",
        ] {
            assert_eq!(of(text), "SELECT 1", "{text}");
        }
        assert_eq!(of("```sql\nSELECT 1\n```\nThis counts."), "SELECT 1\n");
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "",
            "```",
            "```sql",
            "``",
            "<thin",
            "```python\nprint(1)\n",
            "I cannot; sorry.",
            "SELECT ';'",
            "<thought>SELECT 1",
        ] {
            assert_eq!(of(text), text, "{text}");
        }
        let line = format!("```{}", "x".repeat(200));
        assert_eq!(of(&line), line);
        assert_eq!(of("Here:\n```python\nprint(1);\n```"), "```python\nprint(1)");
        // Nothing was asked for, so nothing is repeated.
        assert_eq!(answer("", ["```sql\nSELECT 1;\n```"]).0, "```sql\nSELECT 1");
    }

    #[test]
    fn a_thought_without_end_is_no_answer() {
        for text in ["<think>", "<think>SELECT 1;", "<think>a</think"] {
            assert_eq!(of(text), "<think>", "{text}");
        }
        // A second thought is text.
        assert_eq!(of("<think>a</think><think>b"), "<think>b");
    }

    #[test]
    fn what_comes_after_the_end_is_counted() {
        let mut answer = Answer::new(PREFIX);
        answer.push("SELECT 1;").unwrap();
        assert!(answer.has_ended());
        answer.push("\n```\nwell").unwrap();
        assert_eq!((answer.after_end(), answer.into_text().as_str()), (9, "SELECT 1"));
    }

    #[test]
    fn an_answer_has_a_bound() {
        let mut answer = Answer::new(PREFIX);
        let kept = format!("SELECT {}", "x".repeat(MAX_KEPT - 7));
        assert_eq!(answer.push(&kept), Ok(()));
        let pieces: Vec<_> = std::iter::from_fn(|| answer.tell()).collect();
        assert_eq!(pieces.len(), MAX_KEPT / PIECE);
        assert_eq!(answer.push("x"), Err(TooLong));
        let mut answer = Answer::new(PREFIX);
        assert_eq!(answer.push(&"x".repeat(MAX_KEPT + 1)), Err(TooLong), "a remark");
        let mut answer = Answer::new(PREFIX);
        answer.push("<think>").unwrap();
        let thought = "x".repeat(1 << 20);
        for _ in 0..3 {
            answer.push(&thought).unwrap();
        }
        assert_eq!(answer.push(&thought), Err(TooLong));
    }

    proptest! {
        #[test]
        fn how_the_text_was_split_makes_no_difference(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("<think>"), Just("</think>"), Just("```"), Just("sql\n"), Just("SELECT "),
                    Just(" "), Just("\n"), Just(";"), Just("'"), Just("ä€😀"), Just("text"), Just("<"),
                ],
                0..20,
            ),
            prefix in prop_oneof![Just(PREFIX), Just("")],
        ) {
            let text = parts.concat();
            let single: Vec<_> = text.chars().map(String::from).collect();
            let whole = answer(prefix, [text.as_str()]);
            prop_assert_eq!(answer(prefix, single.iter().map(String::as_str)), whole.clone());
            prop_assert_eq!(answer(prefix, parts), whole);
        }
    }
}
