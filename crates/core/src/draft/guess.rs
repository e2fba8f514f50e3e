//! The rules by which a statement is gone on with.
//!
//! Owns the rules; each lists whole texts of a clause, the likeliest first, and the first that
//! begins with what is written gives the rest. Called by [`super::Draft`].

use super::shown::{Key, Shown};
use super::written::{Clause, Source, Written};
use crate::sql::TokenKind;

/// Fewest letters of a column from which its end is guessed where no alias tells its relation.
const MIN_LETTERS: usize = 2;

/// Relations before a join, the last ones, that it may be made to: an answer that repeats itself has
/// hundreds, and each is looked up for every relation of the prompt.
const MAX_SOURCES: usize = 8;

/// What `answer` goes on with.
pub(super) fn next(relations: &[Shown], answer: &str) -> Option<String> {
    let written = Written::new(answer)?;
    let query = Query { relations, sources: written.sources(), written: &written };
    let clause = if written.depth > 0 { None } else { query.clause() };
    clause.or_else(|| query.column())
}

struct Query<'q, 'a> {
    relations: &'q [Shown],
    sources: Vec<Source<'a>>,
    written: &'q Written<'a>,
}

impl<'q, 'a> Query<'q, 'a> {
    fn clause(&self) -> Option<String> {
        let (tail, spaced) = self.written.tail();
        let find = |texts: &[String]| texts.iter().find_map(|text| rest(text, &tail, spaced));
        match self.written.clause {
            Clause::Source => {
                let texts = self.source_texts();
                if self.sources.first().is_some_and(|first| !first.relation.contains('.')) {
                    let bare = texts.iter().filter_map(|text| text.split_once('.'));
                    let bare: Vec<String> = bare.map(|(_, text)| text.to_owned()).collect();
                    find(&bare).or_else(|| find(&texts))
                } else {
                    find(&texts)
                }
            }
            Clause::On => find(&self.conditions()),
            Clause::Group => find(&[format!("BY {}", self.grouped()?)]),
            Clause::Order => find(&self.orders()),
            Clause::Having => find(&["COUNT(*) >".to_owned()]),
            Clause::Select => self.number(),
            Clause::Other => None,
        }
    }

    /// The digit of an alias in the SELECT list.
    fn number(&self) -> Option<String> {
        let (_, last) = self.written.touching()?;
        if !last.is_word("t") {
            return None;
        }
        let columns = self.written.columns();
        let before = columns.iter().rev().find_map(|(qualifier, _)| *qualifier);
        let digits = before.and_then(|alias| alias.strip_prefix(last.text)).unwrap_or("1");
        (!digits.is_empty()).then(|| digits.to_owned())
    }

    /// Relations that may be read next, with alias and condition.
    fn source_texts(&self) -> Vec<String> {
        let before = self.complete_sources();
        let columns = self.written.columns();
        let bound = |name: &str| before.iter().any(|s| s.qualifier().eq_ignore_ascii_case(name));
        let free = columns.iter().find_map(|(qualifier, _)| qualifier.filter(|name| !bound(name)));
        let wanted: Vec<&str> = columns
            .iter()
            .filter(|(qualifier, _)| *qualifier == free)
            .map(|(_, column)| *column)
            .collect();
        let mut ranked: Vec<(bool, &Shown)> =
            self.relations.iter().map(|shown| (has_all(shown, &wanted), shown)).collect();
        // A relation refers to another by the columns that are the other's own.
        ranked.sort_by_key(|(fits, shown)| (!*fits, refers_by(shown, &wanted)));
        let mut texts = Vec::new();
        for (fits, shown) in ranked {
            let free = free.filter(|_| fits);
            if before.is_empty() {
                if fits {
                    texts.extend(named(shown, free, None).into_iter().map(|(text, _)| text));
                }
                continue;
            }
            for (text, alias) in named(shown, free, before.last()) {
                let conditions = self.keyed(shown, &alias, &before);
                texts.extend(conditions.iter().map(|on| format!("{text} ON {on}")));
            }
        }
        if before.is_empty() && self.written.qualifier().is_some() {
            texts.extend(self.relations.iter().map(|shown| shown.text.clone()));
        }
        texts
    }

    /// The sources but the last, where that is being written.
    fn complete_sources(&self) -> Vec<Source<'a>> {
        let mut before = self.sources.clone();
        if !self.written.tail().0.is_empty() {
            before.pop();
        }
        before
    }

    /// Conditions that join a relation to those before it, along keys.
    fn keyed(&self, shown: &Shown, alias: &str, before: &[Source<'a>]) -> Vec<String> {
        let mut all = Vec::new();
        for source in before.iter().rev().take(MAX_SOURCES) {
            let Some(other) = self.shown(source) else { continue };
            let left = source.qualifier();
            for key in other.keys.iter().filter(|key| key.to == shown.text) {
                all.extend(both_ways(key, left, alias));
            }
            for key in shown.keys.iter().filter(|key| key.to == other.text) {
                all.extend(both_ways(key, alias, left).into_iter().rev());
            }
        }
        all
    }

    /// Conditions of the last relation.
    fn conditions(&self) -> Vec<String> {
        let Some((last, before)) = self.sources.split_last() else { return Vec::new() };
        let Some(shown) = self.shown(last) else { return Vec::new() };
        self.keyed(shown, last.qualifier(), before)
    }

    fn shown(&self, source: &Source<'_>) -> Option<&'q Shown> {
        let named = |shown: &&Shown| {
            shown.text.eq_ignore_ascii_case(&source.relation)
                || shown.name.eq_ignore_ascii_case(&source.relation)
        };
        self.relations.iter().find(named)
    }

    /// What the SELECT list has beside aggregates.
    fn grouped(&self) -> Option<String> {
        let items: Vec<&str> =
            self.written.items().into_iter().filter(|item| !is_aggregate(item)).map(bare).collect();
        (!items.is_empty()).then(|| items.join(", "))
    }

    /// By what the rows may be ordered.
    fn orders(&self) -> Vec<String> {
        let items = self.written.items();
        let (aggregates, others): (Vec<&str>, Vec<&str>) =
            items.into_iter().partition(|item| is_aggregate(item));
        let called = aggregates.iter().map(|item| alias(item).unwrap_or_else(|| bare(item)));
        let all = called.chain(["COUNT(*)"]).chain(others.into_iter().map(bare));
        all.map(|item| format!("BY {item} DESC")).collect()
    }

    /// The rest of a column that is begun.
    fn column(&self) -> Option<String> {
        let (_, last) = self.written.touching()?;
        if last.kind != TokenKind::Word || matches!(self.written.clause, Clause::Source) {
            return None;
        }
        let qualifier = self.written.qualifier();
        if qualifier.is_none() && last.text.len() < MIN_LETTERS {
            return None;
        }
        let of = qualifier.and_then(|name| {
            self.sources.iter().find(|source| source.qualifier().eq_ignore_ascii_case(name))
        });
        let of = of.and_then(|source| self.shown(source));
        let all = match of {
            Some(shown) => std::slice::from_ref(shown),
            None => self.relations,
        };
        let mut columns = all.iter().flat_map(|shown| &shown.columns);
        let end = columns
            .find_map(|column| column.text.strip_prefix(last.text).filter(|end| !end.is_empty()))?;
        Some(end.to_owned())
    }
}

/// Whether a relation has these columns, of which there must be some.
fn has_all(shown: &Shown, wanted: &[&str]) -> bool {
    let has = |name: &&str| shown.columns.iter().any(|c| c.text.eq_ignore_ascii_case(name));
    !wanted.is_empty() && wanted.iter().all(has)
}

/// Whether one of these columns is how a relation refers to another.
fn refers_by(shown: &Shown, wanted: &[&str]) -> bool {
    let mut referring = shown.keys.iter().flat_map(|key| &key.columns);
    referring.any(|column| wanted.iter().any(|name| column.eq_ignore_ascii_case(name)))
}

/// A relation with the aliases it may get, and these; written like those of the `last` one.
fn named(shown: &Shown, free: Option<&str>, last: Option<&Source<'_>>) -> Vec<(String, String)> {
    let alias = match (free, last.and_then(|last| last.alias)) {
        (Some(free), _) => free.to_owned(),
        (None, Some(last)) => numbered(last).unwrap_or_else(|| initials(&shown.name)),
        (None, None) => shown.name.clone(),
    };
    if alias.eq_ignore_ascii_case(&shown.name) {
        return vec![(shown.text.clone(), alias)];
    }
    let forms: &[&str] = match last {
        Some(last) if last.alias.is_some() && !last.with_as => &[" "],
        Some(_) => &[" AS "],
        None => &[" AS ", " "],
    };
    forms.iter().map(|form| (format!("{}{form}{alias}", shown.text), alias.clone())).collect()
}

/// What comes after `tail` in `text`.
fn rest(text: &str, tail: &str, spaced: bool) -> Option<String> {
    let rest = text.strip_prefix(tail).filter(|rest| !rest.is_empty())?;
    match (tail.is_empty(), spaced) {
        (true, false) => Some(format!(" {rest}")),
        (true, true) | (false, false) => Some(rest.to_owned()),
        (false, true) => rest.strip_prefix(' ').map(str::to_owned),
    }
}

/// A key as a condition, either side first; `from` is the alias of the relation that has it.
fn both_ways(key: &Key, from: &str, to: &str) -> [String; 2] {
    let pairs: Vec<(String, String)> = (key.columns.iter().zip(&key.to_columns))
        .map(|(own, other)| (format!("{from}.{own}"), format!("{to}.{other}")))
        .collect();
    let all = |one: &dyn Fn(&(String, String)) -> String| {
        pairs.iter().map(one).collect::<Vec<_>>().join(" AND ")
    };
    [all(&|(a, b)| format!("{a} = {b}")), all(&|(a, b)| format!("{b} = {a}"))]
}

/// The alias after `t1`: `t2`.
fn numbered(alias: &str) -> Option<String> {
    let letters = alias.trim_end_matches(|c: char| c.is_ascii_digit());
    let number: u32 = alias.get(letters.len()..)?.parse().ok()?;
    Some(format!("{letters}{}", number.checked_add(1)?))
}

/// `film_actor`: `fa`.
fn initials(name: &str) -> String {
    name.split('_').filter_map(|part| part.chars().next()).collect()
}

fn is_aggregate(item: &str) -> bool {
    ["COUNT(", "SUM(", "AVG(", "MIN(", "MAX("]
        .iter()
        .any(|name| item.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))
}

/// An item without its alias.
fn bare(item: &str) -> &str {
    item.rsplit_once(" AS ").map_or(item, |(bare, _)| bare.trim_end())
}

fn alias(item: &str) -> Option<&str> {
    item.rsplit_once(" AS ").map(|(_, alias)| alias.trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Draft;

    const SCHEMA: &str = "Tables:\nCREATE TABLE shop.customer (\n  customer_id bigint PRIMARY KEY,\n  \
        full_name text,\n  \"Odd\" int\n);\nCREATE TABLE shop.sale (\n  sale_id bigint PRIMARY KEY,\n  \
        customer_id bigint REFERENCES shop.customer (customer_id),\n  paid numeric\n);\nCREATE TABLE \
        shop.sale_line (\n  sale_id bigint REFERENCES shop.sale (sale_id),\n  item text\n);\n";

    fn next(answer: &str) -> String {
        Draft::new(SCHEMA.to_owned()).next(answer).unwrap_or_default()
    }

    #[test]
    fn relations_are_found_by_what_is_selected_of_them() {
        for (answer, expected) in [
            ("SELECT t1.full_name FROM", " shop.customer AS t1"),
            ("SELECT t1.full_name FROM shop.customer", " AS t1"),
            ("SELECT paid FROM ", "shop.sale"),
            ("SELECT customer_id FROM", " shop.customer"),
            ("SELECT COUNT(*) FROM", ""),
            ("SELECT COUNT(*) FROM shop.sa", "le"),
            ("SELECT item FROM sale", "_line"),
            (
                "SELECT t2.item, t1.paid FROM shop.sale AS t1 JOIN",
                " shop.sale_line AS t2 ON t1.sale_id = t2.sale_id",
            ),
            (
                "SELECT c.full_name FROM shop.customer c JOIN shop.sale",
                " s ON c.customer_id = s.customer_id",
            ),
            (
                "SELECT full_name FROM customer AS t1 JOIN",
                " sale AS t2 ON t1.customer_id = t2.customer_id",
            ),
            ("SELECT a FROM t WHERE x IN (SELECT t3.item FROM", " shop.sale_line AS t3"),
        ] {
            assert_eq!(next(answer), expected, "{answer}");
        }
    }

    #[test]
    fn joins_are_made_along_keys_whichever_side_comes_first() {
        let from = "SELECT t1.full_name FROM shop.customer AS t1 JOIN shop.sale AS t2";
        assert_eq!(next(&format!("{from} ON")), " t1.customer_id = t2.customer_id");
        assert_eq!(next(&format!("{from} ON t2.")), "customer_id = t1.customer_id");
        assert_eq!(next(&format!("{from}\nON t1.customer_id  = ")), "t2.customer_id");
        assert_eq!(
            next(&format!("{from} JOIN shop.sale_line AS t3 ON")),
            " t2.sale_id = t3.sale_id"
        );
    }

    #[test]
    fn groups_and_orders_come_of_the_select_list() {
        let from = "SELECT t1.full_name, SUM(t2.paid) AS total FROM shop.customer AS t1";
        assert_eq!(next(&format!("{from} GROUP")), " BY t1.full_name");
        assert_eq!(next(&format!("{from} GROUP BY t1.")), "full_name");
        assert_eq!(next(&format!("{from} GROUP BY t1.full_name HAVING")), " COUNT(*) >");
        assert_eq!(next(&format!("{from} ORDER BY")), " total DESC");
        assert_eq!(next(&format!("{from} ORDER BY total")), " DESC");
        assert_eq!(next("SELECT COUNT(*) FROM shop.sale GROUP BY"), "");
    }

    #[test]
    fn columns_and_aliases_begun_are_ended() {
        assert_eq!(next("SELECT full"), "_name");
        assert_eq!(next("SELECT t1.pa"), "id");
        assert_eq!(next("SELECT s.paid FROM shop.sale AS s WHERE s.cust"), "omer_id");
        assert_eq!(
            next("SELECT s.paid FROM shop.sale AS s WHERE s.full"),
            "",
            "another relation's"
        );
        assert_eq!(next("SELECT t"), "1");
        assert_eq!(next("SELECT t2.paid, t"), "2");
        assert_eq!(next("SELECT p"), "", "one letter may be an alias");
        assert_eq!(next("SELECT 'full"), "");
    }

    #[test]
    fn long_answers_and_other_schemas_give_nothing() {
        let long = format!("SELECT full_name{} FROM", ", full_name".repeat(500));
        assert_eq!(next(&long), "");
        assert_eq!(Draft::new("no schema".into()).next("SELECT full"), None);
    }

    proptest! {
        #[test]
        fn any_schema_and_any_answer_is_taken(schema in ".{0,200}", answer in ".{0,200}") {
            let _ = Draft::new(format!("\nCREATE TABLE a.b (c int{schema}")).next(&answer);
            let _ = Draft::new(SCHEMA.to_owned()).next(&format!("SELECT {answer}"));
        }

        #[test]
        fn what_is_guessed_at_any_cut_is_short(at in 0_usize..140) {
            let sql = "SELECT t1.full_name, COUNT(*) FROM shop.customer AS t1 JOIN shop.sale AS t2 ON \
                       t1.customer_id = t2.customer_id GROUP BY t1.full_name ORDER BY COUNT(*) DESC";
            let next = next(sql.get(..at).unwrap_or(sql));
            prop_assert!(next.len() < 200);
        }
    }
}
