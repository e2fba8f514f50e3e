//! How much a word asked is like a word of the schema.
//!
//! Names are abbreviated (`cust`, `qty`, `dept`), run together (`firstname`) and inflected in ways
//! that no stemming meets (`nation`, `nationality`). Pure arithmetic on letters, no dictionary.
//! Called by [`super::rank`].

/// For the beginning of the other: `cust` of `customer`.
const BEGINNING: f32 = 0.7;
/// For its letters, vowels left out: `qty` of `quantity`.
const CONSONANTS: f32 = 0.55;
/// For another form: `nation` and `nationality`.
const INFLECTED: f32 = 0.6;
/// For a part of it: `name` in `firstname`.
const PART: f32 = 0.4;
/// Shorter words begin too many others.
const MIN_BEGINNING: usize = 3;
/// Shorter words are part of too many others.
const MIN_PART: usize = 4;
/// Letters that two forms of a word share at least.
const MIN_SHARED: usize = 5;

/// From 1 for the same word to 0 for another.
pub(super) fn likeness(one: &str, other: &str) -> f32 {
    if one == other {
        return 1.0;
    }
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    if short.len() < MIN_BEGINNING || !short.starts_with(char::is_alphabetic) {
        return 0.0;
    }
    if long.starts_with(short) {
        return BEGINNING;
    }
    let shared = shared_beginning(short, long);
    if shared >= MIN_SHARED && shared * 3 >= long.len() * 2 {
        return INFLECTED;
    }
    if is_abbreviation(short, long) {
        return CONSONANTS;
    }
    if short.len() >= MIN_PART && long.contains(short) {
        return PART;
    }
    0.0
}

fn shared_beginning(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

/// Whether the letters of `short` stand in `long` in that order from the first one on, and none
/// but the first is a vowel.
fn is_abbreviation(short: &str, long: &str) -> bool {
    let is_vowel = |letter: u8| matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u');
    if short.bytes().next() != long.bytes().next() || short.bytes().skip(1).any(is_vowel) {
        return false;
    }
    let mut letters = long.bytes();
    short.is_ascii() && short.bytes().all(|letter| letters.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kinds_of_likeness() {
        for (one, other, expected) in [
            ("customer", "customer", 1.0),
            ("customer", "cust", BEGINNING),
            ("qty", "quantity", CONSONANTS),
            ("dpt", "department", CONSONANTS),
            ("nationality", "nationwide", 0.0),
            ("operating", "operator", INFLECTED),
            ("name", "firstname", PART),
            ("age", "average", 0.0),
            ("id", "idea", 0.0),
            ("201", "2013", 0.0),
            ("order", "price", 0.0),
        ] {
            assert_eq!(likeness(one, other), expected, "{one} {other}");
            assert_eq!(likeness(other, one), expected, "{other} {one}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_both_ways(one in "\\PC{0,12}", other in "\\PC{0,12}") {
            let found = likeness(&one, &other);
            prop_assert!((0.0..=1.0).contains(&found));
            prop_assert_eq!(found, likeness(&other, &one));
            prop_assert_eq!(found == 1.0, one == other);
        }
    }
}
