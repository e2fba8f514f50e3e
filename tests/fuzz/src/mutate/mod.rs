//! From a number to a statement.
//!
//! Owns how much of what is done to a statement: to its tree, if it has one, and to its tokens.
//! Must be a function of its arguments alone. Called by the campaign.

pub mod fill;
pub mod tokens;
pub mod tree;

use crate::corpus::Corpus;
use crate::rng::Rng;
use crate::vocabulary::Vocabulary;

/// What statements are made of.
#[derive(Debug)]
pub struct Ground {
    /// Statements.
    pub corpus: Corpus,
    /// Names.
    pub vocabulary: Vocabulary,
}

/// A statement is not mutated beyond this length.
const MAX_LENGTH: usize = 12_000;

impl Ground {
    /// Statement `number` of the run with `seed`: first the corpus as it is, then mutations.
    pub fn statement(&self, seed: u64, number: u64) -> String {
        if let Some(sql) = usize::try_from(number).ok().and_then(|n| self.corpus.get(n)) {
            return sql.to_owned();
        }
        let mut rng = Rng::new(seed, number);
        // What runs is what can be compared, and a harmless statement with a piece of an attack
        // in it is nearer to the guard's borders than two attacks.
        let base = if rng.percent(75) { &self.corpus.benign } else { &self.corpus.attacks };
        let mut sql = rng.name(base).to_owned();
        let rounds = 1 + usize::from(rng.percent(50)) + usize::from(rng.percent(20));
        for _ in 0..rounds {
            if sql.len() > MAX_LENGTH {
                break;
            }
            let on_tree = if rng.percent(88) { tree::mutate(&sql, self, &mut rng) } else { None };
            sql = on_tree.unwrap_or_else(|| tokens::mutate(&sql, self, &mut rng));
        }
        sql.replace('\0', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground() -> Ground {
        let benign = [
            "SELECT c.name, count(*) FROM shop.customers c JOIN shop.orders o ON o.customer_id = c.id GROUP BY 1",
            "WITH w AS (SELECT 1 AS n) SELECT n, 'x' FROM w WHERE n IN (SELECT id FROM shop.orders)",
        ];
        let attacks = ["SELECT pg_sleep(1)", "SELECT 1; DROP TABLE shop.orders", "SELECT $$"];
        Ground { corpus: Corpus::of(&attacks, &benign), vocabulary: Vocabulary::small() }
    }

    #[test]
    fn the_corpus_comes_first_and_as_it_is() {
        let ground = ground();
        assert_eq!(ground.statement(1, 2), "SELECT pg_sleep(1)");
    }

    #[test]
    fn a_statement_is_its_seed_and_number() {
        let (one, other) = (ground(), ground());
        let statements: Vec<String> = (5..400).map(|n| one.statement(9, n)).collect();
        for (n, sql) in (5..).zip(&statements) {
            assert_eq!(*sql, other.statement(9, n));
        }
        let mut distinct = statements.clone();
        distinct.sort();
        distinct.dedup();
        assert!(distinct.len() > 350, "{} of 395", distinct.len());
        assert!(statements.iter().all(|sql| !sql.contains('\0')));
    }
}
