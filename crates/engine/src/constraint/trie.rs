//! Tokens as tries, and walks over them.
//!
//! Owns which tokens are told apart for a walk: words, words behind one other character, and all
//! others. Words can mostly be allowed or refused together, without looking at each. Knows no
//! grammar. Called by [`super::vocabulary`].

use std::collections::BTreeMap;

use toktrie::SimpleVob;

/// Tokens below a node for which they are kept as a set too: adding a set costs as much as some
/// hundred tokens.
const MANY: usize = 1024;

/// What the tokens below a node go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// Words.
    Words,
    /// What can follow the first character of a word.
    Rests,
    /// Anything.
    Anything,
}

/// What becomes of a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It cannot be taken.
    No,
    /// It was taken.
    Yes,
    /// It can be taken, and so can whatever is below; it was not.
    WithAllBelow,
}

/// What a walk asks.
pub trait Taker {
    /// Takes a byte behind those taken so far. `below` it are so many tokens.
    fn take(&mut self, byte: u8, below: Below, tokens: usize) -> Taken;

    /// Gives back the byte taken last.
    fn give_back(&mut self);

    /// Whether it would take any word.
    fn takes_words(&mut self) -> bool;
}

/// The tokens of a vocabulary.
pub struct Tries {
    words: Trie,
    behind_one: Trie,
    others: Trie,
}

impl Tries {
    /// Of tokens by their bytes; those without bytes are in none.
    pub fn new(tokens: &[Vec<u8>]) -> Self {
        let mut sorted: Vec<(&[u8], u32)> = tokens
            .iter()
            .map(Vec::as_slice)
            .zip(0u32..)
            .filter(|(bytes, _)| !bytes.is_empty())
            .collect();
        sorted.sort_unstable();
        let (words, rest): (Vec<_>, Vec<_>) =
            sorted.into_iter().partition(|(bytes, _)| is_word(bytes));
        let (behind_one, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(bytes, _)| {
            bytes.split_first().is_some_and(|(first, rest)| {
                first.is_ascii() && !is_word_byte(*first) && is_word(rest)
            })
        });
        Self {
            words: Trie::new(&words, tokens.len()),
            behind_one: Trie::new(&behind_one, tokens.len()),
            others: Trie::new(&others, tokens.len()),
        }
    }

    /// Adds the tokens that `taker` takes to `set`.
    pub fn walk(&self, taker: &mut impl Taker, set: &mut SimpleVob) {
        if taker.takes_words() {
            set.or(&self.words.all);
        } else {
            self.words.walk(taker, set, |_| Below::Rests);
        }
        let below = |depth| if depth == 1 { Below::Words } else { Below::Rests };
        self.behind_one.walk(taker, set, below);
        self.others.walk(taker, set, |_| Below::Anything);
    }
}

/// Whether these bytes are a word of SQL without a `$`.
fn is_word(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| is_word_byte(*first) && !first.is_ascii_digit())
        && bytes.iter().all(|byte| is_word_byte(*byte))
        && std::str::from_utf8(bytes).is_ok()
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// A node is followed by all below it; its tokens are those from `first` to the next node's.
struct Node {
    byte: u8,
    first: u32,
    /// The node after all below this one.
    end: u32,
}

struct Trie {
    nodes: Vec<Node>,
    tokens: Vec<u32>,
    /// All tokens.
    all: SimpleVob,
    /// Those of nodes that have many below.
    many: BTreeMap<usize, SimpleVob>,
}

impl Trie {
    /// Of sorted tokens, of so many in all.
    fn new(sorted: &[(&[u8], u32)], vocabulary: usize) -> Self {
        let all = SimpleVob::alloc(vocabulary);
        let mut trie = Self { nodes: Vec::new(), tokens: Vec::new(), all, many: BTreeMap::new() };
        // The nodes of the token before, from its first byte to its last.
        let mut path: Vec<usize> = Vec::new();
        let mut before: &[u8] = &[];
        for (bytes, token) in sorted {
            let common = before.iter().zip(*bytes).take_while(|(a, b)| a == b).count();
            trie.close(path.drain(common..));
            for byte in bytes.iter().skip(common) {
                path.push(trie.nodes.len());
                trie.nodes.push(Node { byte: *byte, first: trie.tokens.len() as u32, end: 0 });
            }
            trie.tokens.push(*token);
            before = bytes;
        }
        trie.close(path.into_iter());
        let set_of = |tokens: &[u32]| {
            let mut set = SimpleVob::alloc(vocabulary);
            tokens.iter().for_each(|token| set.allow_token(*token));
            set
        };
        trie.all = set_of(&trie.tokens);
        let below = |at: usize, node: &Node| trie.tokens(at, node.end as usize);
        let many = trie.nodes.iter().enumerate().map(|(at, node)| (at, below(at, node)));
        let many = many.filter(|(_, tokens)| tokens.len() >= MANY);
        trie.many = many.map(|(at, tokens)| (at, set_of(tokens))).collect();
        trie
    }

    fn close(&mut self, nodes: impl Iterator<Item = usize>) {
        let end = self.nodes.len() as u32;
        for at in nodes {
            if let Some(node) = self.nodes.get_mut(at) {
                node.end = end;
            }
        }
    }

    /// The tokens from a node to another one.
    fn tokens(&self, from: usize, to: usize) -> &[u32] {
        let first =
            |at: usize| self.nodes.get(at).map_or(self.tokens.len(), |node| node.first as usize);
        self.tokens.get(first(from)..first(to)).unwrap_or_default()
    }

    fn walk(&self, taker: &mut impl Taker, set: &mut SimpleVob, below: impl Fn(usize) -> Below) {
        // Where the nodes end that were taken.
        let mut ends: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            while ends.last().is_some_and(|end| *end <= at) {
                ends.pop();
                taker.give_back();
            }
            let end = node.end as usize;
            let tokens = self.tokens(at, end);
            let taken = taker.take(node.byte, below(ends.len() + 1), tokens.len());
            let mut allow = |some: &[u32]| some.iter().for_each(|token| set.allow_token(*token));
            at = match taken {
                Taken::No => end,
                Taken::WithAllBelow => {
                    match self.many.get(&at).filter(|_| tokens.len() >= MANY) {
                        Some(many) => set.or(many),
                        None => allow(tokens),
                    }
                    end
                }
                Taken::Yes => {
                    allow(self.tokens(at, at + 1));
                    ends.push(end);
                    at + 1
                }
            };
        }
        ends.iter().for_each(|_| taker.give_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes bytes as long as what it took begins a text, and words where it is told to.
    struct Begins<'a> {
        text: &'a [u8],
        words: bool,
        taken: Vec<u8>,
        asked: Vec<(u8, Below, usize)>,
    }

    impl Taker for Begins<'_> {
        fn take(&mut self, byte: u8, below: Below, tokens: usize) -> Taken {
            self.asked.push((byte, below, tokens));
            self.taken.push(byte);
            if !self.text.starts_with(&self.taken) {
                self.taken.pop();
                return Taken::No;
            }
            if self.words && below == Below::Words {
                self.taken.pop();
                return Taken::WithAllBelow;
            }
            Taken::Yes
        }

        fn give_back(&mut self) {
            self.taken.pop().unwrap();
        }

        fn takes_words(&mut self) -> bool {
            self.words
        }
    }

    fn walked<'a>(tokens: &[Vec<u8>], text: &'a str, words: bool) -> (Vec<u32>, Begins<'a>) {
        let text = text.as_bytes();
        let mut begins = Begins { text, words, taken: Vec::new(), asked: Vec::new() };
        let mut set = SimpleVob::alloc(tokens.len());
        Tries::new(tokens).walk(&mut begins, &mut set);
        assert!(begins.taken.is_empty());
        (set.to_list(), begins)
    }

    #[test]
    fn every_token_is_found_once_and_only_where_its_bytes_are_taken() {
        let tokens =
            ["", "a", "ab", " ab", " a", "ab", "a(", "((", "é", " éb", "1a", "_1", ".", "b"];
        let mut tokens: Vec<Vec<u8>> = tokens.iter().map(|token| token.as_bytes().into()).collect();
        // Half a character.
        tokens.push(vec![b'a', 0xC3]);
        for text in ["ab", " abc", "a(", "((", "éb", " é", "1a", "_1", ".", "x", "aé"] {
            let expected: Vec<u32> = (0u32..)
                .zip(&tokens)
                .filter(|(_, bytes)| !bytes.is_empty() && text.as_bytes().starts_with(bytes))
                .map(|(token, _)| token)
                .collect();
            assert_eq!(walked(&tokens, text, false).0, expected, "{text}");
        }
    }

    #[test]
    fn words_are_taken_together() {
        let tokens = ["wa", "wb", " wa", " wc", "(wa", "(wb", "((", "1", "w("];
        let tokens: Vec<Vec<u8>> = tokens.iter().map(|token| token.as_bytes().into()).collect();
        let (found, begins) = walked(&tokens, "(1", true);
        assert_eq!(found, [0, 1, 4, 5]);
        assert!(begins.asked.contains(&(b' ', Below::Words, 2)));
        assert!(begins.asked.contains(&(b'(', Below::Words, 2)));
        assert!(!begins.asked.iter().any(|(_, below, _)| *below == Below::Rests));
        let (_, begins) = walked(&tokens, "(w", false);
        assert!(begins.asked.contains(&(b'w', Below::Rests, 2)));
        assert!(begins.asked.contains(&(b'w', Below::Anything, 1)));
    }

    #[test]
    fn many_words_are_taken_as_a_set() {
        let tokens: Vec<Vec<u8>> = (0..4 * MANY)
            .map(|n| format!("{}w{n}", if n % 3 == 0 { "" } else { " " }).into_bytes())
            .collect();
        let (found, begins) = walked(&tokens, " w", true);
        assert_eq!(found.len(), tokens.len());
        assert_eq!(begins.asked.len(), 1);
        let (found, _) = walked(&tokens, "", true);
        assert!(found.iter().all(|token| token % 3 == 0) && found.len() > MANY);
    }
}
