//! Blocks as bytes, and back.
//!
//! Owns their order: keys, then values; of each layer and head the positions that are filled, each
//! a row of 16-bit floats, low byte first. What stands in a block beyond them is of another prompt
//! and is left out. Called by `disk_cache`.

use super::{BLOCK, Block, Shape};

/// Bytes of an element.
const WIDTH: usize = size_of::<u16>();

impl Shape {
    /// Bytes of the keys and values of one position.
    pub fn position_bytes(self) -> usize {
        2 * WIDTH * self.layers * self.heads * self.dim
    }
}

impl Block {
    /// Appends the first `positions` positions; false where they are on a device.
    pub fn write(&self, shape: Shape, positions: usize, out: &mut Vec<u8>) -> bool {
        if self.on_device.is_some() {
            return false;
        }
        out.reserve(positions * shape.position_bytes());
        for head in [&self.keys, &self.values].into_iter().flat_map(|of| heads(of, shape)) {
            let filled = head.get(..positions.min(BLOCK) * shape.dim).unwrap_or_default();
            let begin = out.len();
            out.resize(begin + filled.len() * WIDTH, 0);
            let (slots, _) = out.get_mut(begin..).unwrap_or_default().as_chunks_mut::<WIDTH>();
            for (slot, element) in slots.iter_mut().zip(filled) {
                *slot = element.to_le_bytes();
            }
        }
        true
    }

    /// A block of which the first `positions` positions are these bytes; `None` where there are
    /// more or fewer, or no memory.
    pub fn read(shape: Shape, positions: usize, bytes: &[u8]) -> Option<Self> {
        if positions > BLOCK || bytes.len() != positions * shape.position_bytes() {
            return None;
        }
        let mut block = Self::new(shape).ok()?;
        let row = positions * shape.dim;
        let (elements, _) = bytes.as_chunks::<WIDTH>();
        let mut rows = elements.chunks(row.max(1));
        for of in [&mut block.keys, &mut block.values] {
            for head in of.chunks_mut((BLOCK * shape.dim).max(1)) {
                for (slot, element) in head.iter_mut().zip(rows.next().unwrap_or_default()) {
                    *slot = u16::from_le_bytes(*element);
                }
            }
        }
        Some(block)
    }
}

fn heads(elements: &[u16], shape: Shape) -> std::slice::Chunks<'_, u16> {
    elements.chunks((BLOCK * shape.dim).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 2, heads: 3, dim: 4 };

    fn block() -> Block {
        let mut block = Block::new(SHAPE).unwrap();
        for (index, element) in block.keys.iter_mut().chain(&mut block.values).enumerate() {
            *element = (index * 7) as u16;
        }
        block
    }

    #[test]
    fn a_full_block_comes_back() {
        let mut bytes = Vec::new();
        assert!(block().write(SHAPE, BLOCK, &mut bytes));
        assert_eq!(bytes.len(), SHAPE.block_bytes());
        let back = Block::read(SHAPE, BLOCK, &bytes).unwrap();
        assert_eq!((&back.keys, &back.values), (&block().keys, &block().values));
    }

    #[test]
    fn of_a_part_of_a_block_nothing_else_is_written() {
        for positions in [0, 1, 63] {
            let mut bytes = vec![9];
            assert!(block().write(SHAPE, positions, &mut bytes));
            assert_eq!(bytes.len(), 1 + positions * SHAPE.position_bytes());
            let back = Block::read(SHAPE, positions, &bytes[1..]).unwrap();
            for (back, whole) in [(&back.keys, &block().keys), (&back.values, &block().values)] {
                for (head, (back, whole)) in
                    back.chunks(BLOCK * 4).zip(whole.chunks(BLOCK * 4)).enumerate()
                {
                    assert_eq!(back[..positions * 4], whole[..positions * 4], "head {head}");
                    assert!(back[positions * 4..].iter().all(|element| *element == 0));
                }
            }
        }
    }

    #[test]
    fn bytes_of_another_length_are_no_block() {
        for (positions, bytes) in [(1, 0), (1, SHAPE.position_bytes() - 1), (65, 65 * 96), (0, 1)] {
            assert!(
                Block::read(SHAPE, positions, &vec![0; bytes]).is_none(),
                "{positions} {bytes}"
            );
        }
    }
}
