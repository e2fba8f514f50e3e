//! A part of a suite that stands for the whole, always the same one.
//!
//! Owns which questions are taken. No chance in it: two runs, and two machines, take the same ones.
//! Pure. Called by [`super::super`].

use super::Question;

/// `size` of the questions, as many of each difficulty and database as there are in the whole, in the
/// order of the suite.
pub fn sample(questions: Vec<Question>, size: usize) -> Vec<Question> {
    let all = questions.len();
    if size >= all {
        return questions;
    }
    // In the order of the strata every n-th is taken, so that each gets its share. Within a stratum
    // the order is that of a hash: neighbours in a suite are often the same question in other words.
    let mut order: Vec<usize> = (0..all).collect();
    let key = |at: &usize| questions.get(*at).map(|q| (&q.difficulty, &q.db, hash(&q.id), &q.id));
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut is_taken = vec![false; all];
    for number in 0..size {
        let place = (2 * number + 1) * all / (2 * size);
        if let Some(taken) = order.get(place).and_then(|at| is_taken.get_mut(*at)) {
            *taken = true;
        }
    }
    let taken = questions.into_iter().zip(is_taken).filter(|(_, is_taken)| *is_taken);
    taken.map(|(question, _)| question).collect()
}

/// FNV-1a, which stays what it is; the library's hash may change with its version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn questions() -> Vec<Question> {
        (0..900)
            .map(|at| Question {
                id: format!("q{at}"),
                db: format!("db{}", at / 90),
                schema: None,
                text: String::new(),
                golds: Vec::new(),
                ordered: false,
                difficulty: if at % 3 == 0 { "hard" } else { "easy" }.to_owned(),
            })
            .collect()
    }

    #[test]
    fn every_stratum_gets_its_share() {
        let taken = sample(questions(), 90);
        assert_eq!(taken.len(), 90);
        let mut strata: BTreeMap<(String, String), usize> = BTreeMap::new();
        taken.iter().for_each(|q| {
            *strata.entry((q.difficulty.clone(), q.db.clone())).or_default() += 1;
        });
        assert_eq!(strata.len(), 20);
        for ((difficulty, _), count) in strata {
            assert_eq!(count, if difficulty == "hard" { 3 } else { 6 });
        }
    }

    #[test]
    fn the_same_questions_are_taken_whatever_their_order() {
        let ids = |mut all: Vec<Question>| {
            all.sort_by(|a, b| a.id.cmp(&b.id));
            all.into_iter().map(|q| q.id).collect::<Vec<_>>()
        };
        let mut turned = questions();
        turned.reverse();
        assert_eq!(ids(sample(turned, 50)), ids(sample(questions(), 50)));
        assert_eq!(sample(questions(), 5_000).len(), 900);
        assert!(sample(questions(), 0).is_empty());
    }
}
