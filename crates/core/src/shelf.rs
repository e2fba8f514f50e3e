//! Texts by key in one fixed piece of memory: what is put down last takes the place of what was
//! put down first. Without pointers, fit to live in shared memory.
//!
//! Owns which bytes belong to which key; locking is the caller's, and so is what the bytes mean.
//! Called by the extension's `ipc`.

use sha2::{Digest, Sha256};

/// What a text is found by.
pub type Key = [u8; 32];

/// The key of `parts`: other parts, or the same split otherwise, have another.
pub fn key<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Up to `TEXTS` texts in `BYTES` bytes.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Shelf<const TEXTS: usize, const BYTES: usize> {
    places: [Place; TEXTS],
    /// Texts put down so far: the order of the next one.
    count: u64,
    /// Where the next text goes.
    next: usize,
    bytes: [u8; BYTES],
}

/// Where one text lies; unused where `len` is 0.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct Place {
    key: Key,
    start: usize,
    len: usize,
    order: u64,
}

impl Place {
    fn overlaps(&self, start: usize, end: usize) -> bool {
        self.len > 0 && self.start < end && start < self.start + self.len
    }
}

impl<const TEXTS: usize, const BYTES: usize> Default for Shelf<TEXTS, BYTES> {
    fn default() -> Self {
        Self { places: [Place::default(); TEXTS], count: 0, next: 0, bytes: [0; BYTES] }
    }
}

impl<const TEXTS: usize, const BYTES: usize> Shelf<TEXTS, BYTES> {
    /// Longest text that is kept, bytes: one must not displace all others.
    pub const LONGEST: usize = BYTES / 4;

    /// The text of `key`, if it is still there.
    pub fn get(&self, key: &Key) -> Option<&[u8]> {
        let place = self.places.iter().find(|place| place.len > 0 && place.key == *key)?;
        self.bytes.get(place.start..place.start.checked_add(place.len)?)
    }

    /// Puts a text down in place of what `key` had; one that is empty or too long only takes that
    /// away.
    pub fn put(&mut self, key: &Key, text: &[u8]) {
        self.clear(|place| place.key == *key);
        if text.is_empty() || text.len() > Self::LONGEST {
            return;
        }
        let fits = self.next.checked_add(text.len()).is_some_and(|end| end <= BYTES);
        let start = if fits { self.next } else { 0 };
        let end = start + text.len();
        self.clear(|place| place.overlaps(start, end));
        let (Some(room), Some(place)) = (
            self.bytes.get_mut(start..end),
            // An unused place has order 0, before all others.
            self.places.iter_mut().min_by_key(|place| place.order),
        ) else {
            return;
        };
        room.copy_from_slice(text);
        self.count += 1;
        *place = Place { key: *key, start, len: text.len(), order: self.count };
        self.next = end;
    }

    fn clear(&mut self, which: impl Fn(&Place) -> bool) {
        for place in self.places.iter_mut().filter(|place| which(place)) {
            *place = Place::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    type Small = Shelf<4, 64>;

    fn key(n: u8) -> Key {
        super::key([&[n][..]])
    }

    #[test]
    fn parts_that_are_split_otherwise_have_another_key() {
        let of = |parts: &[&str]| super::key(parts.iter().map(|part| part.as_bytes()));
        assert_eq!(of(&["a", "b"]), of(&["a", "b"]));
        for others in [&["ab"][..], &["a", "b", ""], &["b", "a"], &["a"]] {
            assert_ne!(of(&["a", "b"]), of(others));
        }
    }

    #[test]
    fn a_text_is_found_by_its_key_until_others_take_its_place() {
        let mut shelf = Small::default();
        assert_eq!(shelf.get(&key(0)), None, "nothing was put down");
        shelf.put(&key(1), b"one");
        shelf.put(&key(2), b"two");
        shelf.put(&key(1), b"uno");
        assert_eq!(shelf.get(&key(1)), Some(&b"uno"[..]));
        assert_eq!(shelf.get(&key(2)), Some(&b"two"[..]));
        for n in 3..6 {
            shelf.put(&key(n), b"more");
        }
        assert_eq!(shelf.get(&key(2)), None, "the oldest of four goes first");
        assert_eq!(shelf.get(&key(1)), Some(&b"uno"[..]));
    }

    #[test]
    fn a_text_too_long_takes_away_what_its_key_had() {
        let mut shelf = Small::default();
        shelf.put(&key(1), &[7; Small::LONGEST]);
        assert!(shelf.get(&key(1)).is_some());
        shelf.put(&key(1), &[7; Small::LONGEST + 1]);
        assert_eq!(shelf.get(&key(1)), None);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_put_down_last(
            texts in prop::collection::vec((0u8..6, prop::collection::vec(any::<u8>(), 0..20)), 0..60),
        ) {
            let mut shelf = Small::default();
            let mut last = HashMap::new();
            for (n, text) in texts {
                shelf.put(&key(n), &text);
                let kept = !text.is_empty() && text.len() <= Small::LONGEST;
                prop_assert_eq!(shelf.get(&key(n)).is_some(), kept);
                last.insert(n, text);
                for (n, text) in &last {
                    if let Some(found) = shelf.get(&key(*n)) {
                        prop_assert_eq!(found, text.as_slice());
                    }
                }
            }
        }
    }
}
