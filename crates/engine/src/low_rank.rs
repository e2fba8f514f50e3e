//! What fine-tuning adds to a matrix: the product of two thin ones (LoRA, Hu et al. 2021,
//! arXiv:2106.09685).
//!
//! Owns the names, shapes and bounds of these tensors in a model file, where they stand beside the
//! matrix they add to: `NAME.lora_a`, `[rank][inputs]`, and `NAME.lora_b`, `[outputs][rank]`, with
//! one `adapter.lora.alpha` for all. They are those of llama.cpp's files of adapters, which
//! `scripts/adapt-model` puts into a model's file. Called by `arch::tensors`.

use crate::error::EngineError;
use crate::gguf::{GgufError, LoadedFile, RawTensor};
use crate::matrix::floats;

/// Largest rank of an adapter: more would be no adapter, but a second model.
const MOST_RANK: u64 = 256;

/// The key of the number that, divided by the rank, both matrices' product is multiplied by.
const ALPHA: &str = "adapter.lora.alpha";

/// A product of two thin matrices, `up · down`.
#[derive(Debug, Clone, PartialEq)]
pub struct LowRank {
    /// Outputs of `down`, inputs of `up`.
    pub rank: usize,
    /// `[rank][inputs]`.
    pub down: Vec<f32>,
    /// `[outputs][rank]`, scaled.
    pub up: Vec<f32>,
}

impl LowRank {
    /// Takes what a file has for a matrix of `rows` outputs by `cols` inputs, if anything.
    ///
    /// # Errors
    /// [`EngineError::Gguf`] where only one of the two is there, a shape or the rank is impossible,
    /// or a number is none.
    pub fn take(
        file: &mut LoadedFile,
        matrix: &str,
        rows: usize,
        cols: usize,
    ) -> Result<Option<Self>, EngineError> {
        let names = [format!("{matrix}.lora_a"), format!("{matrix}.lora_b")];
        let [down, up] = names.each_ref().map(|name| file.tensors.remove(name));
        let (down, up) = match (down, up) {
            (None, None) => return Ok(None),
            (Some(down), Some(up)) => (down, up),
            (None, Some(_)) => return Err(missing(&names, 0)),
            (Some(_), None) => return Err(missing(&names, 1)),
        };
        let [name_down, name_up] = &names;
        let rank = down.dims.first().copied().unwrap_or_default();
        if rank as u64 > MOST_RANK {
            let limit = MOST_RANK;
            return Err(GgufError::TooMany {
                what: "an adapter's rank",
                value: rank as u64,
                limit,
            }
            .into());
        }
        let alpha = file.header.float(ALPHA)? as f32;
        let down = numbers(name_down, down, [rank, cols], 1.0)?;
        let up = numbers(name_up, up, [rows, rank], alpha / rank as f32)?;
        Ok(Some(Self { rank, down, up }))
    }

    /// The part of it that adds to some of the outputs, from the one of that number.
    pub fn of_rows(&self, first: usize, rows: usize) -> Self {
        let up = self.up.chunks(self.rank.max(1)).skip(first).take(rows).flatten().copied();
        Self { rank: self.rank, down: self.down.clone(), up: up.collect() }
    }

    /// Adds the product to a matrix of floats, `[outputs][inputs]`.
    pub fn add_to(&self, values: &mut [f32]) {
        let cols = self.down.len() / self.rank.max(1);
        if cols == 0 {
            return;
        }
        for (row, factors) in values.chunks_exact_mut(cols).zip(self.up.chunks_exact(self.rank)) {
            for (factor, down) in factors.iter().zip(self.down.chunks_exact(cols)) {
                for (value, down) in row.iter_mut().zip(down) {
                    *value += factor * down;
                }
            }
        }
    }
}

fn missing(names: &[String; 2], which: usize) -> EngineError {
    GgufError::NoTensor(names.get(which).cloned().unwrap_or_default()).into()
}

/// The numbers of a tensor, which must be of that shape, times a factor.
fn numbers(
    name: &str,
    raw: RawTensor,
    shape: [usize; 2],
    factor: f32,
) -> Result<Vec<f32>, EngineError> {
    if raw.dims != shape {
        let (name, expected) = (name.to_owned(), shape.to_vec());
        return Err(GgufError::WrongShape { name, found: raw.dims, expected }.into());
    }
    let mut values = floats(raw)?;
    values.iter_mut().for_each(|value| *value *= factor);
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(GgufError::Numbers(name.to_owned()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_the_product() {
        let low_rank = LowRank {
            rank: 2,
            down: vec![1.0, 2.0, 3.0, 0.0, 1.0, -1.0],
            up: vec![1.0, 0.0, 2.0, 10.0],
        };
        let mut values = vec![100.0; 6];
        low_rank.add_to(&mut values);
        assert_eq!(values, [101.0, 102.0, 103.0, 102.0, 114.0, 96.0]);
        let mut second = vec![100.0; 3];
        low_rank.of_rows(1, 1).add_to(&mut second);
        assert_eq!(second, [102.0, 114.0, 96.0]);
    }
}
