//! Sets of names as they can be written, and a cursor that follows one byte by byte.
//!
//! Owns the two spellings of a name: bare in any case of letters, and quoted. Pure; knows no
//! tokens. Called by [`super::catalog`], [`super::scope`] and the engine's mask.

use std::sync::Arc;

use super::words::{RESERVED, is_in};

/// Spellings of names, sorted bytewise: bare ones folded, quoted ones with their quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameSet {
    spellings: Vec<Box<[u8]>>,
}

/// Whether a byte can continue a bare name.
pub fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

impl NameSet {
    /// The spellings of unquoted (as stored in the catalog) names.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut spellings = Vec::new();
        for name in names {
            let bare = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit() || c == '$')
                && name.bytes().all(|b| is_word_byte(b) && !b.is_ascii_uppercase())
                && !is_in(RESERVED, name);
            if bare {
                spellings.push(name.as_bytes().into());
            }
            let quoted = format!("\"{}\"", name.replace('"', "\"\""));
            spellings.push(quoted.into_bytes().into_boxed_slice());
        }
        Self::sorted(spellings)
    }

    /// Bare words only.
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Self::sorted(words.into_iter().map(|word| word.as_bytes().into()).collect())
    }

    fn sorted(mut spellings: Vec<Box<[u8]>>) -> Self {
        spellings.sort_unstable();
        spellings.dedup();
        Self { spellings }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spellings.is_empty()
    }

    /// The bytes every spelling that begins with `written` goes on with, where that is the same
    /// for all of them and none ends before.
    pub fn only_continuation(&self, written: &[u8]) -> &[u8] {
        let from = self.spellings.partition_point(|s| s.as_ref() < written);
        let rest = self.spellings.get(from..).unwrap_or_default();
        let count = rest.partition_point(|s| s.starts_with(written));
        let (Some(first), Some(last)) = (rest.first(), rest.get(count.wrapping_sub(1))) else {
            return &[];
        };
        // Sorted: what the first and the last have in common, all have.
        let common = first.iter().zip(last.iter()).take_while(|(a, b)| a == b).count();
        first.get(written.len()..common).unwrap_or_default()
    }
}

/// Most sets of a choice.
const MAX_SETS: usize = 4;

/// Names of any of a few sets, at a place of the text.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Byte offset in the text where the name begins.
    pub from: usize,
    sets: Vec<Arc<NameSet>>,
}

/// How far a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    ranges: [(u32, u32); MAX_SETS],
    depth: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In front of the name.
    Before,
    Bare,
    Quoted,
    /// Behind it, or there is something else in its place.
    Free,
}

impl Cursor {
    /// Whether the name is complete and something follows it, or stands in its place.
    pub fn is_behind(&self) -> bool {
        self.state == State::Free
    }
}

impl Choice {
    /// Names of any of `sets`, of which the first four count.
    pub fn new(from: usize, sets: Vec<Arc<NameSet>>) -> Self {
        Self { from, sets }
    }

    /// The sets that count.
    pub fn sets(&self) -> &[Arc<NameSet>] {
        self.sets.get(..MAX_SETS).unwrap_or(&self.sets)
    }

    /// In front of the name.
    pub fn start(&self) -> Cursor {
        let mut ranges = [(0, 0); MAX_SETS];
        for (range, set) in ranges.iter_mut().zip(&self.sets) {
            range.1 = set.spellings.len() as u32;
        }
        Cursor { ranges, depth: 0, state: State::Before }
    }

    /// One byte on; `None` where no name goes on so.
    pub fn step(&self, cursor: Cursor, byte: u8) -> Option<Cursor> {
        match cursor.state {
            State::Free => Some(cursor),
            State::Before if matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0c) => Some(cursor),
            State::Before if byte == b'"' => self.narrow(cursor, byte, State::Quoted),
            State::Before if is_word_byte(byte) && !byte.is_ascii_digit() => {
                self.narrow(cursor, byte.to_ascii_lowercase(), State::Bare)
            }
            State::Before => Some(Cursor { state: State::Free, ..cursor }),
            State::Bare if is_word_byte(byte) => {
                self.narrow(cursor, byte.to_ascii_lowercase(), State::Bare)
            }
            State::Bare => self.ends(cursor).then_some(Cursor { state: State::Free, ..cursor }),
            State::Quoted => match self.narrow(cursor, byte, State::Quoted) {
                None if self.ends(cursor) => Some(Cursor { state: State::Free, ..cursor }),
                on => on,
            },
        }
    }

    /// Behind all of `bytes`.
    pub fn walk(&self, bytes: &[u8]) -> Option<Cursor> {
        bytes.iter().try_fold(self.start(), |cursor, byte| self.step(cursor, *byte))
    }

    /// The bytes the name must go on with after `written`; nothing where there is a choice, or
    /// letters were written large, which says how the rest is meant to look.
    pub fn forced(&self, written: &[u8]) -> Vec<u8> {
        let mut found: Option<&[u8]> = None;
        for set in &self.sets {
            if Choice::new(0, vec![Arc::clone(set)]).walk(written).is_none() {
                continue;
            }
            let next = set.only_continuation(written);
            if next.is_empty() || found.replace(next).is_some() {
                return Vec::new();
            }
        }
        found.unwrap_or_default().to_vec()
    }

    fn spelling(&self, set: usize, index: u32) -> Option<&[u8]> {
        self.sets.get(set)?.spellings.get(index as usize).map(AsRef::as_ref)
    }

    fn narrow(&self, cursor: Cursor, byte: u8, state: State) -> Option<Cursor> {
        let depth = cursor.depth as usize;
        let mut next = Cursor { depth: cursor.depth + 1, state, ..cursor };
        let mut any = false;
        for (range, set) in next.ranges.iter_mut().zip(&self.sets) {
            let (low, high) = *range;
            let within = set.spellings.get(low as usize..high as usize).unwrap_or_default();
            let at = |s: &[u8]| s.get(depth).copied();
            let begin = within.partition_point(|s| at(s) < Some(byte));
            let rest = within.get(begin..).unwrap_or_default();
            let goes_on = rest.first().is_some_and(|s| at(s) == Some(byte));
            let count = if goes_on { rest.partition_point(|s| at(s) == Some(byte)) } else { 0 };
            *range = (low + begin as u32, low + (begin + count) as u32);
            any |= goes_on;
        }
        any.then_some(next)
    }

    /// Whether a name ends here.
    fn ends(&self, cursor: Cursor) -> bool {
        cursor.ranges.iter().enumerate().any(|(set, (low, high))| {
            low < high && self.spelling(set, *low).is_some_and(|s| s.len() == cursor.depth as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(names: &[&str]) -> Choice {
        let words = NameSet::of_words(["and", "now"]);
        Choice::new(0, vec![Arc::new(NameSet::new(names.iter().copied())), Arc::new(words)])
    }

    #[test]
    fn names_are_followed_in_both_spellings() {
        let choice = choice(&["city", "city_id", "Unit Price", "order", "a\"b"]);
        for good in [
            "",
            "c",
            "CITY",
            "city_",
            "city ",
            "city,x",
            "city.",
            "\"city\" ",
            "\"Unit P",
            " city",
            "\"Unit Price\")",
            "\"order\"",
            "AND ",
            "now(",
            "(x",
            "'s",
            "1",
            "\"a\"\"b\" ",
        ] {
            assert!(choice.walk(good.as_bytes()).is_some(), "{good:?}");
        }
        for bad in
            ["x", "cityx", "city_ ", "order", "\"City", "\"city_\"", "unit", "an ", "\"a\" ", " x"]
        {
            assert!(choice.walk(bad.as_bytes()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn what_must_follow_is_known_where_there_is_no_choice() {
        let choice = choice(&["customer_id", "customer_name", "total"]);
        for (written, forced) in [
            ("c", "ustomer_"),
            ("customer_n", "ame"),
            ("t", "otal"),
            ("", ""),
            ("T", ""),
            ("a", "nd"),
        ] {
            assert_eq!(choice.forced(written.as_bytes()), forced.as_bytes(), "{written:?}");
        }
    }
}
