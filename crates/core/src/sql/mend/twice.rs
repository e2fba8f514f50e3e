//! A table that is joined a second time under the same name.
//!
//! `FROM a JOIN b ON a.id = b.a_id JOIN a ON a.x = b.x` names `a` twice, and the server cannot tell
//! which one a column is of. Nor can the statement: whatever it says of `a`, it says of one. So it
//! is read once, and what the second join asks is asked beside the join before.

use std::collections::HashSet;

use sqlparser::ast::{BinaryOperator, Expr, Join, Query, Select, TableFactor};

use super::joins::{begin_of, phrase};
use super::scope::ends;
use crate::sql::edits::{Edits, Source};
use crate::sql::walk::{each_select, folded, relation_parts};

/// Takes each second reading out, in `edits`.
pub(super) fn read_once(source: &Source<'_>, query: &Query, edits: &mut Edits) {
    let mut selects = Selects { source, edits };
    each_select(query, |select, _| selects.select(select));
}

struct Selects<'a> {
    source: &'a Source<'a>,
    edits: &'a mut Edits,
}

impl Selects<'_> {
    fn select(&mut self, select: &Select) {
        let [from] = select.from.as_slice() else { return };
        let mut known: HashSet<(String, TableName)> = HashSet::new();
        known.extend(named(&from.relation));
        let mut before: Option<&Join> = None;
        for join in &from.joins {
            let Some(name) = named(&join.relation) else { return };
            if !known.insert(name)
                && let Some(before) = before
            {
                let _ = self.merge(before, join);
                return;
            }
            before = Some(join);
        }
    }

    /// Asks what `join` asks beside what the join before it asks.
    fn merge(&mut self, before: &Join, join: &Join) -> Option<()> {
        let (own, other) = (phrase(join)?, phrase(before)?);
        if is_alternative(own) || is_alternative(other) {
            return None;
        }
        let begin = begin_of(&join.relation, self.source)?;
        let (_, last) = ends(&join.relation)?;
        let on = self.source.token(last.span.start)? + 1;
        let tokens = self.source.tokens();
        let (begin, on) = (tokens.get(begin)?, tokens.get(on).filter(|on| on.is_word("on"))?);
        self.edits.replace_tokens(begin, on, "AND".to_owned());
        Some(())
    }
}

/// Schema, if given, and name.
type TableName = (Option<String>, String);

/// What a table goes by, and which one it is.
fn named(factor: &TableFactor) -> Option<(String, TableName)> {
    let (_, last) = ends(factor)?;
    let TableFactor::Table { name, .. } = factor else { return None };
    Some((folded(last), relation_parts(name)?))
}

/// Whether a condition would be another one with AND behind it.
fn is_alternative(expr: &Expr) -> bool {
    matches!(expr, Expr::BinaryOp { op: BinaryOperator::Or | BinaryOperator::Xor, .. })
}
