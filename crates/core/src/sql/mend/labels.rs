//! Names of output columns where PostgreSQL knows only those of the FROM clause.
//!
//! Other systems take `SELECT a.x, count(*) AS n … HAVING n > 5`, and models have read much of what
//! is written for those. What the name stands for is written in its place. Must not touch a name that
//! an item of the FROM clause may have: there it means that column, here as there.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, Function, Ident, OrderByKind, Query, Select, SelectItem, SetExpr, Visit,
    Visitor,
};
use sqlparser::tokenizer::Location;

use super::scope::Scope;
use crate::schema::Snapshot;
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{calls, cte_names, folded};

/// Most names that are replaced: each copies what it stands for.
const MOST: usize = 16;
/// Longest text that is copied, bytes.
const LONGEST: usize = 1000;

/// Writes into `edits` what labels stand for, wherever the server would not know them.
pub(super) fn spell_out(
    source: &Source<'_>,
    snapshot: &Snapshot,
    query: &Query,
    edits: &mut Edits,
) {
    let ctes = cte_names(query);
    let mut walker = Walker { source, snapshot, ctes, around: Vec::new(), left: MOST, edits };
    let _ = query.visit(&mut walker);
}

/// What a label stands for.
struct Meaning<'q> {
    expr: &'q Expr,
    text: String,
}

struct Walker<'a, 'e> {
    source: &'a Source<'a>,
    snapshot: &'a Snapshot,
    ctes: HashSet<String>,
    /// Of the queries around: their columns can be named within.
    around: Vec<Scope<'a>>,
    left: usize,
    edits: &'e mut Edits,
}

impl Visitor for Walker<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.body(&query.body);
        // What orders a set operation is outside of its SELECTs.
        if let (SetExpr::Select(select), Some(order)) = (query.body.as_ref(), &query.order_by)
            && let OrderByKind::Expressions(keys) = &order.kind
        {
            let meanings = self.meanings(select);
            for key in keys.iter().filter(|key| !matches!(key.expr, Expr::Identifier(_))) {
                self.replace(&key.expr, &meanings, |_| true);
            }
        }
        self.around.push(match query.body.as_ref() {
            SetExpr::Select(select) => Scope::of(select, self.snapshot, &self.ctes),
            _ => Scope { open: true, ..Scope::default() },
        });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.around.pop();
        ControlFlow::Continue(())
    }
}

impl Walker<'_, '_> {
    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::Select(select) => {
                let meanings = self.meanings(select);
                if let Some(having) = &select.having {
                    self.replace(having, &meanings, |expr| !calls(expr, is_window));
                }
                if let Some(condition) = &select.selection {
                    // A call may be an aggregate's, which no WHERE clause takes.
                    self.replace(condition, &meanings, |expr| !calls(expr, |_| true));
                }
            }
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left);
                self.body(right);
            }
            _ => {}
        }
    }

    /// The labels of a SELECT that mean nothing else; none where not all is known that could be named.
    fn meanings<'q>(&self, select: &'q Select) -> HashMap<String, Meaning<'q>> {
        let scope = Scope::of(select, self.snapshot, &self.ctes);
        let mut scopes = self.around.iter().chain([&scope]);
        if scopes.any(|scope| scope.open) || matches!(select.distinct, Some(Distinct::On(_))) {
            return HashMap::new();
        }
        let mut meanings = HashMap::new();
        for item in &select.projection {
            let SelectItem::ExprWithAlias { expr, alias } = item else { continue };
            let name = folded(alias);
            let mut items = self.around.iter().chain([&scope]).flat_map(|scope| &scope.items);
            let is_own = items.all(|item| item.lacks(&name) && item.name != name);
            if let Some(text) = self.before(alias.span.start).filter(|_| is_own) {
                meanings.insert(name, Meaning { expr, text });
            }
        }
        meanings
    }

    /// The text of an item of a SELECT list, from where its label stands.
    fn before(&self, label: Location) -> Option<String> {
        let tokens = self.source.tokens();
        let label = self.source.token(label)?;
        let end = label.checked_sub(1)?;
        let end = if tokens.get(end)?.is_word("as") { end.checked_sub(1)? } else { end };
        let mut depth = 0usize;
        let mut start = end;
        for index in (0..=end).rev() {
            let token = tokens.get(index)?;
            if token.is_punct(")") || token.is_punct("]") {
                depth += 1;
            } else if depth > 0 && (token.is_punct("(") || token.is_punct("[")) {
                depth -= 1;
            } else if depth == 0
                && (token.is_punct(",") || token.is_any_word(&["select", "distinct", "all"]))
            {
                break;
            }
            start = index;
        }
        let text = self.source.text_of_tokens(start, end)?;
        (text.len() <= LONGEST).then(|| text.to_owned())
    }

    /// Puts meanings that `fits` in the place of their labels, where no query of its own begins.
    fn replace(
        &mut self,
        expr: &Expr,
        meanings: &HashMap<String, Meaning<'_>>,
        fits: impl Fn(&Expr) -> bool,
    ) {
        if meanings.is_empty() {
            return;
        }
        for name in bare_names(expr) {
            let Some(meaning) = meanings.get(&folded(&name)).filter(|m| fits(m.expr)) else {
                continue;
            };
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            let text = if is_closed(meaning.expr) {
                meaning.text.clone()
            } else {
                format!("({})", meaning.text)
            };
            self.edits.replace(self.source, &name, &name, text);
        }
    }
}

/// Whether an expression can stand anywhere as it is.
fn is_closed(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Function(_) | Expr::Extract { .. } | Expr::Nested(_) | Expr::CompoundIdentifier(_)
    )
}

/// The names without qualifier in an expression, those of queries in it left out.
fn bare_names(expr: &Expr) -> Vec<Ident> {
    #[derive(Default)]
    struct Names {
        depth: usize,
        found: Vec<Ident>,
    }
    impl Visitor for Names {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth = self.depth.saturating_sub(1);
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(name) if self.depth == 0 => self.found.push(name.clone()),
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut names = Names::default();
    let _ = expr.visit(&mut names);
    names.found
}

fn is_window(function: &Function) -> bool {
    function.over.is_some()
}
