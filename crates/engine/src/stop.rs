//! Where an SQL statement ends in a stream of text.
//!
//! Owns PostgreSQL's lexical rules as far as they hide a `;`: quotes, dollar quotes, comments.
//! Pure; judges nothing about the statement (`core::sql` does). Called by the generator, its
//! constraint and the scripted test engine.
//!
//! Text before an opening fence is prose where neither the prompt's prefix opened a fence nor
//! the text begins like a statement; nothing ends there.

/// Finds the end of the statement.
#[derive(Debug)]
pub struct StatementEnd {
    state: State,
    /// Backticks seen in a row at statement level or in prose, held back.
    ticks: usize,
    /// The last character before this one, where it decides what this one is.
    previous: Option<char>,
    /// The word so far: `E` makes the next string one with escapes, and any word makes `$` part
    /// of an identifier.
    word: String,
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Nothing but white space so far, and no fence is open.
    Begin(String),
    /// Ordinary text before a fence.
    Prose,
    /// The rest of an opening fence's line.
    FenceLine,
    Statement,
    String {
        escapes: bool,
    },
    Escape,
    Identifier,
    LineComment,
    BlockComment(u32),
    DollarTag(String),
    Dollar {
        tag: String,
        matched: String,
        in_tag: bool,
    },
    Ended,
}

/// What became of a piece of text.
#[derive(Debug, PartialEq, Eq)]
pub struct Fed {
    /// Text that belongs to the answer for sure.
    pub text: String,
    /// Whether the statement has ended.
    pub ended: bool,
}

impl StatementEnd {
    /// A scanner for text that continues `assistant_prefix`.
    pub fn new(assistant_prefix: &str) -> Self {
        let state = if assistant_prefix.contains("```") {
            State::Statement
        } else {
            State::Begin(String::new())
        };
        Self { state, ticks: 0, previous: None, word: String::new() }
    }

    /// Takes the next piece. The terminator itself is in no piece.
    pub fn feed(&mut self, piece: &str) -> Fed {
        let mut text = String::new();
        for c in piece.chars() {
            if self.state == State::Ended {
                break;
            }
            self.step(c, &mut text);
        }
        Fed { text, ended: self.state == State::Ended }
    }

    /// What was held back when no more text comes.
    pub fn finish(&mut self) -> String {
        let ticks = std::mem::take(&mut self.ticks);
        if self.state == State::Ended { String::new() } else { "`".repeat(ticks) }
    }

    fn step(&mut self, c: char, out: &mut String) {
        let fences = matches!(self.state, State::Statement | State::Prose | State::Begin(_));
        if fences && c == '`' {
            self.ticks += 1;
            if self.ticks == 3 {
                self.ticks = 0;
                if self.state == State::Statement {
                    self.state = State::Ended;
                } else {
                    out.push_str("```");
                    self.state = State::FenceLine;
                }
            }
            return;
        }
        for _ in 0..std::mem::take(&mut self.ticks) {
            out.push('`');
        }
        let previous = self.previous.take();
        match &mut self.state {
            State::Begin(word) => {
                out.push(c);
                if c.is_whitespace() && word.is_empty() {
                    return;
                }
                if c.is_ascii_alphabetic() && word.len() < 16 {
                    word.push(c.to_ascii_lowercase());
                    return;
                }
                let sql = matches!(
                    word.as_str(),
                    "select" | "with" | "values" | "table" | "insert" | "update" | "delete"
                ) || (word.is_empty() && matches!(c, '(' | '-' | '/' | ';'));
                self.state = if sql { State::Statement } else { State::Prose };
                if sql {
                    out.pop();
                    self.statement(c, None, out);
                }
                return;
            }
            State::Prose => {}
            State::FenceLine => {
                if c == '\n' {
                    self.state = State::Statement;
                }
            }
            State::Statement => return self.statement(c, previous, out),
            State::String { escapes } => {
                // A doubled quote leaves the string and enters it again at once.
                if c == '\'' {
                    if !*escapes {
                        self.word.clear();
                    }
                    self.state = State::Statement;
                } else if c == '\\' && *escapes {
                    self.state = State::Escape;
                }
            }
            State::Escape => self.state = State::String { escapes: true },
            State::Identifier => {
                if c == '"' {
                    self.state = State::Statement;
                }
            }
            State::LineComment => {
                if matches!(c, '\n' | '\r') {
                    self.state = State::Statement;
                }
            }
            State::BlockComment(depth) => match (previous, c) {
                (Some('*'), '/') => {
                    *depth -= 1;
                    if *depth == 0 {
                        self.state = State::Statement;
                    }
                }
                (Some('/'), '*') => *depth += 1,
                _ => self.previous = Some(c),
            },
            State::DollarTag(tag) => {
                if c == '$' {
                    let tag = std::mem::take(tag);
                    self.state = State::Dollar { tag, matched: String::new(), in_tag: false };
                } else if c == '_' || c.is_alphabetic() || (c.is_ascii_digit() && !tag.is_empty()) {
                    tag.push(c);
                } else {
                    // `$1` and the like: a parameter.
                    self.state = State::Statement;
                    return self.statement(c, None, out);
                }
            }
            State::Dollar { tag, matched, in_tag } => {
                if c == '$' {
                    if *in_tag && matched == tag {
                        self.state = State::Statement;
                    } else {
                        *in_tag = true;
                        matched.clear();
                    }
                } else if *in_tag {
                    matched.push(c);
                    if !tag.starts_with(matched.as_str()) {
                        *in_tag = false;
                    }
                }
            }
            State::Ended => return,
        }
        out.push(c);
    }

    fn statement(&mut self, c: char, previous: Option<char>, out: &mut String) {
        let in_word = c == '_' || c == '$' || c.is_alphanumeric();
        match (previous, c) {
            (_, ';') => {
                self.state = State::Ended;
                return;
            }
            (Some('-'), '-') => self.state = State::LineComment,
            (Some('/'), '*') => self.state = State::BlockComment(1),
            (_, '\'') => {
                let escapes = self.word.eq_ignore_ascii_case("e");
                self.state = State::String { escapes };
            }
            (_, '"') => self.state = State::Identifier,
            (_, '$') if self.word.is_empty() => self.state = State::DollarTag(String::new()),
            _ => self.previous = Some(c),
        }
        // After `E'…` the word stays, so that the second half of `E'it''s'` has escapes too.
        let keeps_word = matches!(self.state, State::String { escapes: true });
        if in_word && self.state == State::Statement {
            self.word.push(c);
        } else if !keeps_word {
            self.word.clear();
        }
        out.push(c);
    }
}

/// Where a fence ends a statement, if one does: not in a string or a quoted name.
pub fn fence(statement: &str) -> Option<usize> {
    const FENCE: &str = "```";
    // Hardly any statement has one, and this is asked for every token of an answer.
    if !statement.contains(FENCE) {
        return None;
    }
    let fed = StatementEnd::new(FENCE).feed(statement);
    let end = fed.ended.then_some(fed.text.len())?;
    // Behind a semicolon no string can come.
    statement.get(end..)?.find(FENCE).map(|behind| end + behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text up to the end, fed one character at a time and all at once.
    fn cut(prefix: &str, text: &str) -> (String, bool) {
        let mut whole = StatementEnd::new(prefix);
        let fed = whole.feed(text);
        let whole = (fed.text + &whole.finish(), fed.ended);
        let mut single = StatementEnd::new(prefix);
        let (mut out, mut ended) = (String::new(), false);
        for c in text.chars() {
            let fed = single.feed(&c.to_string());
            out.push_str(&fed.text);
            ended |= fed.ended;
        }
        out.push_str(&single.finish());
        assert_eq!(whole, (out, ended), "{text}");
        whole
    }

    #[test]
    fn a_semicolon_ends_a_statement_only_at_statement_level() {
        for statement in [
            "SELECT 1",
            "SELECT 'it''s;'",
            "SELECT \"a;b\"",
            "SELECT \"a\"\";b\"",
            "SELECT $$;$$",
            "SELECT $tag$; $$ ; $tagg$ $tag$",
            "SELECT $a$;$b$a$a$",
            "SELECT 1 -- ;\n + 2",
            "SELECT /* ; /* nested; */ ; */ 1",
            "SELECT E'\\';'",
            "SELECT e'a\\\\'",
            "SELECT E'it''s \\';'",
            "SELECT 'a\\'",
            "SELECT name'a\\'",
            "SELECT a$b$, 1",
            "SELECT $1",
            "SELECT 1 - -1",
            "SELECT 4 / 2 * 3",
            "SELECT '`', ' ``` '",
            "SELECT `a`",
            "SELECT '' || ';'",
            "SELECT U&'d\\0061;'",
        ] {
            for prefix in ["```sql\n", ""] {
                assert_eq!(
                    cut(prefix, &format!("{statement}; SELECT 2")),
                    (statement.into(), true),
                    "{statement}"
                );
            }
            assert_eq!(
                cut("```sql\n", &format!("{statement}\n```\nrest")),
                (format!("{statement}\n"), true)
            );
            assert_eq!(cut("```sql\n", statement), (statement.into(), false));
        }
    }

    #[test]
    fn a_fence_in_a_string_or_a_name_is_none() {
        for (statement, at) in [
            ("SELECT 1", None),
            ("SELECT 1\n``", None),
            ("SELECT 1\n```", Some(9)),
            ("SELECT 1;\n```", Some(10)),
            ("SELECT ';' ````", Some(11)),
            ("SELECT '```", None),
            ("SELECT '```';", None),
            ("SELECT '```', \"```\", $$```$$, E'\\'```'", None),
            ("SELECT '```'\n```", Some(13)),
            ("SELECT 'ü```'\n```", Some(15)),
        ] {
            assert_eq!(fence(statement), at, "{statement}");
        }
    }

    #[test]
    fn what_is_open_does_not_end() {
        for open in ["SELECT ';", "SELECT \";", "SELECT $x$;", "SELECT /* ;", "SELECT -- ;"] {
            assert_eq!(cut("```sql\n", open), (open.into(), false));
        }
    }

    #[test]
    fn a_fence_the_model_opens_is_not_the_end() {
        assert_eq!(cut("", "```sql\nSELECT 1;\n```"), ("```sql\nSELECT 1".into(), true));
        assert_eq!(
            cut("", "Here it is; don't worry:\n```sql\nSELECT ';'\n```\n"),
            ("Here it is; don't worry:\n```sql\nSELECT ';'\n".into(), true)
        );
    }

    #[test]
    fn ticks_are_held_back_until_they_are_no_fence() {
        let mut scanner = StatementEnd::new("```sql\n");
        assert_eq!(scanner.feed("a``").text, "a");
        assert_eq!(scanner.feed("b").text, "``b");
        assert_eq!(scanner.feed("``").text, "");
        assert!(scanner.feed("`").ended);
    }
}
