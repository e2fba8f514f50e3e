//! Keys and values of one sequence in the memory of a device.
//!
//! Owns their layout there: for each layer keys and values `[kv_head][position][head_dim]`, so that
//! attention is two products with what is there, and new positions are written in place. There is
//! room for whole blocks, and twice as many when it runs out. Holds no length: `KvCache` does.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};

use super::{BLOCK, Shape};

/// Keys and values of all layers.
#[derive(Debug)]
pub struct Rows {
    /// Keys and values of each layer, `[heads, room, dim]`, 16-bit floats.
    layers: Vec<[Tensor; 2]>,
    shape: Shape,
    room: usize,
}

impl Rows {
    /// Room for `positions`, in whole blocks.
    ///
    /// # Errors
    /// Where the device has no memory for them.
    pub fn new(shape: Shape, positions: usize, device: &Device) -> Result<Self> {
        let room = positions.div_ceil(BLOCK).max(1) * BLOCK;
        let zeros = || Tensor::zeros((shape.heads, room, shape.dim), DType::F16, device);
        let layers = (0..shape.layers).map(|_| Ok([zeros()?, zeros()?]));
        Ok(Self { layers: layers.collect::<Result<_>>()?, shape, room })
    }

    /// Makes room for `positions`, at most `context` if that is enough.
    ///
    /// # Errors
    /// Where the device has no memory for them; nothing is lost then.
    pub fn grow(&mut self, positions: usize, context: usize) -> Result<()> {
        if positions <= self.room {
            return Ok(());
        }
        let room = positions.max(context.min(2 * self.room)).div_ceil(BLOCK) * BLOCK;
        // Layer by layer, so that old and new are not there twice.
        for kept in
            self.layers.iter_mut().flatten().filter(|kept| kept.dims().get(1) != Some(&room))
        {
            let larger =
                Tensor::zeros((self.shape.heads, room, self.shape.dim), DType::F16, kept.device())?;
            larger.slice_set(kept, 1, 0)?;
            *kept = larger;
        }
        self.room = room;
        Ok(())
    }

    /// Writes a layer's keys and values, each `[heads, count, dim]`, from a position on.
    ///
    /// # Errors
    /// Where there is no room for them, or no such layer.
    pub fn put(&self, layer: usize, position: usize, keys: &Tensor, values: &Tensor) -> Result<()> {
        for (kept, new) in self.layer(layer)?.iter().zip([keys, values]) {
            kept.slice_set(&new.to_dtype(DType::F16)?.contiguous()?, 1, position)?;
        }
        Ok(())
    }

    /// A layer's keys and values at a range of positions, each `[heads, count, dim]`: what is
    /// there, not a copy.
    ///
    /// # Errors
    /// Where the range is beyond the room, or there is no such layer.
    pub fn get(&self, layer: usize, positions: Range<usize>) -> Result<[Tensor; 2]> {
        let [keys, values] = self.layer(layer)?;
        let part = |of: &Tensor| of.narrow(1, positions.start, positions.len());
        Ok([part(keys)?, part(values)?])
    }

    /// Positions there is room for.
    #[cfg(feature = "cuda")]
    pub fn room(&self) -> usize {
        self.room
    }

    /// Keys and values of each layer, `[heads, room, dim]`, 16-bit floats.
    #[cfg(feature = "cuda")]
    pub fn layers(&self) -> &[[Tensor; 2]] {
        &self.layers
    }

    /// A copy of one block of all layers, `[layers * 2, heads, 64, dim]`.
    ///
    /// # Errors
    /// Where there is no such block, or no memory for the copy.
    pub fn block(&self, index: usize) -> Result<Tensor> {
        let parts = self.layers.iter().flatten().map(|kept| kept.narrow(1, index * BLOCK, BLOCK));
        Tensor::stack(&parts.collect::<Result<Vec<_>>>()?, 0)
    }

    /// Writes such a copy in the place of a block.
    ///
    /// # Errors
    /// Where there is no room for it, or it is of another model.
    pub fn put_block(&self, index: usize, block: &Tensor) -> Result<()> {
        for (at, kept) in self.layers.iter().flatten().enumerate() {
            kept.slice_set(&block.get(at)?, 1, index * BLOCK)?;
        }
        Ok(())
    }

    fn layer(&self, layer: usize) -> Result<&[Tensor; 2]> {
        self.layers.get(layer).ok_or_else(|| candle_core::Error::Msg("no such layer".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { layers: 2, heads: 3, dim: 4 };

    /// Keys of `from..until`, each head's a number of its own.
    fn numbers(from: usize, until: usize) -> Tensor {
        let of_head = |head: usize| {
            (from..until).flat_map(move |position| [(position + 300 * head) as f32 / 4.0; 4])
        };
        let all: Vec<f32> = (0..3).flat_map(of_head).collect();
        Tensor::from_vec(all, (3, until - from, 4), &Device::Cpu).expect("as many as said")
    }

    fn floats(tensor: &Tensor) -> Vec<f32> {
        let floats = tensor.to_dtype(DType::F32).and_then(|tensor| tensor.flatten_all());
        floats.and_then(|tensor| tensor.to_vec1()).expect("floats")
    }

    #[test]
    fn what_was_put_is_there_after_growing_and_in_copies_of_its_blocks() {
        let mut rows = Rows::new(SHAPE, 10, &Device::Cpu).expect("room");
        rows.put(1, 0, &numbers(0, 64), &numbers(500, 564)).expect("room");
        assert!(rows.put(1, 64, &numbers(0, 1), &numbers(0, 1)).is_err(), "there is no room");
        rows.grow(65, 300).expect("room");
        assert_eq!(rows.room, 128, "twice as much");
        rows.put(1, 64, &numbers(64, 128), &numbers(564, 628)).expect("room");
        rows.grow(129, 150).expect("room");
        assert_eq!(rows.room, 192, "no more than the context");
        let [keys, values] = rows.get(1, 3..100).expect("there");
        assert_eq!(floats(&keys), floats(&numbers(3, 100)));
        assert_eq!(floats(&values), floats(&numbers(503, 600)));

        let copy = rows.block(1).expect("there");
        let other = Rows::new(SHAPE, 64, &Device::Cpu).expect("room");
        other.put_block(0, &copy).expect("of the same shape");
        // What is written later does not reach the copy.
        rows.put(1, 64, &numbers(0, 10), &numbers(0, 10)).expect("room");
        let [keys, values] = other.get(1, 0..64).expect("there");
        assert_eq!(floats(&keys), floats(&numbers(64, 128)));
        assert_eq!(floats(&values), floats(&numbers(564, 628)));
        assert!(rows.block(3).is_err() && rows.get(2, 0..1).is_err());
    }
}
