//! What of a statement is written so far: the query it is in, and where in it.
//!
//! Owns the outline of unfinished text. Judges nothing and needs no complete statement: what it
//! takes wrongly for something else makes a guess wrong and nothing more. Called by [`super`].

use crate::sql::{Lexer, Token, TokenKind};

/// The part of a query that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Select,
    /// After FROM, JOIN or a comma between relations.
    Source,
    On,
    /// After GROUP.
    Group,
    Having,
    /// After ORDER.
    Order,
    /// Any other.
    Other,
}

/// A relation read by the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source<'a> {
    /// As written, with its schema if it has one.
    pub relation: String,
    pub alias: Option<&'a str>,
    /// Whether AS was written.
    pub with_as: bool,
}

impl<'a> Source<'a> {
    /// What its columns are prefixed with.
    pub fn qualifier(&self) -> &str {
        self.alias.unwrap_or_else(|| self.relation.rsplit('.').next().unwrap_or_default())
    }
}

/// The innermost query that is not complete.
#[derive(Debug)]
pub(super) struct Written<'a> {
    text: &'a str,
    /// Its tokens with the depth of parentheses; those of queries inside are left out.
    tokens: Vec<(Token<'a>, usize)>,
    /// Position of the first token of the clause, behind its keyword.
    begin: usize,
    pub clause: Clause,
    /// Depth at its end.
    pub depth: usize,
}

impl<'a> Written<'a> {
    /// The outline of an answer; none where it is no SQL, or ends inside a constant.
    pub fn new(text: &'a str) -> Option<Self> {
        let mut levels: Vec<(Vec<(Token<'a>, usize)>, usize)> = vec![(Vec::new(), 0)];
        let mut opened = false;
        for token in Lexer::new(text) {
            let token = token.ok().filter(|token| token.kind != TokenKind::Comment)?;
            if opened && token.is_any_word(&["select", "with"]) {
                levels.push((Vec::new(), 0));
            }
            opened = token.is_punct("(");
            let (tokens, depth) = levels.last_mut()?;
            if opened {
                *depth += 1;
            } else if token.is_punct(")") {
                if *depth == 0 {
                    levels.pop();
                    let (tokens, depth) = levels.last_mut()?;
                    *depth = depth.checked_sub(1)?;
                    tokens.push((token, *depth));
                    continue;
                }
                *depth -= 1;
            } else if *depth == 0 && token.is_any_word(&["select", "union", "intersect", "except"])
            {
                tokens.clear();
            }
            tokens.push((token, *depth));
        }
        let (tokens, depth) = levels.pop()?;
        let (clause, begin) = clause(&tokens);
        Some(Self { text, tokens, begin, clause, depth })
    }

    /// The last two tokens, if nothing comes after the last.
    pub fn touching(&self) -> Option<(Option<Token<'a>>, Token<'a>)> {
        let [before @ .., (last, _)] = self.tokens.as_slice() else { return None };
        (last.end() == self.text.len()).then(|| (before.last().map(|(token, _)| *token), *last))
    }

    /// The qualifier before the last token, if it has one.
    pub fn qualifier(&self) -> Option<&'a str> {
        match self.tokens.as_slice() {
            [.., (qualifier, _), (dot, _), _] if dot.is_punct(".") => Some(qualifier.text),
            _ => None,
        }
    }

    /// What is written of the clause, its runs of spaces as one, and whether a space is behind it.
    pub fn tail(&self) -> (String, bool) {
        let from = match self.begin.checked_sub(1).and_then(|at| self.tokens.get(at)) {
            Some((keyword, _)) => keyword.end(),
            None => 0,
        };
        let tail = self.text.get(from..).unwrap_or_default();
        let words: Vec<&str> = tail.split_ascii_whitespace().collect();
        (words.join(" "), self.text.ends_with(|c: char| c.is_ascii_whitespace()))
    }

    /// The items of the SELECT list, as written, without DISTINCT.
    pub fn items(&self) -> Vec<&'a str> {
        let list = self.select_list();
        let list = match list {
            [(first, _), rest @ ..] if first.is_word("distinct") => rest,
            all => all,
        };
        let items = list.split(|(token, depth)| *depth == 0 && token.is_punct(","));
        let text = |item: &[(Token<'a>, usize)]| {
            let (first, last) = (item.first()?.0, item.last()?.0);
            self.text.get(first.start..last.end())
        };
        items.filter_map(text).collect()
    }

    /// Names in the SELECT list: qualifier, if there is one, and column.
    pub fn columns(&self) -> Vec<(Option<&'a str>, &'a str)> {
        let list = self.select_list();
        let mut all = Vec::new();
        for (at, (token, _)) in list.iter().enumerate() {
            let is = |at: Option<usize>, mark: &str| {
                at.and_then(|at| list.get(at)).is_some_and(|(token, _)| token.is_punct(mark))
            };
            let named = at.checked_sub(1).and_then(|at| list.get(at));
            let name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedName)
                && !token.is_any_word(&["as", "distinct"]);
            if !name || is(Some(at + 1), ".") || is(Some(at + 1), "(") {
                continue;
            }
            if is(at.checked_sub(1), ".") {
                let qualifier = at.checked_sub(2).and_then(|at| list.get(at));
                all.extend(qualifier.map(|(qualifier, _)| (Some(qualifier.text), token.text)));
            } else if named.is_none_or(|(before, _)| !before.is_word("as")) {
                all.push((None, token.text));
            }
        }
        all
    }

    fn select_list(&self) -> &[(Token<'a>, usize)] {
        let own = |word: &str| {
            self.tokens.iter().position(|(token, depth)| *depth == 0 && token.is_word(word))
        };
        let Some(begin) = own("select") else { return &[] };
        let end = own("from").unwrap_or(self.tokens.len());
        self.tokens.get(begin + 1..end).unwrap_or_default()
    }

    /// The relations read so far; the last one may be half written.
    pub fn sources(&self) -> Vec<Source<'a>> {
        let mut all = Vec::new();
        let mut inside = false;
        for (at, (token, depth)) in self.tokens.iter().enumerate() {
            if *depth > 0 {
                continue;
            }
            let begins = token.is_any_word(&["from", "join"]) || (inside && token.is_punct(","));
            inside = begins || (inside && !ends_sources(token));
            if begins {
                all.extend(source(self.tokens.get(at + 1..).unwrap_or_default()));
            }
        }
        all
    }
}

fn ends_sources(token: &Token<'_>) -> bool {
    token.is_any_word(&["on", "where", "group", "having", "order", "limit", "using"])
}

/// `schema.relation AS alias`.
fn source<'a>(tokens: &[(Token<'a>, usize)]) -> Option<Source<'a>> {
    let name = |at: usize| {
        let (token, _) = tokens.get(at)?;
        matches!(token.kind, TokenKind::Word | TokenKind::QuotedName).then_some(token.text)
    };
    let mut relation = name(0)?.to_owned();
    let mut at = 1;
    if tokens.get(1).is_some_and(|(token, _)| token.is_punct(".")) {
        relation = format!("{relation}.{}", name(2)?);
        at = 3;
    }
    let with_as = tokens.get(at).is_some_and(|(token, _)| token.is_word("as"));
    if with_as {
        at += 1;
    }
    let is_alias = |token: &Token<'_>| !ends_sources(token) && !is_join(token);
    let alias = tokens.get(at).filter(|(token, _)| is_alias(token)).and_then(|_| name(at));
    Some(Source { relation, alias, with_as })
}

fn is_join(token: &Token<'_>) -> bool {
    token.is_any_word(&["join", "inner", "left", "right", "full", "cross", "natural", "outer"])
}

/// The clause at the end, and the position behind its keyword.
fn clause(tokens: &[(Token<'_>, usize)]) -> (Clause, usize) {
    let mut found = (Clause::Other, 0);
    for (at, (token, depth)) in tokens.iter().enumerate() {
        if *depth > 0 {
            continue;
        }
        let clause = if token.is_word("select") {
            Clause::Select
        } else if token.is_any_word(&["from", "join"])
            || (found.0 == Clause::Source && token.is_punct(","))
        {
            Clause::Source
        } else if token.is_word("on") {
            Clause::On
        } else if token.is_word("group") {
            Clause::Group
        } else if token.is_word("order") {
            Clause::Order
        } else if token.is_word("having") {
            Clause::Having
        } else if is_join(token) || token.is_any_word(&["where", "limit", "using"]) {
            Clause::Other
        } else {
            continue;
        };
        found = (clause, at + 1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause_of(text: &str) -> (Clause, String) {
        let written = Written::new(text).unwrap();
        (written.clause, written.tail().0)
    }

    #[test]
    fn the_clause_is_that_of_the_innermost_query() {
        for (text, clause, tail) in [
            ("SELECT a", Clause::Select, "a"),
            ("SELECT COUNT(*) FROM", Clause::Source, ""),
            ("SELECT a FROM s.t AS t1\n JOIN s.u", Clause::Source, "s.u"),
            ("SELECT a FROM t JOIN u ON t.a  =", Clause::On, "t.a ="),
            ("SELECT EXTRACT(YEAR FROM d", Clause::Select, "EXTRACT(YEAR FROM d"),
            ("SELECT a FROM t WHERE a IN (SELECT b FROM", Clause::Source, ""),
            ("SELECT a FROM t WHERE a IN (SELECT b FROM u) GROUP BY a", Clause::Group, "BY a"),
            ("SELECT a FROM t UNION SELECT b FROM", Clause::Source, ""),
            ("SELECT a FROM t ORDER BY a, b", Clause::Order, "BY a, b"),
            ("SELECT a FROM t WHERE", Clause::Other, ""),
            ("", Clause::Other, ""),
        ] {
            assert_eq!(clause_of(text), (clause, tail.to_owned()), "{text}");
        }
        assert!(Written::new("SELECT 'a").is_none());
        assert!(Written::new("SELECT a) b) FROM").is_none());
    }

    #[test]
    fn items_columns_and_sources_are_read() {
        let text = "SELECT DISTINCT t1.a, COUNT(t2.b, 1) AS n, c FROM s.x AS t1 LEFT JOIN \"Y\" t2 ON t1.a = t2.b, z";
        let written = Written::new(text).unwrap();
        assert_eq!(written.items(), ["t1.a", "COUNT(t2.b, 1) AS n", "c"]);
        assert_eq!(written.columns(), [(Some("t1"), "a"), (Some("t2"), "b"), (None, "c")]);
        let sources: Vec<_> = written
            .sources()
            .iter()
            .map(|source| (source.relation.clone(), source.alias, source.with_as))
            .collect();
        assert_eq!(
            sources,
            [("s.x".to_owned(), Some("t1"), true), ("\"Y\"".to_owned(), Some("t2"), false)]
        );
    }
}
