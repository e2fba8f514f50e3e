//! A file in the making, piece by piece: between two pieces questions are answered.
//!
//! Owns the order of its parts and the sums. Opens nothing: the pieces go to the worker, which
//! writes them; an engine can write no file. Called by `served`.

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use text2sql_core::protocol::{FilePart, FileRest};

use super::format::{Header, Identity};
use crate::kv_cache::{BLOCK, Block, Shape};

/// A file in the making.
#[derive(Debug)]
pub struct Writing {
    shape: Shape,
    blocks: VecDeque<Arc<Block>>,
    /// Tokens of the blocks that are left.
    tokens: usize,
    sum: Sha256,
    /// What is made and was not handed over yet.
    made: Vec<u8>,
    summed: bool,
}

impl Writing {
    /// The file for these tokens; `None` where the blocks are not theirs.
    pub fn new(identity: &Identity, header: &Header, blocks: Vec<Arc<Block>>) -> Option<Self> {
        let tokens = header.tokens.len();
        if blocks.len() != tokens.div_ceil(BLOCK) || tokens == 0 {
            return None;
        }
        let mut made = header.to_bytes(identity)?;
        let sum = Sha256::digest(&made);
        made.extend(sum);
        let mut sum = Sha256::new();
        sum.update(&made);
        let shape = identity.shape;
        Some(Self { shape, blocks: blocks.into(), tokens, sum, made, summed: false })
    }

    /// The next piece; nothing is to be asked for after the last one.
    pub fn next_part(&mut self) -> FilePart {
        while self.made.len() < FilePart::MOST_BYTES && !self.summed {
            if !self.make() {
                return FilePart::lost();
            }
        }
        let count = self.made.len().min(FilePart::MOST_BYTES);
        let rest = self.made.split_off(count);
        let bytes = std::mem::replace(&mut self.made, rest);
        let done = self.summed && self.made.is_empty();
        FilePart { bytes, rest: if done { FileRest::Nothing } else { FileRest::More } }
    }

    /// Makes the next block, or the sum after the last; false where a block is on a device.
    fn make(&mut self) -> bool {
        let Some(block) = self.blocks.pop_front() else {
            self.made.extend(self.sum.clone().finalize());
            self.summed = true;
            return true;
        };
        let positions = self.tokens.min(BLOCK);
        self.tokens -= positions;
        let begin = self.made.len();
        let written = block.write(self.shape, positions, &mut self.made);
        self.sum.update(self.made.get(begin..).unwrap_or_default());
        written
    }
}
