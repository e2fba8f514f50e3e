//! Rotary positions on a device.
//!
//! Owns the tables there and which of their rows a pass needs; the angles are `kernels::rope`'s.
//! Called by the forward pass.

use candle_core::{Device, Result, Tensor};
use candle_nn::rotary_emb;

use crate::kernels::rope::{Pairs, Rope};

/// Tables of one kind of layer.
#[derive(Debug)]
pub struct Tables {
    /// `[positions, pairs]`.
    cos: Tensor,
    /// `[positions, pairs]`.
    sin: Tensor,
    pairs: Pairs,
}

/// Cosines and sines of the rows of a pass, each `[rows, 1, pairs]`.
#[derive(Debug)]
pub struct Turn {
    cos: Tensor,
    sin: Tensor,
    pairs: Pairs,
}

impl Tables {
    /// Copies tables to a device.
    ///
    /// # Errors
    /// Where it has no memory for them.
    pub fn new(rope: &Rope, device: &Device) -> Result<Self> {
        let (cos, sin) = rope.tables();
        let shape = (cos.len() / rope.half().max(1), rope.half());
        Ok(Self {
            cos: Tensor::from_slice(cos, shape, device)?,
            sin: Tensor::from_slice(sin, shape, device)?,
            pairs: rope.pairs(),
        })
    }

    /// Cosines, `[positions, pairs]`.
    #[cfg(feature = "cuda")]
    pub fn cos(&self) -> &Tensor {
        &self.cos
    }

    /// Sines, `[positions, pairs]`.
    #[cfg(feature = "cuda")]
    pub fn sin(&self) -> &Tensor {
        &self.sin
    }

    /// Positions there are turns for.
    #[cfg(feature = "cuda")]
    pub fn positions(&self) -> usize {
        self.cos.dims().first().copied().unwrap_or_default()
    }

    /// Which elements are turned together.
    #[cfg(feature = "cuda")]
    pub fn pairs(&self) -> Pairs {
        self.pairs
    }

    /// What turns rows at these positions, `[rows]`, each of which must be in the tables.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn at(&self, positions: &Tensor) -> Result<Turn> {
        let of_rows = |table: &Tensor| table.index_select(positions, 0)?.unsqueeze(1);
        Ok(Turn { cos: of_rows(&self.cos)?, sin: of_rows(&self.sin)?, pairs: self.pairs })
    }
}

impl Turn {
    /// Turns all heads, `[rows, heads, dim]`. What is beyond the pairs stays as it is.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn apply(&self, rows: &Tensor) -> Result<Tensor> {
        let (count, heads, dim) = rows.dims3()?;
        let turned = 2 * self.cos.dim(2)?;
        // Every row is a sequence of its own, of one position: rows need not follow each other.
        let rows = rows.reshape((count, heads, 1, dim))?;
        let first = rows.narrow(3, 0, turned)?.contiguous()?;
        let first = match self.pairs {
            Pairs::Halves => rotary_emb::rope(&first, &self.cos, &self.sin)?,
            Pairs::Neighbours => rotary_emb::rope_i(&first, &self.cos, &self.sin)?,
        };
        let all = if turned < dim {
            Tensor::cat(&[&first, &rows.narrow(3, turned, dim - turned)?], 3)?
        } else {
            first
        };
        all.reshape((count, heads, dim))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::fixture::noise;
    use crate::kernels::rope::Angles;

    #[test]
    fn rows_are_turned_as_on_the_processor() {
        let (heads, dim) = (3, 16);
        let positions = [5usize, 0, 39, 6];
        for pairs in [Pairs::Halves, Pairs::Neighbours] {
            for dims in [16, 12] {
                let angles = Angles {
                    dims,
                    base: 10_000.0,
                    stretch: 2.0,
                    factors: (0..dims / 2).map(|i| 1.0 + i as f32).collect(),
                    magnitude: 1.25,
                    pairs,
                };
                let rope = Rope::new(&angles, 40);
                let mut expected = noise(positions.len() * heads * dim);
                let rows = Tensor::from_slice(&expected, (4, heads, dim), &Device::Cpu);
                for (row, position) in expected.chunks_mut(heads * dim).zip(positions) {
                    rope.apply(row, dim, position);
                }
                let at = Tensor::new(&positions.map(|p| p as u32), &Device::Cpu).expect("numbers");
                let tables = Tables::new(&rope, &Device::Cpu).expect("room");
                let turn = tables.at(&at).expect("within");
                let found = turn.apply(&rows.expect("as many as said")).expect("fits");
                let found: Vec<f32> =
                    found.flatten_all().and_then(|x| x.to_vec1()).expect("floats");
                for (a, b) in expected.iter().zip(&found) {
                    assert!((a - b).abs() < 1e-6, "{pairs:?}, {dims} of {dim}: {b}, not {a}");
                }
            }
        }
    }
}
