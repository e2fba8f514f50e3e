//! Keys and values of earlier prompts, for later ones that begin alike.
//!
//! Owns which prompts may share what. A tree per scope, whose nodes are blocks of at most 64
//! tokens with their keys and values: a prompt is compared token by token from the root, and what
//! it has in common with the tree need not be computed. The schema part of prompts comes first, so
//! questions to one schema share all of it, and a few schemas live side by side. A scope is the
//! database and role on whose behalf a request is made: reuse makes answers faster, and that must not
//! tell one role what another asked. Over the budget the least recently used leaves go; a scope that
//! holds more than half of it pushes out its own, so that no role alone empties the memory of the
//! others. Called by the generator.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kv_cache::{BLOCK, Block, KvCache, Shape};

/// A sequence being computed.
#[derive(Debug)]
pub struct Sequence {
    scope: String,
    tokens: Vec<u32>,
    cache: KvCache,
}

impl Sequence {
    /// Tokens whose keys and values are in the cache.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The cache, for a forward pass.
    pub fn cache_mut(&mut self) -> &mut KvCache {
        &mut self.cache
    }

    /// Notes the tokens of a forward pass.
    pub fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
        debug_assert_eq!(self.tokens.len(), self.cache.len());
    }

    /// Forgets all tokens after the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.tokens.truncate(length);
        self.cache.truncate(length);
    }
}

/// A block of a prompt and what followed it.
#[derive(Debug)]
struct Node {
    tokens: Vec<u32>,
    block: Arc<Block>,
    used: Cell<u64>,
    next: Vec<Node>,
}

/// Trees of all scopes.
#[derive(Debug)]
pub struct PrefixCache {
    scopes: BTreeMap<String, Vec<Node>>,
    shape: Shape,
    budget: usize,
    clock: u64,
}

impl PrefixCache {
    /// An empty cache of at most `budget` bytes of keys and values.
    pub fn new(shape: Shape, budget: usize) -> Self {
        Self { scopes: BTreeMap::new(), shape, budget, clock: 0 }
    }

    /// A sequence that begins as `prompt` does, as long as it is known; at least one token of the
    /// prompt remains to be computed.
    pub fn take(&mut self, scope: &str, prompt: &[u32], context: usize) -> Sequence {
        self.clock += 1;
        let wanted = prompt.get(..prompt.len().saturating_sub(1)).unwrap_or_default();
        let mut blocks = Vec::new();
        let known = self.follow(scope, wanted, |node| {
            node.used.set(self.clock);
            blocks.push(Arc::clone(&node.block));
        });
        Sequence {
            scope: scope.to_owned(),
            tokens: wanted.get(..known).unwrap_or_default().to_vec(),
            cache: KvCache::over(self.shape, context, blocks, known),
        }
    }

    /// Tokens of `prompt` that are known.
    pub fn known(&self, scope: &str, prompt: &[u32]) -> usize {
        self.follow(scope, prompt, |_| {})
    }

    /// Keeps what a sequence holds for later requests of its scope; one without a scope is not
    /// kept. The sequence may go on.
    pub fn put(&mut self, sequence: &Sequence) {
        let Sequence { scope, tokens, cache } = sequence;
        if scope.is_empty() {
            return;
        }
        self.clock += 1;
        let mut level = self.scopes.entry(scope.clone()).or_default();
        for (index, tokens) in tokens.chunks(BLOCK).enumerate() {
            // Only what is new is asked for: on a device it is copied.
            let Some(node) = enter(level, tokens, || cache.block(index), self.clock) else { break };
            level = &mut node.next;
        }
        while self.bytes() > self.budget && self.forget_oldest(scope) {}
    }

    /// The blocks of all these tokens, if all are known.
    pub fn blocks_of(&self, scope: &str, tokens: &[u32]) -> Option<Vec<Arc<Block>>> {
        let mut blocks = Vec::new();
        let known = self.follow(scope, tokens, |node| blocks.push(Arc::clone(&node.block)));
        (known == tokens.len()).then_some(blocks)
    }

    /// Keeps blocks that were computed before; the last one may hold fewer tokens than the others.
    pub fn adopt(&mut self, scope: &str, tokens: &[u32], blocks: Vec<Arc<Block>>) {
        let length = tokens.len();
        let cache = KvCache::over(self.shape, length, blocks, length);
        let tokens = tokens.get(..cache.len()).unwrap_or_default().to_vec();
        self.put(&Sequence { scope: scope.to_owned(), tokens, cache });
    }

    /// Whether so many tokens can be kept at all.
    pub fn has_room_for(&self, tokens: usize) -> bool {
        tokens.div_ceil(BLOCK).saturating_mul(self.shape.block_bytes()) <= self.budget
    }

    /// Walks down a scope's tree as far as it and `wanted` are alike, past `visit`; tells how many
    /// tokens that is.
    fn follow(&self, scope: &str, mut wanted: &[u32], mut visit: impl FnMut(&Node)) -> usize {
        let mut known = 0;
        let mut level = self.scopes.get(scope).map_or(&[][..], Vec::as_slice);
        loop {
            let best = level.iter().max_by_key(|node| common(&node.tokens, wanted));
            let Some(node) = best else { return known };
            let alike = common(&node.tokens, wanted);
            if alike == 0 {
                return known;
            }
            visit(node);
            known += alike;
            wanted = wanted.get(alike..).unwrap_or_default();
            if alike < BLOCK {
                return known;
            }
            level = &node.next;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.scopes.clear();
    }

    /// Memory of the keys and values, bytes. Blocks of sequences in use count if they are known.
    pub fn bytes(&self) -> usize {
        self.blocks() * self.shape.block_bytes()
    }

    /// Blocks kept.
    pub fn blocks(&self) -> usize {
        self.scopes.values().map(|roots| count(roots)).sum()
    }

    /// Forgets the leaf that was not used for the longest time: of `putting` where that holds more than
    /// half of the budget, else of all; false where there is none.
    fn forget_oldest(&mut self, putting: &str) -> bool {
        let held = self.scopes.get(putting).map_or(0, |roots| count(roots));
        let only_own = held * self.shape.block_bytes() > self.budget / 2;
        let may = |scope: &str| !only_own || scope == putting;
        let of_all = self.scopes.iter().filter(|(scope, _)| may(scope));
        let oldest = of_all.filter_map(|(_, roots)| oldest_leaf(roots)).min();
        let Some(used) = oldest else { return false };
        for roots in self.scopes.values_mut() {
            if remove_leaf(roots, used) {
                break;
            }
        }
        self.scopes.retain(|_, roots| !roots.is_empty());
        true
    }
}

/// Blocks of a tree.
fn count(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| 1 + count(&node.next)).sum()
}

/// Tokens with which both begin.
pub(crate) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The node of these tokens on a level: one that is there, grown if it was a beginning of them, or
/// a new one. `None` where its block is not to be had.
fn enter<'a>(
    level: &'a mut Vec<Node>,
    tokens: &[u32],
    block: impl Fn() -> Option<Arc<Block>>,
    clock: u64,
) -> Option<&'a mut Node> {
    let known = level.iter().position(|node| {
        let alike = common(&node.tokens, tokens);
        alike == node.tokens.len() || alike == tokens.len()
    });
    let index = match known {
        Some(index) => index,
        None => {
            level.push(Node {
                tokens: tokens.to_vec(),
                block: block()?,
                used: Cell::new(clock),
                next: Vec::new(),
            });
            level.len() - 1
        }
    };
    let node = level.get_mut(index)?;
    if node.tokens.len() < tokens.len() {
        node.block = block()?;
        node.tokens = tokens.to_vec();
    }
    node.used.set(clock);
    Some(node)
}

fn oldest_leaf(nodes: &[Node]) -> Option<u64> {
    let of = |node: &Node| {
        if node.next.is_empty() { Some(node.used.get()) } else { oldest_leaf(&node.next) }
    };
    nodes.iter().filter_map(of).min()
}

fn remove_leaf(nodes: &mut Vec<Node>, used: u64) -> bool {
    let leaf = nodes.iter().position(|node| node.next.is_empty() && node.used.get() == used);
    if let Some(index) = leaf {
        nodes.swap_remove(index);
        return true;
    }
    nodes.iter_mut().any(|node| remove_leaf(&mut node.next, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 1, heads: 1, dim: 2 };

    /// Computes what a prompt lacks, as the generator does, and tells how much was known.
    fn ask(cache: &mut PrefixCache, scope: &str, prompt: &[u32]) -> usize {
        let mut sequence = cache.take(scope, prompt, 1000);
        let known = sequence.tokens().len();
        let rest = prompt[known..].to_vec();
        let kv = sequence.cache_mut();
        assert!(kv.reserve(rest.len()).unwrap());
        for (index, token) in rest.iter().enumerate() {
            kv.put(0, 0, known + index, &[*token as f32; 2], &[*token as f32; 2]);
        }
        kv.advance(rest.len());
        sequence.push(&rest);
        // What was kept are the right keys.
        let (keys, _) = sequence.cache_mut().runs(0, 0, 0..prompt.len());
        let found: Vec<f32> =
            keys.concat().chunks(2).map(|key| half::f16::from_bits(key[0]).to_f32()).collect();
        assert_eq!(found, prompt.iter().map(|token| *token as f32).collect::<Vec<_>>());
        cache.put(&sequence);
        known
    }

    fn prompt(schema: u32, length: usize, question: &[u32]) -> Vec<u32> {
        let mut tokens: Vec<u32> = (0..length as u32).map(|i| schema * 300 + i).collect();
        tokens.extend_from_slice(question);
        tokens
    }

    #[test]
    fn questions_to_one_schema_share_all_of_it() {
        let mut cache = PrefixCache::new(SHAPE, usize::MAX);
        assert_eq!(ask(&mut cache, "a", &prompt(1, 150, &[7, 8, 9])), 0);
        assert_eq!(ask(&mut cache, "a", &prompt(1, 150, &[7, 1, 2])), 151);
        assert_eq!(ask(&mut cache, "a", &prompt(1, 150, &[6])), 150);
        assert_eq!(ask(&mut cache, "a", &prompt(1, 150, &[7, 8, 9])), 152);
    }

    #[test]
    fn schemas_live_side_by_side() {
        let mut cache = PrefixCache::new(SHAPE, usize::MAX);
        for _ in 0..2 {
            for schema in 1..4 {
                ask(&mut cache, "a", &prompt(schema, 100, &[7]));
            }
        }
        for schema in 1..4 {
            assert_eq!(ask(&mut cache, "a", &prompt(schema, 100, &[9])), 100);
        }
    }

    #[test]
    fn nothing_is_shared_between_scopes_or_without_one() {
        let mut cache = PrefixCache::new(SHAPE, usize::MAX);
        ask(&mut cache, "a", &prompt(1, 100, &[7]));
        assert_eq!(ask(&mut cache, "b", &prompt(1, 100, &[7])), 0);
        ask(&mut cache, "", &prompt(2, 100, &[7]));
        assert_eq!(ask(&mut cache, "", &prompt(2, 100, &[7])), 0);
    }

    #[test]
    fn the_least_recently_used_go_first_and_the_budget_holds() {
        let budget = 6 * SHAPE.block_bytes();
        let mut cache = PrefixCache::new(SHAPE, budget);
        for schema in 1..4 {
            ask(&mut cache, "a", &prompt(schema, 100, &[7]));
        }
        ask(&mut cache, "a", &prompt(1, 100, &[8]));
        ask(&mut cache, "a", &prompt(4, 100, &[7]));
        assert!(cache.bytes() <= budget);
        assert!(ask(&mut cache, "a", &prompt(1, 100, &[9])) >= BLOCK, "used lately");
        assert_eq!(ask(&mut cache, "a", &prompt(2, 100, &[7])), 0, "used long ago");
    }

    #[test]
    fn a_role_that_floods_the_memory_pushes_out_its_own() {
        let mut cache = PrefixCache::new(SHAPE, 8 * SHAPE.block_bytes());
        ask(&mut cache, "a", &prompt(1, 100, &[7]));
        for schema in 2..7 {
            ask(&mut cache, "b", &prompt(schema, 100, &[7]));
        }
        assert!(cache.bytes() <= 8 * SHAPE.block_bytes());
        assert_eq!(ask(&mut cache, "a", &prompt(1, 100, &[9])), 100);
        assert_eq!(ask(&mut cache, "b", &prompt(6, 100, &[9])), 100);
        assert_eq!(ask(&mut cache, "b", &prompt(2, 100, &[9])), 0);
    }

    #[test]
    fn a_role_that_comes_later_gets_its_share_of_the_memory() {
        let mut cache = PrefixCache::new(SHAPE, 8 * SHAPE.block_bytes());
        for schema in 1..6 {
            ask(&mut cache, "a", &prompt(schema, 100, &[7]));
        }
        ask(&mut cache, "b", &prompt(6, 100, &[7]));
        assert_eq!(ask(&mut cache, "b", &prompt(6, 100, &[9])), 100);
        assert_eq!(ask(&mut cache, "a", &prompt(5, 100, &[9])), 100, "used last");
    }

    #[test]
    fn a_prompt_longer_than_the_budget_is_answered_and_partly_kept() {
        let mut cache = PrefixCache::new(SHAPE, 2 * SHAPE.block_bytes());
        assert_eq!(ask(&mut cache, "a", &prompt(1, 400, &[7])), 0);
        assert_eq!(ask(&mut cache, "a", &prompt(1, 400, &[7])), 2 * BLOCK);
    }

    #[test]
    fn the_same_prompt_again_leaves_its_last_token_to_be_computed() {
        let mut cache = PrefixCache::new(SHAPE, usize::MAX);
        ask(&mut cache, "a", &prompt(1, 64, &[]));
        assert_eq!(ask(&mut cache, "a", &prompt(1, 64, &[])), 63);
        assert_eq!(cache.blocks(), 1);
    }
}
