//! The schema that a prompt shows, read back from its text.
//!
//! Owns the reading of what [`crate::schema::render`] writes; a test compares both. Whatever else
//! the text holds is passed over: what is not understood is not drafted from. Each byte is read
//! once. Called by [`super`].

use std::borrow::Cow;

use crate::sql::{Lexer, Token, TokenKind};

/// Relations read from one text: prompts show fewer.
const MAX_RELATIONS: usize = 4096;

/// What a prompt shows of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// As written: qualified, quoted where it must be.
    pub text: String,
    /// Without its schema, as the server reads it.
    pub name: String,
    pub columns: Vec<Column>,
    pub keys: Vec<Key>,
}

/// A column, as written and as the server reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub text: String,
    pub name: String,
}

/// A foreign key, declared or likely; columns as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub columns: Vec<String>,
    /// As written: [`Shown::text`] of another relation.
    pub to: String,
    pub to_columns: Vec<String>,
}

/// The relations in a text.
pub(super) fn read(text: &str) -> Vec<Shown> {
    let first = if text.starts_with("CREATE ") { Some(0) } else { text.find("\nCREATE ") };
    let Some(at) = first else { return Vec::new() };
    let mut reader =
        Reader { tokens: Lexer::new(text.get(at..).unwrap_or_default()), peeked: None };
    let mut all = Vec::new();
    while all.len() < MAX_RELATIONS
        && let Some(shown) = reader.relation()
    {
        all.push(shown);
    }
    all
}

struct Reader<'a> {
    tokens: Lexer<'a>,
    peeked: Option<Token<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        self.peeked.take().or_else(|| self.tokens.next()?.ok())
    }

    fn peek(&mut self) -> Option<Token<'a>> {
        if self.peeked.is_none() {
            self.peeked = self.tokens.next()?.ok();
        }
        self.peeked
    }

    /// `CREATE TABLE name (items);`; none where the list of relations ends.
    fn relation(&mut self) -> Option<Shown> {
        if !self.next()?.is_word("create") || !self.next()?.is_any_word(&["table", "view"]) {
            return None;
        }
        let (text, name) = self.qualified()?;
        let mut shown = Shown { text, name, columns: Vec::new(), keys: Vec::new() };
        if !self.next()?.is_punct("(") {
            return None;
        }
        loop {
            self.notes(&mut shown);
            if self.peek()?.is_punct(")") {
                break;
            }
            self.item(&mut shown)?;
        }
        self.next()?;
        self.peek().filter(|token| token.is_punct(";")).and_then(|_| self.next())?;
        Some(shown)
    }

    /// Comments; they speak of the last column.
    fn notes(&mut self, shown: &mut Shown) {
        while let Some(note) = self.peek().filter(|token| token.kind == TokenKind::Comment) {
            self.peeked = None;
            if let Some(column) = shown.columns.last()
                && let Some(key) = likely(note.text, &column.text)
            {
                shown.keys.push(key);
            }
        }
    }

    /// A column or a constraint, with the comma behind it.
    fn item(&mut self, shown: &mut Shown) -> Option<()> {
        let first = self.next()?;
        let own = match (first.kind, self.peek()?.is_word("key")) {
            (TokenKind::Word, true) if first.is_any_word(&["primary", "foreign"]) => {
                self.next()?;
                self.list()?
            }
            _ => {
                let name = first.name()?.into_owned();
                shown.columns.push(Column { text: first.text.to_owned(), name });
                vec![first.text.to_owned()]
            }
        };
        let mut depth = 0_usize;
        loop {
            let token = self.peek()?;
            if depth == 0 && (token.is_punct(")") || token.kind == TokenKind::Comment) {
                return Some(());
            }
            self.next()?;
            if depth == 0 && token.is_punct(",") {
                return Some(());
            }
            if token.is_punct("(") {
                depth += 1;
            } else if token.is_punct(")") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && token.is_word("references") {
                let (to, _) = self.qualified()?;
                let to_columns = self.list()?;
                shown.keys.push(Key { columns: own.clone(), to, to_columns });
            }
        }
    }

    /// `schema.name`: as written, and the name.
    fn qualified(&mut self) -> Option<(String, String)> {
        let schema = self.next()?;
        self.next().filter(|dot| dot.is_punct("."))?;
        let name = self.next()?;
        let read: Cow<'_, str> = name.name()?;
        Some((format!("{}.{}", schema.text, name.text), read.into_owned()))
    }

    /// `(name, name)`, as written.
    fn list(&mut self) -> Option<Vec<String>> {
        self.next().filter(|token| token.is_punct("("))?;
        let mut names = Vec::new();
        loop {
            let token = self.next()?;
            if token.is_punct(")") {
                return Some(names);
            }
            if !token.is_punct(",") {
                names.push(token.text.to_owned());
            }
        }
    }
}

/// The key of a note `…; likely schema.name (column)`.
fn likely(note: &str, column: &str) -> Option<Key> {
    let said = note.strip_prefix("--")?.split("; ").map(str::trim);
    let key = said.filter_map(|part| part.strip_prefix("likely ")).last()?;
    let mut reader = Reader { tokens: Lexer::new(key), peeked: None };
    let (to, _) = reader.qualified()?;
    let to_columns = reader.list()?;
    Some(Key { columns: vec![column.to_owned()], to, to_columns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Detail, fixture, render};

    /// `schema.relation: columns | keys` of each.
    fn told(text: &str) -> String {
        let line = |shown: &Shown| {
            let columns: Vec<&str> = shown.columns.iter().map(|c| c.text.as_str()).collect();
            let keys = shown.keys.iter().map(|key| {
                format!(" | {} = {} {}", key.columns.join("+"), key.to, key.to_columns.join("+"))
            });
            format!("{}: {}{}\n", shown.text, columns.join(" "), keys.collect::<String>())
        };
        read(text).iter().map(line).collect()
    }

    #[test]
    fn what_is_rendered_is_read_in_every_detail() {
        let mut snapshot = fixture::shop();
        let whole: Vec<usize> = (0..snapshot.relations.len()).collect();
        for _ in 0..2 {
            for detail in [Detail::Full, Detail::NoValues, Detail::NamesOnly] {
                let text = format!("Rules:\n- it's\n{}", render(&snapshot, &whole, detail));
                let read = read(&text);
                assert_eq!(read.len(), snapshot.relations.len(), "{text}");
                for (shown, relation) in read.iter().zip(&snapshot.relations) {
                    assert_eq!(shown.name, relation.name.name);
                    let names = shown.columns.iter().map(|c| c.name.as_str());
                    assert!(names.eq(relation.columns.iter().map(|c| c.name.as_str())), "{text}");
                }
                let keys = read.iter().map(|shown| shown.keys.len()).sum::<usize>();
                let guessed =
                    if detail == Detail::NamesOnly { 0 } else { snapshot.inferred_keys.len() };
                assert_eq!(keys, snapshot.foreign_keys.len() + guessed, "{text}");
            }
            snapshot.foreign_keys.clear();
            snapshot.infer_keys();
        }
    }

    #[test]
    fn names_comments_and_keys_are_told_apart() {
        let text = "CREATE TABLE s.\"Odd, (name\" ( -- likely a.b (c); rows\n  \"primary\" int PRIMARY KEY, \
                    -- a comment, with CREATE TABLE x.y (\n  n numeric(12,2) REFERENCES s.t (id), -- one\n  \
                    m int, -- e.g. 'x'; likely s.t (id)\n  PRIMARY KEY (\"primary\", n),\n  \
                    FOREIGN KEY (n, m) REFERENCES s.t (a, b)\n);\nCREATE VIEW s.t (a, b, id);\nAbout: it's\n";
        assert_eq!(
            told(text),
            "s.\"Odd, (name\": \"primary\" n m | n = s.t id | m = s.t id | n+m = s.t a+b\ns.t: a b id\n"
        );
    }

    #[test]
    fn other_texts_show_nothing() {
        for text in
            ["", "CREATE", "\nCREATE TABLE", "CREATE TABLE a (", "CREATE TABLE a.b (c int", "x"]
        {
            assert!(read(text).is_empty(), "{text}");
        }
    }
}
