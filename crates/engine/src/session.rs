//! Cached sequences: keys and values of earlier prompts, per scope.
//!
//! Owns which sequence a request may continue. A scope is the database and role on whose behalf
//! a request is made: reuse makes answers faster, and that must not tell one role what another
//! asked. Called by the generator.

use crate::arch::Decoder;
use crate::kv_cache::KvCache;

/// Most sequences kept.
const MAX_SEQUENCES: usize = 4;

/// Most memory of keys and values kept between requests, bytes.
const MAX_BYTES: usize = 1 << 30;

/// One sequence.
#[derive(Debug)]
pub struct Sequence {
    scope: String,
    tokens: Vec<u32>,
    cache: KvCache,
    used: u64,
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

    /// Forgets everything after the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.tokens.truncate(length);
        self.cache.truncate(length);
    }

    /// Notes the tokens of a forward pass.
    pub fn push(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
        debug_assert_eq!(self.tokens.len(), self.cache.len());
    }
}

/// All cached sequences.
#[derive(Debug, Default)]
pub struct Sessions {
    kept: Vec<Sequence>,
    clock: u64,
}

impl Sessions {
    /// A sequence to continue with `prompt`, cut to the tokens both have in common; at least
    /// one token of the prompt remains to be computed. It belongs to the caller until `put`.
    pub fn take(
        &mut self,
        scope: &str,
        prompt: &[u32],
        model: &dyn Decoder,
        context: usize,
    ) -> Sequence {
        self.clock += 1;
        let same = self.kept.iter().position(|kept| !scope.is_empty() && kept.scope == scope);
        let mut sequence = match same {
            Some(index) => self.kept.swap_remove(index),
            None => Sequence {
                scope: scope.to_owned(),
                tokens: Vec::new(),
                cache: model.new_cache(context),
                used: 0,
            },
        };
        let common = sequence.tokens.iter().zip(prompt).take_while(|(a, b)| a == b).count();
        let keep = common.min(prompt.len().saturating_sub(1));
        sequence.truncate(keep);
        sequence.used = self.clock;
        sequence
    }

    /// Keeps a sequence for later requests of its scope, and forgets the least recently used
    /// ones over the limits. A sequence without a scope is dropped.
    pub fn put(&mut self, sequence: Sequence) {
        if sequence.scope.is_empty() {
            return;
        }
        self.kept.push(sequence);
        let bytes = |kept: &[Sequence]| {
            kept.iter().map(|sequence| sequence.cache.committed_bytes()).sum::<usize>()
        };
        while self.kept.len() > MAX_SEQUENCES || bytes(&self.kept) > MAX_BYTES {
            let oldest = self.kept.iter().enumerate().min_by_key(|(_, kept)| kept.used);
            let Some((index, _)) = oldest else { return };
            self.kept.swap_remove(index);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// Number of kept sequences.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}
