//! What a snapshot knows about the names a rejected statement got wrong.
//!
//! Most failures of small models are names: a table sought in another's schema, a column taken
//! from a table that does not have it. The server says which name is wrong; the snapshot says
//! where it is right. Everything said here is in the prompt already, or could have been.

use crate::link::split;
use crate::schema::{Relation, Snapshot, quote_ident, quote_qualified, quoted_value};
use crate::sql::{ColumnRef, ParsedSql, RelationRef};

/// Relations named as places where a column can be found.
const MAX_PLACES: usize = 3;

/// Names put right. More fit no repair, and each is sought in the whole snapshot.
const MAX_LINES: usize = 8;

/// How near a name has to be to be told in place of another: share of their words, or of their letters.
/// With half of them, `stores` is like `customers`.
const ALIKE: f64 = 0.6;

/// Columns listed of one relation.
const MAX_COLUMNS: usize = 40;

/// One sentence for each of the first names in `sql` that `snapshot` does not have where `sql` seeks it; `None`
/// where all names are right, or `sql` was not understood.
pub fn advise(snapshot: &Snapshot, sql: &ParsedSql) -> Option<String> {
    let used: Vec<&Relation> = sql.relations().iter().filter_map(|r| find(snapshot, r)).collect();
    let relations = sql.relations().iter().filter_map(|r| misplaced_relation(snapshot, r));
    let columns = sql.columns().iter().filter_map(|c| misplaced_column(snapshot, &used, c));
    let mut lines: Vec<String> = Vec::new();
    for line in relations.chain(columns) {
        if lines.len() == MAX_LINES {
            break;
        }
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// Whether a message of the server says that a constant of `sql` cannot be read, in no words but the
/// server's and the statement's: invalid text representation, datetime format, datetime overflow.
///
/// All between the first and the last quote counts as quoted: a value may hold quotes itself.
pub fn is_about_constant(sqlstate: &str, message: &str, sql: &ParsedSql) -> bool {
    let quoted = message.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
    ["22P02", "22007", "22008"].contains(&sqlstate)
        && quoted.is_some_and(|(quoted, _)| sql.text().contains(quoted))
}

/// The labels of the enum that `message`, in the server's words, says a constant is none of.
pub fn advise_label(snapshot: &Snapshot, message: &str) -> Option<String> {
    let (type_name, _) = message.strip_prefix("invalid input value for enum ")?.split_once(':')?;
    let mut columns = snapshot.relations.iter().flat_map(|relation| &relation.columns);
    let labels =
        &columns.find(|c| c.type_name == type_name && !c.enum_labels.is_empty())?.enum_labels;
    let labels: Vec<String> = labels.iter().take(MAX_COLUMNS).map(|l| quoted_value(l)).collect();
    Some(format!("It is one of {}.", labels.join(", ")))
}

fn misplaced_relation(snapshot: &Snapshot, wanted: &RelationRef) -> Option<String> {
    if find(snapshot, wanted).is_some() {
        return None;
    }
    let places: Vec<String> = snapshot
        .relations
        .iter()
        .filter(|r| r.name.name.eq_ignore_ascii_case(&wanted.name))
        .take(MAX_PLACES)
        .map(|r| quote_qualified(&r.name))
        .collect();
    if places.is_empty() {
        let no = format!("There is no table {}", quote_ident(&wanted.name));
        let having = snapshot.relations.iter().filter(|relation| has(relation, &wanted.name));
        let having: Vec<_> = having.take(MAX_PLACES).map(|r| quote_qualified(&r.name)).collect();
        if !having.is_empty() {
            return Some(format!("{no}: it is a column of {}.", having.join(" and of ")));
        }
        let like = called_alike(snapshot, &wanted.name);
        return Some(match like.as_slice() {
            [] => format!("{no}."),
            like => format!("{no}; there is {}.", like.join(" and ")),
        });
    }
    Some(format!("The table {} is {}.", quote_ident(&wanted.name), places.join(" or ")))
}

/// Relations whose names are nearest to one that is none: with most words of it, or nearly spelt so.
fn called_alike(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let wanted = split(name);
    let near = |relation: &Relation| {
        let own = split(&relation.name.name);
        let shared = own.iter().filter(|word| wanted.contains(word)).count();
        let words = shared as f64 * 2.0 / (own.len() + wanted.len()).max(1) as f64;
        let lower = |text: &str| text.to_lowercase();
        words.max(strsim::normalized_damerau_levenshtein(&lower(&relation.name.name), &lower(name)))
    };
    let mut found: Vec<(f64, &Relation)> = snapshot
        .relations
        .iter()
        .map(|relation| (near(relation), relation))
        .filter(|(near, _)| *near >= ALIKE)
        .collect();
    // The sort is stable: of equals the first of the snapshot comes first.
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.into_iter().take(MAX_PLACES).map(|(_, r)| quote_qualified(&r.name)).collect()
}

fn misplaced_column(snapshot: &Snapshot, used: &[&Relation], column: &ColumnRef) -> Option<String> {
    let name = column.name.as_str();
    let sought = column.relation.as_ref().map(|wanted| find(snapshot, wanted));
    let home = match sought {
        // The relation itself is wrong: that is said already.
        Some(None) => return None,
        Some(Some(home)) if has(home, name) => return None,
        Some(Some(home)) => Some(home),
        None if used.iter().any(|relation| has(relation, name)) => return None,
        None => None,
    };
    let places: Vec<String> = snapshot
        .relations
        .iter()
        .filter(|relation| has(relation, name))
        .take(MAX_PLACES)
        .map(|relation| quote_qualified(&relation.name))
        .collect();
    match (home, places.is_empty()) {
        (_, false) => {
            Some(format!("The column {} is in {}.", quote_ident(name), places.join(" and in ")))
        }
        // A name nobody has may be an output column of the statement's own.
        (None, true) => None,
        (Some(home), true) => {
            let columns: Vec<_> =
                home.columns.iter().take(MAX_COLUMNS).map(|c| quote_ident(&c.name)).collect();
            Some(format!("{} has the columns {}.", quote_qualified(&home.name), columns.join(", ")))
        }
    }
}

fn has(relation: &Relation, column: &str) -> bool {
    relation.columns.iter().any(|c| c.name == column)
}

/// The relation a statement means: by its full name, or by a name only one relation has.
fn find<'s>(snapshot: &'s Snapshot, wanted: &RelationRef) -> Option<&'s Relation> {
    let mut named = snapshot.relations.iter().filter(|relation| {
        relation.name.name == wanted.name
            && wanted.schema.as_ref().is_none_or(|schema| relation.name.schema == *schema)
    });
    let first = named.next()?;
    named.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::shop;
    use crate::sql::{CandidateSql, policy};

    fn advice(sql: &str) -> Option<String> {
        let parsed = policy::check(CandidateSql::from_user(sql).unwrap()).unwrap();
        advise(&shop(), &parsed)
    }

    #[test]
    fn only_constants_of_the_statement_may_be_told() {
        let sql = CandidateSql::from_user("SELECT 1 FROM s.t WHERE a = 'x' AND b = 'y'").unwrap();
        let sql = policy::check(sql).unwrap();
        let told = |sqlstate: &str, value: &str| {
            let message = format!("invalid input syntax for type integer: \"{value}\"");
            is_about_constant(sqlstate, &message, &sql)
        };
        assert!(told("22P02", "x"));
        assert!(!told("22P02", "secret"));
        assert!(!told("22P02", "x\" secret \"y"), "a value with quotes in it");
        assert!(!told("22003", "x"));
        assert!(!is_about_constant("22P02", "malformed value: secret", &sql));
    }

    #[test]
    fn a_label_that_is_none_brings_the_list() {
        let told = |message: &str| advise_label(&shop(), message);
        assert_eq!(
            told("invalid input value for enum shop.order_status: \"SENT\"").as_deref(),
            Some("It is one of 'new', 'paid', 'sent'.")
        );
        assert_eq!(told("invalid input value for enum hidden.status: \"x\""), None);
        assert_eq!(told("invalid input syntax for type integer: \"x\""), None);
    }

    #[test]
    fn a_statement_with_right_names_gets_no_advice() {
        assert_eq!(
            advice(
                "SELECT c.name, o.total AS t FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id ORDER BY t"
            ),
            None
        );
    }

    #[test]
    fn a_table_in_the_wrong_schema_is_put_right() {
        assert_eq!(
            advice("SELECT o.id FROM billing.orders AS o").as_deref(),
            Some("The table orders is shop.orders.")
        );
    }

    #[test]
    fn a_column_of_another_table_is_put_right() {
        assert_eq!(
            advice("SELECT o.city FROM shop.orders AS o").as_deref(),
            Some("The column city is in shop.customers.")
        );
        assert_eq!(
            advice("SELECT city FROM shop.orders").as_deref(),
            Some("The column city is in shop.customers.")
        );
    }

    #[test]
    fn a_column_nobody_has_brings_the_list() {
        assert_eq!(
            advice("SELECT o.town FROM shop.orders AS o").as_deref(),
            Some("shop.orders has the columns id, customer_id, status, total.")
        );
    }

    #[test]
    fn a_table_nobody_has_is_said_to_be_missing() {
        assert_eq!(
            advice("SELECT x.a FROM shop.stores AS x").as_deref(),
            Some("There is no table stores.")
        );
    }

    #[test]
    fn a_table_that_is_not_there_is_told_its_nearest() {
        assert_eq!(
            advice("SELECT x.a FROM shop.\"order\" AS x").as_deref(),
            Some("There is no table \"order\"; there is shop.orders and shop.order_items.")
        );
        assert_eq!(
            advice("SELECT x.a FROM shop.city AS x").as_deref(),
            Some("There is no table city: it is a column of shop.customers.")
        );
    }
}
