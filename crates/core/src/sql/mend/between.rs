//! Conditions of joins that skip the table between.
//!
//! A model joins visits of patients to diagnoses, and the diagnoses to patients, as if there were
//! no visits. What the key leads to is joined to the one that lacks the column, in parentheses, so
//! that the condition can name it and the joins around stay what they are.

use sqlparser::ast::{Ident, Join};

use super::joins::{condition_of, equality, join as join_text, way_to};
use super::scope::{Item, Scope, ends};
use super::walk::Walker;
use crate::schema::{RelationName, quote_ident};
use crate::sql::walk::folded;

impl<'s> Walker<'_, 's> {
    /// Where one side of the condition is a column that what is joined lacks, and keys lead from it
    /// to one relation that has it, joins that relation too. The relations it joined, if any.
    pub(super) fn join_between(
        &mut self,
        join: &Join,
        scope: &Scope<'s>,
    ) -> Option<Vec<RelationName>> {
        let (first, last) = ends(&join.relation)?;
        let (left, right) = condition_of(&join.join_operator).and_then(equality)?;
        let own = folded(last);
        let side = |side: &[Ident]| -> Option<(Ident, String, Item<'s>)> {
            let [qualifier, column] = side else { return None };
            Some((qualifier.clone(), folded(column), scope.item(&folded(qualifier))?.clone()))
        };
        let (left, right) = (side(left)?, side(right)?);
        let ((qualifier, column, item), other) =
            if left.2.name == own { (left, right) } else { (right, left) };
        let is_there = !item.lacks(&column) || item.called_otherwise(&column).is_some();
        if item.name != own || is_there || !other.2.has(&other.1) {
            return None;
        }
        let way = way_to(self.snapshot, &[item], None, &column)?;
        let joined = way.keys.iter().map(|key| key.to.clone()).collect();
        let (mut from, mut added) = (way.from, String::new());
        for key in way.keys {
            let alias = self.free_name(&key.to.name, scope);
            added.push_str(&join_text(key, &from, &alias));
            self.names.push(alias.clone());
            from = alias;
        }
        added.push(')');
        self.edits.insert_around(self.source, first, last, "(", added);
        self.edits.replace(self.source, &qualifier, &qualifier, quote_ident(&from));
        Some(joined)
    }
}
