//! Keys nobody declared, guessed from names and types.
//!
//! Many databases declare few foreign keys, and views have none. A column that is called like the
//! one key of another table, or like that table and its `id`, is taken for a reference to it. A
//! guess is marked as one wherever it is shown; it decides nothing that is checked. Must stay
//! fast: it reads every column of a snapshot once. Called when a snapshot is loaded.

use std::collections::{HashMap, HashSet};

use super::{ForeignKey, Relation, Snapshot};
use crate::link::split;

/// Names that say of which table they are the key only together with the table's.
const GENERIC: &[&str] = &["code", "id", "key", "name", "no", "nr", "num", "number", "uuid"];

/// What `snapshot` does not declare and names suggest, in its order: keys of one column each, to
/// the primary key of a relation of the same schema.
pub(super) fn infer(snapshot: &Snapshot) -> Vec<ForeignKey> {
    let targets = Targets::new(snapshot);
    let declared: HashSet<_> = snapshot
        .foreign_keys
        .iter()
        .flat_map(|key| key.from_columns.iter().map(move |column| (&key.from, column)))
        .collect();
    let mut keys = Vec::new();
    for relation in &snapshot.relations {
        for column in &relation.columns {
            // Two tables with one key between them: neither is known to reference the other.
            if relation.primary_key.as_slice() == [column.name.as_str()]
                || declared.contains(&(&relation.name, &column.name))
            {
                continue;
            }
            let Some((target, key)) = targets.called(relation, &column.name) else { continue };
            if target.name != relation.name && is_comparable(&column.type_name, &key.type_name) {
                keys.push(ForeignKey {
                    from: relation.name.clone(),
                    from_columns: vec![column.name.clone()],
                    to: target.name.clone(),
                    to_columns: vec![key.name.clone()],
                });
            }
        }
    }
    keys
}

/// Relations by schema and the words by which columns elsewhere refer to them; `None` where
/// several would be meant.
struct Targets<'s>(HashMap<(&'s str, Vec<String>), Option<&'s Relation>>);

impl<'s> Targets<'s> {
    fn new(snapshot: &'s Snapshot) -> Self {
        let mut targets: HashMap<_, Option<&Relation>> = HashMap::new();
        for relation in &snapshot.relations {
            let [key] = relation.primary_key.as_slice() else { continue };
            let words = if GENERIC.contains(&key.to_ascii_lowercase().as_str()) {
                [split(&relation.name.name), split(key)].concat()
            } else {
                split(key)
            };
            targets
                .entry((relation.name.schema.as_str(), words))
                .and_modify(|several| *several = None)
                .or_insert(Some(relation));
        }
        Self(targets)
    }

    /// The relation that a column of `from` is called after, and its key.
    fn called(
        &self,
        from: &'s Relation,
        column: &str,
    ) -> Option<(&'s Relation, &'s super::Attribute)> {
        let target = (*self.0.get(&(from.name.schema.as_str(), split(column)))?)?;
        let name = target.primary_key.first()?;
        Some((target, target.columns.iter().find(|c| c.name == *name)?))
    }
}

fn is_comparable(one: &str, other: &str) -> bool {
    const INTEGERS: &[&str] = &["smallint", "integer", "bigint"];
    let bare = |name: &str| name.split('(').next().unwrap_or_default().trim().to_owned();
    let (one, other) = (bare(one), bare(other));
    one == other || [one, other].iter().all(|name| INTEGERS.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{shop, table};

    fn inferred(snapshot: &Snapshot) -> Vec<String> {
        infer(snapshot)
            .iter()
            .map(|key| {
                let (from, to) = (&key.from.name, &key.to.name);
                format!("{from}.{} -> {to}.{}", key.from_columns[0], key.to_columns[0])
            })
            .collect()
    }

    #[test]
    fn names_of_tables_with_their_id_are_references() {
        let mut snapshot = shop();
        snapshot.foreign_keys.clear();
        assert_eq!(
            inferred(&snapshot),
            ["order_items.order_id -> orders.id", "orders.customer_id -> customers.id"]
        );
        assert!(inferred(&shop()).is_empty(), "they are declared");
    }

    #[test]
    fn the_name_of_a_key_is_a_reference() {
        let mut drug = table("s", "drug", &["ndc_code"]);
        drug.primary_key = vec!["ndc_code".into()];
        let stock = table("s", "stock", &["id", "ndc_code", "drug_id"]);
        let elsewhere = table("t", "stock", &["id", "ndc_code"]);
        let snapshot = Snapshot { relations: vec![drug, stock, elsewhere], ..Snapshot::default() };
        assert_eq!(inferred(&snapshot), ["stock.ndc_code -> drug.ndc_code"]);
    }

    #[test]
    fn what_could_mean_two_tables_means_none() {
        let mut details = table("s", "customer_details", &["customer_id"]);
        details.primary_key = vec!["customer_id".into()];
        let customers = table("s", "customers", &["id"]);
        let orders = table("s", "orders", &["id", "customer_id"]);
        let snapshot =
            Snapshot { relations: vec![customers, details, orders], ..Snapshot::default() };
        assert!(inferred(&snapshot).is_empty());
    }

    #[test]
    fn types_have_to_fit() {
        let mut snapshot = shop();
        snapshot.foreign_keys.clear();
        snapshot.relations[2].columns[1].type_name = "text".into();
        assert_eq!(inferred(&snapshot), ["order_items.order_id -> orders.id"]);
        snapshot.relations[2].columns[1].type_name = "integer".into();
        assert_eq!(inferred(&snapshot).len(), 2);
    }
}
