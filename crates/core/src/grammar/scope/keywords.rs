//! What keywords, operators and punctuation do to a query level.
//!
//! Called by the walk, in [`super::walk`], which owns the levels.

use super::level::{Clause, Columns, From, Output, With};
use super::walk::{Kind, Walker};
use crate::grammar::words::{RESERVED, is_in};
use crate::sql::Token;

impl Walker<'_> {
    /// Whether the word is a keyword here; does what it means.
    pub(super) fn keyword(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) -> bool {
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

    pub(super) fn operator(&mut self, text: &str) {
        match text {
            "::" => self.type_next = true,
            "*" if !self.operand && self.at_level() && self.clause() == Clause::Targets => {
                self.output(Output::Star(None));
            }
            _ => self.unnamed(),
        }
        self.operand = false;
    }

    pub(super) fn punctuation(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) {
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
}
