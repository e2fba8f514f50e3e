//! Keys and values of one sequence.
//!
//! Owns their layout, `[kv_head][position][head_dim]` per layer, so that attention reads each
//! head's keys in a row. Memory is reserved for the whole context and committed by the kernel
//! as it is written. Holds no tokens and knows no scopes (`session.rs` does).

/// Keys and values of one sequence, all layers.
#[derive(Debug)]
pub struct KvCache {
    layers: Vec<LayerKv>,
    length: usize,
    context: usize,
    bytes_per_token: usize,
    peak: usize,
}

/// Keys and values of one layer.
#[derive(Debug)]
pub struct LayerKv {
    keys: Vec<f32>,
    values: Vec<f32>,
    context: usize,
    head_dim: usize,
}

impl LayerKv {
    fn span(&self, head: usize, from: usize, count: usize) -> std::ops::Range<usize> {
        let start = (head * self.context + from) * self.head_dim;
        start..start + count * self.head_dim
    }

    /// The first `count` keys of a head.
    pub fn keys(&self, head: usize, count: usize) -> &[f32] {
        self.keys.get(self.span(head, 0, count)).unwrap_or_default()
    }

    /// The first `count` values of a head.
    pub fn values(&self, head: usize, count: usize) -> &[f32] {
        self.values.get(self.span(head, 0, count)).unwrap_or_default()
    }

    /// Writes one head's key and value at a position inside the context.
    pub fn put(&mut self, head: usize, position: usize, key: &[f32], value: &[f32]) {
        let span = self.span(head, position, 1);
        if let Some(slot) = self.keys.get_mut(span.clone()) {
            slot.copy_from_slice(key);
        }
        if let Some(slot) = self.values.get_mut(span) {
            slot.copy_from_slice(value);
        }
    }
}

impl KvCache {
    /// An empty cache for a sequence of at most `context` tokens.
    pub fn new(layers: usize, kv_heads: usize, head_dim: usize, context: usize) -> Self {
        let size = kv_heads * context * head_dim;
        Self {
            layers: (0..layers)
                .map(|_| LayerKv {
                    keys: vec![0.0; size],
                    values: vec![0.0; size],
                    context,
                    head_dim,
                })
                .collect(),
            length: 0,
            context,
            bytes_per_token: layers * kv_heads * head_dim * 2 * size_of::<f32>(),
            peak: 0,
        }
    }

    /// Tokens in the cache.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Tokens that fit.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Memory that was ever written, bytes.
    pub fn committed_bytes(&self) -> usize {
        self.peak * self.bytes_per_token
    }

    /// Forgets everything after the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Counts `count` more tokens, once all layers have them.
    pub fn advance(&mut self, count: usize) {
        self.length = (self.length + count).min(self.context);
        self.peak = self.peak.max(self.length);
    }

    /// One layer's part.
    pub fn layer_mut(&mut self, layer: usize) -> Option<&mut LayerKv> {
        self.layers.get_mut(layer)
    }
}
