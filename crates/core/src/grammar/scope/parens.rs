//! What begins and ends with a parenthesis: query levels, casts, lists of names.
//!
//! Called by the walk, in [`super::walk`], which owns the levels.

use super::level::{Clause, Columns, Cte, From, Item, Level, Output, Role, With};
use super::walk::{Frame, Kind, Paren, Walker};
use crate::sql::Token;

impl Walker<'_> {
    pub(super) fn open(&mut self, next: Option<&Token<'_>>) {
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

    pub(super) fn close(&mut self) {
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
