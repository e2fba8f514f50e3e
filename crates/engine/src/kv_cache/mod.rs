//! Keys and values of one sequence, in blocks that sequences share.
//!
//! Owns their layout, `[layer][kv_head][position][head_dim]` within a block of 64 positions, so
//! that attention reads each head's keys in a row. Elements are 16-bit floats, as in llama.cpp:
//! half the memory of 32-bit ones, and half of what a token reads. Blocks are reference-counted
//! and copied when one is written that others hold, so a sequence that continues a cached prefix
//! copies one block at most. On a device (`on_device`) a sequence's are in one piece, into which
//! the blocks it continues are copied, and blocks for others are copies. Holds no tokens and knows
//! no scopes (`prefix_cache` does).

mod bytes;
mod on_device;

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use crate::error::EngineError;
pub use on_device::Rows as DeviceRows;

/// Positions of a block: even, for attention takes two at a time.
pub const BLOCK: usize = 64;

/// What the keys of a model are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Layers.
    pub layers: usize,
    /// Key and value heads of each.
    pub heads: usize,
    /// Width of a head.
    pub dim: usize,
}

impl Shape {
    /// Elements of a head's keys in a block.
    fn head(self) -> usize {
        BLOCK * self.dim
    }

    /// Memory of a block, bytes.
    pub fn block_bytes(self) -> usize {
        2 * size_of::<u16>() * self.layers * self.heads * self.head()
    }
}

/// Keys and values of 64 positions, all layers, as the bits of 16-bit floats.
#[derive(Debug, Clone)]
pub struct Block {
    keys: Vec<u16>,
    values: Vec<u16>,
    /// Both, where they are on a device; the others are empty then.
    on_device: Option<Tensor>,
}

impl Block {
    fn new(shape: Shape) -> Result<Self, EngineError> {
        let size = shape.layers.saturating_mul(shape.heads).saturating_mul(shape.head());
        Ok(Self { keys: zeros(size)?, values: zeros(size)?, on_device: None })
    }

    fn copied(&self) -> Result<Self, EngineError> {
        let copied = |of: &[u16]| {
            let mut copy = reserved(of.len())?;
            copy.extend_from_slice(of);
            Ok::<_, EngineError>(copy)
        };
        let on_device = self.on_device.clone();
        Ok(Self { keys: copied(&self.keys)?, values: copied(&self.values)?, on_device })
    }

    fn on_device(both: Tensor) -> Self {
        Self { keys: Vec::new(), values: Vec::new(), on_device: Some(both) }
    }
}

/// Memory for so many elements, or an error where the process may have no more: the engine's address
/// space is limited, and a request too many must not end it.
fn reserved(size: usize) -> Result<Vec<u16>, EngineError> {
    let mut all = Vec::new();
    all.try_reserve_exact(size).map_err(|_| EngineError::OutOfMemory)?;
    Ok(all)
}

fn zeros(size: usize) -> Result<Vec<u16>, EngineError> {
    let mut all = reserved(size)?;
    all.resize(size, 0);
    Ok(all)
}

/// Keys and values of one sequence.
#[derive(Debug)]
pub struct KvCache {
    shape: Shape,
    /// Of a sequence on a device, those it begins with, until its first pass.
    blocks: Vec<Arc<Block>>,
    on_device: Option<DeviceRows>,
    length: usize,
    context: usize,
}

/// What attention reads: the keys or values of one head, block by block.
pub type Runs<'a> = Vec<&'a [u16]>;

impl KvCache {
    /// An empty cache for a sequence of at most `context` tokens.
    pub fn new(shape: Shape, context: usize) -> Self {
        Self::over(shape, context, Vec::new(), 0)
    }

    /// One that continues `length` positions of blocks that others may hold.
    pub fn over(shape: Shape, context: usize, mut blocks: Vec<Arc<Block>>, length: usize) -> Self {
        let length = length.min(blocks.len() * BLOCK).min(context);
        blocks.truncate(length.div_ceil(BLOCK));
        Self { shape, blocks, on_device: None, length, context }
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

    /// A block for others to hold too; the last one may be partly filled. `None` after it, and
    /// where a device has no memory for a copy: then it is not kept.
    pub fn block(&self, index: usize) -> Option<Arc<Block>> {
        match &self.on_device {
            Some(rows) if index * BLOCK < self.length => {
                rows.block(index).ok().map(|both| Arc::new(Block::on_device(both)))
            }
            Some(_) => None,
            None => self.blocks.get(index).map(Arc::clone),
        }
    }

    /// Forgets everything after the first `length` tokens.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.blocks.truncate(self.length.div_ceil(BLOCK));
    }

    fn with(&self, count: usize) -> Option<usize> {
        self.length.checked_add(count).filter(|all| *all <= self.context)
    }

    /// Makes room on a device for `count` more tokens; false where they do not fit the context.
    /// From the first time on, the sequence is there and not in blocks.
    ///
    /// # Errors
    /// Where the device has no memory for them.
    pub fn reserve_on(&mut self, device: &Device, count: usize) -> Result<bool, EngineError> {
        let Some(length) = self.with(count) else { return Ok(false) };
        if let Some(rows) = &mut self.on_device {
            rows.grow(length, self.context)?;
            return Ok(true);
        }
        let rows = DeviceRows::new(self.shape, length, device)?;
        for (index, block) in self.blocks.iter().enumerate() {
            let both = block.on_device.as_ref();
            rows.put_block(index, both.ok_or(EngineError::Internal("a block of the processor"))?)?;
        }
        self.blocks.clear();
        self.on_device = Some(rows);
        Ok(true)
    }

    /// The sequence on its device, once there was room reserved.
    pub fn on_device(&self) -> Option<&DeviceRows> {
        self.on_device.as_ref()
    }

    /// Makes room for `count` more tokens, in blocks that nobody else holds; false where they do not
    /// fit the context.
    ///
    /// # Errors
    /// [`EngineError::OutOfMemory`]; what was there before is as it was.
    pub fn reserve(&mut self, count: usize) -> Result<bool, EngineError> {
        let Some(length) = self.with(count) else { return Ok(false) };
        if let Some(shared) = self.blocks.get_mut(self.length / BLOCK)
            && Arc::get_mut(shared).is_none()
        {
            *shared = Arc::new(shared.copied()?);
        }
        while self.blocks.len() < length.div_ceil(BLOCK) {
            self.blocks.push(Arc::new(Block::new(self.shape)?));
        }
        Ok(true)
    }

    /// Writes one head's key and value at a position there is room for.
    pub fn put(&mut self, layer: usize, head: usize, position: usize, key: &[f32], value: &[f32]) {
        let at = (layer * self.shape.heads + head) * self.shape.head()
            + position % BLOCK * self.shape.dim;
        let span = at..at + self.shape.dim;
        let Some(block) = self.blocks.get_mut(position / BLOCK) else { return };
        // Nobody else holds it: there was room reserved. Where there was not, it is copied.
        let block = Arc::make_mut(block);
        if let Some(slot) = block.keys.get_mut(span.clone()) {
            slot.reinterpret_cast_mut::<f16>().convert_from_f32_slice(key);
        }
        if let Some(slot) = block.values.get_mut(span) {
            slot.reinterpret_cast_mut::<f16>().convert_from_f32_slice(value);
        }
    }

    /// Counts `count` more tokens, once all layers have them.
    pub fn advance(&mut self, count: usize) {
        self.length = (self.length + count).min(self.context);
    }

    /// Keys and values of a head at a range of positions.
    pub fn runs(&self, layer: usize, head: usize, positions: Range<usize>) -> (Runs<'_>, Runs<'_>) {
        let at = (layer * self.shape.heads + head) * self.shape.head();
        let begun = positions.start / BLOCK;
        self.blocks
            .iter()
            .enumerate()
            .take(positions.end.div_ceil(BLOCK))
            .skip(begun)
            .map(|(index, block)| {
                let from = positions.start.saturating_sub(index * BLOCK);
                let until = BLOCK.min(positions.end - index * BLOCK);
                let run = at + from * self.shape.dim..at + until * self.shape.dim;
                (
                    block.keys.get(run.clone()).unwrap_or_default(),
                    block.values.get(run).unwrap_or_default(),
                )
            })
            .unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 2, heads: 3, dim: 4 };

    fn fill(cache: &mut KvCache, tokens: &[f32]) {
        assert!(cache.reserve(tokens.len()).unwrap());
        let start = cache.len();
        for (index, token) in tokens.iter().enumerate() {
            for layer in 0..SHAPE.layers {
                for head in 0..SHAPE.heads {
                    let value = token + (layer * 10 + head) as f32;
                    cache.put(layer, head, start + index, &[value; 4], &[-value; 4]);
                }
            }
        }
        cache.advance(tokens.len());
    }

    fn blocks(cache: &KvCache) -> Vec<Arc<Block>> {
        (0..).map_while(|index| cache.block(index)).collect()
    }

    fn keys(cache: &KvCache, layer: usize, head: usize, count: usize) -> Vec<f32> {
        let (keys, _) = cache.runs(layer, head, 0..count);
        let all = keys.concat();
        all.chunks(4).map(|key| f16::from_bits(key[0]).to_f32()).collect()
    }

    #[test]
    fn what_was_put_is_read_across_blocks() {
        let mut cache = KvCache::new(SHAPE, 200);
        let tokens: Vec<f32> = (0..150).map(|i| i as f32).collect();
        fill(&mut cache, &tokens[..70]);
        fill(&mut cache, &tokens[70..]);
        let expected: Vec<f32> = tokens.iter().map(|token| token + 12.0).collect();
        assert_eq!(keys(&cache, 1, 2, 150), expected);
        assert_eq!(keys(&cache, 1, 2, 65), expected[..65]);
        for from in [1, 63, 64, 65, 149, 150] {
            let (keys, _) = cache.runs(1, 2, from..150);
            let all = keys.concat();
            let found: Vec<f32> =
                all.chunks(4).map(|key| f16::from_bits(key[0]).to_f32()).collect();
            assert_eq!(found, expected[from..], "from {from}");
        }
        assert_eq!(blocks(&cache).len(), 3);
        assert!(!cache.reserve(51).unwrap(), "more than the context");
    }

    #[test]
    fn a_shared_block_is_copied_before_it_is_written() {
        let mut first = KvCache::new(SHAPE, 200);
        fill(&mut first, &[1.0; 70]);
        let mut second = KvCache::over(SHAPE, 200, blocks(&first), 66);
        fill(&mut second, &[2.0; 4]);
        assert_eq!(keys(&first, 0, 0, 70), [1.0; 70]);
        assert_eq!(keys(&second, 0, 0, 70)[66..], [2.0; 4]);
        let shared = blocks(&first).into_iter().zip(blocks(&second));
        let same: Vec<bool> = shared.map(|(a, b)| Arc::ptr_eq(&a, &b)).collect();
        assert_eq!(same, [true, false]);
    }

    #[test]
    fn what_there_is_no_memory_for_is_refused_and_nothing_lost() {
        // More than any address space holds.
        let vast = Shape { layers: 1 << 20, heads: 1 << 20, dim: 1 << 20 };
        let mut cache = KvCache::new(vast, 200);
        assert!(matches!(cache.reserve(1), Err(EngineError::OutOfMemory)));
        assert_eq!((cache.len(), blocks(&cache).len()), (0, 0));
    }

    #[test]
    fn a_cut_cache_gives_its_blocks_back() {
        let mut cache = KvCache::new(SHAPE, 200);
        fill(&mut cache, &[1.0; 130]);
        cache.truncate(64);
        assert_eq!((cache.len(), blocks(&cache).len()), (64, 1));
        cache.truncate(100);
        assert_eq!(cache.len(), 64);
    }
}
