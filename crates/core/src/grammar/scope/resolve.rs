//! What names mean where they stand, and which can come next.
//!
//! Owns telling uses of columns from everything else that is written as a name, and the way from
//! a level to the levels around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Violation;
use super::level::{Clause, Columns, Cte, Found, From, Item, Output, Reference, With};
use super::names::Chain;
use super::walk::{Frame, Kind, Walker};
use crate::grammar::names::NameSet;
use crate::grammar::words::{INTERVAL_FIELDS, SYNTAX, SYSTEM_COLUMNS, is_in};
use crate::sql::{Token, TokenKind};

/// Functions in `FROM` of which one column comes, named like the item.
const SCALAR_SETS: &[&str] =
    &["generate_series", "generate_subscripts", "regexp_split_to_table", "string_to_table"];

/// Words of the grammar behind which an operand begins.
pub(super) const BEFORE_OPERANDS: &[&str] =
    &["at", "between", "by", "escape", "filter", "over", "partition", "within"];

impl Walker<'_> {
    /// A chain of names, complete, with the token behind it.
    pub fn name(&mut self, chain: &Chain, next: Option<&Token<'_>>) {
        if std::mem::take(&mut self.skip_next) || std::mem::take(&mut self.type_next) {
            self.operand = true;
            return;
        }
        let current = self.current();
        if std::mem::take(&mut self.label_next) {
            self.give_label(chain.last());
            self.operand = true;
            return;
        }
        if let Some(Frame::Paren(paren)) = self.frames.last_mut()
            && paren.kind == Kind::Names
        {
            if paren.fresh || self.after_comma {
                paren.names.push(chain.last().to_owned());
            }
            return;
        }
        match self.clause() {
            Clause::With(With::Name) if self.at_level() => {
                if let Some(level) = self.level_mut(current) {
                    let cte = Cte {
                        name: chain.last().to_owned(),
                        columns: Columns::open(),
                        named: false,
                    };
                    if level.recursive {
                        level.ctes.push(cte.clone());
                    }
                    level.building = Some(cte);
                    level.clause = Clause::With(With::AfterName);
                }
            }
            Clause::With(With::AfterBody) => {
                // SEARCH and CYCLE add columns.
                if let Some(cte) = self.level_mut(current).and_then(|level| level.ctes.last_mut()) {
                    cte.columns.open = true;
                }
            }
            Clause::With(_) | Clause::Start => {}
            Clause::From(From::Item) if self.in_from() => self.source(chain, next),
            Clause::From(from) if self.in_from() => self.alias(from, chain),
            _ => self.expression_name(chain, next),
        }
    }

    /// The name of an output column.
    fn give_label(&mut self, name: &str) {
        let current = self.current();
        if let Some(level) = self.level_mut(current)
            && level.clause == Clause::Targets
        {
            level.output = Some(Output::Named(name.to_owned()));
        }
    }

    fn alias(&mut self, from: From, chain: &Chain) {
        let current = self.current();
        let with = self.previous == "with";
        let Some(level) = self.level_mut(current) else { return };
        if with && chain.word() == Some("ordinality") {
            if let Some(item) = level.items.last_mut() {
                item.columns = item.columns.with("ordinality");
            }
            return;
        }
        match from {
            From::AfterItem | From::AfterAs => {
                if let Some(item) = level.items.last_mut() {
                    let before = item.name.replace(chain.last().to_owned());
                    // The column of a set of scalars is called like the item.
                    if item.schema.take().is_none()
                        && let Some(before) = before
                        && item.columns.names.len() == 1
                        && item.columns.names.contains(&before)
                    {
                        item.columns = item.columns.with(chain.last());
                    }
                }
                level.clause = Clause::From(From::AfterAlias);
            }
            From::AfterGroup => {
                let name = Some(chain.last().to_owned());
                level.items.push(Item { name, columns: Columns::open(), ..Item::default() });
                level.clause = Clause::From(From::AfterAlias);
            }
            From::Item | From::AfterAlias | From::Using | From::Sample => {}
        }
    }

    /// A relation or function behind `FROM`.
    fn source(&mut self, chain: &Chain, next: Option<&Token<'_>>) {
        let current = self.current();
        let last = chain.last().to_owned();
        let rows_from = chain.word() == Some("rows") && next.is_some_and(|t| t.is_word("from"));
        let item = if next.is_some_and(|next| next.is_punct("(")) || rows_from {
            let columns = if is_in(SCALAR_SETS, &last) {
                Columns::of([last.clone()])
            } else {
                Columns::open()
            };
            Some(Item { name: Some(last), columns, function: true, ..Item::default() })
        } else {
            self.relation(chain)
        };
        let Some(level) = self.level_mut(current) else { return };
        level.items.extend(item);
        level.clause = Clause::From(From::AfterItem);
    }

    fn relation(&mut self, chain: &Chain) -> Option<Item> {
        let parts: Vec<(&str, usize)> =
            chain.parts.iter().map(|(name, at)| (name.as_str(), *at)).collect();
        let (table, at) = match parts.as_slice() {
            [(name, at)] => {
                if let Some(cte) = self.cte(name) {
                    let columns = cte.columns.clone();
                    return Some(Item { name: Some((*name).into()), columns, ..Item::default() });
                }
                if self.may_come_later() {
                    let columns = Columns::open();
                    return Some(Item { name: Some((*name).into()), columns, ..Item::default() });
                }
                let tables = self.catalog.bare(name);
                if tables.len() > 1 {
                    let columns = Columns::open();
                    return Some(Item { name: Some((*name).into()), columns, ..Item::default() });
                }
                (tables.first().copied(), *at)
            }
            [.., (schema, at), (name, name_at)] => {
                let known = self.catalog.has_schema(schema);
                (self.catalog.qualified(schema, name), if known { *name_at } else { *at })
            }
            [] => return None,
        };
        match table {
            Some(table) => Some(Item {
                name: Some(chain.last().to_owned()),
                schema: Some(table.schema.clone()),
                columns: Columns { names: Arc::clone(&table.columns), open: false },
                function: false,
            }),
            None => {
                self.violation = Some(Violation { at, instead: None });
                None
            }
        }
    }

    /// The common table expression of that name, wherever around.
    fn cte(&self, name: &str) -> Option<&Cte> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Query(level) => level.ctes.iter().rev().find(|cte| cte.name == name),
            Frame::Paren(_) => None,
        })
    }

    /// Whether a name can be that of a common table expression further on.
    fn may_come_later(&self) -> bool {
        self.frames.iter().any(
            |frame| matches!(frame, Frame::Query(level) if level.recursive && level.building.is_some()),
        )
    }

    fn expression_name(&mut self, chain: &Chain, next: Option<&Token<'_>>) {
        let word = chain.word();
        let fresh = matches!(self.frames.last(), Some(Frame::Paren(paren)) if paren.fresh);
        let clause = self.clause();
        let operand = std::mem::replace(&mut self.operand, true);
        let names_nothing = matches!(self.previous.as_str(), "collate" | "over")
            || (fresh && matches!(self.kind(), Some(Kind::Extract | Kind::Window)))
            || (clause == Clause::Window && self.at_level());
        if names_nothing {
            return;
        }
        if let Some(next) = next {
            if next.is_punct("(") {
                if word.is_none_or(|word| !is_in(BEFORE_OPERANDS, word)) {
                    self.output(Output::Named(chain.last().to_owned()));
                }
                return;
            }
            let argument = next.kind == TokenKind::Operator && matches!(next.text, "=>" | ":=");
            let timed = word == Some("timestamp") && next.is_any_word(&["with", "without"]);
            if next.kind == TokenKind::String || argument || timed {
                self.unnamed();
                return;
            }
        }
        let field = word.is_some_and(|word| is_in(INTERVAL_FIELDS, word))
            && (self.after_string || self.previous == "to");
        if field {
            return;
        }
        let listed = clause == Clause::Targets && self.at_level();
        if let Some(word) = word
            && is_in(SYNTAX, word)
        {
            self.operand = !is_in(BEFORE_OPERANDS, word);
            if listed && operand && !is_in(BEFORE_OPERANDS, word) {
                self.give_label(word);
            } else if !matches!(word, "filter" | "over" | "within") {
                self.output(Output::Named(word.to_owned()));
            }
            return;
        }
        if listed && operand && chain.parts.len() == 1 {
            self.give_label(chain.last());
            return;
        }
        let output = match (chain.last(), chain.parts.as_slice()) {
            ("*", [.., (item, _), _]) => Output::Star(Some(item.clone())),
            (last, _) => Output::Named(last.to_owned()),
        };
        self.output(output);
        let outputs = clause == Clause::Sort;
        self.resolve(self.current(), Reference { parts: chain.parts.clone(), outputs });
    }

    /// Looks a reference up from a level outwards; leaves it with the first level that does not
    /// know its items yet.
    pub fn resolve(&mut self, frame: usize, mut reference: Reference) {
        let mut at = Some(frame);
        while let Some(number) = at {
            let Some(level) = self.level_mut(number) else { return };
            if !level.knows_items() {
                level.waiting.push(reference);
                return;
            }
            match level.look_up(&reference) {
                Found::Here => return,
                Found::NoColumn => {
                    let violation = self.wrong_column(number, &reference);
                    self.violation = self.violation.take().or(violation);
                    return;
                }
                Found::NotHere => at = level.outer,
            }
            reference.outputs = false;
        }
        if let [(column, _)] = reference.parts.as_slice()
            && self.catalog.has_anywhere(column)
        {
            return;
        }
        let violation = self.unknown(frame, &reference);
        self.violation.get_or_insert(violation);
    }

    /// `item.column` where the item has no such column: the item is wrong if another one has it,
    /// else the column. None where a column may be anywhere and no item in scope has it.
    fn wrong_column(&self, number: usize, reference: &Reference) -> Option<Violation> {
        let [.., (_, item_at), (column, at)] = reference.parts.as_slice() else {
            return Some(Violation { at: 0, instead: None });
        };
        let items = self.level(number).map(|level| level.items.as_slice()).unwrap_or_default();
        let others: Vec<&str> = items
            .iter()
            .filter(|item| !item.columns.open && item.columns.has(column))
            .filter_map(|item| item.name.as_deref())
            .collect();
        if !others.is_empty() && reference.parts.len() == 2 {
            return Some(Violation { at: *item_at, instead: Some(Arc::new(NameSet::new(others))) });
        }
        if self.catalog.has_anywhere(column) {
            return None;
        }
        let of = reference.parts.iter().rev().nth(1).map(|(name, _)| name);
        let columns = items.iter().find(|item| item.name.as_ref() == of).map(|item| &item.columns);
        let names = columns.map(|columns| columns.names.iter().map(String::as_str));
        Some(Violation { at: *at, instead: names.map(|names| Arc::new(NameSet::new(names))) })
    }

    fn unknown(&self, frame: usize, reference: &Reference) -> Violation {
        let at = reference.parts.first().map_or(0, |(_, at)| *at);
        let items = self.level(frame).map(|level| level.items.as_slice()).unwrap_or_default();
        let names = if reference.parts.len() > 1 {
            NameSet::new(items.iter().filter_map(|item| item.name.as_deref()))
        } else {
            let all = items.iter().flat_map(|item| item.columns.names.iter());
            NameSet::new(
                all.map(String::as_str).chain(items.iter().filter_map(|i| i.name.as_deref())),
            )
        };
        Violation { at, instead: (!names.is_empty()).then(|| Arc::new(names)) }
    }

    /// The violation, if there is one, and else the names that can come at the end of the text.
    pub fn finish(mut self, complete: bool) -> (Option<Violation>, Option<Vec<Arc<NameSet>>>) {
        if self.violation.is_some() || complete {
            return (self.violation, None);
        }
        let sets = self.next_names();
        (self.violation, sets)
    }

    fn next_names(&mut self) -> Option<Vec<Arc<NameSet>>> {
        if self.label_next || self.type_next || self.skip_next || self.kind() == Some(Kind::Names) {
            return None;
        }
        let pending = self.pending.take();
        let source = self.clause() == Clause::From(From::Item) && self.in_from();
        match pending {
            Some(chain) if !chain.dot => None,
            Some(chain) if source => match chain.parts.as_slice() {
                [(schema, at)] if schema != "pg_catalog" => {
                    let relations = self.catalog.relations_of(schema);
                    if relations.is_none() {
                        self.violation = Some(Violation { at: *at, instead: None });
                    }
                    relations.map(|relations| vec![Arc::clone(relations)])
                }
                _ => None,
            },
            Some(chain) if self.is_expression() => match chain.parts.as_slice() {
                [(item, at)] => self.columns_of(item, *at),
                _ => None,
            },
            Some(_) => None,
            None if source && self.may_come_later() => None,
            None if source => {
                let ctes = self.frames.iter().flat_map(|frame| match frame {
                    Frame::Query(level) => level.ctes.as_slice(),
                    Frame::Paren(_) => &[],
                });
                let ctes = NameSet::new(ctes.map(|cte| cte.name.as_str()));
                let catalog = self.catalog;
                Some(vec![
                    Arc::clone(&catalog.sources),
                    Arc::clone(&catalog.source_words),
                    Arc::new(ctes),
                    Arc::clone(&catalog.schema_names),
                ])
            }
            None if self.is_expression() => self.visible(),
            None => None,
        }
    }

    /// Whether a name at the end of the text is part of an expression.
    fn is_expression(&self) -> bool {
        if matches!(self.previous.as_str(), "collate" | "over") {
            return false;
        }
        match self.frames.last() {
            Some(Frame::Paren(paren)) => match paren.kind {
                Kind::Extract | Kind::Window => !paren.fresh,
                Kind::Group => self.clause() == Clause::On,
                Kind::Names => false,
                Kind::Expression | Kind::Cast | Kind::DistinctOn => true,
            },
            _ => matches!(self.clause(), Clause::On | Clause::Expression | Clause::Sort),
        }
    }

    /// Columns of the item that `name` stands for.
    fn columns_of(&mut self, name: &str, name_at: usize) -> Option<Vec<Arc<NameSet>>> {
        let mut at = Some(self.current());
        while let Some(level) = at.and_then(|number| self.level(number)) {
            if !level.knows_items() {
                return None;
            }
            let mut items =
                level.items.iter().filter(|i| i.name.as_deref() == Some(name)).peekable();
            if items.peek().is_some() {
                let mut names = BTreeSet::new();
                for item in items {
                    if item.columns.open {
                        return None;
                    }
                    names.extend(item.columns.names.iter().map(String::as_str));
                }
                names.extend(SYSTEM_COLUMNS);
                let here = Arc::new(NameSet::new(names));
                return Some([here].into_iter().chain(self.catalog.columns_anywhere()).collect());
            }
            at = level.outer;
        }
        if name != "pg_catalog" && !self.catalog.has_schema(name) {
            let reference = Reference {
                parts: vec![(name.to_owned(), name_at), (String::new(), name_at)],
                outputs: false,
            };
            let violation = self.unknown(self.current(), &reference);
            self.violation = Some(violation);
        }
        None
    }

    /// Everything an expression can name here; none where something is not known.
    fn visible(&self) -> Option<Vec<Arc<NameSet>>> {
        let mut names: BTreeSet<&str> = SYSTEM_COLUMNS.iter().copied().collect();
        let current = self.level(self.current())?;
        let outputs = match current.clause {
            Clause::Sort => current.output_columns(),
            _ => Columns::default(),
        };
        if outputs.open {
            return None;
        }
        names.extend(outputs.names.iter().map(String::as_str));
        let mut at = Some(self.current());
        while let Some(level) = at.and_then(|number| self.level(number)) {
            if !level.knows_items() || level.items.iter().any(|item| item.columns.open) {
                return None;
            }
            for item in &level.items {
                names.extend(item.columns.names.iter().map(String::as_str));
                names.extend(item.name.as_deref());
            }
            at = level.outer;
        }
        let sets = [
            Arc::new(NameSet::new(names)),
            Arc::clone(&self.catalog.words),
            Arc::clone(&self.catalog.schema_names),
        ];
        Some(sets.into_iter().chain(self.catalog.columns_anywhere()).collect())
    }
}
