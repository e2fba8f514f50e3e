//! How alike two keys are, by the runs of three characters they share.
//!
//! Padded as pg_trgm does it, so that beginnings of words count for more. Called by
//! [`super::lookup`].

use std::collections::BTreeSet;

/// Twice the shared share: 1 for the same words, 0 for nothing in common.
pub(super) fn similarity(a: &str, b: &str) -> f32 {
    let (a, b) = (trigrams(a), trigrams(b));
    let shared = a.intersection(&b).count() as f32;
    let all = (a.len() + b.len()) as f32;
    if all > 0.0 { 2.0 * shared / all } else { 0.0 }
}

fn trigrams(key: &str) -> BTreeSet<[char; 3]> {
    let mut found = BTreeSet::new();
    for word in key.split(' ').filter(|word| !word.is_empty()) {
        let padded: Vec<char> = "  ".chars().chain(word.chars()).chain([' ']).collect();
        found.extend(padded.windows(3).filter_map(|window| <[char; 3]>::try_from(window).ok()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_slip_leaves_words_alike_and_other_words_are_not() {
        for (a, b) in [
            ("misissippi", "mississippi"),
            ("berln", "berlin"),
            ("harbor clinic", "harbor veterinary clinic"),
        ] {
            assert!(similarity(a, b) >= 0.6, "{a} {b} {}", similarity(a, b));
        }
        for (a, b) in [("longest", "long beach"), ("county", "count"), ("popular", "poplar grove")]
        {
            assert!(similarity(a, b) < 0.8, "{a} {b} {}", similarity(a, b));
        }
        assert_eq!(similarity("", ""), 0.0);
    }

    proptest! {
        #[test]
        fn it_is_a_share_and_the_same_both_ways(a in "\\PC{0,20}", b in "[a-z ]{0,20}") {
            let both = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&both));
            prop_assert_eq!(both, similarity(&b, &a));
        }
    }
}
