//! The walk over a statement's tokens.
//!
//! Owns the stack of query levels and parentheses, and what keywords and punctuation do to it.
//! What names mean is in [`super::resolve`].

use super::Violation;
use super::level::{Clause, Columns, Cte, From, Item, Level, Output, Role, With};
use super::names::Chain;
use super::resolve::BEFORE_OPERANDS;
use crate::grammar::catalog::Catalog;
use crate::grammar::words::{RESERVED, is_in};
use crate::sql::{Token, TokenKind};

/// A query level or a parenthesis.
#[derive(Debug)]
pub(super) enum Frame {
    Query(Box<Level>),
    Paren(Paren),
}

/// A parenthesis that holds no query.
#[derive(Debug)]
pub(super) struct Paren {
    pub kind: Kind,
    /// Nothing has come in it yet.
    pub fresh: bool,
    /// Names collected, where that is what it holds.
    pub names: Vec<String>,
}

/// What a parenthesis holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Expression,
    Cast,
    Extract,
    Window,
    DistinctOn,
    /// Joined items.
    Group,
    /// Column names, or definitions of columns.
    Names,
}

/// Reads tokens from left to right.
#[derive(Debug)]
pub(super) struct Walker<'a> {
    pub catalog: &'a Catalog,
    pub frames: Vec<Frame>,
    pub violation: Option<Violation>,
    /// The chain of names at the end of the text, which may go on.
    pub pending: Option<Chain>,
    /// The last token, if it was a bare word, and the one before it.
    pub previous: String,
    pub before: String,
    pub after_comma: bool,
    pub after_string: bool,
    /// An operand has just ended.
    pub operand: bool,
    pub type_next: bool,
    pub label_next: bool,
    pub skip_next: bool,
    lateral: bool,
}

impl<'a> Walker<'a> {
    pub fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            frames: vec![Frame::Query(Box::new(Level::new(Role::Top, None)))],
            violation: None,
            pending: None,
            previous: String::new(),
            before: String::new(),
            after_comma: false,
            after_string: false,
            operand: false,
            type_next: false,
            label_next: false,
            skip_next: false,
            lateral: false,
        }
    }

    /// Takes all tokens; stops at the first violation.
    pub fn run(&mut self, tokens: &[Token<'_>], complete: bool) {
        let mut at = 0;
        while let Some((token, rest)) = tokens.get(at..).and_then(<[_]>::split_first) {
            if self.violation.is_some() {
                return;
            }
            let mut word = String::new();
            let (mut comma, mut string) = (false, false);
            at += 1;
            match token.kind {
                TokenKind::Word if !self.label_next && self.keyword(token, rest.first()) => {
                    word = token.text.to_ascii_lowercase();
                }
                TokenKind::Word | TokenKind::QuotedName => {
                    let chain = Chain::read(tokens.get(at - 1..).unwrap_or_default());
                    let next = tokens.get(at - 1 + chain.tokens);
                    let begins = chain.word().is_some_and(|word| is_in(BEFORE_OPERANDS, word));
                    if next.is_none() && !complete && !begins {
                        self.pending = Some(chain);
                        return;
                    }
                    at += chain.tokens.saturating_sub(1);
                    self.name(&chain, next);
                    word = chain.word().unwrap_or_default().to_owned();
                }
                TokenKind::Punct => {
                    comma = token.text == ",";
                    self.punctuation(token, rest.first());
                    if token.text == "(" {
                        self.shift(String::new(), false, false);
                        continue;
                    }
                }
                TokenKind::Operator => self.operator(token.text),
                TokenKind::String | TokenKind::Number | TokenKind::Parameter => {
                    string = token.kind == TokenKind::String;
                    self.unnamed();
                    self.operand = true;
                }
                TokenKind::Comment => {}
            }
            if let Some(Frame::Paren(paren)) = self.frames.last_mut() {
                paren.fresh = false;
            }
            self.shift(word, comma, string);
        }
        if complete && self.violation.is_none() {
            for frame in (0..self.frames.len()).rev() {
                self.end_items(frame);
            }
        }
    }

    fn shift(&mut self, word: String, comma: bool, string: bool) {
        self.before = std::mem::replace(&mut self.previous, word);
        self.after_comma = comma;
        self.after_string = string;
    }

    /// The number of the innermost query level's frame.
    pub fn current(&self) -> usize {
        self.frames.iter().rposition(|frame| matches!(frame, Frame::Query(_))).unwrap_or(0)
    }

    pub fn level(&self, frame: usize) -> Option<&Level> {
        match self.frames.get(frame) {
            Some(Frame::Query(level)) => Some(level),
            _ => None,
        }
    }

    pub fn level_mut(&mut self, frame: usize) -> Option<&mut Level> {
        match self.frames.get_mut(frame) {
            Some(Frame::Query(level)) => Some(level),
            _ => None,
        }
    }

    pub fn clause(&self) -> Clause {
        self.level(self.current()).map_or(Clause::Expression, |level| level.clause)
    }

    pub fn set_clause(&mut self, clause: Clause) {
        let current = self.current();
        if let Some(level) = self.level_mut(current) {
            level.clause = clause;
        }
    }

    /// What the innermost parenthesis holds; none where that is a query.
    pub fn kind(&self) -> Option<Kind> {
        match self.frames.last() {
            Some(Frame::Paren(paren)) => Some(paren.kind),
            _ => None,
        }
    }

    /// Whether the tokens are the level's own, not inside of an expression's parentheses.
    pub fn at_level(&self) -> bool {
        self.kind().is_none()
    }

    /// Whether the tokens are those of a `FROM` clause itself.
    pub fn in_from(&self) -> bool {
        matches!(self.kind(), None | Some(Kind::Group))
    }

    /// Notes a part of an output column that gives it no name.
    pub fn unnamed(&mut self) {
        self.output(Output::Unnamed);
    }

    pub fn output(&mut self, output: Output) {
        if self.at_level() && self.clause() == Clause::Targets {
            let current = self.current();
            if let Some(level) = self.level_mut(current) {
                level.output = Some(match level.output {
                    None | Some(Output::Open) if matches!(output, Output::Open) => output,
                    None => output,
                    Some(_) => Output::Unnamed,
                });
            }
        }
    }

    /// Notes a part that may give the output column any name.
    fn open_output(&mut self) {
        self.output(Output::Open);
        let current = self.current();
        if self.at_level()
            && let Some(output) = self.level_mut(current).and_then(|level| level.output.as_mut())
        {
            *output = Output::Open;
        }
    }

    fn end_output(&mut self, frame: usize) {
        if let Some(level) = self.level_mut(frame)
            && let Some(output) = level.output.take()
        {
            level.outputs.push(output);
        }
    }

    /// The items of a level are all there: what has waited for them is judged.
    fn end_items(&mut self, frame: usize) {
        self.end_output(frame);
        let Some(level) = self.level_mut(frame) else { return };
        if !level.knows_items() {
            level.clause = Clause::Expression;
        }
        for reference in std::mem::take(&mut level.waiting) {
            self.resolve(frame, reference);
        }
    }

    /// Whether the word is a keyword here; does what it means.
    fn keyword(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) -> bool {
        let word = token.text.to_ascii_lowercase();
        let clause = self.clause();
        let current = self.current();
        let call = next.is_some_and(|next| next.is_punct("("));
        match word.as_str() {
            "recursive" if clause == Clause::With(With::Name) => {
                if let Some(level) = self.level_mut(current) {
                    level.recursive = true;
                }
                return true;
            }
            "values" if clause == Clause::Start => {
                if let Some(level) = self.level_mut(current) {
                    level.first.get_or_insert(Columns::of((1..=100).map(|n| format!("column{n}"))));
                    level.clause = Clause::Expression;
                }
                return true;
            }
            "left" | "right" if call => return false,
            _ if !is_in(RESERVED, &word) => return false,
            _ => {}
        }
        self.operand = matches!(
            word.as_str(),
            "end" | "null" | "true" | "false" | "isnull" | "notnull" | "user" | "session_user"
        ) || word.starts_with("current_")
            || word.starts_with("localtime");
        match word.as_str() {
            "and" | "or" | "not" | "in" | "is" | "like" | "ilike" | "similar" | "isnull"
            | "notnull" | "overlaps" | "null" | "true" | "false" | "array" => self.unnamed(),
            // Named like a column that may be in it.
            "case" | "cast" | "treat" => self.open_output(),
            "user" | "session_user" => self.output(Output::Named(word.clone())),
            _ if self.operand => self.output(Output::Named(word.clone())),
            _ => {}
        }
        match word.as_str() {
            "with" if clause == Clause::Start && self.at_level() => {
                self.set_clause(Clause::With(With::Name));
            }
            "select" => self.set_clause(Clause::Targets),
            "from"
                if matches!(self.before.as_str(), "is" | "not") && self.previous == "distinct" => {}
            "from" if clause == Clause::Targets && self.at_level() => {
                self.end_output(current);
                self.set_clause(Clause::From(From::Item));
            }
            "where" | "having" | "limit" | "offset" | "fetch" | "for" if self.at_level() => {
                self.end_items(current);
                self.set_clause(Clause::Expression);
            }
            "group" if self.at_level() && self.previous != "within" => {
                self.end_items(current);
                self.set_clause(Clause::Sort);
            }
            "order" if self.at_level() => {
                self.end_items(current);
                self.set_clause(Clause::Sort);
            }
            "window" if self.at_level() => {
                self.end_items(current);
                self.set_clause(Clause::Window);
            }
            "union" | "intersect" | "except" if self.at_level() => {
                self.end_items(current);
                if let Some(level) = self.level_mut(current) {
                    let columns = level.output_columns();
                    level.first.get_or_insert(columns);
                    level.items.clear();
                    level.outputs.clear();
                    level.clause = Clause::Start;
                }
            }
            "union" | "intersect" | "except" if self.kind() == Some(Kind::Group) => {
                self.set_clause(Clause::From(From::Item));
            }
            "on" if matches!(clause, Clause::From(_)) && self.in_from() => {
                self.set_clause(Clause::On);
            }
            "using" if matches!(clause, Clause::From(_) | Clause::On) && self.in_from() => {
                self.set_clause(Clause::From(From::Using));
            }
            "join" if matches!(clause, Clause::From(_) | Clause::On) && self.in_from() => {
                self.set_clause(Clause::From(From::Item));
            }
            "lateral" => self.lateral = true,
            "tablesample" => self.set_clause(Clause::From(From::Sample)),
            "as" => match (clause, self.kind()) {
                (_, Some(Kind::Cast)) => self.type_next = true,
                (Clause::With(With::AfterName), _) => self.set_clause(Clause::With(With::Body)),
                (Clause::Targets | Clause::On, None) => self.label_next = true,
                (Clause::From(From::AfterGroup), _) => {}
                (Clause::From(_), None | Some(Kind::Group)) => {
                    self.set_clause(Clause::From(From::AfterAs));
                }
                _ => {}
            },
            _ => {}
        }
        true
    }

    fn operator(&mut self, text: &str) {
        match text {
            "::" => self.type_next = true,
            "*" if !self.operand && self.at_level() && self.clause() == Clause::Targets => {
                self.output(Output::Star(None));
            }
            _ => self.unnamed(),
        }
        self.operand = false;
    }

    fn punctuation(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) {
        let current = self.current();
        let clause = self.clause();
        match token.text {
            "(" => self.open(next),
            ")" => self.close(),
            "," => {
                self.type_next = false;
                match clause {
                    Clause::Targets if self.at_level() => self.end_output(current),
                    Clause::With(With::AfterBody) if self.at_level() => {
                        self.set_clause(Clause::With(With::Name));
                    }
                    Clause::From(_) | Clause::On if self.in_from() => {
                        self.set_clause(Clause::From(From::Item));
                    }
                    _ => {}
                }
                self.operand = false;
            }
            "." => self.skip_next = true,
            "[" => {
                self.open_output();
                self.operand = false;
            }
            "]" => self.operand = true,
            ";" => self.end_items(current),
            _ => self.operand = false,
        }
    }

    fn open(&mut self, next: Option<&Token<'_>>) {
        let current = self.current();
        let outer = self.level(current).and_then(|level| level.outer);
        let query = next.is_some_and(|next| next.is_any_word(&["select", "with", "values"]));
        let nested = next.is_some_and(|next| next.is_punct("("));
        let clause = self.clause();
        let level = |role, outer| Frame::Query(Box::new(Level::new(role, outer)));
        let paren = |kind| Frame::Paren(Paren { kind, fresh: true, names: Vec::new() });
        let frame = match clause {
            Clause::With(With::Body) if self.at_level() => level(Role::Cte, outer),
            Clause::With(With::AfterName) => paren(Kind::Names),
            Clause::Start if self.at_level() && (query || nested) => level(Role::Operand, outer),
            Clause::From(From::Item) if self.in_from() && query => {
                let lateral = std::mem::take(&mut self.lateral);
                level(Role::Derived, if lateral { Some(current) } else { outer })
            }
            Clause::From(From::Item) if self.in_from() => paren(Kind::Group),
            Clause::From(From::AfterAs | From::AfterAlias | From::AfterGroup | From::Using)
                if self.in_from() =>
            {
                paren(Kind::Names)
            }
            _ if query => {
                self.output(Output::Open);
                level(Role::Expression, Some(current))
            }
            _ => {
                let kind = match self.previous.as_str() {
                    "cast" | "treat" => Kind::Cast,
                    "extract" => Kind::Extract,
                    "over" => Kind::Window,
                    "as" if clause == Clause::Window => Kind::Window,
                    "on" if clause == Clause::Targets => Kind::DistinctOn,
                    _ => Kind::Expression,
                };
                if !self.operand && kind != Kind::DistinctOn {
                    self.output(Output::Open);
                }
                paren(kind)
            }
        };
        self.operand = false;
        self.frames.push(frame);
    }

    fn close(&mut self) {
        if self.frames.len() < 2 {
            return;
        }
        self.type_next = false;
        self.end_items(self.frames.len() - 1);
        let Some(frame) = self.frames.pop() else { return };
        self.operand = true;
        match frame {
            Frame::Query(level) => self.close_query(*level),
            Frame::Paren(paren) => match paren.kind {
                Kind::Group => self.set_clause(Clause::From(From::AfterGroup)),
                Kind::Names => self.close_names(paren.names),
                Kind::DistinctOn => self.operand = false,
                _ => {}
            },
        }
    }

    fn close_query(&mut self, level: Level) {
        let columns = level.output_columns();
        let current = self.current();
        let Some(parent) = self.level_mut(current) else { return };
        match level.role {
            Role::Cte => {
                if let Some(cte) = parent.building.take() {
                    let columns = if cte.named { cte.columns } else { columns };
                    parent.ctes.retain(|earlier| earlier.name != cte.name);
                    parent.ctes.push(Cte { columns, ..cte });
                }
                parent.clause = Clause::With(With::AfterBody);
            }
            Role::Derived => {
                parent.items.push(Item { columns, ..Item::default() });
                parent.clause = Clause::From(From::AfterItem);
            }
            Role::Operand => {
                parent.first.get_or_insert(columns);
            }
            Role::Top | Role::Expression => {}
        }
    }

    fn close_names(&mut self, names: Vec<String>) {
        let current = self.current();
        let Some(level) = self.level_mut(current) else { return };
        match level.clause {
            Clause::With(_) => {
                if let Some(cte) = &mut level.building {
                    cte.columns = Columns::of(names);
                    cte.named = true;
                }
            }
            Clause::From(From::Using) => level.clause = Clause::On,
            _ => {
                if let Some(item) = level.items.last_mut() {
                    // Names given to the first columns; the others keep theirs. Of a function
                    // there are no others.
                    let open = item.columns.open && !item.function;
                    let kept = Columns { open, ..item.columns.clone() };
                    item.columns = Columns::of(names).and(&kept);
                }
                level.clause = Clause::From(From::AfterAlias);
            }
        }
    }
}
