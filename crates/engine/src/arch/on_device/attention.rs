//! Causal attention on a device, sequence by sequence.
//!
//! Owns which positions a query sees there, and how heads that share keys are computed together:
//! their queries are rows of one product, so keys and values are never repeated. Scores, softmax and
//! sums are of 32-bit floats. Called by the forward pass.

use candle_core::{DType, Device, Result, Tensor};

use crate::kernels::attention::Heads;
use crate::kv_cache::DeviceRows;

/// Rows of one sequence in a pass.
pub struct Rows {
    /// First of them in the matrix of all sequences' rows.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// Position of the first of them in the sequence.
    pub start: usize,
    /// What each row may see, `[count, positions]`, by the window of a layer: 0, or minus infinity.
    masks: Vec<(Option<usize>, Tensor)>,
}

impl Rows {
    /// `count` rows from `first` on, at positions from `start` on.
    pub fn new(first: usize, count: usize, start: usize) -> Self {
        Self { first, count, start, masks: Vec::new() }
    }

    /// First position that any of the rows sees.
    fn seen_from(&self, window: Option<usize>) -> usize {
        window.map_or(0, |window| (self.start + 1).saturating_sub(window))
    }

    /// What the rows do not see of the positions from [`Rows::seen_from`] on; one row sees all of
    /// them. Made once for all layers of a window.
    fn mask(&mut self, window: Option<usize>, device: &Device) -> Result<Option<Tensor>> {
        if self.count == 1 {
            return Ok(None);
        }
        if let Some((_, mask)) = self.masks.iter().find(|(of, _)| *of == window) {
            return Ok(Some(mask.clone()));
        }
        let (from, until) = (self.seen_from(window), self.start + self.count);
        let mut values = Vec::with_capacity(self.count * (until - from));
        for position in self.start..until {
            let begin = window.map_or(0, |window| (position + 1).saturating_sub(window));
            let sees = |other: usize| (begin..=position).contains(&other);
            let of_row =
                (from..until).map(|other| if sees(other) { 0.0 } else { f32::NEG_INFINITY });
            values.extend(of_row);
        }
        let mask = Tensor::from_vec(values, (self.count, until - from), device)?;
        self.masks.push((window, mask.clone()));
        Ok(Some(mask))
    }

    /// Attention of these rows of `query`, `[all rows, heads, dim]`, over a layer of their sequence:
    /// `[count, heads * dim]`.
    ///
    /// # Errors
    /// Where the sequence lacks their keys, or the device fails.
    pub fn attend(
        &mut self,
        query: &Tensor,
        sequence: &DeviceRows,
        layer: usize,
        window: Option<usize>,
        heads: Heads,
    ) -> Result<Tensor> {
        let Heads { query: all, kv, dim } = heads;
        let sharing = all / kv;
        let mask = self.mask(window, query.device())?;
        let seen = self.seen_from(window)..self.start + self.count;
        let positions = seen.len();
        let [keys, values] = sequence.get(layer, seen)?;
        let [keys, values] = [keys.to_dtype(DType::F32)?, values.to_dtype(DType::F32)?];
        // Heads that share keys, and the rows of each, one below the other.
        let query = query
            .narrow(0, self.first, self.count)?
            .reshape((self.count, kv, sharing, dim))?
            .permute((1, 2, 0, 3))?
            .contiguous()?
            .reshape((kv, sharing * self.count, dim))?;
        let scores = (query * (1.0 / (dim as f64).sqrt()))?.matmul(&keys.t()?)?;
        let scores = match mask {
            Some(mask) => scores
                .reshape((kv, sharing, self.count, positions))?
                .broadcast_add(&mask)?
                .reshape((kv, sharing * self.count, positions))?,
            None => scores,
        };
        candle_nn::ops::softmax_last_dim(&scores)?
            .matmul(&values)?
            .reshape((kv, sharing, self.count, dim))?
            .permute((2, 0, 1, 3))?
            .contiguous()?
            .reshape((self.count, all * dim))
    }
}
